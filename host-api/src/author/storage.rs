//! Memory behind the views that a plugin hands out: made once, alive as long as what it describes.

use crate::abi::*;
use crate::types::{DeviceInfo, PluginInfo, Threading};
use crate::views::key_values;
use crate::{Error, ErrorKind, Growable, TensorInfo};
use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Lazily made description of a plugin; one static per exported plugin.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct PluginState {
    pub(super) info: OnceLock<Result<InfoStorage, Error>>,
    pub(super) devices: OnceLock<Result<Vec<DeviceStorage>, Error>>,
    pub(super) live: Live,
}

impl PluginState {
    /// Empty state.
    pub const fn new() -> Self {
        Self { info: OnceLock::new(), devices: OnceLock::new(), live: Live(AtomicUsize::new(0)) }
    }
}

/// How many instances and executables are alive; [`DOWN`](Self::DOWN) once the plugin is shut down.
#[derive(Debug, Default)]
pub(super) struct Live(AtomicUsize);

impl Live {
    const DOWN: usize = usize::MAX;

    /// Counts an object in, before it is made.
    pub(super) fn enter(&self) -> Result<(), Error> {
        let more = |n| (n != Self::DOWN).then(|| n + 1);
        match self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more) {
            Ok(_) => Ok(()),
            Err(_) => Err(Error::new(ErrorKind::FailedPrecondition, "the plugin has been shut down")),
        }
    }

    /// Counts an object out.
    pub(super) fn leave(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// From now on nothing can be made.
    pub(super) fn close(&self) -> Result<(), Error> {
        match self.0.compare_exchange(0, Self::DOWN, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) | Err(Self::DOWN) => Ok(()),
            Err(n) => Err(Error::new(
                ErrorKind::FailedPrecondition,
                format!("shutdown: {n} instances and executables are alive; destroy them first"),
            )),
        }
    }

    /// Takes [`close`](Self::close) back.
    pub(super) fn reopen(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

#[derive(Debug)]
pub(super) struct InfoStorage {
    info: PluginInfo,
    version: String,
    ops: Vec<RlxStr>,
}

// SAFETY: the views in `ops` point into `info`, which is never changed.
unsafe impl Send for InfoStorage {}
// SAFETY: as above.
unsafe impl Sync for InfoStorage {}

impl InfoStorage {
    pub(super) fn new(info: PluginInfo) -> Self {
        Self { version: info.version.to_string(), ops: info.ops.iter().map(|s| RlxStr::new(s)).collect(), info }
    }

    pub(super) fn view(&self) -> RlxBackendInfo {
        let info = &self.info;
        RlxBackendInfo {
            name: RlxStr::new(&info.name),
            version: RlxStr::new(&self.version),
            vendor: RlxStr::new(&info.vendor),
            engine: RlxStr::new(&info.engine),
            engine_version: RlxStr::new(&info.engine_version),
            format_version: info.format_version,
            opset_min: *info.opset.start(),
            opset_max: *info.opset.end(),
            threading: match info.threading {
                Threading::Concurrent => RLX_THREADING_CONCURRENT,
                Threading::Serialized => RLX_THREADING_SERIALIZED,
            },
            ops: self.ops.as_ptr(),
            op_count: self.ops.len() as u64,
            ..RlxBackendInfo::sized()
        }
    }
}

#[derive(Debug)]
pub(super) struct DeviceStorage {
    pub(super) info: DeviceInfo,
    attributes: Vec<RlxKeyValue>,
}

// SAFETY: the views in `attributes` point into `info`, which is never changed.
unsafe impl Send for DeviceStorage {}
// SAFETY: as above.
unsafe impl Sync for DeviceStorage {}

impl DeviceStorage {
    pub(super) fn new(info: DeviceInfo) -> Self {
        Self { attributes: key_values(&info.attributes), info }
    }

    pub(super) fn view(&self) -> RlxDeviceInfo {
        RlxDeviceInfo {
            kind: self.info.kind.code(),
            ordinal: self.info.ordinal,
            name: RlxStr::new(&self.info.name),
            hardware_id: RlxStr::new(&self.info.hardware_id),
            memory_bytes: self.info.memory_bytes,
            attributes: self.attributes.as_ptr(),
            attribute_count: self.attributes.len() as u64,
            ..RlxDeviceInfo::sized()
        }
    }
}

/// The tensor lists of one executable: the owned form for checks, and the views into it.
pub(super) struct TensorLists {
    pub(super) inputs: Vec<TensorInfo>,
    pub(super) params: Vec<TensorInfo>,
    pub(super) outputs: Vec<TensorInfo>,
    /// Index of each parameter by its name, so that binding thousands of them does not take a search each.
    param_index: HashMap<String, usize>,
    views: [Vec<RlxTensorInfo>; 3],
}

// SAFETY: the views point into the owned lists, which are never changed.
unsafe impl Send for TensorLists {}
// SAFETY: as above.
unsafe impl Sync for TensorLists {}

impl TensorLists {
    pub(super) fn new(inputs: Vec<TensorInfo>, params: Vec<TensorInfo>, outputs: Vec<TensorInfo>) -> Self {
        let views = [&inputs, &params, &outputs].map(|list| list.iter().map(tensor_view).collect());
        let param_index = params.iter().enumerate().map(|(index, info)| (info.name.clone(), index)).collect();
        Self { inputs, params, outputs, param_index, views }
    }

    /// The declared parameter of this name.
    pub(super) fn param(&self, name: &str) -> Result<&TensorInfo, Error> {
        match self.param_index.get(name) {
            Some(&index) => Ok(&self.params[index]),
            None => Err(Error::not_found(format!("the graph has no parameter `{name}`")).with("param", name)),
        }
    }

    pub(super) fn view(&self) -> RlxExecutableInfo {
        let [inputs, params, outputs] = &self.views;
        RlxExecutableInfo {
            inputs: inputs.as_ptr(),
            input_count: inputs.len() as u64,
            params: params.as_ptr(),
            param_count: params.len() as u64,
            outputs: outputs.as_ptr(),
            output_count: outputs.len() as u64,
            ..RlxExecutableInfo::sized()
        }
    }
}

pub(super) fn tensor_view(info: &TensorInfo) -> RlxTensorInfo {
    RlxTensorInfo {
        name: RlxStr::new(&info.name),
        dtype: info.dtype.code(),
        rank: info.dims.len() as u32,
        dims: info.dims.as_ptr(),
        ..RlxTensorInfo::sized()
    }
}
