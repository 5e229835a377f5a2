//! Steps that several families take.

use crate::mlx::array::Array;
use rlx_host_api::{DType, Error};
use std::ffi::c_int;

/// In f32 where the dtype is not wider, for formulas of several steps: halves are rounded once, at their end.
pub(super) fn wide(x: &Array) -> Result<Array, Error> {
    if x.dtype()? == DType::F64 { x.duplicate() } else { x.cast(DType::F32) }
}

/// The integers `start` to `stop - 1`.
pub(super) fn integers(start: c_int, stop: c_int) -> Result<Array, Error> {
    Array::arange(start.into(), stop.into(), 1.0, DType::I32)
}
