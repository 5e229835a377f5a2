//! Fake quantization: values rounded to what a signed integer of a few bits can hold, and the gradients that stand in for
//! that of the rounding. Symmetric, with one scale for all or one for each index of an axis. Half types are computed in f32.

use super::rule::Case;
use super::rule::{any, rules};
use super::scope::Scope;
use super::steps::wide;
use crate::mlx::array::Array;
use rlx_host_api::Error;
use rlx_host_api::kernel::{Reduce, Unary};
use rlx_ir::op::{ScaleMode, SteKind};
use rlx_ir::{Node, Op};

rules! {
    FakeQuantize { bits, axis, scale_mode, .. } [1..=2; scope, node] without_state => {
        fake_quantize(scope, node, *bits, *axis, *scale_mode)
    };
    FakeQuantizeBackward { bits, axis, ste } [x, dy] any => fake_quantize_backward(x, dy, *bits, *axis, *ste);
}

/// Scale mode EMA is a state.
fn without_state(case: &Case<'_>) -> Result<(), Error> {
    match case.node.op {
        Op::FakeQuantize { scale_mode: ScaleMode::EMA { .. }, .. } => Err(ema()),
        _ => Ok(()),
    }
}

fn ema() -> Error {
    Error::unsupported(
        "scale mode EMA writes to its state while it runs, which no node does here: use PerBatch, or Fixed with a scale \
         that the host updates",
    )
}

/// `Op::FakeQuantize` of x, with its scale as second operand where the mode is `Fixed`.
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
        ScaleMode::Fixed => {
            let mut dims = vec![1; x.dims()?.len()];
            if let Some(axis) = axis_in(x, axis)? {
                dims[axis] = x.dims()?[axis];
            }
            above_zero(&wide(scope.input(node, 1)?)?.reshape(&dims)?)?
        }
        ScaleMode::EMA { .. } => return Err(ema()),
    };
    let largest = Array::scalar(largest(bits)?, x.dtype()?)?;
    let steps = x.div(&scale)?.unary(Unary::Round)?;
    steps.min(&largest)?.max(&largest.unary(Unary::Neg)?)?.mul(&scale)
}

/// `Op::FakeQuantizeBackward`: dy, damped where x is far from 0, as `ste` says.
fn fake_quantize_backward(x: &Array, dy: &Array, bits: u8, axis: Option<usize>, ste: SteKind) -> Result<Array, Error> {
    let (x, dy) = (&wide(x)?, &wide(dy)?);
    let c = |value: f64| Array::scalar(value, x.dtype()?);
    let scale = scale_of(x, bits, axis)?;
    let bound = scale.mul(&c(largest(bits)?)?)?;
    let size = x.unary(Unary::Abs)?;
    match ste {
        SteKind::Identity => dy.duplicate(),
        SteKind::ClippedIdentity => size.le(&bound)?.where_(dy, &c(0.0)?),
        SteKind::Tanh => {
            let tanh = x.div(&scale)?.unary(Unary::Tanh)?;
            dy.mul(&c(1.0)?.sub(&tanh.mul(&tanh)?)?)
        }
        SteKind::HardTanh => dy.mul(&c(1.0)?.sub(&size.div(&bound)?)?.max(&c(0.0)?)?),
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
