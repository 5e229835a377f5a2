//! Convolutions, all channels first. Half types are computed in f32 and rounded once, f64 in f64.

use super::conv_kernel::{self, Steps, convolution};
use super::conv_places::{Forward, Placed};
use super::floats::{computed_in, floats};
use super::rule::{any, other_kind, rules};
use super::scope::Scope;
use super::steps::wide;
use super::transposed_places::{self, Transposed};
use super::unary;
use super::windows::{Window, padded, seen};
use crate::host::conv::{Other, Step};
use crate::mlx::array::Array;
use crate::mlx::extents::{int, joined};
use rlx_host_api::{DType, Error};
use rlx_ir::{Node, Op};
use rlx_mlx_cpu::conv::Binary;
use std::ffi::c_int;

rules! {
    Conv { kernel_size, stride, padding, dilation, groups } [2..=2; scope, node] floats => {
        let kernel = Some(kernel_size.as_slice());
        convolved(scope, node, &Forward { kernel, stride, padding, dilation, groups: *groups })
    };
    Conv3d { stride, padding, dilation, groups } [2..=2; scope, node] floats => {
        convolved(scope, node, &Forward { kernel: None, stride, padding, dilation, groups: *groups })
    };
    FusedConvBiasAct { .. } [3..=4; scope, node] floats => conv_bias_activation(scope, node);
    ConvTranspose2d { .. } [2..=2; scope, node] floats => transposed(scope, node);
    ConvTranspose3d { .. } [2..=2; scope, node] floats => transposed(scope, node);
    Im2Col { kernel_size, stride, padding, dilation } [x] any => im2col(x, kernel_size, stride, dilation, padding);
    Conv2dBackwardWeight { kernel_size: kernel, stride, padding, dilation, groups } [x, dy] any => {
        Conv2d { kernel, stride, padding, dilation, groups: *groups }.backward_weight(x, dy)
    };
}

/// The convolution in the dtype that it is computed in: by the kernel, or MLX's conv_general.
fn convolved(scope: &Scope<'_>, node: &Node, forward: &Forward<'_>) -> Result<Array, Error> {
    let placed = forward.place(scope, node)?;
    if let Some(y) = convolution(scope, node, &placed, Steps::default())? {
        return Ok(y);
    }
    let x = scope.input(node, 0)?;
    let dtype = computed_in(node, &[x, scope.input(node, 1)?])?;
    let Placed { windows, behind, order, declared, groups, .. } = &placed;
    if placed.is_empty() || x.dims()?.contains(&0) {
        return Array::scalar(0.0, dtype)?.broadcast_to(declared);
    }
    let w = scope.prepare(node, 1, |w| {
        let mut axes = vec![0];
        axes.extend(order.iter().map(|&axis| axis as c_int));
        axes.push(1);
        w.cast(dtype)?.transpose(&axes)?.contiguous()
    })?;
    let list = |of: fn(&Window) -> c_int| windows.iter().map(of).collect::<Vec<_>>();
    let (stride, dilation, before) = (list(|w| w.stride), list(|w| w.dilation), list(|w| w.padding));
    let y =
        channels_last(&x.cast(dtype)?)?.conv_general(&w, &stride, &before, behind, &dilation, &[], *groups, false)?;
    channels_first(&y)
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

/// `Op::FusedConvBiasAct`: `act(conv(x, w) + bias [+ residual])`, rounded once at the end; in f32 each step is.
fn conv_bias_activation(scope: &Scope<'_>, node: &Node) -> Result<Array, Error> {
    let (Op::FusedConvBiasAct { activation, has_residual, .. }, Some(forward)) = (&node.op, Forward::of(node)) else {
        return Err(Error::fault("not a convolution with bias"));
    };
    let (placed, bias) = (forward.place(scope, node)?, scope.input(node, 2)?);
    let (declared, channels) = (&placed.declared, placed.filters);
    if bias.dims()? != [channels] {
        return Err(Error::invalid(format!("the bias is {:?}; there are {channels} channels", bias.dims()?)));
    }
    let residual = if *has_residual { Some(scope.input(node, 3)?) } else { None };
    if let Some(residual) = residual.map(Array::dims).transpose()?.filter(|dims| dims != declared) {
        return Err(Error::invalid(format!("the residual is {residual:?}, and y is {declared:?}")));
    }
    let are_f32 = [Some(bias), residual].into_iter().flatten().map(|other| Ok(other.dtype()? == DType::F32));
    if are_f32.collect::<Result<Vec<_>, Error>>()?.into_iter().all(|is_f32| is_f32) {
        let plus = |other| Step::Binary { op: Binary::Add, other, turned: false };
        let mut steps = Steps::default();
        steps.push(plus(Other::Channel), Some(bias));
        if residual.is_some() {
            steps.push(plus(Other::Array), residual);
        }
        let function = activation.and_then(unary::vectors);
        if let Some(function) = function {
            steps.push(Step::Map(function), None);
        }
        if let Some(y) = convolution(scope, node, &placed, steps)? {
            let rest = activation.filter(|_| function.is_none());
            return rest.map_or_else(|| y.duplicate(), |kind| unary::activation(scope, node, &y, kind));
        }
    }
    let y = convolved(scope, node, &forward)?;
    let mut each_channel = vec![1; declared.len()];
    each_channel[1] = channels;
    let dtype = y.dtype()?;
    let mut y = y.add(&bias.cast(dtype)?.reshape(&each_channel)?)?;
    if let Some(residual) = residual {
        y = y.add(&residual.cast(dtype)?)?;
    }
    activation.map_or_else(|| y.duplicate(), |kind| unary::activation(scope, node, &y, kind))
}

/// A transposed convolution, `[n, c_out, out..]`: by the kernel of the processor, or MLX's conv_general.
fn transposed(scope: &Scope<'_>, node: &Node) -> Result<Array, Error> {
    let placed = Transposed::of(node).ok_or_else(|| other_kind(node))?.place(scope, node)?;
    match placed.kernel(scope, node)? {
        Some(kernel) => conv_kernel::convolved(scope, node, kernel, &placed.dims, Steps::default()),
        None => transposed_by_mlx(scope, node, &placed),
    }
}

/// MLX: conv_general over the elements with `stride - 1` zeros between them, the kernel reversed.
fn transposed_by_mlx(scope: &Scope<'_>, node: &Node, placed: &transposed_places::Placed) -> Result<Array, Error> {
    let x = scope.input(node, 0)?;
    let dtype = computed_in(node, &[x, scope.input(node, 1)?])?;
    if placed.is_empty() {
        return Array::scalar(0.0, dtype)?.broadcast_to(&placed.dims);
    }
    let (&[_, c_out, ..], &[c_in, per_group, ..]) = (placed.dims.as_slice(), placed.w.as_slice()) else {
        return Err(Error::fault("a convolution without channels"));
    };
    let groups = placed.groups;
    let (mut low, mut high, mut cut) = (Vec::new(), Vec::new(), Vec::new());
    for (window, &more) in placed.windows.iter().zip(&placed.more) {
        let [kernel, dilation, padding] = [window.kernel, window.dilation, window.padding].map(i64::from);
        let edge = dilation * (kernel - 1);
        let size =
            |value: i64| c_int::try_from(value.max(0)).map_err(|_| Error::invalid(format!("{window:?} is too large")));
        // Padding of the result that goes beyond what the kernel adds is cut off it.
        low.push(size(edge - padding)?);
        high.push(size(edge - padding + i64::from(more))?);
        cut.push(size(padding - edge)?);
    }
    let w = scope.prepare(node, 1, |w| {
        let kernel = placed.w.get(2..).unwrap_or_default();
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
    let list = |of: fn(&Window) -> c_int| placed.windows.iter().map(of).collect::<Vec<_>>();
    let (stride, dilation) = (list(|w| w.stride), list(|w| w.dilation));
    let x = channels_last(&x.cast(dtype)?)?;
    let mut y = x.conv_general(&w, &[], &low, &high, &dilation, &stride, groups, true)?;
    for (axis, (&first, &count)) in cut.iter().zip(placed.dims.iter().skip(2)).enumerate() {
        y = y.slice_axis(1 + axis, first, Some(first + count), 1)?;
    }
    channels_first(&y)
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
