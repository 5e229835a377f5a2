//! Arguments of array operations, checked, as the shim takes them.

use crate::mlx::arguments;
pub(super) use crate::mlx::arguments::same_length;
use crate::mlx::dtypes::dtype_code;
use rlx_host_api::abi::{RlxArray, RlxStr};
use rlx_host_api::{DType, Error};
use rlx_mlx_shim as ffi;
use std::ffi::CString;

/// An array that must be there.
pub(super) fn array(array: *mut RlxArray, name: &str) -> Result<*mut ffi::rlx_mlx_array_t, Error> {
    if array.is_null() {
        return Err(Error::invalid(format!("`{name}` must not be NULL")));
    }
    Ok(array.cast())
}

/// A list.
///
/// # Safety
/// A non-NULL `data` points to `len` elements that stay unchanged for `'a`.
pub(super) unsafe fn list<'a, T>(data: *const T, len: u64, name: &str) -> Result<&'a [T], Error> {
    if len == 0 {
        return Ok(&[]);
    }
    let len = size(len, name)?;
    if data.is_null() || !data.is_aligned() || len > isize::MAX as usize / size_of::<T>() {
        return Err(Error::invalid(format!("`{name}`: no list of {len} elements is there")));
    }
    // SAFETY: not NULL, aligned, of possible size; the caller promises the memory.
    Ok(unsafe { std::slice::from_raw_parts(data, len) })
}

/// A list, or none where `data` is NULL.
///
/// # Safety
/// As [`list`].
pub(super) unsafe fn optional_list<'a, T>(data: *const T, len: u64, name: &str) -> Result<Option<&'a [T]>, Error> {
    if data.is_null() && len == 0 {
        return Ok(None);
    }
    // SAFETY: promised by the caller.
    unsafe { list(data, len, name) }.map(Some)
}

/// A list of arrays that must be there.
///
/// # Safety
/// As [`list`].
pub(super) unsafe fn arrays<'a>(
    data: *const *mut RlxArray,
    len: u64,
    name: &str,
) -> Result<&'a [*mut ffi::rlx_mlx_array_t], Error> {
    // SAFETY: promised by the caller; the two names of a handle are one pointer.
    let arrays = unsafe { list(data.cast::<*mut ffi::rlx_mlx_array_t>(), len, name)? };
    if arrays.iter().any(|array| array.is_null()) {
        return Err(Error::invalid(format!("`{name}`: an array must not be NULL")));
    }
    Ok(arrays)
}

/// A count or an offset.
pub(super) fn size(value: u64, name: &str) -> Result<usize, Error> {
    usize::try_from(value).map_err(|_| Error::invalid(format!("`{name}`: {value} exceeds the address space")))
}

/// An element type.
pub(super) fn dtype(code: u32) -> Result<ffi::rlx_mlx_dtype_t, Error> {
    dtype_code(DType::from_code(code)?)
}

/// A text, as C has it.
///
/// # Safety
/// The view is valid.
pub(super) unsafe fn text(text: RlxStr, name: &str) -> Result<CString, Error> {
    // SAFETY: promised by the caller.
    let text = unsafe { text.as_str() }.map_err(|error| error.context(format_args!("`{name}`")))?;
    arguments::text(text, name)
}
