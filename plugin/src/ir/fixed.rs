//! Which nodes depend on parameters alone: they are computed when parameters are bound, not in every run.

use super::effects::{draws, states};
use super::origin::Origin;
use rlx_ir::{Graph, Node, NodeId, Op};
use std::collections::HashMap;

/// What becomes of a node that depends on parameters alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fixed {
    /// Other nodes, or the host, read its value, which is kept.
    Kept,
    /// Nodes that depend on parameters alone read it, and nothing else.
    Inside,
    /// It is such a parameter itself.
    Param,
}

/// Values up to this many bytes are kept however small what they are computed from is.
const SMALL: usize = 1 << 20;

/// Those among `nodes`, which are in the order of the graph. `origin` is where the value of each comes from, `is_given` tells
/// whether it comes from outside, and `changes` whether runs change it.
pub(super) fn find(
    graph: &Graph,
    nodes: &[NodeId],
    outputs: &[NodeId],
    origin: impl Fn(NodeId) -> Origin,
    is_given: impl Fn(Origin) -> bool,
    changes: impl Fn(Origin) -> bool,
) -> HashMap<NodeId, Fixed> {
    // For each node that runs do not change whether a parameter decides it; else constants alone do.
    let mut fixed: HashMap<NodeId, bool> = HashMap::new();
    for &id in nodes {
        let node = graph.node(id);
        let by_params = match origin(id) {
            param @ Origin::Param(_) => (!changes(param)).then_some(true),
            other if is_given(other) => None,
            _ if !is_pure(node) || grows(graph, node) => None,
            _ => node.inputs.iter().try_fold(false, |any, input| fixed.get(input).map(|by_params| any | by_params)),
        };
        fixed.extend(by_params.map(|by_params| (id, by_params)));
    }
    let is_fixed = |id: &NodeId| fixed.get(id) == Some(&true);
    let kind = |id: NodeId| match origin(id) {
        Origin::Param(_) => Fixed::Param,
        _ if outputs.contains(&id) => Fixed::Kept,
        _ => Fixed::Inside,
    };
    let fixed_nodes = nodes.iter().filter(|id| is_fixed(id));
    let mut found: HashMap<NodeId, Fixed> = fixed_nodes.map(|&id| (id, kind(id))).collect();
    for reader in nodes.iter().filter(|id| !is_fixed(id)) {
        for input in &graph.node(*reader).inputs {
            found.entry(*input).and_modify(|fixed| {
                if *fixed == Fixed::Inside {
                    *fixed = Fixed::Kept;
                }
            });
        }
    }
    found
}

/// Whether its operands decide the value, and nothing else comes of it. Functions are left to their bodies, and of the host's
/// kernels nothing is known.
fn is_pure(node: &Node) -> bool {
    let is_leaf = matches!(node.op, Op::Input { .. } | Op::Param { .. } | Op::Custom { .. });
    !is_leaf && !draws(&node.op) && states(&node.op).is_empty() && node.op.subgraphs().is_empty()
}

/// Whether the value takes much more memory than what it is computed from.
fn grows(graph: &Graph, node: &Node) -> bool {
    let bytes = |id: &NodeId| graph.shape(*id).size_bytes().unwrap_or(0);
    let operands: usize = node.inputs.iter().map(bytes).sum();
    bytes(&node.id) > SMALL.max(operands.saturating_mul(4))
}
