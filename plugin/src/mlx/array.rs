//! An MLX array: a handle of the shim, owned.

use super::dtypes::{dtype_code, dtype_of};
use super::errors::{check, check_eval};
use crate::process::gate;
use rlx_host_api::{DType, Error};
use rlx_mlx_shim as ffi;
use std::ffi::{c_int, c_void};
use std::ptr::NonNull;

/// One reference to an MLX array, lazy or evaluated. A clone is a second reference.
#[derive(Debug)]
#[repr(transparent)]
pub(crate) struct Array(NonNull<ffi::rlx_mlx_array_t>);

// SAFETY: the shim's handles may be used from any thread, one at a time.
unsafe impl Send for Array {}

impl Drop for Array {
    fn drop(&mut self) {
        if gate::is_closed() {
            return;
        }
        // SAFETY: an owned handle, freed once.
        unsafe { ffi::rlx_mlx_array_free(self.0.as_ptr()) }
    }
}

impl Array {
    /// Makes an array with a shim call that writes a fresh handle.
    pub(crate) fn produce(call: impl FnOnce(*mut *mut ffi::rlx_mlx_array_t) -> c_int) -> Result<Self, Error> {
        let mut out = std::ptr::null_mut();
        check(call(&mut out))?;
        // SAFETY: after success `out` is a fresh handle, owned by nobody else.
        unsafe { Self::from_raw(out) }
    }

    /// Makes several arrays with a shim call that writes a fresh handle for each, or NULL for one that there is none of.
    pub(crate) fn produce_several<const N: usize>(
        call: impl FnOnce(*mut *mut ffi::rlx_mlx_array_t) -> c_int,
    ) -> Result<[Option<Self>; N], Error> {
        let mut out = [std::ptr::null_mut(); N];
        check(call(out.as_mut_ptr()))?;
        // SAFETY: after success these are fresh handles, owned by nobody else.
        Ok(out.map(|raw| unsafe { Self::from_raw(raw) }.ok()))
    }

    /// Makes `count` arrays with a shim call that writes a fresh handle for each.
    pub(crate) fn produce_counted(
        count: usize,
        call: impl FnOnce(*mut *mut ffi::rlx_mlx_array_t) -> c_int,
    ) -> Result<Vec<Self>, Error> {
        let mut out = vec![std::ptr::null_mut(); count];
        check(call(out.as_mut_ptr()))?;
        // SAFETY: as in `produce_several`. All are taken over first, so that none leaks when one is missing.
        let arrays: Vec<_> = out.into_iter().map(|raw| unsafe { Self::from_raw(raw) }).collect();
        arrays.into_iter().collect()
    }

    /// An array that the shim has to give.
    pub(crate) fn given(array: Option<Self>) -> Result<Self, Error> {
        array.ok_or_else(|| Error::fault("the shim gave no array and no error"))
    }

    /// Takes a handle over.
    ///
    /// # Safety
    /// `raw` is NULL or a handle that nobody else frees.
    pub(crate) unsafe fn from_raw(raw: *mut ffi::rlx_mlx_array_t) -> Result<Self, Error> {
        NonNull::new(raw).map(Self).ok_or_else(|| Error::fault("the shim gave no array and no error"))
    }

    /// The handle, still owned by `self`.
    pub(crate) fn raw(&self) -> *mut ffi::rlx_mlx_array_t {
        self.0.as_ptr()
    }

    /// The handle, given away.
    pub(crate) fn into_raw(self) -> *mut ffi::rlx_mlx_array_t {
        let raw = self.raw();
        std::mem::forget(self);
        raw
    }

    /// Copies row-major little-endian elements, bit for bit.
    pub(crate) fn from_bytes(dims: &[c_int], dtype: DType, data: &[u8]) -> Result<Self, Error> {
        let code = dtype_code(dtype)?;
        Self::produce(|out| {
            // SAFETY: pointers and lengths of live slices; `out` is writable.
            unsafe {
                ffi::rlx_mlx_array_from_bytes(dims.as_ptr(), dims.len(), data.as_ptr().cast(), data.len(), code, out)
            }
        })
    }

    /// Uses memory in place where MLX can, and drops `owner` when it no longer does.
    pub(crate) fn from_borrowed<O: Send + Sync + 'static>(
        dims: &[c_int],
        dtype: DType,
        data: &[u8],
        owner: O,
    ) -> Result<Self, Error> {
        unsafe extern "C" fn release<O>(context: *mut c_void) {
            // SAFETY: the box leaked below; the shim calls this once.
            let owner = unsafe { Box::from_raw(context.cast::<O>()) };
            // A panic in the owner's drop must not unwind through MLX.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| drop(owner)));
        }
        let code = dtype_code(dtype)?;
        let context = Box::into_raw(Box::new(owner)).cast();
        Self::produce(|out| {
            // SAFETY: pointers and lengths of live slices, which `owner` keeps alive until `release`.
            unsafe {
                ffi::rlx_mlx_array_from_borrowed(
                    dims.as_ptr(),
                    dims.len(),
                    data.as_ptr().cast(),
                    data.len(),
                    code,
                    Some(release::<O>),
                    context,
                    out,
                )
            }
        })
    }

    /// A stand-in of this shape, for tracing.
    pub(crate) fn placeholder(dims: &[c_int], dtype: DType) -> Result<Self, Error> {
        let code = dtype_code(dtype)?;
        // SAFETY: pointer and length of a live slice; `out` is writable.
        Self::produce(|out| unsafe { ffi::rlx_mlx_array_placeholder(dims.as_ptr(), dims.len(), code, out) })
    }

    /// A scalar.
    pub(crate) fn scalar(value: f64, dtype: DType) -> Result<Self, Error> {
        let code = dtype_code(dtype)?;
        // SAFETY: `out` is writable.
        Self::produce(|out| unsafe { ffi::rlx_mlx_array_scalar(value, code, out) })
    }

    /// A second reference.
    pub(crate) fn duplicate(&self) -> Result<Self, Error> {
        // SAFETY: live handle; `out` is writable.
        Self::produce(|out| unsafe { ffi::rlx_mlx_array_clone(self.raw(), out) })
    }

    /// Extents.
    pub(crate) fn dims(&self) -> Result<Vec<c_int>, Error> {
        // MLX's own limit on rank is far below.
        let mut dims = [0; 32];
        let mut rank = 0;
        // SAFETY: live handle; buffer and capacity agree.
        check(unsafe { ffi::rlx_mlx_array_shape(self.raw(), dims.as_mut_ptr(), dims.len(), &mut rank) })?;
        Ok(dims[..rank].to_vec())
    }

    /// Whether the elements lie in one allocation with those of `other`. Both are evaluated.
    pub(crate) fn shares_memory(&self, other: &Self) -> Result<bool, Error> {
        let mut shares = 0;
        // SAFETY: live handles; `shares` is writable.
        check_eval(unsafe { ffi::rlx_mlx_array_shares_memory(self.raw(), other.raw(), &mut shares) })?;
        Ok(shares != 0)
    }

    /// Element type.
    pub(crate) fn dtype(&self) -> Result<DType, Error> {
        let mut code = 0;
        // SAFETY: live handle; `code` is writable.
        check(unsafe { ffi::rlx_mlx_array_dtype(self.raw(), &mut code) })?;
        dtype_of(code)
    }
}

/// Evaluates arrays in one batch.
pub(crate) fn eval(arrays: &[Array]) -> Result<(), Error> {
    // SAFETY: live handles, of which an `Array` is a transparent pointer; pointer and length agree.
    check_eval(unsafe { ffi::rlx_mlx_eval(arrays.as_ptr().cast(), arrays.len()) })
}

/// Starts to evaluate arrays without waiting for them.
pub(crate) fn start_eval(arrays: &[Array]) -> Result<(), Error> {
    // SAFETY: as in `eval`.
    check_eval(unsafe { ffi::rlx_mlx_async_eval(arrays.as_ptr().cast(), arrays.len()) })
}
