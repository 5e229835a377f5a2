//! `Op::LayerNorm` and `Op::RmsNorm`.

use super::rule::{any, rules};
use super::scope::Scope;
use super::steps::{on_last_axis, on_processor};
use crate::host::normalize::Normalize;
use crate::ir::shapes::dims_of;
use crate::mlx::array::Array;
use rlx_host_api::{DType, Error};
use rlx_ir::Node;
use rlx_mlx_cpu::norm::Norm;

rules! {
    LayerNorm { axis, eps }    [x, _gamma, _beta; scope, node]    any    => layer_norm(scope, node, x, *axis, *eps);
    RmsNorm { axis, eps }      [x, _gamma, _beta; scope, node]    any    => rms_norm(scope, node, x, *axis, *eps);
}

/// `Op::LayerNorm` over `axis`, any axis.
fn layer_norm(scope: &Scope<'_>, node: &Node, x: &Array, axis: i32, eps: f32) -> Result<Array, Error> {
    if on_processor(scope, x)? {
        return normalized(scope, node, Norm::Layer, x, axis, eps);
    }
    let (gamma, beta) = (flat(scope.input(node, 1)?)?, flat(scope.input(node, 2)?)?);
    on_last_axis(x, axis, |x| x.layernorm(Some(&gamma), Some(&beta), eps))
}

/// `Op::RmsNorm` over `axis`, then `+ beta`. The node may declare the leading axes flattened into one.
fn rms_norm(scope: &Scope<'_>, node: &Node, x: &Array, axis: i32, eps: f32) -> Result<Array, Error> {
    let y = if on_processor(scope, x)? {
        normalized(scope, node, Norm::RootMeanSquare, x, axis, eps)?
    } else {
        let (gamma, beta) = (flat(scope.input(node, 1)?)?, flat(scope.input(node, 2)?)?);
        on_last_axis(x, axis, |x| x.rmsnorm(Some(&gamma), eps)?.add(&beta))?
    };
    let declared = dims_of(node)?;
    if y.dims()? == declared { Ok(y) } else { y.reshape(&declared) }
}

/// By the kernel of the processor, with scale and shift in f64.
pub(super) fn normalized(
    scope: &Scope<'_>,
    node: &Node,
    norm: Norm,
    x: &Array,
    axis: i32,
    eps: f32,
) -> Result<Array, Error> {
    let weight = |i| scope.prepare(node, i, |weight| flat(weight)?.cast(DType::F64));
    let (scale, shift) = (weight(1)?, weight(2)?);
    on_last_axis(x, axis, |x| {
        let dims = x.dims()?;
        let extent = dims.last().copied().unwrap_or(1);
        for (name, weight) in [("gamma", &scale), ("beta", &shift)] {
            if weight.dims()? != [extent] {
                let found = weight.dims()?;
                return Err(Error::invalid(format!("{name} has {found:?} elements, the axis {extent}")));
            }
        }
        let code = Normalize { norm, eps: eps.into(), rank: dims.len() };
        scope.host_step(node, &dims, x.dtype()?, &[x, &scale, &shift], code)
    })
}

/// Scales and shifts are 1-D for MLX; graphs also write them as `[1, 1, N]`.
pub(super) fn flat(weight: &Array) -> Result<Array, Error> {
    weight.reshape(&[-1])
}
