//! Elementwise ops of two and three operands, and `Op::Clamp`.

use super::rule::{any, rules};
use super::scope::declared_dtype;
use crate::mlx::array::Array;
use crate::mlx::dtypes::is_integer;
use rlx_host_api::{DType, Error};
use rlx_ir::op::{BinaryOp, CmpOp};

rules! {
    Binary(op)            [a, b; _, node]    any    => binary(a, b, *op, declared_dtype(node));
    Compare(op)           [a, b]             any    => compare(a, b, *op);
    Where                 [condition, x, y]  any    => condition.where_(x, y);
    Clamp { min, max }    [x]                any    => clamp(x, *min, *max);
}

/// `Op::Binary` with NumPy broadcasting; `declared` is the dtype of the node.
pub(super) fn binary(a: &Array, b: &Array, op: BinaryOp, declared: DType) -> Result<Array, Error> {
    match op {
        BinaryOp::Add => a.add(b),
        BinaryOp::Sub => a.sub(b),
        BinaryOp::Mul => a.mul(b),
        BinaryOp::Div => div(a, b, declared),
        BinaryOp::Max => a.max(b),
        BinaryOp::Min => a.min(b),
        BinaryOp::Pow => a.pow(b),
        BinaryOp::Mod => modulo(a, b),
        BinaryOp::Atan2 => a.atan2(b),
        BinaryOp::BitAnd => bits(a, b, Array::bit_and),
        BinaryOp::BitOr => bits(a, b, Array::bit_or),
        BinaryOp::BitXor => bits(a, b, Array::bit_xor),
        BinaryOp::Shl => bits(a, b, Array::shl),
        BinaryOp::Shr => bits(a, b, Array::shr),
    }
}

/// `Op::Compare`.
pub(super) fn compare(a: &Array, b: &Array, op: CmpOp) -> Result<Array, Error> {
    match op {
        CmpOp::Eq => a.eq(b),
        CmpOp::Ne => a.ne(b),
        CmpOp::Lt => a.lt(b),
        CmpOp::Le => a.le(b),
        CmpOp::Gt => a.gt(b),
        CmpOp::Ge => a.ge(b),
    }
}

/// `Op::Clamp`.
fn clamp(x: &Array, min: f32, max: f32) -> Result<Array, Error> {
    let dtype = x.dtype()?;
    x.max(&Array::scalar(min.into(), dtype)?)?.min(&Array::scalar(max.into(), dtype)?)
}

/// True division, or the truncating one of C where the node is an integer.
fn div(a: &Array, b: &Array, declared: DType) -> Result<Array, Error> {
    let integers = is_integer(a.dtype()?) && is_integer(b.dtype()?) && is_integer(declared);
    if integers { truncating_div(a, b) } else { a.div(b) }
}

/// The integer quotient of C; over zero it is zero. MLX rounds down.
fn truncating_div(a: &Array, b: &Array) -> Result<Array, Error> {
    let floor = a.floor_div(b)?;
    let zero = Array::scalar(0.0, floor.dtype()?)?;
    // A negative quotient that is not exact is one too low.
    let low = floor.mul(b)?.ne(a)?.bit_and(&floor.lt(&zero)?)?;
    floor.add(&low.cast(floor.dtype()?)?)
}

/// The remainder of C: the sign is that of the dividend. Integers go by their quotient, so that the rule for zero is
/// the same.
fn modulo(a: &Array, b: &Array) -> Result<Array, Error> {
    let integral = |dtype| is_integer(dtype) || dtype == DType::Bool;
    if integral(a.dtype()?) && integral(b.dtype()?) {
        let (a, b) = (integer(a)?, integer(b)?);
        return a.sub(&truncating_div(&a, &b)?.mul(&b)?);
    }
    a.fmod(b)
}

/// A bit operation; floats carry integers in RLX, so they are converted (and back by the walk).
fn bits(a: &Array, b: &Array, op: fn(&Array, &Array) -> Result<Array, Error>) -> Result<Array, Error> {
    let bits = |x: &Array| if x.dtype()? == DType::Bool { x.duplicate() } else { integer(x) };
    op(&bits(a)?, &bits(b)?)
}

/// The array as integers.
fn integer(x: &Array) -> Result<Array, Error> {
    if is_integer(x.dtype()?) { x.duplicate() } else { x.cast(DType::I32) }
}
