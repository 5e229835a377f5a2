//! `rlx-run run`: one .rlxmodel program with inputs and parameters from files.

use crate::backend::{self, Executable, Memory, PluginSummary};
use crate::cli::RunArgs;
use crate::params::{self, Weights};
use crate::progress::Progress;
use crate::timing::{Timings, timed};
use crate::values::Summary;
use crate::{npy, report};
use anyhow::{Context, Result, bail};
use rlx_host_api::TensorInfo;
use serde::Serialize;
use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

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
}

#[derive(Serialize)]
struct OutputRow {
    index: usize,
    name: String,
    dtype: String,
    shape: Vec<i64>,
    #[serde(flatten)]
    summary: Summary,
    file: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn execute(args: &RunArgs) -> Result<()> {
    let mut timings = Timings::default();
    let progress = Progress::start(3 + args.repeat.get() as u64);
    progress.message("loading");
    let (engine, program, weights) = timed(&mut timings.load_ms, || -> Result<_> {
        let engine = backend::open(&args.backend)?;
        let program = fs::read(&args.model).with_context(|| format!("cannot read {}", args.model.display()))?;
        let weights = args.params.as_deref().map(Weights::open).transpose()?;
        Ok((engine, program, weights))
    })?;
    progress.step();

    progress.message("compiling");
    let mut program = timed(&mut timings.compile_ms, || engine.compile(&program))
        .with_context(|| args.model.display().to_string())?;
    progress.step();

    let inputs = read_inputs(&args.inputs, program.inputs())?;
    progress.message("setting parameters");
    timed(&mut timings.params_ms, || params::upload_all(&mut *program, weights.as_ref()))?;
    progress.step();

    progress.message("running");
    let mut outputs = backend::output_buffers(&*program);
    let times = run_times(&mut *program, &inputs, &mut outputs, args.repeat.get(), &progress)
        .with_context(|| args.model.display().to_string())?;
    timings.add_runs(&times);
    drop(progress);

    let files = match &args.output_dir {
        Some(folder) => write_outputs(folder, program.outputs(), &outputs)?.into_iter().map(Some).collect(),
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
            file,
        }
    });
    let report = Report {
        backend: args.backend.backend.clone(),
        plugin: engine.plugin().cloned(),
        device: engine.device().to_owned(),
        outputs: rows.collect(),
        timings,
        memory: engine.memory()?,
    };
    if args.output.json { report::print_json(&report) } else { print_table(&report) }
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

/// Runs `count` times; the time of each run in milliseconds.
pub(crate) fn run_times(
    program: &mut dyn Executable,
    inputs: &[Vec<u8>],
    outputs: &mut [Vec<u8>],
    count: usize,
    progress: &Progress,
) -> Result<Vec<f64>> {
    let inputs: Vec<&[u8]> = inputs.iter().map(Vec::as_slice).collect();
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let mut ms = 0.0;
        timed(&mut ms, || program.run(&inputs, outputs))?;
        times.push(ms);
        progress.step();
    }
    Ok(times)
}

fn write_outputs(folder: &Path, infos: &[TensorInfo], outputs: &[Vec<u8>]) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let mut taken = HashSet::new();
    let written = infos.iter().zip(outputs).enumerate().map(|(index, (info, data))| {
        // A name may hold characters that a path must not.
        let safe = |c: char| if c.is_alphanumeric() || "._-".contains(c) { c } else { '_' };
        let mut stem: String = info.name.trim_start_matches('.').chars().map(safe).collect();
        if stem.is_empty() || !taken.insert(stem.clone()) {
            stem = format!("output_{index}");
        }
        let path = folder.join(format!("{stem}.npy"));
        npy::write(&path, info, data)?;
        Ok(path)
    });
    written.collect()
}

fn print_table(report: &Report) -> Result<()> {
    let mut table = report::table(["output", "dtype", "shape", "first values", "min", "max", "mean"]);
    for row in &report.outputs {
        let name = if row.name.is_empty() { row.index.to_string() } else { row.name.clone() };
        let number = |value: &f64| format!("{value:.6}");
        let mut first = row.summary.first.iter().map(number).collect::<Vec<_>>().join(" ");
        if row.shape.iter().product::<i64>() > SHOWN as i64 {
            first.push_str(" …");
        }
        let shape = format!("{:?}", row.shape);
        let stats = [&row.summary.min, &row.summary.max, &row.summary.mean].map(number);
        table.add_row([name, row.dtype.clone(), shape, first].into_iter().chain(stats));
    }
    report::print(&table.to_string())?;
    report::print_phases(&report.timings, report.memory.as_ref())?;
    for file in report.outputs.iter().filter_map(|row| row.file.as_deref()) {
        report::print(&format!("wrote {}", file.display()))?;
    }
    Ok(())
}
