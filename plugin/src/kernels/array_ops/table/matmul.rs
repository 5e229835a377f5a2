//! Thunks of the operations of `matmul.h`. Written by `cargo xtask array-ops`. Do not edit.

use super::super::arg;
use super::super::thunk::{guard, produce};
use rlx_host_api::abi::*;
use rlx_mlx_shim as ffi;

pub(super) unsafe extern "C" fn matmul(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("matmul", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_matmul(a, b, out))
    })
}

pub(super) unsafe extern "C" fn addmm(
    out: *mut *mut RlxArray,
    c: *mut RlxArray,
    a: *mut RlxArray,
    b: *mut RlxArray,
    alpha: f32,
    beta: f32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("addmm", || unsafe {
        let c = arg::array(c, "c")?;
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_addmm(c, a, b, alpha, beta, out))
    })
}

pub(super) unsafe extern "C" fn tensordot(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    b: *mut RlxArray,
    axes_a: *const i32,
    axes_a_count: u64,
    axes_b: *const i32,
    axes_b_count: u64,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("tensordot", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        let axes_a = arg::list(axes_a, axes_a_count, "axes_a")?;
        let axes_b = arg::list(axes_b, axes_b_count, "axes_b")?;
        arg::same_length(("axes_a", axes_a.len()), ("axes_b", axes_b.len()))?;
        produce(out, |out| ffi::rlx_mlx_op_tensordot(a, b, axes_a.as_ptr(), axes_b.as_ptr(), axes_a.len(), out))
    })
}

pub(super) unsafe extern "C" fn einsum(
    out: *mut *mut RlxArray,
    subscripts: RlxStr,
    arrays: *const *mut RlxArray,
    arrays_count: u64,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("einsum", || unsafe {
        let subscripts = arg::text(subscripts, "subscripts")?;
        let arrays = arg::arrays(arrays, arrays_count, "arrays")?;
        produce(out, |out| ffi::rlx_mlx_op_einsum(subscripts.as_ptr(), arrays.as_ptr(), arrays.len(), out))
    })
}

pub(super) unsafe extern "C" fn inner(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("inner", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_inner(a, b, out))
    })
}

pub(super) unsafe extern "C" fn outer(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("outer", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_outer(a, b, out))
    })
}

pub(super) unsafe extern "C" fn vecdot(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    b: *mut RlxArray,
    axis: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("vecdot", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_vecdot(a, b, axis, out))
    })
}

pub(super) unsafe extern "C" fn gather_mm(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    b: *mut RlxArray,
    idx: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("gather_mm", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        let idx = arg::array(idx, "idx")?;
        produce(out, |out| ffi::rlx_mlx_op_gather_mm(a, b, idx, out))
    })
}

pub(super) unsafe extern "C" fn gather_mm_general(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    b: *mut RlxArray,
    lhs: *mut RlxArray,
    rhs: *mut RlxArray,
    sorted: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("gather_mm_general", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_gather_mm_general(a, b, lhs.cast(), rhs.cast(), sorted, out))
    })
}

pub(super) unsafe extern "C" fn segmented_mm(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    b: *mut RlxArray,
    segments: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("segmented_mm", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        let segments = arg::array(segments, "segments")?;
        produce(out, |out| ffi::rlx_mlx_op_segmented_mm(a, b, segments, out))
    })
}

pub(super) unsafe extern "C" fn block_masked_mm(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    b: *mut RlxArray,
    block_size: i32,
    mask_out: *mut RlxArray,
    mask_lhs: *mut RlxArray,
    mask_rhs: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("block_masked_mm", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| {
            ffi::rlx_mlx_op_block_masked_mm(a, b, block_size, mask_out.cast(), mask_lhs.cast(), mask_rhs.cast(), out)
        })
    })
}
