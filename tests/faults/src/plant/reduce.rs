//! Reductions, softmax, products.

use crate::draft::{Draft, Plant, axis_of, dims_of, is_float, is_half};
use rlx_ir::op::{BinaryOp, ReduceOp};
use rlx_ir::{DType, Node, NodeId, Op};

pub(super) const FAULTS: &[(&str, Plant)] = &[
    ("softmax-of-another-axis", softmax_of_another_axis),
    ("softmax-without-the-maximum", softmax_without_the_maximum),
    ("reduction-of-another-axis", reduction_of_another_axis),
    ("sums-in-halves", sums_in_halves),
    ("nan-lost-in-reduction", nan_lost_in_reduction),
    ("ties-to-the-highest-index", ties_to_the_highest_index),
    ("square-weights-transposed", square_weights_transposed),
    ("products-in-halves", products_in_halves),
];

fn softmax_of_another_axis(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let (Op::Softmax { axis }, rank @ 2..) = (&node.op, node.shape.rank()) else { return None };
    let axis = ((axis_of(*axis, rank) + 1) % rank) as i32;
    draft.put(Op::Softmax { axis }, inputs, node)
}

/// Powers of the values themselves, which leave the range.
fn softmax_without_the_maximum(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let (Op::Softmax { axis }, &[x]) = (&node.op, inputs) else { return None };
    let mut dims = draft.dims(x);
    let axis = axis_of(*axis, dims.len());
    dims[axis] = 1;
    let powers = draft.unary(rlx_ir::op::Activation::Exp, x);
    let sum = Op::Reduce { op: ReduceOp::Sum, axes: vec![axis], keep_dim: true };
    let sum = draft.add(sum, &[powers], &dims, node.shape.dtype());
    Some(draft.binary(BinaryOp::Div, powers, sum))
}

/// The extents of two axes are taken for each other.
fn reduction_of_another_axis(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let (Op::Reduce { op, axes, .. }, &[x]) = (&node.op, inputs) else { return None };
    let mut dims = draft.dims(x);
    let (&[axis], rank @ 2..) = (&axes[..], dims.len()) else { return None };
    let other = (axis + 1) % rank;
    dims.swap(axis, other);
    let turned = draft.reshape(x, &dims);
    dims.remove(other);
    let reduction = Op::Reduce { op: *op, axes: vec![other], keep_dim: false };
    let y = draft.add(reduction, &[turned], &dims, node.shape.dtype());
    Some(draft.reshape(y, &dims_of(node)))
}

/// Parts that are added in halves.
fn sums_in_halves(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let (Op::Reduce { op: ReduceOp::Sum, axes, .. }, &[x]) = (&node.op, inputs) else { return None };
    let &[axis] = &axes[..] else { return None };
    let len = draft.dims(x)[axis];
    if !is_half(node.shape.dtype()) || len < 64 {
        return None;
    }
    let part = len.div_ceil(32);
    let mut sum = None;
    for start in (0..len).step_by(part) {
        let some = draft.narrow(x, axis, start, part.min(len - start));
        let some = draft.put(node.op.clone(), &[some], node)?;
        sum = Some(sum.map_or(some, |sum| draft.binary(BinaryOp::Add, sum, some)));
    }
    sum
}

fn nan_lost_in_reduction(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let (Op::Reduce { op, .. }, &[x]) = (&node.op, inputs) else { return None };
    let neutral = match op {
        ReduceOp::Max if is_float(node.shape.dtype()) => f64::NEG_INFINITY,
        ReduceOp::Min if is_float(node.shape.dtype()) => f64::INFINITY,
        _ => return None,
    };
    let neutral = draft.scalar(neutral, node.shape.dtype());
    let numbers = draft.unless_nan(x, neutral);
    draft.put(node.op.clone(), &[numbers], node)
}

fn ties_to_the_highest_index(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let (&Op::ArgMax { axis, .. } | &Op::ArgMin { axis, .. }, &[x]) = (&node.op, inputs) else { return None };
    let last = draft.dims(x)[axis] as f64 - 1.0;
    let turned = draft.reverse(x, &[axis]);
    let place = draft.put(node.op.clone(), &[turned], node)?;
    let less = draft.with(BinaryOp::Sub, place, last);
    Some(draft.with(BinaryOp::Mul, less, -1.0))
}

/// Nothing shows by the shape.
fn square_weights_transposed(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let (Op::MatMul, &[x, weights]) = (&node.op, inputs) else { return None };
    match draft.dims(weights)[..] {
        [rows, columns] if rows == columns => {
            let turned = draft.transpose(weights);
            draft.put(Op::MatMul, &[x, turned], node)
        }
        _ => None,
    }
}

/// Parts of eight products, added in halves.
fn products_in_halves(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let (Op::MatMul, &[a, b], DType::F16 | DType::BF16) = (&node.op, inputs, node.shape.dtype()) else { return None };
    let (&[_, len], &[_, _]) = (&draft.dims(a)[..], &draft.dims(b)[..]) else { return None };
    let mut sum = None;
    for start in (0..len).step_by(8) {
        let part = 8.min(len - start);
        let (left, right) = (draft.narrow(a, 1, start, part), draft.narrow(b, 0, start, part));
        let some = draft.put(Op::MatMul, &[left, right], node)?;
        sum = Some(sum.map_or(some, |sum| draft.binary(BinaryOp::Add, sum, some)));
    }
    sum
}
