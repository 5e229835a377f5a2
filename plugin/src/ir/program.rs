//! A checked graph, its leaves numbered, and the graphs nested in it.

use super::names::place;
use super::nested::{self, Nested};
use super::partition::{Origin, Partition};
use super::shapes::{dims_of, tensor_info};
use super::target::Target;
use crate::mlx::extents::extents;
use rlx_host_api::{DType, Error, TensorInfo};
use rlx_ir::{Graph, Node, NodeId, Op};
use std::collections::HashMap;
use std::ffi::c_int;
use std::sync::Arc;

/// A graph that the plugin can lower.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) graph: Graph,
    /// By name; those of a nested graph by position, as its node's operands are.
    pub(crate) inputs: Vec<TensorInfo>,
    /// Those of nested graphs included: a name means the same parameter everywhere.
    pub(crate) params: Vec<TensorInfo>,
    pub(crate) outputs: Vec<TensorInfo>,
    /// All nodes, with every input and then every parameter as arguments.
    pub(crate) whole: Partition,
    /// The last node that reads each node's value; graph outputs are read to the end.
    pub(crate) last_use: Vec<usize>,
    /// Whether an output depends on each node's value.
    needed: Vec<bool>,
    /// Whether a run decides which nodes are computed, and how often.
    pub(crate) has_control_flow: bool,
    /// Which input or parameter each leaf node reads.
    leaves: HashMap<NodeId, Origin>,
    /// Index of each parameter by its name.
    param_index: HashMap<String, usize>,
    /// The graphs nested in a node, in the order of `Op::subgraphs`.
    bodies: HashMap<NodeId, Vec<Arc<Program>>>,
    /// What it was compiled for.
    pub(crate) target: Target,
}

impl Program {
    /// Numbers the leaves of a graph that passed [`check`](super::check).
    pub(crate) fn new(graph: Graph, target: &Target) -> Result<Self, Error> {
        Self::build(graph, Slots::by_name(), target)
    }

    /// The programs of the graphs that were taken out of `node`.
    fn nested(graph: &Graph, node: &Node, mut graphs: Vec<Graph>, target: &Target) -> Result<Vec<Arc<Self>>, Error> {
        nested::fit(graph, node, &mut graphs)?;
        let programs = graphs.into_iter().map(|body| Self::build(body, Slots::by_position(), target).map(Arc::new));
        programs.collect()
    }

    fn build(mut graph: Graph, mut inputs: Slots, target: &Target) -> Result<Self, Error> {
        let mut params = Slots::by_name();
        let mut leaves = HashMap::new();
        let mut bodies = HashMap::new();
        let mut has_control_flow = false;
        let taken = nested::take(&mut graph);
        for node in graph.nodes() {
            match &node.op {
                Op::Input { name } => {
                    leaves.insert(node.id, Origin::Input(inputs.add(tensor_info(name, node)?)?));
                }
                Op::Param { name } => {
                    leaves.insert(node.id, Origin::Param(params.add(tensor_info(name, node)?)?));
                }
                _ => {}
            }
        }
        for Nested { node, graphs } in taken {
            let node = graph.node(node);
            let programs = Self::nested(&graph, node, graphs, target).map_err(|e| e.context(place(node)))?;
            for param in programs.iter().flat_map(|p| &p.params) {
                params.add(param.clone()).map_err(|e| e.context(place(node)))?;
            }
            has_control_flow |= !matches!(node.op, Op::CustomFn { .. }) || programs.iter().any(|p| p.has_control_flow);
            bodies.insert(node.id, programs);
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
        let needed = needed_nodes(&graph);
        let param_index = params.by_name.unwrap_or_default();
        let (inputs, params) = (inputs.infos, params.infos);
        let args = (0..inputs.len()).map(Origin::Input).chain((0..params.len()).map(Origin::Param));
        let nodes = graph.nodes().iter().map(|node| node.id).collect();
        let whole = Partition::new(nodes, args.collect(), graph.outputs.clone());
        Ok(Self {
            graph,
            inputs,
            params,
            outputs,
            whole,
            last_use,
            needed,
            has_control_flow,
            leaves,
            param_index,
            bodies,
            target: target.clone(),
        })
    }

    /// Index of the parameter of this name.
    pub(crate) fn param(&self, name: &str) -> Option<usize> {
        self.param_index.get(name).copied()
    }

    /// Whether an output depends on the node's value.
    pub(crate) fn is_needed(&self, id: NodeId) -> bool {
        self.needed[id.0 as usize]
    }

    /// Where the value of a node comes from.
    pub(crate) fn source(&self, id: NodeId) -> Origin {
        self.leaves.get(&id).copied().unwrap_or(Origin::Node(id))
    }

    /// Extents and dtype of a value.
    pub(crate) fn shape_of(&self, source: Origin) -> Result<(Vec<c_int>, DType), Error> {
        let info = match source {
            Origin::Input(index) => &self.inputs[index],
            Origin::Param(index) => &self.params[index],
            Origin::Node(id) => {
                let node = self.graph.node(id);
                return Ok((dims_of(node)?, node.shape.dtype().into()));
            }
        };
        Ok((extents(info)?, info.dtype))
    }

    /// How errors name a value.
    pub(crate) fn describe(&self, source: Origin) -> String {
        match source {
            Origin::Input(index) => format!("`{}`", self.inputs[index].name),
            Origin::Param(index) => format!("`{}`", self.params[index].name),
            Origin::Node(id) => place(self.graph.node(id)),
        }
    }

    /// The graphs nested in a node.
    pub(crate) fn bodies(&self, id: NodeId) -> &[Arc<Program>] {
        self.bodies.get(&id).map_or(&[], Vec::as_slice)
    }

    /// Whether a run decides how often the node's nested graphs are computed.
    pub(crate) fn is_control_flow(&self, node: &Node) -> bool {
        let bodies = self.bodies(node.id);
        !bodies.is_empty() && (!matches!(node.op, Op::CustomFn { .. }) || bodies.iter().any(|b| b.has_control_flow))
    }

    /// The parameters that a nested graph of this one reads.
    pub(crate) fn params_of(&self, body: &Self) -> Result<Vec<Origin>, Error> {
        let find = |param: &TensorInfo| {
            self.param(&param.name)
                .map(Origin::Param)
                .ok_or_else(|| Error::fault(format!("parameter `{}` has no value", param.name)))
        };
        body.params.iter().map(find).collect()
    }
}

/// For each node, whether an output depends on it.
fn needed_nodes(graph: &Graph) -> Vec<bool> {
    let mut needed = vec![false; graph.len()];
    for output in &graph.outputs {
        needed[output.0 as usize] = true;
    }
    for (at, node) in graph.nodes().iter().enumerate().rev() {
        if needed[at] {
            for input in &node.inputs {
                needed[input.0 as usize] = true;
            }
        }
    }
    needed
}

/// Leaves in order.
#[derive(Default)]
struct Slots {
    infos: Vec<TensorInfo>,
    /// Where leaves of one name are one.
    by_name: Option<HashMap<String, usize>>,
}

impl Slots {
    fn by_name() -> Self {
        Self { infos: Vec::new(), by_name: Some(HashMap::new()) }
    }

    /// Each leaf for itself, whatever its name.
    fn by_position() -> Self {
        Self::default()
    }

    fn add(&mut self, info: TensorInfo) -> Result<usize, Error> {
        let index = self.infos.len();
        if let Some(by_name) = &mut self.by_name {
            let known = *by_name.entry(info.name.clone()).or_insert(index);
            if let Some(other) = self.infos.get(known) {
                if *other != info {
                    return Err(Error::invalid(format!("`{}` is declared as {other} and as {info}", info.name)));
                }
                return Ok(known);
            }
        }
        self.infos.push(info);
        Ok(index)
    }
}
