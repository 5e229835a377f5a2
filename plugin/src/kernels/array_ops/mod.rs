//! The array operations that composed kernels build with: the shim's ops as functions of the wire ABI.
//!
//! An `RlxArray` is the shim's handle under the ABI's name.

mod arg;
mod table;
mod thunk;

use crate::mlx::array::Array;
use rlx_host_api::Error;
use rlx_host_api::abi::*;
use rlx_mlx_shim as ffi;
use std::mem::ManuallyDrop;
use thunk::guard;

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
