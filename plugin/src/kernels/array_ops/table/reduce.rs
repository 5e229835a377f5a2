//! Thunks of the operations of `reduce.h`. Written by `cargo xtask array-ops`. Do not edit.

use super::super::arg;
use super::super::thunk::{guard, produce};
use rlx_host_api::abi::*;
use rlx_mlx_shim as ffi;

pub(super) unsafe extern "C" fn reduce(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    kind: u32,
    axes: *const i32,
    axes_count: u64,
    keep_dim: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("reduce", || unsafe {
        let a = arg::array(a, "a")?;
        let axes = arg::list(axes, axes_count, "axes")?;
        produce(out, |out| ffi::rlx_mlx_op_reduce(a, kind, axes.as_ptr(), axes.len(), keep_dim, out))
    })
}

pub(super) unsafe extern "C" fn logsumexp(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    axes: *const i32,
    axes_count: u64,
    keep_dim: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("logsumexp", || unsafe {
        let a = arg::array(a, "a")?;
        let axes = arg::list(axes, axes_count, "axes")?;
        produce(out, |out| ffi::rlx_mlx_op_logsumexp(a, axes.as_ptr(), axes.len(), keep_dim, out))
    })
}

pub(super) unsafe extern "C" fn var(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    axes: *const i32,
    axes_count: u64,
    keep_dim: i32,
    ddof: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("var", || unsafe {
        let a = arg::array(a, "a")?;
        let axes = arg::list(axes, axes_count, "axes")?;
        produce(out, |out| ffi::rlx_mlx_op_var(a, axes.as_ptr(), axes.len(), keep_dim, ddof, out))
    })
}

pub(super) unsafe extern "C" fn std(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    axes: *const i32,
    axes_count: u64,
    keep_dim: i32,
    ddof: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("std", || unsafe {
        let a = arg::array(a, "a")?;
        let axes = arg::list(axes, axes_count, "axes")?;
        produce(out, |out| ffi::rlx_mlx_op_std(a, axes.as_ptr(), axes.len(), keep_dim, ddof, out))
    })
}

pub(super) unsafe extern "C" fn all(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    axes: *const i32,
    axes_count: u64,
    keep_dim: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("all", || unsafe {
        let a = arg::array(a, "a")?;
        let axes = arg::list(axes, axes_count, "axes")?;
        produce(out, |out| ffi::rlx_mlx_op_all(a, axes.as_ptr(), axes.len(), keep_dim, out))
    })
}

pub(super) unsafe extern "C" fn any(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    axes: *const i32,
    axes_count: u64,
    keep_dim: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("any", || unsafe {
        let a = arg::array(a, "a")?;
        let axes = arg::list(axes, axes_count, "axes")?;
        produce(out, |out| ffi::rlx_mlx_op_any(a, axes.as_ptr(), axes.len(), keep_dim, out))
    })
}

pub(super) unsafe extern "C" fn argmax(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    axis: i32,
    keep_dim: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("argmax", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_argmax(a, axis, keep_dim, out))
    })
}

pub(super) unsafe extern "C" fn argmin(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    axis: i32,
    keep_dim: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("argmin", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_argmin(a, axis, keep_dim, out))
    })
}
