//! Memory of a plugin's engine: limits from the command line, figures for reports.

use crate::cli::MemoryArgs;
use anyhow::{Context, Result};
use bytesize::ByteSize;
use rlx_host_api::{Backend, ErrorKind, MemoryLimit};
use serde::Serialize;

/// Memory of the engine, in bytes.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Memory {
    /// In use by tensors.
    pub(crate) active_bytes: u64,
    /// The most that was in use at once.
    pub(crate) peak_bytes: u64,
    /// Kept for reuse.
    pub(crate) cache_bytes: u64,
    /// Limit of what is in use.
    pub(crate) limit_bytes: u64,
    /// Limit of what is kept.
    pub(crate) cache_limit_bytes: u64,
}

impl Memory {
    /// The figures; none when the plugin has no extension for them.
    pub(super) fn of(backend: &Backend) -> Result<Option<Self>> {
        match backend.memory_stats() {
            Ok(stats) => Ok(Some(Self {
                active_bytes: stats.active,
                peak_bytes: stats.peak,
                cache_bytes: stats.cache,
                limit_bytes: stats.limit,
                cache_limit_bytes: stats.cache_limit,
            })),
            Err(error) if error.kind() == ErrorKind::Unsupported => Ok(None),
            Err(error) => Err(error).context("memory figures"),
        }
    }
}

/// Sets the limits that the command line names.
pub(super) fn limit(backend: &Backend, args: &MemoryArgs) -> Result<()> {
    let limits = [
        ("--memory-limit", MemoryLimit::Active, args.memory_limit),
        ("--cache-limit", MemoryLimit::Cache, args.cache_limit),
    ];
    for (flag, which, size) in limits {
        if let Some(ByteSize(bytes)) = size {
            backend.set_memory_limit(which, bytes).context(flag)?;
        }
    }
    Ok(())
}
