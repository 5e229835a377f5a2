//! Thunks of the operations of `unary.h`. Written by `cargo xtask array-ops`. Do not edit.

use super::super::arg;
use super::super::thunk::{guard, produce};
use rlx_host_api::abi::*;
use rlx_mlx_shim as ffi;

pub(super) unsafe extern "C" fn unary(out: *mut *mut RlxArray, a: *mut RlxArray, kind: u32) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("unary", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_unary(a, kind, out))
    })
}

pub(super) unsafe extern "C" fn gelu(out: *mut *mut RlxArray, a: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("gelu", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_gelu(a, out))
    })
}

pub(super) unsafe extern "C" fn silu(out: *mut *mut RlxArray, a: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("silu", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_silu(a, out))
    })
}

pub(super) unsafe extern "C" fn cast(out: *mut *mut RlxArray, a: *mut RlxArray, dtype: u32) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("cast", || unsafe {
        let a = arg::array(a, "a")?;
        let dtype = arg::dtype(dtype)?;
        produce(out, |out| ffi::rlx_mlx_op_cast(a, dtype, out))
    })
}

pub(super) unsafe extern "C" fn view(out: *mut *mut RlxArray, a: *mut RlxArray, dtype: u32) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("view", || unsafe {
        let a = arg::array(a, "a")?;
        let dtype = arg::dtype(dtype)?;
        produce(out, |out| ffi::rlx_mlx_op_view(a, dtype, out))
    })
}

pub(super) unsafe extern "C" fn bit_not(out: *mut *mut RlxArray, a: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("bit_not", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_bit_not(a, out))
    })
}

pub(super) unsafe extern "C" fn logical_not(out: *mut *mut RlxArray, a: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("logical_not", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_logical_not(a, out))
    })
}

pub(super) unsafe extern "C" fn nan_to_num(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    nan: f32,
    posinf: f32,
    neginf: f32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("nan_to_num", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_nan_to_num(a, nan, posinf, neginf, out))
    })
}
