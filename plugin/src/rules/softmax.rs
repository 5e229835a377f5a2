//! Softmax.

use super::rule::{any, rules};
use crate::mlx::array::Array;
use crate::mlx::extents::{axis_of, int};
use rlx_host_api::Error;

rules! {
    Softmax { axis }    [x]    any    => softmax(x, *axis);
}

/// Along any axis.
fn softmax(x: &Array, axis: i32) -> Result<Array, Error> {
    x.softmax(int(axis_of(axis, x.dims()?.len())?)?)
}
