//! `rlx-run run`: one .rlxmodel program with inputs and parameters from files.

use crate::backend::{self, Choice, Executable, Memory, PluginSummary};
use crate::cli::RunArgs;
use crate::npy;
use crate::output_files::OutputFiles;
use crate::params::{self, Weights};
use crate::profile::Profile;
use crate::progress::Progress;
use crate::report::{self, Table};
use crate::timing::{RunTimes, Timings, timed};
use crate::values::Summary;
use anyhow::{Context, Result, bail};
use rlx_host_api::TensorInfo;
use serde::Serialize;
use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;

/// How many leading values a report shows of each output.
const SHOWN: usize = 4;

#[derive(Serialize)]
struct Report {
    backend: String,
    plugin: Option<PluginSummary>,
    device: String,
    outputs: Vec<OutputRow>,
    #[serde(flatten)]
    timings: Timings,
    /// Of the engine after the last run; null where the backend does not tell.
    memory: Option<Memory>,
    /// Where the time went, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<Profile>,
}

#[derive(Serialize)]
struct OutputRow {
    index: usize,
    name: String,
    dtype: String,
    shape: Vec<i64>,
    #[serde(flatten)]
    summary: Summary,
    file: Option<String>,
}

/// Runs the command.
pub(crate) fn execute(args: &RunArgs) -> Result<()> {
    let mut timings = Timings::default();
    let progress = Progress::start(3 + args.repeat);
    progress.message("loading");
    let (engine, program, weights) = timed(&mut timings.load_ms, || -> Result<_> {
        let choice = Choice { threads: args.threads.threads, profile: args.profile.is_wanted() };
        let engine = backend::open(&args.backend, choice)?;
        let program = fs::read(&args.model).with_context(|| format!("cannot read {}", args.model.display()))?;
        let weights = args.params.as_deref().map(Weights::open).transpose()?;
        Ok((engine, program, weights))
    })?;
    progress.step();

    progress.message("compiling");
    let mut program = timed(&mut timings.compile_ms, || engine.compile(&program))
        .with_context(|| args.model.display().to_string())?;
    progress.step();

    if let Some(seed) = args.seed {
        program.set_seed(seed).context("--seed")?;
    }
    let inputs = read_inputs(&args.inputs, program.inputs())?;
    progress.message("setting parameters");
    timed(&mut timings.params_ms, || params::upload_all(&mut *program, weights.as_ref()))?;
    progress.step();

    progress.message("running");
    // Whatever stands in the way of the outputs is told before the run.
    let files = args.output_dir.as_deref().map(|folder| OutputFiles::new(folder, program.outputs())).transpose()?;
    let mut outputs = backend::output_buffers(&*program).with_context(|| args.model.display().to_string())?;
    let mut times = RunTimes::default();
    let mut run = |program: &mut dyn Executable, count| {
        let done = run_times(program, &inputs, &mut outputs, count, &mut times, &progress);
        done.with_context(|| args.model.display().to_string())
    };
    run(&mut *program, 1)?;
    if args.profile.is_wanted() && args.repeat > 1 {
        // What the first run alone does, it does once.
        program.take_spans()?;
    }
    run(&mut *program, args.repeat - 1)?;
    timings.add_runs(&times);
    let profile = match args.profile.is_wanted() {
        true => args.profile.use_up(&program.take_spans()?)?,
        false => None,
    };
    drop(progress);

    let files = match files {
        Some(files) => files.write(program.outputs(), &outputs)?.into_iter().map(Some).collect(),
        None => vec![None; outputs.len()],
    };
    let rows = program.outputs().iter().zip(&outputs).zip(files).enumerate().map(|(index, ((info, data), file))| {
        let summary = Summary::of(info.dtype, data, SHOWN);
        OutputRow {
            index,
            name: info.name.clone(),
            dtype: info.dtype.to_string(),
            shape: info.dims.clone(),
            summary,
            // Not every path is text that JSON could hold.
            file: file.map(|path| path.display().to_string()),
        }
    });
    let report = Report {
        backend: args.backend.backend.to_string_lossy().into_owned(),
        plugin: engine.plugin().cloned(),
        device: engine.device().to_owned(),
        outputs: rows.collect(),
        timings,
        memory: engine.memory()?,
        profile,
    };
    if args.output.json { report::print_json(&report) } else { print_table(&report, args) }
}

/// The bytes of each input, in the program's order.
fn read_inputs(given: &[(String, PathBuf)], wanted: &[TensorInfo]) -> Result<Vec<Vec<u8>>> {
    let mut names = HashSet::new();
    for (name, _) in given {
        if !wanted.iter().any(|info| info.name == *name) {
            let known: Vec<String> = wanted.iter().map(|info| format!("`{}` {info}", info.name)).collect();
            let known =
                if known.is_empty() { "it takes none".to_owned() } else { format!("it takes {}", known.join(", ")) };
            bail!("--input {name}: the model has no input `{name}`; {known}");
        }
        if !names.insert(name) {
            bail!("--input {name}: given twice");
        }
    }
    let read = wanted.iter().map(|info| {
        let Some((_, path)) = given.iter().find(|(name, _)| *name == info.name) else {
            bail!("input `{}` is missing; give {info} with --input {}=FILE.npy", info.name, info.name);
        };
        npy::read(path, info).with_context(|| format!("input `{}`", info.name))
    });
    read.collect()
}

/// Runs `count` times, and adds the times of the runs in milliseconds.
pub(crate) fn run_times(
    program: &mut dyn Executable,
    inputs: &[Vec<u8>],
    outputs: &mut [Vec<u8>],
    count: u64,
    times: &mut RunTimes,
    progress: &Progress,
) -> Result<()> {
    let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
    for _ in 0..count {
        let mut ms = 0.0;
        timed(&mut ms, || program.run(&inputs, outputs))?;
        times.add(ms);
        progress.step();
    }
    Ok(())
}

fn print_table(report: &Report, args: &RunArgs) -> Result<()> {
    let mut table = Table::new(["output", "dtype", "shape", "first values", "min", "max", "mean"]);
    for row in &report.outputs {
        let name = if row.name.is_empty() { row.index.to_string() } else { row.name.clone() };
        let number = |value: &f64| format!("{value:.6}");
        let mut first = row.summary.first.iter().map(number).collect::<Vec<_>>().join(" ");
        if row.summary.count > row.summary.first.len() {
            first.push_str(" …");
        }
        let shape = format!("{:?}", row.shape);
        let stats = [&row.summary.min, &row.summary.max, &row.summary.mean].map(number);
        table.add_row([name, row.dtype.clone(), shape, first].into_iter().chain(stats));
    }
    table.print()?;
    report::print_phases(&report.timings, report.memory.as_ref())?;
    report.profile.as_ref().map_or(Ok(()), Profile::print)?;
    if let Some(path) = args.profile.trace() {
        report::print(&format!("wrote {}", path.display()))?;
    }
    for file in report.outputs.iter().filter_map(|row| row.file.as_deref()) {
        report::print(&format!("wrote {file}"))?;
    }
    Ok(())
}
