//! Thunks of the operations of `gather.h`. Written by `cargo xtask array-ops`. Do not edit.

use super::super::arg;
use super::super::thunk::{guard, produce};
use rlx_host_api::abi::*;
use rlx_mlx_shim as ffi;

pub(super) unsafe extern "C" fn take(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    indices: *mut RlxArray,
    axis: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("take", || unsafe {
        let a = arg::array(a, "a")?;
        let indices = arg::array(indices, "indices")?;
        produce(out, |out| ffi::rlx_mlx_op_take(a, indices, axis, out))
    })
}

pub(super) unsafe extern "C" fn take_along_axis(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    indices: *mut RlxArray,
    axis: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("take_along_axis", || unsafe {
        let a = arg::array(a, "a")?;
        let indices = arg::array(indices, "indices")?;
        produce(out, |out| ffi::rlx_mlx_op_take_along_axis(a, indices, axis, out))
    })
}

pub(super) unsafe extern "C" fn gather(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    indices: *const *mut RlxArray,
    indices_count: u64,
    axes: *const i32,
    axes_count: u64,
    sizes: *const i32,
    sizes_count: u64,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("gather", || unsafe {
        let a = arg::array(a, "a")?;
        let indices = arg::arrays(indices, indices_count, "indices")?;
        let axes = arg::list(axes, axes_count, "axes")?;
        arg::same_length(("indices", indices.len()), ("axes", axes.len()))?;
        let sizes = arg::list(sizes, sizes_count, "sizes")?;
        produce(out, |out| {
            ffi::rlx_mlx_op_gather(a, indices.as_ptr(), axes.as_ptr(), indices.len(), sizes.as_ptr(), sizes.len(), out)
        })
    })
}
