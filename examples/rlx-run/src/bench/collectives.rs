//! `rlx-run bench collectives`: what passes between the ranks of a group, as nccl-tests time it.
//!
//! Each rank is a process that a launcher has started. All of them make the same calls, and the first prints the table. Before
//! a call that counts the ranks meet, and it has taken as long as the rank that took longest.

use super::machine::Machine;
use super::stats::percentile;
use crate::backend::{self, PluginSummary};
use crate::cli::{BenchCollectivesArgs, CollectiveOp};
use crate::report::{self, Table};
use anyhow::{Result, ensure};
use bytesize::ByteSize;
use clap::ValueEnum;
use rlx_host_api::collectives::{Group, GroupOptions, Reduction};
use rlx_host_api::{DType, TensorInfo};
use serde::Serialize;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Instant;

/// What is passed.
const DTYPE: DType = DType::F32;
/// Calls before those that count.
const WARMUP: u64 = 5;

#[derive(Serialize)]
struct Report {
    machine: Machine,
    plugin: PluginSummary,
    device: String,
    /// What connects the ranks.
    communication: String,
    ranks: usize,
    /// Calls that count, of each row.
    iterations: u64,
    rows: Vec<Row>,
    notes: Vec<String>,
}

/// One op of one size, as nccl-tests count it.
#[derive(Serialize)]
struct Row {
    /// Of the whole; none of a barrier.
    bytes: Option<usize>,
    /// Elements of the whole, or of a rank's part of it where the op takes or gives one.
    count: Option<usize>,
    dtype: Option<String>,
    op: CollectiveOp,
    /// The median over the calls.
    time_us: f64,
    /// Bytes by time, in 1e9 bytes a second.
    algorithm_gb_s: Option<f64>,
    /// The same by what each link has to carry of every byte.
    bus_gb_s: Option<f64>,
}

/// Runs the command.
pub(super) fn execute(args: &BenchCollectivesArgs) -> Result<()> {
    let opened = backend::examine(&args.plugin)?;
    let machine = Machine::now();
    let group = opened.backend.init_group(&GroupOptions::new())?;
    let mut options = DefaultHasher::new();
    format!("{:?} {:?} {}", args.sizes, args.ops, args.iterations).hash(&mut options);
    group.agree("the options of `bench collectives`", options.finish())?;
    let mut rows = Vec::new();
    for &op in &args.ops {
        if op == CollectiveOp::Barrier {
            rows.push(Row::new(op, group.size(), None, timed(&group, args.iterations, || Ok(group.barrier()?))?));
            continue;
        }
        for &ByteSize(bytes) in &args.sizes {
            let mut operands = Operands::new(&group, op, bytes)?;
            operands.check()?;
            let time = timed(&group, args.iterations, || operands.call())?;
            rows.push(Row::new(op, group.size(), Some(operands.whole.len()), time));
        }
    }
    if group.rank() != 0 {
        return Ok(());
    }
    let mut notes = Vec::new();
    if group.size() == 1 {
        let start = "`rlx-run launch -n N -- rlx-run bench collectives …` starts more ranks";
        notes.push(format!("a group of one, in which nothing is passed: {start}"));
    }
    let report = Report {
        machine,
        plugin: opened.plugin,
        device: opened.device,
        communication: group.backend().to_owned(),
        ranks: group.size(),
        iterations: args.iterations,
        rows,
        notes,
    };
    if args.output.json { report::print_json(&report) } else { print(&report) }
}

/// What an op takes and gives on this rank.
struct Operands<'a> {
    group: &'a Group,
    op: CollectiveOp,
    whole: Vec<u8>,
    /// This rank's part of it; of a sum there is none.
    part: Vec<u8>,
}

impl<'a> Operands<'a> {
    /// Of zeros: sums of them stay what they are, where others would grow beyond all bounds.
    fn new(group: &'a Group, op: CollectiveOp, bytes: u64) -> Result<Self> {
        let parts = if op == CollectiveOp::AllSum { 1 } else { group.size() };
        let elements = (usize::try_from(bytes).unwrap_or(usize::MAX) / DTYPE.size() / parts).max(1);
        let zeros = |name: &str, elements: usize| {
            let dims = vec![i64::try_from(elements).unwrap_or(i64::MAX)];
            TensorInfo { name: name.to_owned(), dtype: DTYPE, dims }.zeroed()
        };
        let whole = zeros("the whole", elements * parts)?;
        let part = zeros("the part of a rank", if op == CollectiveOp::AllSum { 0 } else { elements })?;
        Ok(Self { group, op, whole, part })
    }

    fn call(&mut self) -> Result<()> {
        let Self { group, op, whole, part } = self;
        match op {
            CollectiveOp::AllSum => group.all_reduce_bytes(Reduction::Sum, DTYPE, whole)?,
            CollectiveOp::AllGather => group.all_gather_bytes(DTYPE, part, whole)?,
            CollectiveOp::ReduceScatter => group.reduce_scatter_bytes(Reduction::Sum, DTYPE, whole, part)?,
            CollectiveOp::Barrier => group.barrier()?,
        }
        Ok(())
    }

    /// A call of which is known what it gives, so that nothing is timed that does not do its work. Leaves zeros.
    fn check(&mut self) -> Result<()> {
        let ranks = self.group.size();
        let of_rank = |rank: usize| rank as f32 + 1.0;
        let own = of_rank(self.group.rank());
        let sum: f32 = (0..ranks).map(of_rank).sum();
        fill(&mut self.whole, own);
        fill(&mut self.part, own);
        self.call()?;
        let is_right = match self.op {
            CollectiveOp::AllSum => holds(&self.whole, sum),
            CollectiveOp::ReduceScatter => holds(&self.part, sum),
            CollectiveOp::AllGather => {
                self.whole.chunks(self.part.len()).enumerate().all(|(rank, part)| holds(part, of_rank(rank)))
            }
            CollectiveOp::Barrier => true,
        };
        ensure!(
            is_right,
            "{} of {} bytes on rank {}: wrong values",
            name(self.op),
            self.whole.len(),
            self.group.rank()
        );
        self.whole.fill(0);
        self.part.fill(0);
        Ok(())
    }
}

fn fill(bytes: &mut [u8], value: f32) {
    bytes.chunks_exact_mut(size_of::<f32>()).for_each(|element| element.copy_from_slice(&value.to_ne_bytes()));
}

fn holds(bytes: &[u8], value: f32) -> bool {
    bytes.chunks_exact(size_of::<f32>()).all(|element| element == value.to_ne_bytes())
}

/// Microseconds of a call: the median over so many of them, each as long as on the rank that took longest.
fn timed(group: &Group, iterations: u64, mut call: impl FnMut() -> Result<()>) -> Result<f64> {
    for _ in 0..WARMUP {
        call()?;
    }
    let mut nanoseconds = Vec::new();
    for _ in 0..iterations {
        group.barrier()?;
        let start = Instant::now();
        call()?;
        nanoseconds.push(i64::try_from(start.elapsed().as_nanos()).unwrap_or(i64::MAX));
    }
    group.all_reduce(Reduction::Max, &mut nanoseconds)?;
    let mut times: Vec<f64> = nanoseconds.into_iter().map(|time| time as f64 / 1e3).collect();
    times.sort_by(f64::total_cmp);
    Ok(percentile(&times, 50))
}

impl Row {
    fn new(op: CollectiveOp, ranks: usize, bytes: Option<usize>, time_us: f64) -> Self {
        let others = (ranks - 1) as f64 / ranks as f64;
        let (carried, parts) = match op {
            CollectiveOp::AllSum => (2.0 * others, 1),
            _ => (others, ranks),
        };
        let algorithm_gb_s = bytes.map(|bytes| bytes as f64 / time_us.max(1e-3) / 1e3);
        Self {
            bytes,
            count: bytes.map(|bytes| bytes / DTYPE.size() / parts),
            dtype: bytes.map(|_| DTYPE.to_string()),
            op,
            time_us,
            algorithm_gb_s,
            bus_gb_s: algorithm_gb_s.map(|rate| rate * carried),
        }
    }
}

fn name(op: CollectiveOp) -> String {
    op.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

fn print(report: &Report) -> Result<()> {
    let Machine { processor, cores, .. } = &report.machine;
    let Report { plugin, device, communication, ranks, iterations, .. } = report;
    let (ranks, over) = match ranks {
        1 => ("1 rank".to_owned(), String::new()),
        ranks => (format!("{ranks} ranks"), format!(" over {communication}")),
    };
    report::print(&format!("{processor}, {cores} cores; {} {} on {device}", plugin.name, plugin.version))?;
    report::print(&format!("{ranks}{over}; the median of {iterations} calls, each as long as on the slowest rank"))?;
    let mut table = Table::new(["size", "count", "dtype", "op", "time, µs", "algorithm GB/s", "bus GB/s"]);
    for row in &report.rows {
        let size = row.bytes.map_or_else(String::new, |bytes| ByteSize(bytes as u64).to_string());
        let count = row.count.map_or_else(String::new, |count| count.to_string());
        let [algorithm, bus] =
            [row.algorithm_gb_s, row.bus_gb_s].map(|rate| rate.map_or_else(String::new, |rate| format!("{rate:.2}")));
        let dtype = row.dtype.clone().unwrap_or_default();
        table.add_row([size, count, dtype, name(row.op), format!("{:.1}", row.time_us), algorithm, bus]);
    }
    table.print()?;
    report.notes.iter().try_for_each(|note| report::print(note))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1 MB in 1 ms over 4 ranks, by the formulas in the documentation of nccl-tests.
    #[test]
    fn bandwidths_are_those_of_nccl_tests() {
        for (op, count, bus) in [
            (CollectiveOp::AllSum, 250_000, 1.5),
            (CollectiveOp::AllGather, 62_500, 0.75),
            (CollectiveOp::ReduceScatter, 62_500, 0.75),
        ] {
            let row = Row::new(op, 4, Some(1_000_000), 1000.0);
            assert_eq!((row.count, row.algorithm_gb_s, row.bus_gb_s), (Some(count), Some(1.0), Some(bus)), "{op:?}");
        }
        let row = Row::new(CollectiveOp::Barrier, 4, None, 1000.0);
        assert_eq!((row.bytes, row.count, row.algorithm_gb_s, row.bus_gb_s), (None, None, None, None));
        assert_eq!(Row::new(CollectiveOp::AllSum, 1, Some(4), 1.0).bus_gb_s, Some(0.0));
    }
}
