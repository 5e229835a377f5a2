//! Thunks of the operations of `conv.h`. Written by `cargo xtask array-ops`. Do not edit.

use super::super::arg;
use super::super::thunk::{guard, produce};
use rlx_host_api::abi::*;
use rlx_mlx_shim as ffi;

pub(super) unsafe extern "C" fn conv1d(
    out: *mut *mut RlxArray,
    input: *mut RlxArray,
    weight: *mut RlxArray,
    stride: i32,
    padding: i32,
    dilation: i32,
    groups: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("conv1d", || unsafe {
        let input = arg::array(input, "input")?;
        let weight = arg::array(weight, "weight")?;
        produce(out, |out| ffi::rlx_mlx_op_conv1d(input, weight, stride, padding, dilation, groups, out))
    })
}

pub(super) unsafe extern "C" fn conv2d(
    out: *mut *mut RlxArray,
    input: *mut RlxArray,
    weight: *mut RlxArray,
    stride_h: i32,
    stride_w: i32,
    pad_h: i32,
    pad_w: i32,
    dil_h: i32,
    dil_w: i32,
    groups: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("conv2d", || unsafe {
        let input = arg::array(input, "input")?;
        let weight = arg::array(weight, "weight")?;
        produce(out, |out| {
            ffi::rlx_mlx_op_conv2d(input, weight, stride_h, stride_w, pad_h, pad_w, dil_h, dil_w, groups, out)
        })
    })
}

pub(super) unsafe extern "C" fn conv3d(
    out: *mut *mut RlxArray,
    input: *mut RlxArray,
    weight: *mut RlxArray,
    stride_d: i32,
    stride_h: i32,
    stride_w: i32,
    pad_d: i32,
    pad_h: i32,
    pad_w: i32,
    dil_d: i32,
    dil_h: i32,
    dil_w: i32,
    groups: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("conv3d", || unsafe {
        let input = arg::array(input, "input")?;
        let weight = arg::array(weight, "weight")?;
        produce(out, |out| {
            ffi::rlx_mlx_op_conv3d(
                input, weight, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w, dil_d, dil_h, dil_w, groups, out,
            )
        })
    })
}

pub(super) unsafe extern "C" fn conv_general(
    out: *mut *mut RlxArray,
    input: *mut RlxArray,
    weight: *mut RlxArray,
    stride: *const i32,
    stride_count: u64,
    padding_lo: *const i32,
    padding_lo_count: u64,
    padding_hi: *const i32,
    padding_hi_count: u64,
    kernel_dilation: *const i32,
    kernel_dilation_count: u64,
    input_dilation: *const i32,
    input_dilation_count: u64,
    groups: i32,
    flip: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("conv_general", || unsafe {
        let input = arg::array(input, "input")?;
        let weight = arg::array(weight, "weight")?;
        let stride = arg::list(stride, stride_count, "stride")?;
        let padding_lo = arg::list(padding_lo, padding_lo_count, "padding_lo")?;
        let padding_hi = arg::list(padding_hi, padding_hi_count, "padding_hi")?;
        let kernel_dilation = arg::list(kernel_dilation, kernel_dilation_count, "kernel_dilation")?;
        let input_dilation = arg::list(input_dilation, input_dilation_count, "input_dilation")?;
        produce(out, |out| {
            ffi::rlx_mlx_op_conv_general(
                input,
                weight,
                stride.as_ptr(),
                stride.len(),
                padding_lo.as_ptr(),
                padding_lo.len(),
                padding_hi.as_ptr(),
                padding_hi.len(),
                kernel_dilation.as_ptr(),
                kernel_dilation.len(),
                input_dilation.as_ptr(),
                input_dilation.len(),
                groups,
                flip,
                out,
            )
        })
    })
}

pub(super) unsafe extern "C" fn conv_transpose1d(
    out: *mut *mut RlxArray,
    input: *mut RlxArray,
    weight: *mut RlxArray,
    stride: i32,
    padding: i32,
    dilation: i32,
    output_padding: i32,
    groups: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("conv_transpose1d", || unsafe {
        let input = arg::array(input, "input")?;
        let weight = arg::array(weight, "weight")?;
        produce(out, |out| {
            ffi::rlx_mlx_op_conv_transpose1d(input, weight, stride, padding, dilation, output_padding, groups, out)
        })
    })
}

pub(super) unsafe extern "C" fn conv_transpose2d(
    out: *mut *mut RlxArray,
    input: *mut RlxArray,
    weight: *mut RlxArray,
    stride_h: i32,
    stride_w: i32,
    pad_h: i32,
    pad_w: i32,
    dil_h: i32,
    dil_w: i32,
    out_pad_h: i32,
    out_pad_w: i32,
    groups: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("conv_transpose2d", || unsafe {
        let input = arg::array(input, "input")?;
        let weight = arg::array(weight, "weight")?;
        produce(out, |out| {
            ffi::rlx_mlx_op_conv_transpose2d(
                input, weight, stride_h, stride_w, pad_h, pad_w, dil_h, dil_w, out_pad_h, out_pad_w, groups, out,
            )
        })
    })
}

pub(super) unsafe extern "C" fn conv_transpose3d(
    out: *mut *mut RlxArray,
    input: *mut RlxArray,
    weight: *mut RlxArray,
    stride_d: i32,
    stride_h: i32,
    stride_w: i32,
    pad_d: i32,
    pad_h: i32,
    pad_w: i32,
    dil_d: i32,
    dil_h: i32,
    dil_w: i32,
    out_pad_d: i32,
    out_pad_h: i32,
    out_pad_w: i32,
    groups: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("conv_transpose3d", || unsafe {
        let input = arg::array(input, "input")?;
        let weight = arg::array(weight, "weight")?;
        produce(out, |out| {
            ffi::rlx_mlx_op_conv_transpose3d(
                input, weight, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w, dil_d, dil_h, dil_w, out_pad_d,
                out_pad_h, out_pad_w, groups, out,
            )
        })
    })
}
