//! The array operations that composed kernels build with: the shim's ops as functions of the wire ABI.
//!
//! An `RlxArray` is the shim's handle under the ABI's name.

mod arg;
mod table;

use crate::mlx::array::Array;
use crate::mlx::errors::check;
use rlx_host_api::abi::*;
use rlx_host_api::author::panic_error;
use rlx_host_api::{Error, ErrorKind};
use rlx_mlx_shim as ffi;
use std::ffi::{c_int, c_void};
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Something static that holds pointers to static things alone.
struct Static<T>(T);

// SAFETY: nothing that the pointers lead to ever changes.
unsafe impl<T> Sync for Static<T> {}

static OPS: Static<[RlxArrayOp; table::OPS.len()]> = Static(table::OPS);

static TABLE: Static<RlxArrayOps> = Static(RlxArrayOps {
    struct_size: size_of::<RlxArrayOps>() as u64,
    ops: OPS.0.as_ptr(),
    op_count: table::OPS.len() as u64,
    free: Some(free),
    describe: Some(describe),
});

/// The table for the kernels of any host.
pub fn table() -> &'static RlxArrayOps {
    &TABLE.0
}

/// An entry of the table.
const fn op(name: &'static str, signature: &'static str, function: *const c_void) -> RlxArrayOp {
    RlxArrayOp { name: RlxStr::new(name), signature: RlxStr::new(signature), function }
}

/// Runs a thunk's body; its error or panic becomes a wire error that names the operation.
fn guard(op: &str, body: impl FnOnce() -> Result<(), Error>) -> *mut RlxError {
    // AssertUnwindSafe: a body keeps nothing that it could leave half changed.
    match catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|payload| Err(panic_error(payload.as_ref()))) {
        Ok(()) => std::ptr::null_mut(),
        Err(error) => error.context(format_args!("array operation `{op}`")).with("op", op).into_raw(),
    }
}

/// Calls a function of the shim that writes fresh handles to `out`.
fn produce(out: *mut *mut RlxArray, call: impl FnOnce(*mut *mut ffi::rlx_mlx_array_t) -> c_int) -> Result<(), Error> {
    if out.is_null() {
        return Err(Error::invalid("`out` must not be NULL"));
    }
    // MLX's exceptions for what it cannot do come as refusals of the arguments, which the kernel chose.
    check(call(out.cast())).map_err(|error| match error.kind() {
        ErrorKind::PluginFault => Error::invalid(error.message()),
        _ => error,
    })
}

unsafe extern "C" fn free(array: *mut RlxArray) {
    // SAFETY: the caller gives up a handle that an operation made, or NULL.
    unsafe { ffi::rlx_mlx_array_free(array.cast()) }
}

unsafe extern "C" fn describe(
    array: *const RlxArray,
    dtype: *mut u32,
    dims: *mut i64,
    capacity: u64,
    rank: *mut u64,
) -> *mut RlxError {
    guard("describe", || {
        if dtype.is_null() || rank.is_null() || (dims.is_null() && capacity > 0) {
            return Err(Error::invalid("`dtype`, `rank` and `dims` must not be NULL"));
        }
        // SAFETY: a live handle, or NULL, which is refused; it stays the caller's.
        let array = ManuallyDrop::new(unsafe { Array::from_raw(arg::array(array.cast_mut(), "array")?)? });
        let extents = array.dims()?;
        let code = array.dtype()?.code();
        // SAFETY: not NULL, so writable; of `dims` no more than `capacity` is written.
        unsafe {
            *dtype = code;
            *rank = extents.len() as u64;
            for (at, &extent) in extents.iter().enumerate().take(usize::try_from(capacity).unwrap_or(usize::MAX)) {
                *dims.add(at) = extent.into();
            }
        }
        Ok(())
    })
}
