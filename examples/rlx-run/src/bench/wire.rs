//! What passes between `rlx-run bench` and the processes that it times.

use crate::profile::Noted;
use serde::{Deserialize, Serialize};

/// What a process is asked.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// To run so often, but no longer than so many seconds, and once at least.
    Run {
        /// How often.
        count: u64,
        /// How long.
        seconds: f64,
    },
    /// To run so many programs from as many threads, in turn and at once.
    AtOnce {
        /// How many.
        programs: usize,
        /// How long, in all.
        seconds: f64,
    },
    /// To end.
    End,
}

/// What it says.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    /// The first run is done. Said first.
    Ready(Ready),
    /// There is nothing to time. Said instead.
    Refused {
        /// Whether the command line is to blame.
        usage: bool,
        /// Why.
        message: String,
    },
    /// Milliseconds of the runs.
    Times(Vec<f64>),
    /// Of programs that run at once.
    AtOnce(Throughput),
    /// What there is to tell at the end.
    End(End),
}

/// Runs in a second of several programs, each on a thread of its own.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Throughput {
    pub(super) programs: usize,
    /// One after the other.
    pub(super) in_turn: f64,
    pub(super) at_once: f64,
    /// Runs whose outputs are not those of the first one.
    pub(super) other_bits: u64,
}

/// A process before the runs that count.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Ready {
    /// Of the backend.
    pub(super) version: String,
    /// Kind of the device.
    pub(super) device: String,
    /// Loading, compiling and setting parameters.
    pub(super) load_ms: f64,
    pub(super) first_run_ms: f64,
    /// Bytes of the parameters.
    pub(super) weights_bytes: Option<u64>,
    /// The first values of the first output.
    pub(super) values: Vec<f64>,
    /// A checksum of all outputs; of this program's own processes.
    pub(super) checksum: Option<u64>,
}

/// A process after its runs.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct End {
    /// The most memory that it had at once.
    pub(super) peak_bytes: Option<u64>,
    /// Runs whose outputs are not those of the first one.
    pub(super) other_bits: u64,
    /// What was noted, where that was asked for.
    pub(super) spans: Option<Noted>,
}
