//! `Op::Reduce`, `Op::Softmax`, `Op::Cumsum`. ArgMax and ArgMin are MLX's.

use super::{axis_of, ints};
use crate::array::Array;
use rlx_host_api::Error;
use rlx_ir::op::ReduceOp;
use rlx_mlx_shim as ffi;

/// `Op::Reduce`; no axes reduce nothing.
pub(super) fn reduce(x: &Array, op: ReduceOp, axes: &[usize], keep_dim: bool) -> Result<Array, Error> {
    let kind = match op {
        ReduceOp::Sum => ffi::RLX_MLX_RED_SUM,
        ReduceOp::Mean => ffi::RLX_MLX_RED_MEAN,
        ReduceOp::Max => ffi::RLX_MLX_RED_MAX,
        ReduceOp::Min => ffi::RLX_MLX_RED_MIN,
        ReduceOp::Prod => ffi::RLX_MLX_RED_PROD,
    };
    x.reduce(kind, &ints(axes)?, keep_dim)
}

/// `Op::Softmax` along any axis.
pub(super) fn softmax(x: &Array, axis: i32) -> Result<Array, Error> {
    x.softmax(axis_of(axis, x.dims()?.len())?)
}

/// `Op::Cumsum`.
pub(super) fn cumsum(x: &Array, axis: i32, exclusive: bool) -> Result<Array, Error> {
    x.cumsum(axis_of(axis, x.dims()?.len())?, exclusive)
}
