//! Extension `memory/1`.

use crate::abi::*;
use crate::author::thunks::{guard, type_layout};
use crate::author::{Backend, Exported, Plugin};
use crate::growable::fill;
use crate::types::{MemoryLimit, MemoryStats};
use crate::{Error, Growable};
use std::ffi::c_void;

/// Backends that tell and limit the engine's memory.
pub trait Memory: Backend {
    /// What is in use now.
    ///
    /// # Errors
    /// When the engine cannot tell.
    fn memory_stats(&self) -> Result<MemoryStats, Error>;

    /// Sets a limit in bytes and gives the one before.
    ///
    /// # Errors
    /// When the engine refuses it.
    fn set_memory_limit(&self, which: MemoryLimit, bytes: u64) -> Result<u64, Error>;

    /// Gives kept memory back to the system.
    ///
    /// # Errors
    /// When the engine fails.
    fn clear_cache(&self) -> Result<(), Error>;

    /// Starts `peak` anew.
    ///
    /// # Errors
    /// When the engine fails.
    fn reset_peak(&self) -> Result<(), Error>;
}

/// The table of extension `memory/1` for plugin `P`.
pub fn memory_table<P: Exported>() -> *const c_void
where
    P::Backend: Memory,
{
    let table: &'static RlxMemoryApi = const {
        &RlxMemoryApi {
            struct_size: size_of::<RlxMemoryApi>() as u64,
            type_layout: Some(type_layout::<RlxMemoryApi>),
            stats: Some(stats::<P>),
            set_limit: Some(set_limit::<P>),
            clear_cache: Some(clear_cache::<P>),
            reset_peak: Some(reset_peak::<P>),
        }
    };
    std::ptr::from_ref(table).cast()
}

/// # Safety
/// A non-NULL `backend` is a live handle of plugin `P`.
unsafe fn instance<'a, P: Plugin>(backend: *mut RlxBackend) -> Result<&'a P::Backend, Error> {
    // SAFETY: promised by the caller.
    unsafe { backend.cast::<P::Backend>().as_ref() }.ok_or_else(|| Error::invalid("memory: backend must not be NULL"))
}

unsafe extern "C" fn stats<P: Exported>(backend: *mut RlxBackend, stats: *mut RlxMemoryStats) -> *mut RlxError
where
    P::Backend: Memory,
{
    // SAFETY: the host's promises about the handle and `stats`.
    guard(|| unsafe {
        let MemoryStats { active, peak, cache, limit, cache_limit } = instance::<P>(backend)?.memory_stats()?;
        let value = RlxMemoryStats { active, peak, cache, limit, cache_limit, ..RlxMemoryStats::sized() };
        fill(stats, value, "stats")
    })
}

unsafe extern "C" fn set_limit<P: Exported>(
    backend: *mut RlxBackend,
    which: u32,
    bytes: u64,
    previous: *mut u64,
) -> *mut RlxError
where
    P::Backend: Memory,
{
    // SAFETY: the host's promises about the handle and `previous`.
    guard(|| unsafe {
        let previous = previous.as_mut().ok_or_else(|| Error::invalid("set_limit: previous must not be NULL"))?;
        let which = match which {
            RLX_MEMORY_LIMIT => MemoryLimit::Active,
            RLX_MEMORY_CACHE_LIMIT => MemoryLimit::Cache,
            other => return Err(Error::invalid(format!("set_limit: unknown limit {other}"))),
        };
        *previous = instance::<P>(backend)?.set_memory_limit(which, bytes)?;
        Ok(())
    })
}

unsafe extern "C" fn clear_cache<P: Exported>(backend: *mut RlxBackend) -> *mut RlxError
where
    P::Backend: Memory,
{
    // SAFETY: the host's promise about the handle.
    guard(|| unsafe { instance::<P>(backend)?.clear_cache() })
}

unsafe extern "C" fn reset_peak<P: Exported>(backend: *mut RlxBackend) -> *mut RlxError
where
    P::Backend: Memory,
{
    // SAFETY: the host's promise about the handle.
    guard(|| unsafe { instance::<P>(backend)?.reset_peak() })
}
