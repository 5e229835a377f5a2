//! A checked graph, its leaves numbered, and the graphs nested in it.

use super::effects::{draws, draws_anew, states, states_of};
use super::names::place;
use super::nested::{self, Nested};
use super::origin::Origin;
use super::partition::Partition;
use super::shapes::{dims_of, tensor_info};
use super::target::Target;
use crate::host::random::RNG_WORDS;
use crate::mlx::extents::extents;
use rlx_host_api::{DType, Error, TensorInfo};
use rlx_ir::{Graph, Node, NodeId, Op};
use std::collections::{HashMap, HashSet};
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
    /// All nodes, with every input, then every parameter, then what random numbers follow from as arguments.
    pub(crate) whole: Partition,
    /// The last node that reads each node's value; graph outputs are read to the end.
    pub(crate) last_use: Vec<usize>,
    /// Whether an output or a state depends on each node's value.
    needed: Vec<bool>,
    /// Whether a node draws random numbers, one of a nested graph included.
    pub(crate) draws: bool,
    /// Whether one draws other numbers in each run.
    pub(crate) draws_anew: bool,
    /// Whether a run decides which nodes are computed, and how often.
    pub(crate) has_control_flow: bool,
    /// Which input or parameter each leaf node reads.
    leaves: HashMap<NodeId, Origin>,
    /// Index of each parameter by its name.
    param_index: HashMap<String, usize>,
    /// The graphs nested in a node, in the order of `Op::subgraphs`.
    bodies: HashMap<NodeId, Vec<Arc<Program>>>,
    /// Names of the parameters that runs change, in this graph or around it.
    changing: Arc<HashSet<String>>,
    /// What it was compiled for.
    pub(crate) target: Target,
}

impl Program {
    /// Numbers the leaves of a graph that passed [`check`](super::check).
    pub(crate) fn new(graph: Graph, target: &Target) -> Result<Self, Error> {
        let mut changing = HashSet::new();
        for node in graph.nodes() {
            for state in states_of(&graph, node).map_err(|e| e.context(place(node)))? {
                if let Op::Param { name } = &graph.node(state).op {
                    changing.insert(name.clone());
                }
            }
        }
        Self::build(graph, Slots::by_name(), target, &Arc::new(changing))
    }

    /// The inputs and parameters to which a run gives new values.
    pub(crate) fn states(&self) -> &[Origin] {
        &self.whole.states
    }

    /// The programs of the graphs that were taken out of `node`.
    fn nested(
        graph: &Graph,
        node: &Node,
        mut graphs: Vec<Graph>,
        target: &Target,
        changing: &Arc<HashSet<String>>,
    ) -> Result<Vec<Arc<Self>>, Error> {
        nested::fit(graph, node, &mut graphs)?;
        let programs = graphs.into_iter().map(|body| {
            let body = Self::build(body, Slots::by_position(), target, changing)?;
            match body.states().first() {
                Some(&state) => Err(Error::unsupported(format!(
                    "a node inside writes to {}, its state, and how often is decided by the run: keep state outside of \
                     nested graphs",
                    body.describe(state)
                ))),
                None => Ok(Arc::new(body)),
            }
        });
        programs.collect()
    }

    fn build(
        mut graph: Graph,
        mut inputs: Slots,
        target: &Target,
        changing: &Arc<HashSet<String>>,
    ) -> Result<Self, Error> {
        let mut params = Slots::by_name();
        let mut leaves = HashMap::new();
        let mut bodies = HashMap::new();
        let mut states = Vec::new();
        let mut draws = graph.nodes().iter().any(|node| draws(&node.op));
        let mut draws_anew = graph.nodes().iter().any(|node| draws_anew(&node.op));
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
            let programs = Self::nested(&graph, node, graphs, target, changing).map_err(|e| e.context(place(node)))?;
            for param in programs.iter().flat_map(|p| &p.params) {
                params.add(param.clone()).map_err(|e| e.context(place(node)))?;
            }
            draws |= programs.iter().any(|p| p.draws);
            draws_anew |= programs.iter().any(|p| p.draws_anew);
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
        for node in graph.nodes() {
            let written = states_of(&graph, node).map_err(|e| e.context(place(node)))?;
            for state in written.iter().filter_map(|id| leaves.get(id)) {
                if !states.contains(state) {
                    states.push(*state);
                }
            }
        }
        let needed = needed_nodes(&graph);
        let param_index = params.by_name.unwrap_or_default();
        let (inputs, params) = (inputs.infos, params.infos);
        let args = (0..inputs.len()).map(Origin::Input).chain((0..params.len()).map(Origin::Param));
        let args = args.chain(draws.then_some(Origin::Rng));
        let nodes = graph.nodes().iter().map(|node| node.id).collect();
        let origin = |id| leaves.get(&id).copied().unwrap_or(Origin::Node(id));
        let changes = |origin| matches!(origin, Origin::Param(index) if changing.contains(&params[index].name));
        let outputs_of_graph = graph.outputs.clone();
        let whole = Partition::new(&graph, nodes, args.collect(), outputs_of_graph, states, origin, changes);
        Ok(Self {
            graph,
            inputs,
            params,
            outputs,
            whole,
            last_use,
            needed,
            draws,
            draws_anew,
            has_control_flow,
            leaves,
            param_index,
            bodies,
            changing: Arc::clone(changing),
            target: target.clone(),
        })
    }

    /// Index of the parameter of this name.
    pub(crate) fn param(&self, name: &str) -> Option<usize> {
        self.param_index.get(name).copied()
    }

    /// Whether an output or a state depends on the node's value.
    pub(crate) fn is_needed(&self, id: NodeId) -> bool {
        self.needed[id.0 as usize]
    }

    /// Whether runs change the value, beside computing it.
    pub(crate) fn changes(&self, origin: Origin) -> bool {
        matches!(origin, Origin::Param(index) if self.changing.contains(&self.params[index].name))
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
            Origin::Rng => return Ok((vec![RNG_WORDS as c_int], DType::U32)),
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
            Origin::Rng => "the seed of random numbers".to_owned(),
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

    /// What a nested graph of this one reads behind its inputs: parameters, and what random numbers follow from.
    pub(crate) fn hidden_args_of(&self, body: &Self) -> Result<Vec<Origin>, Error> {
        let find = |param: &TensorInfo| {
            self.param(&param.name)
                .map(Origin::Param)
                .ok_or_else(|| Error::fault(format!("parameter `{}` has no value", param.name)))
        };
        body.params.iter().map(find).chain(body.draws.then_some(Ok(Origin::Rng))).collect()
    }
}

/// For each node, whether an output or a state depends on it.
fn needed_nodes(graph: &Graph) -> Vec<bool> {
    let mut needed = vec![false; graph.len()];
    for output in &graph.outputs {
        needed[output.0 as usize] = true;
    }
    for (at, node) in graph.nodes().iter().enumerate().rev() {
        needed[at] |= !states(&node.op).is_empty();
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
