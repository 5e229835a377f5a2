//! The MLX backend of RLX as a plugin.
//!
//! * [`plugin`](crate::plugin): what the host sees: the plugin, its devices, a backend instance.
//! * [`ir`](crate::ir): a graph, checked, its leaves numbered, and the graphs nested in it.
//! * [`rules`](crate::rules): IR nodes to MLX arrays, a table with one row for each op, one file for each family.
//! * [`claims`](crate::claims): what a host is told of a program before it compiles it.
//! * [`host`](crate::host): nodes that the processor computes, beside MLX.
//! * [`kernels`](crate::kernels): kernels of the host's own for custom ops.
//! * [`plan`](crate::plan): a program as traced segments, and the control flow between them.
//! * [`executable`](crate::executable): a compiled program: runs, and one file for each extension of the ABI.
//! * [`mlx`](crate::mlx): safe Rust over the shim. [`blas`](crate::blas): its products on the processor.
//! * [`process`](crate::process): forks, signals, the end of the process, kernels that call back.

#[cfg(blas_forwarders)]
mod blas;
mod claims;
mod executable;
mod host;
mod ir;
mod kernels;
mod mlx;
mod plan;
mod plugin;
mod process;
mod rules;

// For the tests of this package; a plugin is not linked.
#[doc(hidden)]
pub use kernels::array_ops;
#[doc(hidden)]
pub use plugin::prepare;

rlx_host_api::export_plugin!(plugin::Mlx);
