//! Operations of the family `shape`. Written by `cargo xtask array-ops`. Do not edit.

use crate::mlx::arguments::{handles, same_length};
use crate::mlx::array::Array;
use rlx_host_api::Error;
use rlx_mlx_shim as ffi;
use std::ffi::c_int;

impl Array {
    /// The same elements in another shape; one extent may be -1, which is inferred (not for an empty array).
    pub(crate) fn reshape(&self, new_shape: &[c_int]) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_reshape(self.raw(), new_shape.as_ptr(), new_shape.len(), out) })
    }

    /// Axes start_axis .. end_axis, both included, become one; a scalar becomes one element (MLX: flatten).
    pub(crate) fn flatten(&self, start_axis: c_int, end_axis: c_int) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_flatten(self.raw(), start_axis, end_axis, out) })
    }

    /// Axes of extent 1 at these places of the result (MLX: expand_dims).
    pub(crate) fn expand_dims(&self, axes: &[c_int]) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_expand_dims(self.raw(), axes.as_ptr(), axes.len(), out) })
    }

    /// Without these axes, whose extents are 1 (MLX: squeeze).
    pub(crate) fn squeeze(&self, axes: &[c_int]) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_squeeze(self.raw(), axes.as_ptr(), axes.len(), out) })
    }

    /// Axis i of the result is axis perm\[i\]; `perm` names every axis once. A view.
    pub(crate) fn transpose(&self, perm: &[c_int]) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_transpose(self.raw(), perm.as_ptr(), perm.len(), out) })
    }

    /// One axis moved, the others in order (MLX: moveaxis). A view.
    pub(crate) fn moveaxis(&self, source: c_int, destination: c_int) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_moveaxis(self.raw(), source, destination, out) })
    }

    /// Two axes exchanged (MLX: swapaxes). A view.
    pub(crate) fn swapaxes(&self, axis1: c_int, axis2: c_int) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_swapaxes(self.raw(), axis1, axis2, out) })
    }

    /// Elements start .. stop - 1 of each of the axes, which are all of them. Python's rules: negative bounds count
    /// from the end, bounds out of range are clamped, a result may be empty.
    pub(crate) fn slice(&self, start: &[c_int], stop: &[c_int]) -> Result<Array, Error> {
        same_length(("start", start.len()), ("stop", stop.len()))?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_slice(self.raw(), start.as_ptr(), stop.as_ptr(), start.len(), out)
        })
    }

    /// The same in steps; a negative stride goes backwards (stop -extent - 1 reaches the first element), 0 is an error.
    pub(crate) fn slice_strided(&self, start: &[c_int], stop: &[c_int], strides: &[c_int]) -> Result<Array, Error> {
        same_length(("start", start.len()), ("stop", stop.len()))?;
        same_length(("start", start.len()), ("strides", strides.len()))?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_slice_strided(self.raw(), start.as_ptr(), stop.as_ptr(), strides.as_ptr(), start.len(), out)
        })
    }

    /// A window of shape `size` (one extent for each axis of `a`) whose corner is known at evaluation only: `start`
    /// holds one number for each of `axes` (a scalar for one axis), 0 applies to the others. The corner is clamped so
    /// that the window lies inside; negative numbers clamp to 0. Floats are truncated (MLX: slice with an array start).
    pub(crate) fn slice_dynamic(&self, start: &Array, axes: &[c_int], size: &[c_int]) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_slice_dynamic(
                self.raw(),
                start.raw(),
                axes.as_ptr(),
                axes.len(),
                size.as_ptr(),
                size.len(),
                out,
            )
        })
    }

    /// Joined along an existing axis; dtypes are promoted, `arrays.len()` 0 is an error (MLX: concatenate).
    pub(crate) fn concat(arrays: &[&Array], axis: c_int) -> Result<Array, Error> {
        let arrays = handles(arrays);
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_concat(arrays.as_ptr(), arrays.len(), axis, out) })
    }

    /// Joined along a new axis of extent `arrays.len()`; all shapes are equal (MLX: stack).
    pub(crate) fn stack(arrays: &[&Array], axis: c_int) -> Result<Array, Error> {
        let arrays = handles(arrays);
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_stack(arrays.as_ptr(), arrays.len(), axis, out) })
    }

    /// Cut into `n_outs` parts of one size (MLX: split).
    pub(crate) fn split(&self, axis: c_int, count: usize) -> Result<Vec<Array>, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce_counted(count, |out| unsafe { ffi::rlx_mlx_op_split(self.raw(), axis, out, count) })
    }

    /// Cut before each of the ascending places 0 .. extent; `n_outs` is places.len() + 1, parts may be empty.
    pub(crate) fn split_at(&self, places: &[c_int], axis: c_int, count: usize) -> Result<Vec<Array>, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce_counted(count, |out| unsafe {
            ffi::rlx_mlx_op_split_at(self.raw(), places.as_ptr(), places.len(), axis, out, count)
        })
    }

    /// Repeated along axes of extent 1 and new leading axes, without a copy (MLX: broadcast_to).
    pub(crate) fn broadcast_to(&self, shape: &[c_int]) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_broadcast_to(self.raw(), shape.as_ptr(), shape.len(), out) })
    }

    /// Each element `repeats` times in a row (MLX: repeat).
    pub(crate) fn repeat(&self, repeats: c_int, axis: c_int) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_repeat(self.raw(), repeats, axis, out) })
    }

    /// The whole array reps\[i\] times along axis i; a shorter list is filled with 1 in front, a longer one adds axes
    /// (MLX: tile).
    pub(crate) fn tile(&self, reps: &[c_int]) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_tile(self.raw(), reps.as_ptr(), reps.len(), out) })
    }

    /// Order reversed along these axes (MLX: flip).
    pub(crate) fn flip(&self, axes: &[c_int]) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_flip(self.raw(), axes.as_ptr(), axes.len(), out) })
    }

    /// Moved by shifts\[i\] along axes\[i\]; what leaves at one end enters at the other (MLX: roll).
    pub(crate) fn roll(&self, shifts: &[c_int], axes: &[c_int]) -> Result<Array, Error> {
        same_length(("shifts", shifts.len()), ("axes", axes.len()))?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_roll(self.raw(), shifts.as_ptr(), axes.as_ptr(), shifts.len(), out)
        })
    }

    /// low\[i\] and high\[i\] elements of a constant around axis i, for all axes; the constant is cast to a's dtype
    /// (MLX: pad).
    pub(crate) fn pad(&self, low: &[c_int], high: &[c_int], pad_value: f32) -> Result<Array, Error> {
        same_length(("low", low.len()), ("high", high.len()))?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_pad(self.raw(), low.as_ptr(), high.as_ptr(), low.len(), pad_value, out)
        })
    }

    /// The same with a scalar array, which carries f64, i64 and complex64 exactly.
    pub(crate) fn pad_value(&self, low: &[c_int], high: &[c_int], pad_value: &Array) -> Result<Array, Error> {
        same_length(("low", low.len()), ("high", high.len()))?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_pad_value(self.raw(), low.as_ptr(), high.as_ptr(), low.len(), pad_value.raw(), out)
        })
    }

    /// Element (i, j, ..) is number offset + i * strides\[0\] + j * strides\[1\] + .. of a's elements in row-major
    /// order; strides count elements and may be negative. An error when one lies outside (MLX: as_strided).
    pub(crate) fn as_strided(&self, shape: &[c_int], strides: &[i64], offset: usize) -> Result<Array, Error> {
        same_length(("shape", shape.len()), ("strides", strides.len()))?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_as_strided(self.raw(), shape.as_ptr(), strides.as_ptr(), shape.len(), offset, out)
        })
    }

    /// A dense row-major array; shares the buffer when it is one already (MLX: contiguous).
    pub(crate) fn contiguous(&self) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_contiguous(self.raw(), out) })
    }

    /// A node of its own over the same buffer, strides included (MLX: copy).
    pub(crate) fn copy(&self) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_copy(self.raw(), out) })
    }
}
