//! Kernels of the host's own for `Op::Custom`, registered with a backend instance by the op's name.
//!
//! ```no_run
//! use rlx_host_api::kernel::Kernel;
//! use rlx_host_api::{Backend, Error};
//!
//! fn register(backend: &Backend) -> Result<(), Error> {
//!     backend.register_kernel(Kernel::host_fn("my.square", |_, inputs, outputs| {
//!         for (y, x) in outputs[0].values::<f32>()?.iter_mut().zip(inputs[0].values::<f32>()?) {
//!             *y = x * x;
//!         }
//!         Ok(())
//!     }))?;
//!     backend.register_kernel(Kernel::composed_fn("my.cube", |_, ops, inputs| {
//!         ops.mul(&ops.mul(inputs[0], inputs[0])?, inputs[0])
//!     }))?;
//!     Ok(())
//! }
//! ```
//!
//! # Kinds
//! * [`Kernel::host`] ([`host_fn`](Kernel::host_fn) for closures) computes in host memory when the program is evaluated, as a node of the graph.
//! * [`Kernel::composed`] ([`composed_fn`](Kernel::composed_fn)) builds its result from the engine's own operations ([`ArrayOps`]) when the program is lowered, so
//!   that the engine optimises it with the rest.
//! * [`Kernel::source`] is code in Metal or CUDA that the engine compiles, with a kernel of another kind for devices that
//!   have neither.
//!
//! # Rules
//! An executable keeps the kernels that it was compiled with; a kernel that is replaced or unregistered later still serves
//! it. A program with a custom op that has no kernel does not compile. A kernel is called from the thread that runs the
//! program or from threads of the plugin, by several at once. A node may declare any operands and results, so a kernel
//! refuses those that it does not expect before it relies on them ([`KernelCall`]). Its operands may lie in the very memory that the run was
//! given, and are for reading while the call lasts. It may take its time, fail and panic: the run fails with an error that
//! names the kernel, and the next one is as good as ever. It may not compile or run anything with the plugin that runs it:
//! such a call fails. Registering is allowed.

mod array;
mod array_ops;
mod call;
mod definition;
mod from_source;
mod source;
mod wire;

pub(crate) use wire::lend;

pub use array::{Array, ArrayOps};
pub use array_ops::*;
pub use call::{Element, KernelCall, TensorViewMut};
pub use definition::{ComposedKernel, HostKernel, Kernel, KernelKind};
pub use from_source::SourceKernel;
pub use source::{Language, Launch, SourceCode};
