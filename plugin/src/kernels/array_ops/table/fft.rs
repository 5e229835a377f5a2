//! Thunks of the operations of `fft.h`. Written by `cargo xtask array-ops`. Do not edit.

use super::super::arg;
use super::super::thunk::{guard, produce};
use rlx_host_api::abi::*;
use rlx_mlx_shim as ffi;

pub(super) unsafe extern "C" fn fft(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    inverse: i32,
    norm_tag: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("fft", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_fft(a, inverse, norm_tag, out))
    })
}

pub(super) unsafe extern "C" fn fftn(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    n: *const i32,
    n_count: u64,
    axes: *const i32,
    axes_count: u64,
    norm: u32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("fftn", || unsafe {
        let a = arg::array(a, "a")?;
        let n = arg::optional_list(n, n_count, "n")?;
        let axes = arg::list(axes, axes_count, "axes")?;
        if let Some(n) = n {
            arg::same_length(("axes", axes.len()), ("n", n.len()))?;
        }
        produce(out, |out| {
            ffi::rlx_mlx_op_fftn(a, n.map_or(std::ptr::null(), <[i32]>::as_ptr), axes.as_ptr(), axes.len(), norm, out)
        })
    })
}

pub(super) unsafe extern "C" fn ifftn(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    n: *const i32,
    n_count: u64,
    axes: *const i32,
    axes_count: u64,
    norm: u32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("ifftn", || unsafe {
        let a = arg::array(a, "a")?;
        let n = arg::optional_list(n, n_count, "n")?;
        let axes = arg::list(axes, axes_count, "axes")?;
        if let Some(n) = n {
            arg::same_length(("axes", axes.len()), ("n", n.len()))?;
        }
        produce(out, |out| {
            ffi::rlx_mlx_op_ifftn(a, n.map_or(std::ptr::null(), <[i32]>::as_ptr), axes.as_ptr(), axes.len(), norm, out)
        })
    })
}

pub(super) unsafe extern "C" fn rfftn(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    n: *const i32,
    n_count: u64,
    axes: *const i32,
    axes_count: u64,
    norm: u32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("rfftn", || unsafe {
        let a = arg::array(a, "a")?;
        let n = arg::optional_list(n, n_count, "n")?;
        let axes = arg::list(axes, axes_count, "axes")?;
        if let Some(n) = n {
            arg::same_length(("axes", axes.len()), ("n", n.len()))?;
        }
        produce(out, |out| {
            ffi::rlx_mlx_op_rfftn(a, n.map_or(std::ptr::null(), <[i32]>::as_ptr), axes.as_ptr(), axes.len(), norm, out)
        })
    })
}

pub(super) unsafe extern "C" fn irfftn(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    n: *const i32,
    n_count: u64,
    axes: *const i32,
    axes_count: u64,
    norm: u32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("irfftn", || unsafe {
        let a = arg::array(a, "a")?;
        let n = arg::optional_list(n, n_count, "n")?;
        let axes = arg::list(axes, axes_count, "axes")?;
        if let Some(n) = n {
            arg::same_length(("axes", axes.len()), ("n", n.len()))?;
        }
        produce(out, |out| {
            ffi::rlx_mlx_op_irfftn(a, n.map_or(std::ptr::null(), <[i32]>::as_ptr), axes.as_ptr(), axes.len(), norm, out)
        })
    })
}

pub(super) unsafe extern "C" fn fftshift(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    axes: *const i32,
    axes_count: u64,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("fftshift", || unsafe {
        let a = arg::array(a, "a")?;
        let axes = arg::list(axes, axes_count, "axes")?;
        produce(out, |out| ffi::rlx_mlx_op_fftshift(a, axes.as_ptr(), axes.len(), out))
    })
}

pub(super) unsafe extern "C" fn ifftshift(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    axes: *const i32,
    axes_count: u64,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("ifftshift", || unsafe {
        let a = arg::array(a, "a")?;
        let axes = arg::list(axes, axes_count, "axes")?;
        produce(out, |out| ffi::rlx_mlx_op_ifftshift(a, axes.as_ptr(), axes.len(), out))
    })
}

pub(super) unsafe extern "C" fn hadamard(out: *mut *mut RlxArray, x: *mut RlxArray, scale: f32) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("hadamard", || unsafe {
        let x = arg::array(x, "x")?;
        produce(out, |out| ffi::rlx_mlx_op_hadamard(x, scale, out))
    })
}
