//! `Op::Pad`: elements around an array, of one value or from the array itself.

use super::rule::{Case, other_kind, rules};
use super::shape::slice;
use crate::mlx::array::Array;
use crate::mlx::dtypes::is_integer;
use crate::mlx::extents::int;
use rlx_host_api::{DType, Error};
use rlx_ir::Op;
use rlx_ir::op::PadMode;
use std::ffi::c_int;

rules! {
    Pad { pads, mode }    [x]    holds_the_value    => pad(x, pads, *mode);
}

/// A constant is f32; integers and bool take those that they hold.
fn holds_the_value(case: &Case<'_>) -> Result<(), Error> {
    let Op::Pad { mode, .. } = &case.node.op else { return Err(other_kind(case.node)) };
    let PadMode::Constant(value) = *mode else { return Ok(()) };
    let dtype = DType::from(case.node.shape.dtype());
    let value = f64::from(value);
    let limits = match dtype {
        DType::Bool => 0.0..2.0,
        DType::I8 => -128.0..128.0,
        DType::U8 => 0.0..256.0,
        DType::I16 => -32768.0..32768.0,
        DType::I32 => -2_147_483_648.0..2_147_483_648.0,
        DType::U32 => 0.0..4_294_967_296.0,
        DType::I64 => -9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0,
        _ => return Ok(()),
    };
    if value.trunc() == value && limits.contains(&value) {
        return Ok(());
    }
    let kind = if is_integer(dtype) { "an integer" } else { "a value" };
    Err(Error::unsupported(format!("it pads {dtype} with {value}, which is not {kind} that {dtype} holds")))
}

/// Axis by axis, so that corners continue what the axes before have got, as in NumPy's `pad`.
fn pad(x: &Array, pads: &[[usize; 2]], mode: PadMode) -> Result<Array, Error> {
    let dims = x.dims()?;
    if pads.len() != dims.len() {
        return Err(Error::invalid(format!("{} pairs of pads for an array of shape {dims:?}", pads.len())));
    }
    if let PadMode::Constant(value) = mode {
        return constant(x, pads, value);
    }
    let mut y = x.duplicate()?;
    for (axis, (&[before, after], &extent)) in pads.iter().zip(&dims).enumerate() {
        if before > 0 || after > 0 {
            y = along(&y, axis, extent, [before, after], mode)?;
        }
    }
    Ok(y)
}

fn constant(x: &Array, pads: &[[usize; 2]], value: f32) -> Result<Array, Error> {
    let low = pads.iter().map(|&[before, _]| int(before)).collect::<Result<Vec<_>, _>>()?;
    let high = pads.iter().map(|&[_, after]| int(after)).collect::<Result<Vec<_>, _>>()?;
    if low.iter().chain(&high).all(|&count| count == 0) {
        return x.duplicate();
    }
    x.pad_value(&low, &high, &Array::scalar(value.into(), x.dtype()?)?)
}

/// What stands before the elements of an axis, they, and what stands behind them.
fn along(x: &Array, axis: usize, extent: c_int, [before, after]: [usize; 2], mode: PadMode) -> Result<Array, Error> {
    let n = usize::try_from(extent).map_err(|_| Error::fault("a negative extent"))?;
    let most = match mode {
        PadMode::Reflect => n.saturating_sub(1),
        PadMode::Circular => n,
        PadMode::Replicate | PadMode::Constant(_) if n > 0 => usize::MAX,
        PadMode::Replicate | PadMode::Constant(_) => 0,
    };
    if before > most || after > most {
        return Err(Error::invalid(format!(
            "{mode:?} has {most} elements at most to put before and behind axis {axis} of extent {n}, and [{before}, \
             {after}] are asked for"
        )));
    }
    let edge = |start: usize, count: usize| -> Result<Array, Error> {
        let one = x.slice_axis(axis, int(start)?, Some(int(start + 1)?), 1)?;
        let mut dims = one.dims()?;
        if let Some(extent) = dims.get_mut(axis) {
            *extent = int(count)?;
        }
        one.broadcast_to(&dims)
    };
    let front = |count| match mode {
        PadMode::Reflect => slice(x, axis, count, count, -1),
        PadMode::Circular => slice(x, axis, n - count, count, 1),
        PadMode::Replicate | PadMode::Constant(_) => edge(0, count),
    };
    let back = |count| match mode {
        PadMode::Reflect => slice(x, axis, n - 2, count, -1),
        PadMode::Circular => slice(x, axis, 0, count, 1),
        PadMode::Replicate | PadMode::Constant(_) => edge(n - 1, count),
    };
    let mut parts = Vec::with_capacity(3);
    if before > 0 {
        parts.push(front(before)?);
    }
    parts.push(x.duplicate()?);
    if after > 0 {
        parts.push(back(after)?);
    }
    Array::concat(&parts.iter().collect::<Vec<_>>(), int(axis)?)
}
