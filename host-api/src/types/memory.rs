//! What is told of an engine's memory, and what of it can be limited.

/// Memory of the engine on an instance's device, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MemoryStats {
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

/// Which limit is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemoryLimit {
    /// On memory in use.
    Active,
    /// On memory kept for reuse.
    Cache,
}
