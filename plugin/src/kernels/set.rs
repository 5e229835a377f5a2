//! The kernels of one program, taken from the registry when it is compiled.

use crate::ir::nodes;
use crate::mlx::device::Device;
use rlx_host_api::Error;
use rlx_host_api::author::{KernelRegistry, RegisteredKernel};
use rlx_host_api::kernel::KernelKind;
use rlx_ir::{Graph, Op};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The kernels of one program. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct KernelSet(Arc<Content>);

#[derive(Debug, Default)]
struct Content {
    kernels: BTreeMap<String, Arc<RegisteredKernel>>,
}

impl KernelSet {
    /// The kernels of all custom ops of `graph` and of the graphs nested in it, for `device`.
    ///
    /// # Errors
    /// Unsupported when one has no kernel (all of them are named), or none for this device.
    pub(crate) fn of(graph: &Graph, registry: &KernelRegistry, device: Device) -> Result<Self, Error> {
        let mut ops = BTreeSet::new();
        nodes::each(graph, &mut |_, node, _| {
            if let Op::Custom { name, .. } = &node.op {
                ops.insert(name.as_str());
            }
        });
        let (mut kernels, mut missing) = (BTreeMap::new(), Vec::new());
        for op in ops {
            match registry.get(op) {
                Some(kernel) => drop(kernels.insert(op.to_owned(), chosen(kernel, device)?)),
                None => missing.push(format!("`{op}`")),
            }
        }
        if missing.is_empty() {
            return Ok(Self(Arc::new(Content { kernels })));
        }
        let list = missing.join(", ");
        Err(Error::unsupported(format!("no kernel for custom op {list}: register it with the backend before compile"))
            .with("missing", list))
    }

    pub(super) fn get(&self, op: &str) -> Result<Arc<RegisteredKernel>, Error> {
        let found = self.0.kernels.get(op);
        found.cloned().ok_or_else(|| Error::fault(format!("the program has no kernel for `{op}`")))
    }

    /// Whether some run in the host.
    pub(crate) fn call_the_host(&self) -> bool {
        self.0.kernels.values().any(|kernel| kernel.kind() == KernelKind::Host)
    }
}

/// The kernel that computes on `device`: itself, or its fallback.
pub(crate) fn chosen(kernel: Arc<RegisteredKernel>, device: Device) -> Result<Arc<RegisteredKernel>, Error> {
    let language = device.language();
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
