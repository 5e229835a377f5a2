//! A graph, checked: supported ops, static shapes, and the leaves numbered.

use crate::lower;
use rlx_host_api::{Error, TensorInfo};
use rlx_ir::{Graph, Node, NodeId, Op};
use std::collections::HashMap;
use std::ffi::c_int;

/// A graph that the plugin can lower.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) graph: Graph,
    pub(crate) inputs: Vec<TensorInfo>,
    pub(crate) params: Vec<TensorInfo>,
    pub(crate) outputs: Vec<TensorInfo>,
    /// Which input or parameter each leaf node reads.
    pub(crate) leaves: HashMap<NodeId, Leaf>,
    /// The last node that reads each node's value; graph outputs are read to the end.
    pub(crate) last_use: Vec<usize>,
}

/// Where a leaf's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf {
    /// Index into [`Program::inputs`].
    Input(usize),
    /// Index into [`Program::params`].
    Param(usize),
}

impl Program {
    /// Checks `graph` and numbers its leaves.
    pub(crate) fn new(graph: Graph) -> Result<Self, Error> {
        check(&graph)?;
        let mut slots: [Slots; 2] = Default::default();
        let mut leaves = HashMap::new();
        for node in graph.nodes() {
            let (kind, name) = match &node.op {
                Op::Input { name } => (0, name),
                Op::Param { name } => (1, name),
                _ => continue,
            };
            let index = slots[kind].add(name, node)?;
            leaves.insert(node.id, if kind == 0 { Leaf::Input(index) } else { Leaf::Param(index) });
        }
        let outputs = graph
            .outputs
            .iter()
            .enumerate()
            .map(|(i, &id)| tensor_info(graph.output_name(i).unwrap_or_default(), graph.node(id)))
            .collect::<Result<_, _>>()?;
        let mut last_use: Vec<usize> = (0..graph.len()).collect();
        for (at, node) in graph.nodes().iter().enumerate() {
            for input in &node.inputs {
                last_use[input.0 as usize] = at;
            }
        }
        for output in &graph.outputs {
            last_use[output.0 as usize] = usize::MAX;
        }
        let [inputs, params] = slots.map(|s| s.infos);
        Ok(Self { graph, inputs, params, outputs, leaves, last_use })
    }
}

/// Leaves by name; nodes of one name share a slot.
#[derive(Default)]
struct Slots {
    infos: Vec<TensorInfo>,
    by_name: HashMap<String, usize>,
}

impl Slots {
    fn add(&mut self, name: &str, node: &Node) -> Result<usize, Error> {
        let info = tensor_info(name, node)?;
        if let Some(&index) = self.by_name.get(name) {
            if self.infos[index] != info {
                return Err(Error::invalid(format!("`{name}` is declared as {} and as {info}", self.infos[index])));
            }
            return Ok(index);
        }
        self.infos.push(info);
        self.by_name.insert(name.to_owned(), self.infos.len() - 1);
        Ok(self.infos.len() - 1)
    }
}

fn check(graph: &Graph) -> Result<(), Error> {
    let unsupported: Vec<String> = graph
        .nodes()
        .iter()
        .filter(|n| !lower::SUPPORTED_OPS.contains(&n.op.kind()))
        .map(|n| format!("{:?} at {}", n.op.kind(), label(n)))
        .collect();
    if let Some(first) = unsupported.first() {
        let message = match unsupported.len() {
            1 => format!("unsupported op {first}"),
            n => format!("{n} nodes have unsupported ops: {}", unsupported.join(", ")),
        };
        return Err(Error::unsupported(message).with("op", first.as_str()));
    }
    for node in graph.nodes() {
        dims_of(node)?;
    }
    // After the static shapes: some of the checks read them.
    match rlx_ir::verify::verify(graph).first() {
        Some(error) => Err(Error::invalid(format!("malformed graph `{}`: {error}", graph.name))),
        None => Ok(()),
    }
}

/// How errors name a node: its id, and its name where it has one.
pub(crate) fn label(node: &Node) -> String {
    match &node.name {
        Some(name) => format!("{} `{name}`", node.id),
        None => node.id.to_string(),
    }
}

fn tensor_info(name: &str, node: &Node) -> Result<TensorInfo, Error> {
    let dims = dims_of(node)?.into_iter().map(i64::from).collect();
    Ok(TensorInfo { name: name.to_owned(), dtype: node.shape.dtype().into(), dims })
}

/// The node's static extents in MLX's type.
pub(crate) fn dims_of(node: &Node) -> Result<Vec<c_int>, Error> {
    let mut elements: i64 = 1;
    node.shape
        .dims()
        .iter()
        .map(|dim| {
            if !dim.is_static() {
                return Err(Error::invalid(format!(
                    "node {} has the dynamic shape {:?}: bind its dims before compiling",
                    label(node),
                    node.shape.dims()
                )));
            }
            let extent = dim.unwrap_static();
            // The count times the largest element must fit as well.
            elements = i64::try_from(extent.max(1)).ok().and_then(|e| elements.checked_mul(e)).unwrap_or(i64::MAX);
            match c_int::try_from(extent) {
                Ok(extent) if elements < i64::MAX / 16 => Ok(extent),
                _ => Err(Error::invalid(format!("node {}: shape {:?} is too large", label(node), node.shape.dims()))),
            }
        })
        .collect()
}
