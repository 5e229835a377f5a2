//! Operations of the family `matmul`. Written by `cargo xtask array-ops`. Do not edit.

use crate::mlx::arguments::{handle_or_null, handles, same_length, text};
use crate::mlx::array::Array;
use rlx_host_api::Error;
use rlx_mlx_shim as ffi;
use std::ffi::c_int;

impl Array {
    /// a \[...,M,K\] @ b \[...,K,N\]; a vector on either side is a row or a column, whose axis the result does not have
    /// (MLX: matmul).
    pub(crate) fn matmul(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_matmul(self.raw(), b.raw(), out) })
    }

    /// alpha * (a @ b) + beta * c, c broadcast to the product (MLX: addmm).
    pub(crate) fn addmm(&self, a: &Array, b: &Array, alpha: f32, beta: f32) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_addmm(self.raw(), a.raw(), b.raw(), alpha, beta, out) })
    }

    /// Sum over pairs of axes, axes_a\[i\] of a with axes_b\[i\] of b; the result has the remaining axes of a, then
    /// those of b (MLX: tensordot).
    pub(crate) fn tensordot(&self, b: &Array, axes_a: &[c_int], axes_b: &[c_int]) -> Result<Array, Error> {
        same_length(("axes_a", axes_a.len()), ("axes_b", axes_b.len()))?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_tensordot(self.raw(), b.raw(), axes_a.as_ptr(), axes_b.as_ptr(), axes_a.len(), out)
        })
    }

    /// Einstein summation, "ij,jk->ik" for instance; a mistake in `subscripts` is an error (MLX: einsum).
    pub(crate) fn einsum(subscripts: &str, arrays: &[&Array]) -> Result<Array, Error> {
        let subscripts = text(subscripts, "subscripts")?;
        let arrays = handles(arrays);
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_einsum(subscripts.as_ptr(), arrays.as_ptr(), arrays.len(), out) })
    }

    /// Sum over the last axes of both; the result has the other axes of a, then those of b (MLX: inner).
    pub(crate) fn inner(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_inner(self.raw(), b.raw(), out) })
    }

    /// Every element of a times every element of b, \[size of a, size of b\]; any dtype (MLX: outer).
    pub(crate) fn outer(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_outer(self.raw(), b.raw(), out) })
    }

    /// Sum of conj(a) * b along an axis of the two, which broadcast; any dtype (MLX: vecdot).
    pub(crate) fn vecdot(&self, b: &Array, axis: c_int) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_vecdot(self.raw(), b.raw(), axis, out) })
    }

    /// Row i of a \[M,K\] times matrix idx\[i\] of b \[E,K,N\]: \[M,N\], real floats (MLX: gather_mm). Indices are
    /// integers, or anything else truncated; negative ones count from the end, and those out of range are clamped into
    /// it.
    pub(crate) fn gather_mm(&self, b: &Array, idx: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_gather_mm(self.raw(), b.raw(), idx.raw(), out) })
    }

    /// The general form over a \[...,M,K\] and b \[...,K,N\]: indices, as above, into the flattened batch axes of each;
    /// the result has the broadcast shape of the two index arrays, then \[M,N\]. `None` takes the matrices in their
    /// order, as an index array with the shape of the batch axes. `sorted` true promises ascending rhs indices: it
    /// changes speed only (MLX: gather_mm).
    pub(crate) fn gather_mm_general(
        &self,
        b: &Array,
        lhs: Option<&Array>,
        rhs: Option<&Array>,
        sorted: bool,
    ) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_gather_mm_general(
                self.raw(),
                b.raw(),
                handle_or_null(lhs),
                handle_or_null(rhs),
                c_int::from(sorted),
                out,
            )
        })
    }

    /// For each \[start, end) of integer `segments` \[...,2\], the product of columns start to end of a \[M,K\] with
    /// those rows of b \[K,N\]: \[...,M,N\], real floats. Bounds are clamped to 0 and K (MLX: segmented_mm).
    pub(crate) fn segmented_mm(&self, b: &Array, segments: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_segmented_mm(self.raw(), b.raw(), segments.raw(), out) })
    }

    /// Product of f16, bf16 or f32 matrices whose blocks of `block_size` (32 or 64) squared are switched by masks, bool
    /// or factors: of the product \[..., ceil M, ceil N\], of a \[..., ceil M, ceil K\] and of b \[..., ceil K, ceil
    /// N\], in blocks; `None` masks nothing (MLX: block_masked_mm).
    pub(crate) fn block_masked_mm(
        &self,
        b: &Array,
        block_size: c_int,
        mask_out: Option<&Array>,
        mask_lhs: Option<&Array>,
        mask_rhs: Option<&Array>,
    ) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_block_masked_mm(
                self.raw(),
                b.raw(),
                block_size,
                handle_or_null(mask_out),
                handle_or_null(mask_lhs),
                handle_or_null(mask_rhs),
                out,
            )
        })
    }
}
