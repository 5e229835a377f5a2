//! Leaves: inputs and parameters, which are arguments of the program, and constants.

use super::rule::{any, rules};
use super::scope::declared_dtype;
use crate::ir::shapes::dims_of;
use crate::mlx::array::Array;
use rlx_host_api::Error;
use rlx_ir::Node;

rules! {
    Input { .. }         []           any, Leaf;
    Param { .. }         []           any, Leaf;
    Constant { data }    [; _, node]  any    => constant(node, data);
}

/// Little-endian bytes of the declared shape and dtype.
fn constant(node: &Node, data: &[u8]) -> Result<Array, Error> {
    Array::from_bytes(&dims_of(node)?, declared_dtype(node), data)
}
