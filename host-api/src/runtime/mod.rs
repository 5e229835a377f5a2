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
//! # Dtypes
//! Halves, integers and booleans reach the plugin as declared. Values in another dtype are converted at the boundary:
//! float to integer truncates toward zero, nonzero is true, a complex number is two f32. `run` and `run_slots` give f32,
//! `run_typed` gives what the graph declares.
//!
//! # Parameters
//! A parameter is copied once, into memory that this side owns and shares with the plugin, which uses it in place where
//! its device can read host memory. Clones and `share_params_from` share it too. A parameter that the graph does not
//! have is ignored, as rlx-runtime does when a whole checkpoint is loaded; an input given as a parameter is a failure.

mod arena;
mod backend;
mod boundary;
mod constants;
mod convert;
mod executable;
mod pipeline;

pub use constants::HostTensor;
pub use pipeline::{Prepared, prepare};

use crate::discovery::Registry;
use crate::{Backend, BackendOptions, CompileOptions, Error, Plugin};
use rlx_ir::OpKind;
use rlx_runtime::Device;
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// What `Device::Mlx` stands for in this process. rlx-runtime makes backends through a plain function, so it is static.
static REGISTERED: RwLock<Option<Arc<Registered>>> = RwLock::new(None);

/// A backend instance and how graphs are compiled for it.
#[derive(Debug)]
struct Registered {
    backend: Backend,
    ops: &'static [OpKind],
    compile: CompileOptions,
}

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
    let registered = Registered { backend, ops: claimed_ops(plugin), compile: compile.clone() };
    *REGISTERED.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(registered));
    rlx_runtime::register_backend(Device::Mlx, backend::make);
    Ok(())
}

fn registered() -> Option<Arc<Registered>> {
    REGISTERED.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// The ops of `plugin` that this host's IR knows, in a list that lives as long as the process, as rlx-runtime wants it.
/// Equal lists are made once.
fn claimed_ops(plugin: &Plugin) -> &'static [OpKind] {
    static LISTS: Mutex<Vec<&'static [OpKind]>> = Mutex::new(Vec::new());
    // `OpKind::ALL` of rlx-ir 0.2.19 lacks this one.
    let known = OpKind::ALL.into_iter().chain([OpKind::GatedDeltaNetBackward]);
    let claimed: Vec<OpKind> =
        known.filter(|kind| plugin.info().ops.iter().any(|name| *name == format!("{kind:?}"))).collect();
    let mut lists = LISTS.lock().unwrap_or_else(PoisonError::into_inner);
    match lists.iter().find(|list| **list == claimed) {
        Some(list) => list,
        None => {
            let list: &'static [OpKind] = claimed.leak();
            lists.push(list);
            list
        }
    }
}

/// Ends a call of a trait that returns no `Result`, see the module's documentation.
#[track_caller]
#[expect(clippy::panic, reason = "rlx-runtime's traits have no other way to report a failure")]
fn fail(what: impl Display) -> ! {
    panic!("{what}")
}

/// The value, or the end of the call.
#[track_caller]
fn or_fail<T>(result: Result<T, Error>) -> T {
    result.unwrap_or_else(|error| fail(error))
}
