//! Running sums, products and maxima.

use super::rule::{any, rules};
use crate::mlx::array::Array;
use crate::mlx::extents::{axis_of, int};
use rlx_host_api::Error;
use std::ffi::c_int;

rules! {
    Cumsum { axis, exclusive }     [x]    any    => x.cumsum(axis_in(x, *axis)?, *exclusive);
    CumProd { axis, exclusive }    [x]    any    => x.cumprod(axis_in(x, *axis)?, false, *exclusive);
    CumMax { axis, exclusive }     [x]    any    => x.cummax(axis_in(x, *axis)?, false, *exclusive);
}

fn axis_in(x: &Array, axis: i32) -> Result<c_int, Error> {
    int(axis_of(axis, x.dims()?.len())?)
}
