//! The plugin that `Device::Mlx` stands for.

use super::claims::{Target, for_ever};
use crate::abi::RlxClaimsApi;
use crate::{Backend, CompileOptions, Error, ErrorKind, Plugin};
use rlx_ir::OpKind;
use std::sync::{Arc, PoisonError, RwLock};

/// What `Device::Mlx` stands for in this process. rlx-runtime makes backends through a plain function, so it is static.
static REGISTERED: RwLock<Option<Arc<Registered>>> = RwLock::new(None);

/// A backend instance and how graphs are compiled for it.
#[derive(Debug)]
pub(super) struct Registered {
    pub(super) backend: Backend,
    pub(super) ops: &'static [OpKind],
    pub(super) compile: CompileOptions,
}

impl Registered {
    /// What graphs are made fit for.
    pub(super) fn target(&self) -> Target<'_> {
        let claims = self.backend.plugin().offers::<RlxClaimsApi>().then_some((&self.backend, &self.compile));
        Target { ops: self.ops, kernels: Some(&self.backend), claims }
    }
}

/// Has `Device::Mlx` stand for `new` from now on.
pub(super) fn replace(new: Registered) {
    *REGISTERED.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(new));
}

pub(super) fn registered() -> Option<Arc<Registered>> {
    REGISTERED.read().unwrap_or_else(PoisonError::into_inner).clone()
}

pub(super) fn some_registered() -> Result<Arc<Registered>, Error> {
    let message = "no plugin is registered as Device::Mlx: call rlx_host_api::runtime::register_mlx first";
    registered().ok_or_else(|| Error::new(ErrorKind::FailedPrecondition, message))
}

/// The ops of `plugin` that this host's IR knows.
pub(super) fn claimed_ops(plugin: &Plugin) -> &'static [OpKind] {
    // `OpKind::ALL` of rlx-ir 0.2.19 lacks this one.
    let known = OpKind::ALL.into_iter().chain([OpKind::GatedDeltaNetBackward]);
    for_ever(known.filter(|kind| plugin.info().ops.iter().any(|name| *name == format!("{kind:?}"))).collect())
}
