//! Thunks of the operations of `random.h`. Written by `cargo xtask array-ops`. Do not edit.

use super::super::arg;
use super::super::thunk::{guard, produce};
use rlx_host_api::abi::*;
use rlx_mlx_shim as ffi;

pub(super) unsafe extern "C" fn random_key(out: *mut *mut RlxArray, seed: u64) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("random_key", || unsafe { produce(out, |out| ffi::rlx_mlx_op_random_key(seed, out)) })
}

pub(super) unsafe extern "C" fn random_split(out: *mut *mut RlxArray, key: *mut RlxArray, num: i32) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("random_split", || unsafe {
        let key = arg::array(key, "key")?;
        produce(out, |out| ffi::rlx_mlx_op_random_split(key, num, out))
    })
}

pub(super) unsafe extern "C" fn random_bits(
    out: *mut *mut RlxArray,
    shape: *const i32,
    shape_count: u64,
    width: i32,
    key: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("random_bits", || unsafe {
        let shape = arg::list(shape, shape_count, "shape")?;
        let key = arg::array(key, "key")?;
        produce(out, |out| ffi::rlx_mlx_op_random_bits(shape.as_ptr(), shape.len(), width, key, out))
    })
}

pub(super) unsafe extern "C" fn random_uniform(
    out: *mut *mut RlxArray,
    low: *mut RlxArray,
    high: *mut RlxArray,
    shape: *const i32,
    shape_count: u64,
    dtype: u32,
    key: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("random_uniform", || unsafe {
        let low = arg::array(low, "low")?;
        let high = arg::array(high, "high")?;
        let shape = arg::list(shape, shape_count, "shape")?;
        let dtype = arg::dtype(dtype)?;
        let key = arg::array(key, "key")?;
        produce(out, |out| ffi::rlx_mlx_op_random_uniform(low, high, shape.as_ptr(), shape.len(), dtype, key, out))
    })
}

pub(super) unsafe extern "C" fn random_normal(
    out: *mut *mut RlxArray,
    shape: *const i32,
    shape_count: u64,
    dtype: u32,
    loc: *mut RlxArray,
    scale: *mut RlxArray,
    key: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("random_normal", || unsafe {
        let shape = arg::list(shape, shape_count, "shape")?;
        let dtype = arg::dtype(dtype)?;
        let key = arg::array(key, "key")?;
        produce(out, |out| {
            ffi::rlx_mlx_op_random_normal(shape.as_ptr(), shape.len(), dtype, loc.cast(), scale.cast(), key, out)
        })
    })
}

pub(super) unsafe extern "C" fn random_truncated_normal(
    out: *mut *mut RlxArray,
    lower: *mut RlxArray,
    upper: *mut RlxArray,
    shape: *const i32,
    shape_count: u64,
    dtype: u32,
    key: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("random_truncated_normal", || unsafe {
        let lower = arg::array(lower, "lower")?;
        let upper = arg::array(upper, "upper")?;
        let shape = arg::list(shape, shape_count, "shape")?;
        let dtype = arg::dtype(dtype)?;
        let key = arg::array(key, "key")?;
        produce(out, |out| {
            ffi::rlx_mlx_op_random_truncated_normal(lower, upper, shape.as_ptr(), shape.len(), dtype, key, out)
        })
    })
}

pub(super) unsafe extern "C" fn random_gumbel(
    out: *mut *mut RlxArray,
    shape: *const i32,
    shape_count: u64,
    dtype: u32,
    key: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("random_gumbel", || unsafe {
        let shape = arg::list(shape, shape_count, "shape")?;
        let dtype = arg::dtype(dtype)?;
        let key = arg::array(key, "key")?;
        produce(out, |out| ffi::rlx_mlx_op_random_gumbel(shape.as_ptr(), shape.len(), dtype, key, out))
    })
}

pub(super) unsafe extern "C" fn random_laplace(
    out: *mut *mut RlxArray,
    shape: *const i32,
    shape_count: u64,
    dtype: u32,
    loc: f32,
    scale: f32,
    key: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("random_laplace", || unsafe {
        let shape = arg::list(shape, shape_count, "shape")?;
        let dtype = arg::dtype(dtype)?;
        let key = arg::array(key, "key")?;
        produce(out, |out| ffi::rlx_mlx_op_random_laplace(shape.as_ptr(), shape.len(), dtype, loc, scale, key, out))
    })
}

pub(super) unsafe extern "C" fn random_bernoulli(
    out: *mut *mut RlxArray,
    p: *mut RlxArray,
    shape: *const i32,
    shape_count: u64,
    key: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("random_bernoulli", || unsafe {
        let p = arg::array(p, "p")?;
        let shape = arg::list(shape, shape_count, "shape")?;
        let key = arg::array(key, "key")?;
        produce(out, |out| ffi::rlx_mlx_op_random_bernoulli(p, shape.as_ptr(), shape.len(), key, out))
    })
}

pub(super) unsafe extern "C" fn random_randint(
    out: *mut *mut RlxArray,
    low: *mut RlxArray,
    high: *mut RlxArray,
    shape: *const i32,
    shape_count: u64,
    dtype: u32,
    key: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("random_randint", || unsafe {
        let low = arg::array(low, "low")?;
        let high = arg::array(high, "high")?;
        let shape = arg::list(shape, shape_count, "shape")?;
        let dtype = arg::dtype(dtype)?;
        let key = arg::array(key, "key")?;
        produce(out, |out| ffi::rlx_mlx_op_random_randint(low, high, shape.as_ptr(), shape.len(), dtype, key, out))
    })
}

pub(super) unsafe extern "C" fn random_permutation(
    out: *mut *mut RlxArray,
    x: *mut RlxArray,
    axis: i32,
    key: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("random_permutation", || unsafe {
        let x = arg::array(x, "x")?;
        let key = arg::array(key, "key")?;
        produce(out, |out| ffi::rlx_mlx_op_random_permutation(x, axis, key, out))
    })
}

pub(super) unsafe extern "C" fn random_categorical(
    out: *mut *mut RlxArray,
    logits: *mut RlxArray,
    axis: i32,
    num: i32,
    key: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("random_categorical", || unsafe {
        let logits = arg::array(logits, "logits")?;
        let key = arg::array(key, "key")?;
        produce(out, |out| ffi::rlx_mlx_op_random_categorical(logits, axis, num, key, out))
    })
}

pub(super) unsafe extern "C" fn categorical(
    out: *mut *mut RlxArray,
    logits: *mut RlxArray,
    axis: i32,
    seed: u64,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("categorical", || unsafe {
        let logits = arg::array(logits, "logits")?;
        produce(out, |out| ffi::rlx_mlx_op_categorical(logits, axis, seed, out))
    })
}
