//! Registers a loaded plugin as `Device::Mlx` with the published rlx-runtime, without a change to it.
//!
//! ```no_run
//! use rlx_ir::{DType, Graph, GraphExt, Shape};
//! use rlx_runtime::{Device, Session};
//!
//! rlx_host_api::runtime::register_mlx()?;
//! let mut graph = Graph::new("double");
//! let x = graph.input("x", Shape::new(&[2], DType::F32));
//! let sum = graph.add(x, x);
//! graph.set_outputs(vec![sum]);
//! let mut compiled = Session::new(Device::Mlx).compile(graph);
//! assert_eq!(compiled.run(&[("x", &[1.0, 2.0])]), [[2.0, 4.0]]);
//! # Ok::<(), rlx_host_api::Error>(())
//! ```
//!
//! A graph goes through the runtime's own pipeline with the plugin's op claims, its large constants become parameters,
//! and the rest crosses as `.rlxmodel` text ([`prepare`] shows it).
//!
//! # Failures
//! The methods of `rlx_runtime::Backend` and `rlx_runtime::ExecutableGraph` return no `Result`, so a failure panics with
//! one line that names the input, parameter, node or op. `CompiledGraph::try_run` and `try_set_param` check names and
//! sizes beforehand and return errors.
//!
//! # Rewrites
//! Ops that the plugin does not claim are rewritten by the runtime to ones that it does. Before any pass runs, each of them
//! is looked at, those of nested graphs included, and the graph is refused, with node, op and remedy,
//! * where the rewrite is one of [`DISTRUSTED_REWRITES`]: the runtime makes another program of it;
//! * where there is no rewrite, or one that ends in ops which the plugin does not claim, that fails, or that makes malformed
//!   constants, as many do for halves. What the runtime rewrites is found out by having it rewrite the op alone.
//!
//! An op that the plugin claims is trusted. What no output depends on is not looked at. `DotGeneral` of floats is rewritten here,
//! to `Transpose`, `Reshape` and `MatMul`: the runtime's compiler panics on most of them, and takes some for other products.
//!
//! The runtime knows claims by kind of op alone. A plugin that has the extension `claims/1` is asked for each node besides,
//! before any pass and behind the last one. A node that it refuses, of a kind that it claims, is rewritten alone, as above, and
//! others of the kind stay; where there is no rewrite, or none to trust, the graph is refused with the node and the plugin's
//! reason. `GatedDeltaNet` with a carried state is the exception: its rewrite changes what nodes behind it read, so where one
//! is refused all of the graph count as not claimed. A plugin without the extension takes every node of the kinds that it
//! claims, or refuses the program when it compiles it.
//!
//! # Dtypes
//! Halves, integers and booleans reach the plugin as declared. Values in another dtype are converted at the boundary:
//! float to integer truncates toward zero, nonzero is true, a complex number is two f32. `run` and `run_slots` give f32,
//! `run_typed` gives what the graph declares.
//!
//! f64 is computed as f64. But `Session::compile` of rlx-runtime 0.2.19 splits each f64 into two f32 before any backend sees
//! the graph, where all that a graph does with f64 is to move it or to convert it from and to f32. No hook comes before
//! that. It loses the last five bits and the sign of -0, and infinities and what f32 cannot hold become NaN. Constants of
//! that kind are refused; in inputs and parameters it cannot be seen. `Session::compile_module`, with
//! `GraphModule::from_graph(graph)`, leaves f64 as it is, and so does `compile` where the graph computes with it.
//!
//! # Parameters
//! A parameter is copied once, to the plugin; values that are converted first are handed over to it. This side keeps no
//! copy: clones, `share_params_from` and `copy_params_from` share the plugin's memory, which a write to one of them
//! (`set_param_range`) leaves to the others. A parameter that the graph does not have is ignored, as rlx-runtime does when
//! a whole checkpoint is loaded; an input given as a parameter is a failure. Large constants are used in place.
//!
//! # Inputs
//! A run takes what it is given, then what is bound (`bind_handle`, `bind_gpu_handle`) or fed; an empty value counts as
//! not given. All inputs that are missing are named together. Values that have the graph's dtype are not copied on the way
//! to the plugin.
//!
//! # Custom ops
//! An op of `rlx_ir`'s op registry (`Graph::custom_op`) runs on the plugin with the kernel that [`register_kernel`] got for
//! its name. Kernels belong to what [`register`] made of the plugin: in place of it they are registered anew. An op without
//! a kernel is rewritten by the rule that it is registered with (`rlx_ir::OpExtension::lower`), if it has one. With the
//! feature `rlx-cpu`, which is for programs that link rlx-cpu anyway, it otherwise gets rlx-cpu's kernel, as a kernel in
//! host memory: those that rlx-cpu has itself (`onnx.CumProd`, `onnx.Einsum`, `onnx.Mod`, `onnx.NonZero`, `onnx.OneHot`,
//! `spd.matfn_batched` and others of these prefixes). What rlx-cpu's kernels are known to compute wrongly is refused.
//! Everything else is refused before any pass runs.
//!
//! # Methods
//! All methods of `rlx_runtime::ExecutableGraph` that the runtime's own MLX backend has, and some more. What a method needs
//! of the plugin is an extension of the ABI; `capabilities` says what is there.
//!
//! | Methods | Extension | Without it |
//! |---|---|---|
//! | `set_param`, `set_param_typed`, `run`, `run_read_outputs`, `run_typed`, `run_raw`, `run_slots`, `arena_ptr` | none | |
//! | `bind_handle`, `read_handle` | `resident/1` | values stay on the host and are passed to each run |
//! | `bind_gpu_handle`, `has_gpu_handle`, `read_gpu_handle`, `read_gpu_handle_row`, `set_gpu_handle_feed`, `run_feed_gpu_handle`, `save_inputs`, `restore_inputs`, `prepare_resident_gpu_handle`, `read_output_row` | `resident/1` | false or `None` |
//! | `register_kv_row_feed`, `feed_kv_row`, `feed_kv_batch_major`, `feed_kv_batch_major_src`, `feed_kv_batch_major_ragged`, `seed_resident_kv_prefix_from`, `copy_resident_kv_rows_from` | `resident/1` | false |
//! | `set_param_range`, `share_params_from`, `copy_params_from`, `param_already_set` | `params/1` | false |
//! | `clone_box` | `params/1` | a failure |
//! | `commit_no_wait`, `sync_pending`, `run_pipelined` | `pipeline/1` | each run is waited for |
//! | `release_scratch` | `memory/1` | memory of this side alone |
//! | `set_active_extent` | `extent/1` | the whole extent is computed, so rows beyond it are right too |
//! | `set_rng`, `rng` | `rng/1` | kept and given back |
//!
//! Handles and feeds that do not fit the graph (no such input or output, unlike shapes, another number of values) are
//! refused with false. The rest of the trait does nothing, as its default: the plugin compiles in `compile`, so
//! `finalize_params` finds nothing to do, and it has no experts to pin. A graph with dynamic extents is compiled by
//! rlx-runtime for each shape that it meets, and has no handles there.

mod admission;
mod alone;
mod backend;
mod boundary;
mod claims;
mod constants;
mod convert;
mod custom;
mod distrusted;
mod executable;
mod failure;
mod legalize;
mod passes;
mod products;
mod registered;

pub use constants::HostTensor;
pub use distrusted::{DISTRUSTED_REWRITES, DistrustedRewrite};
pub use passes::{Prepared, prepare};

use crate::collectives::{Group, GroupOptions};
use crate::discovery::Registry;
use crate::kernel::{Kernel, KernelKind};
use crate::{BackendOptions, CompileOptions, Counters, Error, Plugin};
use registered::{Registered, claimed_ops, registered, some_registered};
use rlx_runtime::{Device, ExecutableGraph};

/// Finds the plugin of backend `mlx` in the documented folders, loads it and registers it as `Device::Mlx`, on its
/// first device. Where one is registered already, returns that one.
///
/// # Errors
/// Not found, with the folders that were searched; otherwise why the plugin does not load or start.
pub fn register_mlx() -> Result<Plugin, Error> {
    if let Some(registered) = registered() {
        return Ok(registered.backend.plugin().clone());
    }
    let plugin = Registry::from_env().find("mlx")?;
    register(&plugin, &BackendOptions::new(), &CompileOptions::new())?;
    Ok(plugin)
}

/// Registers `plugin` as `Device::Mlx` with a device and options of your choice, in place of what was registered before.
/// Graphs that are compiled already stay where they are.
///
/// # Errors
/// When the plugin has no such device or refuses an option. Compile options are checked at the first compilation.
pub fn register(plugin: &Plugin, options: &BackendOptions, compile: &CompileOptions) -> Result<(), Error> {
    let backend = plugin.create(options)?;
    registered::replace(Registered { backend, ops: claimed_ops(plugin), compile: compile.clone() });
    rlx_runtime::register_backend(Device::Mlx, backend::make);
    Ok(())
}

/// Joins the group that the environment of the launcher describes with what `Device::Mlx` stands for, and registers the
/// collective ops with the IR and with it: programs that are compiled from now on may have them. See
/// [`crate::collectives`].
///
/// # Errors
/// Failed precondition before [`register_mlx`] or [`register`]; otherwise as
/// [`Backend::init_group`](crate::Backend::init_group).
pub fn init_group(options: &GroupOptions) -> Result<Group, Error> {
    let group = some_registered()?.backend.init_group(options)?;
    group.register()?;
    Ok(group)
}

/// Registers a kernel for the custom op of its name with what `Device::Mlx` stands for; true when it replaces one. See
/// [`crate::kernel`].
///
/// # Errors
/// Failed precondition before [`register_mlx`] or [`register`]; otherwise as
/// [`Backend::register_kernel`](crate::Backend::register_kernel).
pub fn register_kernel(kernel: impl Into<Kernel>) -> Result<bool, Error> {
    some_registered()?.backend.register_kernel(kernel)
}

/// Takes the kernel of a custom op away from `Device::Mlx`; true when there was one.
///
/// # Errors
/// As [`register_kernel`].
pub fn unregister_kernel(op: &str) -> Result<bool, Error> {
    some_registered()?.backend.unregister_kernel(op)
}

/// The kernels of `Device::Mlx`, sorted by op.
///
/// # Errors
/// As [`register_kernel`].
pub fn kernels() -> Result<Vec<(String, KernelKind)>, Error> {
    some_registered()?.backend.kernels()
}

/// What a graph that was compiled for `Device::Mlx` has done so far; `None` for one of another backend, and where the
/// plugin does not count.
pub fn counters(graph: &dyn ExecutableGraph) -> Option<Counters> {
    executable::counters(graph)
}
