//! Thunks of the operations of `scan.h`. Written by `cargo xtask array-ops`. Do not edit.

use super::super::arg;
use super::super::thunk::{guard, produce};
use rlx_host_api::abi::*;
use rlx_mlx_shim as ffi;

pub(super) unsafe extern "C" fn cumsum(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    axis: i32,
    exclusive: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("cumsum", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_cumsum(a, axis, exclusive, out))
    })
}

pub(super) unsafe extern "C" fn cumsum_reverse(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    axis: i32,
    exclusive: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("cumsum_reverse", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_cumsum_reverse(a, axis, exclusive, out))
    })
}

pub(super) unsafe extern "C" fn cumprod(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    axis: i32,
    reverse: i32,
    exclusive: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("cumprod", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_cumprod(a, axis, reverse, exclusive, out))
    })
}

pub(super) unsafe extern "C" fn cummax(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    axis: i32,
    reverse: i32,
    exclusive: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("cummax", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_cummax(a, axis, reverse, exclusive, out))
    })
}

pub(super) unsafe extern "C" fn cummin(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    axis: i32,
    reverse: i32,
    exclusive: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("cummin", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_cummin(a, axis, reverse, exclusive, out))
    })
}

pub(super) unsafe extern "C" fn logcumsumexp(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    axis: i32,
    reverse: i32,
    exclusive: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("logcumsumexp", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_logcumsumexp(a, axis, reverse, exclusive, out))
    })
}
