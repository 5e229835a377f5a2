//! Constants.

use super::declared_dtype;
use crate::array::Array;
use crate::program::dims_of;
use rlx_host_api::Error;
use rlx_ir::Node;

/// `Op::Constant`: little-endian bytes of the declared shape and dtype.
pub(super) fn constant(node: &Node, data: &[u8]) -> Result<Array, Error> {
    Array::from_bytes(&dims_of(node)?, declared_dtype(node), data)
}
