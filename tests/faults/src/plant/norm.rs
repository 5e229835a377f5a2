//! Norms.

use crate::draft::{Draft, Plant, axis_of};
use rlx_ir::op::{Activation, BinaryOp};
use rlx_ir::{Node, NodeId, Op};

pub(super) const FAULTS: &[(&str, Plant)] = &[
    ("eps-halved", eps_halved),
    ("eps-outside-the-root", eps_dropped),
    ("variance-by-n-1", variance_by_n_1),
    ("deviation-for-variance", deviation_for_variance),
    ("groups-of-channels-ignored", groups_ignored),
];

/// The op with another eps.
fn with_eps(op: &Op, change: impl Fn(f32) -> f32) -> Option<Op> {
    let mut op = op.clone();
    let (Op::LayerNorm { eps, .. }
    | Op::RmsNorm { eps, .. }
    | Op::GroupNorm { eps, .. }
    | Op::LayerNorm2d { eps }
    | Op::BatchNormInference { eps }) = &mut op
    else {
        return None;
    };
    *eps = change(*eps);
    Some(op)
}

fn eps_halved(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    draft.put(with_eps(&node.op, |eps| eps / 2.0)?, inputs, node)
}

/// Added to the deviation it is as good as gone.
fn eps_dropped(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    draft.put(with_eps(&node.op, |eps| eps * eps)?, inputs, node)
}

fn variance_by_n_1(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let (&Op::LayerNorm { axis, .. }, &[x, gamma, beta]) = (&node.op, inputs) else { return None };
    let dims = draft.dims(x);
    let n = dims[axis_of(axis, dims.len())] as f64;
    if n < 2.0 {
        return None;
    }
    let gamma = draft.with(BinaryOp::Mul, gamma, ((n - 1.0) / n).sqrt());
    draft.put(node.op.clone(), &[x, gamma, beta], node)
}

fn deviation_for_variance(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let (Op::BatchNormInference { .. }, &[x, gamma, beta, mean, variance]) = (&node.op, inputs) else { return None };
    let deviation = draft.unary(Activation::Sqrt, variance);
    draft.put(node.op.clone(), &[x, gamma, beta, mean, deviation], node)
}

fn groups_ignored(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    match node.op {
        Op::GroupNorm { eps, .. } => draft.put(Op::GroupNorm { num_groups: 1, eps }, inputs, node),
        _ => None,
    }
}
