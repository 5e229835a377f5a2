//! Kernels of the host's own, as nodes of MLX's graph.
//!
//! A program takes the kernels of its custom ops from the backend's registry when it is compiled, and keeps them. Lowering
//! an `Op::Custom` node gives a lazy array whatever the kind of its kernel, so the node is traced, replayed and evaluated
//! with the rest of the graph.
//!
//! * [`set`](self::set): the kernels of one program.
//! * [`composed`](self::composed), [`host`](self::host), [`source`](self::source): one node, by kind of kernel.
//! * [`array_ops`](self::array_ops): the operations that composed kernels build with.
//! * [`running`](self::running): what tells that a kernel calls the plugin.

mod array_ops;
mod composed;
mod host;
mod running;
mod set;
mod source;

/// The table of operations.
pub use array_ops::table as array_ops;
pub(crate) use running::refuse_reentry;
pub(crate) use set::KernelSet;

use crate::array::Array;
use rlx_host_api::author::{CustomNode, RegisteredKernel};
use rlx_host_api::kernel::KernelKind;
use rlx_host_api::{Error, TensorInfo};
use std::ffi::c_int;
use std::sync::Arc;

/// The lazy value of a custom node, described by `node`, whose one result is the value; `place` names it in errors.
pub(crate) fn lower(kernels: &KernelSet, node: CustomNode, inputs: &[&Array], place: &str) -> Result<Array, Error> {
    let kernel = kernels.get(node.op())?;
    let value = node.outputs().first().cloned().ok_or_else(|| Error::fault("a custom node has no value"))?;
    let node = match kernel.outputs(&node)? {
        Some(outputs) => node.with_outputs(check_packing(&kernel, &value, outputs)?),
        None => node,
    };
    let results = match kernel.kind() {
        KernelKind::Composed => composed::build(&kernel, &node, inputs)?,
        KernelKind::Host => host::build(&kernel, node, inputs, kernels.failures(), place)?,
        KernelKind::Source => source::build(&kernel, &node, inputs, kernels.language())?,
    };
    pack(results, &value)
}

/// The kernel that computes on a device with `language`: itself, or its fallback.
pub(crate) fn chosen(
    kernel: Arc<RegisteredKernel>,
    language: Option<rlx_host_api::kernel::Language>,
) -> Result<Arc<RegisteredKernel>, Error> {
    if kernel.kind() != KernelKind::Source || language.is_some_and(|language| kernel.source(language).is_some()) {
        return Ok(kernel);
    }
    if let Some(fallback) = kernel.fallback() {
        return Ok(Arc::clone(fallback));
    }
    let written: Vec<String> = kernel.languages().iter().map(ToString::to_string).collect();
    let runs = language.map_or("a device that runs neither Metal nor CUDA".to_owned(), |l| format!("a device of {l}"));
    let op = kernel.op();
    Err(Error::unsupported(format!(
        "kernel `{op}` is written in {}, and this is {runs}: register it with a fallback",
        written.join(", ")
    ))
    .with("kernel", op))
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

/// Extents in MLX's type.
fn extents(info: &TensorInfo) -> Result<Vec<c_int>, Error> {
    let fits = |&d: &i64| c_int::try_from(d).map_err(|_| Error::invalid(format!("{info} is too large for MLX")));
    info.dims.iter().map(fits).collect()
}
