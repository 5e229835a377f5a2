//! Reductions over axes, positions of extremes, and histograms.

use super::binary::range;
use super::floats::is_wider;
use super::rule::{Case, any, rules};
use super::scope::{Scope, declared_dtype};
use super::steps::{on_processor, wide};
use crate::host::along::{Axis, Reduce};
use crate::host::histogram::Histogram;
use crate::mlx::array::Array;
use crate::mlx::dtypes::{is_float, is_integer};
use crate::mlx::extents::{int, ints, split_at};
use rlx_host_api::kernel::Reduce as Kind;
use rlx_host_api::{DType, Error};
use rlx_ir::Node;
use rlx_ir::op::ReduceOp;
use rlx_mlx_cpu::reduce::Reduction;
use std::ffi::c_int;

rules! {
    Reduce { op, axes, keep_dim }    [x; scope, node]    any    => reduce(scope, node, x, *op, axes, *keep_dim);
    ArgMax { axis, keep_dim }        [x]    any    => x.argmax(int(*axis)?, *keep_dim);
    ArgMin { axis, keep_dim }        [x]    any    => x.argmin(int(*axis)?, *keep_dim);
    Histogram { min, max, .. } [x; scope, node] counts_in_f32, Host => {
        let code = Histogram { min: (*min).into(), max: (*max).into() };
        scope.host(node, DType::F32, &[&wide(x)?], code)
    };
}

/// `Op::Reduce`; no axes reduce nothing.
fn reduce(
    scope: &Scope<'_>,
    node: &Node,
    x: &Array,
    op: ReduceOp,
    axes: &[usize],
    keep_dim: bool,
) -> Result<Array, Error> {
    // A sum may be a number that the operand's dtype lacks.
    let declared = declared_dtype(node);
    let widened = if is_float(x.dtype()?) && is_float(declared) && is_wider(declared, x.dtype()?) {
        x.cast(declared)?
    } else {
        x.duplicate()?
    };
    let x = &widened;
    let kind = match op {
        ReduceOp::Sum => Kind::Sum,
        ReduceOp::Mean => Kind::Mean,
        ReduceOp::Max => Kind::Max,
        ReduceOp::Min => Kind::Min,
        ReduceOp::Prod => Kind::Prod,
    };
    let reduction = match op {
        ReduceOp::Sum => Reduction::Sum,
        ReduceOp::Mean => Reduction::Mean,
        ReduceOp::Prod => Reduction::Product,
        ReduceOp::Max if is_of_floats(scope, x, axes)? => Reduction::Maximum,
        ReduceOp::Min if is_of_floats(scope, x, axes)? => Reduction::Minimum,
        ReduceOp::Max | ReduceOp::Min => return extreme(x, kind, axes, keep_dim),
    };
    let is_ours = on_processor(scope, x)? || (scope.device().in_host_memory() && is_integer(x.dtype()?));
    if !is_ours || axes.is_empty() {
        return x.reduce(kind, &ints(axes)?, keep_dim);
    }
    on_axes(scope, node, x, reduction, axes)?.reshape(&reduced(&x.dims()?, axes, keep_dim))
}

/// Whether the kernel finds an extreme: of floats on the processor, if there are any.
fn is_of_floats(scope: &Scope<'_>, x: &Array, axes: &[usize]) -> Result<bool, Error> {
    let dims = x.dims()?;
    Ok(on_processor(scope, x)? && !axes.is_empty() && !axes.iter().any(|&axis| dims.get(axis) == Some(&0)))
}

/// A maximum or minimum by MLX; of nothing the lowest or highest value of the dtype, as ONNX has it.
fn extreme(x: &Array, kind: Kind, axes: &[usize], keep_dim: bool) -> Result<Array, Error> {
    let (dims, dtype) = (x.dims()?, x.dtype()?);
    let is_nothing = axes.iter().any(|&axis| dims.get(axis) == Some(&0));
    let result = reduced(&dims, axes, keep_dim);
    if !is_nothing {
        return x.reduce(kind, &ints(axes)?, keep_dim);
    }
    let lowest = match range(dtype) {
        Some((least, _)) => least,
        None if dtype == DType::Bool => 0.0,
        None => f64::NEG_INFINITY,
    };
    let lowest = Array::scalar(lowest, dtype)?;
    let of_nothing = match dtype {
        _ if kind == Kind::Max => lowest,
        DType::Bool => Array::scalar(1.0, dtype)?,
        // As the number with all bits turned, which f64 does not have for i64.
        DType::I8 | DType::I16 | DType::I32 | DType::I64 => Array::scalar(-1.0, dtype)?.sub(&lowest)?,
        _ => Array::scalar(range(dtype).map_or(f64::INFINITY, |(_, most)| most), dtype)?,
    };
    of_nothing.broadcast_to(&result)
}

/// By the kernel of the processor, along axes that are brought together where they are apart. Extents of 1 are left where
/// the axes were.
fn on_axes(scope: &Scope<'_>, node: &Node, x: &Array, reduction: Reduction, axes: &[usize]) -> Result<Array, Error> {
    let rank = x.dims()?.len();
    let mut axes = axes.to_vec();
    axes.sort_unstable();
    if axes.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Error::invalid(format!("axes {axes:?}: one is there twice")));
    }
    if let Some(axis) = axes.iter().find(|&&axis| axis >= rank) {
        return Err(Error::invalid(format!("axis {axis} of an array of rank {rank}")));
    }
    let first = axes[0];
    let moved;
    let (x, range) = if axes.iter().copied().eq(first..first + axes.len()) {
        (x, first..first + axes.len())
    } else {
        let kept = (0..rank).filter(|axis| !axes.contains(axis));
        let order: Vec<usize> = kept.chain(axes.iter().copied()).collect();
        moved = x.transpose(&ints(&order)?)?;
        (&moved, rank - axes.len()..rank)
    };
    let dims = x.dims()?;
    let axis = Axis { along: split_at(&dims, range.clone()), is_behind_first: range.start > 0 };
    let (found, declared) = (x.dtype()?, declared_dtype(node));
    let dtype = match (is_integer(found), is_integer(declared)) {
        (true, true) => declared,
        (true, false) => DType::F64,
        _ => found,
    };
    let mut result = dims;
    result[range].fill(1);
    scope.host_step(node, &result, dtype, &[x], Reduce { reduction, axis })
}

/// Extents of a result.
fn reduced(dims: &[c_int], axes: &[usize], keep_dim: bool) -> Vec<c_int> {
    let extents = dims.iter().enumerate().filter(|(axis, _)| keep_dim || !axes.contains(axis));
    extents.map(|(axis, &extent)| if axes.contains(&axis) { 1 } else { extent }).collect()
}

/// The IR says that the counts of a histogram are f32.
fn counts_in_f32(case: &Case<'_>) -> Result<(), Error> {
    let dtype = DType::from(case.node.shape.dtype());
    if dtype == DType::F32 { Ok(()) } else { Err(Error::unsupported(format!("counts of dtype {dtype}; they are f32"))) }
}
