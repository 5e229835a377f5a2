//! Time by node and by kernel.

use super::{Noted, Span};
use crate::report::{self, Table};
use anyhow::Result;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::HashMap;

/// Where the time of some runs went.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Profile {
    runs: u64,
    /// Of all runs.
    total_ms: f64,
    /// Of it outside of kernels: copies of inputs and outputs, hand-overs between threads.
    outside_ms: f64,
    nodes: Vec<Row>,
    kernels: Vec<Row>,
    /// Spans that the plugin could not keep.
    lost: u64,
}

/// What one node, or one kernel, took.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Row {
    name: String,
    calls: u64,
    total_ms: f64,
    /// Of the time of all runs, from 0 to 1.
    share: f64,
    /// 10⁹ additions and multiplications a second, of products.
    gflops: Option<f64>,
    /// 10⁹ bytes of operands and results a second.
    gbytes: Option<f64>,
}

impl Profile {
    /// With the `top` rows of each table that took longest.
    pub(super) fn of(noted: &Noted, top: usize) -> Self {
        let is_run = |span: &&Span| span.is_run();
        let whole: u64 = noted.spans.iter().filter(is_run).map(|span| span.duration_ns).sum();
        let inside: Vec<&Span> = noted.spans.iter().filter(|span| !span.is_run()).collect();
        let kernels: u64 = inside.iter().map(|span| span.duration_ns).sum();
        Self {
            runs: noted.spans.iter().filter(is_run).count() as u64,
            total_ms: ms(whole),
            outside_ms: ms(whole.saturating_sub(kernels)),
            nodes: rows(&inside, whole, top, |span| &span.node),
            kernels: rows(&inside, whole, top, |span| &span.kernel),
            lost: noted.lost,
        }
    }

    /// Prints both tables.
    pub(crate) fn print(&self) -> Result<()> {
        for (what, rows) in [("node", &self.nodes), ("kernel", &self.kernels)] {
            let mut table = Table::new([what, "calls a run", "ms a run", "share", "GF/s", "GB/s"]);
            let runs = self.runs.max(1) as f64;
            for row in rows {
                let number = |value: Option<f64>| value.map_or_else(String::new, |value| format!("{value:.1}"));
                table.add_row([
                    row.name.clone(),
                    format!("{:.1}", row.calls as f64 / runs),
                    format!("{:.3}", row.total_ms / runs),
                    format!("{:.1} %", 100.0 * row.share),
                    number(row.gflops),
                    // What bounds a product is its arithmetic.
                    number(row.gbytes.filter(|_| row.gflops.is_none())),
                ]);
            }
            table.print()?;
        }
        let (runs, total, outside) = (self.runs, self.total_ms, self.outside_ms);
        let mean = total / runs.max(1) as f64;
        let lost = if self.lost > 0 { format!("; {} spans were not kept", self.lost) } else { String::new() };
        let share = 100.0 * outside / total.max(f64::MIN_POSITIVE);
        report::print(&format!("{runs} runs of {mean:.3} ms, {share:.1} % of it outside of kernels{lost}"))
    }
}

fn ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}

fn rows<'s>(spans: &[&'s Span], whole: u64, top: usize, name: impl Fn(&'s Span) -> &'s str) -> Vec<Row> {
    #[derive(Default)]
    struct Sum {
        calls: u64,
        ns: u64,
        operations: u64,
        bytes: u64,
    }
    let mut sums: HashMap<&str, Sum> = HashMap::new();
    for span in spans {
        let sum = sums.entry(name(span)).or_default();
        sum.calls += 1;
        sum.ns += span.duration_ns;
        sum.operations = sum.operations.saturating_add(span.operations);
        sum.bytes = sum.bytes.saturating_add(span.bytes);
    }
    let mut sums: Vec<(&str, Sum)> = sums.into_iter().collect();
    sums.sort_by_key(|(name, sum)| (Reverse(sum.ns), *name));
    sums.truncate(top);
    let rate = |amount: u64, ns: u64| (amount > 0 && ns > 0).then(|| amount as f64 / ns as f64);
    let row = |(name, sum): (&str, Sum)| Row {
        name: name.to_owned(),
        calls: sum.calls,
        total_ms: ms(sum.ns),
        share: sum.ns as f64 / whole.max(1) as f64,
        gflops: rate(sum.operations, sum.ns),
        gbytes: rate(sum.bytes, sum.ns),
    };
    sums.into_iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_summed_by_node_and_by_kernel() {
        let noted = Noted::made_of(&[
            ("a", "Linear", 1, [0, 40], [80_000, 4000]),
            ("b", "Linear", 1, [40, 20], [40_000, 0]),
            ("b", "Add", 2, [60, 30], [0, 3000]),
            ("", "run", 1, [0, 100], [0, 0]),
        ]);
        let profile = Profile::of(&noted, 2);
        assert_eq!((profile.runs, profile.total_ms, profile.outside_ms), (1, 0.1, 0.01));
        let names = |rows: &[Row]| rows.iter().map(|row| (row.name.clone(), row.calls)).collect::<Vec<_>>();
        assert_eq!(names(&profile.nodes), [("b".to_owned(), 2), ("a".to_owned(), 1)]);
        assert_eq!(names(&profile.kernels), [("Linear".to_owned(), 2), ("Add".to_owned(), 1)]);
        let [linear, add] = &profile.kernels[..] else { panic!("{:?}", profile.kernels) };
        assert_eq!((linear.share, linear.gflops, add.gflops, add.gbytes), (0.6, Some(2.0), None, Some(0.1)));
        assert_eq!(Profile::of(&noted, 1).nodes.len(), 1);
    }
}
