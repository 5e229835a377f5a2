//! Operations of the family `reduce`. Written by `cargo xtask array-ops`. Do not edit.

use super::kinds::Reduce;
use crate::Error;
use crate::abi::*;
use crate::kernel::array::{Array, ArrayOps, given};

/// Reductions over axes, and positions of extremes.
///
/// The listed axes go, or stay with extent 1 when `keep_dim` is true; each may be listed once. With no axes nothing is
/// reduced: each element is a group of its own. To reduce over everything, list every axis.
impl<'a> ArrayOps<'a> {
    /// One reduction by kind (MLX: sum, mean, max, min, prod); with no axes the array itself, whatever the kind. SUM
    /// and PROD of bool and of signed integers up to 32 bits give i32, of unsigned ones u32, i64 stays; MEAN of
    /// integers gives f32. MAX and MIN give NaN where there is one, and are an error over an axis of extent 0, over
    /// which SUM gives 0, PROD 1 and MEAN NaN.
    pub fn reduce(&self, a: &Array<'_>, kind: Reduce, axes: &[i32], keep_dim: bool) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, u32, *const i32, u64, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("reduce", "1aevb")?;
            let [out] =
                self.call(|out| call(out, a, kind as u32, axes.as_ptr(), axes.len() as u64, keep_dim.into()))?;
            given(out)
        }
    }

    /// log(sum(exp a)) without overflow; integers give f32; an error over an axis of extent 0 (MLX: logsumexp).
    pub fn logsumexp(&self, a: &Array<'_>, axes: &[i32], keep_dim: bool) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *const i32, u64, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("logsumexp", "1avb")?;
            let [out] = self.call(|out| call(out, a, axes.as_ptr(), axes.len() as u64, keep_dim.into()))?;
            given(out)
        }
    }

    /// Variance and its square root: squared distances from the mean divided by n - ddof, by 0 when ddof reaches n.
    /// Integers and complex64 give f32; NaN over an axis of extent 0 (MLX: var, std).
    pub fn var(&self, a: &Array<'_>, axes: &[i32], keep_dim: bool, ddof: i32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *const i32, u64, i32, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("var", "1avbi")?;
            let [out] = self.call(|out| call(out, a, axes.as_ptr(), axes.len() as u64, keep_dim.into(), ddof))?;
            given(out)
        }
    }

    /// Variance and its square root: squared distances from the mean divided by n - ddof, by 0 when ddof reaches n.
    /// Integers and complex64 give f32; NaN over an axis of extent 0 (MLX: var, std).
    pub fn std(&self, a: &Array<'_>, axes: &[i32], keep_dim: bool, ddof: i32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *const i32, u64, i32, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("std", "1avbi")?;
            let [out] = self.call(|out| call(out, a, axes.as_ptr(), axes.len() as u64, keep_dim.into(), ddof))?;
            given(out)
        }
    }

    /// Whether all, or any, elements are nonzero; bool (MLX: all, any).
    pub fn all(&self, a: &Array<'_>, axes: &[i32], keep_dim: bool) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *const i32, u64, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("all", "1avb")?;
            let [out] = self.call(|out| call(out, a, axes.as_ptr(), axes.len() as u64, keep_dim.into()))?;
            given(out)
        }
    }

    /// Whether all, or any, elements are nonzero; bool (MLX: all, any).
    pub fn any(&self, a: &Array<'_>, axes: &[i32], keep_dim: bool) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *const i32, u64, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("any", "1avb")?;
            let [out] = self.call(|out| call(out, a, axes.as_ptr(), axes.len() as u64, keep_dim.into()))?;
            given(out)
        }
    }

    /// Index of the first maximum or minimum along one axis; u32. The first NaN counts as both. An error along an axis
    /// of extent 0 (MLX: argmax, argmin).
    pub fn argmax(&self, a: &Array<'_>, axis: i32, keep_dim: bool) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("argmax", "1aib")?;
            let [out] = self.call(|out| call(out, a, axis, keep_dim.into()))?;
            given(out)
        }
    }

    /// Index of the first maximum or minimum along one axis; u32. The first NaN counts as both. An error along an axis
    /// of extent 0 (MLX: argmax, argmin).
    pub fn argmin(&self, a: &Array<'_>, axis: i32, keep_dim: bool) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("argmin", "1aib")?;
            let [out] = self.call(|out| call(out, a, axis, keep_dim.into()))?;
            given(out)
        }
    }
}
