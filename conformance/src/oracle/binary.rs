//! Elementwise ops of two and three operands, with NumPy's broadcasting.

use crate::case::each;
use crate::compare::Expected;
use crate::format::whole_range;
use crate::tensor::{Tensor, Values, broadcast_offset, is_float};
use crate::tolerance::{ATAN2, EXACT, POW_ERF, ROUNDED};
use rlx_ir::DType;
use rlx_ir::op::{BinaryOp, CmpOp};

/// A binary op of two operands of one dtype.
pub fn binary(op: BinaryOp, a: &Tensor, b: &Tensor, dims: &[usize]) -> Expected {
    let dtype = a.dtype;
    if !is_float(dtype) {
        let bits = whole_range(dtype).map_or(64, |(first, last)| (last - first + 1).ilog2());
        let (x, y) = (a.wholes(), b.wholes());
        let pair = |index: Vec<usize>| (x[broadcast_offset(&a.dims, &index)], y[broadcast_offset(&b.dims, &index)]);
        return Expected::whole(dtype, dims, each(dims, |index| whole(op, pair(index), bits)));
    }
    let (x, y) = (a.reals(), b.reals());
    let values =
        each(dims, |index| real(op, x[broadcast_offset(&a.dims, &index)], y[broadcast_offset(&b.dims, &index)]));
    match op {
        BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div => {
            Expected::real(dtype, dims, values, ROUNDED).with_signed_zeros()
        }
        BinaryOp::Pow => Expected::real(dtype, dims, values, POW_ERF),
        BinaryOp::Atan2 => Expected::real(dtype, dims, values, ATAN2),
        BinaryOp::Max | BinaryOp::Min | BinaryOp::Mod => Expected::real(dtype, dims, values, EXACT),
        // The integer may be one that the dtype does not have.
        _ => Expected::real(dtype, dims, values, ROUNDED),
    }
}

pub(super) fn real(op: BinaryOp, a: f64, b: f64) -> f64 {
    let bits = |f: fn(i128, i128) -> i128| f(a as i128, b as i128) as f64;
    match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => a / b,
        BinaryOp::Max if a.is_nan() || b.is_nan() => f64::NAN,
        BinaryOp::Max => a.max(b),
        BinaryOp::Min if a.is_nan() || b.is_nan() => f64::NAN,
        BinaryOp::Min => a.min(b),
        BinaryOp::Pow => a.powf(b),
        BinaryOp::Mod => a % b,
        BinaryOp::Atan2 => a.atan2(b),
        BinaryOp::BitAnd => bits(|a, b| a & b),
        BinaryOp::BitOr => bits(|a, b| a | b),
        BinaryOp::BitXor => bits(|a, b| a ^ b),
        BinaryOp::Shl => bits(|a, b| a << b),
        BinaryOp::Shr => bits(|a, b| a >> b),
    }
}

/// As in C where C says it; beyond it what the real numbers give: 1 to a negative power is 1, all bits may be shifted out.
pub(super) fn whole(op: BinaryOp, (a, b): (i128, i128), bits: u32) -> i128 {
    let by = |b: i128| b.clamp(0, bits.into()) as u32;
    match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => a.checked_div(b).unwrap_or(0),
        BinaryOp::Max => a.max(b),
        BinaryOp::Min => a.min(b),
        BinaryOp::Pow => power(a, b),
        BinaryOp::Mod => a.checked_rem(b).unwrap_or(0),
        BinaryOp::BitAnd => a & b,
        BinaryOp::BitOr => a | b,
        BinaryOp::BitXor => a ^ b,
        BinaryOp::Shl => {
            if by(b) == bits {
                0
            } else {
                a << by(b)
            }
        }
        BinaryOp::Shr => a >> by(b),
        BinaryOp::Atan2 => 0,
    }
}

/// Modulo 2^64, which every dtype's wrapping divides.
fn power(a: i128, b: i128) -> i128 {
    match (a, b) {
        (1, _) => 1,
        (-1, _) => {
            if b % 2 == 0 {
                1
            } else {
                -1
            }
        }
        (_, ..0) => 0,
        _ => (0..b).fold(1i128, |product, _| (product * a) % (1 << 64)),
    }
}

/// `a * b + c` with one rounding, of operands of one shape.
pub fn fma(operands: &[Tensor]) -> Expected {
    let [a, b, c] = [0, 1, 2].map(|at| operands[at].reals());
    let values = (0..a.len()).map(|at| a[at].mul_add(b[at], c[at])).collect();
    Expected::real(operands[0].dtype, &operands[0].dims, values, ROUNDED).with_signed_zeros()
}

/// A comparison of two operands of one dtype: NaN is unequal to all.
pub fn compare(op: CmpOp, a: &Tensor, b: &Tensor, dims: &[usize]) -> Expected {
    let at = |index: &[usize]| (broadcast_offset(&a.dims, index), broadcast_offset(&b.dims, index));
    let values = match (&a.values, &b.values) {
        (Values::Whole(x), Values::Whole(y)) => each(dims, |index| {
            let (i, j) = at(&index);
            holds(op, x[i], y[j])
        }),
        _ => {
            let (x, y) = (a.reals(), b.reals());
            each(dims, |index| {
                let (i, j) = at(&index);
                holds(op, x[i], y[j])
            })
        }
    };
    Expected::whole(DType::Bool, dims, values)
}

/// 1 where it holds, else 0.
pub(super) fn holds<T: PartialOrd>(op: CmpOp, a: T, b: T) -> i128 {
    i128::from(match op {
        CmpOp::Eq => a == b,
        CmpOp::Ne => a != b,
        CmpOp::Lt => a < b,
        CmpOp::Le => a <= b,
        CmpOp::Gt => a > b,
        CmpOp::Ge => a >= b,
    })
}

/// `x` where the condition is not 0, else `y`.
pub fn select(condition: &Tensor, x: &Tensor, y: &Tensor, dims: &[usize]) -> Expected {
    let chosen = condition.reals();
    let from = |values: &Tensor| values.picked(dims, |index| broadcast_offset(&values.dims, &index));
    let (x, y) = (from(x), from(y));
    let picks: Vec<bool> = each(dims, |index| chosen[broadcast_offset(&condition.dims, &index)] != 0.0);
    let values = match (&x.values, &y.values) {
        (Values::Real(x), Values::Real(y)) => Values::Real(choose(&picks, x, y)),
        _ => Values::Whole(choose(&picks, &x.wholes(), &y.wholes())),
    };
    Expected::exact(Tensor { values, ..x })
}

fn choose<T: Copy>(picks: &[bool], x: &[T], y: &[T]) -> Vec<T> {
    picks.iter().zip(x.iter().zip(y)).map(|(&first, (&x, &y))| if first { x } else { y }).collect()
}

/// Clamped between two bounds, in real numbers; NaN stays NaN.
pub fn clamp(x: &Tensor, min: f32, max: f32) -> Expected {
    let (min, max) = (f64::from(min), f64::from(max));
    if let Values::Whole(values) = &x.values {
        // A bound that is no whole number of the dtype is the next one inside.
        let (first, last) = whole_range(x.dtype).unwrap_or((0, 0));
        let (low, high) = ((min.ceil() as i128).clamp(first, last), (max.floor() as i128).clamp(first, last));
        return Expected::whole(x.dtype, &x.dims, values.iter().map(|&value| value.max(low).min(high)).collect());
    }
    let each = |x: f64| if x.is_nan() { x } else { x.max(min).min(max) };
    // A bound may be no value of the dtype.
    Expected::real(x.dtype, &x.dims, x.reals().into_iter().map(each).collect(), ROUNDED)
}
