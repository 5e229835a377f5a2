//! Operations of the family `shape`. Written by `cargo xtask array-ops`. Do not edit.

use crate::Error;
use crate::abi::*;
use crate::kernel::array::{Array, ArrayOps, given};

/// Shape ops. Results may be views; [`contiguous`](Self::contiguous) makes them dense.
///
/// Shapes, axes, bounds and counts that do not fit the operand are an error. A list of axes may hold each axis once;
/// with no axes the array is returned as it is.
impl<'a> ArrayOps<'a> {
    /// The same elements in another shape; one extent may be -1, which is inferred (not for an empty array).
    pub fn reshape(&self, a: &Array<'_>, new_shape: &[i32]) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *const i32, u64) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("reshape", "1av")?;
            let [out] = self.call(|out| call(out, a, new_shape.as_ptr(), new_shape.len() as u64))?;
            given(out)
        }
    }

    /// Axes start_axis .. end_axis, both included, become one; a scalar becomes one element (MLX: flatten).
    pub fn flatten(&self, a: &Array<'_>, start_axis: i32, end_axis: i32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("flatten", "1aii")?;
            let [out] = self.call(|out| call(out, a, start_axis, end_axis))?;
            given(out)
        }
    }

    /// Axes of extent 1 at these places of the result (MLX: expand_dims).
    pub fn expand_dims(&self, a: &Array<'_>, axes: &[i32]) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *const i32, u64) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("expand_dims", "1av")?;
            let [out] = self.call(|out| call(out, a, axes.as_ptr(), axes.len() as u64))?;
            given(out)
        }
    }

    /// Without these axes, whose extents are 1 (MLX: squeeze).
    pub fn squeeze(&self, a: &Array<'_>, axes: &[i32]) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *const i32, u64) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("squeeze", "1av")?;
            let [out] = self.call(|out| call(out, a, axes.as_ptr(), axes.len() as u64))?;
            given(out)
        }
    }

    /// Axis i of the result is axis perm\[i\]; `perm` names every axis once. A view.
    pub fn transpose(&self, a: &Array<'_>, perm: &[i32]) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *const i32, u64) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("transpose", "1av")?;
            let [out] = self.call(|out| call(out, a, perm.as_ptr(), perm.len() as u64))?;
            given(out)
        }
    }

    /// One axis moved, the others in order (MLX: moveaxis). A view.
    pub fn moveaxis(&self, a: &Array<'_>, source: i32, destination: i32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("moveaxis", "1aii")?;
            let [out] = self.call(|out| call(out, a, source, destination))?;
            given(out)
        }
    }

    /// Two axes exchanged (MLX: swapaxes). A view.
    pub fn swapaxes(&self, a: &Array<'_>, axis1: i32, axis2: i32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("swapaxes", "1aii")?;
            let [out] = self.call(|out| call(out, a, axis1, axis2))?;
            given(out)
        }
    }

    /// Elements start .. stop - 1 of each of the axes, which are all of them. Python's rules: negative bounds count
    /// from the end, bounds out of range are clamped, a result may be empty.
    pub fn slice(&self, a: &Array<'_>, start: &[i32], stop: &[i32]) -> Result<Array<'a>, Error> {
        type F =
            unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *const i32, u64, *const i32, u64) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("slice", "1avv")?;
            let [out] =
                self.call(|out| call(out, a, start.as_ptr(), start.len() as u64, stop.as_ptr(), stop.len() as u64))?;
            given(out)
        }
    }

    /// The same in steps; a negative stride goes backwards (stop -extent - 1 reaches the first element), 0 is an error.
    pub fn slice_strided(
        &self,
        a: &Array<'_>,
        start: &[i32],
        stop: &[i32],
        strides: &[i32],
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *const i32,
            u64,
            *const i32,
            u64,
            *const i32,
            u64,
        ) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("slice_strided", "1avvv")?;
            let [out] = self.call(|out| {
                call(
                    out,
                    a,
                    start.as_ptr(),
                    start.len() as u64,
                    stop.as_ptr(),
                    stop.len() as u64,
                    strides.as_ptr(),
                    strides.len() as u64,
                )
            })?;
            given(out)
        }
    }

    /// A window of shape `size` (one extent for each axis of `a`) whose corner is known at evaluation only: `start`
    /// holds one number for each of `axes` (a scalar for one axis), 0 applies to the others. The corner is clamped so
    /// that the window lies inside; negative numbers clamp to 0. Floats are truncated (MLX: slice with an array start).
    pub fn slice_dynamic(
        &self,
        a: &Array<'_>,
        start: &Array<'_>,
        axes: &[i32],
        size: &[i32],
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            *const i32,
            u64,
            *const i32,
            u64,
        ) -> *mut RlxError;
        let a = self.handle(a)?;
        let start = self.handle(start)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("slice_dynamic", "1aavv")?;
            let [out] = self
                .call(|out| call(out, a, start, axes.as_ptr(), axes.len() as u64, size.as_ptr(), size.len() as u64))?;
            given(out)
        }
    }

    /// Joined along an existing axis; dtypes are promoted, `arrays.len()` 0 is an error (MLX: concatenate).
    pub fn concat(&self, arrays: &[&Array<'_>], axis: i32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *const *mut RlxArray, u64, i32) -> *mut RlxError;
        let arrays = self.handles(arrays)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("concat", "1li")?;
            let [out] = self.call(|out| call(out, arrays.as_ptr(), arrays.len() as u64, axis))?;
            given(out)
        }
    }

    /// Joined along a new axis of extent `arrays.len()`; all shapes are equal (MLX: stack).
    pub fn stack(&self, arrays: &[&Array<'_>], axis: i32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *const *mut RlxArray, u64, i32) -> *mut RlxError;
        let arrays = self.handles(arrays)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("stack", "1li")?;
            let [out] = self.call(|out| call(out, arrays.as_ptr(), arrays.len() as u64, axis))?;
            given(out)
        }
    }

    /// Cut into `n_outs` parts of one size (MLX: split).
    pub fn split(&self, a: &Array<'_>, axis: i32, n_outs: usize) -> Result<Vec<Array<'a>>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, u64, *mut RlxArray, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("split", "nai")?;
            self.call_counted(n_outs, |out, count| call(out, count, a, axis))
        }
    }

    /// Cut before each of the ascending places 0 .. extent; `n_outs` is places.len() + 1, parts may be empty.
    pub fn split_at(&self, a: &Array<'_>, places: &[i32], axis: i32, n_outs: usize) -> Result<Vec<Array<'a>>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, u64, *mut RlxArray, *const i32, u64, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("split_at", "navi")?;
            self.call_counted(n_outs, |out, count| call(out, count, a, places.as_ptr(), places.len() as u64, axis))
        }
    }

    /// Repeated along axes of extent 1 and new leading axes, without a copy (MLX: broadcast_to).
    pub fn broadcast_to(&self, a: &Array<'_>, shape: &[i32]) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *const i32, u64) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("broadcast_to", "1av")?;
            let [out] = self.call(|out| call(out, a, shape.as_ptr(), shape.len() as u64))?;
            given(out)
        }
    }

    /// Each element `repeats` times in a row (MLX: repeat).
    pub fn repeat(&self, a: &Array<'_>, repeats: i32, axis: i32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("repeat", "1aii")?;
            let [out] = self.call(|out| call(out, a, repeats, axis))?;
            given(out)
        }
    }

    /// The whole array reps\[i\] times along axis i; a shorter list is filled with 1 in front, a longer one adds axes
    /// (MLX: tile).
    pub fn tile(&self, a: &Array<'_>, reps: &[i32]) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *const i32, u64) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("tile", "1av")?;
            let [out] = self.call(|out| call(out, a, reps.as_ptr(), reps.len() as u64))?;
            given(out)
        }
    }

    /// Order reversed along these axes (MLX: flip).
    pub fn flip(&self, a: &Array<'_>, axes: &[i32]) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *const i32, u64) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("flip", "1av")?;
            let [out] = self.call(|out| call(out, a, axes.as_ptr(), axes.len() as u64))?;
            given(out)
        }
    }

    /// Moved by shifts\[i\] along axes\[i\]; what leaves at one end enters at the other (MLX: roll).
    pub fn roll(&self, a: &Array<'_>, shifts: &[i32], axes: &[i32]) -> Result<Array<'a>, Error> {
        type F =
            unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *const i32, u64, *const i32, u64) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("roll", "1avv")?;
            let [out] =
                self.call(|out| call(out, a, shifts.as_ptr(), shifts.len() as u64, axes.as_ptr(), axes.len() as u64))?;
            given(out)
        }
    }

    /// low\[i\] and high\[i\] elements of a constant around axis i, for all axes; the constant is cast to a's dtype
    /// (MLX: pad).
    pub fn pad(&self, a: &Array<'_>, low: &[i32], high: &[i32], pad_value: f32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *const i32,
            u64,
            *const i32,
            u64,
            f32,
        ) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("pad", "1avvf")?;
            let [out] = self.call(|out| {
                call(out, a, low.as_ptr(), low.len() as u64, high.as_ptr(), high.len() as u64, pad_value)
            })?;
            given(out)
        }
    }

    /// The same with a scalar array, which carries f64, i64 and complex64 exactly.
    pub fn pad_value(
        &self,
        a: &Array<'_>,
        low: &[i32],
        high: &[i32],
        pad_value: &Array<'_>,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *const i32,
            u64,
            *const i32,
            u64,
            *mut RlxArray,
        ) -> *mut RlxError;
        let a = self.handle(a)?;
        let pad_value = self.handle(pad_value)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("pad_value", "1avva")?;
            let [out] = self.call(|out| {
                call(out, a, low.as_ptr(), low.len() as u64, high.as_ptr(), high.len() as u64, pad_value)
            })?;
            given(out)
        }
    }

    /// Element (i, j, ..) is number offset + i * strides\[0\] + j * strides\[1\] + .. of a's elements in row-major
    /// order; strides count elements and may be negative. An error when one lies outside (MLX: as_strided).
    pub fn as_strided(&self, a: &Array<'_>, shape: &[i32], strides: &[i64], offset: usize) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *const i32,
            u64,
            *const i64,
            u64,
            u64,
        ) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("as_strided", "1avwu")?;
            let [out] = self.call(|out| {
                call(out, a, shape.as_ptr(), shape.len() as u64, strides.as_ptr(), strides.len() as u64, offset as u64)
            })?;
            given(out)
        }
    }

    /// A dense row-major array; shares the buffer when it is one already (MLX: contiguous).
    pub fn contiguous(&self, a: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("contiguous", "1a")?;
            let [out] = self.call(|out| call(out, a))?;
            given(out)
        }
    }

    /// A node of its own over the same buffer, strides included (MLX: copy).
    pub fn copy(&self, a: &Array<'_>) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("copy", "1a")?;
            let [out] = self.call(|out| call(out, a))?;
            given(out)
        }
    }
}
