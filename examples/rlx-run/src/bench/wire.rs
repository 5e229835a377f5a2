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
    /// What there is to tell at the end.
    End(End),
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
}

/// A process after its runs.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct End {
    /// The most memory that it had at once.
    pub(super) peak_bytes: Option<u64>,
    /// What was noted, where that was asked for.
    pub(super) spans: Option<Noted>,
}
