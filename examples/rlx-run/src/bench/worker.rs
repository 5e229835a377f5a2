//! The process that is timed: `rlx-run bench-worker`, which `rlx-run bench` starts, one for each backend.

use super::at_once;
use super::machine::peak_bytes;
use super::made_up;
use super::wire::{Answer, End, Ready, Request};
use crate::UsageError;
use crate::backend::{self, Engine, Executable};
use crate::cli::BenchWorkerArgs;
use crate::embed::Encoder;
use crate::npy;
use crate::params::{self, Weights};
use crate::timing::timed;
use crate::values;
use crate::wire::{read, send};
use anyhow::{Context, Result, bail};
use rlx_host_api::TensorInfo;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, BufRead};
use std::time::Instant;

/// How many values of the first output are compared.
pub(super) const SHOWN: usize = 64;

/// A program that is ready to run.
pub(super) struct Subject {
    engine: Box<dyn Engine>,
    program: Box<dyn Executable>,
    inputs: Vec<Vec<u8>>,
    outputs: Vec<Vec<u8>>,
    /// Of the outputs of the first run.
    checksum: Option<u64>,
    /// Later runs whose outputs are others.
    other_bits: u64,
    is_profiled: bool,
}

/// Answers what comes in on standard input until it ends.
pub(crate) fn execute(args: &BenchWorkerArgs) -> Result<()> {
    let mut out = io::stdout();
    let mut subject = match start(args) {
        Ok((mut subject, ready)) => {
            if args.profile {
                // What the first run alone does, it does once.
                subject.program.take_spans()?;
            }
            send(&mut out, &Answer::Ready(ready))?;
            subject
        }
        Err(error) => {
            let answer = Answer::Refused { usage: error.is::<UsageError>(), message: format!("{error:#}") };
            return Ok(send(&mut out, &answer)?);
        }
    };
    for line in io::stdin().lock().split(b'\n') {
        let (_, Some(request)) = read::<Request>(&line?) else { continue };
        match request? {
            Request::Run { count, seconds } => send(&mut out, &Answer::Times(subject.runs(count, seconds)?))?,
            Request::AtOnce { programs, seconds } => {
                let programs = (0..programs).map(|_| prepare(args)).collect::<Result<Vec<_>>>()?;
                send(&mut out, &Answer::AtOnce(at_once::measure(programs, subject.checksum, seconds)?))?;
            }
            Request::End => {
                let spans = if subject.is_profiled { Some(subject.program.take_spans()?) } else { None };
                return Ok(send(
                    &mut out,
                    &Answer::End(End { peak_bytes: peak_bytes(), other_bits: subject.other_bits, spans }),
                )?);
            }
        }
    }
    Ok(())
}

/// Everything up to the first run, and that.
fn start(args: &BenchWorkerArgs) -> Result<(Subject, Ready)> {
    let mut load_ms = 0.0;
    let mut subject = timed(&mut load_ms, || prepare(args))?;
    let mut first_run_ms = 0.0;
    subject.run(&mut first_run_ms)?;
    let info = subject.program.outputs().first().context("the program has no output")?;
    let found = subject.outputs.first().map(|bytes| values::decode(info.dtype, bytes).take(SHOWN).collect());
    let ready = Ready {
        version: subject.engine.plugin().map_or_else(
            || format!("rlx-cpu of {} {}", env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")),
            |plugin| format!("{}, {}", plugin.version, plugin.engine),
        ),
        device: subject.engine.device().to_owned(),
        load_ms,
        first_run_ms,
        weights_bytes: Some(subject.program.params().iter().map(|info| info.byte_len() as u64).sum()),
        values: found.unwrap_or_default(),
        checksum: subject.checksum,
    };
    Ok((subject, ready))
}

fn prepare(args: &BenchWorkerArgs) -> Result<Subject> {
    let choice = backend::Choice { threads: args.threads, profile: args.profile };
    let engine = backend::open(&args.backend, choice)?;
    let (program, inputs) = match (&args.program, &args.encoder, args.shape) {
        (Some(path), _, _) => {
            let text = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            let mut program = engine.compile(&text).with_context(|| path.display().to_string())?;
            let weights = args.params.as_deref().map(Weights::open).transpose()?;
            params::upload_all(&mut *program, weights.as_ref())?;
            let inputs = program.inputs().iter().map(|info| input(args, info)).collect::<Result<_>>()?;
            (program, inputs)
        }
        (None, Some(folder), Some(shape)) => {
            let encoder = Encoder::open(folder)?;
            let (batch, tokens) = (shape.batch, shape.tokens);
            let program = encoder.prepare(&*engine, [batch, tokens], args.dtype.into())?;
            let count = batch.saturating_mul(tokens);
            let mask = 1f32.to_le_bytes().repeat(count);
            (program, vec![made_up::ids(encoder.config.vocab_size, count), mask])
        }
        (None, _, _) => bail!(UsageError("there is nothing to time".to_owned())),
    };
    let outputs = backend::output_buffers(&*program)?;
    Ok(Subject { engine, program, inputs, outputs, checksum: None, other_bits: 0, is_profiled: args.profile })
}

fn input(args: &BenchWorkerArgs, info: &TensorInfo) -> Result<Vec<u8>> {
    match args.inputs.iter().find(|(name, _)| *name == info.name) {
        Some((_, path)) => npy::read(path, info).with_context(|| format!("input `{}`", info.name)),
        None => Ok(made_up::values(info)?),
    }
}

impl Subject {
    /// Runs once.
    pub(super) fn run(&mut self, ms: &mut f64) -> Result<()> {
        let inputs: Vec<&[u8]> = self.inputs.iter().map(Vec::as_slice).collect();
        timed(ms, || self.program.run(&inputs, &mut self.outputs))?;
        let mut hasher = DefaultHasher::new();
        self.outputs.iter().for_each(|output| hasher.write(output));
        let found = hasher.finish();
        self.other_bits += u64::from(*self.checksum.get_or_insert(found) != found);
        Ok(())
    }

    /// Says what the outputs of every run come to.
    pub(super) fn expect(&mut self, checksum: Option<u64>) {
        self.checksum = checksum;
    }

    /// How many runs gave others.
    pub(super) fn other_bits(&self) -> u64 {
        self.other_bits
    }

    /// Milliseconds of up to `count` runs, of one at least.
    fn runs(&mut self, count: u64, seconds: f64) -> Result<Vec<f64>> {
        let start = Instant::now();
        let mut times = Vec::new();
        while (times.len() as u64) < count && (times.is_empty() || start.elapsed().as_secs_f64() < seconds) {
            let mut ms = 0.0;
            self.run(&mut ms)?;
            times.push(ms);
        }
        Ok(times)
    }
}
