//! Activations, operations of two operands, conversions.

use crate::draft::{Draft, Plant, is_float, is_integer};
use rlx_ir::op::{Activation, BinaryOp};
use rlx_ir::{DType, Node, NodeId, Op};

pub(super) const FAULTS: &[(&str, Plant)] = &[
    ("gelu-by-tanh", gelu_by_tanh),
    ("f64-through-f32", f64_through_f32),
    ("halves-of-activations-in-halves", halves_in_halves),
    ("negative-zero-lost", negative_zero_lost),
    ("round-half-away", round_half_away),
    ("clamp-takes-nan-for-the-bound", clamp_of_nan),
    ("integers-through-f32", integers_through_f32),
    ("nan-lost-in-maximum", nan_lost_in_maximum),
    ("division-floors", division_floors),
    ("remainder-floors", remainder_floors),
    ("choice-swapped", choice_swapped),
    ("integers-saturate", integers_saturate),
    ("floats-wrap", floats_wrap),
];

fn gelu_by_tanh(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    match node.op {
        Op::Activation(Activation::Gelu) => draft.put(Op::Activation(Activation::GeluApprox), inputs, node),
        _ => None,
    }
}

fn f64_through_f32(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let (Op::Activation(kind), DType::F64) = (&node.op, node.shape.dtype()) else { return None };
    let narrow = draft.cast(*inputs.first()?, DType::F32);
    let y = draft.unary(*kind, narrow);
    Some(draft.cast(y, DType::F64))
}

/// A step between is rounded to the dtype, too.
fn halves_in_halves(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    match (&node.op, node.shape.dtype()) {
        (Op::Activation(Activation::Silu), DType::F16 | DType::BF16) => {
            let x = *inputs.first()?;
            let gate = draft.unary(Activation::Sigmoid, x);
            Some(draft.binary(BinaryOp::Mul, x, gate))
        }
        _ => None,
    }
}

fn negative_zero_lost(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    match node.op {
        Op::Activation(kind) if is_float(node.shape.dtype()) => {
            let y = draft.unary(kind, *inputs.first()?);
            Some(draft.with(BinaryOp::Add, y, 0.0))
        }
        _ => None,
    }
}

fn round_half_away(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let Op::Activation(Activation::Round) = node.op else { return None };
    let x = *inputs.first()?;
    let (sign, size) = (draft.unary(Activation::Sign, x), draft.unary(Activation::Abs, x));
    let more = draft.with(BinaryOp::Add, size, 0.5);
    let whole = draft.unary(Activation::Floor, more);
    Some(draft.binary(BinaryOp::Mul, whole, sign))
}

fn clamp_of_nan(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    match node.op {
        Op::Clamp { min, .. } if is_float(node.shape.dtype()) => {
            let bound = draft.scalar(min.into(), node.shape.dtype());
            let number = draft.unless_nan(*inputs.first()?, bound);
            draft.put(node.op.clone(), &[number], node)
        }
        _ => None,
    }
}

fn integers_through_f32(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let (Op::Binary(BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Max | BinaryOp::Min), &[a, b]) =
        (&node.op, inputs)
    else {
        return None;
    };
    if !is_integer(node.shape.dtype()) {
        return None;
    }
    let (a, b) = (draft.cast(a, DType::F32), draft.cast(b, DType::F32));
    let dims = crate::draft::dims_of(node);
    let y = draft.add(node.op.clone(), &[a, b], &dims, DType::F32);
    Some(draft.cast(y, node.shape.dtype()))
}

/// As C's `fmax` has it.
fn nan_lost_in_maximum(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let (Op::Binary(BinaryOp::Max | BinaryOp::Min), &[a, b]) = (&node.op, inputs) else { return None };
    if !draft.is_float(a) || draft.dims(a) != draft.dims(b) {
        return None;
    }
    let (left, right) = (draft.unless_nan(a, b), draft.unless_nan(b, a));
    draft.put(node.op.clone(), &[left, right], node)
}

/// The remainder with the sign of the divisor.
fn floored(draft: &mut Draft, a: NodeId, b: NodeId) -> NodeId {
    let remainder = draft.binary(BinaryOp::Mod, a, b);
    let moved = draft.binary(BinaryOp::Add, remainder, b);
    draft.binary(BinaryOp::Mod, moved, b)
}

fn division_floors(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let (Op::Binary(BinaryOp::Div), &[a, b], true) = (&node.op, inputs, is_integer(node.shape.dtype())) else {
        return None;
    };
    let remainder = floored(draft, a, b);
    let whole = draft.binary(BinaryOp::Sub, a, remainder);
    draft.put(node.op.clone(), &[whole, b], node)
}

fn remainder_floors(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    match (&node.op, inputs) {
        (Op::Binary(BinaryOp::Mod), &[a, b]) if is_integer(node.shape.dtype()) => Some(floored(draft, a, b)),
        _ => None,
    }
}

fn choice_swapped(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    match (&node.op, inputs) {
        (Op::Where, &[condition, a, b]) => draft.put(Op::Where, &[condition, b, a], node),
        _ => None,
    }
}

/// The ends of a narrow integer.
fn ends(dtype: DType) -> Option<(f32, f32)> {
    match dtype {
        DType::I8 => Some((-128.0, 127.0)),
        DType::I16 => Some((-32768.0, 32767.0)),
        DType::U8 => Some((0.0, 255.0)),
        _ => None,
    }
}

fn integers_saturate(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let (Op::Cast { to }, &[x]) = (&node.op, inputs) else { return None };
    let ((min, max), DType::I32) = (ends(*to)?, draft.dtype(x)) else { return None };
    let dims = draft.dims(x);
    let inside = draft.add(Op::Clamp { min, max }, &[x], &dims, DType::I32);
    draft.put(node.op.clone(), &[inside], node)
}

fn floats_wrap(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let (Op::Cast { to }, &[x]) = (&node.op, inputs) else { return None };
    ends(*to)?;
    if !draft.is_float(x) {
        return None;
    }
    let wide = draft.cast(x, DType::I64);
    draft.put(node.op.clone(), &[wide], node)
}
