//! Convolutions, all channels first. Half types are computed in f32 and rounded once, f64 in f64.

use super::floats::{computed_in, floats};
use super::rule::{any, rules};
use super::scope::Scope;
use super::steps::wide;
use super::unary;
use super::windows::{Window, padded, per_axis, seen};
use crate::ir::shapes::dims_of;
use crate::mlx::array::Array;
use crate::mlx::extents::{int, joined};
use rlx_host_api::Error;
use rlx_ir::{Node, Op};
use std::ffi::c_int;

rules! {
    Conv { kernel_size, stride, padding, dilation, groups } [2..=2; scope, node] floats => {
        let kernel = Some(kernel_size.as_slice());
        Forward { kernel, stride, padding, dilation, groups: *groups }.lower(scope, node)
    };
    Conv3d { stride, padding, dilation, groups } [2..=2; scope, node] floats => {
        Forward { kernel: None, stride, padding, dilation, groups: *groups }.lower(scope, node)
    };
    FusedConvBiasAct { .. } [3..=4; scope, node] floats => conv_bias_activation(scope, node);
    ConvTranspose2d { kernel_size, stride, padding, dilation, output_padding, groups } [2..=2; scope, node] floats => {
        let (kernel, groups) = (Some(kernel_size.as_slice()), *groups);
        Transposed { kernel, stride, padding, dilation, output_padding, groups }.lower(scope, node)
    };
    ConvTranspose3d { stride, padding, dilation, output_padding, groups } [2..=2; scope, node] floats => {
        Transposed { kernel: None, stride, padding, dilation, output_padding, groups: *groups }.lower(scope, node)
    };
    Im2Col { kernel_size, stride, padding, dilation } [x] any => im2col(x, kernel_size, stride, dilation, padding);
    Conv2dBackwardWeight { kernel_size: kernel, stride, padding, dilation, groups } [x, dy] any => {
        Conv2d { kernel, stride, padding, dilation, groups: *groups }.backward_weight(x, dy)
    };
}

/// The attributes of a convolution of x `[n, c_in, spatial..]` with w `[c_out, c_in / groups, kernel..]` over one to three
/// spatial axes.
struct Forward<'a> {
    /// What the node says that the weight's kernel is.
    kernel: Option<&'a [usize]>,
    stride: &'a [usize],
    padding: &'a [usize],
    dilation: &'a [usize],
    groups: usize,
}

impl Forward<'_> {
    /// The convolution in the dtype that it is computed in (MLX: conv_general).
    ///
    /// Where the graph declares fewer windows than `padding` on both sides gives, those whose elements lie in the padding
    /// behind are left out.
    fn lower(&self, scope: &Scope<'_>, node: &Node) -> Result<Array, Error> {
        let (x, x_dims, w_dims) = (scope.input(node, 0)?, scope.input_dims(node, 0)?, scope.input_dims(node, 1)?);
        let declared = dims_of(node)?;
        let (groups, axes) = (int(self.groups)?, spatial_axes(&x_dims, &w_dims)?);
        let (&[n, c_in, ..], &[c_out, per_group, ..]) = (x_dims.as_slice(), w_dims.as_slice()) else {
            return Err(Error::fault("a convolution without channels"));
        };
        let mut windows =
            Window::along(axes, &kernel(self.kernel, &w_dims)?, self.stride, self.dilation, self.padding)?;
        let of_groups =
            groups >= 1 && c_out % groups == 0 && i64::from(per_group) * i64::from(groups) == i64::from(c_in);
        if !of_groups {
            return Err(Error::invalid(format!("x is {x_dims:?} and the weight is {w_dims:?}, with {groups} groups")));
        }
        let (Some(spatial), Some(out)) = (x_dims.get(2..), declared.get(2..)) else {
            return Err(Error::invalid(format!("the graph declares shape {declared:?}, but x is {x_dims:?}")));
        };
        let behind_all = |windows: &[Window]| -> Option<Vec<c_int>> {
            let each = windows.iter().zip(spatial).zip(out);
            each.map(|((window, &extent), &out)| window.padding_behind(extent, out)).collect()
        };
        let along_last = one_axis(&windows, spatial).filter(|turned| behind_all(turned).is_some());
        // The axes of the weight, channels last.
        let mut order: Vec<usize> = (2..w_dims.len()).collect();
        if let Some(turned) = along_last {
            windows = turned;
            order.reverse();
        }
        let whole: Vec<i64> = windows.iter().zip(spatial).map(|(window, &extent)| window.whole(extent)).collect();
        let behind = behind_all(&windows).filter(|_| declared.len() == x_dims.len() && declared[..2] == [n, c_out]);
        let behind = behind.ok_or_else(|| {
            Error::invalid(format!("the graph declares {declared:?}, but {x_dims:?} gives {n}, {c_out} and {whole:?}"))
        })?;
        let dtype = computed_in(node, &[x, scope.input(node, 1)?])?;
        if x_dims.contains(&0) || declared.contains(&0) {
            return Array::scalar(0.0, dtype)?.broadcast_to(&declared);
        }
        let w = scope.prepare(node, 1, |w| {
            let mut axes = vec![0];
            axes.extend(order.iter().map(|&axis| axis as c_int));
            axes.push(1);
            w.cast(dtype)?.transpose(&axes)?.contiguous()
        })?;
        let list = |of: fn(&Window) -> c_int| windows.iter().map(of).collect::<Vec<_>>();
        let (stride, dilation, before) = (list(|w| w.stride), list(|w| w.dilation), list(|w| w.padding));
        let y = channels_last(&x.cast(dtype)?)?.conv_general(
            &w,
            &stride,
            &before,
            &behind,
            &dilation,
            &[],
            groups,
            false,
        )?;
        channels_first(&y)
    }
}

/// How many spatial axes x and the weight have.
fn spatial_axes(x: &[c_int], w: &[c_int]) -> Result<usize, Error> {
    match x.len().checked_sub(2) {
        Some(axes @ 1..=3) if w.len() == x.len() => Ok(axes),
        _ => Err(Error::invalid(format!(
            "x is {x:?} and the weight is {w:?}: both have channels and the same one to three spatial axes"
        ))),
    }
}

/// The kernel of the weight `[.., .., kernel..]`, which is the one that the node names.
fn kernel(named: Option<&[usize]>, w: &[c_int]) -> Result<Vec<usize>, Error> {
    let found = w.get(2..).unwrap_or_default();
    if let Some(named) = named
        && per_axis("kernel_size", named, found.len(), 1)? != found
    {
        return Err(Error::invalid(format!("kernel_size is {named:?}, and the weight is {w:?}")));
    }
    found.iter().map(|&extent| usize::try_from(extent).map_err(|_| Error::fault("a negative extent"))).collect()
}

/// The windows of a convolution over one axis that is written as one over two: x is `[n, c, 1, w]`, and what is said of
/// the first axis is meant for the other one.
fn one_axis(windows: &[Window], spatial: &[c_int]) -> Option<Vec<Window>> {
    match (windows, spatial) {
        (&[first, Window { kernel: 1, stride: 1, dilation: 1, padding: 0 }], &[1, w]) if w > 1 => {
            Some(vec![Window::POINT, first])
        }
        _ => None,
    }
}

/// `[n, c, spatial..]` as `[n, spatial.., c]`.
fn channels_last(x: &Array) -> Result<Array, Error> {
    let rank = int(x.dims()?.len())?;
    x.transpose(&[0].into_iter().chain(2..rank).chain([1]).collect::<Vec<_>>())
}

/// `[n, spatial.., c]` as `[n, c, spatial..]`.
fn channels_first(x: &Array) -> Result<Array, Error> {
    let rank = int(x.dims()?.len())?;
    x.transpose(&[0, rank - 1].into_iter().chain(1..rank - 1).collect::<Vec<_>>())
}

/// `Op::FusedConvBiasAct`: `act(conv(x, w) + bias [+ residual])`, rounded once at the end.
fn conv_bias_activation(scope: &Scope<'_>, node: &Node) -> Result<Array, Error> {
    let Op::FusedConvBiasAct { kernel_size, stride, padding, dilation, groups, activation, has_residual } = &node.op
    else {
        return Err(Error::fault("not a convolution with bias"));
    };
    let kernel = Some(kernel_size.as_slice());
    let y = Forward { kernel, stride, padding, dilation, groups: *groups }.lower(scope, node)?;
    let (declared, bias) = (dims_of(node)?, scope.input(node, 2)?);
    let channels = declared.get(1).copied().unwrap_or_default();
    if bias.dims()? != [channels] {
        return Err(Error::invalid(format!("the bias is {:?}; there are {channels} channels", bias.dims()?)));
    }
    let mut each_channel = vec![1; declared.len()];
    each_channel[1] = channels;
    let dtype = y.dtype()?;
    let mut y = y.add(&bias.cast(dtype)?.reshape(&each_channel)?)?;
    if *has_residual {
        let residual = scope.input(node, 3)?;
        if residual.dims()? != declared {
            return Err(Error::invalid(format!("the residual is {:?}, and y is {declared:?}", residual.dims()?)));
        }
        y = y.add(&residual.cast(dtype)?)?;
    }
    activation.map_or_else(|| y.duplicate(), |kind| unary::activation(scope, node, &y, kind))
}

/// The attributes of a transposed convolution of x `[n, c_in, spatial..]` with w `[c_in, c_out / groups, kernel..]`, the
/// gradient of a convolution by its operand.
struct Transposed<'a> {
    kernel: Option<&'a [usize]>,
    stride: &'a [usize],
    padding: &'a [usize],
    dilation: &'a [usize],
    output_padding: &'a [usize],
    groups: usize,
}

impl Transposed<'_> {
    /// `[n, c_out, out..]`, out being `(in - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1` (MLX:
    /// conv_general over the elements with `stride - 1` zeros between them, the kernel reversed).
    fn lower(&self, scope: &Scope<'_>, node: &Node) -> Result<Array, Error> {
        let (x, x_dims, w_dims) = (scope.input(node, 0)?, scope.input_dims(node, 0)?, scope.input_dims(node, 1)?);
        let (groups, axes) = (int(self.groups)?, spatial_axes(&x_dims, &w_dims)?);
        let (&[n, c_in, ..], &[w_in, per_group, ..]) = (x_dims.as_slice(), w_dims.as_slice()) else {
            return Err(Error::fault("a convolution without channels"));
        };
        if groups < 1 || c_in != w_in || c_in % groups != 0 {
            return Err(Error::invalid(format!("x is {x_dims:?} and the weight is {w_dims:?}, with {groups} groups")));
        }
        let c_out = joined(&[per_group, groups])?;
        let windows = Window::along(axes, &kernel(self.kernel, &w_dims)?, self.stride, self.dilation, self.padding)?;
        let more = per_axis("output_padding", self.output_padding, axes, 0)?;
        let (mut dims, mut out) = (vec![n, c_out], Vec::new());
        let (mut low, mut high, mut cut) = (Vec::new(), Vec::new(), Vec::new());
        for ((window, &extent), &more) in windows.iter().zip(x_dims.iter().skip(2)).zip(&more) {
            let [kernel, stride, dilation, padding] =
                [window.kernel, window.stride, window.dilation, window.padding].map(i64::from);
            let (extent, more) = (i64::from(extent), i64::from(more));
            let edge = dilation * (kernel - 1);
            let found = (extent - 1) * stride - 2 * padding + edge + more + 1;
            let size = |value: i64| {
                let size = c_int::try_from(value).ok().filter(|&value| value >= 0);
                size.ok_or_else(|| Error::invalid(format!("{window:?} of {extent} elements gives {found}")))
            };
            out.push(size(found)?);
            // Padding of the result that goes beyond what the kernel adds is cut off it.
            low.push(size((edge - padding).max(0))?);
            high.push(size((edge - padding + more).max(0))?);
            cut.push(size((padding - edge).max(0))?);
        }
        dims.extend(&out);
        let dtype = computed_in(node, &[x, scope.input(node, 1)?])?;
        if x_dims.contains(&0) || dims.contains(&0) {
            return Array::scalar(0.0, dtype)?.broadcast_to(&dims);
        }
        let w = scope.prepare(node, 1, |w| {
            let kernel = w_dims.get(2..).unwrap_or_default();
            let mut split = vec![groups, c_in / groups, per_group];
            split.extend(kernel);
            let mut order = vec![0, 2];
            order.extend(3..int(split.len())?);
            order.push(1);
            let mut joined = vec![c_out];
            joined.extend(kernel);
            joined.push(c_in / groups);
            w.cast(dtype)?.reshape(&split)?.transpose(&order)?.reshape(&joined)?.contiguous()
        })?;
        let list = |of: fn(&Window) -> c_int| windows.iter().map(of).collect::<Vec<_>>();
        let (stride, dilation) = (list(|w| w.stride), list(|w| w.dilation));
        let x = channels_last(&x.cast(dtype)?)?;
        let mut y = x.conv_general(&w, &[], &low, &high, &dilation, &stride, groups, true)?;
        for (axis, (&first, &count)) in cut.iter().zip(&out).enumerate() {
            y = y.slice_axis(1 + axis, first, Some(first + count), 1)?;
        }
        channels_first(&y)
    }
}

/// `Op::Im2Col` of `[n, c, h, w]`: a row of c × kernel elements for each window, `[n * h_out * w_out, c * kh * kw]`.
fn im2col(
    x: &Array,
    kernel: &[usize],
    stride: &[usize],
    dilation: &[usize],
    padding: &[usize],
) -> Result<Array, Error> {
    let dims = x.dims()?;
    let &[n, c, h, w] = dims.as_slice() else {
        return Err(Error::invalid(format!("x is {dims:?}: it has four axes")));
    };
    let windows = Window::along(2, kernel, stride, dilation, padding)?;
    let [rows, columns] = windows.as_slice() else { return Err(Error::fault("not two windows")) };
    let out = [rows.whole(h), columns.whole(w)];
    let [out_h, out_w] = out.map(|count| c_int::try_from(count).ok().unwrap_or(c_int::MAX));
    let (height, width) = (joined(&[n, out_h, out_w])?, joined(&[c, rows.kernel, columns.kernel])?);
    let zero = Array::scalar(0.0, x.dtype()?)?;
    if dims.contains(&0) || height == 0 {
        return zero.broadcast_to(&[height, width]);
    }
    let seen = seen(&padded(x, &windows, &[rows.padding, columns.padding], &zero)?, &windows, &[out_h, out_w])?;
    seen.transpose(&[0, 2, 3, 1, 4, 5])?.reshape(&[height, width])
}

/// The attributes of a convolution over two axes, for its gradient.
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
