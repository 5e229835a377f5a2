//! Thunks of the operations of `attention.h`. Written by `cargo xtask array-ops`. Do not edit.

use super::super::arg;
use super::super::thunk::{guard, produce};
use rlx_host_api::abi::*;
use rlx_mlx_shim as ffi;

pub(super) unsafe extern "C" fn attention(
    out: *mut *mut RlxArray,
    q: *mut RlxArray,
    k: *mut RlxArray,
    v: *mut RlxArray,
    scale: f32,
    mask_kind: u32,
    mask: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("attention", || unsafe {
        let q = arg::array(q, "q")?;
        let k = arg::array(k, "k")?;
        let v = arg::array(v, "v")?;
        produce(out, |out| ffi::rlx_mlx_op_attention(q, k, v, scale, mask_kind, mask.cast(), out))
    })
}

pub(super) unsafe extern "C" fn attention_sinks(
    out: *mut *mut RlxArray,
    q: *mut RlxArray,
    k: *mut RlxArray,
    v: *mut RlxArray,
    scale: f32,
    mask_kind: u32,
    mask: *mut RlxArray,
    sinks: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("attention_sinks", || unsafe {
        let q = arg::array(q, "q")?;
        let k = arg::array(k, "k")?;
        let v = arg::array(v, "v")?;
        let sinks = arg::array(sinks, "sinks")?;
        produce(out, |out| ffi::rlx_mlx_op_attention_sinks(q, k, v, scale, mask_kind, mask.cast(), sinks, out))
    })
}

pub(super) unsafe extern "C" fn gated_delta_update(
    out: *mut *mut RlxArray,
    q: *mut RlxArray,
    k: *mut RlxArray,
    v: *mut RlxArray,
    gates: *mut RlxArray,
    beta: *mut RlxArray,
    state: *mut RlxArray,
    mask: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("gated_delta_update", || unsafe {
        let q = arg::array(q, "q")?;
        let k = arg::array(k, "k")?;
        let v = arg::array(v, "v")?;
        let gates = arg::array(gates, "gates")?;
        let beta = arg::array(beta, "beta")?;
        produce(out, |out| {
            ffi::rlx_mlx_op_gated_delta_update(q, k, v, gates, beta, state.cast(), mask.cast(), out, out.add(1))
        })
    })
}
