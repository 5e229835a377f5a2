//! Operations of the family `conv`. Written by `cargo xtask array-ops`. Do not edit.

use crate::mlx::array::Array;
use rlx_host_api::Error;
use rlx_mlx_shim as ffi;
use std::ffi::c_int;

impl Array {
    /// One, two and three spatial axes, padded alike on both sides, 0 or more (MLX: conv_general).
    pub(crate) fn conv1d(
        &self,
        weight: &Array,
        stride: c_int,
        padding: c_int,
        dilation: c_int,
        groups: c_int,
    ) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_conv1d(self.raw(), weight.raw(), stride, padding, dilation, groups, out)
        })
    }

    /// One, two and three spatial axes, padded alike on both sides, 0 or more (MLX: conv_general).
    pub(crate) fn conv2d(
        &self,
        weight: &Array,
        stride_h: c_int,
        stride_w: c_int,
        pad_h: c_int,
        pad_w: c_int,
        dil_h: c_int,
        dil_w: c_int,
        groups: c_int,
    ) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_conv2d(
                self.raw(),
                weight.raw(),
                stride_h,
                stride_w,
                pad_h,
                pad_w,
                dil_h,
                dil_w,
                groups,
                out,
            )
        })
    }

    /// One, two and three spatial axes, padded alike on both sides, 0 or more (MLX: conv_general).
    pub(crate) fn conv3d(
        &self,
        weight: &Array,
        stride_d: c_int,
        stride_h: c_int,
        stride_w: c_int,
        pad_d: c_int,
        pad_h: c_int,
        pad_w: c_int,
        dil_d: c_int,
        dil_h: c_int,
        dil_w: c_int,
        groups: c_int,
    ) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_conv3d(
                self.raw(),
                weight.raw(),
                stride_d,
                stride_h,
                stride_w,
                pad_d,
                pad_h,
                pad_w,
                dil_d,
                dil_h,
                dil_w,
                groups,
                out,
            )
        })
    }

    /// One to three spatial axes. Each list holds nothing (its default: 1, for paddings 0), one value for all spatial
    /// axes, or one for each. `input_dilation` puts zeros between the elements of the input; paddings are counted on
    /// the result of that, and a negative one cuts elements off. `flip` true reverses the kernel (MLX: conv_general).
    pub(crate) fn conv_general(
        &self,
        weight: &Array,
        stride: &[c_int],
        padding_lo: &[c_int],
        padding_hi: &[c_int],
        kernel_dilation: &[c_int],
        input_dilation: &[c_int],
        groups: c_int,
        flip: bool,
    ) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_conv_general(
                self.raw(),
                weight.raw(),
                stride.as_ptr(),
                stride.len(),
                padding_lo.as_ptr(),
                padding_lo.len(),
                padding_hi.as_ptr(),
                padding_hi.len(),
                kernel_dilation.as_ptr(),
                kernel_dilation.len(),
                input_dilation.as_ptr(),
                input_dilation.len(),
                groups,
                c_int::from(flip),
                out,
            )
        })
    }

    /// Transposed convolutions: the gradient of the above with respect to their input. The result has (in - 1) *
    /// stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1 elements on a spatial axis.
    pub(crate) fn conv_transpose1d(
        &self,
        weight: &Array,
        stride: c_int,
        padding: c_int,
        dilation: c_int,
        output_padding: c_int,
        groups: c_int,
    ) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_conv_transpose1d(
                self.raw(),
                weight.raw(),
                stride,
                padding,
                dilation,
                output_padding,
                groups,
                out,
            )
        })
    }

    /// Transposed convolutions: the gradient of the above with respect to their input. The result has (in - 1) *
    /// stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1 elements on a spatial axis.
    pub(crate) fn conv_transpose2d(
        &self,
        weight: &Array,
        stride_h: c_int,
        stride_w: c_int,
        pad_h: c_int,
        pad_w: c_int,
        dil_h: c_int,
        dil_w: c_int,
        out_pad_h: c_int,
        out_pad_w: c_int,
        groups: c_int,
    ) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_conv_transpose2d(
                self.raw(),
                weight.raw(),
                stride_h,
                stride_w,
                pad_h,
                pad_w,
                dil_h,
                dil_w,
                out_pad_h,
                out_pad_w,
                groups,
                out,
            )
        })
    }

    /// Transposed convolutions: the gradient of the above with respect to their input. The result has (in - 1) *
    /// stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1 elements on a spatial axis.
    pub(crate) fn conv_transpose3d(
        &self,
        weight: &Array,
        stride_d: c_int,
        stride_h: c_int,
        stride_w: c_int,
        pad_d: c_int,
        pad_h: c_int,
        pad_w: c_int,
        dil_d: c_int,
        dil_h: c_int,
        dil_w: c_int,
        out_pad_d: c_int,
        out_pad_h: c_int,
        out_pad_w: c_int,
        groups: c_int,
    ) -> Result<Array, Error> {
        // SAFETY: live handles or NULL; pointers and lengths of live lists; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_conv_transpose3d(
                self.raw(),
                weight.raw(),
                stride_d,
                stride_h,
                stride_w,
                pad_d,
                pad_h,
                pad_w,
                dil_d,
                dil_h,
                dil_w,
                out_pad_d,
                out_pad_h,
                out_pad_w,
                groups,
                out,
            )
        })
    }
}
