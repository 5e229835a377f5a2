//! Convolutions and pooling.

use crate::draft::{Draft, Plant, dims_of};
use rlx_ir::op::{BinaryOp, PadMode, ReduceOp};
use rlx_ir::{Node, NodeId, Op};

pub(super) const FAULTS: &[(&str, Plant)] = &[
    ("dilation-ignored", dilation_ignored),
    ("groups-ignored", groups_ignored),
    ("kernel-flipped", kernel_flipped),
    ("transposed-kernel-flipped", transposed_kernel_flipped),
    ("mean-counts-padding", mean_counts_padding),
    ("ceil-mode-ignored", ceil_mode_ignored),
];

/// Where less padding gives the same number of windows.
fn dilation_ignored(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let mut op = node.op.clone();
    let Op::Conv { kernel_size, padding, dilation, .. } = &mut op else { return None };
    for ((size, padding), dilation) in kernel_size.iter().zip(padding).zip(dilation) {
        let more = (*dilation - 1) * (size - 1);
        *padding = padding.checked_sub(more / 2)?;
        *dilation = 1;
        if more % 2 == 1 {
            return None;
        }
    }
    draft.put(op, inputs, node)
}

/// Every group sees the channels of the first.
fn groups_ignored(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let (&Op::Conv { groups: groups @ 2.., .. }, &[x, weights]) = (&node.op, inputs) else { return None };
    let dims = draft.dims(x);
    let first = draft.narrow(x, 1, 0, dims[1] / groups);
    let again = draft.add(Op::Concat { axis: 1 }, &vec![first; groups], &dims, node.shape.dtype());
    draft.put(node.op.clone(), &[again, weights], node)
}

/// The operands with the weights turned around in space.
fn flipped(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let &[x, weights] = inputs else { return None };
    let axes: Vec<usize> = (2..draft.dims(weights).len()).collect();
    let weights = draft.reverse(weights, &axes);
    draft.put(node.op.clone(), &[x, weights], node)
}

fn kernel_flipped(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    if matches!(node.op, Op::Conv { .. }) { flipped(draft, node, inputs) } else { None }
}

fn transposed_kernel_flipped(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    if matches!(node.op, Op::ConvTranspose2d { .. }) { flipped(draft, node, inputs) } else { None }
}

fn mean_counts_padding(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let mut op = node.op.clone();
    let Op::Pool { kind: kind @ ReduceOp::Mean, kernel_size, .. } = &mut op else { return None };
    *kind = ReduceOp::Sum;
    let volume: usize = kernel_size.iter().product();
    let sum = draft.put(op, inputs, node)?;
    Some(draft.with(BinaryOp::Mul, sum, 1.0 / volume as f64))
}

/// Windows that hang over are not there, and what should come of them is what lies before.
fn ceil_mode_ignored(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let (Op::Pool { kernel_size, stride, padding, .. }, &[x]) = (&node.op, inputs) else { return None };
    let (given, mut dims, mut pads) = (draft.dims(x), dims_of(node), vec![[0, 0]; 2]);
    for axis in 0..kernel_size.len() {
        let floor = (given[axis + 2] + 2 * padding[axis]).checked_sub(kernel_size[axis])? / stride[axis] + 1;
        pads.push([0, dims[axis + 2].checked_sub(floor)?]);
        dims[axis + 2] = floor;
    }
    if pads.iter().all(|ends| *ends == [0, 0]) {
        return None;
    }
    let whole = draft.add(node.op.clone(), &[x], &dims, node.shape.dtype());
    draft.put(Op::Pad { pads, mode: PadMode::Replicate }, &[whole], node)
}
