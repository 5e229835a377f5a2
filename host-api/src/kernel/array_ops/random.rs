//! Operations of the family `random`. Written by `cargo xtask array-ops`. Do not edit.

use crate::abi::*;
use crate::kernel::array::{Array, ArrayOps, given};
use crate::{DType, Error};

/// Random numbers. Each op takes a key, u32 \[2\], and gives the same numbers for the same key, shape and dtype; use
/// every key once (split it for more). Floats are f16, bf16 or f32 unless said otherwise; operands broadcast to the
/// shape.
impl<'a> ArrayOps<'a> {
    /// A key from a seed (MLX: random::key); `num` keys \[num,2\] from one (random::split).
    pub fn random_key(&self, seed: u64) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, u64) -> *mut RlxError;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("random_key", "1u")?;
            let [out] = self.call(|out| call(out, seed))?;
            given(out)
        }
    }

    /// A key from a seed (MLX: random::key); `num` keys \[num,2\] from one (random::split).
    pub fn random_split(&self, key: &Array<'_>, num: i32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32) -> *mut RlxError;
        let key = self.handle(key)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("random_split", "1ai")?;
            let [out] = self.call(|out| call(out, key, num))?;
            given(out)
        }
    }

    /// Uniform numbers of `width` bytes: 1 gives u8, 2 gives u32 below 65536, 4 gives u32 (MLX: random::bits).
    pub fn random_bits(&self, shape: &[i32], width: i32, key: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *const i32, u64, i32, *mut RlxArray) -> *mut RlxError;
        let key = self.handle(key)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("random_bits", "1via")?;
            let [out] = self.call(|out| call(out, shape.as_ptr(), shape.len() as u64, width, key))?;
            given(out)
        }
    }

    /// Uniform in \[low, high) (MLX: random::uniform).
    pub fn random_uniform(
        &self,
        low: &Array<'_>,
        high: &Array<'_>,
        shape: &[i32],
        dtype: DType,
        key: &Array<'_>,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *const i32,
            u64,
            u32,
            *mut RlxArray,
        ) -> *mut RlxError;
        let low = self.handle(low)?;
        let high = self.handle(high)?;
        let key = self.handle(key)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("random_uniform", "1aavta")?;
            let [out] = self.call(|out| call(out, low, high, shape.as_ptr(), shape.len() as u64, dtype.code(), key))?;
            given(out)
        }
    }

    /// Normal with a mean and a standard deviation, `None` for 0 and 1; f64 and complex64 as well (MLX:
    /// random::normal).
    pub fn random_normal(
        &self,
        shape: &[i32],
        dtype: DType,
        loc: Option<&Array<'_>>,
        scale: Option<&Array<'_>>,
        key: &Array<'_>,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *const i32,
            u64,
            u32,
            *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
        ) -> *mut RlxError;
        let loc = self.optional_handle(loc)?;
        let scale = self.optional_handle(scale)?;
        let key = self.handle(key)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("random_normal", "1vtooa")?;
            let [out] =
                self.call(|out| call(out, shape.as_ptr(), shape.len() as u64, dtype.code(), loc, scale, key))?;
            given(out)
        }
    }

    /// Standard normal within \[lower, upper\] (MLX: random::truncated_normal).
    pub fn random_truncated_normal(
        &self,
        lower: &Array<'_>,
        upper: &Array<'_>,
        shape: &[i32],
        dtype: DType,
        key: &Array<'_>,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *const i32,
            u64,
            u32,
            *mut RlxArray,
        ) -> *mut RlxError;
        let lower = self.handle(lower)?;
        let upper = self.handle(upper)?;
        let key = self.handle(key)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("random_truncated_normal", "1aavta")?;
            let [out] =
                self.call(|out| call(out, lower, upper, shape.as_ptr(), shape.len() as u64, dtype.code(), key))?;
            given(out)
        }
    }

    /// Standard Gumbel; Laplace with mean `loc` and scale `scale` (MLX: random::gumbel, random::laplace).
    pub fn random_gumbel(&self, shape: &[i32], dtype: DType, key: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *const i32, u64, u32, *mut RlxArray) -> *mut RlxError;
        let key = self.handle(key)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("random_gumbel", "1vta")?;
            let [out] = self.call(|out| call(out, shape.as_ptr(), shape.len() as u64, dtype.code(), key))?;
            given(out)
        }
    }

    /// Standard Gumbel; Laplace with mean `loc` and scale `scale` (MLX: random::gumbel, random::laplace).
    pub fn random_laplace(
        &self,
        shape: &[i32],
        dtype: DType,
        loc: f32,
        scale: f32,
        key: &Array<'_>,
    ) -> Result<Array<'a>, Error> {
        type F =
            unsafe extern "C" fn(*mut *mut RlxArray, *const i32, u64, u32, f32, f32, *mut RlxArray) -> *mut RlxError;
        let key = self.handle(key)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("random_laplace", "1vtffa")?;
            let [out] =
                self.call(|out| call(out, shape.as_ptr(), shape.len() as u64, dtype.code(), loc, scale, key))?;
            given(out)
        }
    }

    /// true with probability p, any float (MLX: random::bernoulli).
    pub fn random_bernoulli(&self, p: &Array<'_>, shape: &[i32], key: &Array<'_>) -> Result<Array<'a>, Error> {
        type F =
            unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *const i32, u64, *mut RlxArray) -> *mut RlxError;
        let p = self.handle(p)?;
        let key = self.handle(key)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("random_bernoulli", "1ava")?;
            let [out] = self.call(|out| call(out, p, shape.as_ptr(), shape.len() as u64, key))?;
            given(out)
        }
    }

    /// Integers in \[low, high), of an integer dtype or bool; an empty range gives low. Drawn from f32 uniform numbers,
    /// so that of a range above 2^24 not every number comes (MLX: random::randint).
    pub fn random_randint(
        &self,
        low: &Array<'_>,
        high: &Array<'_>,
        shape: &[i32],
        dtype: DType,
        key: &Array<'_>,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *const i32,
            u64,
            u32,
            *mut RlxArray,
        ) -> *mut RlxError;
        let low = self.handle(low)?;
        let high = self.handle(high)?;
        let key = self.handle(key)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("random_randint", "1aavta")?;
            let [out] = self.call(|out| call(out, low, high, shape.as_ptr(), shape.len() as u64, dtype.code(), key))?;
            given(out)
        }
    }

    /// The slices of x along an axis in random order (MLX: random::permutation).
    pub fn random_permutation(&self, x: &Array<'_>, axis: i32, key: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32, *mut RlxArray) -> *mut RlxError;
        let x = self.handle(x)?;
        let key = self.handle(key)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("random_permutation", "1aia")?;
            let [out] = self.call(|out| call(out, x, axis, key))?;
            given(out)
        }
    }

    /// `num` draws a row from unnormalised log-probabilities along an axis, which the result does not have; the draws
    /// are its last axis. u32 (MLX: random::categorical).
    pub fn random_categorical(
        &self,
        logits: &Array<'_>,
        axis: i32,
        num: i32,
        key: &Array<'_>,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32, i32, *mut RlxArray) -> *mut RlxError;
        let logits = self.handle(logits)?;
        let key = self.handle(key)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("random_categorical", "1aiia")?;
            let [out] = self.call(|out| call(out, logits, axis, num, key))?;
            given(out)
        }
    }

    /// One draw a row; the result has the shape of logits without the axis, u32. `seed` other than 0 is that seed's
    /// key. With 0 the key is the next of the thread's own sequence: another draw at every call, and other ones on
    /// every thread; but while a function is traced, one draw that the trace repeats (MLX: random::categorical).
    pub fn categorical(&self, logits: &Array<'_>, axis: i32, seed: u64) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32, u64) -> *mut RlxError;
        let logits = self.handle(logits)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("categorical", "1aiu")?;
            let [out] = self.call(|out| call(out, logits, axis, seed))?;
            given(out)
        }
    }
}
