//! Operations of the family `rope`. Written by `cargo xtask array-ops`. Do not edit.

use crate::Error;
use crate::abi::*;
use crate::kernel::array::{Array, ArrayOps, given};

/// Rotary position embedding of real floats.
impl<'a> ArrayOps<'a> {
    /// Rotary embedding of the first `dims` (even) features of x \[B,...,T,D\]; position t of the second last axis
    /// turns by scale * (t + offset) / w(i). w(i) is base^(2i/dims), or freqs \[dims/2\] where it is given; then `base`
    /// is not used. `traditional` true pairs neighbours 2i and 2i+1, else i and i + dims/2 (MLX: fast::rope).
    #[expect(clippy::too_many_arguments)]
    pub fn rope(
        &self,
        x: &Array<'_>,
        dims: i32,
        traditional: bool,
        base: f32,
        scale: f32,
        offset: i32,
        freqs: Option<&Array<'_>>,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            i32,
            i32,
            f32,
            f32,
            i32,
            *mut RlxArray,
        ) -> *mut RlxError;
        let x = self.handle(x)?;
        let freqs = self.optional_handle(freqs)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("rope", "1aibffio")?;
            let [out] = self.call(|out| call(out, x, dims, traditional.into(), base, scale, offset, freqs))?;
            given(out)
        }
    }

    /// The same with an integer array of offsets: a scalar, or one for each of the B batches.
    #[expect(clippy::too_many_arguments)]
    pub fn rope_offsets(
        &self,
        x: &Array<'_>,
        dims: i32,
        traditional: bool,
        base: f32,
        scale: f32,
        offsets: &Array<'_>,
        freqs: Option<&Array<'_>>,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            i32,
            i32,
            f32,
            f32,
            *mut RlxArray,
            *mut RlxArray,
        ) -> *mut RlxError;
        let x = self.handle(x)?;
        let offsets = self.handle(offsets)?;
        let freqs = self.optional_handle(freqs)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("rope_offsets", "1aibffao")?;
            let [out] = self.call(|out| call(out, x, dims, traditional.into(), base, scale, offsets, freqs))?;
            given(out)
        }
    }
}
