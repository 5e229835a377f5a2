//! One interface over the built-in CPU backend and the plugins, so that each command is written once.

#[cfg(feature = "cpu")]
mod cpu;
mod guard;
mod memory;
mod plugin;

pub(crate) use guard::guarded;
pub(crate) use memory::Memory;

use crate::UsageError;
use crate::cli::{BackendArgs, Device, PluginArgs};
use crate::params::MappedTensor;
use crate::profile::Noted;
use anyhow::{Result, bail};
use rlx_host_api::collectives::Group;
use rlx_host_api::{Backend, TensorInfo};
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::sync::Arc;

/// The plugin behind a result, as reports show it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct PluginSummary {
    /// Backend name.
    pub(crate) name: String,
    /// Version of the plugin.
    pub(crate) version: String,
    /// Version of the ABI that host and plugin agreed on.
    pub(crate) abi: String,
    /// The engine and its version.
    pub(crate) engine: String,
}

/// How programs are compiled, beside what [`BackendArgs`] say.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Choice {
    /// The most threads that kernels are dealt to.
    pub(crate) threads: Option<NonZeroU32>,
    /// Whether times are noted.
    pub(crate) profile: bool,
}

/// A plugin's instance for commands that examine plugins, which the built-in backend is not.
pub(crate) struct Examined {
    /// What it is.
    pub(crate) plugin: PluginSummary,
    /// Kind of its device.
    pub(crate) device: String,
    /// The instance.
    pub(crate) backend: Backend,
}

/// Opens the plugin that the command line names.
pub(crate) fn examine(args: &PluginArgs) -> Result<Examined> {
    if args.backend == "cpu" {
        bail!(UsageError("--backend: `cpu` is built in; name a plugin, its version or its file".to_owned()));
    }
    let (backend, device) = plugin::instance(&args.backend, &args.trust, args.device)?;
    Ok(Examined { plugin: plugin::summary(backend.plugin()), device: device.to_string(), backend })
}

/// Compiles programs for one device.
pub(crate) trait Engine: Send {
    /// The plugin; none for the built-in CPU backend.
    fn plugin(&self) -> Option<&PluginSummary>;

    /// Kind of the device: `cpu`, `gpu`.
    fn device(&self) -> &str;

    /// Memory of the engine now; none where the backend does not tell.
    fn memory(&self) -> Result<Option<Memory>>;

    /// Compiles the text of a .rlxmodel file.
    fn compile(&self, program: &[u8]) -> Result<Box<dyn Executable>>;

    /// Joins the group that a launcher has described; else a group of one.
    fn group(&self) -> Result<Group>;
}

/// A compiled program. Callers check names, dtypes and sizes against these tables before they call.
pub(crate) trait Executable: Send {
    /// What `run` takes, in this order.
    fn inputs(&self) -> &[TensorInfo];

    /// What `set_param` must be given before the first run.
    fn params(&self) -> &[TensorInfo];

    /// What `run` gives, in this order.
    fn outputs(&self) -> &[TensorInfo];

    /// Sets one parameter. The backend may use the mapped memory in place as long as it keeps `tensor`.
    fn set_param(&mut self, name: &str, tensor: Arc<MappedTensor>) -> Result<()>;

    /// Says what the random numbers of all runs follow from.
    fn set_seed(&mut self, seed: u64) -> Result<()>;

    /// Says that every parameter is set.
    fn finish_params(&mut self) -> Result<()> {
        Ok(())
    }

    /// Runs once. `outputs` has one buffer of the exact size for each output.
    fn run(&mut self, inputs: &[&[u8]], outputs: &mut [Vec<u8>]) -> Result<()>;

    /// What was noted since the last call.
    fn take_spans(&mut self) -> Result<Noted>;
}

/// Opens the backend that the command line names.
pub(crate) fn open(args: &BackendArgs, choice: Choice) -> Result<Box<dyn Engine>> {
    if args.backend != "cpu" {
        return Ok(Box::new(plugin::PluginEngine::open(args, choice)?));
    }
    if choice.threads.is_some() {
        let message = "--threads: the built-in backend `cpu` has no such option; it reads RLX_WORKERS";
        bail!(UsageError(message.to_owned()));
    }
    if choice.profile {
        bail!(UsageError("--profile, --trace: the built-in backend `cpu` notes no times".to_owned()));
    }
    if args.device.is_some_and(|device| device != Device::Cpu) {
        bail!(UsageError("--device: the built-in backend `cpu` has no gpu; leave --device out".to_owned()));
    }
    if args.mode.is_some() {
        bail!(UsageError("--mode: the built-in backend `cpu` has no modes; they belong to plugins".to_owned()));
    }
    if args.memory.memory_limit.is_some() || args.memory.cache_limit.is_some() {
        bail!(UsageError("--memory-limit, --cache-limit: the built-in backend `cpu` has no limits".to_owned()));
    }
    built_in()
}

#[cfg(feature = "cpu")]
fn built_in() -> Result<Box<dyn Engine>> {
    Ok(Box::new(cpu::CpuEngine))
}

#[cfg(not(feature = "cpu"))]
fn built_in() -> Result<Box<dyn Engine>> {
    bail!(UsageError("this rlx-run is built without its backend `cpu`: build it with that feature".to_owned()))
}

/// What a program takes, by its text.
pub(crate) fn inputs_of(program: &str) -> Result<Vec<TensorInfo>> {
    let graph = guarded("reading the program", || rlx_ir::rlxmodel::from_text(program))?;
    let graph = graph.map_err(|error| anyhow::anyhow!("{}", crate::report::one_line(&error.to_string())))?;
    let mut inputs: Vec<TensorInfo> = Vec::new();
    for node in graph.nodes() {
        if let rlx_ir::Op::Input { name } = &node.op
            && !inputs.iter().any(|info| info.name == *name)
        {
            inputs.push(TensorInfo::of(name, &node.shape)?);
        }
    }
    Ok(inputs)
}

/// One buffer for each output of `program`.
///
/// # Errors
/// Out of memory, which names the output and its size: a program may declare more than there is.
pub(crate) fn output_buffers(program: &dyn Executable) -> Result<Vec<Vec<u8>>> {
    Ok(program.outputs().iter().map(TensorInfo::zeroed).collect::<Result<_, _>>()?)
}
