//! Operations of the family `quantized`. Written by `cargo xtask array-ops`. Do not edit.

use crate::mlx::arguments::handle_or_null;
use crate::mlx::array::Array;
use crate::mlx::dtypes::dtype_code;
use rlx_host_api::kernel::Quant;
use rlx_host_api::{DType, Error};
use rlx_mlx_shim as ffi;
use std::ffi::c_int;

impl Array {
    /// Quantises w \[...,K\] of rank 2 or more, f16, bf16 or f32, K a multiple of the group size: u32 words
    /// \[...,K*bits/32\], scales \[...,K/group_size\], and biases of the same shape, or `None` in modes that have none.
    /// `global_scale` is a f32 scalar for nvfp4 alone: the largest magnitude, by which the scales are normalised (MLX:
    /// quantize).
    ///
    /// Gives (w, scales, biases).
    pub(crate) fn quantize(
        &self,
        group_size: c_int,
        bits: c_int,
        mode: Quant,
        global_scale: Option<&Array>,
    ) -> Result<(Array, Array, Option<Array>), Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        let [w, scales, biases] = Array::produce_several(|out| unsafe {
            ffi::rlx_mlx_op_quantize(
                self.raw(),
                group_size,
                bits,
                mode as u32,
                handle_or_null(global_scale),
                out.add(0),
                out.add(1),
                out.add(2),
            )
        })?;
        Ok((Array::given(w)?, Array::given(scales)?, biases))
    }

    /// Back to \[...,K\] of dtype f16, bf16 or f32. Biases are `None` exactly where the mode has none (MLX:
    /// dequantize).
    pub(crate) fn dequantize(
        &self,
        scales: &Array,
        biases: Option<&Array>,
        group_size: c_int,
        bits: c_int,
        mode: Quant,
        global_scale: Option<&Array>,
        dtype: DType,
    ) -> Result<Array, Error> {
        let dtype = dtype_code(dtype)?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_dequantize(
                self.raw(),
                scales.raw(),
                handle_or_null(biases),
                group_size,
                bits,
                mode as u32,
                handle_or_null(global_scale),
                dtype,
                out,
            )
        })
    }

    /// x \[...,K\] @ w^T for quantised w \[N,K\] with `transpose` true, else x \[...,N\] @ w; affine. `None` biases
    /// are 0. x is f16, bf16 or f32; batch axes of w broadcast with those of x (MLX: quantized_matmul).
    pub(crate) fn quantized_matmul(
        &self,
        w: &Array,
        scales: &Array,
        biases: Option<&Array>,
        transpose: bool,
        group_size: c_int,
        bits: c_int,
    ) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_quantized_matmul(
                self.raw(),
                w.raw(),
                scales.raw(),
                handle_or_null(biases),
                c_int::from(transpose),
                group_size,
                bits,
                out,
            )
        })
    }

    /// The same in any mode, biases `None` exactly where the mode has none.
    pub(crate) fn quantized_matmul_mode(
        &self,
        w: &Array,
        scales: &Array,
        biases: Option<&Array>,
        transpose: bool,
        group_size: c_int,
        bits: c_int,
        mode: Quant,
    ) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_quantized_matmul_mode(
                self.raw(),
                w.raw(),
                scales.raw(),
                handle_or_null(biases),
                c_int::from(transpose),
                group_size,
                bits,
                mode as u32,
                out,
            )
        })
    }

    /// The same with indices into the flattened batch axes of x \[...,M,K\] and of w, as for
    /// [`gather_mm_general`](Self::gather_mm_general) (MLX: gather_qmm).
    pub(crate) fn gather_qmm(
        &self,
        w: &Array,
        scales: &Array,
        biases: Option<&Array>,
        lhs: Option<&Array>,
        rhs: Option<&Array>,
        transpose: bool,
        group_size: c_int,
        bits: c_int,
        mode: Quant,
        sorted: bool,
    ) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_gather_qmm(
                self.raw(),
                w.raw(),
                scales.raw(),
                handle_or_null(biases),
                handle_or_null(lhs),
                handle_or_null(rhs),
                c_int::from(transpose),
                group_size,
                bits,
                mode as u32,
                c_int::from(sorted),
                out,
            )
        })
    }

    /// Floats to e4m3 bytes (u8), saturating at 448, and bytes to f16, bf16 or f32 (MLX: to_fp8, from_fp8).
    pub(crate) fn to_fp8(&self) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_to_fp8(self.raw(), out) })
    }

    /// Floats to e4m3 bytes (u8), saturating at 448, and bytes to f16, bf16 or f32 (MLX: to_fp8, from_fp8).
    pub(crate) fn from_fp8(&self, dtype: DType) -> Result<Array, Error> {
        let dtype = dtype_code(dtype)?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_from_fp8(self.raw(), dtype, out) })
    }
}
