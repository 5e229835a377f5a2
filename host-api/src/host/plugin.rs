//! A loaded plugin.

use super::extensions::Tables;
use super::load::{load, slot};
use crate::abi::*;
use crate::discovery::Refusal;
use crate::types::{DeviceInfo, DeviceKind, PluginInfo, Threading};
use crate::views::{pairs, slice, text};
use crate::{Error, ErrorKind, Growable};
use std::collections::HashMap;
use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

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
    usage: Mutex<Usage>,
    tables: Tables,
}

/// Whether the plugin may be shut down, or has been.
#[derive(Debug, Default)]
struct Usage {
    instances: usize,
    down: bool,
}

impl Plugin {
    /// Opens the plugin file at `path` without looking at it first, once a process.
    pub(crate) fn open(path: &Path) -> Result<Self, Refusal> {
        static LOADED: LazyLock<Mutex<HashMap<PathBuf, Plugin>>> = LazyLock::new(Mutex::default);
        let path = path.canonicalize().map_err(|_| Refusal::NotFound)?;
        // Poisoning is harmless: the map is only ever inserted into.
        let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plugin) = loaded.get(&path) {
            return Ok(plugin.clone());
        }
        let api = load(&path)?;
        let info = read_info(api)?;
        log::debug!(
            "loaded {} {} ({} {}) from {}",
            info.name,
            info.version,
            info.engine,
            info.engine_version,
            path.display()
        );
        let (usage, tables) = Default::default();
        let plugin = Self { inner: Arc::new(Inner { api, path: path.clone(), info, usage, tables }) };
        loaded.insert(path, plugin.clone());
        Ok(plugin)
    }

    /// A plugin that is part of this program, for tests.
    #[cfg(test)]
    pub(crate) fn of_table(api: &'static RlxBackendApi) -> Self {
        let info = read_info(api).unwrap();
        let (usage, tables) = Default::default();
        Self { inner: Arc::new(Inner { api, path: PathBuf::new(), info, usage, tables }) }
    }

    /// What the plugin is.
    pub fn info(&self) -> &PluginInfo {
        &self.inner.info
    }

    /// The ABI version that it is built for. It may be newer than that of this host.
    pub fn abi_version(&self) -> RlxVersion {
        self.inner.api.abi_version
    }

    /// The file it was loaded from, absolute.
    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    pub(super) fn tables(&self) -> &Tables {
        &self.inner.tables
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
        if count > MAX_DEVICES {
            return Err(Error::fault(format!("backend `{}` claims {count} devices", self.info().name)));
        }
        (0..count).map(|index| self.device(index)).collect()
    }

    fn device(&self, index: u64) -> Result<DeviceInfo, Error> {
        let mut raw = RlxDeviceInfo::sized();
        // SAFETY: `raw` states its size and outlives the call; what the plugin fills in lives as long as the process.
        let read = unsafe {
            Error::check(slot!(self.api(), device_info(index, &mut raw)))?;
            read_device(&raw)
        };
        // Whatever is wrong in it, the plugin said it.
        read.map_err(|e| Error::fault(e.message()).context(format!("device {index}")))
    }

    /// Stops the plugin's threads and drops its caches, for a host that wants its memory back before it ends. The
    /// library stays loaded; no instance can be made after.
    ///
    /// # Errors
    /// Failed precondition while an instance or executable of this process is alive, or when it has been shut down
    /// before; otherwise the plugin's error, after which it is still usable.
    pub fn shutdown(&self) -> Result<(), Error> {
        let name = &self.info().name;
        let mut usage = self.usage();
        if usage.down {
            return Err(self.is_down());
        }
        if usage.instances > 0 {
            return Err(Error::new(
                ErrorKind::FailedPrecondition,
                format!(
                    "backend `{name}` has {} live instances: drop them and their executables first",
                    usage.instances
                ),
            ));
        }
        // SAFETY: no instance is alive, and none is made while the lock is held.
        unsafe { Error::check(slot!(self.api(), shutdown()))? };
        usage.down = true;
        Ok(())
    }

    /// Counts an instance in, before it is made.
    pub(super) fn enter(&self) -> Result<(), Error> {
        let mut usage = self.usage();
        if usage.down {
            return Err(self.is_down());
        }
        usage.instances += 1;
        Ok(())
    }

    /// Counts an instance out, after it is gone.
    pub(super) fn leave(&self) {
        self.usage().instances -= 1;
    }

    fn usage(&self) -> MutexGuard<'_, Usage> {
        // Two numbers that are changed in one step each: a poisoned lock guards nothing half done.
        self.inner.usage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_down(&self) -> Error {
        let name = &self.info().name;
        Error::new(ErrorKind::FailedPrecondition, format!("backend `{name}` has been shut down in this process"))
    }

    /// The extension table `id` of `version`, or `None` when the plugin lacks it. The pointer is valid for the life of
    /// the process; its type is that of the extension's documentation.
    pub fn extension(&self, id: &str, version: u32) -> Option<std::ptr::NonNull<c_void>> {
        let get = self.api().get_extension?;
        // SAFETY: the view lives for the call.
        let table = unsafe { get(RlxStr::new(id), version) };
        std::ptr::NonNull::new(table.cast_mut())
    }

    /// [`extension`](Self::extension) for a caller that cannot go on without it.
    ///
    /// # Errors
    /// Unsupported when the plugin lacks it; the message names the extension, the plugin and its version.
    pub fn require_extension(&self, id: &str, version: u32) -> Result<std::ptr::NonNull<c_void>, Error> {
        self.extension(id, version).ok_or_else(|| {
            let PluginInfo { name, version: own, .. } = self.info();
            let lacking = format!("{id}/{version}");
            Error::unsupported(format!("backend `{name}` {own} lacks the extension `{lacking}`; update the plugin"))
                .with("extension", lacking)
        })
    }
}

/// A name or version longer than this is not believed.
const MAX_NAME: u64 = 1 << 12;

/// More devices than any machine has: a count beyond it is not believed.
const MAX_DEVICES: u64 = 1 << 12;

/// More op names than any IR has: a count beyond it is not believed.
const MAX_OPS: u64 = 1 << 16;

fn read_info(api: &'static RlxBackendApi) -> Result<PluginInfo, Refusal> {
    let mut raw = RlxBackendInfo::sized();
    // SAFETY: `raw` states its size and outlives the call.
    unsafe { Error::check(slot!(api, info(&mut raw))) }.map_err(|error| Refusal::InitFailed { error })?;
    // SAFETY: what the plugin filled in lives as long as the process.
    unsafe { describe(&raw) }.map_err(|e| Refusal::BadDescription { reason: e.message().to_owned() })
}

/// # Safety
/// The views in `raw` are valid.
unsafe fn read_device(raw: &RlxDeviceInfo) -> Result<DeviceInfo, Error> {
    // SAFETY: promised by the caller.
    let (name, hardware_id, attributes) = unsafe {
        (
            text(raw.name, MAX_NAME, "its name")?,
            text(raw.hardware_id, MAX_NAME, "its hardware id")?,
            pairs(raw.attributes, raw.attribute_count, "its attributes")?,
        )
    };
    Ok(DeviceInfo {
        kind: DeviceKind::from_code(raw.kind),
        ordinal: raw.ordinal,
        name: name.to_owned(),
        hardware_id: hardware_id.to_owned(),
        memory_bytes: raw.memory_bytes,
        attributes,
    })
}

/// # Safety
/// The views in `raw` are valid.
unsafe fn describe(raw: &RlxBackendInfo) -> Result<PluginInfo, Error> {
    // SAFETY: promised by the caller.
    let text = |view: RlxStr, what: &str| unsafe { text(view, MAX_NAME, what) }.map(str::to_owned);
    let name = text(raw.name, "its name")?;
    if name.is_empty() {
        return Err(Error::fault("its backend name is empty"));
    }
    let version = text(raw.version, "its version")?;
    if raw.op_count > MAX_OPS {
        return Err(Error::fault(format!("it claims {} ops", raw.op_count)));
    }
    if raw.opset_min > raw.opset_max {
        return Err(Error::fault(format!("it claims to read opsets {} to {}", raw.opset_min, raw.opset_max)));
    }
    // SAFETY: promised by the caller.
    let ops = unsafe { slice(raw.ops, raw.op_count, "its op names")? };
    Ok(PluginInfo {
        version: semver::Version::parse(&version)
            .map_err(|e| Error::fault(format!("its version `{version}` is not semver: {e}")))?,
        vendor: text(raw.vendor, "its vendor")?,
        engine: text(raw.engine, "its engine")?,
        engine_version: text(raw.engine_version, "its engine version")?,
        format_version: raw.format_version,
        opset: raw.opset_min..=raw.opset_max,
        threading: match raw.threading {
            RLX_THREADING_CONCURRENT => Threading::Concurrent,
            RLX_THREADING_SERIALIZED => Threading::Serialized,
            other => return Err(Error::fault(format!("threading mode {other} is none that this host knows"))),
        },
        ops: ops.iter().map(|&op| text(op, "an op name")).collect::<Result<_, Error>>()?,
        name,
    })
}
