//! Operations of the family `matmul`. Written by `cargo xtask array-ops`. Do not edit.

use crate::Error;
use crate::abi::*;
use crate::kernel::array::{Array, ArrayOps, given};

/// Matrix products and contractions. Unless said otherwise the promoted dtype must be a float or complex64 (else an
/// error), inner extents must match and batch axes broadcast (else an error).
impl<'a> ArrayOps<'a> {
    /// a \[...,M,K\] @ b \[...,K,N\]; a vector on either side is a row or a column, whose axis the result does not have
    /// (MLX: matmul).
    pub fn matmul(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("matmul", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// alpha * (a @ b) + beta * c, c broadcast to the product (MLX: addmm).
    pub fn addmm(
        &self,
        c: &Array<'_>,
        a: &Array<'_>,
        b: &Array<'_>,
        alpha: f32,
        beta: f32,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            f32,
            f32,
        ) -> *mut RlxError;
        let c = self.handle(c)?;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("addmm", "1aaaff")?;
            let [out] = self.call(|out| call(out, c, a, b, alpha, beta))?;
            given(out)
        }
    }

    /// Sum over pairs of axes, axes_a\[i\] of a with axes_b\[i\] of b; the result has the remaining axes of a, then
    /// those of b (MLX: tensordot).
    pub fn tensordot(&self, a: &Array<'_>, b: &Array<'_>, axes_a: &[i32], axes_b: &[i32]) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *const i32,
            u64,
            *const i32,
            u64,
        ) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("tensordot", "1aavv")?;
            let [out] = self.call(|out| {
                call(out, a, b, axes_a.as_ptr(), axes_a.len() as u64, axes_b.as_ptr(), axes_b.len() as u64)
            })?;
            given(out)
        }
    }

    /// Einstein summation, "ij,jk->ik" for instance; a mistake in `subscripts` is an error (MLX: einsum).
    pub fn einsum(&self, subscripts: &str, arrays: &[&Array<'_>]) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, RlxStr, *const *mut RlxArray, u64) -> *mut RlxError;
        let arrays = self.handles(arrays)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("einsum", "1sl")?;
            let [out] = self.call(|out| call(out, RlxStr::new(subscripts), arrays.as_ptr(), arrays.len() as u64))?;
            given(out)
        }
    }

    /// Sum over the last axes of both; the result has the other axes of a, then those of b (MLX: inner).
    pub fn inner(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("inner", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// Every element of a times every element of b, \[size of a, size of b\]; any dtype (MLX: outer).
    pub fn outer(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("outer", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// Sum of conj(a) * b along an axis of the two, which broadcast; any dtype (MLX: vecdot).
    pub fn vecdot(&self, a: &Array<'_>, b: &Array<'_>, axis: i32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("vecdot", "1aai")?;
            let [out] = self.call(|out| call(out, a, b, axis))?;
            given(out)
        }
    }

    /// Row i of a \[M,K\] times matrix idx\[i\] of b \[E,K,N\]: \[M,N\], real floats (MLX: gather_mm). Indices are
    /// integers, or anything else truncated; negative ones count from the end, and those out of range are clamped into
    /// it.
    pub fn gather_mm(&self, a: &Array<'_>, b: &Array<'_>, idx: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        let idx = self.handle(idx)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("gather_mm", "1aaa")?;
            let [out] = self.call(|out| call(out, a, b, idx))?;
            given(out)
        }
    }

    /// The general form over a \[...,M,K\] and b \[...,K,N\]: indices, as above, into the flattened batch axes of each;
    /// the result has the broadcast shape of the two index arrays, then \[M,N\]. `None` takes the matrices in their
    /// order, as an index array with the shape of the batch axes. `sorted` true promises ascending rhs indices: it
    /// changes speed only (MLX: gather_mm).
    pub fn gather_mm_general(
        &self,
        a: &Array<'_>,
        b: &Array<'_>,
        lhs: Option<&Array<'_>>,
        rhs: Option<&Array<'_>>,
        sorted: bool,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            i32,
        ) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        let lhs = self.optional_handle(lhs)?;
        let rhs = self.optional_handle(rhs)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("gather_mm_general", "1aaoob")?;
            let [out] = self.call(|out| call(out, a, b, lhs, rhs, sorted.into()))?;
            given(out)
        }
    }

    /// For each \[start, end) of integer `segments` \[...,2\], the product of columns start to end of a \[M,K\] with
    /// those rows of b \[K,N\]: \[...,M,N\], real floats. Bounds are clamped to 0 and K (MLX: segmented_mm).
    pub fn segmented_mm(&self, a: &Array<'_>, b: &Array<'_>, segments: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        let segments = self.handle(segments)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("segmented_mm", "1aaa")?;
            let [out] = self.call(|out| call(out, a, b, segments))?;
            given(out)
        }
    }

    /// Product of f16, bf16 or f32 matrices whose blocks of `block_size` (32 or 64) squared are switched by masks, bool
    /// or factors: of the product \[..., ceil M, ceil N\], of a \[..., ceil M, ceil K\] and of b \[..., ceil K, ceil
    /// N\], in blocks; `None` masks nothing (MLX: block_masked_mm).
    pub fn block_masked_mm(
        &self,
        a: &Array<'_>,
        b: &Array<'_>,
        block_size: i32,
        mask_out: Option<&Array<'_>>,
        mask_lhs: Option<&Array<'_>>,
        mask_rhs: Option<&Array<'_>>,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            i32,
            *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
        ) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        let mask_out = self.optional_handle(mask_out)?;
        let mask_lhs = self.optional_handle(mask_lhs)?;
        let mask_rhs = self.optional_handle(mask_rhs)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("block_masked_mm", "1aaiooo")?;
            let [out] = self.call(|out| call(out, a, b, block_size, mask_out, mask_lhs, mask_rhs))?;
            given(out)
        }
    }
}
