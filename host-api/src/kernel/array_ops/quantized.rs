//! Operations of the family `quantized`. Written by `cargo xtask array-ops`. Do not edit.

use super::kinds::Quant;
use crate::abi::*;
use crate::kernel::array::{Array, ArrayOps, given};
use crate::{DType, Error};

/// Quantised matrices. Each group of neighbours on the last axis shares a scale (and in affine mode a bias); elements
/// of `bits` are packed into u32 words, the first in the lowest bits. A bad combination of mode, group size and bits is
/// an error.
impl<'a> ArrayOps<'a> {
    /// Quantises w \[...,K\] of rank 2 or more, f16, bf16 or f32, K a multiple of the group size: u32 words
    /// \[...,K*bits/32\], scales \[...,K/group_size\], and biases of the same shape, or `None` in modes that have none.
    /// `global_scale` is a f32 scalar for nvfp4 alone: the largest magnitude, by which the scales are normalised (MLX:
    /// quantize).
    ///
    /// Gives (w, scales, biases).
    pub fn quantize(
        &self,
        w: &Array<'_>,
        group_size: i32,
        bits: i32,
        mode: Quant,
        global_scale: Option<&Array<'_>>,
    ) -> Result<(Array<'a>, Array<'a>, Option<Array<'a>>), Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32, i32, u32, *mut RlxArray) -> *mut RlxError;
        let w = self.handle(w)?;
        let global_scale = self.optional_handle(global_scale)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("quantize", "3aiieo")?;
            let [w, scales, biases] = self.call(|out| call(out, w, group_size, bits, mode as u32, global_scale))?;
            Ok((given(w)?, given(scales)?, biases))
        }
    }

    /// Back to \[...,K\] of dtype f16, bf16 or f32. Biases are `None` exactly where the mode has none (MLX:
    /// dequantize).
    #[expect(clippy::too_many_arguments)]
    pub fn dequantize(
        &self,
        w: &Array<'_>,
        scales: &Array<'_>,
        biases: Option<&Array<'_>>,
        group_size: i32,
        bits: i32,
        mode: Quant,
        global_scale: Option<&Array<'_>>,
        dtype: DType,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            i32,
            i32,
            u32,
            *mut RlxArray,
            u32,
        ) -> *mut RlxError;
        let w = self.handle(w)?;
        let scales = self.handle(scales)?;
        let biases = self.optional_handle(biases)?;
        let global_scale = self.optional_handle(global_scale)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("dequantize", "1aaoiieot")?;
            let [out] = self
                .call(|out| call(out, w, scales, biases, group_size, bits, mode as u32, global_scale, dtype.code()))?;
            given(out)
        }
    }

    /// x \[...,K\] @ w^T for quantised w \[N,K\] with `transpose` true, else x \[...,N\] @ w; affine. `None` biases
    /// are 0. x is f16, bf16 or f32; batch axes of w broadcast with those of x (MLX: quantized_matmul).
    #[expect(clippy::too_many_arguments)]
    pub fn quantized_matmul(
        &self,
        x: &Array<'_>,
        w: &Array<'_>,
        scales: &Array<'_>,
        biases: Option<&Array<'_>>,
        transpose: bool,
        group_size: i32,
        bits: i32,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            i32,
            i32,
            i32,
        ) -> *mut RlxError;
        let x = self.handle(x)?;
        let w = self.handle(w)?;
        let scales = self.handle(scales)?;
        let biases = self.optional_handle(biases)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("quantized_matmul", "1aaaobii")?;
            let [out] = self.call(|out| call(out, x, w, scales, biases, transpose.into(), group_size, bits))?;
            given(out)
        }
    }

    /// The same in any mode, biases `None` exactly where the mode has none.
    #[expect(clippy::too_many_arguments)]
    pub fn quantized_matmul_mode(
        &self,
        x: &Array<'_>,
        w: &Array<'_>,
        scales: &Array<'_>,
        biases: Option<&Array<'_>>,
        transpose: bool,
        group_size: i32,
        bits: i32,
        mode: Quant,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            i32,
            i32,
            i32,
            u32,
        ) -> *mut RlxError;
        let x = self.handle(x)?;
        let w = self.handle(w)?;
        let scales = self.handle(scales)?;
        let biases = self.optional_handle(biases)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("quantized_matmul_mode", "1aaaobiie")?;
            let [out] =
                self.call(|out| call(out, x, w, scales, biases, transpose.into(), group_size, bits, mode as u32))?;
            given(out)
        }
    }

    /// The same with indices into the flattened batch axes of x \[...,M,K\] and of w, as for
    /// [`gather_mm_general`](Self::gather_mm_general) (MLX: gather_qmm).
    #[expect(clippy::too_many_arguments)]
    pub fn gather_qmm(
        &self,
        x: &Array<'_>,
        w: &Array<'_>,
        scales: &Array<'_>,
        biases: Option<&Array<'_>>,
        lhs: Option<&Array<'_>>,
        rhs: Option<&Array<'_>>,
        transpose: bool,
        group_size: i32,
        bits: i32,
        mode: Quant,
        sorted: bool,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            i32,
            i32,
            i32,
            u32,
            i32,
        ) -> *mut RlxError;
        let x = self.handle(x)?;
        let w = self.handle(w)?;
        let scales = self.handle(scales)?;
        let biases = self.optional_handle(biases)?;
        let lhs = self.optional_handle(lhs)?;
        let rhs = self.optional_handle(rhs)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("gather_qmm", "1aaaooobiieb")?;
            let [out] = self.call(|out| {
                call(
                    out,
                    x,
                    w,
                    scales,
                    biases,
                    lhs,
                    rhs,
                    transpose.into(),
                    group_size,
                    bits,
                    mode as u32,
                    sorted.into(),
                )
            })?;
            given(out)
        }
    }

    /// Floats to e4m3 bytes (u8), saturating at 448, and bytes to f16, bf16 or f32 (MLX: to_fp8, from_fp8).
    pub fn to_fp8(&self, x: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let x = self.handle(x)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("to_fp8", "1a")?;
            let [out] = self.call(|out| call(out, x))?;
            given(out)
        }
    }

    /// Floats to e4m3 bytes (u8), saturating at 448, and bytes to f16, bf16 or f32 (MLX: to_fp8, from_fp8).
    pub fn from_fp8(&self, x: &Array<'_>, dtype: DType) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, u32) -> *mut RlxError;
        let x = self.handle(x)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("from_fp8", "1at")?;
            let [out] = self.call(|out| call(out, x, dtype.code()))?;
            given(out)
        }
    }
}
