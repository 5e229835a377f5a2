//! `Op::LayerNorm` and `Op::RmsNorm`.

use super::axis_of;
use crate::array::Array;
use rlx_host_api::Error;
use std::ffi::c_int;

/// `Op::LayerNorm` over `axis`, any axis.
pub(super) fn layer_norm(x: &Array, gamma: &Array, beta: &Array, axis: i32, eps: f32) -> Result<Array, Error> {
    let (gamma, beta) = (flat(gamma)?, flat(beta)?);
    on_last_axis(x, axis, |x| x.layer_norm(Some(&gamma), Some(&beta), eps))
}

/// `Op::RmsNorm` over `axis`, then `+ beta`. The node may declare the leading axes flattened into one.
pub(super) fn rms_norm(
    x: &Array,
    gamma: &Array,
    beta: &Array,
    axis: i32,
    eps: f32,
    declared: &[c_int],
) -> Result<Array, Error> {
    let (gamma, beta) = (flat(gamma)?, flat(beta)?);
    let y = on_last_axis(x, axis, |x| x.rms_norm(Some(&gamma), eps)?.add(&beta))?;
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
