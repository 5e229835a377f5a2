//! Operations of the family `norm`. Written by `cargo xtask array-ops`. Do not edit.

use crate::mlx::arguments::handle_or_null;
use crate::mlx::array::Array;
use rlx_host_api::Error;
use rlx_mlx_shim as ffi;

impl Array {
    /// Layer norm over the last axis; gamma and beta are 1-D of its size, or `None` for 1 and 0 (MLX:
    /// fast::layer_norm).
    pub(crate) fn layernorm(&self, gamma: Option<&Array>, beta: Option<&Array>, eps: f32) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_layernorm(self.raw(), handle_or_null(gamma), handle_or_null(beta), eps, out)
        })
    }

    /// RMS norm over the last axis; gamma as above (MLX: fast::rms_norm).
    pub(crate) fn rmsnorm(&self, gamma: Option<&Array>, eps: f32) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_rmsnorm(self.raw(), handle_or_null(gamma), eps, out) })
    }
}
