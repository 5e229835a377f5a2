//! Rewrites single nodes that the plugin refuses though it claims their kind. The runtime's passes, to which claims are kinds,
//! would rewrite all nodes of a kind or none; here each is rewritten alone, and what comes of it takes the node's place. Nodes
//! of the kind that the plugin takes stay as they are.

use super::admission::{distrust, label, live};
use super::alone::{alone, operand, rewrite};
use super::claims::{Refusals, Target, is_stateful};
use super::distrusted;
use crate::Error;
use rlx_ir::logical_kernel::KernelDispatchConfig;
use rlx_ir::{Graph, Node, NodeId, Op};
use std::collections::HashMap;

/// A rewrite may give nodes that are refused in their turn. So often they are rewritten too.
const ROUNDS: usize = 8;

/// Rewrites the nodes of `refusals` that an output depends on, and what is refused of the result.
///
/// # Errors
/// Unsupported where a node has no rewrite, or one that is not to be trusted; the message names the node and the plugin's
/// reason.
pub(super) fn rewrite_refused(
    mut graph: Graph,
    mut refusals: Refusals,
    target: &Target<'_>,
    dispatch: KernelDispatchConfig,
) -> Result<Graph, Error> {
    let mut rewriting = Rewriting { target, dispatch, known: HashMap::new(), is_last: false };
    for round in 0..=ROUNDS {
        if refusals.is_empty() {
            break;
        }
        rewriting.is_last = round == ROUNDS;
        if !rewriting.one_graph(&mut graph, &refusals, "")? {
            break;
        }
        refusals = target.refusals(&graph);
    }
    Ok(graph)
}

/// One pass over a graph and those nested in it.
struct Rewriting<'a> {
    target: &'a Target<'a>,
    dispatch: KernelDispatchConfig,
    /// What graphs of one op, by their fingerprints, have been rewritten to.
    known: HashMap<u64, Graph>,
    /// Whether nothing is rewritten any more.
    is_last: bool,
}

impl Rewriting<'_> {
    /// Whether the graph has changed. `inside` names the nodes that it is nested in.
    fn one_graph(&mut self, graph: &mut Graph, refusals: &Refusals, inside: &str) -> Result<bool, Error> {
        let live = live(graph);
        let mut in_place: HashMap<NodeId, Graph> = HashMap::new();
        for node in graph.nodes().iter().filter(|node| live[node.id.0 as usize]) {
            // A kind may be left to the runtime since they were asked for.
            if let Some(reason) = refusals.of(node)
                && self.target.ops.contains(&node.op.kind())
            {
                in_place.insert(node.id, self.one_node(graph, node, reason, inside).map_err(Error::unsupported)?);
            }
        }
        let mut changed = !in_place.is_empty();
        for node in graph.nodes_mut().iter_mut().filter(|node| live[node.id.0 as usize]) {
            let (id, inside) = (node.id, format!(" in {}{inside}", place(node)));
            for (index, body) in node.op.subgraphs_mut().into_iter().enumerate() {
                if let Some(refusals) = refusals.body(id, index) {
                    changed |= self.one_graph(body, refusals, &inside)?;
                }
            }
        }
        if !in_place.is_empty() {
            *graph = replaced(std::mem::replace(graph, Graph::new(String::new())), &in_place);
        }
        Ok(changed)
    }

    /// What takes the place of a refused node, or why there is nothing.
    fn one_node(&mut self, graph: &Graph, node: &Node, reason: &str, inside: &str) -> Result<Graph, String> {
        let place = format!("{}{inside}", place(node));
        if let Some(row) = distrusted::find(graph, node) {
            return Err(distrust(row, &place, false, Some(reason)));
        }
        let no_rewrite = |why: &str| {
            Err(format!(
                "{place}: {} refuses this one ({reason}), {why}: write it with other ops",
                super::alone::DEVICE
            ))
        };
        if is_stateful(&node.op) {
            return no_rewrite("and its rewrite alone would lose the state");
        }
        if self.is_last {
            return no_rewrite("and what rlx-opt rewrites it to is refused again and again");
        }
        let alone = alone(graph, node);
        let fingerprint = alone.fingerprint();
        if let Some(known) = self.known.get(&fingerprint) {
            return Ok(known.clone());
        }
        let rewritten = rewrite(alone, self.target.ops, Some(reason), self.dispatch);
        let rewritten = rewritten.map_err(|wrong| format!("{place}: {wrong}"))?;
        self.known.insert(fingerprint, rewritten.clone());
        Ok(rewritten)
    }
}

fn place(node: &Node) -> String {
    format!("node {} ({:?})", label(node), node.op.kind())
}

/// `graph`, in which all extents are known, with other graphs, whose inputs are its operands, in the place of nodes.
pub(super) fn replaced(mut graph: Graph, in_place: &HashMap<NodeId, Graph>) -> Graph {
    let mut out = Graph::new(std::mem::take(&mut graph.name));
    let mut made: Vec<NodeId> = Vec::with_capacity(graph.len());
    for node in graph.nodes_mut() {
        let inputs: Vec<NodeId> = node.inputs.iter().map(|id| made[id.0 as usize]).collect();
        let id = match in_place.get(&node.id) {
            Some(instead) => splice(&mut out, instead, &inputs),
            None => {
                // Moved, because constants may be large.
                let op = std::mem::replace(&mut node.op, Op::StopGradient);
                out.append_node(op, inputs, node.shape.clone(), None)
            }
        };
        let new = out.node_mut(id);
        new.name = new.name.take().or_else(|| node.name.take());
        new.origin = new.origin.take().or_else(|| node.origin.take());
        made.push(id);
    }
    let at = |id: &NodeId| made[id.0 as usize];
    out.set_outputs(graph.outputs.iter().map(at).collect());
    out.set_output_names(graph.output_names().to_vec());
    out.set_vars(graph.vars().iter().map(|(input, output)| (at(input), *output)).collect());
    out
}

/// Appends the nodes of a graph of one op, rewritten, to `out`, where its operands are `operands`; gives its output.
fn splice(out: &mut Graph, rewritten: &Graph, operands: &[NodeId]) -> NodeId {
    let mut made: Vec<NodeId> = Vec::with_capacity(rewritten.len());
    for node in rewritten.nodes() {
        let known = match &node.op {
            Op::Input { name } => operand(name).and_then(|at| operands.get(at).copied()),
            _ => None,
        };
        made.push(known.unwrap_or_else(|| {
            let inputs = node.inputs.iter().map(|id| made[id.0 as usize]).collect();
            out.append_node(node.op.clone(), inputs, node.shape.clone(), node.name.clone())
        }));
    }
    made[rewritten.outputs[0].0 as usize]
}
