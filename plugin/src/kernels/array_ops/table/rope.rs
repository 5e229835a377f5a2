//! Thunks of the operations of `rope.h`. Written by `cargo xtask array-ops`. Do not edit.

use super::super::arg;
use super::super::thunk::{guard, produce};
use rlx_host_api::abi::*;
use rlx_mlx_shim as ffi;

pub(super) unsafe extern "C" fn rope(
    out: *mut *mut RlxArray,
    x: *mut RlxArray,
    dims: i32,
    traditional: i32,
    base: f32,
    scale: f32,
    offset: i32,
    freqs: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("rope", || unsafe {
        let x = arg::array(x, "x")?;
        produce(out, |out| ffi::rlx_mlx_op_rope(x, dims, traditional, base, scale, offset, freqs.cast(), out))
    })
}

pub(super) unsafe extern "C" fn rope_offsets(
    out: *mut *mut RlxArray,
    x: *mut RlxArray,
    dims: i32,
    traditional: i32,
    base: f32,
    scale: f32,
    offsets: *mut RlxArray,
    freqs: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("rope_offsets", || unsafe {
        let x = arg::array(x, "x")?;
        let offsets = arg::array(offsets, "offsets")?;
        produce(out, |out| ffi::rlx_mlx_op_rope_offsets(x, dims, traditional, base, scale, offsets, freqs.cast(), out))
    })
}
