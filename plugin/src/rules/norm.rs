//! `Op::LayerNorm` and `Op::RmsNorm`.

use super::floats::{floats, for_declared};
use super::rule::{Case, other_kind, rules};
use super::scope::{Scope, declared_dtype};
use super::steps::{on_last_axis, on_processor};
use crate::host::normalize::Normalize;
use crate::ir::shapes::dims_of;
use crate::mlx::array::Array;
use crate::mlx::extents::{axis_of, joined};
use rlx_host_api::{DType, Error};
use rlx_ir::{Node, Op};
use rlx_mlx_cpu::norm::Norm;

rules! {
    LayerNorm { axis, eps }    [x, _gamma, _beta; scope, node]    weights_fit    => layer_norm(scope, node, x, *axis, *eps);
    RmsNorm { axis, eps }      [x, _gamma, _beta; scope, node]    weights_fit    => rms_norm(scope, node, x, *axis, *eps);
}

/// Scale and shift are as long as the axis that is normalized, or as that and those behind it.
fn weights_fit(case: &Case<'_>) -> Result<(), Error> {
    floats(case)?;
    let (Op::LayerNorm { axis, .. } | Op::RmsNorm { axis, .. }) = case.node.op else {
        return Err(other_kind(case.node));
    };
    let [x, weights @ ..] = case.node.inputs.as_slice() else { return Ok(()) };
    let dims = dims_of(case.graph.node(*x))?;
    let behind = &dims[axis_of(axis, dims.len())?..];
    for (name, &weight) in ["gamma", "beta"].iter().zip(weights) {
        let found = dims_of(case.graph.node(weight))?;
        let count = joined(&found)?;
        if behind.first() != Some(&count) && joined(behind)? != count {
            return Err(Error::invalid(format!(
                "{name} is {found:?}: its elements are those of axis {axis} of {dims:?}, or of that and all behind it"
            )));
        }
    }
    Ok(())
}

/// `Op::LayerNorm` over `axis`, any axis, or over that and those behind it.
fn layer_norm(scope: &Scope<'_>, node: &Node, x: &Array, axis: i32, eps: f32) -> Result<Array, Error> {
    let (rows, axis) = joined_axes(scope, node, x, axis)?;
    let y = if on_processor(scope, x)? {
        normalized(scope, node, Norm::Layer, &rows, axis, eps)?
    } else {
        let (gamma, beta) = (flat(scope.input(node, 1)?)?, flat(scope.input(node, 2)?)?);
        on_last_axis(&rows, axis, |x| x.layernorm(Some(&gamma), Some(&beta), eps))?
    };
    y.reshape(&x.dims()?)
}

/// `Op::RmsNorm` over the same axes, then `+ beta`. The node may declare the leading axes flattened into one.
fn rms_norm(scope: &Scope<'_>, node: &Node, x: &Array, axis: i32, eps: f32) -> Result<Array, Error> {
    let (rows, axis) = joined_axes(scope, node, x, axis)?;
    let y = if on_processor(scope, x)? {
        normalized(scope, node, Norm::RootMeanSquare, &rows, axis, eps)?
    } else {
        let (gamma, beta) = (flat(scope.input(node, 1)?)?, flat(scope.input(node, 2)?)?);
        on_last_axis(&rows, axis, |x| x.rmsnorm(Some(&gamma), eps)?.add(&beta))?
    };
    let declared = dims_of(node)?;
    if y.dims()? == declared { Ok(y) } else { y.reshape(&declared) }
}

/// x and the axis of it to normalize along. Gamma tells how many axes of x that is: where it has as many elements as `axis`
/// and all behind it together, as ONNX's LayerNormalization has it, those become one.
fn joined_axes(scope: &Scope<'_>, node: &Node, x: &Array, axis: i32) -> Result<(Array, i32), Error> {
    let dims = x.dims()?;
    let (before, behind) = dims.split_at(axis_of(axis, dims.len())?);
    let (count, all) = (joined(&scope.input_dims(node, 1)?)?, joined(behind)?);
    if behind.first() == Some(&count) || count != all {
        return Ok((x.duplicate()?, axis));
    }
    Ok((x.reshape(&[before, &[all]].concat())?, -1))
}

/// By the kernel of the processor along `axis`, with scale and shift, operands 1 and 2.
fn normalized(scope: &Scope<'_>, node: &Node, norm: Norm, x: &Array, axis: i32, eps: f32) -> Result<Array, Error> {
    let weights = [weight(scope, node, 1)?, weight(scope, node, 2)?];
    on_last_axis(&for_declared(node, x)?, axis, |x| {
        by_kernel(scope, node, norm, x, weights.each_ref(), eps, declared_dtype(node))
    })
}

/// Operand `i` as the kernel takes scales and shifts: in f32 where nothing else is wider.
pub(super) fn weight(scope: &Scope<'_>, node: &Node, i: usize) -> Result<Array, Error> {
    scope.prepare(node, i, |weight| {
        let is_narrow = declared_dtype(node) != DType::F64 && weight.dtype()? != DType::F64;
        flat(weight)?.cast(if is_narrow { DType::F32 } else { DType::F64 })
    })
}

/// By the kernel of the processor along the last axis, with scale and shift. What is computed in f32 and is `to` be of a half
/// type is rounded to that at once.
pub(super) fn by_kernel(
    scope: &Scope<'_>,
    node: &Node,
    norm: Norm,
    x: &Array,
    [scale, shift]: [&Array; 2],
    eps: f32,
    to: DType,
) -> Result<Array, Error> {
    let dims = x.dims()?;
    let extent = dims.last().copied().unwrap_or(1);
    for (name, weight) in [("gamma", scale), ("beta", shift)] {
        if weight.dims()? != [extent] {
            let found = weight.dims()?;
            return Err(Error::invalid(format!("{name} has {found:?} elements, the axis {extent}")));
        }
    }
    let dtype = match (x.dtype()?, to) {
        (DType::F32, half @ (DType::F16 | DType::BF16)) => half,
        (same, _) => same,
    };
    let code = Normalize { norm, eps: eps.into(), rank: dims.len() };
    scope.host_step(node, &dims, dtype, &[x, scale, shift], code)
}

/// Scales and shifts are 1-D for MLX; graphs also write them as `[1, 1, N]`.
pub(super) fn flat(weight: &Array) -> Result<Array, Error> {
    weight.reshape(&[-1])
}
