//! The MLX backend of RLX as a plugin.
//!
//! * `plugin`: what the host sees: the plugin, its devices, a backend instance.
//! * `ir`: a graph, checked, its leaves numbered, and the graphs nested in it.
//! * `rules`: IR nodes to MLX arrays, a table with one row for each op, one file for each family.
//! * `claims`: what a host is told of a program before it compiles it.
//! * `host`: nodes that the processor computes, beside MLX.
//! * `kernels`: kernels of the host's own for custom ops.
//! * `plan`: a program as traced partitions, and the control flow between them.
//! * `executable`: a compiled program: runs, and one file for each extension of the ABI.
//! * `mlx`: safe Rust over the shim. `blas`: its products on the processor.
//! * `collectives`: groups of processes, and the ops of programs that need one.
//! * `profile`: when the parts of runs are computed, for hosts that ask.
//! * `process`: forks, signals, the end of the process, kernels that call back.

#[cfg(blas_forwarders)]
mod blas;
mod claims;
mod collectives;
mod executable;
mod explain;
mod host;
mod ir;
mod kernels;
mod mlx;
mod plan;
mod plugin;
mod process;
mod profile;
mod rules;

// For the tests of this package; a plugin is not linked.
#[doc(hidden)]
pub use kernels::array_ops;
#[doc(hidden)]
pub use plugin::prepare;

rlx_host_api::export_plugin!(plugin::Mlx);
