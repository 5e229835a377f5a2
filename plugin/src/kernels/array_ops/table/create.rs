//! Thunks of the operations of `create.h`. Written by `cargo xtask array-ops`. Do not edit.

use super::super::arg;
use super::super::thunk::{guard, produce};
use rlx_host_api::abi::*;
use rlx_mlx_shim as ffi;

pub(super) unsafe extern "C" fn zeros(
    out: *mut *mut RlxArray,
    shape: *const i32,
    shape_count: u64,
    dtype: u32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("zeros", || unsafe {
        let shape = arg::list(shape, shape_count, "shape")?;
        let dtype = arg::dtype(dtype)?;
        produce(out, |out| ffi::rlx_mlx_op_zeros(shape.as_ptr(), shape.len(), dtype, out))
    })
}

pub(super) unsafe extern "C" fn ones(
    out: *mut *mut RlxArray,
    shape: *const i32,
    shape_count: u64,
    dtype: u32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("ones", || unsafe {
        let shape = arg::list(shape, shape_count, "shape")?;
        let dtype = arg::dtype(dtype)?;
        produce(out, |out| ffi::rlx_mlx_op_ones(shape.as_ptr(), shape.len(), dtype, out))
    })
}

pub(super) unsafe extern "C" fn full(
    out: *mut *mut RlxArray,
    shape: *const i32,
    shape_count: u64,
    value: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("full", || unsafe {
        let shape = arg::list(shape, shape_count, "shape")?;
        let value = arg::array(value, "value")?;
        produce(out, |out| ffi::rlx_mlx_op_full(shape.as_ptr(), shape.len(), value, out))
    })
}

pub(super) unsafe extern "C" fn arange(
    out: *mut *mut RlxArray,
    start: f64,
    stop: f64,
    step: f64,
    dtype: u32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("arange", || unsafe {
        let dtype = arg::dtype(dtype)?;
        produce(out, |out| ffi::rlx_mlx_op_arange(start, stop, step, dtype, out))
    })
}

pub(super) unsafe extern "C" fn linspace(
    out: *mut *mut RlxArray,
    start: f64,
    stop: f64,
    count: i32,
    endpoint: i32,
    dtype: u32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("linspace", || unsafe {
        let dtype = arg::dtype(dtype)?;
        produce(out, |out| ffi::rlx_mlx_op_linspace(start, stop, count, endpoint, dtype, out))
    })
}

pub(super) unsafe extern "C" fn eye(
    out: *mut *mut RlxArray,
    rows: i32,
    columns: i32,
    k: i32,
    dtype: u32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("eye", || unsafe {
        let dtype = arg::dtype(dtype)?;
        produce(out, |out| ffi::rlx_mlx_op_eye(rows, columns, k, dtype, out))
    })
}

pub(super) unsafe extern "C" fn tri(
    out: *mut *mut RlxArray,
    rows: i32,
    columns: i32,
    k: i32,
    dtype: u32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("tri", || unsafe {
        let dtype = arg::dtype(dtype)?;
        produce(out, |out| ffi::rlx_mlx_op_tri(rows, columns, k, dtype, out))
    })
}

pub(super) unsafe extern "C" fn tril(out: *mut *mut RlxArray, a: *mut RlxArray, k: i32) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("tril", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_tril(a, k, out))
    })
}

pub(super) unsafe extern "C" fn triu(out: *mut *mut RlxArray, a: *mut RlxArray, k: i32) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("triu", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_triu(a, k, out))
    })
}
