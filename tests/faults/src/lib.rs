//! A plugin that is wrong on purpose, to see whether the conformance kit finds out.
//!
//! The plugin whose file `RLX_FAULTY_OF` names computes; the fault that `RLX_FAULTY_WITH` names is planted in it: most
//! rewrite the graph on its way there (`plant`), some change what a run gives back, or end the process (`runs`).

mod draft;
mod executable;
mod plant;
mod runs;

use draft::rewritten;
use executable::Faulty;
use rlx_host_api::author::{self, CompileRequest, CreateRequest};
use rlx_host_api::discovery::Registry;
use rlx_host_api::{Backend, BackendOptions, CompileOptions, DeviceInfo, Error, Plugin, PluginInfo};
use std::env;
use std::path::Path;

/// Names the file of the plugin that computes.
const OF: &str = "RLX_FAULTY_OF";
/// Names the fault.
const WITH: &str = "RLX_FAULTY_WITH";
/// The name of no fault.
const NONE: &str = "none";

struct FaultyPlugin;

/// An instance of the plugin that computes, and what is wrong with it.
struct FaultyBackend {
    inner: Backend,
    fault: Fault,
}

#[derive(Clone, Copy)]
enum Fault {
    None,
    Graph(draft::Plant),
    Run(runs::Fault),
}

rlx_host_api::export_plugin!(FaultyPlugin);

fn inner() -> Result<Plugin, Error> {
    let file = env::var_os(OF).ok_or_else(|| Error::invalid(format!("{OF} names no plugin")))?;
    let file = Path::new(&file);
    Registry::from_env().allow_untrusted(true).load(file).map_err(|refusal| refusal.into_error(file))
}

fn fault() -> Result<Fault, Error> {
    let name = env::var(WITH).unwrap_or_default();
    if name == NONE {
        return Ok(Fault::None);
    }
    let of_graph = plant::all().find(|(known, _)| *known == name).map(|(_, plant)| Fault::Graph(plant));
    let of_run = runs::ALL.iter().find(|(known, _)| *known == name).map(|&(_, fault)| Fault::Run(fault));
    of_graph.or(of_run).ok_or_else(|| {
        let names: Vec<&str> =
            plant::all().map(|(name, _)| name).chain(runs::ALL.iter().map(|(name, _)| *name)).collect();
        Error::invalid(format!("{WITH}: there is no fault `{name}`; there are {}", names.join(" ")))
    })
}

impl author::Plugin for FaultyPlugin {
    type Backend = FaultyBackend;

    fn info() -> Result<PluginInfo, Error> {
        Ok(PluginInfo { name: "faulty".into(), ..inner()?.info().clone() })
    }

    fn devices() -> Result<Vec<DeviceInfo>, Error> {
        inner()?.devices()
    }

    fn create(request: CreateRequest<'_>) -> Result<FaultyBackend, Error> {
        let options = BackendOptions::new().device_ordinal(request.device.kind, request.device.ordinal);
        let options = request.options.into_iter().fold(options, |options, (key, value)| options.set(&key, value));
        Ok(FaultyBackend { inner: inner()?.create(&options)?, fault: fault()? })
    }
}

impl author::Backend for FaultyBackend {
    type Executable = Faulty;

    fn compile(&self, request: CompileRequest<'_>) -> Result<Faulty, Error> {
        let graph = request.read_graph()?;
        let struck = match self.fault {
            Fault::Run(fault) if fault.strikes(&graph) => Some(fault),
            _ => None,
        };
        let graph = match self.fault {
            Fault::Graph(plant) => rewritten(&graph, plant),
            _ => graph,
        };
        let text = rlx_ir::rlxmodel::to_text(&graph).map_err(|error| Error::fault(error.to_string()))?;
        let options = request.options.into_iter().fold(CompileOptions::new(), |all, (key, value)| all.set(&key, value));
        Ok(Faulty::new(self.inner.compile(text.as_bytes(), &options)?, struck))
    }
}
