//! Fake quantization: values rounded to what a signed integer of a few bits can hold, and the gradients that stand in for
//! that of the rounding. Symmetric, with one scale for all or one for each index of an axis. Half types are computed in f32.

use super::rule::Case;
use super::rule::{any, rules};
use super::scope::Scope;
use super::steps::wide;
use super::unary;
use crate::mlx::array::Array;
use rlx_host_api::Error;
use rlx_host_api::kernel::{Reduce, Unary};
use rlx_ir::op::{Activation, ScaleMode, SteKind};
use rlx_ir::{Node, Op};

rules! {
    FakeQuantize { bits, axis, scale_mode, .. } [1..=2; scope, node] scale_is_there => {
        fake_quantize(scope, node, *bits, *axis, *scale_mode)
    };
    FakeQuantizeBackward { bits, axis, ste } [2..=2; scope, node] any => {
        fake_quantize_backward(scope, node, *bits, *axis, *ste)
    };
}

/// The scale, or the running one, is the second operand; the scale of the batch is none.
fn scale_is_there(case: &Case<'_>) -> Result<(), Error> {
    let Op::FakeQuantize { scale_mode, .. } = case.node.op else { return Ok(()) };
    let wanted = if scale_mode == ScaleMode::PerBatch { 1 } else { 2 };
    match case.node.inputs.len() {
        found if found == wanted => Ok(()),
        found => Err(Error::invalid(format!("{found} operands; scale mode {scale_mode:?} takes {wanted}"))),
    }
}

/// `Op::FakeQuantize` of x. Second operand is the scale where the mode is `Fixed`, and where it is `EMA` the running scale,
/// which the scale of this batch becomes part of.
fn fake_quantize(
    scope: &Scope<'_>,
    node: &Node,
    bits: u8,
    axis: Option<usize>,
    mode: ScaleMode,
) -> Result<Array, Error> {
    let x = &wide(scope.input(node, 0)?)?;
    let scale = match mode {
        ScaleMode::PerBatch => scale_of(x, bits, axis)?,
        ScaleMode::Fixed => scope.prepare(node, 1, |scale| above_zero(&per_channel(x, scale, axis)?))?,
        ScaleMode::EMA { decay } => {
            let running = scope.input(node, 1)?;
            let (old, new) = (per_channel(x, running, axis)?, scale_of(x, bits, axis)?);
            let c = |value: f64| Array::scalar(value, x.dtype()?);
            let mixed = old.mul(&c(decay.into())?)?.add(&new.mul(&c(1.0 - f64::from(decay))?)?)?;
            // None has been there yet.
            let scale = old.le(&c(0.0)?)?.where_(&new, &mixed)?;
            // A batch of nothing has no scale.
            let scale = if x.dims()?.contains(&0) { old } else { scale };
            scope.write_state(node, 1, scale.reshape(&running.dims()?)?.cast(running.dtype()?)?)?;
            scale
        }
    };
    let largest = Array::scalar(largest(bits)?, x.dtype()?)?;
    let steps = x.div(&scale)?.unary(Unary::Round)?;
    steps.min(&largest)?.max(&largest.unary(Unary::Neg)?)?.mul(&scale)
}

/// `Op::FakeQuantizeBackward`: dy, damped where x is far from 0, as `ste` says.
fn fake_quantize_backward(
    scope: &Scope<'_>,
    node: &Node,
    bits: u8,
    axis: Option<usize>,
    ste: SteKind,
) -> Result<Array, Error> {
    let (x, dy) = (&wide(scope.input(node, 0)?)?, &wide(scope.input(node, 1)?)?);
    let c = |value: f64| Array::scalar(value, x.dtype()?);
    let scale = scale_of(x, bits, axis)?;
    match ste {
        // The scale is that of x itself, whose largest value is the end of the range: nothing is clipped but NaN.
        SteKind::Identity => dy.duplicate(),
        SteKind::ClippedIdentity => x.eq(x)?.where_(dy, &c(0.0)?),
        SteKind::Tanh => {
            // 1 - tanh², as 4 e / (1 + e)² with e = exp(-2 |x / scale|): nothing cancels.
            let steps = x.div(&scale)?.unary(Unary::Abs)?.mul(&c(-2.0)?)?;
            let power = unary::activation(scope, node, &steps, Activation::Exp)?;
            let below = power.add(&c(1.0)?)?;
            dy.mul(&power.mul(&c(4.0)?)?.div(&below.mul(&below)?)?)
        }
        SteKind::HardTanh => {
            let bound = scale.mul(&c(largest(bits)?)?)?;
            dy.mul(&c(1.0)?.sub(&x.unary(Unary::Abs)?.div(&bound)?)?.max(&c(0.0)?)?)
        }
    }
}

/// What the largest step stands for is the largest |x|: one scale, or one an index of `axis`, ready to broadcast.
fn scale_of(x: &Array, bits: u8, axis: Option<usize>) -> Result<Array, Error> {
    let (dims, kept) = (x.dims()?, axis_in(x, axis)?);
    if dims.contains(&0) {
        return Array::scalar(1.0, x.dtype()?);
    }
    let axes: Vec<_> = (0..dims.len()).filter(|&a| Some(a) != kept).map(|a| a as _).collect();
    let size = x.unary(Unary::Abs)?;
    let size = if axes.is_empty() { size } else { size.reduce(Reduce::Max, &axes, true)? };
    above_zero(&size.div(&Array::scalar(largest(bits)?, x.dtype()?)?)?)
}

/// Scales, one or one for each index of `axis`, ready to broadcast over x and in its dtype.
fn per_channel(x: &Array, scales: &Array, axis: Option<usize>) -> Result<Array, Error> {
    let mut dims = vec![1; x.dims()?.len()];
    if let Some(axis) = axis_in(x, axis)? {
        dims[axis] = x.dims()?[axis];
    }
    scales.cast(x.dtype()?)?.reshape(&dims)
}

/// A scale that one may divide by.
fn above_zero(scale: &Array) -> Result<Array, Error> {
    scale.max(&Array::scalar(1e-12, scale.dtype()?)?)
}

fn axis_in(x: &Array, axis: Option<usize>) -> Result<Option<usize>, Error> {
    let rank = x.dims()?.len();
    match axis {
        Some(axis) if axis >= rank => Err(Error::invalid(format!("axis {axis} of an array of rank {rank}"))),
        axis => Ok(axis),
    }
}

/// The largest number of steps.
fn largest(bits: u8) -> Result<f64, Error> {
    match bits {
        2 | 4 | 8 => Ok(f64::from((1u32 << (bits - 1)) - 1)),
        _ => Err(Error::invalid(format!("fake quantization to {bits} bits: 2, 4 and 8 are there"))),
    }
}
