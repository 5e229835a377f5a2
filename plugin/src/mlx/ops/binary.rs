//! Operations of the family `binary`. Written by `cargo xtask array-ops`. Do not edit.

use crate::mlx::arguments::handle_or_null;
use crate::mlx::array::Array;
use rlx_host_api::Error;
use rlx_mlx_shim as ffi;

impl Array {
    /// a + b; of bool: or.
    pub(crate) fn add(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_add(self.raw(), b.raw(), out) })
    }

    /// a - b (MLX: subtract).
    pub(crate) fn sub(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_sub(self.raw(), b.raw(), out) })
    }

    /// a * b; of bool: and.
    pub(crate) fn mul(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_mul(self.raw(), b.raw(), out) })
    }

    /// True division; integers and bool give f32 (MLX: divide).
    pub(crate) fn div(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_div(self.raw(), b.raw(), out) })
    }

    /// floor(a / b), of integers too; an integer divided by 0 is 0, the lowest integer by -1 is itself. An error for
    /// complex64 (MLX: floor_divide).
    pub(crate) fn floor_div(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_floor_div(self.raw(), b.raw(), out) })
    }

    /// Remainder with the sign of the divisor, as in Python; of integers by 0 it is 0. An error for complex64 (MLX:
    /// remainder).
    pub(crate) fn remainder(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_remainder(self.raw(), b.raw(), out) })
    }

    /// Remainder with the sign of the dividend, as C's fmod, exact; otherwise as [`remainder`](Self::remainder), from
    /// which it is made. A zero result carries no certain sign.
    pub(crate) fn fmod(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_fmod(self.raw(), b.raw(), out) })
    }

    /// The larger and the smaller element; NaN wins (MLX: maximum, minimum).
    pub(crate) fn max(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_max(self.raw(), b.raw(), out) })
    }

    /// The larger and the smaller element; NaN wins (MLX: maximum, minimum).
    pub(crate) fn min(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_min(self.raw(), b.raw(), out) })
    }

    /// a to the power b in the promoted dtype; an integer to a negative integer is 0 (MLX: power).
    pub(crate) fn pow(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_pow(self.raw(), b.raw(), out) })
    }

    /// Angle of the point (b, a); integers give f32, complex64 is an error (MLX: arctan2).
    pub(crate) fn atan2(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_atan2(self.raw(), b.raw(), out) })
    }

    /// log(exp a + exp b) without overflow; integers give f32 (MLX: logaddexp).
    pub(crate) fn logaddexp(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_logaddexp(self.raw(), b.raw(), out) })
    }

    /// Bit operations on integers and bool; other dtypes are an error (MLX: bitwise_and, _or, _xor).
    pub(crate) fn bit_and(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_bit_and(self.raw(), b.raw(), out) })
    }

    /// Bit operations on integers and bool; other dtypes are an error (MLX: bitwise_and, _or, _xor).
    pub(crate) fn bit_or(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_bit_or(self.raw(), b.raw(), out) })
    }

    /// Bit operations on integers and bool; other dtypes are an error (MLX: bitwise_and, _or, _xor).
    pub(crate) fn bit_xor(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_bit_xor(self.raw(), b.raw(), out) })
    }

    /// a << b and a >> b, the latter with the sign of a; bool operands give u8. A count outside 0 .. bits - 1 gives an
    /// unspecified number. An error for non-integers (MLX: left_shift, right_shift).
    pub(crate) fn shl(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_shl(self.raw(), b.raw(), out) })
    }

    /// a << b and a >> b, the latter with the sign of a; bool operands give u8. A count outside 0 .. bits - 1 gives an
    /// unspecified number. An error for non-integers (MLX: left_shift, right_shift).
    pub(crate) fn shr(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_shr(self.raw(), b.raw(), out) })
    }

    /// Of a != 0 and b != 0; the result is bool (MLX: logical_and, logical_or, logical_xor).
    pub(crate) fn logical_and(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_logical_and(self.raw(), b.raw(), out) })
    }

    /// Of a != 0 and b != 0; the result is bool (MLX: logical_and, logical_or, logical_xor).
    pub(crate) fn logical_or(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_logical_or(self.raw(), b.raw(), out) })
    }

    /// Of a != 0 and b != 0; the result is bool (MLX: logical_and, logical_or, logical_xor).
    pub(crate) fn logical_xor(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_logical_xor(self.raw(), b.raw(), out) })
    }

    /// Comparisons of the promoted operands; the result is bool. Complex numbers are ordered by real, then imaginary
    /// part. NaN differs from everything (MLX: equal, not_equal, less, less_equal, greater, greater_equal).
    pub(crate) fn eq(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_eq(self.raw(), b.raw(), out) })
    }

    /// Comparisons of the promoted operands; the result is bool. Complex numbers are ordered by real, then imaginary
    /// part. NaN differs from everything (MLX: equal, not_equal, less, less_equal, greater, greater_equal).
    pub(crate) fn ne(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_ne(self.raw(), b.raw(), out) })
    }

    /// Comparisons of the promoted operands; the result is bool. Complex numbers are ordered by real, then imaginary
    /// part. NaN differs from everything (MLX: equal, not_equal, less, less_equal, greater, greater_equal).
    pub(crate) fn lt(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_lt(self.raw(), b.raw(), out) })
    }

    /// Comparisons of the promoted operands; the result is bool. Complex numbers are ordered by real, then imaginary
    /// part. NaN differs from everything (MLX: equal, not_equal, less, less_equal, greater, greater_equal).
    pub(crate) fn le(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_le(self.raw(), b.raw(), out) })
    }

    /// Comparisons of the promoted operands; the result is bool. Complex numbers are ordered by real, then imaginary
    /// part. NaN differs from everything (MLX: equal, not_equal, less, less_equal, greater, greater_equal).
    pub(crate) fn gt(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_gt(self.raw(), b.raw(), out) })
    }

    /// Comparisons of the promoted operands; the result is bool. Complex numbers are ordered by real, then imaginary
    /// part. NaN differs from everything (MLX: equal, not_equal, less, less_equal, greater, greater_equal).
    pub(crate) fn ge(&self, b: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_ge(self.raw(), b.raw(), out) })
    }

    /// x where cond is nonzero, else y; all three broadcast (MLX: where).
    pub(crate) fn where_(&self, x: &Array, y: &Array) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_where(self.raw(), x.raw(), y.raw(), out) })
    }

    /// min(max(a, low), high); a bound may be `None`, not both (else an error). NaN stays; high wins over a greater low
    /// (MLX: clip).
    pub(crate) fn clip(&self, low: Option<&Array>, high: Option<&Array>) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_clip(self.raw(), handle_or_null(low), handle_or_null(high), out)
        })
    }
}
