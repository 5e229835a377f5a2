//! Elementwise ops of two and three operands, and `Op::Clamp`.

use super::elementwise;
use super::floats::is_wider;
use super::rule::{Case, any, rules};
use super::scope::{Scope, declared_dtype};
use super::unary::convert;
use crate::host::fma::Fma;
use crate::ir::shapes::dims_of;
use crate::mlx::array::Array;
use crate::mlx::dtypes::{is_float, is_integer};
use rlx_host_api::{DType, Error};
use rlx_ir::op::{BinaryOp, CmpOp};
use rlx_ir::{Node, Op};

rules! {
    Binary(op)            [a, b; scope, node]    any    => of_one_dtype(scope, node, [a, b], *op);
    Compare(op)           [a, b; scope, node]    comparable    => of_two(scope, node, [a, b], *op);
    Fma                   [a, b, c; scope, node]    floats, Host    => fma(scope, node, [a, b, c]);
    Where                 [condition, x, y; scope, node]  any    => choice(scope, node, [condition, x, y]);
    Clamp { min, max }    [x; scope, node]    between_numbers    => between(scope, node, x, [*min, *max]);
}

/// Operands of two dtypes are computed in the declared one, those of one dtype in that or, where it is a wider one of its
/// kind, the declared.
fn of_one_dtype(scope: &Scope<'_>, node: &Node, [a, b]: [&Array; 2], op: BinaryOp) -> Result<Array, Error> {
    if let Some(value) = elementwise::single(scope, node)? {
        return Ok(value);
    }
    let (found, declared) = (a.dtype()?, declared_dtype(node));
    let alike = (is_float(found) && is_float(declared)) || (is_integer(found) && is_integer(declared));
    if found == b.dtype()? && !(alike && is_wider(declared, found)) {
        let y = if is_float(found) && is_of_bits(op) {
            let whole = |x| convert(scope, node, x, DType::I64);
            binary(&whole(a)?, &whole(b)?, op, DType::I64)?
        } else {
            binary(a, b, op, found)?
        };
        return convert(scope, node, &y, declared);
    }
    binary(&convert(scope, node, a, declared)?, &convert(scope, node, b, declared)?, op, declared)
}

/// Whether an op is one of bits: floats are whole numbers to it, the nearest that there are.
fn is_of_bits(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor | BinaryOp::Shl | BinaryOp::Shr)
}

/// `Op::Where`. Values of two dtypes become the declared one first.
fn choice(scope: &Scope<'_>, node: &Node, [condition, x, y]: [&Array; 3]) -> Result<Array, Error> {
    if let Some(value) = elementwise::single(scope, node)? {
        return Ok(value);
    }
    if x.dtype()? == y.dtype()? {
        return condition.where_(x, y);
    }
    let declared = declared_dtype(node);
    condition.where_(&x.cast(declared)?, &y.cast(declared)?)
}

/// Operands of two dtypes need a third that holds both exactly.
fn comparable(case: &Case<'_>) -> Result<(), Error> {
    let dtype = |i: usize| case.node.inputs.get(i).map(|&id| DType::from(case.graph.shape(id).dtype()));
    match (dtype(0), dtype(1)) {
        (Some(a), Some(b)) if common(a, b).is_none() => {
            Err(Error::unsupported(format!("a comparison of {a} and {b}, which no dtype holds both of: cast one")))
        }
        _ => Ok(()),
    }
}

/// The dtype that holds the numbers of both exactly.
fn common(a: DType, b: DType) -> Option<DType> {
    let is_half = |dtype| matches!(dtype, DType::F16 | DType::BF16);
    let integral = |dtype| is_integer(dtype) || dtype == DType::Bool;
    let is_small = |dtype| matches!(dtype, DType::I8 | DType::U8 | DType::I16 | DType::Bool);
    match (a, b) {
        _ if a == b => Some(a),
        (DType::C64 | DType::C128, _) | (_, DType::C64 | DType::C128) => None,
        _ if integral(a) && integral(b) => Some(DType::I64),
        (DType::F64, other) | (other, DType::F64) if other != DType::I64 => Some(DType::F64),
        (DType::F32, other) | (other, DType::F32) if is_half(other) || is_small(other) => Some(DType::F32),
        _ if (is_half(a) || is_small(a)) && (is_half(b) || is_small(b)) => Some(DType::F32),
        _ => None,
    }
}

fn floats(case: &Case<'_>) -> Result<(), Error> {
    match DType::from(case.node.shape.dtype()) {
        dtype if is_float(dtype) => Ok(()),
        other => {
            Err(Error::unsupported(format!("a product with a sum, rounded once, of dtype {other}: it is for floats")))
        }
    }
}

/// `Op::Fma`. Operands of other shapes are repeated, as for any two.
fn fma(scope: &Scope<'_>, node: &Node, operands: [&Array; 3]) -> Result<Array, Error> {
    let (dims, dtype) = (dims_of(node)?, declared_dtype(node));
    let mut alike = Vec::with_capacity(operands.len());
    for operand in operands {
        if operand.dtype()? != dtype {
            let found = operand.dtype()?;
            return Err(Error::unsupported(format!(
                "an operand is {found}, the node {dtype}: give operands of one dtype"
            )));
        }
        alike.push(if operand.dims()? == dims { operand.duplicate()? } else { operand.broadcast_to(&dims)? });
    }
    scope.host(node, dtype, &alike.iter().collect::<Vec<_>>(), Fma)
}

/// Bounds that are not NaN.
fn between_numbers(case: &Case<'_>) -> Result<(), Error> {
    match case.node.op {
        Op::Clamp { min, max } if min.is_nan() || max.is_nan() => {
            Err(Error::invalid(format!("bounds {min} and {max}: give numbers")))
        }
        _ => Ok(()),
    }
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
        BinaryOp::Pow => pow(a, b),
        BinaryOp::Mod => modulo(a, b),
        BinaryOp::Atan2 => a.atan2(b),
        BinaryOp::BitAnd => bits(a, b, Array::bit_and),
        BinaryOp::BitOr => bits(a, b, Array::bit_or),
        BinaryOp::BitXor => bits(a, b, Array::bit_xor),
        BinaryOp::Shl => bits(a, b, |a, b| shift(a, b, Array::shl)),
        BinaryOp::Shr => bits(a, b, |a, b| shift(a, b, Array::shr)),
    }
}

/// `Op::Compare`.
fn of_two(scope: &Scope<'_>, node: &Node, [a, b]: [&Array; 2], op: CmpOp) -> Result<Array, Error> {
    match elementwise::single(scope, node)? {
        Some(value) => Ok(value),
        None => compare(a, b, op),
    }
}

/// A comparison by MLX.
pub(super) fn compare(a: &Array, b: &Array, op: CmpOp) -> Result<Array, Error> {
    let (found, other) = (a.dtype()?, b.dtype()?);
    let dtype = common(found, other).ok_or_else(|| Error::fault("operands that cannot be compared"))?;
    let (a, b) = (&a.cast(dtype)?, &b.cast(dtype)?);
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
fn between(scope: &Scope<'_>, node: &Node, x: &Array, [min, max]: [f32; 2]) -> Result<Array, Error> {
    match elementwise::single(scope, node)? {
        Some(value) => Ok(value),
        None => clamp(x, min, max),
    }
}

/// A clamp by MLX. Of integers a bound outside their range is none, or their own end.
fn clamp(x: &Array, min: f32, max: f32) -> Result<Array, Error> {
    let dtype = x.dtype()?;
    let (min, max) = (f64::from(min), f64::from(max));
    let Some((least, most)) = range(dtype) else {
        return x.max(&Array::scalar(min, dtype)?)?.min(&Array::scalar(max, dtype)?);
    };
    let bound = |value: f64| Array::scalar(value.trunc().clamp(least, most), dtype);
    let x = if min > least { x.max(&bound(min)?)? } else { x.duplicate()? };
    if max < most { x.min(&bound(max)?) } else { Ok(x) }
}

/// The ends of an integer dtype, as f64 holds them: that of i64 is the largest below it.
pub(super) fn range(dtype: DType) -> Option<(f64, f64)> {
    Some(match dtype {
        DType::I8 => (i8::MIN.into(), i8::MAX.into()),
        DType::I16 => (i16::MIN.into(), i16::MAX.into()),
        DType::I32 => (i32::MIN.into(), i32::MAX.into()),
        DType::I64 => (i64::MIN as f64, 9_223_372_036_854_774_784.0),
        DType::U8 => (0.0, u8::MAX.into()),
        DType::U32 => (0.0, u32::MAX.into()),
        _ => return None,
    })
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

/// A power. Of integers a negative one is what is left of the fraction towards zero: nothing, but for 1 and -1.
fn pow(a: &Array, b: &Array) -> Result<Array, Error> {
    let dtype = a.dtype()?;
    if !is_integer(dtype) || matches!(dtype, DType::U8 | DType::U32) {
        return a.pow(b);
    }
    let c = |value: f64| Array::scalar(value, dtype);
    let (zero, one) = (c(0.0)?, c(1.0)?);
    let whole = a.pow(&b.max(&zero)?)?;
    let is_odd = b.bit_and(&one)?.ne(&zero)?;
    let sign = is_odd.where_(&c(-1.0)?, &one)?;
    let fraction = a.eq(&c(-1.0)?)?.where_(&sign, &a.eq(&one)?.where_(&one, &zero)?)?;
    b.lt(&zero)?.where_(&fraction, &whole)
}

/// A shift. One by the number of bits or more, or by less than nothing, leaves none of them, or the sign's.
fn shift(a: &Array, b: &Array, shift: fn(&Array, &Array) -> Result<Array, Error>) -> Result<Array, Error> {
    let dtype = a.dtype()?;
    let bits = 8.0 * dtype.size() as f64;
    let last = Array::scalar(bits - 1.0, dtype)?;
    let zero = Array::scalar(0.0, dtype)?;
    let is_inside = b.ge(&zero)?.bit_and(&b.le(&last)?)?;
    let inside = is_inside.where_(b, &last)?;
    let shifted = shift(a, &inside)?;
    // By all bits but one and then by one more.
    let one = Array::scalar(1.0, dtype)?;
    is_inside.where_(&shifted, &shift(&shifted, &one)?)
}

/// A bit operation; floats carry integers in RLX, so they are converted (and back by the walk).
fn bits(a: &Array, b: &Array, op: fn(&Array, &Array) -> Result<Array, Error>) -> Result<Array, Error> {
    let bits = |x: &Array| if x.dtype()? == DType::Bool { x.duplicate() } else { integer(x) };
    op(&bits(a)?, &bits(b)?)
}

/// The array as integers.
fn integer(x: &Array) -> Result<Array, Error> {
    if is_integer(x.dtype()?) { x.duplicate() } else { x.cast(DType::I64) }
}
