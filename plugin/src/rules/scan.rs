//! Running sums.

use super::rule::{any, rules};
use crate::mlx::array::Array;
use crate::mlx::extents::{axis_of, int};
use rlx_host_api::Error;

rules! {
    Cumsum { axis, exclusive }    [x]    any    => cumsum(x, *axis, *exclusive);
}

fn cumsum(x: &Array, axis: i32, exclusive: bool) -> Result<Array, Error> {
    x.cumsum(int(axis_of(axis, x.dims()?.len())?)?, exclusive)
}
