//! A backend instance on one device.

use super::load::slot;
use super::{CompileOptions, Executable, Plugin};
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

impl Backend {
    pub(super) fn create(plugin: &Plugin, device: u64, options: &[(String, Value)]) -> Result<Self, Error> {
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

    pub(super) fn instance(&self) -> &Instance {
        &self.inner
    }

    /// The plugin behind this instance.
    pub fn plugin(&self) -> &Plugin {
        &self.inner.plugin
    }

    /// Compiles a `.rlxmodel` text.
    ///
    /// # Errors
    /// A malformed program, an unsupported op, an unknown option; the message names node and op.
    pub fn compile(&self, program: &[u8], options: &CompileOptions) -> Result<Executable, Error> {
        let mut handle = std::ptr::null_mut();
        options.lend(program, |args| {
            let _turn = self.inner.turn();
            // SAFETY: live handle; the arguments state their size, and they and their views outlive the call.
            unsafe { Error::check(slot!(self.plugin().api(), compile(self.inner.handle, args, &mut handle))) }
        })?;
        Executable::new(Arc::clone(&self.inner), handle)
    }
}
