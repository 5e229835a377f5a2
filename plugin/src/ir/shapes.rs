//! Shapes of nodes, static and in MLX's types.

use super::names::label;
use rlx_host_api::{Error, TensorInfo};
use rlx_ir::Node;
use std::ffi::c_int;

/// What a node is, under a name.
pub(super) fn tensor_info(name: &str, node: &Node) -> Result<TensorInfo, Error> {
    let dims = dims_of(node)?.into_iter().map(i64::from).collect();
    Ok(TensorInfo { name: name.to_owned(), dtype: node.shape.dtype().into(), dims })
}

/// The node's static extents in MLX's type.
pub(crate) fn dims_of(node: &Node) -> Result<Vec<c_int>, Error> {
    let mut elements: i64 = 1;
    node.shape
        .dims()
        .iter()
        .map(|dim| {
            if !dim.is_static() {
                return Err(Error::invalid(format!(
                    "node {} has the dynamic shape {:?}: bind its dims before compiling",
                    label(node),
                    node.shape.dims()
                )));
            }
            let extent = dim.unwrap_static();
            // The count times the largest element must fit as well.
            elements = i64::try_from(extent.max(1)).ok().and_then(|e| elements.checked_mul(e)).unwrap_or(i64::MAX);
            match c_int::try_from(extent) {
                Ok(extent) if elements < i64::MAX / 16 => Ok(extent),
                _ => Err(Error::invalid(format!("node {}: shape {:?} is too large", label(node), node.shape.dims()))),
            }
        })
        .collect()
}
