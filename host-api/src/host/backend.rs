//! A backend instance on one device.

use super::load::slot;
use super::{BackendOptions, Plugin};
use crate::abi::*;
use crate::types::Threading;
use crate::views::key_values;
use crate::{Error, Growable, Value};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A backend instance. Clones share it; it lives until the last clone and the last executable are gone.
#[derive(Clone, Debug)]
pub struct Backend {
    inner: Arc<Instance>,
}

/// The plugin's handle, with the plugin's threading rule around it.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) plugin: Plugin,
    handle: *mut RlxBackend,
    turn: Option<Mutex<()>>,
}

// SAFETY: the ABI lets any thread call; where the plugin wants one call at a time, `turn` sees to it.
unsafe impl Send for Instance {}
// SAFETY: as above.
unsafe impl Sync for Instance {}

impl Instance {
    pub(super) fn handle(&self) -> *mut RlxBackend {
        self.handle
    }

    /// Waits for this call's turn in a plugin that wants one call at a time.
    pub(super) fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        // The lock guards no data, so a poisoned one is as good as new.
        self.turn.as_ref().map(|t| t.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _turn = self.turn();
        if let Some(destroy) = self.plugin.api().destroy {
            // SAFETY: the handle came from `create`; executables hold this instance, so none is left.
            unsafe { destroy(self.handle) }
        }
        self.plugin.leave();
    }
}

impl Plugin {
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
}

impl Backend {
    fn create(plugin: &Plugin, device: u64, options: &[(String, Value)]) -> Result<Self, Error> {
        let options = key_values(options);
        let args = RlxCreateArgs {
            device,
            options: options.as_ptr(),
            option_count: options.len() as u64,
            ..RlxCreateArgs::sized()
        };
        let mut handle = std::ptr::null_mut();
        plugin.enter()?;
        // SAFETY: the arguments state their size, and they and their views outlive the call.
        let mut result = unsafe { Error::check(slot!(plugin.api(), create(&args, &mut handle))) };
        if result.is_ok() && handle.is_null() {
            let name = &plugin.info().name;
            result = Err(Error::fault(format!("backend `{name}` made no instance and gave no error")));
        }
        result.inspect_err(|_| plugin.leave())?;
        let turn = (plugin.info().threading == Threading::Serialized).then(Mutex::default);
        Ok(Self { inner: Arc::new(Instance { plugin: plugin.clone(), handle, turn }) })
    }

    pub(super) fn instance(&self) -> &Arc<Instance> {
        &self.inner
    }

    /// The plugin behind this instance.
    pub fn plugin(&self) -> &Plugin {
        &self.inner.plugin
    }
}
