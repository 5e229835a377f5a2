//! Softmax.

use super::floats::{floats, for_declared};
use super::rule::rules;
use super::scope::Scope;
use super::steps::{on_last_axis, on_processor};
use crate::host::normalize::Softmax;
use crate::mlx::array::Array;
use crate::mlx::extents::{axis_of, int};
use rlx_host_api::Error;
use rlx_ir::Node;

rules! {
    Softmax { axis }    [x; scope, node]    floats    => softmax(scope, node, x, *axis);
}

/// Along any axis.
pub(super) fn softmax(scope: &Scope<'_>, node: &Node, x: &Array, axis: i32) -> Result<Array, Error> {
    if !on_processor(scope, x)? {
        return x.softmax(int(axis_of(axis, x.dims()?.len())?)?);
    }
    on_last_axis(&for_declared(node, x)?, axis, |x| {
        let dims = x.dims()?;
        scope.host_step(node, &dims, x.dtype()?, &[x], Softmax { rank: dims.len() })
    })
}
