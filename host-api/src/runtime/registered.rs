//! The plugin that `Device::Mlx` stands for.

use crate::{Backend, CompileOptions, Error, ErrorKind, Plugin};
use rlx_ir::OpKind;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// What `Device::Mlx` stands for in this process. rlx-runtime makes backends through a plain function, so it is static.
static REGISTERED: RwLock<Option<Arc<Registered>>> = RwLock::new(None);

/// A backend instance and how graphs are compiled for it.
#[derive(Debug)]
pub(super) struct Registered {
    pub(super) backend: Backend,
    pub(super) ops: &'static [OpKind],
    pub(super) compile: CompileOptions,
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

/// The ops of `plugin` that this host's IR knows, in a list that lives as long as the process, as rlx-runtime wants it.
/// Equal lists are made once.
pub(super) fn claimed_ops(plugin: &Plugin) -> &'static [OpKind] {
    static LISTS: Mutex<Vec<&'static [OpKind]>> = Mutex::new(Vec::new());
    // `OpKind::ALL` of rlx-ir 0.2.19 lacks this one.
    let known = OpKind::ALL.into_iter().chain([OpKind::GatedDeltaNetBackward]);
    let claimed: Vec<OpKind> =
        known.filter(|kind| plugin.info().ops.iter().any(|name| *name == format!("{kind:?}"))).collect();
    let mut lists = LISTS.lock().unwrap_or_else(PoisonError::into_inner);
    match lists.iter().find(|list| **list == claimed) {
        Some(list) => list,
        None => {
            let list: &'static [OpKind] = claimed.leak();
            lists.push(list);
            list
        }
    }
}
