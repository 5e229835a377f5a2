//! What ops of real floats take, and in which dtype they compute.

use super::rule::Case;
use super::scope::declared_dtype;
use crate::mlx::array::Array;
use crate::mlx::dtypes::is_float;
use rlx_host_api::{DType, Error};
use rlx_ir::Node;

/// Takes nodes whose operands and result are real floats.
pub(super) fn floats(case: &Case<'_>) -> Result<(), Error> {
    for i in 0..case.node.inputs.len() {
        float_operand(case, i)?;
    }
    float_result(case)
}

/// Refuses an operand that is not of a real float dtype; one that is missing is told by the walk.
pub(super) fn float_operand(case: &Case<'_>, i: usize) -> Result<(), Error> {
    let Some(&id) = case.node.inputs.get(i) else { return Ok(()) };
    let dtype = DType::from(case.graph.shape(id).dtype());
    if is_float(dtype) {
        return Ok(());
    }
    Err(Error::unsupported(format!("operand {i} is {dtype}; it takes f16, bf16, f32 and f64")))
}

/// Refuses a declared dtype that is not a real float.
pub(super) fn float_result(case: &Case<'_>) -> Result<(), Error> {
    let dtype = declared_dtype(case.node);
    if is_float(dtype) {
        return Ok(());
    }
    Err(Error::unsupported(format!("the declared dtype is {dtype}; it gives f16, bf16, f32 and f64")))
}

/// Whether a dtype, floats as the other one or integers as it, has more digits: what is computed in the other one has lost
/// them by then.
pub(super) fn is_wider(declared: DType, found: DType) -> bool {
    declared.size() > found.size()
}

/// The dtype to compute a node in: f64 where an operand or the result is, else f32. Halves are rounded once, at the end.
pub(super) fn computed_in(node: &Node, operands: &[&Array]) -> Result<DType, Error> {
    for x in operands {
        if x.dtype()? == DType::F64 {
            return Ok(DType::F64);
        }
    }
    Ok(if declared_dtype(node) == DType::F64 { DType::F64 } else { DType::F32 })
}

/// x in the dtype to compute a node in, where the node declares another one than x has: what is rounded to x's dtype first
/// has lost digits.
pub(super) fn for_declared(node: &Node, x: &Array) -> Result<Array, Error> {
    if x.dtype()? == declared_dtype(node) { x.duplicate() } else { x.cast(computed_in(node, &[x])?) }
}
