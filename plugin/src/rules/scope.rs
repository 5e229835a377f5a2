//! What the lowering of a node can see.

use crate::host::bridge::{self, HostNode};
use crate::host::code::HostCode;
use crate::ir::names::place;
use crate::ir::partition::Partition;
use crate::ir::program::Program;
use crate::ir::shapes::dims_of;
use crate::ir::target::Target;
use crate::kernels::custom;
use crate::mlx::array::Array;
use crate::mlx::device::Device;
use rlx_host_api::author::CustomNode;
use rlx_host_api::{DType, Error, TensorInfo};
use rlx_ir::{Node, NodeId, Shape};
use std::ffi::c_int;

/// The values of a partition's nodes, as far as they are there.
pub(crate) struct Scope<'a> {
    program: &'a Program,
    partition: &'a Partition,
    args: &'a [&'a Array],
    values: Vec<Option<Array>>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(program: &'a Program, partition: &'a Partition, args: &'a [&'a Array]) -> Self {
        let mut values = Vec::new();
        values.resize_with(program.graph.len(), || None);
        Self { program, partition, args, values }
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

    /// Argument `index` of the partition.
    pub(super) fn arg(&self, index: usize) -> Result<&Array, Error> {
        self.args.get(index).copied().ok_or_else(|| Error::fault(format!("argument {index} has no value")))
    }

    /// What a node's nested function is, and its arguments: the node's operands, then the parameters that it reads.
    pub(super) fn function(&self, node: &Node) -> Result<(&Program, Vec<&Array>), Error> {
        let body = self.program.bodies(node.id).first().ok_or_else(|| Error::fault("the function has no body"))?;
        let mut args = self.inputs(node)?;
        for param in self.program.params_of(body)? {
            let arg = self.partition.arg(param).ok_or_else(|| Error::fault("a parameter is no argument"))?;
            args.push(self.arg(arg)?);
        }
        Ok((body, args))
    }

    /// What the host's kernel makes of a node of the custom op `op`.
    pub(super) fn kernel(&self, node: &Node, op: &str, attributes: &[u8]) -> Result<Array, Error> {
        let Target { device, kernels, failures } = &self.program.target;
        let custom =
            CustomNode::new(op.to_owned(), attributes.to_vec(), self.described(node)?, vec![info(&node.shape)?]);
        custom::lower(kernels, *device, failures, custom, &self.inputs(node)?, &place(node))
    }

    /// What code of the processor makes of `inputs` as the value of a node.
    pub(super) fn host(&self, node: &Node, inputs: &[&Array], code: impl HostCode + 'static) -> Result<Array, Error> {
        let describe = |array: &&Array| {
            let dims = array.dims()?.into_iter().map(i64::from).collect();
            Ok(TensorInfo { name: String::new(), dtype: array.dtype()?, dims })
        };
        let host = HostNode {
            operands: inputs.iter().map(describe).collect::<Result<_, Error>>()?,
            results: vec![info(&node.shape)?],
            place: place(node),
            failures: &self.program.target.failures,
        };
        let results = bridge::build(Box::new(code), host, inputs)?;
        results.into_iter().next().ok_or_else(|| Error::fault("host code gives nothing"))
    }

    /// The operands of `node`, as the graph declares them.
    fn described(&self, node: &Node) -> Result<Vec<TensorInfo>, Error> {
        node.inputs.iter().map(|&id| info(self.program.graph.shape(id))).collect()
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

/// The dtype that the graph declares.
pub(super) fn declared_dtype(node: &Node) -> DType {
    node.shape.dtype().into()
}
