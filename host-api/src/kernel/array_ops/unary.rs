//! Operations of the family `unary`. Written by `cargo xtask array-ops`. Do not edit.

use super::kinds::Unary;
use crate::abi::*;
use crate::kernel::array::{Array, ArrayOps, given};
use crate::{DType, Error};

/// Elementwise ops of one operand. The result has the operand's shape.
impl<'a> ArrayOps<'a> {
    /// One function by kind (MLX: the function of that name). Transcendental functions of integers and bool give f32,
    /// the others keep the dtype. RELU keeps NaN; ROUND takes halves to even. EXP, SIN, COS, SIGMOID, ERF and ERFINV of
    /// f64 have the precision of f32. An error: NEG of bool; RELU, SIGMOID, ERF, ERFINV, FLOOR, CEIL, TRUNC and EXPM1
    /// of complex64.
    pub fn unary(&self, a: &Array<'_>, kind: Unary) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, u32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("unary", "1ae")?;
            let [out] = self.call(|out| call(out, a, kind as u32))?;
            given(out)
        }
    }

    /// Exact 0.5 x (1 + erf(x / sqrt 2)). Half types are computed in f32 and rounded once; integers give f32; complex64
    /// is an error.
    pub fn gelu(&self, a: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("gelu", "1a")?;
            let [out] = self.call(|out| call(out, a))?;
            given(out)
        }
    }

    /// x * sigmoid(x); integers give f32, complex64 is an error.
    pub fn silu(&self, a: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("silu", "1a")?;
            let [out] = self.call(|out| call(out, a))?;
            given(out)
        }
    }

    /// Conversion (MLX: astype). Float to integer truncates toward zero; a value that the integer cannot hold gives an
    /// unspecified one. To bool: nonzero is true.
    pub fn cast(&self, a: &Array<'_>, dtype: DType) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, u32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("cast", "1at")?;
            let [out] = self.call(|out| call(out, a, dtype.code()))?;
            given(out)
        }
    }

    /// The same bits as elements of another dtype; the last extent changes with the element size (MLX: view). An error
    /// when it does not divide, and for a scalar when the sizes differ.
    pub fn view(&self, a: &Array<'_>, dtype: DType) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, u32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("view", "1at")?;
            let [out] = self.call(|out| call(out, a, dtype.code()))?;
            given(out)
        }
    }

    /// ~a of integers; not a of bool (MLX: bitwise_invert). Other dtypes are an error.
    pub fn bit_not(&self, a: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("bit_not", "1a")?;
            let [out] = self.call(|out| call(out, a))?;
            given(out)
        }
    }

    /// a == 0, as bool (MLX: logical_not).
    pub fn logical_not(&self, a: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("logical_not", "1a")?;
            let [out] = self.call(|out| call(out, a))?;
            given(out)
        }
    }

    /// NaN, +inf and -inf of real floats replaced by these values; other dtypes are returned as they are (MLX:
    /// nan_to_num).
    pub fn nan_to_num(&self, a: &Array<'_>, nan: f32, posinf: f32, neginf: f32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, f32, f32, f32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("nan_to_num", "1afff")?;
            let [out] = self.call(|out| call(out, a, nan, posinf, neginf))?;
            given(out)
        }
    }
}
