//! What the thunks of all operations share.

use crate::mlx::errors::check;
use rlx_host_api::abi::*;
use rlx_host_api::author::panic_error;
use rlx_host_api::{Error, ErrorKind};
use rlx_mlx_shim as ffi;
use std::ffi::{c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// An entry of the table.
pub(super) const fn op(name: &'static str, signature: &'static str, function: *const c_void) -> RlxArrayOp {
    RlxArrayOp { name: RlxStr::new(name), signature: RlxStr::new(signature), function }
}

/// Runs a thunk's body; its error or panic becomes a wire error that names the operation.
pub(super) fn guard(op: &str, body: impl FnOnce() -> Result<(), Error>) -> *mut RlxError {
    // AssertUnwindSafe: a body keeps nothing that it could leave half changed.
    match catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| Err(panic_error(payload.as_ref()))) {
        Ok(()) => std::ptr::null_mut(),
        Err(error) => error.context(format_args!("array operation `{op}`")).with("op", op).into_raw(),
    }
}

/// Calls a function of the shim that writes fresh handles to `out`.
pub(super) fn produce(
    out: *mut *mut RlxArray,
    call: impl FnOnce(*mut *mut ffi::rlx_mlx_array_t) -> c_int,
) -> Result<(), Error> {
    if out.is_null() {
        return Err(Error::invalid("`out` must not be NULL"));
    }
    // MLX's exceptions for what it cannot do come as refusals of the arguments, which the kernel chose.
    check(call(out.cast())).map_err(|error| match error.kind() {
        ErrorKind::PluginFault => Error::invalid(error.message()),
        _ => error,
    })
}
