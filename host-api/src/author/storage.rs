//! Memory behind the views that a plugin hands out: made once, alive as long as what it describes.

use crate::abi::*;
use crate::types::{DeviceInfo, PluginInfo, Threading};
use crate::views::key_values;
use crate::{Error, TensorInfo};
use std::sync::OnceLock;

/// Lazily made description of a plugin; one static per exported plugin.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct PluginState {
    pub(super) info: OnceLock<Result<InfoStorage, Error>>,
    pub(super) devices: OnceLock<Result<Vec<DeviceStorage>, Error>>,
}

impl PluginState {
    /// Empty state.
    pub const fn new() -> Self {
        Self { info: OnceLock::new(), devices: OnceLock::new() }
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
            struct_size: size_of::<RlxBackendInfo>() as u64,
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
            struct_size: size_of::<RlxDeviceInfo>() as u64,
            kind: self.info.kind.code(),
            ordinal: self.info.ordinal,
            name: RlxStr::new(&self.info.name),
            hardware_id: RlxStr::new(&self.info.hardware_id),
            memory_bytes: self.info.memory_bytes,
            attributes: self.attributes.as_ptr(),
            attribute_count: self.attributes.len() as u64,
        }
    }
}

/// The tensor lists of one executable: the owned form for checks, and the views into it.
pub(super) struct TensorLists {
    pub(super) inputs: Vec<TensorInfo>,
    pub(super) params: Vec<TensorInfo>,
    pub(super) outputs: Vec<TensorInfo>,
    views: [Vec<RlxTensorInfo>; 3],
}

// SAFETY: the views point into the owned lists, which are never changed.
unsafe impl Send for TensorLists {}
// SAFETY: as above.
unsafe impl Sync for TensorLists {}

impl TensorLists {
    pub(super) fn new(inputs: Vec<TensorInfo>, params: Vec<TensorInfo>, outputs: Vec<TensorInfo>) -> Self {
        let views = [&inputs, &params, &outputs].map(|list| list.iter().map(tensor_view).collect());
        Self { inputs, params, outputs, views }
    }

    pub(super) fn view(&self) -> RlxExecutableInfo {
        let [inputs, params, outputs] = &self.views;
        RlxExecutableInfo {
            struct_size: size_of::<RlxExecutableInfo>() as u64,
            inputs: inputs.as_ptr(),
            input_count: inputs.len() as u64,
            params: params.as_ptr(),
            param_count: params.len() as u64,
            outputs: outputs.as_ptr(),
            output_count: outputs.len() as u64,
        }
    }
}

fn tensor_view(info: &TensorInfo) -> RlxTensorInfo {
    RlxTensorInfo {
        struct_size: size_of::<RlxTensorInfo>() as u64,
        name: RlxStr::new(&info.name),
        dtype: info.dtype.code(),
        rank: info.dims.len() as u32,
        dims: info.dims.as_ptr(),
    }
}
