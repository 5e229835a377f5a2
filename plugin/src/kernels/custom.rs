//! A node of a custom op: what its kernel makes of it, whatever the kind of the kernel.

use super::set::KernelSet;
use super::{composed, host, source};
use crate::host::reports::Reports;
use crate::mlx::array::Array;
use crate::mlx::device::Device;
use crate::mlx::extents::extents;
use rlx_host_api::author::{CustomNode, RegisteredKernel};
use rlx_host_api::kernel::KernelKind;
use rlx_host_api::{Error, TensorInfo};
use std::sync::Arc;

/// The lazy value of a custom node, described by `node`, whose one result is the value; `place` names it in errors.
pub(crate) fn lower(
    kernels: &KernelSet,
    device: Device,
    reports: &Arc<Reports>,
    node: CustomNode,
    inputs: &[&Array],
    place: &str,
) -> Result<Array, Error> {
    let kernel = kernels.get(node.op())?;
    let value = node.outputs().first().cloned().ok_or_else(|| Error::fault("a custom node has no value"))?;
    let node = match kernel.outputs(&node)? {
        Some(outputs) => node.with_outputs(check_packing(&kernel, &value, outputs)?),
        None => node,
    };
    let results = match kernel.kind() {
        KernelKind::Composed => composed::build(&kernel, &node, inputs)?,
        KernelKind::Host => host::build(&kernel, node, inputs, reports, place)?,
        KernelKind::Source => source::build(&kernel, &node, inputs, device.language())?,
    };
    pack(results, &value)
}

/// Several results are the node's value, one after the other.
fn check_packing(
    kernel: &RegisteredKernel,
    value: &TensorInfo,
    outputs: Vec<TensorInfo>,
) -> Result<Vec<TensorInfo>, Error> {
    let refuse =
        |why: String| Err(Error::invalid(format!("kernel `{}`: {why}", kernel.op())).with("kernel", kernel.op()));
    if outputs.is_empty() {
        return refuse("it lists no results".to_owned());
    }
    if let Some((i, other)) = outputs.iter().enumerate().find(|(_, output)| output.dtype != value.dtype) {
        return refuse(format!("result {i} is {other}, but the node is {}", value.dtype));
    }
    let elements = outputs.iter().fold(0, |sum: usize, output| sum.saturating_add(output.elements()));
    if elements != value.elements() {
        return refuse(format!("its results have {elements} elements in all, but the node is {value}"));
    }
    Ok(outputs)
}

fn pack(results: Vec<Array>, value: &TensorInfo) -> Result<Array, Error> {
    let dims = extents(value)?;
    if let [one] = results.as_slice()
        && one.dims()? == dims
    {
        return one.duplicate();
    }
    let flat = results.iter().map(|result| result.reshape(&[-1])).collect::<Result<Vec<_>, _>>()?;
    let flat: Vec<&Array> = flat.iter().collect();
    Array::concat(&flat, 0)?.reshape(&dims)
}
