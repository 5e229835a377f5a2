//! Thunks of the operations of `sort.h`. Written by `cargo xtask array-ops`. Do not edit.

use super::super::arg;
use super::super::thunk::{guard, produce};
use rlx_host_api::abi::*;
use rlx_mlx_shim as ffi;

pub(super) unsafe extern "C" fn sort(out: *mut *mut RlxArray, a: *mut RlxArray, axis: i32) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("sort", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_sort(a, axis, out))
    })
}

pub(super) unsafe extern "C" fn sort_by(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    axis: i32,
    descending: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("sort_by", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_sort_by(a, axis, descending, out))
    })
}

pub(super) unsafe extern "C" fn argsort(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    axis: i32,
    descending: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("argsort", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_argsort(a, axis, descending, out))
    })
}

pub(super) unsafe extern "C" fn topk_values(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    k: i32,
    axis: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("topk_values", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_topk_values(a, k, axis, out))
    })
}

pub(super) unsafe extern "C" fn topk(out: *mut *mut RlxArray, a: *mut RlxArray, k: i32, axis: i32) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("topk", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_topk(a, k, axis, out, out.add(1)))
    })
}

pub(super) unsafe extern "C" fn partition(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    kth: i32,
    axis: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("partition", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_partition(a, kth, axis, out))
    })
}

pub(super) unsafe extern "C" fn argpartition(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    kth: i32,
    axis: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("argpartition", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_argpartition(a, kth, axis, out))
    })
}

pub(super) unsafe extern "C" fn searchsorted(
    out: *mut *mut RlxArray,
    sorted: *mut RlxArray,
    values: *mut RlxArray,
    right: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("searchsorted", || unsafe {
        let sorted = arg::array(sorted, "sorted")?;
        let values = arg::array(values, "values")?;
        produce(out, |out| ffi::rlx_mlx_op_searchsorted(sorted, values, right, out))
    })
}
