//! Operations of the family `softmax`. Written by `cargo xtask array-ops`. Do not edit.

use crate::mlx::array::Array;
use rlx_host_api::Error;
use rlx_mlx_shim as ffi;
use std::ffi::c_int;

impl Array {
    /// Softmax along an axis; half types accumulate in f32, integers and bool give f32 (MLX: softmax, precise).
    pub(crate) fn softmax(&self, axis: c_int) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_softmax(self.raw(), axis, out) })
    }

    /// logsumexp(logits) - logits\[target\] over the last axis of logits \[...,C\], for integer targets \[...\]; the
    /// result has the shape of targets. A target out of range is clamped into it (MLX: fast::cross_entropy).
    pub(crate) fn cross_entropy(&self, targets: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_cross_entropy(self.raw(), targets.raw(), out) })
    }
}
