//! Operations of the family `fft`. Written by `cargo xtask array-ops`. Do not edit.

use crate::mlx::arguments::same_length;
use crate::mlx::array::Array;
use rlx_host_api::Error;
use rlx_host_api::kernel::FftNorm;
use rlx_mlx_shim as ffi;
use std::ffi::c_int;

impl Array {
    /// The transform of the RLX IR along the last axis; `inverse` true is the inverse. complex64 is transformed as it
    /// is. Every other dtype is a block of 2N numbers, N real parts followed by N imaginary parts, and so is the
    /// result: f16 and bf16 are computed in f32 and rounded back, integers give f32. An odd or empty last axis is an
    /// error. The tag sets the scale, which is not NumPy's: 0 gives 1 both ways, 1 gives 1 forward and 1/N inverse, 2
    /// gives 1/sqrt N both ways; another tag is an error (MLX: fft::fft, fft::ifft).
    pub(crate) fn fft(&self, inverse: bool, norm_tag: c_int) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_fft(self.raw(), c_int::from(inverse), norm_tag, out) })
    }

    /// Over different axes, or with 0 of them over all. `n` has the extent to cut or zero-pad each of the axes to
    /// first; `None` keeps them, except that irfftn takes 2 (m - 1) for the last one. Extents of 0 are an error. fftn
    /// and ifftn take any dtype and give complex64; rfftn takes real ones and gives the first half of the last of the
    /// axes, n/2 + 1 elements, as complex64; irfftn is its inverse and gives f32 (MLX: fft::fftn and so on).
    pub(crate) fn fftn(&self, n: Option<&[c_int]>, axes: &[c_int], norm: FftNorm) -> Result<Array, Error> {
        if let Some(n) = n {
            same_length(("axes", axes.len()), ("n", n.len()))?;
        }
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_fftn(
                self.raw(),
                n.map_or(std::ptr::null(), <[c_int]>::as_ptr),
                axes.as_ptr(),
                axes.len(),
                norm as u32,
                out,
            )
        })
    }

    /// Over different axes, or with 0 of them over all. `n` has the extent to cut or zero-pad each of the axes to
    /// first; `None` keeps them, except that irfftn takes 2 (m - 1) for the last one. Extents of 0 are an error. fftn
    /// and ifftn take any dtype and give complex64; rfftn takes real ones and gives the first half of the last of the
    /// axes, n/2 + 1 elements, as complex64; irfftn is its inverse and gives f32 (MLX: fft::fftn and so on).
    pub(crate) fn ifftn(&self, n: Option<&[c_int]>, axes: &[c_int], norm: FftNorm) -> Result<Array, Error> {
        if let Some(n) = n {
            same_length(("axes", axes.len()), ("n", n.len()))?;
        }
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_ifftn(
                self.raw(),
                n.map_or(std::ptr::null(), <[c_int]>::as_ptr),
                axes.as_ptr(),
                axes.len(),
                norm as u32,
                out,
            )
        })
    }

    /// Over different axes, or with 0 of them over all. `n` has the extent to cut or zero-pad each of the axes to
    /// first; `None` keeps them, except that irfftn takes 2 (m - 1) for the last one. Extents of 0 are an error. fftn
    /// and ifftn take any dtype and give complex64; rfftn takes real ones and gives the first half of the last of the
    /// axes, n/2 + 1 elements, as complex64; irfftn is its inverse and gives f32 (MLX: fft::fftn and so on).
    pub(crate) fn rfftn(&self, n: Option<&[c_int]>, axes: &[c_int], norm: FftNorm) -> Result<Array, Error> {
        if let Some(n) = n {
            same_length(("axes", axes.len()), ("n", n.len()))?;
        }
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_rfftn(
                self.raw(),
                n.map_or(std::ptr::null(), <[c_int]>::as_ptr),
                axes.as_ptr(),
                axes.len(),
                norm as u32,
                out,
            )
        })
    }

    /// Over different axes, or with 0 of them over all. `n` has the extent to cut or zero-pad each of the axes to
    /// first; `None` keeps them, except that irfftn takes 2 (m - 1) for the last one. Extents of 0 are an error. fftn
    /// and ifftn take any dtype and give complex64; rfftn takes real ones and gives the first half of the last of the
    /// axes, n/2 + 1 elements, as complex64; irfftn is its inverse and gives f32 (MLX: fft::fftn and so on).
    pub(crate) fn irfftn(&self, n: Option<&[c_int]>, axes: &[c_int], norm: FftNorm) -> Result<Array, Error> {
        if let Some(n) = n {
            same_length(("axes", axes.len()), ("n", n.len()))?;
        }
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_irfftn(
                self.raw(),
                n.map_or(std::ptr::null(), <[c_int]>::as_ptr),
                axes.as_ptr(),
                axes.len(),
                norm as u32,
                out,
            )
        })
    }

    /// Moves the zero frequency to the middle of the axes, and back; any dtype, axes as above (MLX: fft::fftshift).
    pub(crate) fn fftshift(&self, axes: &[c_int]) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_fftshift(self.raw(), axes.as_ptr(), axes.len(), out) })
    }

    /// Moves the zero frequency to the middle of the axes, and back; any dtype, axes as above (MLX: fft::fftshift).
    pub(crate) fn ifftshift(&self, axes: &[c_int]) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_ifftshift(self.raw(), axes.as_ptr(), axes.len(), out) })
    }

    /// scale * H x over the last axis of real floats, H the Hadamard matrix of its size m * 2^k, m of 1, 12, 20, 28
    /// (MLX: hadamard_transform).
    pub(crate) fn hadamard(&self, scale: f32) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe { ffi::rlx_mlx_op_hadamard(self.raw(), scale, out) })
    }
}
