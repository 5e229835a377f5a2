//! Where the elements of a transposed convolution are: what its attributes and its graph say.

use super::conv_places::{kernel, on_three_axes, spatial_axes};
use super::scope::{Scope, declared_dtype};
use super::steps::on_processor;
use super::windows::{Window, per_axis};
use crate::host::conv::Kernel;
use crate::mlx::extents::{int, joined};
use rlx_host_api::{DType, Error};
use rlx_ir::{Node, Op};
use rlx_mlx_cpu::conv;
use std::ffi::c_int;

/// The attributes of a transposed convolution of x `[n, c_in, spatial..]` with w `[c_in, c_out / groups, kernel..]`, the
/// gradient of a convolution by its operand.
pub(super) struct Transposed<'a> {
    kernel: Option<&'a [usize]>,
    stride: &'a [usize],
    padding: &'a [usize],
    dilation: &'a [usize],
    output_padding: &'a [usize],
    groups: usize,
}

/// Where the elements of a transposed convolution are.
pub(super) struct Placed {
    pub(super) windows: Vec<Window>,
    /// Zeros behind the elements of the result, for each axis.
    pub(super) more: Vec<c_int>,
    /// Extents of x and of the weight.
    pub(super) x: Vec<c_int>,
    pub(super) w: Vec<c_int>,
    /// Extents of the result: along an axis `(in - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1`.
    pub(super) dims: Vec<c_int>,
    pub(super) groups: c_int,
}

impl<'a> Transposed<'a> {
    /// Those of a node.
    pub(super) fn of(node: &'a Node) -> Option<Self> {
        match &node.op {
            Op::ConvTranspose2d { kernel_size, stride, padding, dilation, output_padding, groups } => {
                Some(Self { kernel: Some(kernel_size), stride, padding, dilation, output_padding, groups: *groups })
            }
            Op::ConvTranspose3d { stride, padding, dilation, output_padding, groups } => {
                Some(Self { kernel: None, stride, padding, dilation, output_padding, groups: *groups })
            }
            _ => None,
        }
    }

    /// Where the elements are.
    pub(super) fn place(&self, scope: &Scope<'_>, node: &Node) -> Result<Placed, Error> {
        let (x, w) = (scope.input_dims(node, 0)?, scope.input_dims(node, 1)?);
        let (groups, axes) = (int(self.groups)?, spatial_axes(&x, &w)?);
        let (&[n, c_in, ..], &[w_in, per_group, ..]) = (x.as_slice(), w.as_slice()) else {
            return Err(Error::fault("a convolution without channels"));
        };
        if groups < 1 || c_in != w_in || c_in % groups != 0 {
            return Err(Error::invalid(format!("x is {x:?} and the weight is {w:?}, with {groups} groups")));
        }
        let windows = Window::along(axes, &kernel(self.kernel, &w)?, self.stride, self.dilation, self.padding)?;
        let more = per_axis("output_padding", self.output_padding, axes, 0)?;
        let mut dims = vec![n, joined(&[per_group, groups])?];
        for ((window, &extent), &more) in windows.iter().zip(x.iter().skip(2)).zip(&more) {
            let [kernel, stride, dilation, padding] =
                [window.kernel, window.stride, window.dilation, window.padding].map(i64::from);
            let found = (i64::from(extent) - 1) * stride - 2 * padding + dilation * (kernel - 1) + i64::from(more) + 1;
            let size = c_int::try_from(found).ok().filter(|&size| size >= 0);
            dims.push(size.ok_or_else(|| Error::invalid(format!("{window:?} of {extent} elements gives {found}")))?);
        }
        Ok(Placed { windows, more, x, w, dims, groups })
    }
}

impl Placed {
    /// Whether there is nothing to add up, or nothing to compute.
    pub(super) fn is_empty(&self) -> bool {
        self.x.contains(&0) || self.dims.contains(&0)
    }

    /// The processor's kernel for the node, if it is one of f32 that it takes.
    pub(super) fn kernel(&self, scope: &Scope<'_>, node: &Node) -> Result<Option<Kernel>, Error> {
        let (x, w) = (scope.input(node, 0)?, scope.input(node, 1)?);
        let is_f32 = x.dtype()? == DType::F32 && w.dtype()? == DType::F32 && declared_dtype(node) == DType::F32;
        let is_dense = self.windows.iter().all(|window| window.dilation == 1);
        let (&[_, channels, ..], &[_, filters, ..]) = (self.x.as_slice(), self.dims.as_slice()) else {
            return Ok(None);
        };
        if !is_f32 || !is_dense || self.is_empty() || !on_processor(scope, x)? {
            return Ok(None);
        }
        let size = |value: c_int| usize::try_from(value).map_err(|_| Error::fault("a negative extent"));
        let windows = |of: fn(&Window) -> c_int| self.windows.iter().map(of);
        let shape = conv::TransposedShape {
            groups: size(self.groups)?,
            channels: size(channels)?,
            filters: size(filters)?,
            input: on_three_axes(self.x.iter().skip(2).copied(), 1)?,
            output: on_three_axes(self.dims.iter().skip(2).copied(), 1)?,
            kernel: on_three_axes(windows(|window| window.kernel), 1)?,
            stride: on_three_axes(windows(|window| window.stride), 1)?,
            padding: on_three_axes(windows(|window| window.padding), 0)?,
        };
        Ok(conv::Transposed::new(shape).map(Kernel::Transposed))
    }
}
