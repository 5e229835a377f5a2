//! Operations of the family `softmax`. Written by `cargo xtask array-ops`. Do not edit.

use crate::Error;
use crate::abi::*;
use crate::kernel::array::{Array, ArrayOps, given};

/// Softmax, and the cross-entropy of one. Operands are real floats unless said otherwise.
impl<'a> ArrayOps<'a> {
    /// Softmax along an axis; half types accumulate in f32, integers and bool give f32 (MLX: softmax, precise).
    pub fn softmax(&self, a: &Array<'_>, axis: i32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("softmax", "1ai")?;
            let [out] = self.call(|out| call(out, a, axis))?;
            given(out)
        }
    }

    /// logsumexp(logits) - logits\[target\] over the last axis of logits \[...,C\], for integer targets \[...\]; the
    /// result has the shape of targets. A target out of range is clamped into it (MLX: fast::cross_entropy).
    pub fn cross_entropy(&self, logits: &Array<'_>, targets: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let logits = self.handle(logits)?;
        let targets = self.handle(targets)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("cross_entropy", "1aa")?;
            let [out] = self.call(|out| call(out, logits, targets))?;
            given(out)
        }
    }
}
