//! Kernels that are built from MLX's operations.

use super::array_ops;
use crate::mlx::array::Array;
use crate::mlx::extents::extents;
use crate::process::running::Running;
use rlx_host_api::abi::RlxArray;
use rlx_host_api::author::{CustomNode, RegisteredKernel};
use rlx_host_api::{Error, TensorInfo};
use std::ptr::NonNull;

/// The lazy results of one node.
pub(super) fn build(kernel: &RegisteredKernel, node: &CustomNode, inputs: &[&Array]) -> Result<Vec<Array>, Error> {
    let raw: Vec<*mut RlxArray> = inputs.iter().map(|array| array.raw().cast()).collect();
    let made = {
        let _running = Running::enter(node.op());
        // SAFETY: live arrays, one for each operand, and the table for such arrays.
        unsafe { kernel.compose(node, array_ops::table(), &raw)? }
    };
    // All are taken over first, so that none leaks when one is wrong.
    let made: Vec<Option<Array>> = made
        .into_iter()
        // SAFETY: fresh handles of the shim's, made by the table's functions and given away.
        .map(|raw| NonNull::new(raw).and_then(|raw| unsafe { Array::from_raw(raw.as_ptr().cast()) }.ok()))
        .collect();
    let results = made.into_iter().zip(node.outputs()).enumerate();
    results.map(|(i, (array, declared))| check(node.op(), i, array, declared)).collect()
}

fn check(op: &str, i: usize, array: Option<Array>, declared: &TensorInfo) -> Result<Array, Error> {
    let wrong = |found: &str| {
        Error::invalid(format!("kernel `{op}` gave {found} for result {i}, which is {declared}")).with("kernel", op)
    };
    let array = array.ok_or_else(|| wrong("no array"))?;
    let (dims, dtype) = (array.dims()?, array.dtype()?);
    if dims != extents(declared)? || dtype != declared.dtype {
        return Err(wrong(&format!("{dtype}{dims:?}")));
    }
    Ok(array)
}
