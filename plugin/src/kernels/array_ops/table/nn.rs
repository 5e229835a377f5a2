//! Thunks of the operations of `nn.h`. Written by `cargo xtask array-ops`. Do not edit.

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

pub(super) unsafe extern "C" fn rope(
    out: *mut *mut RlxArray,
    x: *mut RlxArray,
    dims: i32,
    traditional: i32,
    base: f32,
    scale: f32,
    offset: i32,
    freqs: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("rope", || unsafe {
        let x = arg::array(x, "x")?;
        produce(out, |out| ffi::rlx_mlx_op_rope(x, dims, traditional, base, scale, offset, freqs.cast(), out))
    })
}

pub(super) unsafe extern "C" fn rope_offsets(
    out: *mut *mut RlxArray,
    x: *mut RlxArray,
    dims: i32,
    traditional: i32,
    base: f32,
    scale: f32,
    offsets: *mut RlxArray,
    freqs: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("rope_offsets", || unsafe {
        let x = arg::array(x, "x")?;
        let offsets = arg::array(offsets, "offsets")?;
        produce(out, |out| ffi::rlx_mlx_op_rope_offsets(x, dims, traditional, base, scale, offsets, freqs.cast(), out))
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

pub(super) unsafe extern "C" fn hadamard(out: *mut *mut RlxArray, x: *mut RlxArray, scale: f32) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("hadamard", || unsafe {
        let x = arg::array(x, "x")?;
        produce(out, |out| ffi::rlx_mlx_op_hadamard(x, scale, out))
    })
}
