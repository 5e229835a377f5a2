//! Operations of the family `sort`. Written by `cargo xtask array-ops`. Do not edit.

use crate::Error;
use crate::abi::*;
use crate::kernel::array::{Array, ArrayOps, given};

/// Sorting and selection along one axis.
///
/// NaN is the greatest value: last in ascending order, first in descending order. Equal elements keep their order both
/// ways. Indices are u32. Complex numbers are ordered by real, then imaginary part.
impl<'a> ArrayOps<'a> {
    /// In ascending order (MLX: sort).
    pub fn sort(&self, a: &Array<'_>, axis: i32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("sort", "1ai")?;
            let [out] = self.call(|out| call(out, a, axis))?;
            given(out)
        }
    }

    /// In descending order when `descending` is true.
    pub fn sort_by(&self, a: &Array<'_>, axis: i32, descending: bool) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("sort_by", "1aib")?;
            let [out] = self.call(|out| call(out, a, axis, descending.into()))?;
            given(out)
        }
    }

    /// The indices that sort (MLX: argsort).
    pub fn argsort(&self, a: &Array<'_>, axis: i32, descending: bool) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("argsort", "1aib")?;
            let [out] = self.call(|out| call(out, a, axis, descending.into()))?;
            given(out)
        }
    }

    /// The `k` largest elements in descending order; an error unless 0 <= k <= extent.
    pub fn topk_values(&self, a: &Array<'_>, k: i32, axis: i32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("topk_values", "1aii")?;
            let [out] = self.call(|out| call(out, a, k, axis))?;
            given(out)
        }
    }

    /// The same with their indices; of equal elements the one with the smaller index comes first, and is the one
    /// chosen.
    ///
    /// Gives (values, indices).
    pub fn topk(&self, a: &Array<'_>, k: i32, axis: i32) -> Result<(Array<'a>, Array<'a>), Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("topk", "2aii")?;
            let [values, indices] = self.call(|out| call(out, a, k, axis))?;
            Ok((given(values)?, given(indices)?))
        }
    }

    /// Rearranged so that the element of rank `kth` is in its place, with none greater before it and none smaller
    /// behind it; the order within the two parts is unspecified. Negative `kth` counts from the end; an error when out
    /// of range (MLX: partition).
    pub fn partition(&self, a: &Array<'_>, kth: i32, axis: i32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("partition", "1aii")?;
            let [out] = self.call(|out| call(out, a, kth, axis))?;
            given(out)
        }
    }

    /// The indices that do so: the k largest elements are the last k with kth = -k (MLX: argpartition).
    pub fn argpartition(&self, a: &Array<'_>, kth: i32, axis: i32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("argpartition", "1aii")?;
            let [out] = self.call(|out| call(out, a, kth, axis))?;
            given(out)
        }
    }

    /// For each of `values` the place in the ascending rank-1 array `sorted` where it could be inserted: before equal
    /// elements, or behind them when `right` is true. The result is u32 with the shape of `values`; NaN goes to the end
    /// (MLX: searchsorted).
    pub fn searchsorted(&self, sorted: &Array<'_>, values: &Array<'_>, right: bool) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray, i32) -> *mut RlxError;
        let sorted = self.handle(sorted)?;
        let values = self.handle(values)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("searchsorted", "1aab")?;
            let [out] = self.call(|out| call(out, sorted, values, right.into()))?;
            given(out)
        }
    }
}
