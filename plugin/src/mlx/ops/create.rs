//! Operations of the family `create`. Written by `cargo xtask array-ops`. Do not edit.

use crate::mlx::array::Array;
use crate::mlx::dtypes::dtype_code;
use rlx_host_api::{DType, Error};
use rlx_mlx_shim as ffi;
use std::ffi::c_int;

impl Array {
    /// MLX: zeros.
    pub(crate) fn zeros(shape: &[c_int], dtype: DType) -> Result<Array, Error> {
        let dtype = dtype_code(dtype)?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_zeros(shape.as_ptr(), shape.len(), dtype, out) })
    }

    /// MLX: ones.
    pub(crate) fn ones(shape: &[c_int], dtype: DType) -> Result<Array, Error> {
        let dtype = dtype_code(dtype)?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_ones(shape.as_ptr(), shape.len(), dtype, out) })
    }

    /// `value`, which broadcasts to the shape, in its own dtype (MLX: full).
    pub(crate) fn full(shape: &[c_int], value: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_full(shape.as_ptr(), shape.len(), value.raw(), out) })
    }

    /// start, start + step, .. before stop; rank 1, may be empty. Start and step are converted to `dtype` first, so
    /// integers drop fractions, and i64 is exact to 2^53. An error: step 0, a number that is not finite, more than
    /// 2^31 - 1 elements; an error: bool (MLX: arange).
    pub(crate) fn arange(start: f64, stop: f64, step: f64, dtype: DType) -> Result<Array, Error> {
        let dtype = dtype_code(dtype)?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_arange(start, stop, step, dtype, out) })
    }

    /// `count` numbers at equal distances from start to stop, which is left out when `endpoint` is false; computed in
    /// f32, in f64 for F64. An error for a negative count (MLX: linspace).
    pub(crate) fn linspace(start: f64, stop: f64, count: c_int, endpoint: bool, dtype: DType) -> Result<Array, Error> {
        let dtype = dtype_code(dtype)?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_linspace(start, stop, count, c_int::from(endpoint), dtype, out) })
    }

    /// \[rows, columns\]: 1 on the diagonal column = row + k, else 0 (MLX: eye).
    pub(crate) fn eye(rows: c_int, columns: c_int, k: c_int, dtype: DType) -> Result<Array, Error> {
        let dtype = dtype_code(dtype)?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_eye(rows, columns, k, dtype, out) })
    }

    /// \[rows, columns\]: 1 where column <= row + k, else 0 (MLX: tri).
    pub(crate) fn tri(rows: c_int, columns: c_int, k: c_int, dtype: DType) -> Result<Array, Error> {
        let dtype = dtype_code(dtype)?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_tri(rows, columns, k, dtype, out) })
    }

    /// Elements of the last two axes with column <= row + k, or column >= row + k; the others are 0. An error for a
    /// rank below 2 (MLX: tril, triu).
    pub(crate) fn tril(&self, k: c_int) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_tril(self.raw(), k, out) })
    }

    /// Elements of the last two axes with column <= row + k, or column >= row + k; the others are 0. An error for a
    /// rank below 2 (MLX: tril, triu).
    pub(crate) fn triu(&self, k: c_int) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_triu(self.raw(), k, out) })
    }
}
