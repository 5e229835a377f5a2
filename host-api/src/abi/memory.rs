//! Extension `memory/1`: how much memory the engine holds, and limits on it.

use super::{RlxBackend, RlxError};
use abi_stable::StableAbi;
use std::ffi::c_void;

/// Memory of the engine on the device of an instance, in bytes.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxMemoryStats {
    /// Size of this struct, set by the host.
    pub struct_size: u64,
    /// In use by arrays.
    pub active: u64,
    /// Highest `active` since the start or the last reset.
    pub peak: u64,
    /// Kept for reuse.
    pub cache: u64,
    /// Limit on `active`, a guideline of the engine's.
    pub limit: u64,
    /// Limit on `cache`.
    pub cache_limit: u64,
}

// Which limit [`RlxMemoryApi::set_limit`] sets.

/// On memory in use.
pub const RLX_MEMORY_LIMIT: u32 = 0;
/// On memory kept for reuse.
pub const RLX_MEMORY_CACHE_LIMIT: u32 = 1;

/// The table of extension [`memory`](RLX_MEMORY_ID) version 1 (frozen).
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxMemoryApi {
    /// Size of this struct.
    pub struct_size: u64,
    /// Layout of this table, as [`RlxBackendApi::type_layout`](super::RlxBackendApi).
    pub type_layout: Option<unsafe extern "C" fn() -> *const c_void>,
    /// Fills `stats`.
    pub stats: Option<unsafe extern "C" fn(backend: *mut RlxBackend, stats: *mut RlxMemoryStats) -> *mut RlxError>,
    /// Sets a limit (`RLX_MEMORY_LIMIT`, `RLX_MEMORY_CACHE_LIMIT`) and writes the one before.
    pub set_limit: Option<
        unsafe extern "C" fn(backend: *mut RlxBackend, which: u32, bytes: u64, previous: *mut u64) -> *mut RlxError,
    >,
    /// Gives kept memory back to the system.
    pub clear_cache: Option<unsafe extern "C" fn(backend: *mut RlxBackend) -> *mut RlxError>,
    /// Starts `peak` anew.
    pub reset_peak: Option<unsafe extern "C" fn(backend: *mut RlxBackend) -> *mut RlxError>,
}

/// Id of [`RlxMemoryApi`].
pub const RLX_MEMORY_ID: &str = "memory";
/// Version of [`RlxMemoryApi`].
pub const RLX_MEMORY_VERSION: u32 = 1;
