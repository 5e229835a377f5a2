//! Reductions over axes, positions of extremes, and histograms.

use super::rule::{Case, any, rules};
use super::steps::wide;
use crate::host::histogram::Histogram;
use crate::mlx::array::Array;
use crate::mlx::extents::{int, ints};
use rlx_host_api::kernel::Reduce;
use rlx_host_api::{DType, Error};
use rlx_ir::op::ReduceOp;

rules! {
    Reduce { op, axes, keep_dim }    [x]    any    => reduce(x, *op, axes, *keep_dim);
    ArgMax { axis, keep_dim }        [x]    any    => x.argmax(int(*axis)?, *keep_dim);
    ArgMin { axis, keep_dim }        [x]    any    => x.argmin(int(*axis)?, *keep_dim);
    Histogram { min, max, .. } [x; scope, node] counts_in_f32, Host => {
        scope.host(node, DType::F32, &[&wide(x)?], Histogram { min: (*min).into(), max: (*max).into() })
    };
}

/// `Op::Reduce`; no axes reduce nothing.
fn reduce(x: &Array, op: ReduceOp, axes: &[usize], keep_dim: bool) -> Result<Array, Error> {
    let kind = match op {
        ReduceOp::Sum => Reduce::Sum,
        ReduceOp::Mean => Reduce::Mean,
        ReduceOp::Max => Reduce::Max,
        ReduceOp::Min => Reduce::Min,
        ReduceOp::Prod => Reduce::Prod,
    };
    x.reduce(kind, &ints(axes)?, keep_dim)
}

/// The IR says that the counts of a histogram are f32.
fn counts_in_f32(case: &Case<'_>) -> Result<(), Error> {
    let dtype = DType::from(case.node.shape.dtype());
    if dtype == DType::F32 { Ok(()) } else { Err(Error::unsupported(format!("counts of dtype {dtype}; they are f32"))) }
}
