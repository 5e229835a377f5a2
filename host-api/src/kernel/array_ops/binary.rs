//! Operations of the family `binary`. Written by `cargo xtask array-ops`. Do not edit.

use crate::Error;
use crate::abi::*;
use crate::kernel::array::{Array, ArrayOps, given};

/// Elementwise ops of two or three operands.
///
/// NumPy broadcasting (an error where shapes do not meet) and MLX's type promotion apply: f16 with bf16 gives f32,
/// integers with floats give the float type. Integer arithmetic wraps around.
impl<'a> ArrayOps<'a> {
    /// a + b; of bool: or.
    pub fn add(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("add", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// a - b (MLX: subtract).
    pub fn sub(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("sub", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// a * b; of bool: and.
    pub fn mul(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("mul", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// True division; integers and bool give f32 (MLX: divide).
    pub fn div(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("div", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// floor(a / b), of integers too; an integer divided by 0 is 0, the lowest integer by -1 is itself. An error for
    /// complex64 (MLX: floor_divide).
    pub fn floor_div(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("floor_div", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// Remainder with the sign of the divisor, as in Python; of integers by 0 it is 0. An error for complex64 (MLX:
    /// remainder).
    pub fn remainder(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("remainder", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// Remainder with the sign of the dividend, as C's fmod, exact; otherwise as [`remainder`](Self::remainder), from
    /// which it is made. A zero result carries no certain sign.
    pub fn fmod(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("fmod", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// The larger and the smaller element; NaN wins (MLX: maximum, minimum).
    pub fn max(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("max", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// The larger and the smaller element; NaN wins (MLX: maximum, minimum).
    pub fn min(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("min", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// a to the power b in the promoted dtype; an integer to a negative integer is 0 (MLX: power).
    pub fn pow(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("pow", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// Angle of the point (b, a); integers give f32, complex64 is an error (MLX: arctan2).
    pub fn atan2(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("atan2", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// log(exp a + exp b) without overflow; integers give f32 (MLX: logaddexp).
    pub fn logaddexp(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("logaddexp", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// Bit operations on integers and bool; other dtypes are an error (MLX: bitwise_and, _or, _xor).
    pub fn bit_and(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("bit_and", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// Bit operations on integers and bool; other dtypes are an error (MLX: bitwise_and, _or, _xor).
    pub fn bit_or(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("bit_or", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// Bit operations on integers and bool; other dtypes are an error (MLX: bitwise_and, _or, _xor).
    pub fn bit_xor(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("bit_xor", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// a << b and a >> b, the latter with the sign of a; bool operands give u8. A count outside 0 .. bits - 1 gives an
    /// unspecified number. An error for non-integers (MLX: left_shift, right_shift).
    pub fn shl(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("shl", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// a << b and a >> b, the latter with the sign of a; bool operands give u8. A count outside 0 .. bits - 1 gives an
    /// unspecified number. An error for non-integers (MLX: left_shift, right_shift).
    pub fn shr(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("shr", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// Of a != 0 and b != 0; the result is bool (MLX: logical_and, logical_or, logical_xor).
    pub fn logical_and(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("logical_and", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// Of a != 0 and b != 0; the result is bool (MLX: logical_and, logical_or, logical_xor).
    pub fn logical_or(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("logical_or", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// Of a != 0 and b != 0; the result is bool (MLX: logical_and, logical_or, logical_xor).
    pub fn logical_xor(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("logical_xor", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// Comparisons of the promoted operands; the result is bool. Complex numbers are ordered by real, then imaginary
    /// part. NaN differs from everything (MLX: equal, not_equal, less, less_equal, greater, greater_equal).
    pub fn eq(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("eq", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// Comparisons of the promoted operands; the result is bool. Complex numbers are ordered by real, then imaginary
    /// part. NaN differs from everything (MLX: equal, not_equal, less, less_equal, greater, greater_equal).
    pub fn ne(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("ne", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// Comparisons of the promoted operands; the result is bool. Complex numbers are ordered by real, then imaginary
    /// part. NaN differs from everything (MLX: equal, not_equal, less, less_equal, greater, greater_equal).
    pub fn lt(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("lt", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// Comparisons of the promoted operands; the result is bool. Complex numbers are ordered by real, then imaginary
    /// part. NaN differs from everything (MLX: equal, not_equal, less, less_equal, greater, greater_equal).
    pub fn le(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("le", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// Comparisons of the promoted operands; the result is bool. Complex numbers are ordered by real, then imaginary
    /// part. NaN differs from everything (MLX: equal, not_equal, less, less_equal, greater, greater_equal).
    pub fn gt(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("gt", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// Comparisons of the promoted operands; the result is bool. Complex numbers are ordered by real, then imaginary
    /// part. NaN differs from everything (MLX: equal, not_equal, less, less_equal, greater, greater_equal).
    pub fn ge(&self, a: &Array<'_>, b: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let b = self.handle(b)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("ge", "1aa")?;
            let [out] = self.call(|out| call(out, a, b))?;
            given(out)
        }
    }

    /// x where cond is nonzero, else y; all three broadcast (MLX: where).
    pub fn where_(&self, cond: &Array<'_>, x: &Array<'_>, y: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let cond = self.handle(cond)?;
        let x = self.handle(x)?;
        let y = self.handle(y)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("where", "1aaa")?;
            let [out] = self.call(|out| call(out, cond, x, y))?;
            given(out)
        }
    }

    /// min(max(a, low), high); a bound may be `None`, not both (else an error). NaN stays; high wins over a greater low
    /// (MLX: clip).
    pub fn clip(&self, a: &Array<'_>, low: Option<&Array<'_>>, high: Option<&Array<'_>>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        let low = self.optional_handle(low)?;
        let high = self.optional_handle(high)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("clip", "1aoo")?;
            let [out] = self.call(|out| call(out, a, low, high))?;
            given(out)
        }
    }
}
