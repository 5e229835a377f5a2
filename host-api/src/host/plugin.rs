//! A loaded plugin.

use super::load::{load, slot};
use super::{Backend, BackendOptions};
use crate::abi::*;
use crate::types::{DeviceInfo, DeviceKind, PluginInfo, Threading};
use crate::views::{pairs, slice};
use crate::{Error, ErrorKind};
use std::collections::HashMap;
use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

/// A plugin, loaded once a process and never unloaded. Clones share it.
#[derive(Clone, Debug)]
pub struct Plugin {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    api: &'static RlxBackendApi,
    path: PathBuf,
    info: PluginInfo,
}

impl Plugin {
    /// Loads the plugin file at `path`, or returns the one loaded before.
    ///
    /// # Errors
    /// Not found, not a plugin, no ABI version in common, or a plugin that cannot describe itself; the message names
    /// the file.
    pub fn load(path: &Path) -> Result<Self, Error> {
        static LOADED: LazyLock<Mutex<HashMap<PathBuf, Plugin>>> = LazyLock::new(Mutex::default);
        let path = path
            .canonicalize()
            .map_err(|e| Error::not_found(format!("{}: no such plugin file: {e}", path.display())))?;
        // Poisoning is harmless: the map is only ever inserted into.
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plugin) = loaded.get(&path) {
            return Ok(plugin.clone());
        }
        let api = load(&path)?;
        let info = read_info(api).map_err(|e| e.context(path.display()))?;
        log::debug!(
            "loaded {} {} ({} {}) from {}",
            info.name,
            info.version,
            info.engine,
            info.engine_version,
            path.display()
        );
        let plugin = Self { inner: Arc::new(Inner { api, path: path.clone(), info }) };
        loaded.insert(path, plugin.clone());
        Ok(plugin)
    }

    /// What the plugin is.
    pub fn info(&self) -> &PluginInfo {
        &self.inner.info
    }

    /// The ABI version of its table.
    pub fn abi_version(&self) -> RlxVersion {
        self.inner.api.abi_version
    }

    /// The file it was loaded from, absolute.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    pub(super) fn api(&self) -> &'static RlxBackendApi {
        self.inner.api
    }

    /// The devices that the plugin can use.
    ///
    /// # Errors
    /// When the plugin cannot enumerate them.
    pub fn devices(&self) -> Result<Vec<DeviceInfo>, Error> {
        let mut count = 0;
        // SAFETY: `count` outlives the call.
        unsafe { Error::check(slot!(self.api(), device_count(&mut count)))? };
        (0..count).map(|index| self.device(index)).collect()
    }

    fn device(&self, index: u64) -> Result<DeviceInfo, Error> {
        let mut raw = RlxDeviceInfo {
            struct_size: size_of::<RlxDeviceInfo>() as u64,
            kind: 0,
            ordinal: 0,
            name: RlxStr::EMPTY,
            hardware_id: RlxStr::EMPTY,
            memory_bytes: 0,
            attributes: std::ptr::null(),
            attribute_count: 0,
        };
        // SAFETY: `raw` states its size and outlives the call; what the plugin fills in lives as long as the process.
        unsafe {
            Error::check(slot!(self.api(), device_info(index, &mut raw)))?;
            Ok(DeviceInfo {
                kind: DeviceKind::from_code(raw.kind),
                ordinal: raw.ordinal,
                name: raw.name.as_str()?.to_owned(),
                hardware_id: raw.hardware_id.as_str()?.to_owned(),
                memory_bytes: raw.memory_bytes,
                attributes: pairs(raw.attributes, raw.attribute_count, "device attributes")?,
            })
        }
    }

    /// Makes a backend instance.
    ///
    /// # Errors
    /// Not found when the plugin has no such device (the message lists those it has); otherwise the plugin's error.
    pub fn create(&self, options: &BackendOptions) -> Result<Backend, Error> {
        let devices = self.devices()?;
        let index = devices
            .iter()
            .position(|d| options.kind.is_none_or(|kind| d.kind == kind && d.ordinal == options.ordinal))
            .ok_or_else(|| {
                let have: Vec<String> = devices.iter().map(|d| format!("{}:{}", d.kind, d.ordinal)).collect();
                let wanted = options.kind.map_or_else(|| "device".to_owned(), |k| format!("{k}:{}", options.ordinal));
                Error::not_found(format!(
                    "backend `{}` has no {wanted} here; its devices are: {}",
                    self.info().name,
                    if have.is_empty() { "none".to_owned() } else { have.join(", ") }
                ))
            })?;
        Backend::create(self, index as u64, &options.options)
    }

    /// The extension table `id` of `version`, or `None` when the plugin lacks it. The pointer is valid for the life of
    /// the process; its type is that of the extension's documentation.
    pub fn extension(&self, id: &str, version: u32) -> Option<std::ptr::NonNull<c_void>> {
        let get = self.api().get_extension?;
        // SAFETY: the view lives for the call.
        let table = unsafe { get(RlxStr::new(id), version) };
        std::ptr::NonNull::new(table.cast_mut())
    }
}

fn read_info(api: &'static RlxBackendApi) -> Result<PluginInfo, Error> {
    let mut raw = RlxBackendInfo {
        struct_size: size_of::<RlxBackendInfo>() as u64,
        name: RlxStr::EMPTY,
        version: RlxStr::EMPTY,
        vendor: RlxStr::EMPTY,
        engine: RlxStr::EMPTY,
        engine_version: RlxStr::EMPTY,
        format_version: 0,
        opset_min: 0,
        opset_max: 0,
        threading: 0,
        ops: std::ptr::null(),
        op_count: 0,
    };
    // SAFETY: `raw` states its size and outlives the call; what the plugin fills in lives as long as the process.
    unsafe {
        Error::check(slot!(api, info(&mut raw)))?;
        let name = raw.name.as_str()?.to_owned();
        if name.is_empty() {
            return Err(Error::fault("the plugin has an empty backend name"));
        }
        let version = raw.version.as_str()?;
        let ops = slice(raw.ops, raw.op_count, "op names")?;
        Ok(PluginInfo {
            version: semver::Version::parse(version)
                .map_err(|e| Error::fault(format!("plugin version `{version}` is not semver: {e}")))?,
            vendor: raw.vendor.as_str()?.to_owned(),
            engine: raw.engine.as_str()?.to_owned(),
            engine_version: raw.engine_version.as_str()?.to_owned(),
            format_version: raw.format_version,
            opset: raw.opset_min..=raw.opset_max,
            threading: match raw.threading {
                threading::CONCURRENT => Threading::Concurrent,
                threading::SERIALIZED => Threading::Serialized,
                other => {
                    return Err(Error::new(
                        ErrorKind::VersionMismatch,
                        format!("the plugin asks for threading mode {other}, which this host does not know"),
                    ));
                }
            },
            ops: ops.iter().map(|s| Ok(s.as_str()?.to_owned())).collect::<Result<_, Error>>()?,
            name,
        })
    }
}
