//! Operations of the family `create`. Written by `cargo xtask array-ops`. Do not edit.

use crate::abi::*;
use crate::kernel::array::{Array, ArrayOps, given};
use crate::{DType, Error};

/// Arrays made from numbers, and triangular parts.
impl<'a> ArrayOps<'a> {
    /// MLX: zeros.
    pub fn zeros(&self, shape: &[i32], dtype: DType) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *const i32, u64, u32) -> *mut RlxError;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("zeros", "1vt")?;
            let [out] = self.call(|out| call(out, shape.as_ptr(), shape.len() as u64, dtype.code()))?;
            given(out)
        }
    }

    /// MLX: ones.
    pub fn ones(&self, shape: &[i32], dtype: DType) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *const i32, u64, u32) -> *mut RlxError;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("ones", "1vt")?;
            let [out] = self.call(|out| call(out, shape.as_ptr(), shape.len() as u64, dtype.code()))?;
            given(out)
        }
    }

    /// `value`, which broadcasts to the shape, in its own dtype (MLX: full).
    pub fn full(&self, shape: &[i32], value: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *const i32, u64, *mut RlxArray) -> *mut RlxError;
        let value = self.handle(value)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("full", "1va")?;
            let [out] = self.call(|out| call(out, shape.as_ptr(), shape.len() as u64, value))?;
            given(out)
        }
    }

    /// start, start + step, .. before stop; rank 1, may be empty. Start and step are converted to `dtype` first, so
    /// integers drop fractions, and i64 is exact to 2^53. An error: step 0, a number that is not finite, more than
    /// 2^31 - 1 elements; an error: bool (MLX: arange).
    pub fn arange(&self, start: f64, stop: f64, step: f64, dtype: DType) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, f64, f64, f64, u32) -> *mut RlxError;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("arange", "1dddt")?;
            let [out] = self.call(|out| call(out, start, stop, step, dtype.code()))?;
            given(out)
        }
    }

    /// `count` numbers at equal distances from start to stop, which is left out when `endpoint` is false; computed in
    /// f32, in f64 for F64. An error for a negative count (MLX: linspace).
    pub fn linspace(
        &self,
        start: f64,
        stop: f64,
        count: i32,
        endpoint: bool,
        dtype: DType,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, f64, f64, i32, i32, u32) -> *mut RlxError;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("linspace", "1ddibt")?;
            let [out] = self.call(|out| call(out, start, stop, count, endpoint.into(), dtype.code()))?;
            given(out)
        }
    }

    /// \[rows, columns\]: 1 on the diagonal column = row + k, else 0 (MLX: eye).
    pub fn eye(&self, rows: i32, columns: i32, k: i32, dtype: DType) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, i32, i32, i32, u32) -> *mut RlxError;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("eye", "1iiit")?;
            let [out] = self.call(|out| call(out, rows, columns, k, dtype.code()))?;
            given(out)
        }
    }

    /// \[rows, columns\]: 1 where column <= row + k, else 0 (MLX: tri).
    pub fn tri(&self, rows: i32, columns: i32, k: i32, dtype: DType) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, i32, i32, i32, u32) -> *mut RlxError;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("tri", "1iiit")?;
            let [out] = self.call(|out| call(out, rows, columns, k, dtype.code()))?;
            given(out)
        }
    }

    /// Elements of the last two axes with column <= row + k, or column >= row + k; the others are 0. An error for a
    /// rank below 2 (MLX: tril, triu).
    pub fn tril(&self, a: &Array<'_>, k: i32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("tril", "1ai")?;
            let [out] = self.call(|out| call(out, a, k))?;
            given(out)
        }
    }

    /// Elements of the last two axes with column <= row + k, or column >= row + k; the others are 0. An error for a
    /// rank below 2 (MLX: tril, triu).
    pub fn triu(&self, a: &Array<'_>, k: i32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("triu", "1ai")?;
            let [out] = self.call(|out| call(out, a, k))?;
            given(out)
        }
    }
}
