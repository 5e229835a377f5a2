//! Kernels as hosts define them: traits, and the values that are registered.

use super::source::LaunchFn;
use super::{Array, ArrayOps, KernelCall, Language, SourceCode, TensorViewMut};
use crate::abi::{RLX_KERNEL_COMPOSED, RLX_KERNEL_HOST, RLX_KERNEL_SOURCE};
use crate::{Error, TensorInfo, TensorView};
use std::fmt;

/// The kind of a kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KernelKind {
    /// Built from the engine's operations.
    Composed,
    /// Computed in host memory.
    Host,
    /// Compiled by the engine.
    Source,
}

impl KernelKind {
    /// The wire code, one of `RLX_KERNEL_*`.
    pub const fn code(self) -> u32 {
        match self {
            Self::Composed => RLX_KERNEL_COMPOSED,
            Self::Host => RLX_KERNEL_HOST,
            Self::Source => RLX_KERNEL_SOURCE,
        }
    }

    /// The kind of a wire code.
    pub const fn from_code(code: u32) -> Option<Self> {
        match code {
            RLX_KERNEL_COMPOSED => Some(Self::Composed),
            RLX_KERNEL_HOST => Some(Self::Host),
            RLX_KERNEL_SOURCE => Some(Self::Source),
            _ => None,
        }
    }
}

impl fmt::Display for KernelKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Composed => "composed",
            Self::Host => "host",
            Self::Source => "source",
        })
    }
}

/// A kernel that computes in host memory.
pub trait HostKernel: Send + Sync + 'static {
    /// Reads `inputs` and fills all of `outputs`, of the dtypes and shapes that `call` lists.
    ///
    /// # Errors
    /// Whatever went wrong; the run fails with it.
    fn compute(
        &self,
        call: &KernelCall<'_>,
        inputs: &[TensorView<'_>],
        outputs: &mut [TensorViewMut<'_>],
    ) -> Result<(), Error>;
}

/// A kernel that is built from the engine's operations.
pub trait ComposedKernel: Send + Sync + 'static {
    /// Builds one lazy array for each output of `call`, of its dtype and shape.
    ///
    /// # Errors
    /// Whatever went wrong; the program does not compile.
    fn compose<'a>(
        &self,
        call: &KernelCall<'_>,
        ops: ArrayOps<'a>,
        inputs: &[&Array<'a>],
    ) -> Result<Vec<Array<'a>>, Error>;
}

/// A closure as a kernel.
struct Closure<F>(F);

impl<F> HostKernel for Closure<F>
where
    F: Fn(&KernelCall<'_>, &[TensorView<'_>], &mut [TensorViewMut<'_>]) -> Result<(), Error> + Send + Sync + 'static,
{
    fn compute(
        &self,
        call: &KernelCall<'_>,
        inputs: &[TensorView<'_>],
        outputs: &mut [TensorViewMut<'_>],
    ) -> Result<(), Error> {
        self.0(call, inputs, outputs)
    }
}

impl<F> ComposedKernel for Closure<F>
where
    F: for<'a> Fn(&KernelCall<'_>, ArrayOps<'a>, &[&Array<'a>]) -> Result<Array<'a>, Error> + Send + Sync + 'static,
{
    fn compose<'a>(
        &self,
        call: &KernelCall<'_>,
        ops: ArrayOps<'a>,
        inputs: &[&Array<'a>],
    ) -> Result<Vec<Array<'a>>, Error> {
        Ok(vec![self.0(call, ops, inputs)?])
    }
}

pub(super) type OutputsFn = dyn Fn(&KernelCall<'_>) -> Result<Vec<TensorInfo>, Error> + Send + Sync;

pub(super) enum Body {
    Composed(Box<dyn ComposedKernel>),
    Host(Box<dyn HostKernel>),
    Source { launch: Box<LaunchFn>, sources: Vec<(Language, SourceCode)>, fallback: Option<Box<Kernel>> },
}

/// A kernel for one op, to be registered with [`Backend::register_kernel`](crate::Backend::register_kernel).
pub struct Kernel {
    pub(super) op: String,
    pub(super) body: Body,
    pub(super) outputs: Option<Box<OutputsFn>>,
}

impl Kernel {
    /// A kernel that computes in host memory.
    pub fn host(op: impl Into<String>, kernel: impl HostKernel) -> Self {
        Self { op: op.into(), body: Body::Host(Box::new(kernel)), outputs: None }
    }

    /// The same from a closure.
    pub fn host_fn<F>(op: impl Into<String>, compute: F) -> Self
    where
        F: Fn(&KernelCall<'_>, &[TensorView<'_>], &mut [TensorViewMut<'_>]) -> Result<(), Error>
            + Send
            + Sync
            + 'static,
    {
        Self::host(op, Closure(compute))
    }

    /// A kernel that is built from the engine's operations.
    pub fn composed(op: impl Into<String>, kernel: impl ComposedKernel) -> Self {
        Self { op: op.into(), body: Body::Composed(Box::new(kernel)), outputs: None }
    }

    /// The same from a closure with one result.
    pub fn composed_fn<F>(op: impl Into<String>, compose: F) -> Self
    where
        F: for<'a> Fn(&KernelCall<'_>, ArrayOps<'a>, &[&Array<'a>]) -> Result<Array<'a>, Error> + Send + Sync + 'static,
    {
        Self::composed(op, Closure(compose))
    }

    /// Says that the kernel has several results: `outputs` lists them for a node, whose own dtype they all have. The
    /// node's value is their elements, one result after the other, as `Graph::custom_op_packed` of rlx-ir declares it.
    #[must_use]
    pub fn with_outputs(
        mut self,
        outputs: impl Fn(&KernelCall<'_>) -> Result<Vec<TensorInfo>, Error> + Send + Sync + 'static,
    ) -> Self {
        self.outputs = Some(Box::new(outputs));
        self
    }

    /// Name of the op.
    pub fn op(&self) -> &str {
        &self.op
    }

    /// Its kind.
    pub fn kind(&self) -> KernelKind {
        match self.body {
            Body::Composed(_) => KernelKind::Composed,
            Body::Host(_) => KernelKind::Host,
            Body::Source { .. } => KernelKind::Source,
        }
    }
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kernel").field("op", &self.op).field("kind", &self.kind()).finish_non_exhaustive()
    }
}
