//! `Op::Custom`: the host's kernels.

use super::Scope;
use crate::array::Array;
use crate::kernels;
use crate::program::place;
use rlx_host_api::author::CustomNode;
use rlx_host_api::{Error, TensorInfo};
use rlx_ir::{Node, Shape};

/// What the op's kernel makes of the node.
pub(super) fn lower(scope: &Scope<'_>, node: &Node, op: &str, attrs: &[u8]) -> Result<Array, Error> {
    let operands = node.inputs.iter().map(|&id| scope.value(id)).collect::<Result<Vec<_>, _>>()?;
    let described = node.inputs.iter().map(|&id| info(scope.program.graph.shape(id)));
    let described = described.collect::<Result<Vec<_>, _>>()?;
    let custom = CustomNode::new(op.to_owned(), attrs.to_vec(), described, vec![info(&node.shape)?]);
    kernels::lower(&scope.program.kernels, custom, &operands, &place(node))
}

fn info(shape: &Shape) -> Result<TensorInfo, Error> {
    TensorInfo::of("", shape)
}
