//! Thunks of the operations of `softmax.h`. Written by `cargo xtask array-ops`. Do not edit.

use super::super::arg;
use super::super::thunk::{guard, produce};
use rlx_host_api::abi::*;
use rlx_mlx_shim as ffi;

pub(super) unsafe extern "C" fn softmax(out: *mut *mut RlxArray, a: *mut RlxArray, axis: i32) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("softmax", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_softmax(a, axis, out))
    })
}

pub(super) unsafe extern "C" fn cross_entropy(
    out: *mut *mut RlxArray,
    logits: *mut RlxArray,
    targets: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("cross_entropy", || unsafe {
        let logits = arg::array(logits, "logits")?;
        let targets = arg::array(targets, "targets")?;
        produce(out, |out| ffi::rlx_mlx_op_cross_entropy(logits, targets, out))
    })
}
