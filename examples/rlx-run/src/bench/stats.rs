//! What many runs come to.

use serde::Serialize;

/// Milliseconds of a backend's runs.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Stats {
    pub(super) runs: usize,
    pub(super) min_ms: f64,
    pub(super) p50_ms: f64,
    pub(super) p90_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) mean_ms: f64,
}

impl Stats {
    /// Of these runs, of which there is one at least.
    pub(super) fn of(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        let at = |percent: usize| percentile(&times, percent);
        let mean_ms = times.iter().sum::<f64>() / times.len().max(1) as f64;
        Self { runs: times.len(), min_ms: at(0), p50_ms: at(50), p90_ms: at(90), p99_ms: at(99), mean_ms }
    }
}

/// The smallest time that so many percent of the runs do not exceed (nearest rank).
pub(super) fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_of_runs() {
        let stats = Stats::of((1..=200).rev().map(f64::from).collect());
        assert_eq!((stats.min_ms, stats.p50_ms, stats.p90_ms, stats.p99_ms), (1.0, 100.0, 180.0, 198.0));
        assert_eq!((stats.runs, stats.mean_ms), (200, 100.5));
        let one = Stats::of(vec![3.0]);
        assert_eq!((one.min_ms, one.p50_ms, one.p99_ms, one.mean_ms), (3.0, 3.0, 3.0, 3.0));
        assert_eq!(Stats::of(vec![2.0, 1.0]).p50_ms, 1.0);
    }
}
