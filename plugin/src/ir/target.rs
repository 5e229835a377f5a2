//! What a program is compiled for.

use crate::collectives::MlxGroup;
use crate::host::reports::Reports;
use crate::kernels::KernelSet;
use crate::mlx::device::Device;
use crate::profile::Profile;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// What the nodes of a program find outside of its graph; those of nested graphs find the same.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) device: Device,
    /// Those of the custom ops.
    pub(crate) kernels: KernelSet,
    /// Where host code tells its errors and times.
    pub(crate) reports: Arc<Reports>,
    /// Why code of the processor computes what it does, as far as nodes have been lowered.
    host: Arc<Mutex<BTreeSet<&'static str>>>,
    /// Whether one kernel may compute several nodes; else each has a value of its own.
    pub(crate) joins_nodes: bool,
    /// The group whose collective ops MLX communicates itself; none where they pass through host memory.
    pub(crate) group: Option<MlxGroup>,
}

impl Target {
    pub(crate) fn new(device: Device, kernels: KernelSet, joins_nodes: bool, profile: Option<Profile>) -> Self {
        let reports = Arc::new(Reports { profile, ..Reports::default() });
        Self { device, kernels, reports, host: Arc::default(), joins_nodes, group: None }
    }

    /// A node that is lowered has code of the processor, for this reason.
    pub(crate) fn note_host(&self, why: &'static str) {
        // A set that is only ever inserted into is whole after a panic, too.
        self.host.lock().unwrap_or_else(PoisonError::into_inner).insert(why);
    }

    /// The reasons that have been noted.
    pub(crate) fn host(&self) -> Vec<&'static str> {
        self.host.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}
