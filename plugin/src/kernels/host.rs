//! Kernels that compute in host memory.

use crate::host::bridge::{self, HostNode};
use crate::host::code::HostCode;
use crate::host::reports::Reports;
use crate::mlx::array::Array;
use crate::process::running::Running;
use rlx_host_api::author::{CustomNode, RegisteredKernel};
use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{Error, TensorView};
use std::sync::Arc;

/// A registered kernel with the node that it computes.
struct KernelCode {
    kernel: Arc<RegisteredKernel>,
    node: CustomNode,
}

impl HostCode for KernelCode {
    fn name(&self) -> &str {
        self.node.op()
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        let _running = Running::enter(self.node.op());
        self.kernel.compute(&self.node, operands, results)
    }
}

/// The lazy results of one node.
pub(super) fn build(
    kernel: &Arc<RegisteredKernel>,
    node: CustomNode,
    inputs: &[&Array],
    reports: &Arc<Reports>,
    place: &str,
) -> Result<Vec<Array>, Error> {
    let host = HostNode {
        operands: node.inputs().to_vec(),
        results: node.outputs().to_vec(),
        place: place.to_owned(),
        reports,
    };
    bridge::build(Box::new(KernelCode { kernel: Arc::clone(kernel), node }), host, inputs)
}
