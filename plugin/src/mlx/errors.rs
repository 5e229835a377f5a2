//! Turns the shim's codes into errors.

use rlx_host_api::{Error, ErrorKind};
use rlx_mlx_shim as ffi;
use std::ffi::{CStr, c_int};

/// `Ok` for success, otherwise the shim's text; MLX's own refusals count as invalid arguments.
pub(crate) fn check(code: c_int) -> Result<(), Error> {
    check_as(code, ErrorKind::InvalidArgument)
}

/// Like [`check`] for evaluation, where MLX's own refusals are failures of the execution.
pub(crate) fn check_eval(code: c_int) -> Result<(), Error> {
    check_as(code, ErrorKind::ExecutionFailed)
}

fn check_as(code: c_int, generic: ErrorKind) -> Result<(), Error> {
    let kind = match code {
        ffi::RLX_MLX_OK => return Ok(()),
        ffi::RLX_MLX_ERR_BAD_DTYPE | ffi::RLX_MLX_ERR_BAD_SHAPE => ErrorKind::InvalidArgument,
        ffi::RLX_MLX_ERR_MEMORY => ErrorKind::OutOfMemory,
        ffi::RLX_MLX_ERR_NULL => ErrorKind::PluginFault,
        _ => generic,
    };
    // SAFETY: never NULL, NUL-terminated, valid until this thread's next call.
    let text = unsafe { CStr::from_ptr(ffi::rlx_mlx_last_error()) };
    Err(Error::new(kind, text.to_string_lossy()))
}
