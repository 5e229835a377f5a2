//! When the parts of a program's runs are computed: the compile option `profile`.
//!
//! Host code is timed where it is called ([`host::bridge`](crate::host::bridge)); primitives of MLX's by tasks before and
//! after them on their stream ([`mlx::watch`](crate::mlx::watch)), on the processor alone: on GPUs they are only put into a
//! queue. A program without the option has no [`Profile`], and nothing looks at a clock.

mod recorder;

pub(crate) use recorder::{Recorder, Work};

use crate::mlx::array::Array;
use crate::mlx::trace::Trace;
use crate::mlx::watch::Watch;
use rlx_host_api::Error;
use std::sync::Arc;

/// What a program that is profiled notes; its duplicates share it.
#[derive(Debug)]
pub(crate) struct Profile {
    recorder: Arc<Recorder>,
    watch: Watch,
}

impl Profile {
    pub(crate) fn new() -> Result<Self, Error> {
        let recorder = Arc::new(Recorder::default());
        Ok(Self { watch: Watch::new(Arc::clone(&recorder))?, recorder })
    }

    /// Where spans are kept.
    pub(crate) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// What the lazy `value` of the node `name` is computed by belongs to that node, as far as it belongs to none yet.
    pub(crate) fn place(&self, name: &str, value: &Array) -> Result<(), Error> {
        self.watch.place(value, self.recorder.name(name))
    }

    /// Notes what all later replays of `trace` compute.
    pub(crate) fn watch_trace(&self, trace: &mut Trace) -> Result<(), Error> {
        self.watch.trace(trace)
    }

    /// Notes what the next evaluation of lazy arrays computes.
    pub(crate) fn watch_arrays(&self, arrays: &[Array]) -> Result<(), Error> {
        self.watch.arrays(arrays)
    }
}
