//! Operations of the family `scatter`. Written by `cargo xtask array-ops`. Do not edit.

use super::kinds::Update;
use crate::Error;
use crate::abi::*;
use crate::kernel::array::{Array, ArrayOps, given};

/// Updates of parts of an array. The result is a new array of a's shape and dtype; MLX works in place when the caller
/// has freed its last handle to `a` before evaluation.
///
/// Updates are cast to a's dtype. Indices follow what is said of the operations of gather, but an update whose index is
/// out of range is dropped, since clamping would change an element that nobody named. Where several updates meet one
/// element, ADD, PROD, MAX and MIN take all of them, SET an unspecified one.
impl<'a> ArrayOps<'a> {
    /// Adds slices: a\[.., indices\[i..\], ..\] += updates\[i.., ..\] along `axis`. The shape of `updates` is that of
    /// `indices` followed by a's, with extent 1 at `axis` or without it (MLX: scatter_add).
    pub fn scatter_add(
        &self,
        a: &Array<'_>,
        indices: &Array<'_>,
        updates: &Array<'_>,
        axis: i32,
    ) -> Result<Array<'a>, Error> {
        type F =
            unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray, *mut RlxArray, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        let indices = self.handle(indices)?;
        let updates = self.handle(updates)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("scatter_add", "1aaai")?;
            let [out] = self.call(|out| call(out, a, indices, updates, axis))?;
            given(out)
        }
    }

    /// Adds single elements: a\[.., indices\[.., i, ..\], ..\] += updates\[.., i, ..\]. Ranks are equal; the extents of
    /// `indices` besides `axis` are a's or 1; `updates` broadcasts to the indices so completed (MLX: scatter_add_axis).
    pub fn scatter_add_axis(
        &self,
        a: &Array<'_>,
        indices: &Array<'_>,
        updates: &Array<'_>,
        axis: i32,
    ) -> Result<Array<'a>, Error> {
        type F =
            unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray, *mut RlxArray, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        let indices = self.handle(indices)?;
        let updates = self.handle(updates)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("scatter_add_axis", "1aaai")?;
            let [out] = self.call(|out| call(out, a, indices, updates, axis))?;
            given(out)
        }
    }

    /// The same in any mode (MLX: put_along_axis for SET).
    pub fn scatter_axis(
        &self,
        a: &Array<'_>,
        indices: &Array<'_>,
        updates: &Array<'_>,
        axis: i32,
        mode: Update,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            i32,
            u32,
        ) -> *mut RlxError;
        let a = self.handle(a)?;
        let indices = self.handle(indices)?;
        let updates = self.handle(updates)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("scatter_axis", "1aaaie")?;
            let [out] = self.call(|out| call(out, a, indices, updates, axis, mode as u32))?;
            given(out)
        }
    }

    /// Windows: the shape of `updates` is the broadcast shape of the index arrays followed by a window's, one extent
    /// for each axis of `a`. Corners are indices\[i\] on axes\[i\], 0 on the other axes; a window that reaches outside
    /// is dropped whole (MLX: scatter, scatter_add, scatter_prod, scatter_max, scatter_min).
    pub fn scatter(
        &self,
        a: &Array<'_>,
        indices: &[&Array<'_>],
        axes: &[i32],
        updates: &Array<'_>,
        mode: Update,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *const *mut RlxArray,
            u64,
            *const i32,
            u64,
            *mut RlxArray,
            u32,
        ) -> *mut RlxError;
        let a = self.handle(a)?;
        let indices = self.handles(indices)?;
        let updates = self.handle(updates)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("scatter", "1alvae")?;
            let [out] = self.call(|out| {
                call(
                    out,
                    a,
                    indices.as_ptr(),
                    indices.len() as u64,
                    axes.as_ptr(),
                    axes.len() as u64,
                    updates,
                    mode as u32,
                )
            })?;
            given(out)
        }
    }

    /// The part that [`slice_strided`](Self::slice_strided) would give; `strides` `None` means 1. `update` broadcasts
    /// to its shape (MLX: slice_update, slice_update_add, ..).
    pub fn slice_update(
        &self,
        a: &Array<'_>,
        update: &Array<'_>,
        start: &[i32],
        stop: &[i32],
        strides: Option<&[i32]>,
        mode: Update,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *const i32,
            u64,
            *const i32,
            u64,
            *const i32,
            u64,
            u32,
        ) -> *mut RlxError;
        let a = self.handle(a)?;
        let update = self.handle(update)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("slice_update", "1aavvxe")?;
            let [out] = self.call(|out| {
                call(
                    out,
                    a,
                    update,
                    start.as_ptr(),
                    start.len() as u64,
                    stop.as_ptr(),
                    stop.len() as u64,
                    strides.map_or(std::ptr::null(), <[i32]>::as_ptr),
                    strides.map_or(0, <[i32]>::len) as u64,
                    mode as u32,
                )
            })?;
            given(out)
        }
    }

    /// The window of update's shape whose corner is known at evaluation only, as in
    /// [`slice_dynamic`](Self::slice_dynamic): clamped to lie inside. `update` has a's rank and no greater extent (MLX:
    /// slice_update with an array start).
    pub fn slice_update_dynamic(
        &self,
        a: &Array<'_>,
        update: &Array<'_>,
        start: &Array<'_>,
        axes: &[i32],
        mode: Update,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *const i32,
            u64,
            u32,
        ) -> *mut RlxError;
        let a = self.handle(a)?;
        let update = self.handle(update)?;
        let start = self.handle(start)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("slice_update_dynamic", "1aaave")?;
            let [out] = self.call(|out| call(out, a, update, start, axes.as_ptr(), axes.len() as u64, mode as u32))?;
            given(out)
        }
    }
}
