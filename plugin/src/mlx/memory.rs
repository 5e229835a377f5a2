//! What MLX's allocator is asked, of which a process has one.
//!
//! Figures are read without waiting for a stream. What sets a limit or gives memory back waits for all CPU streams, as MLX
//! does.

use super::errors::check;
use crate::process::gate;
use rlx_host_api::Error;
use rlx_host_api::author::{MemoryLimit, MemoryStats};
use rlx_mlx_shim as ffi;
use std::ffi::c_int;

/// A figure that a shim function writes.
fn figure(read: unsafe extern "C" fn(*mut usize) -> c_int) -> Result<u64, Error> {
    let mut bytes = 0;
    // SAFETY: `bytes` is writable, which is all that the readers of `memory.h` ask for.
    check(unsafe { read(&mut bytes) })?;
    Ok(bytes as u64)
}

/// Gives what MLX keeps for reuse back to the system.
pub(crate) fn clear_cache() -> Result<(), Error> {
    let _pass = gate::pass()?;
    // SAFETY: takes nothing.
    check(unsafe { ffi::rlx_mlx_memory_clear_cache() })
}

/// The most that evaluation should use.
pub(crate) fn limit() -> Result<u64, Error> {
    figure(ffi::rlx_mlx_memory_limit)
}

/// The most that is kept for reuse. The first to ask waits for all CPU streams, so the plugin asks before there are any.
pub(crate) fn cache_limit() -> Result<u64, Error> {
    figure(ffi::rlx_mlx_memory_cache_limit)
}

/// All figures.
pub(crate) fn stats() -> Result<MemoryStats, Error> {
    let _pass = gate::pass()?;
    Ok(MemoryStats {
        active: figure(ffi::rlx_mlx_memory_active)?,
        peak: figure(ffi::rlx_mlx_memory_peak)?,
        cache: figure(ffi::rlx_mlx_memory_cached)?,
        limit: limit()?,
        cache_limit: cache_limit()?,
    })
}

/// Sets a limit, and gives what it was.
pub(crate) fn set_limit(which: MemoryLimit, bytes: u64) -> Result<u64, Error> {
    let _pass = gate::pass()?;
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    let mut previous = 0;
    // SAFETY: `previous` is writable.
    check(unsafe {
        match which {
            MemoryLimit::Active => ffi::rlx_mlx_memory_set_limit(bytes, &mut previous),
            MemoryLimit::Cache => ffi::rlx_mlx_memory_set_cache_limit(bytes, &mut previous),
        }
    })?;
    Ok(previous as u64)
}

/// Starts the peak anew.
pub(crate) fn reset_peak() -> Result<(), Error> {
    let _pass = gate::pass()?;
    // SAFETY: takes nothing.
    check(unsafe { ffi::rlx_mlx_memory_reset_peak() })
}
