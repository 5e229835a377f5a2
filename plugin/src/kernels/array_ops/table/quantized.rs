//! Thunks of the operations of `quantized.h`. Written by `cargo xtask array-ops`. Do not edit.

use super::super::arg;
use super::super::thunk::{guard, produce};
use rlx_host_api::abi::*;
use rlx_mlx_shim as ffi;

pub(super) unsafe extern "C" fn quantize(
    out: *mut *mut RlxArray,
    w: *mut RlxArray,
    group_size: i32,
    bits: i32,
    mode: u32,
    global_scale: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("quantize", || unsafe {
        let w = arg::array(w, "w")?;
        produce(out, |out| {
            ffi::rlx_mlx_op_quantize(w, group_size, bits, mode, global_scale.cast(), out, out.add(1), out.add(2))
        })
    })
}

pub(super) unsafe extern "C" fn dequantize(
    out: *mut *mut RlxArray,
    w: *mut RlxArray,
    scales: *mut RlxArray,
    biases: *mut RlxArray,
    group_size: i32,
    bits: i32,
    mode: u32,
    global_scale: *mut RlxArray,
    dtype: u32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("dequantize", || unsafe {
        let w = arg::array(w, "w")?;
        let scales = arg::array(scales, "scales")?;
        let dtype = arg::dtype(dtype)?;
        produce(out, |out| {
            ffi::rlx_mlx_op_dequantize(
                w,
                scales,
                biases.cast(),
                group_size,
                bits,
                mode,
                global_scale.cast(),
                dtype,
                out,
            )
        })
    })
}

pub(super) unsafe extern "C" fn quantized_matmul(
    out: *mut *mut RlxArray,
    x: *mut RlxArray,
    w: *mut RlxArray,
    scales: *mut RlxArray,
    biases: *mut RlxArray,
    transpose: i32,
    group_size: i32,
    bits: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("quantized_matmul", || unsafe {
        let x = arg::array(x, "x")?;
        let w = arg::array(w, "w")?;
        let scales = arg::array(scales, "scales")?;
        produce(out, |out| {
            ffi::rlx_mlx_op_quantized_matmul(x, w, scales, biases.cast(), transpose, group_size, bits, out)
        })
    })
}

pub(super) unsafe extern "C" fn quantized_matmul_mode(
    out: *mut *mut RlxArray,
    x: *mut RlxArray,
    w: *mut RlxArray,
    scales: *mut RlxArray,
    biases: *mut RlxArray,
    transpose: i32,
    group_size: i32,
    bits: i32,
    mode: u32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("quantized_matmul_mode", || unsafe {
        let x = arg::array(x, "x")?;
        let w = arg::array(w, "w")?;
        let scales = arg::array(scales, "scales")?;
        produce(out, |out| {
            ffi::rlx_mlx_op_quantized_matmul_mode(x, w, scales, biases.cast(), transpose, group_size, bits, mode, out)
        })
    })
}

pub(super) unsafe extern "C" fn gather_qmm(
    out: *mut *mut RlxArray,
    x: *mut RlxArray,
    w: *mut RlxArray,
    scales: *mut RlxArray,
    biases: *mut RlxArray,
    lhs: *mut RlxArray,
    rhs: *mut RlxArray,
    transpose: i32,
    group_size: i32,
    bits: i32,
    mode: u32,
    sorted: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("gather_qmm", || unsafe {
        let x = arg::array(x, "x")?;
        let w = arg::array(w, "w")?;
        let scales = arg::array(scales, "scales")?;
        produce(out, |out| {
            ffi::rlx_mlx_op_gather_qmm(
                x,
                w,
                scales,
                biases.cast(),
                lhs.cast(),
                rhs.cast(),
                transpose,
                group_size,
                bits,
                mode,
                sorted,
                out,
            )
        })
    })
}

pub(super) unsafe extern "C" fn to_fp8(out: *mut *mut RlxArray, x: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("to_fp8", || unsafe {
        let x = arg::array(x, "x")?;
        produce(out, |out| ffi::rlx_mlx_op_to_fp8(x, out))
    })
}

pub(super) unsafe extern "C" fn from_fp8(out: *mut *mut RlxArray, x: *mut RlxArray, dtype: u32) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("from_fp8", || unsafe {
        let x = arg::array(x, "x")?;
        let dtype = arg::dtype(dtype)?;
        produce(out, |out| ffi::rlx_mlx_op_from_fp8(x, dtype, out))
    })
}
