//! `rlx_runtime::ExecutableGraph` over a plugin's executable.
//!
//! * [`graph`](self::graph): the trait, each method one call of what follows.
//! * [`params`](self::params): parameters, sharing and clones.
//! * [`inputs`](self::inputs): what a run is given, completed with what is kept.
//! * [`run`](self::run), [`arena`](self::arena), [`pipeline`](self::pipeline): runs and where their outputs go.
//! * [`handles`](self::handles), [`resident`](self::resident), [`kv`](self::kv): inputs that stay on the device, and rows
//!   that go to them.

mod arena;
mod graph;
mod handles;
mod inputs;
mod kv;
mod params;
mod pipeline;
mod resident;
mod run;

use super::boundary::{Boundary, Declared};
use super::constants::HostTensor;
use super::passes::Prepared;
use super::registered::Registered;
use crate::abi::{RlxExtentApi, RlxParamsApi, RlxPipelineApi, RlxResidentApi, RlxRngApi};
use crate::{Counters, Error, Executable};
use arena::Arena;
use handles::Handles;
use inputs::Scratch;
use rlx_ir::RngOptions;
use rlx_runtime::ExecutableGraph;
use std::sync::Arc;

/// A compiled graph in a plugin.
pub(super) struct PluginExecutable {
    registered: Arc<Registered>,
    program: Arc<Program>,
    executable: Executable,
    offers: Offers,
    /// Where the value of each of the program's parameters came from.
    params: Vec<Origin>,
    handles: Handles,
    rng: RngOptions,
    /// Made at the first call that needs it.
    arena: Option<Arena>,
    scratch: Scratch,
}

/// What an executable and its clones have in common.
struct Program {
    boundary: Boundary,
    /// Large constants. The plugin holds the same memory.
    constants: Vec<Arc<HostTensor>>,
}

/// Where the value of a parameter came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Origin {
    /// It has none yet.
    #[default]
    Unset,
    /// A caller.
    Caller,
    /// Another executable.
    Inherited,
}

/// Which optional families of calls the plugin has.
#[derive(Debug, Clone, Copy)]
struct Offers {
    params: bool,
    resident: bool,
    pipeline: bool,
    extent: bool,
    rng: bool,
}

impl PluginExecutable {
    pub(super) fn compile(
        registered: &Arc<Registered>,
        prepared: Prepared,
        declared: Declared,
        rng: RngOptions,
    ) -> Result<Self, Error> {
        let mut executable = registered.backend.compile(prepared.program.as_bytes(), &registered.compile)?;
        let constants: Vec<Arc<HostTensor>> = prepared.constants.into_iter().map(Arc::new).collect();
        constants.iter().try_for_each(|constant| attach(&mut executable, constant))?;
        let plugin = registered.backend.plugin();
        let mut made = Self {
            offers: Offers {
                params: plugin.offers::<RlxParamsApi>(),
                resident: plugin.offers::<RlxResidentApi>(),
                pipeline: plugin.offers::<RlxPipelineApi>(),
                extent: plugin.offers::<RlxExtentApi>(),
                rng: plugin.offers::<RlxRngApi>(),
            },
            registered: Arc::clone(registered),
            program: Arc::new(Program { boundary: Boundary::new(declared, &executable), constants }),
            params: vec![Origin::Unset; executable.params().len()],
            handles: Handles::new(executable.inputs().len()),
            executable,
            rng,
            arena: None,
            scratch: Scratch::default(),
        };
        made.use_rng(rng)?;
        Ok(made)
    }

    /// What random numbers follow from, in the plugin too where it draws any.
    fn use_rng(&mut self, rng: RngOptions) -> Result<(), Error> {
        if self.offers.rng {
            self.executable.set_rng(rng.into())?;
        }
        self.rng = rng;
        Ok(())
    }

    /// The executable behind `graph`, when it is one of this kind.
    fn of(graph: &dyn ExecutableGraph) -> Option<&Self> {
        graph.executable_as_any()?.downcast_ref()
    }
}

/// What `graph` has done, when it is one of this kind and the plugin counts.
pub(super) fn counters(graph: &dyn ExecutableGraph) -> Option<Counters> {
    PluginExecutable::of(graph)?.executable.counters().ok()
}

/// Binds `tensor`, sharing its memory.
fn attach(executable: &mut Executable, tensor: &Arc<HostTensor>) -> Result<(), Error> {
    executable.set_param_shared(&tensor.info.name, Arc::clone(tensor), HostTensor::view)
}
