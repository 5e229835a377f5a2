//! Operations of the family `conv`. Written by `cargo xtask array-ops`. Do not edit.

use crate::Error;
use crate::abi::*;
use crate::kernel::array::{Array, ArrayOps, given};

/// Convolutions of real floats, channels last: input \[N, spatial..., C_in\], weight \[C_out, kernel..., C_in /
/// groups\], result \[N, spatial..., C_out\]. They are cross-correlations: the kernel is not reversed. Strides,
/// dilations and `groups` are 1 or more, and C_in and C_out multiples of `groups`; an error otherwise, also where the
/// padded input is smaller than the kernel. Groups over three spatial axes, and f64, which MLX lacks, are put together
/// from several ops.
impl<'a> ArrayOps<'a> {
    /// One, two and three spatial axes, padded alike on both sides, 0 or more (MLX: conv_general).
    pub fn conv1d(
        &self,
        input: &Array<'_>,
        weight: &Array<'_>,
        stride: i32,
        padding: i32,
        dilation: i32,
        groups: i32,
    ) -> Result<Array<'a>, Error> {
        type F =
            unsafe extern "C" fn(*mut *mut RlxArray, *mut RlxArray, *mut RlxArray, i32, i32, i32, i32) -> *mut RlxError;
        let input = self.handle(input)?;
        let weight = self.handle(weight)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("conv1d", "1aaiiii")?;
            let [out] = self.call(|out| call(out, input, weight, stride, padding, dilation, groups))?;
            given(out)
        }
    }

    /// One, two and three spatial axes, padded alike on both sides, 0 or more (MLX: conv_general).
    #[expect(clippy::too_many_arguments)]
    pub fn conv2d(
        &self,
        input: &Array<'_>,
        weight: &Array<'_>,
        stride_h: i32,
        stride_w: i32,
        pad_h: i32,
        pad_w: i32,
        dil_h: i32,
        dil_w: i32,
        groups: i32,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
        ) -> *mut RlxError;
        let input = self.handle(input)?;
        let weight = self.handle(weight)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("conv2d", "1aaiiiiiii")?;
            let [out] =
                self.call(|out| call(out, input, weight, stride_h, stride_w, pad_h, pad_w, dil_h, dil_w, groups))?;
            given(out)
        }
    }

    /// One, two and three spatial axes, padded alike on both sides, 0 or more (MLX: conv_general).
    #[expect(clippy::too_many_arguments)]
    pub fn conv3d(
        &self,
        input: &Array<'_>,
        weight: &Array<'_>,
        stride_d: i32,
        stride_h: i32,
        stride_w: i32,
        pad_d: i32,
        pad_h: i32,
        pad_w: i32,
        dil_d: i32,
        dil_h: i32,
        dil_w: i32,
        groups: i32,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
        ) -> *mut RlxError;
        let input = self.handle(input)?;
        let weight = self.handle(weight)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("conv3d", "1aaiiiiiiiiii")?;
            let [out] = self.call(|out| {
                call(out, input, weight, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w, dil_d, dil_h, dil_w, groups)
            })?;
            given(out)
        }
    }

    /// One to three spatial axes. Each list holds nothing (its default: 1, for paddings 0), one value for all spatial
    /// axes, or one for each. `input_dilation` puts zeros between the elements of the input; paddings are counted on
    /// the result of that, and a negative one cuts elements off. `flip` true reverses the kernel (MLX: conv_general).
    #[expect(clippy::too_many_arguments)]
    pub fn conv_general(
        &self,
        input: &Array<'_>,
        weight: &Array<'_>,
        stride: &[i32],
        padding_lo: &[i32],
        padding_hi: &[i32],
        kernel_dilation: &[i32],
        input_dilation: &[i32],
        groups: i32,
        flip: bool,
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
            *const i32,
            u64,
            *const i32,
            u64,
            i32,
            i32,
        ) -> *mut RlxError;
        let input = self.handle(input)?;
        let weight = self.handle(weight)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("conv_general", "1aavvvvvib")?;
            let [out] = self.call(|out| {
                call(
                    out,
                    input,
                    weight,
                    stride.as_ptr(),
                    stride.len() as u64,
                    padding_lo.as_ptr(),
                    padding_lo.len() as u64,
                    padding_hi.as_ptr(),
                    padding_hi.len() as u64,
                    kernel_dilation.as_ptr(),
                    kernel_dilation.len() as u64,
                    input_dilation.as_ptr(),
                    input_dilation.len() as u64,
                    groups,
                    flip.into(),
                )
            })?;
            given(out)
        }
    }

    /// Transposed convolutions: the gradient of the above with respect to their input. The result has (in - 1) *
    /// stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1 elements on a spatial axis.
    #[expect(clippy::too_many_arguments)]
    pub fn conv_transpose1d(
        &self,
        input: &Array<'_>,
        weight: &Array<'_>,
        stride: i32,
        padding: i32,
        dilation: i32,
        output_padding: i32,
        groups: i32,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            i32,
            i32,
            i32,
            i32,
            i32,
        ) -> *mut RlxError;
        let input = self.handle(input)?;
        let weight = self.handle(weight)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("conv_transpose1d", "1aaiiiii")?;
            let [out] = self.call(|out| call(out, input, weight, stride, padding, dilation, output_padding, groups))?;
            given(out)
        }
    }

    /// Transposed convolutions: the gradient of the above with respect to their input. The result has (in - 1) *
    /// stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1 elements on a spatial axis.
    #[expect(clippy::too_many_arguments)]
    pub fn conv_transpose2d(
        &self,
        input: &Array<'_>,
        weight: &Array<'_>,
        stride_h: i32,
        stride_w: i32,
        pad_h: i32,
        pad_w: i32,
        dil_h: i32,
        dil_w: i32,
        out_pad_h: i32,
        out_pad_w: i32,
        groups: i32,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
        ) -> *mut RlxError;
        let input = self.handle(input)?;
        let weight = self.handle(weight)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("conv_transpose2d", "1aaiiiiiiiii")?;
            let [out] = self.call(|out| {
                call(out, input, weight, stride_h, stride_w, pad_h, pad_w, dil_h, dil_w, out_pad_h, out_pad_w, groups)
            })?;
            given(out)
        }
    }

    /// Transposed convolutions: the gradient of the above with respect to their input. The result has (in - 1) *
    /// stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1 elements on a spatial axis.
    #[expect(clippy::too_many_arguments)]
    pub fn conv_transpose3d(
        &self,
        input: &Array<'_>,
        weight: &Array<'_>,
        stride_d: i32,
        stride_h: i32,
        stride_w: i32,
        pad_d: i32,
        pad_h: i32,
        pad_w: i32,
        dil_d: i32,
        dil_h: i32,
        dil_w: i32,
        out_pad_d: i32,
        out_pad_h: i32,
        out_pad_w: i32,
        groups: i32,
    ) -> Result<Array<'a>, Error> {
        type F = unsafe extern "C" fn(
            *mut *mut RlxArray,
            *mut RlxArray,
            *mut RlxArray,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
            i32,
        ) -> *mut RlxError;
        let input = self.handle(input)?;
        let weight = self.handle(weight)?;
        // SAFETY: `F` is what the signature says; pointers and lengths are those of what the caller lent.
        unsafe {
            let call = self.find::<F>("conv_transpose3d", "1aaiiiiiiiiiiiii")?;
            let [out] = self.call(|out| {
                call(
                    out, input, weight, stride_d, stride_h, stride_w, pad_d, pad_h, pad_w, dil_d, dil_h, dil_w,
                    out_pad_d, out_pad_h, out_pad_w, groups,
                )
            })?;
            given(out)
        }
    }
}
