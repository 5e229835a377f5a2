//! Steps that several families take.

use super::scope::Scope;
use crate::mlx::array::Array;
use crate::mlx::dtypes::is_float;
use crate::mlx::extents::axis_of;
use rlx_host_api::{DType, Error};
use std::ffi::c_int;

/// Whether the kernels of the crate rlx-mlx-cpu compute floats of `x`: where the device is the processor. MLX's own are
/// as they should be on GPUs.
pub(super) fn on_processor(scope: &Scope<'_>, x: &Array) -> Result<bool, Error> {
    Ok(scope.device().in_host_memory() && is_float(x.dtype()?))
}

/// What `f` makes of x along its last axis, for another axis.
pub(super) fn on_last_axis(
    x: &Array,
    axis: i32,
    f: impl FnOnce(&Array) -> Result<Array, Error>,
) -> Result<Array, Error> {
    let rank = x.dims()?.len();
    let axis = axis_of(axis, rank)?;
    if axis + 1 == rank {
        return f(x);
    }
    // Swapping two axes is its own inverse.
    let mut swap: Vec<c_int> = (0..rank as c_int).collect();
    swap.swap(axis, rank - 1);
    f(&x.transpose(&swap)?)?.transpose(&swap)
}

/// In f32 where the dtype is not wider, for formulas of several steps: halves are rounded once, at their end.
pub(super) fn wide(x: &Array) -> Result<Array, Error> {
    if x.dtype()? == DType::F64 { x.duplicate() } else { x.cast(DType::F32) }
}

/// The integers `start` to `stop - 1`.
pub(super) fn integers(start: c_int, stop: c_int) -> Result<Array, Error> {
    Array::arange(start.into(), stop.into(), 1.0, DType::I32)
}
