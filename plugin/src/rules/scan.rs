//! Running sums, products and maxima.

use super::rule::{any, rules};
use super::scope::Scope;
use super::steps::on_processor;
use crate::host::along::{Axis, Running};
use crate::mlx::array::Array;
use crate::mlx::dtypes::is_integer;
use crate::mlx::extents::{axis_of, int, split_at};
use rlx_host_api::Error;
use rlx_ir::Node;
use rlx_mlx_cpu::scan::Scan;
use std::ffi::c_int;

rules! {
    Cumsum { axis, exclusive }     [x; scope, node]    any    => running(scope, node, Scan::Sum, x, *axis, *exclusive);
    CumProd { axis, exclusive }    [x; scope, node]    any    => running(scope, node, Scan::Product, x, *axis, *exclusive);
    CumMax { axis, exclusive }     [x; scope, node]    any    => running(scope, node, Scan::Maximum, x, *axis, *exclusive);
}

fn running(scope: &Scope<'_>, node: &Node, scan: Scan, x: &Array, axis: i32, exclusive: bool) -> Result<Array, Error> {
    let is_ours = on_processor(scope, x)? || (scope.device().in_host_memory() && is_integer(x.dtype()?));
    if !is_ours {
        return match scan {
            Scan::Sum => x.cumsum(axis_in(x, axis)?, exclusive),
            Scan::Product => x.cumprod(axis_in(x, axis)?, false, exclusive),
            Scan::Maximum => x.cummax(axis_in(x, axis)?, false, exclusive),
        };
    }
    let dims = x.dims()?;
    let at = axis_of(axis, dims.len())?;
    let axis = Axis { along: split_at(&dims, at..at + 1), is_behind_first: at > 0 };
    scope.host_step(node, &dims, x.dtype()?, &[x], Running { scan, axis, exclusive })
}

fn axis_in(x: &Array, axis: i32) -> Result<c_int, Error> {
    int(axis_of(axis, x.dims()?.len())?)
}
