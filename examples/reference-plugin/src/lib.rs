//! rlx-cpu as a backend plugin: the template for a plugin of your own.
//!
//! `Reference` says what the plugin is, `Cpu` compiles a graph, `Compiled` runs it. `export_plugin!`
//! makes the C side: it checks names, counts and sizes before it calls, and turns errors and panics into error objects.

mod executable;

use executable::Compiled;
use rlx_host_api::author::{Backend, CompileRequest, CreateRequest, Plugin, Value};
use rlx_host_api::{DeviceInfo, Error, PluginInfo, Threading};
use rlx_ir::rlxmodel::{FORMAT_VERSION, OPSET, RLX_VERSION};
use rlx_runtime::{Device, backend_for};

/// The plugin: what a host asks before it computes anything. It is never instantiated.
struct Reference;

/// An instance on one device. rlx-cpu keeps nothing between graphs; a GPU backend would keep its context here.
struct Cpu;

rlx_host_api::export_plugin!(Reference);

impl Plugin for Reference {
    type Backend = Cpu;

    fn info() -> Result<PluginInfo, Error> {
        let version = env!("CARGO_PKG_VERSION");
        let cpu = backend_for(Device::Cpu).ok_or_else(|| Error::fault("rlx-runtime was built without rlx-cpu"))?;
        Ok(PluginInfo {
            name: "reference".into(), // as in `--backend reference`, and in the name of the file
            version: semver::Version::parse(version).map_err(|e| Error::fault(format!("version {version}: {e}")))?,
            vendor: "RLX MLX plugin project".into(),
            engine: "rlx-cpu".into(),
            engine_version: RLX_VERSION.into(), // the RLX crates share one version
            format_version: FORMAT_VERSION,     // what the IR of this build can read, whatever the host's can write
            opset: 1..=OPSET,
            threading: Threading::Concurrent, // `Serialized` if calls on two executables must not overlap
            ops: cpu.supported_ops().iter().map(|op| format!("{op:?}")).collect(), // hosts rewrite graphs into these
        })
    }

    /// The best first: a host that states no wish takes that.
    fn devices() -> Result<Vec<DeviceInfo>, Error> {
        Ok(vec![DeviceInfo::cpu("rlx-cpu")])
    }

    fn create(request: CreateRequest<'_>) -> Result<Cpu, Error> {
        no_options(&request.options).map(|()| Cpu)
    }
}

impl Backend for Cpu {
    type Executable = Compiled;

    fn compile(&self, request: CompileRequest<'_>) -> Result<Compiled, Error> {
        no_options(&request.options)?;
        Compiled::new(request.read_graph()?)
    }
}

/// An unknown option is an error: a misspelt one would silently do nothing.
fn no_options(options: &[(String, Value)]) -> Result<(), Error> {
    match options.first() {
        Some((key, _)) => Err(Error::invalid(format!("unknown option `{key}`: backend `reference` has none"))),
        None => Ok(()),
    }
}
