//! Convolutions.

use super::rule::{any, rules};
use super::steps::wide;
use crate::mlx::array::Array;
use crate::mlx::extents::{int, joined};
use rlx_host_api::Error;
use std::ffi::c_int;

rules! {
    Conv2dBackwardWeight { kernel_size: kernel, stride, padding, dilation, groups } [x, dy] any => {
        Conv2d { kernel, stride, padding, dilation, groups: *groups }.backward_weight(x, dy)
    };
}

/// A forward convolution's attributes.
struct Conv2d<'a> {
    kernel: &'a [usize],
    stride: &'a [usize],
    padding: &'a [usize],
    dilation: &'a [usize],
    groups: usize,
}

impl Conv2d<'_> {
    /// The gradient by the weight, `[c_out, c_in / groups, kh, kw]`, from x `[n, c_in, h, w]` and dy `[n, c_out, ho, wo]`.
    /// Half types are computed in f32.
    ///
    /// It is a convolution too: of x with dy as the kernel, whose taps are as far apart as the forward one's windows, the
    /// batch summed as channels are. Steps and dilation change places.
    fn backward_weight(&self, x: &Array, dy: &Array) -> Result<Array, Error> {
        let pair = |name: &str, values: &[usize], least: usize| match values {
            &[a, b] if a >= least && b >= least => Ok([int(a)?, int(b)?]),
            _ => Err(Error::invalid(format!("{name} is {values:?}: give two numbers of at least {least}"))),
        };
        let ([kh, kw], stride) = (pair("kernel_size", self.kernel, 1)?, pair("stride", self.stride, 1)?);
        let (padding, dilation) = (pair("padding", self.padding, 0)?, pair("dilation", self.dilation, 1)?);
        let (x_dims, dy_dims, groups) = (x.dims()?, dy.dims()?, int(self.groups)?);
        let (&[n, c_in, h, w], &[dy_n, c_out, ho, wo]) = (x_dims.as_slice(), dy_dims.as_slice()) else {
            return Err(Error::invalid(format!("x is {x_dims:?} and dy is {dy_dims:?}: both have four axes")));
        };
        if groups < 1 || c_in % groups != 0 || c_out % groups != 0 {
            return Err(Error::invalid(format!("{c_in} and {c_out} channels do not divide into {groups} groups")));
        }
        let windows = |axis: usize, extent: c_int, kernel: c_int| {
            let reach = i64::from(dilation[axis]) * i64::from(kernel - 1) + 1;
            (i64::from(extent) + 2 * i64::from(padding[axis]) - reach).div_euclid(stride[axis].into()) + 1
        };
        let wanted = [windows(0, h, kh), windows(1, w, kw)];
        if dy_n != n || [ho, wo].map(i64::from) != wanted {
            return Err(Error::invalid(format!(
                "dy is {dy_dims:?}, but this convolution of {x_dims:?} gives {wanted:?}"
            )));
        }
        let group = c_in / groups;
        if x_dims.contains(&0) || dy_dims.contains(&0) {
            return Array::scalar(0.0, wide(x)?.dtype()?)?.broadcast_to(&[c_out, group, kh, kw]);
        }
        let x = wide(x)?.reshape(&[n, groups, group, h, w])?.transpose(&[2, 3, 4, 1, 0])?;
        let x = x.reshape(&[group, h, w, joined(&[groups, n])?])?;
        let dy = wide(dy)?.transpose(&[1, 2, 3, 0])?;
        let dw = x.conv_general(&dy, &dilation, &padding, &padding, &stride, &[], groups, false)?;
        // Where the last window ends before x does, there are more places than taps.
        dw.slice_axis(1, 0, Some(kh), 1)?.slice_axis(2, 0, Some(kw), 1)?.transpose(&[3, 0, 1, 2])
    }
}
