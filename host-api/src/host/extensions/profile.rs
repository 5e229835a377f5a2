//! What an executable has done so far.

use crate::abi::*;
use crate::host::load::slot;
use crate::types::Counters;
use crate::{Error, Executable, Growable};

impl Executable {
    /// Counters since the executable was made.
    ///
    /// # Errors
    /// Unsupported without extension `profile/1`.
    pub fn counters(&self) -> Result<Counters, Error> {
        let table = self.instance().plugin.table::<RlxProfileApi>()?;
        let mut raw = RlxExecutableCounters::sized();
        let _turn = self.instance().turn();
        // SAFETY: live handle, which is not shared between threads; `raw` states its size.
        unsafe { Error::check(slot!(table, counters(self.handle(), &mut raw)))? };
        let RlxExecutableCounters { runs, traces, evaluations, bytes_in, bytes_out, bytes_on_device, .. } = raw;
        Ok(Counters { runs, traces, evaluations, bytes_in, bytes_out, bytes_on_device })
    }
}
