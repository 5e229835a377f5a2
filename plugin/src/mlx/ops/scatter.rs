//! Operations of the family `scatter`. Written by `cargo xtask array-ops`. Do not edit.

use crate::mlx::arguments::{handles, same_length};
use crate::mlx::array::Array;
use rlx_host_api::Error;
use rlx_host_api::kernel::Update;
use rlx_mlx_shim as ffi;
use std::ffi::c_int;

impl Array {
    /// Adds slices: a\[.., indices\[i..\], ..\] += updates\[i.., ..\] along `axis`. The shape of `updates` is that of
    /// `indices` followed by a's, with extent 1 at `axis` or without it (MLX: scatter_add).
    pub(crate) fn scatter_add(&self, indices: &Array, updates: &Array, axis: c_int) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_scatter_add(self.raw(), indices.raw(), updates.raw(), axis, out)
        })
    }

    /// Adds single elements: a\[.., indices\[.., i, ..\], ..\] += updates\[.., i, ..\]. Ranks are equal; the extents of
    /// `indices` besides `axis` are a's or 1; `updates` broadcasts to the indices so completed (MLX: scatter_add_axis).
    pub(crate) fn scatter_add_axis(&self, indices: &Array, updates: &Array, axis: c_int) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_scatter_add_axis(self.raw(), indices.raw(), updates.raw(), axis, out)
        })
    }

    /// The same in any mode (MLX: put_along_axis for SET).
    pub(crate) fn scatter_axis(
        &self,
        indices: &Array,
        updates: &Array,
        axis: c_int,
        mode: Update,
    ) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_scatter_axis(self.raw(), indices.raw(), updates.raw(), axis, mode as u32, out)
        })
    }

    /// Windows: the shape of `updates` is the broadcast shape of the index arrays followed by a window's, one extent
    /// for each axis of `a`. Corners are indices\[i\] on axes\[i\], 0 on the other axes; a window that reaches outside
    /// is dropped whole (MLX: scatter, scatter_add, scatter_prod, scatter_max, scatter_min).
    pub(crate) fn scatter(
        &self,
        indices: &[&Array],
        axes: &[c_int],
        updates: &Array,
        mode: Update,
    ) -> Result<Array, Error> {
        let indices = handles(indices);
        same_length(("indices", indices.len()), ("axes", axes.len()))?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_scatter(
                self.raw(),
                indices.as_ptr(),
                axes.as_ptr(),
                indices.len(),
                updates.raw(),
                mode as u32,
                out,
            )
        })
    }

    /// The part that [`slice_strided`](Self::slice_strided) would give; `strides` `None` means 1. `update` broadcasts
    /// to its shape (MLX: slice_update, slice_update_add, ..).
    pub(crate) fn slice_update(
        &self,
        update: &Array,
        start: &[c_int],
        stop: &[c_int],
        strides: Option<&[c_int]>,
        mode: Update,
    ) -> Result<Array, Error> {
        same_length(("start", start.len()), ("stop", stop.len()))?;
        if let Some(strides) = strides {
            same_length(("start", start.len()), ("strides", strides.len()))?;
        }
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_slice_update(
                self.raw(),
                update.raw(),
                start.as_ptr(),
                stop.as_ptr(),
                strides.map_or(std::ptr::null(), <[c_int]>::as_ptr),
                start.len(),
                mode as u32,
                out,
            )
        })
    }

    /// The window of update's shape whose corner is known at evaluation only, as in
    /// [`slice_dynamic`](Self::slice_dynamic): clamped to lie inside. `update` has a's rank and no greater extent (MLX:
    /// slice_update with an array start).
    pub(crate) fn slice_update_dynamic(
        &self,
        update: &Array,
        start: &Array,
        axes: &[c_int],
        mode: Update,
    ) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_slice_update_dynamic(
                self.raw(),
                update.raw(),
                start.raw(),
                axes.as_ptr(),
                axes.len(),
                mode as u32,
                out,
            )
        })
    }
}
