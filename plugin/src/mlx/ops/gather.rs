//! Operations of the family `gather`. Written by `cargo xtask array-ops`. Do not edit.

use crate::mlx::arguments::{handles, same_length};
use crate::mlx::array::Array;
use rlx_host_api::Error;
use rlx_mlx_shim as ffi;
use std::ffi::c_int;

impl Array {
    /// Slices of `a` along `axis`: the axes of `indices` take the place of `axis`, which a scalar index drops (MLX:
    /// take).
    pub(crate) fn take(&self, indices: &Array, axis: c_int) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_take(self.raw(), indices.raw(), axis, out) })
    }

    /// Single elements: out\[.., i, ..\] = a\[.., indices\[.., i, ..\], ..\]. Ranks are equal, the extents of the other
    /// axes broadcast (MLX: take_along_axis).
    pub(crate) fn take_along_axis(&self, indices: &Array, axis: c_int) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_take_along_axis(self.raw(), indices.raw(), axis, out) })
    }

    /// Windows of shape `sizes` (one extent for each of the axes of `a`). Window corners: indices\[i\] on axes\[i\], 0
    /// on the other axes; the index arrays broadcast. The result has the shape of the indices followed by `sizes`.
    /// Corners are clamped so that the window lies inside (MLX: gather).
    pub(crate) fn gather(&self, indices: &[&Array], axes: &[c_int], sizes: &[c_int]) -> Result<Array, Error> {
        let indices = handles(indices);
        same_length(("indices", indices.len()), ("axes", axes.len()))?;
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_gather(
                self.raw(),
                indices.as_ptr(),
                axes.as_ptr(),
                indices.len(),
                sizes.as_ptr(),
                sizes.len(),
                out,
            )
        })
    }
}
