//! What a node does beside giving its value, as far as the IR says so.

use super::names::place;
use crate::collectives::is_collective;
use rlx_host_api::Error;
use rlx_ir::op::ScaleMode;
use rlx_ir::{Graph, Node, NodeId, Op};

/// The operands that a node gives a new value to: state that goes from run to run.
pub(crate) fn states(op: &Op) -> &'static [usize] {
    match op {
        Op::FakeQuantize { scale_mode: ScaleMode::EMA { .. }, .. } => &[1],
        _ => &[],
    }
}

/// Whether a node takes what random numbers follow from: it draws some that its graph alone does not decide, or it needs other
/// processes, and is for that reason computed in each run and never ahead of one.
pub(crate) fn draws(op: &Op) -> bool {
    matches!(op, Op::RngNormal { .. } | Op::RngUniform { .. }) || draws_anew(op) || is_collective(op)
}

/// Whether a node draws other numbers in each run.
pub(crate) fn draws_anew(op: &Op) -> bool {
    matches!(op, Op::Sample { seed: 0, .. })
}

/// The leaves that a node gives new values to.
///
/// # Errors
/// When one is no leaf: there is no place where the next run would find its value.
pub(crate) fn states_of(graph: &Graph, node: &Node) -> Result<Vec<NodeId>, Error> {
    let state = |&operand: &usize| {
        let id = *node
            .inputs
            .get(operand)
            .ok_or_else(|| Error::invalid(format!("operand {operand}, its state, is missing")))?;
        let found = graph.node(id);
        match found.op {
            Op::Input { .. } | Op::Param { .. } => Ok(id),
            _ => Err(Error::unsupported(format!(
                "it writes to its state, operand {operand}, which is {}: make that an input or a parameter, where the \
                 next run finds it",
                place(found)
            ))),
        }
    };
    states(&node.op).iter().map(state).collect()
}
