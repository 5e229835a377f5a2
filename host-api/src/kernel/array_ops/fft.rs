//! Operations of the family `fft`. Written by `cargo xtask array-ops`. Do not edit.

use super::kinds::FftNorm;
use crate::Error;
use crate::abi::*;
use crate::kernel::array::{Array, ArrayOps, given};

/// Fourier and Hadamard transforms, in single precision: f64 operands are an error.
impl<'a> ArrayOps<'a> {
    /// The transform of the RLX IR along the last axis; `inverse` true is the inverse. complex64 is transformed as it
    /// is. Every other dtype is a block of 2N numbers, N real parts followed by N imaginary parts, and so is the
    /// result: f16 and bf16 are computed in f32 and rounded back, integers give f32. An odd or empty last axis is an
    /// error. The tag sets the scale, which is not NumPy's: 0 gives 1 both ways, 1 gives 1 forward and 1/N inverse, 2
    /// gives 1/sqrt N both ways; another tag is an error (MLX: fft::fft, fft::ifft).
    pub fn fft(&self, a: &Array<'_>, inverse: bool, norm_tag: i32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, i32, i32) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("fft", "1abi")?;
            let [out] = self.call(|out| call(out, a, inverse.into(), norm_tag))?;
            given(out)
        }
    }

    /// Over different axes, or with 0 of them over all. `n` has the extent to cut or zero-pad each of the axes to
    /// first; `None` keeps them, except that irfftn takes 2 (m - 1) for the last one. Extents of 0 are an error. fftn
    /// and ifftn take any dtype and give complex64; rfftn takes real ones and gives the first half of the last of the
    /// axes, n/2 + 1 elements, as complex64; irfftn is its inverse and gives f32 (MLX: fft::fftn and so on).
    pub fn fftn(&self, a: &Array<'_>, n: Option<&[i32]>, axes: &[i32], norm: FftNorm) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *const i32,
            u64,
            *const i32,
            u64,
            u32,
        ) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("fftn", "1axve")?;
            let [out] = self.call(|out| {
                call(
                    out,
                    a,
                    n.map_or(std::ptr::null(), <[i32]>::as_ptr),
                    n.map_or(0, <[i32]>::len) as u64,
                    axes.as_ptr(),
                    axes.len() as u64,
                    norm as u32,
                )
            })?;
            given(out)
        }
    }

    /// Over different axes, or with 0 of them over all. `n` has the extent to cut or zero-pad each of the axes to
    /// first; `None` keeps them, except that irfftn takes 2 (m - 1) for the last one. Extents of 0 are an error. fftn
    /// and ifftn take any dtype and give complex64; rfftn takes real ones and gives the first half of the last of the
    /// axes, n/2 + 1 elements, as complex64; irfftn is its inverse and gives f32 (MLX: fft::fftn and so on).
    pub fn ifftn(&self, a: &Array<'_>, n: Option<&[i32]>, axes: &[i32], norm: FftNorm) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *const i32,
            u64,
            *const i32,
            u64,
            u32,
        ) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("ifftn", "1axve")?;
            let [out] = self.call(|out| {
                call(
                    out,
                    a,
                    n.map_or(std::ptr::null(), <[i32]>::as_ptr),
                    n.map_or(0, <[i32]>::len) as u64,
                    axes.as_ptr(),
                    axes.len() as u64,
                    norm as u32,
                )
            })?;
            given(out)
        }
    }

    /// Over different axes, or with 0 of them over all. `n` has the extent to cut or zero-pad each of the axes to
    /// first; `None` keeps them, except that irfftn takes 2 (m - 1) for the last one. Extents of 0 are an error. fftn
    /// and ifftn take any dtype and give complex64; rfftn takes real ones and gives the first half of the last of the
    /// axes, n/2 + 1 elements, as complex64; irfftn is its inverse and gives f32 (MLX: fft::fftn and so on).
    pub fn rfftn(&self, a: &Array<'_>, n: Option<&[i32]>, axes: &[i32], norm: FftNorm) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *const i32,
            u64,
            *const i32,
            u64,
            u32,
        ) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("rfftn", "1axve")?;
            let [out] = self.call(|out| {
                call(
                    out,
                    a,
                    n.map_or(std::ptr::null(), <[i32]>::as_ptr),
                    n.map_or(0, <[i32]>::len) as u64,
                    axes.as_ptr(),
                    axes.len() as u64,
                    norm as u32,
                )
            })?;
            given(out)
        }
    }

    /// Over different axes, or with 0 of them over all. `n` has the extent to cut or zero-pad each of the axes to
    /// first; `None` keeps them, except that irfftn takes 2 (m - 1) for the last one. Extents of 0 are an error. fftn
    /// and ifftn take any dtype and give complex64; rfftn takes real ones and gives the first half of the last of the
    /// axes, n/2 + 1 elements, as complex64; irfftn is its inverse and gives f32 (MLX: fft::fftn and so on).
    pub fn irfftn(&self, a: &Array<'_>, n: Option<&[i32]>, axes: &[i32], norm: FftNorm) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *const i32,
            u64,
            *const i32,
            u64,
            u32,
        ) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("irfftn", "1axve")?;
            let [out] = self.call(|out| {
                call(
                    out,
                    a,
                    n.map_or(std::ptr::null(), <[i32]>::as_ptr),
                    n.map_or(0, <[i32]>::len) as u64,
                    axes.as_ptr(),
                    axes.len() as u64,
                    norm as u32,
                )
            })?;
            given(out)
        }
    }

    /// Moves the zero frequency to the middle of the axes, and back; any dtype, axes as above (MLX: fft::fftshift).
    pub fn fftshift(&self, a: &Array<'_>, axes: &[i32]) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *const i32, u64) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("fftshift", "1av")?;
            let [out] = self.call(|out| call(out, a, axes.as_ptr(), axes.len() as u64))?;
            given(out)
        }
    }

    /// Moves the zero frequency to the middle of the axes, and back; any dtype, axes as above (MLX: fft::fftshift).
    pub fn ifftshift(&self, a: &Array<'_>, axes: &[i32]) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *const i32, u64) -> *mut RlxError;
        let a = self.handle(a)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("ifftshift", "1av")?;
            let [out] = self.call(|out| call(out, a, axes.as_ptr(), axes.len() as u64))?;
            given(out)
        }
    }

    /// scale * H x over the last axis of real floats, H the Hadamard matrix of its size m * 2^k, m of 1, 12, 20, 28
    /// (MLX: hadamard_transform).
    pub fn hadamard(&self, x: &Array<'_>, scale: f32) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, f32) -> *mut RlxError;
        let x = self.handle(x)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("hadamard", "1af")?;
            let [out] = self.call(|out| call(out, x, scale))?;
            given(out)
        }
    }
}
