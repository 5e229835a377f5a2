//! What a program is compiled for.

use crate::host::failures::Failures;
use crate::kernels::KernelSet;
use crate::mlx::device::Device;
use std::sync::Arc;

/// What the nodes of a program find outside of its graph; those of nested graphs find the same.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) device: Device,
    /// Those of the custom ops.
    pub(crate) kernels: KernelSet,
    /// Where errors of host code wait for the run.
    pub(crate) failures: Arc<Failures>,
}

impl Target {
    pub(crate) fn new(device: Device, kernels: KernelSet) -> Self {
        Self { device, kernels, failures: Arc::default() }
    }
}
