//! Every backend other than `cpu`: a plugin, found and loaded while the program runs.

use super::memory::{self, Memory};
use super::{Choice, Engine, Executable, PluginSummary};
use crate::UsageError;
use crate::cli::{BackendArgs, Device, TrustArgs};
use crate::params::MappedTensor;
use crate::profile::Noted;
use anyhow::{Result, bail};
use rlx_host_api::abi::RLX_OPTION_PROFILE;
use rlx_host_api::collectives::{Group, GroupOptions};
use rlx_host_api::discovery::Selector;
use rlx_host_api::{Backend, BackendOptions, CompileOptions, DeviceKind, Error, ErrorKind, Plugin, Rng, TensorInfo};
use std::ffi::OsStr;
use std::path::Path;
use std::sync::Arc;

/// A backend instance of a loaded plugin.
pub(super) struct PluginEngine {
    summary: PluginSummary,
    device: String,
    backend: Backend,
    options: CompileOptions,
}

impl PluginEngine {
    /// Finds the plugin that `--backend` names and makes an instance on the wanted device.
    ///
    /// # Errors
    /// A usage error when `--backend` names nothing, or nothing that can be used; it lists what was tried.
    pub(super) fn open(args: &BackendArgs, choice: Choice) -> Result<Self> {
        let (backend, kind) = instance(&args.backend, &args.trust, args.device)?;
        memory::limit(&backend, &args.memory)?;
        let mut options = CompileOptions::new();
        if let Some(mode) = args.mode {
            options = options.set("mode", mode.name());
        }
        if let Some(threads) = choice.threads {
            options = options.set("threads", i64::from(threads.get()));
        }
        if choice.profile {
            options = options.set(RLX_OPTION_PROFILE, true);
        }
        Ok(Self { summary: summary(backend.plugin()), device: kind.to_string(), backend, options })
    }
}

/// An instance of the plugin that `--backend` names, and the kind of its device: the one that is wanted, or the plugin's
/// first.
pub(super) fn instance(name: &OsStr, trust: &TrustArgs, device: Option<Device>) -> Result<(Backend, DeviceKind)> {
    let plugin = find(name, trust)?.map_err(|error| match error.kind() {
        ErrorKind::NotFound => UsageError(error.to_string()).into(),
        _ => anyhow::Error::from(error),
    })?;
    let kind = match device {
        Some(device) => device.into(),
        None => first_device(&plugin)?,
    };
    Ok((plugin.create(&BackendOptions::new().device(kind))?, kind))
}

/// The plugin that `--backend` names, or why there is none.
fn find(name: &OsStr, trust: &TrustArgs) -> Result<Result<Plugin, Error>> {
    let registry = trust.registry();
    let Some(selector) = name.to_str() else {
        // Names are ASCII, so it is a path.
        let path = Path::new(name);
        return Ok(registry.load(path).map_err(|refusal| refusal.into_error(path)));
    };
    selector.parse::<Selector>().map_err(|error| UsageError(format!("--backend: {error}")))?;
    Ok(registry.find(selector))
}

/// A plugin lists the device that it recommends first.
fn first_device(plugin: &Plugin) -> Result<DeviceKind> {
    match plugin.devices()?.first() {
        Some(device) => Ok(device.kind),
        None => bail!("backend `{}` has no device here", plugin.info().name),
    }
}

pub(super) fn summary(plugin: &Plugin) -> PluginSummary {
    let info = plugin.info();
    PluginSummary {
        name: info.name.clone(),
        version: info.version.to_string(),
        abi: plugin.abi_version().to_string(),
        engine: format!("{} {}", info.engine, info.engine_version),
    }
}

impl Engine for PluginEngine {
    fn plugin(&self) -> Option<&PluginSummary> {
        Some(&self.summary)
    }

    fn device(&self) -> &str {
        &self.device
    }

    fn memory(&self) -> Result<Option<Memory>> {
        Memory::of(&self.backend)
    }

    fn compile(&self, program: &[u8]) -> Result<Box<dyn Executable>> {
        Ok(Box::new(PluginExecutable(self.backend.compile(program, &self.options)?)))
    }

    fn group(&self) -> Result<Group> {
        Ok(self.backend.init_group(&GroupOptions::new())?)
    }
}

struct PluginExecutable(rlx_host_api::Executable);

impl Executable for PluginExecutable {
    fn inputs(&self) -> &[TensorInfo] {
        self.0.inputs()
    }

    fn params(&self) -> &[TensorInfo] {
        self.0.params()
    }

    fn outputs(&self) -> &[TensorInfo] {
        self.0.outputs()
    }

    fn set_param(&mut self, name: &str, tensor: Arc<MappedTensor>) -> Result<()> {
        Ok(self.0.set_param_shared(name, tensor, MappedTensor::view)?)
    }

    fn set_seed(&mut self, seed: u64) -> Result<()> {
        Ok(self.0.set_rng(Rng { seed, ..Rng::default() })?)
    }

    fn run(&mut self, inputs: &[&[u8]], outputs: &mut [Vec<u8>]) -> Result<()> {
        let mut buffers: Vec<Option<&mut [u8]>> = outputs.iter_mut().map(|o| Some(o.as_mut_slice())).collect();
        Ok(self.0.run(inputs, &mut buffers)?)
    }

    fn take_spans(&mut self) -> Result<Noted> {
        Ok(self.0.take_spans()?.into())
    }
}
