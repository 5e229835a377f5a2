//! Products of 8-bit integers that are scaled back to 8 bits, exact on every device: sums are those of the processor's integers,
//! or put together from pieces that f32 holds, and scaled in 64-bit integers.

use super::rule::{Case, rules};
use super::scope::{Scope, declared_dtype};
use super::windows::{Window, padded, per_axis, seen};
use crate::host::integers::{Pack, Product};
use crate::ir::shapes::dims_of;
use crate::mlx::array::Array;
use crate::mlx::extents::{int, joined};
use rlx_host_api::kernel::{Reduce, Unary};
use rlx_host_api::{DType, Error};
use rlx_ir::{Node, Op};
use rlx_mlx_cpu::gemm::integers::packed_len;
use std::ffi::c_int;

rules! {
    QMatMul { .. } [3..=3; scope, node] eight_bits => matmul(scope, node);
    QConv2d { .. } [3..=3; scope, node] eight_bits => conv(scope, node);
}

/// What values mean: `(x - x_zero) * (w - w_zero)` is summed, and the sum times `factor` is the result less `out_zero`.
struct Scale {
    x_zero: i32,
    w_zero: i32,
    out_zero: i32,
    factor: f32,
}

impl Scale {
    fn of(op: &Op) -> Result<Self, Error> {
        match *op {
            Op::QMatMul { x_zp: x_zero, w_zp: w_zero, out_zp: out_zero, mult: factor }
            | Op::QConv2d { x_zp: x_zero, w_zp: w_zero, out_zp: out_zero, mult: factor, .. } => {
                Ok(Self { x_zero, w_zero, out_zero, factor })
            }
            _ => Err(Error::fault("not a product of integers")),
        }
    }
}

/// Operands are i8, i8 and i32 and the result is i8, whose zero points are values of i8; the factor is a number.
fn eight_bits(case: &Case<'_>) -> Result<(), Error> {
    let operands = case.node.inputs.iter().map(|&id| DType::from(case.graph.shape(id).dtype()));
    for (i, (found, wanted)) in operands.zip([DType::I8, DType::I8, DType::I32]).enumerate() {
        if found != wanted {
            return Err(Error::unsupported(format!("operand {i} is {found}; it is {wanted}")));
        }
    }
    if declared_dtype(case.node) != DType::I8 {
        return Err(Error::unsupported(format!("the declared dtype is {}; it is i8", declared_dtype(case.node))));
    }
    let Scale { x_zero, w_zero, out_zero, factor } = Scale::of(&case.node.op)?;
    for (name, zero) in [("x_zp", x_zero), ("w_zp", w_zero), ("out_zp", out_zero)] {
        if i8::try_from(zero).is_err() {
            return Err(Error::unsupported(format!("{name} is {zero}; it is from -128 to 127, as i8 is")));
        }
    }
    if factor.is_finite() { Ok(()) } else { Err(Error::unsupported(format!("mult is {factor}"))) }
}

/// `Op::QMatMul` of x `[m, k]`, w `[k, n]` and the bias `[n]`.
fn matmul(scope: &Scope<'_>, node: &Node) -> Result<Array, Error> {
    let scale = Scale::of(&node.op)?;
    let [x_dims, w_dims, bias_dims] = dims_of_operands(scope, node)?;
    let (&[m, k], &[inner, n], &[channels]) = (x_dims.as_slice(), w_dims.as_slice(), bias_dims.as_slice()) else {
        return Err(mismatch(&x_dims, &w_dims, &bias_dims));
    };
    if inner != k || channels != n {
        return Err(mismatch(&x_dims, &w_dims, &bias_dims));
    }
    let x = less(scope, scope.input(node, 0)?, scale.x_zero)?.reshape(&[1, m, k])?;
    let w = scope.prepare(node, 1, |w| weights(scope, node, &less(scope, w, scale.w_zero)?.reshape(&[1, k, n])?))?;
    let sums = sums(scope, node, &x, &w, [1, m, k, n])?.reshape(&[m, n])?;
    scaled(&sums.add(&scope.input(node, 2)?.cast(DType::I64)?)?, &scale)
}

/// `Op::QConv2d` of x `[n, c_in, h, w]`, w `[c_out, c_in / groups, kh, kw]` and the bias `[c_out]`; padding is x's zero point.
fn conv(scope: &Scope<'_>, node: &Node) -> Result<Array, Error> {
    let Op::QConv2d { kernel_size, stride, padding, dilation, groups, .. } = &node.op else {
        return Err(Error::fault("not a convolution of integers"));
    };
    let (scale, groups, declared) = (Scale::of(&node.op)?, int(*groups)?, dims_of(node)?);
    let [x_dims, w_dims, bias_dims] = dims_of_operands(scope, node)?;
    let (&[n, c_in, h, w], &[c_out, per_group, kh, kw], &[channels]) =
        (x_dims.as_slice(), w_dims.as_slice(), bias_dims.as_slice())
    else {
        return Err(mismatch(&x_dims, &w_dims, &bias_dims));
    };
    let of_groups = groups >= 1 && c_out % groups == 0 && i64::from(per_group) * i64::from(groups) == i64::from(c_in);
    if !of_groups || channels != c_out || per_axis("kernel_size", kernel_size, 2, 1)? != [kh, kw] {
        return Err(mismatch(&x_dims, &w_dims, &bias_dims).context(format_args!("{groups} groups of {kernel_size:?}")));
    }
    let windows = Window::along(2, kernel_size, stride, dilation, padding)?;
    let whole: Vec<i64> = windows.iter().zip([h, w]).map(|(window, extent)| window.whole(extent)).collect();
    let &[_, _, ho, wo] = declared.as_slice() else {
        return Err(Error::invalid(format!("the graph declares {declared:?}: the result has four axes")));
    };
    if declared != [n, c_out, ho, wo] || whole != [i64::from(ho), i64::from(wo)] {
        return Err(Error::invalid(format!(
            "the graph declares {declared:?}, but {x_dims:?} gives {n}, {c_out} and {whole:?}"
        )));
    }
    if declared.contains(&0) {
        return Array::scalar(0.0, DType::I8)?.broadcast_to(&declared);
    }
    let (places, taps, per_out) = (joined(&[n, ho, wo])?, joined(&[per_group, kh, kw])?, c_out / groups);
    let x = less(scope, scope.input(node, 0)?, scale.x_zero)?;
    let rows = if x_dims.contains(&0) {
        Array::scalar(0.0, x.dtype()?)?.broadcast_to(&[groups, places, taps])?
    } else {
        let behind: Vec<c_int> = windows.iter().map(|window| window.padding).collect();
        // [n, c, ho, wo, kh, kw]
        let seen = seen(&padded(&x, &windows, &behind, &Array::scalar(0.0, x.dtype()?)?)?, &windows, &[ho, wo])?;
        let seen = seen.reshape(&[n, groups, per_group, ho, wo, joined(&[kh, kw])?])?;
        seen.transpose(&[1, 0, 3, 4, 2, 5])?.reshape(&[groups, places, taps])?
    };
    let w = scope.prepare(node, 1, |w| {
        let w = less(scope, w, scale.w_zero)?.reshape(&[groups, per_out, taps])?;
        weights(scope, node, &w.transpose(&[0, 2, 1])?.contiguous()?)
    })?;
    // [groups, places, per_out] to [n, c_out, ho, wo]
    let sums = sums(scope, node, &rows, &w, [groups, places, taps, per_out])?.reshape(&[
        groups,
        n,
        joined(&[ho, wo])?,
        per_out,
    ])?;
    let sums = sums.transpose(&[1, 0, 3, 2])?.reshape(&declared)?;
    let bias = scope.input(node, 2)?.cast(DType::I64)?.reshape(&[1, c_out, 1, 1])?;
    scaled(&sums.add(&bias)?, &scale)
}

fn dims_of_operands(scope: &Scope<'_>, node: &Node) -> Result<[Vec<c_int>; 3], Error> {
    Ok([scope.input_dims(node, 0)?, scope.input_dims(node, 1)?, scope.input_dims(node, 2)?])
}

fn mismatch(x: &[c_int], w: &[c_int], bias: &[c_int]) -> Error {
    Error::invalid(format!("x is {x:?}, the weight {w:?} and the bias {bias:?}, which do not go together"))
}

/// `x - zero` of i8 values: integers up to 255, in i16 for the processor's kernel, else in f32.
fn less(scope: &Scope<'_>, x: &Array, zero: i32) -> Result<Array, Error> {
    let dtype = if scope.device().in_host_memory() { DType::I16 } else { DType::F32 };
    x.cast(dtype)?.sub(&Array::scalar(zero.into(), dtype)?)
}

/// Matrices `[g, k, n]` as [`sums`] takes them: of i16 packed.
fn weights(scope: &Scope<'_>, node: &Node, w: &Array) -> Result<Array, Error> {
    let dims = w.dims()?;
    match *dims.as_slice() {
        [g, k, n] if w.dtype()? == DType::I16 && !dims.contains(&0) => {
            let (k, n) = (k as usize, n as usize);
            scope.host_step(node, &[g, int(packed_len(k, n))?], DType::I16, &[w], Pack { k, n })
        }
        _ => w.duplicate(),
    }
}

/// The products of x `[g, m, k]` and [`weights`] `[g, k, n]`, integers up to 255, as i64.
///
/// On GPUs a sum of 256 products is below 2^24, where f32 has all integers; such sums are added as integers.
fn sums(scope: &Scope<'_>, node: &Node, x: &Array, w: &Array, [g, m, k, n]: [c_int; 4]) -> Result<Array, Error> {
    const PIECE: c_int = 256;
    if g == 0 || m == 0 || k == 0 || n == 0 {
        return Array::scalar(0.0, DType::I64)?.broadcast_to(&[g, m, n]);
    }
    if x.dtype()? == DType::I16 {
        let code = Product { m: m as usize, k: k as usize, n: n as usize };
        return scope.host_step(node, &[g, m, n], DType::I64, &[x, w], code);
    }
    if k <= PIECE {
        return x.matmul(w)?.cast(DType::I64);
    }
    let pieces = (k - 1) / PIECE + 1;
    let rest = joined(&[pieces, PIECE])? - k;
    let x = x.pad(&[0, 0, 0], &[0, 0, rest], 0.0)?.reshape(&[g, m, pieces, PIECE])?.transpose(&[0, 2, 1, 3])?;
    let w = w.pad(&[0, 0, 0], &[0, rest, 0], 0.0)?.reshape(&[g, pieces, PIECE, n])?;
    x.matmul(&w)?.cast(DType::I64)?.reduce(Reduce::Sum, &[1], false)
}

/// The sums times the factor, rounded to the nearest integer, halves away from zero, plus the zero point, as near to it as i8
/// comes. The product is exact: the factor is an integer of 24 bits times a power of two, and sums are below 2^38.
fn scaled(sums: &Array, scale: &Scale) -> Result<Array, Error> {
    let c = |value: i64| Array::from_bytes(&[], DType::I64, &value.to_ne_bytes());
    let bits = scale.factor.to_bits();
    let (exponent, fraction) = ((bits >> 23 & 0xff) as i32, i64::from(bits & 0x7f_ffff));
    // The factor is `digits / 2^shift`, save for its sign.
    let (digits, shift) = if exponent == 0 { (fraction, 149) } else { (fraction | 1 << 23, 150 - exponent) };
    let size = sums.unary(Unary::Abs)?.mul(&c(digits)?)?;
    // Beyond this all values are at the end of i8, whatever the zero point.
    let most = c(512)?;
    let size = match shift {
        ..=0 => size.min(&most)?.mul(&c(1 << (-shift).min(20))?)?,
        1..=62 => size.add(&c(1 << (shift - 1))?)?.shr(&c(shift.into())?)?,
        _ => size.mul(&c(0)?)?,
    };
    let size = size.min(&most)?;
    let negative = sums.lt(&c(0)?)?;
    let minus = size.unary(Unary::Neg)?;
    let value = if scale.factor < 0.0 { negative.where_(&size, &minus)? } else { negative.where_(&minus, &size)? };
    value.add(&c(scale.out_zero.into())?)?.max(&c(-128)?)?.min(&c(127)?)?.cast(DType::I8)
}
