//! Operations of the family `norm`. Written by `cargo xtask array-ops`. Do not edit.

use crate::Error;
use crate::abi::*;
use crate::kernel::array::{Array, ArrayOps, given};

/// Layer norm and RMS norm of real floats.
impl<'a> ArrayOps<'a> {
    /// Layer norm over the last axis; gamma and beta are 1-D of its size, or `None` for 1 and 0 (MLX:
    /// fast::layer_norm).
    pub fn layernorm(
        &self,
        x: &Array<'_>,
        gamma: Option<&Array<'_>>,
        beta: Option<&Array<'_>>,
        eps: f32,
    ) -> Result<Array<'a>, Error> {
        type F =
            unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray, *mut RlxArray, f32) -> *mut RlxError;
        let x = self.handle(x)?;
        let gamma = self.optional_handle(gamma)?;
        let beta = self.optional_handle(beta)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("layernorm", "1aoof")?;
            let [out] = self.call(|out| call(out, x, gamma, beta, eps))?;
            given(out)
        }
    }

    /// RMS norm over the last axis; gamma as above (MLX: fast::rms_norm).
    pub fn rmsnorm(&self, x: &Array<'_>, gamma: Option<&Array<'_>>, eps: f32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray, f32) -> *mut RlxError;
        let x = self.handle(x)?;
        let gamma = self.optional_handle(gamma)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("rmsnorm", "1aof")?;
            let [out] = self.call(|out| call(out, x, gamma, eps))?;
            given(out)
        }
    }
}
