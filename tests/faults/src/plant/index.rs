//! Elements by index, orders, running results.

use crate::draft::{Draft, Plant, is_float};
use rlx_ir::op::{BinaryOp, ScatterNdReduction};
use rlx_ir::{Node, NodeId, Op};

pub(super) const FAULTS: &[(&str, Plant)] = &[
    ("negative-indices-taken-for-zero", negative_indices_taken_for_zero),
    ("duplicates-overwrite", duplicates_overwrite),
    ("exclusive-ignored", exclusive_ignored),
    ("negative-axis-off-by-one", negative_axis_off_by_one),
    ("descending-ignored", descending_ignored),
    ("ties-unstable", ties_unstable),
];

fn negative_indices_taken_for_zero(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    match (&node.op, inputs) {
        (Op::GatherElements { .. } | Op::GatherNd { .. }, &[data, at]) => {
            let at = draft.with(BinaryOp::Max, at, 0.0);
            draft.put(node.op.clone(), &[data, at], node)
        }
        _ => None,
    }
}

/// The last update counts where all should be added.
fn duplicates_overwrite(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let (Op::ScatterNd { reduction: ScatterNdReduction::Add }, &[data, at, updates]) = (&node.op, inputs) else {
        return None;
    };
    let zeros = draft.with(BinaryOp::Mul, data, 0.0);
    let op = Op::ScatterNd { reduction: ScatterNdReduction::None };
    let written = draft.put(op, &[zeros, at, updates], node)?;
    Some(draft.binary(BinaryOp::Add, data, written))
}

fn exclusive_ignored(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let mut op = node.op.clone();
    let (Op::Cumsum { exclusive, .. } | Op::CumProd { exclusive, .. } | Op::CumMax { exclusive, .. }) = &mut op else {
        return None;
    };
    *exclusive = false;
    draft.put(op, inputs, node)
}

fn negative_axis_off_by_one(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let mut op = node.op.clone();
    let (Op::Cumsum { axis, .. } | Op::CumProd { axis, .. } | Op::CumMax { axis, .. } | Op::Softmax { axis }) = &mut op
    else {
        return None;
    };
    if *axis >= 0 || node.shape.rank() < 2 {
        return None;
    }
    *axis -= 1;
    draft.put(op, inputs, node)
}

fn descending_ignored(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let mut op = node.op.clone();
    let (Op::Sort { descending, .. } | Op::ArgSort { descending, .. }) = &mut op else { return None };
    *descending = false;
    draft.put(op, inputs, node)
}

/// Equal elements in the order of their ends.
fn ties_unstable(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let (&Op::ArgSort { axis, .. }, &[x]) = (&node.op, inputs) else { return None };
    if !is_float(draft.dtype(x)) {
        return None;
    }
    let last = *draft.dims(x).get(axis)? as f64 - 1.0;
    let turned = draft.reverse(x, &[axis]);
    let places = draft.put(node.op.clone(), &[turned], node)?;
    let less = draft.with(BinaryOp::Sub, places, last);
    Some(draft.with(BinaryOp::Mul, less, -1.0))
}
