//! Thunks of the operations of `binary.h`. Written by `cargo xtask array-ops`. Do not edit.

use super::super::arg;
use super::super::thunk::{guard, produce};
use rlx_host_api::abi::*;
use rlx_mlx_shim as ffi;

pub(super) unsafe extern "C" fn add(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("add", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_add(a, b, out))
    })
}

pub(super) unsafe extern "C" fn sub(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("sub", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_sub(a, b, out))
    })
}

pub(super) unsafe extern "C" fn mul(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("mul", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_mul(a, b, out))
    })
}

pub(super) unsafe extern "C" fn div(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("div", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_div(a, b, out))
    })
}

pub(super) unsafe extern "C" fn floor_div(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    b: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("floor_div", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_floor_div(a, b, out))
    })
}

pub(super) unsafe extern "C" fn remainder(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    b: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("remainder", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_remainder(a, b, out))
    })
}

pub(super) unsafe extern "C" fn fmod(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("fmod", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_fmod(a, b, out))
    })
}

pub(super) unsafe extern "C" fn max(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("max", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_max(a, b, out))
    })
}

pub(super) unsafe extern "C" fn min(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("min", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_min(a, b, out))
    })
}

pub(super) unsafe extern "C" fn pow(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("pow", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_pow(a, b, out))
    })
}

pub(super) unsafe extern "C" fn atan2(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("atan2", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_atan2(a, b, out))
    })
}

pub(super) unsafe extern "C" fn logaddexp(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    b: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("logaddexp", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_logaddexp(a, b, out))
    })
}

pub(super) unsafe extern "C" fn bit_and(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("bit_and", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_bit_and(a, b, out))
    })
}

pub(super) unsafe extern "C" fn bit_or(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("bit_or", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_bit_or(a, b, out))
    })
}

pub(super) unsafe extern "C" fn bit_xor(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("bit_xor", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_bit_xor(a, b, out))
    })
}

pub(super) unsafe extern "C" fn shl(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("shl", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_shl(a, b, out))
    })
}

pub(super) unsafe extern "C" fn shr(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("shr", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_shr(a, b, out))
    })
}

pub(super) unsafe extern "C" fn logical_and(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    b: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("logical_and", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_logical_and(a, b, out))
    })
}

pub(super) unsafe extern "C" fn logical_or(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    b: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("logical_or", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_logical_or(a, b, out))
    })
}

pub(super) unsafe extern "C" fn logical_xor(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    b: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("logical_xor", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_logical_xor(a, b, out))
    })
}

pub(super) unsafe extern "C" fn eq(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("eq", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_eq(a, b, out))
    })
}

pub(super) unsafe extern "C" fn ne(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("ne", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_ne(a, b, out))
    })
}

pub(super) unsafe extern "C" fn lt(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("lt", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_lt(a, b, out))
    })
}

pub(super) unsafe extern "C" fn le(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("le", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_le(a, b, out))
    })
}

pub(super) unsafe extern "C" fn gt(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("gt", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_gt(a, b, out))
    })
}

pub(super) unsafe extern "C" fn ge(out: *mut *mut RlxArray, a: *mut RlxArray, b: *mut RlxArray) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("ge", || unsafe {
        let a = arg::array(a, "a")?;
        let b = arg::array(b, "b")?;
        produce(out, |out| ffi::rlx_mlx_op_ge(a, b, out))
    })
}

pub(super) unsafe extern "C" fn where_(
    out: *mut *mut RlxArray,
    cond: *mut RlxArray,
    x: *mut RlxArray,
    y: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("where", || unsafe {
        let cond = arg::array(cond, "cond")?;
        let x = arg::array(x, "x")?;
        let y = arg::array(y, "y")?;
        produce(out, |out| ffi::rlx_mlx_op_where(cond, x, y, out))
    })
}

pub(super) unsafe extern "C" fn clip(
    out: *mut *mut RlxArray,
    a: *mut RlxArray,
    low: *mut RlxArray,
    high: *mut RlxArray,
) -> *mut RlxError {
    // SAFETY: the caller keeps the promises of `RlxArrayOp`; the rest is checked.
    guard("clip", || unsafe {
        let a = arg::array(a, "a")?;
        produce(out, |out| ffi::rlx_mlx_op_clip(a, low.cast(), high.cast(), out))
    })
}
