//! Operations of the family `gather`. Written by `cargo xtask array-ops`. Do not edit.

use crate::Error;
use crate::abi::*;
use crate::kernel::array::{Array, ArrayOps, given};

/// Gathers: elements and slices picked by index arrays.
///
/// Indices are integers of any width (64-bit ones are not narrowed), bool as 0 and 1, or floats, which are truncated
/// toward zero; complex64 is an error. A negative index counts from the end, once. What is still out of range is
/// clamped to the nearest valid index (NaN to the first), so that no memory outside the array is read. Indices into an
/// axis of extent 0 are an error unless there are none.
impl<'a> ArrayOps<'a> {
    /// Slices of `a` along `axis`: the axes of `indices` take the place of `axis`, which a scalar index drops (MLX:
    /// take).
    pub fn take(&self, a: &Array<'_>, indices: &Array<'_>, axis: i32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        let indices = self.handle(indices)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("take", "1aai")?;
            let [out] = self.call(|out| call(out, a, indices, axis))?;
            given(out)
        }
    }

    /// Single elements: out\[.., i, ..\] = a\[.., indices\[.., i, ..\], ..\]. Ranks are equal, the extents of the other
    /// axes broadcast (MLX: take_along_axis).
    pub fn take_along_axis(&self, a: &Array<'_>, indices: &Array<'_>, axis: i32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        let indices = self.handle(indices)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("take_along_axis", "1aai")?;
            let [out] = self.call(|out| call(out, a, indices, axis))?;
            given(out)
        }
    }

    /// Windows of shape `sizes` (one extent for each of the axes of `a`). Window corners: indices\[i\] on axes\[i\], 0
    /// on the other axes; the index arrays broadcast. The result has the shape of the indices followed by `sizes`.
    /// Corners are clamped so that the window lies inside (MLX: gather).
    pub fn gather(
        &self,
        a: &Array<'_>,
        indices: &[&Array<'_>],
        axes: &[i32],
        sizes: &[i32],
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *const *mut RlxArray,
            u64,
            *const i32,
            u64,
            *const i32,
            u64,
        ) -> *mut RlxError;
        let a = self.handle(a)?;
        let indices = self.handles(indices)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("gather", "1alvv")?;
            let [out] = self.call(|out| {
                call(
                    out,
                    a,
                    indices.as_ptr(),
                    indices.len() as u64,
                    axes.as_ptr(),
                    axes.len() as u64,
                    sizes.as_ptr(),
                    sizes.len() as u64,
                )
            })?;
            given(out)
        }
    }
}
