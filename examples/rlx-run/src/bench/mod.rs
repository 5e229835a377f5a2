//! `rlx-run bench`: a program or a sentence encoder, timed side by side with other backends, and the collectives of a group.
//!
//! Each backend has a process of its own, whose first run is that of a cold process. Then the processes take turns, some runs
//! each, so that what else the machine does hits all of them alike.
//!
//! * [`peers`]: the backends, and the processes for them. [`child`]: such a process from outside, [`worker`] from inside;
//!   [`wire`]: what passes between the two. `onnx_peer.py`: the one for ONNX Runtime.
//! * [`at_once`]: several programs in one process. [`busy`]: processes beside all of them.
//! * [`collectives`]: what each rank of a group does, which another program has started.
//! * [`made_up`]: inputs. [`stats`]: what runs come to. [`machine`]: what they ran on.

mod at_once;
mod busy;
mod child;
mod collectives;
mod machine;
mod made_up;
mod peers;
mod stats;
mod wire;
mod worker;

pub(crate) use busy::execute as be_busy;
pub(crate) use worker::execute as work;

use crate::UsageError;
use crate::cli::{BenchArgs, BenchCommand};
use crate::profile::Profile;
use crate::progress::Progress;
use crate::report::{self, Table};
use anyhow::{Result, bail};
use busy::Busy;
use bytesize::ByteSize;
use child::{Child, Refused, as_usage};
use machine::Machine;
use peers::{Peer, Work};
use serde::Serialize;
use stats::Stats;
use std::num::{NonZeroU32, NonZeroUsize};
use wire::{End, Ready, Throughput};

/// How often the processes take turns.
const ROUNDS: u64 = 10;
/// Runs that are profiled.
const PROFILED: u64 = 20;

#[derive(Serialize)]
struct Report {
    machine: Machine,
    cells: Vec<Cell>,
    /// The load averages after the last run.
    load_after: Option<[f64; 3]>,
    /// What is left out, and why.
    notes: Vec<String>,
}

/// One program on one number of threads.
#[derive(Serialize)]
struct Cell {
    /// Texts and tokens of each, of an encoder.
    shape: Option<[usize; 2]>,
    /// None where every backend takes what it takes.
    threads: Option<NonZeroU32>,
    /// Busy processes beside them.
    beside: usize,
    rows: Vec<Row>,
    at_once: Option<Throughput>,
    profile: Option<Profile>,
}

#[derive(Serialize)]
struct Row {
    backend: String,
    version: String,
    device: String,
    #[serde(flatten)]
    stats: Stats,
    /// Loading, compiling and setting parameters.
    load_ms: f64,
    first_run_ms: f64,
    peak_bytes: Option<u64>,
    weights_bytes: Option<u64>,
    /// The median of the first row to that of this one: below 1, the first is faster.
    ratio: f64,
    /// Between the first values of the outputs of this row and the first one.
    difference: f64,
    /// Of the bits of all outputs of the first run; none of what is no backend of this program.
    checksum: Option<String>,
    /// Later runs whose outputs have others, as samples without a seed do.
    other_bits: u64,
}

/// Runs the command.
pub(crate) fn execute(command: &BenchCommand) -> Result<()> {
    let (works, args, is_encoder): (Vec<Work<'_>>, _, _) = match command {
        BenchCommand::Model(args) => (vec![Work::Program(args)], &args.bench, false),
        BenchCommand::Embed(args) => {
            (args.shapes.iter().map(|&shape| Work::Encoder(args, shape)).collect(), &args.bench, true)
        }
        BenchCommand::Collectives(args) => return collectives::execute(args),
    };
    let threads: Vec<_> =
        if args.threads.is_empty() { vec![None] } else { args.threads.iter().copied().map(Some).collect() };
    if args.profile.trace().is_some() && works.len() * threads.len() != 1 {
        bail!(UsageError("--trace: a trace is of one shape and one number of threads; choose them".to_owned()));
    }
    let peers = Peer::all(args, is_encoder);
    let progress = Progress::start(works.len() as u64 * threads.len() as u64 * ROUNDS * peers.len() as u64);
    let mut report = Report { machine: Machine::now(), cells: Vec::new(), load_after: None, notes: Vec::new() };
    for &threads in &threads {
        for work in &works {
            let cell = cell(work, args, &peers, threads, &progress, &mut report.notes)?;
            report.cells.push(cell);
        }
    }
    report.load_after = machine::load();
    drop(progress);
    if args.output.json { report::print_json(&report) } else { print(&report, args) }
}

/// A process with what it has told.
struct Timed {
    name: String,
    child: Child,
    ready: Ready,
    times: Vec<f64>,
}

fn cell(
    work: &Work<'_>,
    args: &BenchArgs,
    peers: &[Peer],
    threads: Option<NonZeroU32>,
    progress: &Progress,
    notes: &mut Vec<String>,
) -> Result<Cell> {
    let mut all = Vec::new();
    for peer in peers {
        progress.message("starting");
        match work.start(peer, threads, false) {
            Ok((child, ready)) => all.push(Timed { name: peer.name(args), child, ready, times: Vec::new() }),
            Err(error) if peer.is_optional() && error.is::<Refused>() => {
                let note = format!("left out: {error}");
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
            Err(error) => return Err(as_usage(error)),
        }
    }
    progress.message("running");
    let busy = Busy::start(args.beside)?;
    for timed in all.iter_mut().filter(|_| args.warmup > 0) {
        timed.child.run(args.warmup, f64::MAX)?;
    }
    let rounds = args.repeat.map_or(ROUNDS, |repeat| repeat.min(ROUNDS));
    for round in 0..rounds {
        // Each goes first as often as last.
        let count = all.len();
        for place in 0..count {
            let timed = &mut all[if round % 2 == 0 { place } else { count - 1 - place }];
            let (count, seconds) = match args.repeat {
                Some(repeat) => ((repeat * (round + 1) / rounds) - (repeat * round / rounds), f64::MAX),
                None => (u64::MAX, args.seconds / rounds as f64),
            };
            timed.times.extend(timed.child.run(count, seconds)?);
            progress.step();
        }
    }
    drop(busy);
    let mut rows: Vec<Row> = Vec::new();
    let mut first: Option<(f64, Vec<f64>)> = None;
    for Timed { name, child, ready, times } in all {
        let stats = Stats::of(times);
        let (median, values) = first.get_or_insert_with(|| (stats.p50_ms, ready.values.clone()));
        let ratio = *median / stats.p50_ms;
        let difference = values.iter().zip(&ready.values).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        let End { peak_bytes, other_bits, .. } = child.end()?;
        let Ready { version, device, load_ms, first_run_ms, weights_bytes, checksum, .. } = ready;
        let row = Row {
            backend: name,
            version,
            device,
            stats,
            load_ms,
            first_run_ms,
            peak_bytes,
            weights_bytes: weights_bytes.or_else(|| rows.first().and_then(|row| row.weights_bytes)),
            ratio,
            difference,
            checksum: checksum.map(|checksum| format!("{checksum:016x}")),
            other_bits,
        };
        rows.push(row);
    }
    let at_once = args.at_once.map(|programs| at_once(work, programs, args, threads, progress)).transpose()?;
    let profile = if args.profile.is_wanted() { profile(work, args, threads)? } else { None };
    let shape = match work {
        Work::Program(_) => None,
        Work::Encoder(_, shape) => Some([shape.batch, shape.tokens]),
    };
    Ok(Cell { shape, threads, beside: args.beside, rows, at_once, profile })
}

/// In a process of its own, whose memory is not that of one program.
fn at_once(
    work: &Work<'_>,
    programs: NonZeroUsize,
    args: &BenchArgs,
    threads: Option<NonZeroU32>,
    progress: &Progress,
) -> Result<Throughput> {
    progress.message("running at once");
    let (mut child, _) = work.start(&Peer::Chosen, threads, false).map_err(as_usage)?;
    let throughput = child.at_once(programs.get(), args.seconds)?;
    child.end()?;
    Ok(throughput)
}

/// In a process of its own, as runs take longer while they are noted.
fn profile(work: &Work<'_>, args: &BenchArgs, threads: Option<NonZeroU32>) -> Result<Option<Profile>> {
    let (mut child, _) = work.start(&Peer::Chosen, threads, true).map_err(as_usage)?;
    child.run(PROFILED, f64::MAX)?;
    args.profile.use_up(&child.end()?.spans.unwrap_or_default())
}

fn print(report: &Report, args: &BenchArgs) -> Result<()> {
    let load = |load: Option<[f64; 3]>| load.map_or_else(|| "unknown".to_owned(), |[one, ..]| format!("{one:.2}"));
    let Machine { processor, cores, load: before } = &report.machine;
    let (before, after) = (load(*before), load(report.load_after));
    report::print(&format!("{processor}, {cores} cores, load {before} before and {after} after"))?;
    for cell in &report.cells {
        let shape = cell.shape.map_or_else(String::new, |[batch, tokens]| format!("{batch} x {tokens} tokens, "));
        let threads = match cell.threads.map(NonZeroU32::get) {
            None => "threads as each backend chooses".to_owned(),
            Some(1) => "1 thread".to_owned(),
            Some(threads) => format!("{threads} threads"),
        };
        let beside = match cell.beside {
            0 => String::new(),
            1 => ", beside a busy process".to_owned(),
            count => format!(", beside {count} busy processes"),
        };
        report::print(&format!("\n{shape}{threads}{beside}; milliseconds"))?;
        cell_table(cell).print()?;
        let mut other_bits: u64 = cell.rows.iter().map(|row| row.other_bits).sum();
        if let Some(Throughput { programs, in_turn, at_once, other_bits: more }) = cell.at_once {
            report::print(&format!(
                "{programs} programs from as many threads: {at_once:.1} runs a second, one after the other {in_turn:.1}, ratio {:.2}",
                at_once / in_turn
            ))?;
            other_bits += more;
        }
        if other_bits > 0 {
            report::print(&format!("{other_bits} runs gave other bits than the first one"))?;
        }
        if let Some(profile) = &cell.profile {
            profile.print()?;
        }
    }
    report::print("ratio: the median of the first row to this one's; below 1, the first is faster")?;
    if let Some(path) = args.profile.trace() {
        report::print(&format!("wrote {}", path.display()))?;
    }
    report.notes.iter().try_for_each(|note| report::print(note))
}

fn cell_table(cell: &Cell) -> Table {
    let mut table = Table::new([
        "backend",
        "min",
        "p50",
        "p90",
        "p99",
        "mean",
        "first run",
        "runs",
        "peak memory",
        "/ weights",
        "ratio",
        "difference",
    ]);
    for row in &cell.rows {
        let Stats { runs, min_ms, p50_ms, p90_ms, p99_ms, mean_ms } = row.stats;
        let times = [min_ms, p50_ms, p90_ms, p99_ms, mean_ms, row.first_run_ms].map(|ms| format!("{ms:.2}"));
        let peak = row.peak_bytes.map_or_else(String::new, |bytes| ByteSize(bytes).to_string());
        let to_weights = row.peak_bytes.zip(row.weights_bytes.filter(|&bytes| bytes > 0));
        let to_weights =
            to_weights.map_or_else(String::new, |(peak, weights)| format!("{:.2}", peak as f64 / weights as f64));
        let rest = [runs.to_string(), peak, to_weights, format!("{:.2}", row.ratio), format!("{:.1e}", row.difference)];
        table.add_row([row.backend.clone()].into_iter().chain(times).chain(rest));
    }
    table
}
