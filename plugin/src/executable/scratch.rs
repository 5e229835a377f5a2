//! What a run needs of memory for its arguments.

use rlx_mlx_shim as ffi;

/// Reused argument lists of the shim; empty between runs.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    pub(super) sources: Vec<ffi::rlx_mlx_source_t>,
    pub(super) sinks: Vec<ffi::rlx_mlx_sink_t>,
}

// SAFETY: the lists hold pointers during a run only.
unsafe impl Send for Scratch {}
