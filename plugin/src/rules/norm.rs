//! `Op::LayerNorm` and `Op::RmsNorm`.

use super::rule::{any, rules};
use crate::ir::shapes::dims_of;
use crate::mlx::array::Array;
use crate::mlx::extents::axis_of;
use rlx_host_api::Error;
use std::ffi::c_int;

rules! {
    LayerNorm { axis, eps }    [x, gamma, beta]             any    => layer_norm(x, gamma, beta, *axis, *eps);
    RmsNorm { axis, eps }      [x, gamma, beta; _, node]    any    => rms_norm(x, gamma, beta, *axis, *eps, &dims_of(node)?);
}

/// `Op::LayerNorm` over `axis`, any axis.
fn layer_norm(x: &Array, gamma: &Array, beta: &Array, axis: i32, eps: f32) -> Result<Array, Error> {
    let (gamma, beta) = (flat(gamma)?, flat(beta)?);
    on_last_axis(x, axis, |x| x.layernorm(Some(&gamma), Some(&beta), eps))
}

/// `Op::RmsNorm` over `axis`, then `+ beta`. The node may declare the leading axes flattened into one.
fn rms_norm(x: &Array, gamma: &Array, beta: &Array, axis: i32, eps: f32, declared: &[c_int]) -> Result<Array, Error> {
    let (gamma, beta) = (flat(gamma)?, flat(beta)?);
    let y = on_last_axis(x, axis, |x| x.rmsnorm(Some(&gamma), eps)?.add(&beta))?;
    if y.dims()? == declared { Ok(y) } else { y.reshape(declared) }
}

/// Scales and shifts are 1-D for MLX; graphs also write them as `[1, 1, N]`.
fn flat(weight: &Array) -> Result<Array, Error> {
    weight.reshape(&[-1])
}

fn on_last_axis(x: &Array, axis: i32, norm: impl FnOnce(&Array) -> Result<Array, Error>) -> Result<Array, Error> {
    let rank = x.dims()?.len();
    let axis = axis_of(axis, rank)?;
    if axis + 1 == rank {
        return norm(x);
    }
    // Swapping two axes is its own inverse.
    let mut swap: Vec<c_int> = (0..rank as c_int).collect();
    swap.swap(axis, rank - 1);
    norm(&x.transpose(&swap)?)?.transpose(&swap)
}
