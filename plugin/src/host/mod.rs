//! Code of the processor as nodes of MLX's graph: kernels that the host registered, and ops of the plugin's own that MLX lacks.
//!
//! * [`code`]: what such a node computes with. [`bridge`]: from that to a lazy array.
//! * [`failures`]: where errors wait for the run that they belong to.
//! * One file for each op that is computed here.

pub(crate) mod bridge;
pub(crate) mod code;
pub(crate) mod failures;
pub(crate) mod histogram;
pub(crate) mod random;
pub(crate) mod sample;
