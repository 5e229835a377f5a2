//! What the lowering of a node can see.

use super::prepared::Preparation;
use crate::collectives::is_collective;
use crate::host::bridge::{self, HostNode};
use crate::host::code::HostCode;
use crate::host::linear::{Packed, Shown};
use crate::ir::effects::states_of;
use crate::ir::names::place;
use crate::ir::origin::Origin;
use crate::ir::partition::Partition;
use crate::ir::program::Program;
use crate::ir::shapes::dims_of;
use crate::ir::target::Target;
use crate::kernels::custom;
use crate::mlx::array::Array;
use crate::mlx::device::Device;
use rlx_host_api::author::CustomNode;
use rlx_host_api::{DType, Error, TensorInfo};
use rlx_ir::{Graph, Node, NodeId, Op, Shape};
use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::c_int;

/// The values of a partition's nodes, as far as they are there.
pub(crate) struct Scope<'a> {
    program: &'a Program,
    partition: &'a Partition,
    args: &'a [&'a Array],
    preparation: &'a Preparation<'a>,
    values: Vec<Option<Array>>,
    /// New values that the node which is lowered gives to operands.
    written: RefCell<Vec<(NodeId, Array)>>,
    /// Those that inputs and parameters have got so far.
    states: HashMap<Origin, Array>,
    /// The value of the last node that needed other processes.
    last_collective: RefCell<Option<Array>>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(
        program: &'a Program,
        partition: &'a Partition,
        args: &'a [&'a Array],
        preparation: &'a Preparation<'a>,
    ) -> Self {
        let mut values = Vec::new();
        values.resize_with(program.graph.len(), || None);
        let (written, states, last_collective) = Default::default();
        Self { program, partition, args, preparation, values, written, states, last_collective }
    }

    /// The value of a node.
    pub(super) fn value(&self, id: NodeId) -> Result<&Array, Error> {
        self.values
            .get(id.0 as usize)
            .and_then(Option::as_ref)
            .ok_or_else(|| Error::fault(format!("the value of node {id} is gone")))
    }

    /// Keeps the value of a node, or drops it.
    pub(super) fn set(&mut self, id: NodeId, value: Option<Array>) {
        if let Some(place) = self.values.get_mut(id.0 as usize) {
            *place = value;
        }
    }

    /// Operand `i` of `node`.
    pub(super) fn input(&self, node: &Node, i: usize) -> Result<&Array, Error> {
        self.value(operand(node, i)?)
    }

    /// The first operands of `node`.
    pub(super) fn operands<const N: usize>(&self, node: &Node) -> Result<[&Array; N], Error> {
        let mut found = Vec::with_capacity(N);
        for i in 0..N {
            found.push(self.input(node, i)?);
        }
        found.try_into().map_err(|_| Error::fault("operands are missing"))
    }

    /// All operands of `node`.
    pub(super) fn inputs(&self, node: &Node) -> Result<Vec<&Array>, Error> {
        node.inputs.iter().map(|&id| self.value(id)).collect()
    }

    /// Extents of operand `i` of `node`, as the graph declares them.
    pub(super) fn input_dims(&self, node: &Node, i: usize) -> Result<Vec<c_int>, Error> {
        dims_of(self.program.graph.node(operand(node, i)?))
    }

    /// The value of an argument of the partition: for a state the one that was written last.
    pub(super) fn leaf(&self, origin: Origin) -> Result<&Array, Error> {
        let arg = || self.partition.arg(origin).and_then(|index| self.args.get(index).copied());
        let found = self.states.get(&origin).or_else(arg);
        found.ok_or_else(|| Error::fault(format!("{} has no value", self.program.describe(origin))))
    }

    /// Gives operand `i` of `node`, a state, a new value. Nodes behind it read that one, and so does the next run once this
    /// one has succeeded.
    pub(super) fn write_state(&self, node: &Node, i: usize, value: Array) -> Result<(), Error> {
        self.written.borrow_mut().push((operand(node, i)?, value));
        Ok(())
    }

    /// Takes over what `node` has written, and gives which states those are.
    pub(super) fn update_states(&mut self, node: &Node) -> Result<Vec<Origin>, Error> {
        let written = self.written.take();
        let declared = states_of(&self.program.graph, node)?;
        if declared.len() != written.len() || declared.iter().zip(&written).any(|(id, (state, _))| id != state) {
            return Err(Error::fault("it does not write just its states"));
        }
        let mut origins = Vec::with_capacity(written.len());
        for (id, value) in written {
            let value = conform(value, self.program.graph.node(id))?;
            let origin = self.program.source(id);
            for &leaf in self.partition.nodes.iter().filter(|&&leaf| self.program.source(leaf) == origin) {
                self.values[leaf.0 as usize] = Some(value.duplicate()?);
            }
            self.states.insert(origin, value);
            origins.push(origin);
        }
        Ok(origins)
    }

    pub(super) fn preparation(&self) -> &'a Preparation<'a> {
        self.preparation
    }

    pub(super) fn set_preparation(&mut self, preparation: &'a Preparation<'a>) {
        self.preparation = preparation;
    }

    /// What `make` makes of operand `i` of `node`: once, when parameters are bound, if the operand depends on parameters alone;
    /// else in each run. For weights in another layout or format.
    pub(super) fn prepare(
        &self,
        node: &Node,
        i: usize,
        make: impl FnOnce(&Array) -> Result<Array, Error>,
    ) -> Result<Array, Error> {
        self.prepare_as(node, i, None, make)
    }

    /// The same for a parameter that can be had back from what is made.
    pub(super) fn prepare_as(
        &self,
        node: &Node,
        i: usize,
        packed: Option<Packed>,
        make: impl FnOnce(&Array) -> Result<Array, Error>,
    ) -> Result<Array, Error> {
        let id = operand(node, i)?;
        let value = self.value(id)?;
        if self.partition.fixed.contains_key(&id) {
            self.preparation.take(|| format!("{}, operand {i}", place(node)), packed, || make(value))
        } else {
            make(value)
        }
    }

    /// Whether operand `i` of `node` depends on parameters alone.
    pub(super) fn is_fixed(&self, node: &Node, i: usize) -> Result<bool, Error> {
        Ok(self.partition.fixed.contains_key(&operand(node, i)?))
    }

    /// How operand `i` of `node`, a matrix, shows a parameter of a dtype: as it is, or transposed, maybe converted; nothing where
    /// it is something else.
    pub(super) fn shown_param(&self, node: &Node, i: usize, dtype: DType) -> Result<Option<Shown>, Error> {
        let graph = &self.program.graph;
        let (mut id, mut shown, mut converted) = (operand(node, i)?, Shown::AsIs, false);
        while !matches!(self.program.source(id), Origin::Param(_)) {
            let node = graph.node(id);
            id = match (&node.op, node.inputs.as_slice()) {
                (Op::Transpose { perm }, &[from]) if perm[..] == [1, 0] => {
                    shown = if shown == Shown::AsIs { Shown::Transposed } else { Shown::AsIs };
                    from
                }
                // What is converted twice may have lost digits on the way.
                (Op::Cast { .. }, &[from]) if !converted => {
                    converted = true;
                    from
                }
                _ => return Ok(None),
            };
        }
        Ok((DType::from(graph.shape(id).dtype()) == dtype).then_some(shown))
    }

    /// The dtype that operand `i` of `node`, of f32, was converted from, if it was one of halves: it holds all its numbers.
    pub(super) fn stored_dtype(&self, node: &Node, i: usize) -> Result<DType, Error> {
        let graph = &self.program.graph;
        let mut id = operand(node, i)?;
        loop {
            let shown = graph.node(id);
            match (&shown.op, shown.inputs.as_slice()) {
                (Op::Transpose { .. } | Op::Reshape { .. }, &[from, ..]) => id = from,
                (Op::Cast { .. }, &[from]) => {
                    let stored = DType::from(graph.shape(from).dtype());
                    return Ok(if matches!(stored, DType::F16 | DType::BF16) { stored } else { DType::F32 });
                }
                _ => return Ok(DType::F32),
            }
        }
    }

    /// How many nodes of the graph before `node` have such an op.
    pub(super) fn count_before(&self, node: &Node, is_such: impl Fn(&Op) -> bool) -> u64 {
        let before = self.program.graph.nodes().iter().take_while(|other| other.id != node.id);
        before.filter(|other| is_such(&other.op)).count() as u64
    }

    /// What random numbers follow from.
    pub(super) fn rng(&self) -> Result<&Array, Error> {
        self.leaf(Origin::Rng)
    }

    /// What a node's nested function is, and its arguments: the node's operands, then the parameters that it reads.
    pub(super) fn function(&self, node: &Node) -> Result<(&Program, Vec<&Array>), Error> {
        let body = self.program.bodies(node.id).first().ok_or_else(|| Error::fault("the function has no body"))?;
        let mut args = self.inputs(node)?;
        for origin in self.program.hidden_args_of(body)? {
            args.push(self.leaf(origin)?);
        }
        Ok((body, args))
    }

    /// What the host's kernel makes of a node of the custom op `op`.
    pub(super) fn kernel(&self, node: &Node, op: &str, attributes: &[u8]) -> Result<Array, Error> {
        let Target { device, kernels, reports, group, .. } = &self.program.target;
        let (mut described, mut inputs) = (self.described(node)?, self.inputs(node)?);
        let before = if is_collective(&node.op) { Some(self.before_collective()?) } else { None };
        let value = if let (Some(group), Some(before), [operand, ..]) = (group, &before, inputs.as_slice()) {
            group.lower(*device, (op, attributes), (operand, before), &info(&node.shape)?)?
        } else {
            if let Some(before) = &before {
                described.push(self.description(before)?);
                inputs.push(before);
            }
            let custom = CustomNode::new(op.to_owned(), attributes.to_vec(), described, vec![info(&node.shape)?]);
            custom::lower(kernels, *device, reports, custom, &inputs, &place(node))?
        };
        if before.is_some() && self.program.is_needed(node.id) {
            *self.last_collective.borrow_mut() = Some(value.duplicate()?);
        }
        Ok(value)
    }

    /// What a collective is computed after: the one before it, which gives all ranks one order; the first after what no run is
    /// without.
    fn before_collective(&self) -> Result<Array, Error> {
        match &*self.last_collective.borrow() {
            Some(last) => last.duplicate(),
            None => self.rng()?.duplicate(),
        }
    }

    fn description(&self, array: &Array) -> Result<TensorInfo, Error> {
        let dims = array.dims()?.into_iter().map(i64::from).collect();
        Ok(TensorInfo { name: String::new(), dtype: array.dtype()?, dims })
    }

    /// What code of the processor makes of `inputs`: an array of the node's extents and of `dtype`.
    pub(super) fn host(
        &self,
        node: &Node,
        dtype: DType,
        inputs: &[&Array],
        code: impl HostCode + 'static,
    ) -> Result<Array, Error> {
        self.host_step(node, &dims_of(node)?, dtype, inputs, code)
    }

    /// The same with extents that are not the node's, as a step on the way to its value.
    pub(super) fn host_step(
        &self,
        node: &Node,
        dims: &[c_int],
        dtype: DType,
        inputs: &[&Array],
        code: impl HostCode + 'static,
    ) -> Result<Array, Error> {
        let host = HostNode {
            operands: inputs.iter().map(|array| self.description(array)).collect::<Result<_, Error>>()?,
            results: vec![TensorInfo {
                name: String::new(),
                dtype,
                dims: dims.iter().map(|&extent| extent.into()).collect(),
            }],
            place: place(node),
            reports: &self.program.target.reports,
        };
        self.program.target.note_host(code.why());
        let results = bridge::build(Box::new(code), host, inputs)?;
        results.into_iter().next().ok_or_else(|| Error::fault("host code gives nothing"))
    }

    /// The operands of `node`, as the graph declares them.
    fn described(&self, node: &Node) -> Result<Vec<TensorInfo>, Error> {
        node.inputs.iter().map(|&id| info(self.program.graph.shape(id))).collect()
    }

    /// The graph that has the nodes.
    pub(super) fn graph(&self) -> &'a Graph {
        &self.program.graph
    }

    /// Where the program runs.
    pub(super) fn device(&self) -> Device {
        self.program.target.device
    }
}

fn operand(node: &Node, i: usize) -> Result<NodeId, Error> {
    node.inputs.get(i).copied().ok_or_else(|| Error::invalid(format!("operand {i} is missing")))
}

fn info(shape: &Shape) -> Result<TensorInfo, Error> {
    TensorInfo::of("", shape)
}

/// The value in the node's declared dtype; another shape than the declared one is an error.
pub(super) fn conform(value: Array, node: &Node) -> Result<Array, Error> {
    let (found, declared) = (value.dims()?, dims_of(node)?);
    if found != declared {
        return Err(Error::invalid(format!("the graph declares shape {declared:?}, but the operands give {found:?}")));
    }
    let dtype = declared_dtype(node);
    if value.dtype()? == dtype { Ok(value) } else { value.cast(dtype) }
}

/// The dtype that the graph declares.
pub(super) fn declared_dtype(node: &Node) -> DType {
    node.shape.dtype().into()
}
