//! Arguments of array operations, as the shim takes them.

use super::array::Array;
use rlx_host_api::Error;
use rlx_mlx_shim as ffi;
use std::ffi::CString;

/// The handles of arrays, as live as they are.
pub(super) fn handles(arrays: &[&Array]) -> Vec<*mut ffi::rlx_mlx_array_t> {
    arrays.iter().map(|array| array.raw()).collect()
}

/// The handle of an array, or NULL.
pub(super) fn handle_or_null(array: Option<&Array>) -> *mut ffi::rlx_mlx_array_t {
    array.map_or(std::ptr::null_mut(), Array::raw)
}

/// A text, as C has it; errors name the argument.
pub(crate) fn text(text: &str, name: &str) -> Result<CString, Error> {
    CString::new(text).map_err(|_| Error::invalid(format!("`{name}` has a zero byte")))
}

/// Lists, by name and length, of which the shim takes one length.
pub(crate) fn same_length(a: (&str, usize), b: (&str, usize)) -> Result<(), Error> {
    if a.1 == b.1 {
        return Ok(());
    }
    Err(Error::invalid(format!("`{}` has {} elements and `{}` has {}, they must be as many", a.0, a.1, b.0, b.1)))
}
