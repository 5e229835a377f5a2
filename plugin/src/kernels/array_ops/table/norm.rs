//! Thunks of the operations of `norm.h`. Written by `cargo xtask array-ops`. Do not edit.

use super::super::arg;
use super::super::thunk::{guard, produce};
use rlx_host_api::abi::*;
use rlx_mlx_shim as ffi;

pub(super) unsafe extern "C" fn layernorm(
    out: *mut *mut RlxArray,
    x: *mut RlxArray,
    gamma: *mut RlxArray,
    beta: *mut RlxArray,
    eps: f32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("layernorm", || unsafe {
        let x = arg::array(x, "x")?;
        produce(out, |out| ffi::rlx_mlx_op_layernorm(x, gamma.cast(), beta.cast(), eps, out))
    })
}

pub(super) unsafe extern "C" fn rmsnorm(
    out: *mut *mut RlxArray,
    x: *mut RlxArray,
    gamma: *mut RlxArray,
    eps: f32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("rmsnorm", || unsafe {
        let x = arg::array(x, "x")?;
        produce(out, |out| ffi::rlx_mlx_op_rmsnorm(x, gamma.cast(), eps, out))
    })
}
