//! Thunks of the operations of `scatter.h`. Written by `cargo xtask array-ops`. Do not edit.

use super::super::arg;
use super::super::thunk::{guard, produce};
use rlx_host_api::abi::*;
use rlx_mlx_shim as ffi;

pub(super) unsafe extern "C" fn scatter_add(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    indices: *mut RlxArray,
    updates: *mut RlxArray,
    axis: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("scatter_add", || unsafe {
        let a = arg::array(a, "a")?;
        let indices = arg::array(indices, "indices")?;
        let updates = arg::array(updates, "updates")?;
        produce(out, |out| ffi::rlx_mlx_op_scatter_add(a, indices, updates, axis, out))
    })
}

pub(super) unsafe extern "C" fn scatter_add_axis(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    indices: *mut RlxArray,
    updates: *mut RlxArray,
    axis: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("scatter_add_axis", || unsafe {
        let a = arg::array(a, "a")?;
        let indices = arg::array(indices, "indices")?;
        let updates = arg::array(updates, "updates")?;
        produce(out, |out| ffi::rlx_mlx_op_scatter_add_axis(a, indices, updates, axis, out))
    })
}

pub(super) unsafe extern "C" fn scatter_axis(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    indices: *mut RlxArray,
    updates: *mut RlxArray,
    axis: i32,
    mode: u32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("scatter_axis", || unsafe {
        let a = arg::array(a, "a")?;
        let indices = arg::array(indices, "indices")?;
        let updates = arg::array(updates, "updates")?;
        produce(out, |out| ffi::rlx_mlx_op_scatter_axis(a, indices, updates, axis, mode, out))
    })
}

pub(super) unsafe extern "C" fn scatter(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    indices: *const *mut RlxArray,
    indices_count: u64,
    axes: *const i32,
    axes_count: u64,
    updates: *mut RlxArray,
    mode: u32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("scatter", || unsafe {
        let a = arg::array(a, "a")?;
        let indices = arg::arrays(indices, indices_count, "indices")?;
        let axes = arg::list(axes, axes_count, "axes")?;
        arg::same_length(("indices", indices.len()), ("axes", axes.len()))?;
        let updates = arg::array(updates, "updates")?;
        produce(out, |out| {
            ffi::rlx_mlx_op_scatter(a, indices.as_ptr(), axes.as_ptr(), indices.len(), updates, mode, out)
        })
    })
}

pub(super) unsafe extern "C" fn slice_update(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    update: *mut RlxArray,
    start: *const i32,
    start_count: u64,
    stop: *const i32,
    stop_count: u64,
    strides: *const i32,
    strides_count: u64,
    mode: u32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("slice_update", || unsafe {
        let a = arg::array(a, "a")?;
        let update = arg::array(update, "update")?;
        let start = arg::list(start, start_count, "start")?;
        let stop = arg::list(stop, stop_count, "stop")?;
        let strides = arg::optional_list(strides, strides_count, "strides")?;
        arg::same_length(("start", start.len()), ("stop", stop.len()))?;
        if let Some(strides) = strides {
            arg::same_length(("start", start.len()), ("strides", strides.len()))?;
        }
        produce(out, |out| {
            ffi::rlx_mlx_op_slice_update(
                a,
                update,
                start.as_ptr(),
                stop.as_ptr(),
                strides.map_or(std::ptr::null(), <[i32]>::as_ptr),
                start.len(),
                mode,
                out,
            )
        })
    })
}

pub(super) unsafe extern "C" fn slice_update_dynamic(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    update: *mut RlxArray,
    start: *mut RlxArray,
    axes: *const i32,
    axes_count: u64,
    mode: u32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("slice_update_dynamic", || unsafe {
        let a = arg::array(a, "a")?;
        let update = arg::array(update, "update")?;
        let start = arg::array(start, "start")?;
        let axes = arg::list(axes, axes_count, "axes")?;
        produce(out, |out| ffi::rlx_mlx_op_slice_update_dynamic(a, update, start, axes.as_ptr(), axes.len(), mode, out))
    })
}
