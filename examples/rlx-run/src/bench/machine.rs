//! What was timed on.

use serde::Serialize;
use std::fs;

/// The machine, as far as it tells.
#[derive(Debug, Serialize)]
pub(super) struct Machine {
    pub(super) processor: String,
    /// Cores that this process may use.
    pub(super) cores: usize,
    /// The load averages of 1, 5 and 15 minutes before the first run.
    pub(super) load: Option<[f64; 3]>,
}

impl Machine {
    pub(super) fn now() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { processor: processor(), cores, load: load() }
    }
}

fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}

/// The load averages.
pub(super) fn load() -> Option<[f64; 3]> {
    let text = fs::read_to_string("/proc/loadavg").ok()?;
    let mut numbers = text.split(' ').map_while(|word| word.parse().ok());
    Some([numbers.next()?, numbers.next()?, numbers.next()?])
}

/// The most memory that this process has had at once; only Linux tells it of the program alone.
pub(super) fn peak_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}
