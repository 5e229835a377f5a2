//! The MLX backend of RLX as a plugin.
//!
//! * `plugin`: what the host sees: the plugin, its devices, a backend instance.
//! * `program`: a graph, checked, its leaves numbered, and the graphs nested in it.
//! * `executable`: a compiled program: modes, runs, and one file for each extension of the ABI.
//! * `memory`: MLX's allocator.
//! * `plan`: a program as traced segments, and the control flow between them.
//! * `lower`: IR nodes to MLX arrays, one file per op family.
//! * `kernels`: kernels of the host's own for custom ops.
//! * `gate`, `signals`: kernels that call back, forks, signals and the end of the process.
//! * `library`: which MLX the process gave the plugin.
//! * `array`, `part`, `stream`, `trace`: safe Rust over the shim.

#[cfg(own_allocator)]
mod allocator;
mod array;
#[cfg(blas_forwarders)]
mod blas;
mod executable;
mod gate;
mod kernels;
mod library;
mod lower;
mod memory;
mod ops;
mod part;
mod plan;
mod plugin;
mod program;
mod shim;
mod signals;
mod stream;
mod trace;

// For the tests of this package; a plugin is not linked.
#[doc(hidden)]
pub use kernels::array_ops;
#[doc(hidden)]
pub use plugin::prepare;

rlx_host_api::export_plugin!(plugin::Mlx);
