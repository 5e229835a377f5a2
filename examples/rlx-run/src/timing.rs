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
    pub(crate) runs: u64,
}

/// Does `work` and adds its time to `total_ms`.
pub(crate) fn timed<T>(total_ms: &mut f64, work: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = work();
    *total_ms += start.elapsed().as_secs_f64() * 1e3;
    result
}

impl Timings {
    /// Adds the runs of one program.
    pub(crate) fn add_runs(&mut self, times: &RunTimes) {
        self.first_run_ms += times.first_ms;
        let first = [times.first_ms];
        self.median_ms += median(if times.later_ms.is_empty() { &first } else { &times.later_ms });
        self.runs = times.runs;
    }
}

/// The times of the runs of one program, in bounded memory: every run up to [`MOST`](Self::MOST) later ones, then every
/// second, every fourth, and so on, all equally far apart.
#[derive(Debug, Default)]
pub(crate) struct RunTimes {
    runs: u64,
    first_ms: f64,
    later_ms: Vec<f64>,
    /// How many later runs go to one that is kept, as a power of two.
    thinned: u32,
}

impl RunTimes {
    /// How many times of later runs are kept.
    const MOST: usize = 1 << 16;

    /// Adds the time of the next run.
    pub(crate) fn add(&mut self, ms: f64) {
        match self.runs {
            0 => self.first_ms = ms,
            later if (later - 1).trailing_zeros() >= self.thinned => {
                if self.later_ms.len() == Self::MOST {
                    let mut even = false;
                    self.later_ms.retain(|_| {
                        even = !even;
                        even
                    });
                    self.thinned += 1;
                }
                self.later_ms.push(ms);
            }
            _ => {}
        }
        self.runs += 1;
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

    fn times(ms: impl IntoIterator<Item = f64>) -> RunTimes {
        let mut times = RunTimes::default();
        ms.into_iter().for_each(|ms| times.add(ms));
        times
    }

    #[test]
    fn the_median_leaves_the_first_run_out() {
        let mut timings = Timings::default();
        timings.add_runs(&times([90.0, 3.0, 1.0, 2.0]));
        assert_eq!((timings.first_run_ms, timings.median_ms, timings.runs), (90.0, 2.0, 4));
        let mut once = Timings::default();
        once.add_runs(&times([5.0]));
        assert_eq!((once.first_run_ms, once.median_ms), (5.0, 5.0));
    }

    #[test]
    fn the_times_of_many_runs_take_bounded_memory_and_keep_their_median() {
        const RUNS: u32 = 5_000_000;
        let times = times((0..=RUNS).map(f64::from));
        assert!(times.later_ms.len() <= RunTimes::MOST && times.later_ms.capacity() <= 2 * RunTimes::MOST);
        // Equally far apart, from the first of the later ones to the last.
        let step = f64::from(1 << times.thinned);
        assert!(times.later_ms.windows(2).all(|pair| pair[1] - pair[0] == step), "{step}");
        assert!(times.later_ms[0] == 1.0 && times.later_ms.last() >= Some(&(f64::from(RUNS) - step)));
        let mut timings = Timings::default();
        timings.add_runs(&times);
        assert_eq!((timings.runs, timings.first_run_ms), (u64::from(RUNS) + 1, 0.0));
        let middle = f64::from(RUNS) / 2.0;
        assert!((timings.median_ms - middle).abs() <= step, "{} is not {middle}", timings.median_ms);
    }
}
