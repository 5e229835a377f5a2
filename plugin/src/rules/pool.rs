//! Pooling, and the gradient of max-pooling: a kernel from source where the device runs one, composed elsewhere.

use super::conv_places::on_three_axes;
use super::rule::{Case, any, rules};
use super::scope::{Scope, declared_dtype};
use super::steps::{integers, on_processor, wide};
use super::windows::{Window, padded, seen};
use crate::host::pool as host;
use crate::ir::shapes::dims_of;
use crate::mlx::array::Array;
use crate::mlx::dtypes::is_float;
use crate::mlx::extents::int;
use rlx_host_api::kernel::Language;
use rlx_host_api::kernel::Reduce;
use rlx_host_api::{DType, Error};
use rlx_ir::op::ReduceOp;
use rlx_ir::{Node, Op};
use rlx_mlx_cpu::conv::Shape;
use rlx_mlx_cpu::pool::Wanted;
use rlx_mlx_shim as ffi;
use std::ffi::c_int;

rules! {
    Pool { kind, kernel_size, stride, padding } [_x; scope, node] one_dtype => {
        pool(scope, node, *kind, &Pool { kernel: kernel_size, stride, padding })
    };
    MaxPool2dBackward { kernel_size, stride, padding } [2..=2; scope, node] any => {
        max_pool2d_backward(scope, node, kernel_size, stride, padding)
    };
}

/// The result is of the operand's dtype. Integers have no mean, and truth values only a largest and a smallest.
fn one_dtype(case: &Case<'_>) -> Result<(), Error> {
    let (Op::Pool { kind, .. }, Some(&x)) = (&case.node.op, case.node.inputs.first()) else { return Ok(()) };
    let (dtype, declared) = (DType::from(case.graph.shape(x).dtype()), declared_dtype(case.node));
    let takes = match dtype {
        DType::C64 | DType::C128 => false,
        DType::Bool => matches!(kind, ReduceOp::Max | ReduceOp::Min),
        dtype => is_float(dtype) || *kind != ReduceOp::Mean,
    };
    if !takes {
        return Err(Error::unsupported(format!("pooling of {dtype} by {kind:?}")));
    }
    if dtype != declared && !(is_float(dtype) && is_float(declared)) {
        return Err(Error::unsupported(format!("pooling of {dtype} gives {dtype}, and the graph declares {declared}")));
    }
    Ok(())
}

/// The attributes of a pooling.
struct Pool<'a> {
    kernel: &'a [usize],
    stride: &'a [usize],
    padding: &'a [usize],
}

/// `Op::Pool` of `[n, c, spatial..]`, one to three spatial axes. Padding counts as nothing, with one exception: the mean over
/// three axes divides by the size of the window, as rlx-cpu's does; over one and two it divides by how many elements the
/// window sees.
///
/// The graph's shape says whether the number of windows is rounded up, so that the last one is not whole. A window of padding
/// alone gives what the reduction of nothing does, and 0 for the mean. NaN wins over all else. Halves are added and
/// multiplied in f32, integers in their own type.
fn pool(
    scope: &Scope<'_>,
    node: &Node,
    kind: ReduceOp,
    Pool { kernel, stride, padding }: &Pool<'_>,
) -> Result<Array, Error> {
    let (x, out) = (scope.input(node, 0)?, &dims_of(node)?);
    let dims = x.dims()?;
    let axes = dims.len().saturating_sub(2);
    if !(1..=3).contains(&axes) || out.len() != dims.len() || out.get(..2) != dims.get(..2) {
        return Err(Error::invalid(format!(
            "x is {dims:?} and the graph declares {out:?}: both have the same channels and one to three spatial axes"
        )));
    }
    let windows = Window::along(axes, kernel, stride, &[], padding)?;
    let (spatial, counts) = (dims.get(2..).unwrap_or_default(), out.get(2..).unwrap_or_default());
    let each = || windows.iter().zip(spatial).zip(counts);
    let behind: Option<Vec<c_int>> =
        each().map(|((window, &extent), &count)| window.padding_behind_rounded_up(extent, count)).collect();
    let behind = behind.ok_or_else(|| {
        let whole: Vec<i64> = windows.iter().zip(spatial).map(|(window, &extent)| window.whole(extent)).collect();
        Error::invalid(format!("the graph declares {out:?}, but this pooling of {dims:?} gives {whole:?}"))
    })?;
    let dtype = x.dtype()?;
    if dims.contains(&0) || out.contains(&0) {
        return neutral(kind, dtype)?.broadcast_to(out);
    }
    let wanted = match kind {
        ReduceOp::Max => Some(Wanted::Largest),
        ReduceOp::Min => Some(Wanted::Smallest),
        _ => None,
    };
    let taps: i64 = windows.iter().map(|window| i64::from(window.kernel)).product();
    if let Some(wanted) = wanted.filter(|_| dtype == DType::F32 && taps <= TAPS)
        && on_processor(scope, x)?
    {
        let code = host::Pool(rlx_mlx_cpu::pool::Pool::new(wanted, shape(&windows, spatial, counts)?));
        return scope.host_step(node, out, dtype, &[x], code);
    }
    let computed = match kind {
        ReduceOp::Sum | ReduceOp::Mean | ReduceOp::Prod if is_float(dtype) => wide(x)?,
        _ => x.duplicate()?,
    };
    let mut y = padded(&computed, &windows, &behind, &neutral(kind, computed.dtype()?)?)?;
    for (axis, (window, &count)) in windows.iter().zip(counts).enumerate() {
        y = pool_axis(&y, 2 + axis, *window, count, kind)?;
    }
    if kind == ReduceOp::Mean {
        let mut sizes = Array::scalar(1.0, y.dtype()?)?;
        for (axis, ((window, &extent), &count)) in each().enumerate() {
            let seen = (0..count).map(|i| if axes == 3 { window.kernel } else { window.elements(extent, i) });
            let bytes: Vec<u8> = seen.flat_map(c_int::to_le_bytes).collect();
            let mut along = vec![1; axes];
            along[axis] = count;
            sizes = sizes.mul(&Array::from_bytes(&along, DType::I32, &bytes)?.cast(y.dtype()?)?)?;
        }
        y = y.div(&sizes)?;
    }
    Ok(y)
}

/// Windows of more elements are few and large: the kernel has its vectors full of windows.
const TAPS: i64 = 64;

/// The kernel's extents, of one channel: three axes, of which those that are missing come first.
fn shape(windows: &[Window], spatial: &[c_int], counts: &[c_int]) -> Result<Shape, Error> {
    let of = |of: fn(&Window) -> c_int| windows.iter().map(of);
    Ok(Shape {
        groups: 1,
        channels: 1,
        filters: 1,
        input: on_three_axes(spatial.iter().copied(), 1)?,
        output: on_three_axes(counts.iter().copied(), 1)?,
        kernel: on_three_axes(of(|window| window.kernel), 1)?,
        stride: on_three_axes(of(|window| window.stride), 1)?,
        dilation: [1; 3],
        padding: on_three_axes(of(|window| window.padding), 0)?,
    })
}

/// An operation of two arrays.
type Join = fn(&Array, &Array) -> Result<Array, Error>;

/// The pooling along one axis, which has its padding, to `count` windows. Kinds of reductions do not care for the order of
/// axes.
fn pool_axis(x: &Array, axis: usize, window: Window, count: c_int, kind: ReduceOp) -> Result<Array, Error> {
    let (reduce, join): (Reduce, Join) = match kind {
        ReduceOp::Sum | ReduceOp::Mean => (Reduce::Sum, Array::add),
        ReduceOp::Max => (Reduce::Max, Array::max),
        ReduceOp::Min => (Reduce::Min, Array::min),
        ReduceOp::Prod => (Reduce::Prod, Array::mul),
    };
    if count == 1 {
        return x.slice_axis(axis, 0, Some(window.kernel), 1)?.reduce(reduce, &[int(axis)?], true);
    }
    if window.kernel > FOLDED {
        let mut out = x.dims()?.get(2..).unwrap_or_default().to_vec();
        let (mut along, axes) = (vec![Window::POINT; out.len()], out.len());
        (along[axis - 2], out[axis - 2]) = (Window { padding: 0, ..window }, count);
        let elements: Vec<c_int> = (2 + axes..2 + 2 * axes).map(int).collect::<Result<_, _>>()?;
        return seen(x, &along, &out)?.reduce(reduce, &elements, false);
    }
    // The last place that an element of this number has in a window, and one more.
    let end = |element: c_int| element + (count - 1) * window.stride + 1;
    let mut y = x.slice_axis(axis, 0, Some(end(0)), window.stride)?;
    for element in 1..window.kernel {
        y = join(&y, &x.slice_axis(axis, element, Some(end(element)), window.stride)?)?;
    }
    Ok(y)
}

/// Up to so many elements a window, MLX joins slices of them faster than it reduces windows that overlap.
const FOLDED: c_int = 16;

/// What a reduction of nothing gives, a scalar of a dtype; 0 for the mean.
fn neutral(kind: ReduceOp, dtype: DType) -> Result<Array, Error> {
    let value = match kind {
        ReduceOp::Sum | ReduceOp::Mean => 0.0,
        ReduceOp::Prod => 1.0,
        ReduceOp::Max if is_float(dtype) => f64::NEG_INFINITY,
        ReduceOp::Min if is_float(dtype) => f64::INFINITY,
        ReduceOp::Max | ReduceOp::Min => return extreme(kind == ReduceOp::Max, dtype),
    };
    Array::scalar(value, dtype)
}

/// The lowest or the highest value of an integer type, or of truth values.
fn extreme(lowest: bool, dtype: DType) -> Result<Array, Error> {
    let bytes = |low: &[u8], high: &[u8]| Array::from_bytes(&[], dtype, if lowest { low } else { high });
    match dtype {
        DType::I8 => bytes(&i8::MIN.to_le_bytes(), &i8::MAX.to_le_bytes()),
        DType::I16 => bytes(&i16::MIN.to_le_bytes(), &i16::MAX.to_le_bytes()),
        DType::I32 => bytes(&i32::MIN.to_le_bytes(), &i32::MAX.to_le_bytes()),
        DType::I64 => bytes(&i64::MIN.to_le_bytes(), &i64::MAX.to_le_bytes()),
        DType::U8 => bytes(&[0], &[u8::MAX]),
        DType::U32 => bytes(&[0; 4], &u32::MAX.to_le_bytes()),
        DType::Bool => bytes(&[0], &[1]),
        other => Err(Error::fault(format!("{other} has no lowest value"))),
    }
}

/// A pooling of `[n, c, h, w]` to `[n, c, h_out, w_out]`.
struct Pooling {
    x: [c_int; 4],
    out: [c_int; 2],
    kernel: [c_int; 2],
    stride: [c_int; 2],
    padding: [c_int; 2],
}

/// `MaxPool2dBackward` of the operands x and dy. A window's gradient goes to its first NaN if it has one, else to the first
/// of its maxima; padding never wins, and overlapping windows add up.
fn max_pool2d_backward(
    scope: &Scope<'_>,
    node: &Node,
    kernel: &[usize],
    stride: &[usize],
    padding: &[usize],
) -> Result<Array, Error> {
    let (x, dy) = (scope.input(node, 0)?, scope.input(node, 1)?);
    let pooling = Pooling::new(&x.dims()?, &dy.dims()?, kernel, stride, padding)?;
    match scope.device().language() {
        Some(Language::Metal) => pooling.backward_metal(x, dy),
        _ if pooling.x.contains(&0) || pooling.out.contains(&0) => {
            Array::scalar(0.0, x.dtype()?)?.broadcast_to(&dims_of(node)?)
        }
        _ => pooling.backward_composed(x, dy),
    }
}

impl Pooling {
    fn new(x: &[c_int], dy: &[c_int], kernel: &[usize], stride: &[usize], padding: &[usize]) -> Result<Self, Error> {
        let pair = |name: &str, values: &[usize], least: usize| match values {
            &[a, b] if a >= least && b >= least => Ok([int(a)?, int(b)?]),
            _ => Err(Error::invalid(format!("{name} is {values:?}: give two numbers of at least {least}"))),
        };
        let (kernel, stride) = (pair("kernel_size", kernel, 1)?, pair("stride", stride, 1)?);
        let padding = pair("padding", padding, 0)?;
        let (&[n, c, h, w], &[dn, dc, h_out, w_out]) = (x, dy) else {
            return Err(Error::invalid(format!("x is {x:?} and dy is {dy:?}: both have four axes")));
        };
        let out = |axis: usize, extent: c_int| {
            let inside = i64::from(extent) + 2 * i64::from(padding[axis]) - i64::from(kernel[axis]);
            inside.div_euclid(stride[axis].into()) + 1
        };
        let wanted = [out(0, h), out(1, w)];
        if [dn, dc] != [n, c] || [h_out, w_out].map(i64::from) != wanted.map(|extent| extent.max(0)) {
            return Err(Error::invalid(format!("dy is {dy:?}, but this pooling of {x:?} gives {wanted:?}")));
        }
        if padding[0] >= kernel[0] || padding[1] >= kernel[1] {
            return Err(Error::invalid(format!("padding {padding:?} is not less than the window {kernel:?}")));
        }
        Ok(Self { x: [n, c, h, w], out: [h_out, w_out], kernel, stride, padding })
    }

    fn backward_metal(&self, x: &Array, dy: &Array) -> Result<Array, Error> {
        let Self { x: [n, c, h, w], out: [ho, wo], kernel: [kh, kw], stride: [sh, sw], padding: [ph, pw] } = *self;
        // SAFETY: live handles; `out` is writable.
        Array::produce(|out| unsafe {
            ffi::rlx_mlx_op_maxpool2d_backward_metal(x.raw(), dy.raw(), n, c, h, w, ho, wo, kh, kw, sh, sw, ph, pw, out)
        })
    }

    /// Each window's winner, then its gradient added at the winner's place.
    fn backward_composed(&self, x: &Array, dy: &Array) -> Result<Array, Error> {
        let Self { x: [n, c, h, w], out: [ho, wo], kernel: [_, kw], stride: [sh, sw], padding: [ph, pw] } = *self;
        let values = self.windows(x, f32::NEG_INFINITY)?;
        let inside = Array::scalar(1.0, DType::F32)?.broadcast_to(&[1, 1, h, w])?;
        let inside = self.windows(&inside, 0.0)?.cast(DType::Bool)?;
        let is_nan = values.ne(&values)?;
        let has_nan = is_nan.cast(DType::I32)?.reduce(Reduce::Max, &[4], true)?.cast(DType::Bool)?;
        let largest = values.reduce(Reduce::Max, &[4], true)?;
        let wins = has_nan.where_(&is_nan, &values.eq(&largest)?)?.bit_and(&inside)?;
        let winner = wins.cast(DType::I32)?.argmax(4, false)?.cast(DType::I32)?;

        let constant = |value: c_int| Array::scalar(value.into(), DType::I32);
        let row_in_window = winner.floor_div(&constant(kw)?)?;
        let column_in_window = winner.sub(&row_in_window.mul(&constant(kw)?)?)?;
        let first = |count, stride, padding| integers(0, count)?.mul(&constant(stride)?)?.sub(&constant(padding)?);
        let row = row_in_window.add(&first(ho, sh, ph)?.reshape(&[ho, 1])?)?;
        let column = column_in_window.add(&first(wo, sw, pw)?)?;
        let place = row.mul(&constant(w)?)?.add(&column)?;

        // Halves are added up in f32.
        let dtype = if dy.dtype()? == DType::F64 { DType::F64 } else { DType::F32 };
        let zeros = Array::scalar(0.0, dtype)?.broadcast_to(&[n * c, h * w])?;
        let (place, dy) = (place.reshape(&[n * c, ho * wo])?, dy.cast(dtype)?.reshape(&[n * c, ho * wo])?);
        zeros.scatter_add_axis(&place, &dy, 1)?.reshape(&[n, c, h, w])
    }

    /// The windows of `[n, c, h, w]`, padded with `fill`, as `[n, c, h_out, w_out, elements]`.
    fn windows(&self, x: &Array, fill: f32) -> Result<Array, Error> {
        let Self { out: [ho, wo], kernel: [kh, kw], stride: [sh, sw], padding: [ph, pw], x: [_, _, h, w] } = *self;
        let [n, c] = match x.dims()?.as_slice() {
            &[n, c, _, _] => [n, c],
            other => return Err(Error::fault(format!("windows of {other:?}"))),
        };
        let padded = x.pad(&[0, 0, ph, pw], &[0, 0, ph, pw], fill)?.contiguous()?;
        let [height, width] = [h + 2 * ph, w + 2 * pw].map(i64::from);
        let strides = [i64::from(c) * height * width, height * width, i64::from(sh) * width, sw.into(), width, 1];
        padded.as_strided(&[n, c, ho, wo, kh, kw], &strides, 0)?.reshape(&[n, c, ho, wo, kh * kw])
    }
}
