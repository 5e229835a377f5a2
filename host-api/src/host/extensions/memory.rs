//! Memory of the engine.

use crate::abi::*;
use crate::host::load::slot;
use crate::types::{MemoryLimit, MemoryStats};
use crate::{Backend, Error, Growable};

impl Backend {
    fn memory(&self) -> Result<&'static RlxMemoryApi, Error> {
        self.plugin().table::<RlxMemoryApi>()
    }

    /// Memory of the engine on this instance's device, in bytes.
    ///
    /// # Errors
    /// Unsupported without extension `memory/1`.
    pub fn memory_stats(&self) -> Result<MemoryStats, Error> {
        let table = self.memory()?;
        let mut raw = RlxMemoryStats::sized();
        let _turn = self.instance().turn();
        // SAFETY: live handle; `raw` states its size.
        unsafe { Error::check(slot!(table, stats(self.instance().handle(), &mut raw)))? };
        let RlxMemoryStats { active, peak, cache, limit, cache_limit, .. } = raw;
        Ok(MemoryStats { active, peak, cache, limit, cache_limit })
    }

    /// Sets a limit in bytes and gives the one before.
    ///
    /// # Errors
    /// Unsupported without extension `memory/1`; a limit that the engine refuses.
    pub fn set_memory_limit(&self, which: MemoryLimit, bytes: u64) -> Result<u64, Error> {
        let table = self.memory()?;
        let which = match which {
            MemoryLimit::Active => RLX_MEMORY_LIMIT,
            MemoryLimit::Cache => RLX_MEMORY_CACHE_LIMIT,
        };
        let mut previous = 0;
        let _turn = self.instance().turn();
        // SAFETY: live handle; `previous` is writable.
        unsafe { Error::check(slot!(table, set_limit(self.instance().handle(), which, bytes, &mut previous)))? };
        Ok(previous)
    }

    /// Gives memory that the engine keeps for reuse back to the system.
    ///
    /// # Errors
    /// Unsupported without extension `memory/1`.
    pub fn clear_memory_cache(&self) -> Result<(), Error> {
        let table = self.memory()?;
        let _turn = self.instance().turn();
        // SAFETY: live handle.
        unsafe { Error::check(slot!(table, clear_cache(self.instance().handle()))) }
    }

    /// Starts the peak of [`memory_stats`](Self::memory_stats) anew.
    ///
    /// # Errors
    /// Unsupported without extension `memory/1`.
    pub fn reset_memory_peak(&self) -> Result<(), Error> {
        let table = self.memory()?;
        let _turn = self.instance().turn();
        // SAFETY: live handle.
        unsafe { Error::check(slot!(table, reset_peak(self.instance().handle()))) }
    }
}
