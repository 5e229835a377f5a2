//! What the host sees: the plugin, its devices, a backend instance.

use crate::executable::{MlxExecutable, Options};
use crate::gate;
use crate::kernels::KernelSet;
use crate::library;
use crate::lower::SUPPORTED_OPS;
use crate::memory;
use crate::program::Program;
use crate::shim::check;
use crate::stream::Lanes;
use rlx_host_api::abi::{
    RLX_CLAIMS_ID, RLX_CLAIMS_VERSION, RLX_EXTENT_ID, RLX_EXTENT_VERSION, RLX_KERNELS_ID, RLX_KERNELS_VERSION,
    RLX_MEMORY_ID, RLX_MEMORY_VERSION, RLX_PARAMS_ID, RLX_PARAMS_VERSION, RLX_PIPELINE_ID, RLX_PIPELINE_VERSION,
    RLX_PROFILE_ID, RLX_PROFILE_VERSION, RLX_RESIDENT_ID, RLX_RESIDENT_VERSION,
};
use rlx_host_api::author::{
    Backend, CompileRequest, CreateRequest, KernelRegistry, Kernels, Plugin, claims_table, extent_table, kernels_table,
    memory_table, params_table, pipeline_table, profile_table, resident_table,
};
use rlx_host_api::kernel::Language;
use rlx_host_api::{DeviceInfo, DeviceKind, Error, ErrorKind, PluginInfo, Threading};
use rlx_mlx_shim as ffi;
use std::ffi::{CStr, c_void};
use std::sync::Arc;

/// The plugin.
pub(crate) struct Mlx;

/// What MLX's GPU devices run here.
const GPU_LANGUAGE: Language = if cfg!(target_os = "macos") { Language::Metal } else { Language::Cuda };

/// An instance on one device.
pub(crate) struct MlxBackend {
    lanes: Arc<Lanes>,
    kernels: KernelRegistry,
    /// That of kernels from source.
    language: Option<Language>,
}

impl MlxBackend {
    /// That of kernels from source on this device.
    pub(crate) fn language(&self) -> Option<Language> {
        self.language
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
            ops: SUPPORTED_OPS.iter().map(|op| format!("{op:?}")).collect(),
        })
    }

    /// GPUs first: the first device is the one that a host takes when it states no wish. Of each kind the first alone,
    /// which is where MLX's streams are made.
    fn devices() -> Result<Vec<DeviceInfo>, Error> {
        let mut devices = Vec::new();
        for kind in [DeviceKind::Gpu, DeviceKind::Cpu] {
            let mut count = 0;
            // SAFETY: `count` is writable.
            check(unsafe { ffi::rlx_mlx_device_count(device_code(kind), &mut count) })?;
            if count > 0 {
                devices.push(describe(kind, 0)?);
            }
        }
        Ok(devices)
    }

    fn create(request: CreateRequest<'_>) -> Result<MlxBackend, Error> {
        if let Some((key, _)) = request.options.first() {
            return Err(Error::invalid(format!("unknown option `{key}`: backend `mlx` has none")));
        }
        let _pass = gate::pass()?;
        prepare()?;
        // Asked for the first time it waits for streams, of which there is none yet.
        memory::cache_limit()?;
        let language = (request.device.kind == DeviceKind::Gpu).then_some(GPU_LANGUAGE);
        Ok(MlxBackend { lanes: Lanes::of(device_code(request.device.kind))?, kernels: KernelRegistry::new(), language })
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

fn device_code(kind: DeviceKind) -> ffi::rlx_mlx_device_t {
    match kind {
        DeviceKind::Gpu => ffi::RLX_MLX_DEVICE_GPU,
        _ => ffi::RLX_MLX_DEVICE_CPU,
    }
}

fn describe(kind: DeviceKind, index: usize) -> Result<DeviceInfo, Error> {
    let mut name = std::ptr::null();
    let mut memory = 0;
    // SAFETY: both are writable; the name is valid until this thread's next call of that function.
    let name = unsafe {
        check(ffi::rlx_mlx_device_label(device_code(kind), index, &mut name))?;
        check(ffi::rlx_mlx_device_memory(device_code(kind), index, &mut memory))?;
        CStr::from_ptr(name).to_string_lossy().into_owned()
    };
    Ok(DeviceInfo {
        kind,
        ordinal: index as u32,
        name: if name.is_empty() { kind.to_string() } else { name },
        hardware_id: String::new(),
        memory_bytes: memory,
        attributes: Vec::new(),
    })
}

impl Backend for MlxBackend {
    type Executable = MlxExecutable;

    fn compile(&self, request: CompileRequest<'_>) -> Result<MlxExecutable, Error> {
        let options = Options::read(&request.options)?;
        let graph = request.read_graph()?;
        let kernels = KernelSet::of(&graph, &self.kernels, self.language)?;
        let lane = if kernels.call_the_host() { self.lanes.pick_own() } else { self.lanes.pick() }?;
        MlxExecutable::new(Program::new(graph, &kernels)?, options, lane)
    }
}

impl Kernels for MlxBackend {
    fn kernels(&self) -> &KernelRegistry {
        &self.kernels
    }
}
