//! Operations of the family `scan`. Written by `cargo xtask array-ops`. Do not edit.

use crate::Error;
use crate::abi::*;
use crate::kernel::array::{Array, ArrayOps, given};

/// Running reductions along one axis; the shape stays.
///
/// `reverse` true runs from the last element to the first. `exclusive` true leaves the element itself out, so that the
/// first result of the run is the neutral element: 0, 1, the lowest or the highest value, -inf. Integer results keep
/// the dtype and wrap around, except that sums of bool are i32.
impl<'a> ArrayOps<'a> {
    /// Running sum from the first element (MLX: cumsum).
    pub fn cumsum(&self, a: &Array<'_>, axis: i32, exclusive: bool) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("cumsum", "1aib")?;
            let [out] = self.call(|out| call(out, a, axis, exclusive.into()))?;
            given(out)
        }
    }

    /// Running sum from the last element (MLX: cumsum, reverse).
    pub fn cumsum_reverse(&self, a: &Array<'_>, axis: i32, exclusive: bool) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("cumsum_reverse", "1aib")?;
            let [out] = self.call(|out| call(out, a, axis, exclusive.into()))?;
            given(out)
        }
    }

    /// product.
    pub fn cumprod(&self, a: &Array<'_>, axis: i32, reverse: bool, exclusive: bool) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32, i32, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("cumprod", "1aibb")?;
            let [out] = self.call(|out| call(out, a, axis, reverse.into(), exclusive.into()))?;
            given(out)
        }
    }

    /// maximum.
    pub fn cummax(&self, a: &Array<'_>, axis: i32, reverse: bool, exclusive: bool) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32, i32, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("cummax", "1aibb")?;
            let [out] = self.call(|out| call(out, a, axis, reverse.into(), exclusive.into()))?;
            given(out)
        }
    }

    /// minimum.
    pub fn cummin(&self, a: &Array<'_>, axis: i32, reverse: bool, exclusive: bool) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32, i32, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("cummin", "1aibb")?;
            let [out] = self.call(|out| call(out, a, axis, reverse.into(), exclusive.into()))?;
            given(out)
        }
    }

    /// log of the running sum of exp a, without overflow; integers give f32 (MLX: logcumsumexp).
    pub fn logcumsumexp(&self, a: &Array<'_>, axis: i32, reverse: bool, exclusive: bool) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32, i32, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("logcumsumexp", "1aibb")?;
            let [out] = self.call(|out| call(out, a, axis, reverse.into(), exclusive.into()))?;
            given(out)
        }
    }
}
