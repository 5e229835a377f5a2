//! How hosts define a kernel from source.

use super::definition::Body;
use super::source::LaunchFn;
use super::{Kernel, KernelCall, Language, Launch, SourceCode};
use crate::Error;
use std::fmt;

/// Builds a kernel from source, see [`Kernel::source`].
pub struct SourceKernel {
    op: String,
    launch: Box<LaunchFn>,
    sources: Vec<(Language, SourceCode)>,
    fallback: Option<Kernel>,
}

impl SourceKernel {
    /// Adds the code in one language, in place of what there was in it.
    #[must_use]
    pub fn code(mut self, language: Language, code: SourceCode) -> Self {
        self.sources.retain(|(other, _)| *other != language);
        self.sources.push((language, code));
        self
    }

    /// The kernel for devices that have none of the languages: a host or a composed one, of any op name. Without it
    /// programs do not compile there.
    #[must_use]
    pub fn fallback(mut self, kernel: Kernel) -> Self {
        self.fallback = Some(kernel);
        self
    }
}

impl fmt::Debug for SourceKernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SourceKernel").field("op", &self.op).field("sources", &self.sources).finish_non_exhaustive()
    }
}

impl Kernel {
    /// A kernel from source; `launch` tells its geometry for a node.
    pub fn source(
        op: impl Into<String>,
        launch: impl Fn(&KernelCall<'_>) -> Result<Launch, Error> + Send + Sync + 'static,
    ) -> SourceKernel {
        SourceKernel { op: op.into(), launch: Box::new(launch), sources: Vec::new(), fallback: None }
    }
}

impl From<SourceKernel> for Kernel {
    fn from(kernel: SourceKernel) -> Self {
        let SourceKernel { op, launch, sources, fallback } = kernel;
        Self { op, body: Body::Source { launch, sources, fallback: fallback.map(Box::new) }, outputs: None }
    }
}
