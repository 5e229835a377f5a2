//! The contract between RLX hosts and backend plugins.
//!
//! * [`abi`]: the wire ABI, plain C, versioned; its rules are stated there, once.
//! * [`author`]: the plugin author's side: three safe traits and [`export_plugin!`].
//! * [`growable`]: how a struct of one version is read and filled by another.
//! * [`discovery`], [`Plugin`], [`Backend`], [`Executable`]: the host's side: find, load, negotiate, run.
//! * [`kernel`]: kernels of the host's own for custom ops.
//! * [`collectives`]: groups of processes.
//! * [`guide`]: how to write a backend plugin (with the feature `rlx-ir`), and what the ABI promises.
//! * `runtime` (feature `rlx-runtime`): one call that registers a plugin with the published rlx-runtime.
#![deny(missing_docs)]

pub mod abi;
pub mod author;
pub mod collectives;
pub mod discovery;
mod error;
pub mod growable;
pub mod guide;
mod host;
#[cfg(feature = "rlx-ir")]
mod ir;
pub mod kernel;
pub mod negotiate;
mod printable;
#[cfg(feature = "rlx-runtime")]
pub mod runtime;
mod types;
mod value;
mod views;

pub use error::{Error, ErrorKind};
pub use growable::Growable;
pub use host::{Backend, BackendOptions, BatchRun, CompileOptions, Executable, Plugin};
pub use printable::printable;
pub use types::{
    ActiveExtent, Claim, Counters, DType, DeviceInfo, DeviceKind, Generator, How, MemoryLimit, MemoryStats, PluginInfo,
    Rng, Segment, Source, Span, Spans, TensorInfo, TensorView, Threading,
};
pub use value::Value;
