//! Parameters beyond binding them: parts, sharing, copies.

use crate::abi::*;
use crate::host::load::slot;
use crate::{Error, Executable};
use std::sync::Arc;

impl Executable {
    /// Overwrites the bytes from `offset` on of a bound parameter. Executables that share it keep the old values.
    ///
    /// # Errors
    /// Unsupported without extension `params/1`; an unknown or unbound parameter; a range beyond its end.
    pub fn write_param(&mut self, name: &str, offset: usize, data: &[u8]) -> Result<(), Error> {
        let table = self.instance().plugin.table::<RlxParamsApi>()?;
        let _turn = self.instance().turn();
        // SAFETY: live handle, exclusive by `&mut self`; the views outlive the call.
        unsafe {
            Error::check(slot!(table, write(self.handle(), RlxStr::new(name), offset as u64, RlxBytes::new(data))))
        }
    }

    /// Binds each parameter that `source` has bound under the same name, dtype and shape to the same memory on the
    /// device, and gives their number.
    ///
    /// # Errors
    /// Unsupported without extension `params/1`; invalid argument when `source` is of another plugin.
    pub fn share_params(&mut self, source: &Self) -> Result<usize, Error> {
        self.same_plugin(source)?;
        let table = self.instance().plugin.table::<RlxParamsApi>()?;
        let _turn = self.instance().turn();
        let mut count = 0;
        // SAFETY: live handles of one plugin, which are distinct objects; an executable is not shared between threads.
        unsafe { Error::check(slot!(table, share(self.handle(), source.handle(), &mut count)))? };
        Ok(count as usize)
    }

    /// A second executable of the same program, with shared parameters and resident inputs of its own.
    ///
    /// # Errors
    /// Unsupported without extension `params/1`; otherwise the plugin's error.
    pub fn duplicate(&self) -> Result<Self, Error> {
        let table = self.instance().plugin.table::<RlxParamsApi>()?;
        let mut handle = std::ptr::null_mut();
        {
            let _turn = self.instance().turn();
            // SAFETY: live handle, which is not shared between threads; `handle` is writable.
            unsafe { Error::check(slot!(table, duplicate(self.handle(), &mut handle)))? };
        }
        Self::new(Arc::clone(self.instance()), handle)
    }
}
