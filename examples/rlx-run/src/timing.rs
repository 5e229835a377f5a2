//! Wall-clock times of the phases of a command.

use serde::Serialize;
use std::time::Instant;

/// How long each phase took, in milliseconds.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct Timings {
    /// Opening the files and the backend.
    pub(crate) load_ms: f64,
    /// Compiling the program.
    pub(crate) compile_ms: f64,
    /// Uploading the parameters.
    pub(crate) params_ms: f64,
    /// The first run, which may still prepare something.
    pub(crate) first_run_ms: f64,
    /// The median of the later runs; of the first when there was only one.
    pub(crate) median_ms: f64,
    /// Number of runs.
    pub(crate) runs: usize,
}

/// Does `work` and adds its time to `total_ms`.
pub(crate) fn timed<T>(total_ms: &mut f64, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    *total_ms += start.elapsed().as_secs_f64() * 1e3;
    result
}

impl Timings {
    /// Adds the runs of one program, of which there is at least one.
    pub(crate) fn add_runs(&mut self, times_ms: &[f64]) {
        let later = if times_ms.len() > 1 { &times_ms[1..] } else { times_ms };
        self.first_run_ms += times_ms.first().copied().unwrap_or_default();
        self.median_ms += median(later);
        self.runs = times_ms.len();
    }
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[n / 2],
        n => (sorted[n / 2 - 1] + sorted[n / 2]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_leaves_the_first_run_out() {
        let mut timings = Timings::default();
        timings.add_runs(&[90.0, 3.0, 1.0, 2.0]);
        assert_eq!((timings.first_run_ms, timings.median_ms, timings.runs), (90.0, 2.0, 4));
        let mut once = Timings::default();
        once.add_runs(&[5.0]);
        assert_eq!((once.first_run_ms, once.median_ms), (5.0, 5.0));
    }
}
