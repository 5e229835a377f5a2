//! Ops that move elements.

use crate::draft::{Draft, Plant, dims_of};
use rlx_ir::{Node, NodeId, Op};

pub(super) const FAULTS: &[(&str, Plant)] = &[
    ("concatenation-of-another-axis", concatenation_of_another_axis),
    ("padding-swapped", padding_swapped),
    ("diagonal-off-by-one", diagonal_off_by_one),
    ("roll-the-other-way", roll_the_other_way),
    ("tiles-of-elements", tiles_of_elements),
];

/// The parts one behind the other, whatever the axis.
fn concatenation_of_another_axis(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let Op::Concat { .. } = node.op else { return None };
    let dims = dims_of(node);
    let count = dims.iter().product();
    let mut parts = Vec::new();
    for &part in inputs {
        let len = draft.dims(part).iter().product();
        parts.push(draft.reshape(part, &[len]));
    }
    let whole = draft.add(Op::Concat { axis: 0 }, &parts, &[count], node.shape.dtype());
    Some(draft.reshape(whole, &dims))
}

fn padding_swapped(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let mut op = node.op.clone();
    let Op::Pad { pads, .. } = &mut op else { return None };
    pads.iter_mut().for_each(|ends| ends.reverse());
    draft.put(op, inputs, node)
}

fn diagonal_off_by_one(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let mut op = node.op.clone();
    let Op::Trilu { diagonal, .. } = &mut op else { return None };
    *diagonal += 1;
    draft.put(op, inputs, node)
}

fn roll_the_other_way(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let mut op = node.op.clone();
    let Op::Roll { shifts, .. } = &mut op else { return None };
    shifts.iter_mut().for_each(|shift| *shift = -*shift);
    draft.put(op, inputs, node)
}

/// Each element several times in a row, where all should come again.
fn tiles_of_elements(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let (Op::Tile { reps }, &[x]) = (&node.op, inputs) else { return None };
    let (mut apart, mut reps_apart) = (Vec::new(), Vec::new());
    for (&extent, &times) in draft.dims(x).iter().zip(reps) {
        apart.extend([extent, 1]);
        reps_apart.extend([1, times]);
    }
    let dims: Vec<usize> = apart.iter().zip(&reps_apart).map(|(extent, times)| extent * times).collect();
    let apart = draft.reshape(x, &apart);
    let tiled = draft.add(Op::Tile { reps: reps_apart }, &[apart], &dims, node.shape.dtype());
    Some(draft.reshape(tiled, &dims_of(node)))
}
