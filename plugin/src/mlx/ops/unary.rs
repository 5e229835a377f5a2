//! Operations of the family `unary`. Written by `cargo xtask array-ops`. Do not edit.

use crate::mlx::array::Array;
use crate::mlx::dtypes::dtype_code;
use rlx_host_api::kernel::Unary;
use rlx_host_api::{DType, Error};
use rlx_mlx_shim as ffi;

impl Array {
    /// One function by kind (MLX: the function of that name). Transcendental functions of integers and bool give f32,
    /// the others keep the dtype. RELU keeps NaN; ROUND takes halves to even. EXP, SIN, COS, SIGMOID, ERF and ERFINV of
    /// f64 have the precision of f32. An error: NEG of bool; RELU, SIGMOID, ERF, ERFINV, FLOOR, CEIL, TRUNC and EXPM1
    /// of complex64.
    pub(crate) fn unary(&self, kind: Unary) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_unary(self.raw(), kind as u32, out) })
    }

    /// Exact 0.5 x (1 + erf(x / sqrt 2)). Half types are computed in f32 and rounded once; integers give f32; complex64
    /// is an error.
    pub(crate) fn gelu(&self) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_gelu(self.raw(), out) })
    }

    /// x * sigmoid(x); integers give f32, complex64 is an error.
    pub(crate) fn silu(&self) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_silu(self.raw(), out) })
    }

    /// Conversion (MLX: astype). Float to integer truncates toward zero; a value that the integer cannot hold gives an
    /// unspecified one. To bool: nonzero is true.
    pub(crate) fn cast(&self, dtype: DType) -> Result<Array, Error> {
        let dtype = dtype_code(dtype)?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_cast(self.raw(), dtype, out) })
    }

    /// The same bits as elements of another dtype; the last extent changes with the element size (MLX: view). An error
    /// when it does not divide, and for a scalar when the sizes differ.
    pub(crate) fn view(&self, dtype: DType) -> Result<Array, Error> {
        let dtype = dtype_code(dtype)?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_view(self.raw(), dtype, out) })
    }

    /// ~a of integers; not a of bool (MLX: bitwise_invert). Other dtypes are an error.
    pub(crate) fn bit_not(&self) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_bit_not(self.raw(), out) })
    }

    /// a == 0, as bool (MLX: logical_not).
    pub(crate) fn logical_not(&self) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_logical_not(self.raw(), out) })
    }

    /// NaN, +inf and -inf of real floats replaced by these values; other dtypes are returned as they are (MLX:
    /// nan_to_num).
    pub(crate) fn nan_to_num(&self, nan: f32, posinf: f32, neginf: f32) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_nan_to_num(self.raw(), nan, posinf, neginf, out) })
    }
}
