//! Thunks of the operations of `linalg.h`. Written by `cargo xtask array-ops`. Do not edit.

use super::super::arg;
use super::super::thunk::{guard, produce};
use rlx_host_api::abi::*;
use rlx_mlx_shim as ffi;

pub(super) unsafe extern "C" fn solve(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("solve", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_solve(a, b, out))
    })
}

pub(super) unsafe extern "C" fn solve_triangular(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    b: *mut RlxArray,
    upper: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("solve_triangular", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_solve_triangular(a, b, upper, out))
    })
}

pub(super) unsafe extern "C" fn inv(out: *mut *mut RlxArray, a: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("inv", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_inv(a, out))
    })
}

pub(super) unsafe extern "C" fn tri_inv(out: *mut *mut RlxArray, a: *mut RlxArray, upper: i32) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("tri_inv", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_tri_inv(a, upper, out))
    })
}

pub(super) unsafe extern "C" fn cholesky_inv(out: *mut *mut RlxArray, a: *mut RlxArray, upper: i32) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("cholesky_inv", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_cholesky_inv(a, upper, out))
    })
}

pub(super) unsafe extern "C" fn pinv(out: *mut *mut RlxArray, a: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("pinv", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_pinv(a, out))
    })
}

pub(super) unsafe extern "C" fn cholesky(out: *mut *mut RlxArray, a: *mut RlxArray, upper: i32) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("cholesky", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_cholesky(a, upper, out))
    })
}

pub(super) unsafe extern "C" fn qr(out: *mut *mut RlxArray, a: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("qr", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_qr(a, out, out.add(1)))
    })
}

pub(super) unsafe extern "C" fn lu(out: *mut *mut RlxArray, a: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("lu", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_lu(a, out, out.add(1), out.add(2)))
    })
}

pub(super) unsafe extern "C" fn lu_factor(out: *mut *mut RlxArray, a: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("lu_factor", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_lu_factor(a, out, out.add(1)))
    })
}

pub(super) unsafe extern "C" fn svd(out: *mut *mut RlxArray, a: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("svd", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_svd(a, out, out.add(1), out.add(2)))
    })
}

pub(super) unsafe extern "C" fn svdvals(out: *mut *mut RlxArray, a: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("svdvals", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_svdvals(a, out))
    })
}

pub(super) unsafe extern "C" fn eigh(out: *mut *mut RlxArray, a: *mut RlxArray, upper: i32) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("eigh", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_eigh(a, upper, out, out.add(1)))
    })
}

pub(super) unsafe extern "C" fn eigvalsh(out: *mut *mut RlxArray, a: *mut RlxArray, upper: i32) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("eigvalsh", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_eigvalsh(a, upper, out))
    })
}

pub(super) unsafe extern "C" fn eig(out: *mut *mut RlxArray, a: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("eig", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_eig(a, out, out.add(1)))
    })
}

pub(super) unsafe extern "C" fn eigvals(out: *mut *mut RlxArray, a: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("eigvals", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_eigvals(a, out))
    })
}

pub(super) unsafe extern "C" fn det(out: *mut *mut RlxArray, a: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("det", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_det(a, out))
    })
}

pub(super) unsafe extern "C" fn slogdet(out: *mut *mut RlxArray, a: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("slogdet", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_slogdet(a, out, out.add(1)))
    })
}

pub(super) unsafe extern "C" fn norm(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    ord: f64,
    axes: *const i32,
    axes_count: u64,
    keep_dim: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("norm", || unsafe {
        let a = arg::array(a, "a")?;
        let axes = arg::list(axes, axes_count, "axes")?;
        produce(out, |out| ffi::rlx_mlx_op_norm(a, ord, axes.as_ptr(), axes.len(), keep_dim, out))
    })
}

pub(super) unsafe extern "C" fn norm_named(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    ord: RlxStr,
    axes: *const i32,
    axes_count: u64,
    keep_dim: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("norm_named", || unsafe {
        let a = arg::array(a, "a")?;
        let ord = arg::text(ord, "ord")?;
        let axes = arg::list(axes, axes_count, "axes")?;
        produce(out, |out| ffi::rlx_mlx_op_norm_named(a, ord.as_ptr(), axes.as_ptr(), axes.len(), keep_dim, out))
    })
}

pub(super) unsafe extern "C" fn cross(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    b: *mut RlxArray,
    axis: i32,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("cross", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_cross(a, b, axis, out))
    })
}
