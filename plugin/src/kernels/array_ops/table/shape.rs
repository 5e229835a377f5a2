//! Thunks of the operations of `shape.h`. Written by `cargo xtask array-ops`. Do not edit.

use super::super::arg;
use super::super::thunk::{guard, produce};
use rlx_host_api::abi::*;
use rlx_mlx_shim as ffi;

pub(super) unsafe extern "C" fn reshape(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    new_shape: *const i32,
    new_shape_count: u64,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("reshape", || unsafe {
        let a = arg::array(a, "a")?;
        let new_shape = arg::list(new_shape, new_shape_count, "new_shape")?;
        produce(out, |out| ffi::rlx_mlx_op_reshape(a, new_shape.as_ptr(), new_shape.len(), out))
    })
}

pub(super) unsafe extern "C" fn flatten(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    start_axis: i32,
    end_axis: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("flatten", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_flatten(a, start_axis, end_axis, out))
    })
}

pub(super) unsafe extern "C" fn expand_dims(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    axes: *const i32,
    axes_count: u64,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("expand_dims", || unsafe {
        let a = arg::array(a, "a")?;
        let axes = arg::list(axes, axes_count, "axes")?;
        produce(out, |out| ffi::rlx_mlx_op_expand_dims(a, axes.as_ptr(), axes.len(), out))
    })
}

pub(super) unsafe extern "C" fn squeeze(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    axes: *const i32,
    axes_count: u64,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("squeeze", || unsafe {
        let a = arg::array(a, "a")?;
        let axes = arg::list(axes, axes_count, "axes")?;
        produce(out, |out| ffi::rlx_mlx_op_squeeze(a, axes.as_ptr(), axes.len(), out))
    })
}

pub(super) unsafe extern "C" fn transpose(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    perm: *const i32,
    perm_count: u64,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("transpose", || unsafe {
        let a = arg::array(a, "a")?;
        let perm = arg::list(perm, perm_count, "perm")?;
        produce(out, |out| ffi::rlx_mlx_op_transpose(a, perm.as_ptr(), perm.len(), out))
    })
}

pub(super) unsafe extern "C" fn moveaxis(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    source: i32,
    destination: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("moveaxis", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_moveaxis(a, source, destination, out))
    })
}

pub(super) unsafe extern "C" fn swapaxes(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    axis1: i32,
    axis2: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("swapaxes", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_swapaxes(a, axis1, axis2, out))
    })
}

pub(super) unsafe extern "C" fn slice(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    start: *const i32,
    start_count: u64,
    stop: *const i32,
    stop_count: u64,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("slice", || unsafe {
        let a = arg::array(a, "a")?;
        let start = arg::list(start, start_count, "start")?;
        let stop = arg::list(stop, stop_count, "stop")?;
        arg::same_length(("start", start.len()), ("stop", stop.len()))?;
        produce(out, |out| ffi::rlx_mlx_op_slice(a, start.as_ptr(), stop.as_ptr(), start.len(), out))
    })
}

pub(super) unsafe extern "C" fn slice_strided(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    start: *const i32,
    start_count: u64,
    stop: *const i32,
    stop_count: u64,
    strides: *const i32,
    strides_count: u64,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("slice_strided", || unsafe {
        let a = arg::array(a, "a")?;
        let start = arg::list(start, start_count, "start")?;
        let stop = arg::list(stop, stop_count, "stop")?;
        let strides = arg::list(strides, strides_count, "strides")?;
        arg::same_length(("start", start.len()), ("stop", stop.len()))?;
        arg::same_length(("start", start.len()), ("strides", strides.len()))?;
        produce(out, |out| {
            ffi::rlx_mlx_op_slice_strided(a, start.as_ptr(), stop.as_ptr(), strides.as_ptr(), start.len(), out)
        })
    })
}

pub(super) unsafe extern "C" fn slice_dynamic(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    start: *mut RlxArray,
    axes: *const i32,
    axes_count: u64,
    size: *const i32,
    size_count: u64,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("slice_dynamic", || unsafe {
        let a = arg::array(a, "a")?;
        let start = arg::array(start, "start")?;
        let axes = arg::list(axes, axes_count, "axes")?;
        let size = arg::list(size, size_count, "size")?;
        produce(out, |out| {
            ffi::rlx_mlx_op_slice_dynamic(a, start, axes.as_ptr(), axes.len(), size.as_ptr(), size.len(), out)
        })
    })
}

pub(super) unsafe extern "C" fn concat(
    out: *mut *mut RlxArray,
    arrays: *const *mut RlxArray,
    arrays_count: u64,
    axis: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("concat", || unsafe {
        let arrays = arg::arrays(arrays, arrays_count, "arrays")?;
        produce(out, |out| ffi::rlx_mlx_op_concat(arrays.as_ptr(), arrays.len(), axis, out))
    })
}

pub(super) unsafe extern "C" fn stack(
    out: *mut *mut RlxArray,
    arrays: *const *mut RlxArray,
    arrays_count: u64,
    axis: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("stack", || unsafe {
        let arrays = arg::arrays(arrays, arrays_count, "arrays")?;
        produce(out, |out| ffi::rlx_mlx_op_stack(arrays.as_ptr(), arrays.len(), axis, out))
    })
}

pub(super) unsafe extern "C" fn split(
    out: *mut *mut RlxArray,
    count: u64,
    a: *mut RlxArray,
    axis: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("split", || unsafe {
        let count = arg::size(count, "count")?;
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_split(a, axis, out, count))
    })
}

pub(super) unsafe extern "C" fn split_at(
    out: *mut *mut RlxArray,
    count: u64,
    a: *mut RlxArray,
    places: *const i32,
    places_count: u64,
    axis: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("split_at", || unsafe {
        let count = arg::size(count, "count")?;
        let a = arg::array(a, "a")?;
        let places = arg::list(places, places_count, "places")?;
        produce(out, |out| ffi::rlx_mlx_op_split_at(a, places.as_ptr(), places.len(), axis, out, count))
    })
}

pub(super) unsafe extern "C" fn broadcast_to(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    shape: *const i32,
    shape_count: u64,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("broadcast_to", || unsafe {
        let a = arg::array(a, "a")?;
        let shape = arg::list(shape, shape_count, "shape")?;
        produce(out, |out| ffi::rlx_mlx_op_broadcast_to(a, shape.as_ptr(), shape.len(), out))
    })
}

pub(super) unsafe extern "C" fn repeat(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    repeats: i32,
    axis: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("repeat", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_repeat(a, repeats, axis, out))
    })
}

pub(super) unsafe extern "C" fn tile(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    reps: *const i32,
    reps_count: u64,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("tile", || unsafe {
        let a = arg::array(a, "a")?;
        let reps = arg::list(reps, reps_count, "reps")?;
        produce(out, |out| ffi::rlx_mlx_op_tile(a, reps.as_ptr(), reps.len(), out))
    })
}

pub(super) unsafe extern "C" fn flip(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    axes: *const i32,
    axes_count: u64,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("flip", || unsafe {
        let a = arg::array(a, "a")?;
        let axes = arg::list(axes, axes_count, "axes")?;
        produce(out, |out| ffi::rlx_mlx_op_flip(a, axes.as_ptr(), axes.len(), out))
    })
}

pub(super) unsafe extern "C" fn roll(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    shifts: *const i32,
    shifts_count: u64,
    axes: *const i32,
    axes_count: u64,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("roll", || unsafe {
        let a = arg::array(a, "a")?;
        let shifts = arg::list(shifts, shifts_count, "shifts")?;
        let axes = arg::list(axes, axes_count, "axes")?;
        arg::same_length(("shifts", shifts.len()), ("axes", axes.len()))?;
        produce(out, |out| ffi::rlx_mlx_op_roll(a, shifts.as_ptr(), axes.as_ptr(), shifts.len(), out))
    })
}

pub(super) unsafe extern "C" fn pad(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    low: *const i32,
    low_count: u64,
    high: *const i32,
    high_count: u64,
    pad_value: f32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("pad", || unsafe {
        let a = arg::array(a, "a")?;
        let low = arg::list(low, low_count, "low")?;
        let high = arg::list(high, high_count, "high")?;
        arg::same_length(("low", low.len()), ("high", high.len()))?;
        produce(out, |out| ffi::rlx_mlx_op_pad(a, low.as_ptr(), high.as_ptr(), low.len(), pad_value, out))
    })
}

pub(super) unsafe extern "C" fn pad_value(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    low: *const i32,
    low_count: u64,
    high: *const i32,
    high_count: u64,
    pad_value: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("pad_value", || unsafe {
        let a = arg::array(a, "a")?;
        let low = arg::list(low, low_count, "low")?;
        let high = arg::list(high, high_count, "high")?;
        arg::same_length(("low", low.len()), ("high", high.len()))?;
        let pad_value = arg::array(pad_value, "pad_value")?;
        produce(out, |out| ffi::rlx_mlx_op_pad_value(a, low.as_ptr(), high.as_ptr(), low.len(), pad_value, out))
    })
}

pub(super) unsafe extern "C" fn as_strided(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    shape: *const i32,
    shape_count: u64,
    strides: *const i64,
    strides_count: u64,
    offset: u64,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("as_strided", || unsafe {
        let a = arg::array(a, "a")?;
        let shape = arg::list(shape, shape_count, "shape")?;
        let strides = arg::list(strides, strides_count, "strides")?;
        arg::same_length(("shape", shape.len()), ("strides", strides.len()))?;
        let offset = arg::size(offset, "offset")?;
        produce(out, |out| ffi::rlx_mlx_op_as_strided(a, shape.as_ptr(), strides.as_ptr(), shape.len(), offset, out))
    })
}

pub(super) unsafe extern "C" fn contiguous(out: *mut *mut RlxArray, a: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("contiguous", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_contiguous(a, out))
    })
}

pub(super) unsafe extern "C" fn copy(out: *mut *mut RlxArray, a: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("copy", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_copy(a, out))
    })
}
