//! What the host sees: the plugin, its devices, a backend instance.

use crate::collectives::{self, Installed, ProgramCollectives};
use crate::executable::{MlxExecutable, Options};
use crate::ir::check;
use crate::ir::program::Program;
use crate::ir::target::Target;
use crate::kernels::KernelSet;
use crate::mlx::device::Device;
use crate::mlx::lanes::{Lane, Lanes};
use crate::mlx::{library, memory};
use crate::plan::mode::Mode;
use crate::process::gate;
use crate::profile::Profile;
use crate::rules::table;
use rlx_host_api::abi::{
    RLX_CLAIMS_ID, RLX_CLAIMS_VERSION, RLX_COLLECTIVES_ID, RLX_COLLECTIVES_VERSION, RLX_EXTENT_ID, RLX_EXTENT_VERSION,
    RLX_KERNELS_ID, RLX_KERNELS_VERSION, RLX_MEMORY_ID, RLX_MEMORY_VERSION, RLX_PARAMS_ID, RLX_PARAMS_VERSION,
    RLX_PIPELINE_ID, RLX_PIPELINE_VERSION, RLX_PROFILE_ID, RLX_PROFILE_VERSION, RLX_RESIDENT_ID, RLX_RESIDENT_VERSION,
    RLX_RNG_ID, RLX_RNG_VERSION, RLX_TIMELINE_ID, RLX_TIMELINE_VERSION,
};
use rlx_host_api::author::{
    Backend, CompileRequest, CreateRequest, KernelRegistry, Kernels, Memory, MemoryLimit, MemoryStats, Plugin,
    claims_table, collectives_table, extent_table, kernels_table, memory_table, params_table, pipeline_table,
    profile_table, resident_table, rng_table, timeline_table,
};
use rlx_host_api::{DeviceInfo, Error, ErrorKind, PluginInfo, Threading};
use rlx_mlx_shim as ffi;
use std::ffi::{CStr, c_void};
use std::sync::Arc;

/// The plugin.
pub(crate) struct Mlx;

/// An instance on one device.
pub(crate) struct MlxBackend {
    device: Device,
    lanes: Arc<Lanes>,
    kernels: KernelRegistry,
    installed: Installed,
}

impl MlxBackend {
    /// Where it computes.
    pub(crate) fn device(&self) -> Device {
        self.device
    }

    /// The lanes of its device.
    pub(crate) fn lanes(&self) -> &Arc<Lanes> {
        &self.lanes
    }

    /// The group behind the collective ops of its programs.
    pub(crate) fn installed(&self) -> &Installed {
        &self.installed
    }

    /// A lane to build graphs on.
    pub(crate) fn lane(&self) -> Result<Arc<Lane>, Error> {
        self.lanes.pick()
    }
}

impl Plugin for Mlx {
    type Backend = MlxBackend;

    fn info() -> Result<PluginInfo, Error> {
        library::check()?;
        // SAFETY: both are static, NUL-terminated.
        let (loaded, built) =
            unsafe { (CStr::from_ptr(ffi::rlx_mlx_version()), CStr::from_ptr(ffi::rlx_mlx_header_version())) };
        let (loaded, built) = (loaded.to_string_lossy(), built.to_string_lossy());
        if loaded != built {
            return Err(Error::new(
                ErrorKind::VersionMismatch,
                format!(
                    "the plugin was built for MLX {built}, but its library is MLX {loaded}: install the plugin's folder \
                     again, with the libmlx that came with it"
                ),
            ));
        }
        let version = env!("CARGO_PKG_VERSION");
        Ok(PluginInfo {
            name: "mlx".into(),
            version: semver::Version::parse(version).map_err(|e| Error::fault(format!("version {version}: {e}")))?,
            vendor: "RLX MLX plugin project".into(),
            engine: "MLX".into(),
            engine_version: loaded.into_owned(),
            format_version: rlx_ir::rlxmodel::FORMAT_VERSION,
            opset: 1..=rlx_ir::rlxmodel::OPSET,
            threading: Threading::Concurrent,
            ops: table::all().map(|rule| format!("{:?}", rule.kind)).collect(),
        })
    }

    fn devices() -> Result<Vec<DeviceInfo>, Error> {
        Device::all()
    }

    fn create(request: CreateRequest<'_>) -> Result<MlxBackend, Error> {
        if let Some((key, _)) = request.options.first() {
            return Err(Error::invalid(format!("unknown option `{key}`: backend `mlx` has none")));
        }
        let _pass = gate::pass()?;
        prepare()?;
        // Asked for the first time it waits for streams, of which there is none yet.
        memory::cache_limit()?;
        let device = Device::of(request.device.kind);
        Ok(MlxBackend {
            device,
            lanes: Lanes::of(device)?,
            kernels: KernelRegistry::new(),
            installed: Installed::default(),
        })
    }

    fn extension(id: &str, version: u32) -> Option<*const c_void> {
        match (id, version) {
            (RLX_PARAMS_ID, RLX_PARAMS_VERSION) => Some(params_table::<Self>()),
            (RLX_RESIDENT_ID, RLX_RESIDENT_VERSION) => Some(resident_table::<Self>()),
            (RLX_PIPELINE_ID, RLX_PIPELINE_VERSION) => Some(pipeline_table::<Self>()),
            (RLX_MEMORY_ID, RLX_MEMORY_VERSION) => Some(memory_table::<Self>()),
            (RLX_PROFILE_ID, RLX_PROFILE_VERSION) => Some(profile_table::<Self>()),
            (RLX_KERNELS_ID, RLX_KERNELS_VERSION) => Some(kernels_table::<Self>()),
            (RLX_EXTENT_ID, RLX_EXTENT_VERSION) => Some(extent_table::<Self>()),
            (RLX_CLAIMS_ID, RLX_CLAIMS_VERSION) => Some(claims_table::<Self>()),
            (RLX_RNG_ID, RLX_RNG_VERSION) => Some(rng_table::<Self>()),
            (RLX_TIMELINE_ID, RLX_TIMELINE_VERSION) => Some(timeline_table::<Self>()),
            (RLX_COLLECTIVES_ID, RLX_COLLECTIVES_VERSION) => Some(collectives_table::<Self>()),
            _ => None,
        }
    }

    /// MLX's streams and their threads stay, as MLX has no end of theirs. In a forked child there is nothing to give back.
    fn shutdown() -> Result<(), Error> {
        if gate::is_closed() { Ok(()) } else { memory::clear_cache() }
    }
}

/// What MLX needs before it may compute. Every backend does this first.
///
/// # Errors
/// When OpenBLAS cannot be loaded.
pub fn prepare() -> Result<(), Error> {
    #[cfg(blas_forwarders)]
    crate::blas::load()?;
    Ok(())
}

impl Backend for MlxBackend {
    type Executable = MlxExecutable;

    fn compile(&self, request: CompileRequest<'_>) -> Result<MlxExecutable, Error> {
        let options = Options::read(&request.options)?;
        let mut graph = request.read_graph()?;
        let group = self.installed.get();
        collectives::check(&graph, group.as_ref(), &self.kernels)?;
        let kernels = KernelSet::of(&graph, &self.kernels, self.device)?;
        let lane = if kernels.call_the_host() { self.lanes.pick_own() } else { self.lanes.pick() }?;
        check::prepare(&mut graph)?;
        table::check(&graph)?;
        check::check(&graph)?;
        let profile = options.profile.then(Profile::new).transpose()?;
        let mut target = Target::new(self.device, kernels, options.mode != Mode::Eager, profile);
        target.group = group.clone().filter(|group| group.is_lazy_on(self.device));
        let program = Program::new(graph, &target)?;
        let collectives = ProgramCollectives::of(&program, group);
        MlxExecutable::new(program, options, lane, collectives)
    }
}

impl Kernels for MlxBackend {
    fn kernels(&self) -> &KernelRegistry {
        &self.kernels
    }
}

impl Memory for MlxBackend {
    fn memory_stats(&self) -> Result<MemoryStats, Error> {
        memory::stats()
    }

    fn set_memory_limit(&self, which: MemoryLimit, bytes: u64) -> Result<u64, Error> {
        memory::set_limit(which, bytes)
    }

    fn clear_cache(&self) -> Result<(), Error> {
        memory::clear_cache()
    }

    fn reset_peak(&self) -> Result<(), Error> {
        memory::reset_peak()
    }
}
