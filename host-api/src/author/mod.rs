//! The author side: write three safe traits and one macro call, and the crate is a plugin.
//!
//! ```
//! use rlx_host_api::author::*;
//! use rlx_host_api::{export_plugin, DType, Error, TensorInfo, TensorView};
//!
//! /// A backend whose every graph returns its first input.
//! struct Echo;
//! struct EchoGraph(Vec<TensorInfo>);
//!
//! impl Plugin for Echo {
//!     type Backend = Echo;
//!     fn info() -> Result<PluginInfo, Error> {
//!         Ok(PluginInfo {
//!             name: "echo".into(),
//!             version: semver::Version::new(0, 1, 0),
//!             vendor: "docs".into(),
//!             engine: "none".into(),
//!             engine_version: "0".into(),
//!             format_version: 1,
//!             opset: 1..=1,
//!             threading: Threading::Concurrent,
//!             ops: vec![],
//!         })
//!     }
//!     fn devices() -> Result<Vec<DeviceInfo>, Error> {
//!         Ok(vec![DeviceInfo::cpu("echo")])
//!     }
//!     fn create(_request: CreateRequest<'_>) -> Result<Self, Error> {
//!         Ok(Echo)
//!     }
//! }
//!
//! impl Backend for Echo {
//!     type Executable = EchoGraph;
//!     fn compile(&self, _request: CompileRequest<'_>) -> Result<EchoGraph, Error> {
//!         Ok(EchoGraph(vec![TensorInfo { name: "x".into(), dtype: DType::F32, dims: vec![2] }]))
//!     }
//! }
//!
//! impl Executable for EchoGraph {
//!     fn inputs(&self) -> &[TensorInfo] { &self.0 }
//!     fn outputs(&self) -> &[TensorInfo] { &self.0 }
//!     fn params(&self) -> &[TensorInfo] { &[] }
//!     fn set_param(&mut self, name: &str, _value: TensorView<'_>, _owner: Option<ParamOwner>) -> Result<(), Error> {
//!         Err(Error::not_found(format!("no parameter `{name}`")))
//!     }
//!     fn run(&mut self, inputs: &[&[u8]], outputs: &mut [OutputBuffer<'_>]) -> Result<(), Error> {
//!         if let Some(out) = outputs[0].bytes() {
//!             out.copy_from_slice(inputs[0]);
//!         }
//!         Ok(())
//!     }
//! }
//!
//! export_plugin!(Echo);
//! # fn main() {}
//! ```

mod entry;
mod export;
mod extensions;
mod kernel;
mod logging;
#[cfg(feature = "rlx-ir")]
mod program;
mod storage;
mod thunks;

pub use crate::types::{DeviceInfo, DeviceKind, PluginInfo, Threading};
pub use crate::value::Value;
pub use entry::entry;
pub use extensions::*;
pub use kernel::{CustomNode, KernelRegistry, RegisteredKernel};
pub use storage::PluginState;
pub(crate) use thunks::panic_text;
pub use thunks::{api_table, panic_error};

use crate::{Error, TensorInfo, TensorView};
use std::ffi::c_void;

/// A plugin: what it is, which devices it finds, and how to make an instance.
///
/// Every function may be called from any thread. A panic becomes an error of kind
/// [`PluginFault`](crate::ErrorKind::PluginFault) at the host.
pub trait Plugin: Sized + 'static {
    /// A backend instance.
    type Backend: Backend;

    /// What this plugin is; asked once.
    ///
    /// # Errors
    /// When the engine underneath is not usable, for example of another version than the plugin was built for.
    fn info() -> Result<PluginInfo, Error>;

    /// The devices usable now; asked once.
    ///
    /// # Errors
    /// When they cannot be enumerated.
    fn devices() -> Result<Vec<DeviceInfo>, Error>;

    /// Makes an instance on one device.
    ///
    /// # Errors
    /// For an unknown option, or when the device cannot be opened.
    fn create(request: CreateRequest<'_>) -> Result<Self::Backend, Error>;

    /// The extension table `id` of `version`, if this plugin has it. The table lives as long as the process, is
    /// `#[repr(C)]` and starts with its size. Those of this crate are made by [`params_table`], [`resident_table`],
    /// [`pipeline_table`], [`memory_table`], [`profile_table`], [`kernels_table`], [`extent_table`], [`rng_table`],
    /// [`claims_table`], [`timeline_table`] and [`collectives_table`] from
    /// the traits of the same names.
    fn extension(_id: &str, _version: u32) -> Option<*const c_void> {
        None
    }

    /// Stops threads and drops caches; nothing is called after it.
    ///
    /// # Errors
    /// When something is still in use.
    fn shutdown() -> Result<(), Error> {
        Ok(())
    }
}

/// A backend instance. Calls may overlap unless the plugin declares [`Threading::Serialized`].
pub trait Backend: Send + Sync + 'static {
    /// A compiled graph.
    type Executable: Executable;

    /// Compiles one graph.
    ///
    /// # Errors
    /// For a malformed program, an unsupported op (named, with its node) or an unknown option.
    fn compile(&self, request: CompileRequest<'_>) -> Result<Self::Executable, Error>;
}

/// A compiled graph. The slices from `inputs`, `outputs` and `params` never change after compile.
pub trait Executable: Send + 'static {
    /// Inputs, in the order of [`Self::run`].
    fn inputs(&self) -> &[TensorInfo];

    /// Outputs, in the order of [`Self::run`].
    fn outputs(&self) -> &[TensorInfo];

    /// Parameters.
    fn params(&self) -> &[TensorInfo];

    /// Binds a parameter. Name, dtype, dims and size have been checked against [`Self::params`]. With an `owner` the
    /// memory of `value` stays valid and unchanged until the owner is dropped, so it may be kept instead of copied.
    ///
    /// # Errors
    /// When the value cannot be taken.
    fn set_param(&mut self, name: &str, value: TensorView<'_>, owner: Option<ParamOwner>) -> Result<(), Error>;

    /// Whether input `index` is bound as resident, see [`Resident`]; then a run may leave it out.
    fn is_resident(&self, _index: usize) -> bool {
        false
    }

    /// Runs once. An input that is left out because it is resident is an empty slice. Count and size of `inputs` and
    /// `outputs` have been checked against the declared ones.
    ///
    /// # Errors
    /// When a parameter is missing (all of them named) or evaluation fails. The executable stays usable.
    fn run(&mut self, inputs: &[&[u8]], outputs: &mut [OutputBuffer<'_>]) -> Result<(), Error>;
}

/// What [`Plugin::create`] is asked for.
#[derive(Debug)]
pub struct CreateRequest<'a> {
    /// The device, one of [`Plugin::devices`].
    pub device: &'a DeviceInfo,
    /// Its index in [`Plugin::devices`].
    pub device_index: usize,
    /// Options by name; an unknown one is an error.
    pub options: Vec<(String, Value)>,
}

/// What [`Backend::compile`] is asked for.
#[derive(Debug)]
pub struct CompileRequest<'a> {
    /// A `.rlxmodel` text.
    pub program: &'a str,
    /// Which graph of a module; `None` when the program has one.
    pub graph: Option<&'a str>,
    /// Options by name; an unknown one is an error.
    pub options: Vec<(String, Value)>,
}

/// Keeps the memory of a borrowed parameter alive; dropping it tells the host that the memory is free.
#[derive(Debug)]
pub struct ParamOwner {
    release: unsafe extern "C" fn(*mut c_void),
    context: *mut c_void,
}

// SAFETY: the ABI lets the plugin call `release` from any thread (`RlxParamArgs::release`).
unsafe impl Send for ParamOwner {}
// SAFETY: a shared `ParamOwner` offers no operation.
unsafe impl Sync for ParamOwner {}

impl Drop for ParamOwner {
    fn drop(&mut self) {
        // SAFETY: the pair came from the host, which promises that one call is sound; drop runs once.
        unsafe { (self.release)(self.context) }
    }
}

/// Where one output goes: host memory of exactly the declared size, or nowhere.
#[derive(Debug)]
pub struct OutputBuffer<'a>(pub(crate) Option<&'a mut [u8]>);

impl<'a> OutputBuffer<'a> {
    /// Memory for one output, or `None` for one that is not wanted: for tests that call [`Executable::run`] themselves.
    pub fn new(bytes: Option<&'a mut [u8]>) -> Self {
        Self(bytes)
    }

    /// The memory to fill, or `None` when the host does not want this output.
    pub fn bytes(&mut self) -> Option<&mut [u8]> {
        self.0.as_deref_mut()
    }
}

impl DeviceInfo {
    /// The processor, under a name for people.
    pub fn cpu(name: impl Into<String>) -> Self {
        Self {
            kind: DeviceKind::Cpu,
            ordinal: 0,
            name: name.into(),
            hardware_id: String::new(),
            memory_bytes: 0,
            attributes: Vec::new(),
        }
    }
}

/// Ties a plugin type to the state that [`export_plugin!`](crate::export_plugin) makes for it.
#[doc(hidden)]
pub trait Exported: Plugin {
    /// The plugin's state.
    fn state() -> &'static PluginState;
}
