//! Kernels of the host's own, by backend instance.

use crate::abi::*;
use crate::host::load::slot;
use crate::kernel::{Kernel, KernelKind, lend};
use crate::views::{MAX_TEXT, text};
use crate::{Backend, Error};
use std::ffi::c_void;

impl Backend {
    fn kernel_table(&self) -> Result<&'static RlxKernelsApi, Error> {
        self.plugin().table::<RlxKernelsApi>()
    }

    /// Registers a kernel for the custom op of its name; true when it replaces one, which the plugin also logs. Programs
    /// that are compiled from now on have it.
    ///
    /// # Errors
    /// Unsupported without extension `kernels/1`; a kernel that is not complete.
    pub fn register_kernel(&self, kernel: impl Into<Kernel>) -> Result<bool, Error> {
        let table = self.kernel_table()?;
        let (mut replaced, mut answer) = (0, Err(Error::fault("the kernel was not registered")));
        lend(kernel.into(), &mut |raw| {
            let _turn = self.instance().turn();
            // SAFETY: live handle; the kernel states its size, its views outlive the call, and its context is the plugin's
            // from here on.
            answer = unsafe { Error::check(slot!(table, register(self.instance().handle(), raw, &mut replaced))) };
        });
        answer.map(|()| replaced != 0)
    }

    /// Takes the kernel of a custom op away; true when there was one. Programs that have it keep it.
    ///
    /// # Errors
    /// Unsupported without extension `kernels/1`.
    pub fn unregister_kernel(&self, op: &str) -> Result<bool, Error> {
        let table = self.kernel_table()?;
        let mut removed = 0;
        let _turn = self.instance().turn();
        // SAFETY: live handle; the name outlives the call, `removed` is writable.
        unsafe {
            Error::check(slot!(table, unregister(self.instance().handle(), RlxStr::new(op), &mut removed)))?;
        }
        Ok(removed != 0)
    }

    /// The kind of the kernel that is registered for a custom op, if there is one.
    ///
    /// # Errors
    /// Unsupported without extension `kernels/1`.
    pub fn kernel(&self, op: &str) -> Result<Option<KernelKind>, Error> {
        let table = self.kernel_table()?;
        let mut kind = 0;
        let _turn = self.instance().turn();
        // SAFETY: live handle; the name outlives the call, `kind` is writable.
        unsafe { Error::check(slot!(table, lookup(self.instance().handle(), RlxStr::new(op), &mut kind)))? };
        Ok(KernelKind::from_code(kind))
    }

    /// The registered kernels, sorted by op.
    ///
    /// # Errors
    /// Unsupported without extension `kernels/1`.
    pub fn kernels(&self) -> Result<Vec<(String, KernelKind)>, Error> {
        unsafe extern "C" fn emit(context: *mut c_void, op: RlxStr, kind: u32) {
            // SAFETY: the list below; the plugin's promise about the name.
            let (list, op) = unsafe { (&mut *context.cast::<Vec<_>>(), text(op, MAX_TEXT, "an op")) };
            if let (Ok(op), Some(kind)) = (op, KernelKind::from_code(kind)) {
                list.push((op.to_owned(), kind));
            }
        }
        let table = self.kernel_table()?;
        let mut found: Vec<(String, KernelKind)> = Vec::new();
        let sink = RlxKernelSink { context: (&raw mut found).cast(), emit: Some(emit) };
        let _turn = self.instance().turn();
        // SAFETY: live handle; the sink and the list behind it outlive the call.
        unsafe { Error::check(slot!(table, list(self.instance().handle(), &sink)))? };
        Ok(found)
    }
}
