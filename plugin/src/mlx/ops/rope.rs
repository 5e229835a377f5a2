//! Operations of the family `rope`. Written by `cargo xtask array-ops`. Do not edit.

use crate::mlx::arguments::handle_or_null;
use crate::mlx::array::Array;
use rlx_host_api::Error;
use rlx_mlx_shim as ffi;
use std::ffi::c_int;

impl Array {
    /// Rotary embedding of the first `dims` (even) features of x \[B,...,T,D\]; position t of the second last axis
    /// turns by scale * (t + offset) / w(i). w(i) is base^(2i/dims), or freqs \[dims/2\] where it is given; then `base`
    /// is not used. `traditional` true pairs neighbours 2i and 2i+1, else i and i + dims/2 (MLX: fast::rope).
    pub(crate) fn rope(
        &self,
        dims: c_int,
        traditional: bool,
        base: f32,
        scale: f32,
        offset: c_int,
        freqs: Option<&Array>,
    ) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_rope(
                self.raw(),
                dims,
                c_int::from(traditional),
                base,
                scale,
                offset,
                handle_or_null(freqs),
                out,
            )
        })
    }

    /// The same with an integer array of offsets: a scalar, or one for each of the B batches.
    pub(crate) fn rope_offsets(
        &self,
        dims: c_int,
        traditional: bool,
        base: f32,
        scale: f32,
        offsets: &Array,
        freqs: Option<&Array>,
    ) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_rope_offsets(
                self.raw(),
                dims,
                c_int::from(traditional),
                base,
                scale,
                offsets.raw(),
                handle_or_null(freqs),
                out,
            )
        })
    }
}
