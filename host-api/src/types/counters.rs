//! What an executable has counted.

/// What an executable has done since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Runs that were started.
    pub runs: u64,
    /// How often the program or a part of it was traced.
    pub traces: u64,
    /// Evaluations that were waited for or submitted.
    pub evaluations: u64,
    /// Bytes taken from host memory.
    pub bytes_in: u64,
    /// Bytes copied to host memory.
    pub bytes_out: u64,
    /// Bytes moved between arrays on the device by copies and feeds.
    pub bytes_on_device: u64,
}
