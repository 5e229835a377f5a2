//! A compiled program: its parameters and resident inputs as MLX arrays, and its runs.
//!
//! * [`options`](self::options): what a host may choose.
//! * [`run`](self::run): one run: inputs in, evaluation, outputs out, feeds.
//! * [`prepared`](self::prepared): what is made of parameters, [`prepare`](self::prepare) before runs.
//!   [`apart`](self::apart): one whose evaluation waits for other processes.
//! * [`carry`](self::carry): what goes from run to run: fed inputs, and states that the program writes to.
//! * [`params`](self::params), [`resident`](self::resident), [`pipeline`](self::pipeline), [`extent`](self::extent),
//!   [`rng`](self::rng), [`timeline`](self::timeline), [`collectives`](self::collectives): the extensions of those names.
//!
//! Every output of a run is evaluated, also one that the host does not read, and stays on the device until the next run
//! starts, but for delivered ones where the option `keep_outputs` is false. Left lazy, it would hold on to all that it is
//! computed from, and reading it would cost a second evaluation.

mod apart;
mod carry;
mod collectives;
mod extent;
mod options;
mod params;
mod pipeline;
mod prepare;
mod prepared;
mod resident;
mod rng;
mod rows;
mod run;
mod scratch;
mod seed;
mod timeline;

pub(crate) use options::Options;

use crate::collectives::ProgramCollectives;
use crate::ir::origin::Origin;
use crate::ir::program::Program;
use crate::mlx::array::Array;
use crate::mlx::extents::extents;
use crate::mlx::lanes::{Lane, Started};
use crate::mlx::trace::Trace;
use crate::plan::cut::cut;
use crate::plan::mode::Mode;
use crate::plan::steps::Steps;
use crate::process::gate::{self, Pass};
use prepared::Prepared;
use rlx_host_api::author::{Counters, Executable, OutputBuffer, ParamOwner, Profile};
use rlx_host_api::{ActiveExtent, Error, ErrorKind, Rng, TensorInfo, TensorView};
use rows::Rows;
use scratch::Scratch;
use seed::Seed;
use std::ffi::c_int;
use std::num::NonZeroUsize;
use std::sync::Arc;

/// A program ready to run on a lane.
#[derive(Debug)]
pub(crate) struct MlxExecutable {
    program: Arc<Program>,
    plan: Plan,
    lane: Arc<Lane>,
    /// In the order of the program, `None` until bound.
    params: Vec<Option<Array>>,
    prepared: Prepared,
    /// How many of them are `None`.
    unbound: usize,
    /// In the order of the program.
    inputs: Vec<Input>,
    /// Values of resident inputs that were saved, by index.
    saved: Option<Vec<(usize, Array)>>,
    /// Those of the last run, without any that was fed to an input and written to there, and any that is not kept. Empty
    /// before the first run, and after one that failed.
    outputs: Vec<Option<Array>>,
    /// The options of those names.
    keep_outputs: bool,
    keep_params: bool,
    threads: Option<NonZeroUsize>,
    /// Its collective ops, if it has any; shared between the duplicates of an executable.
    collectives: Option<Arc<ProgramCollectives>>,
    /// What runs change, as it was before those that are under way; `None` when none is.
    before: Option<Carried>,
    /// What random numbers follow from, as the program takes it.
    rng: Seed,
    started: Arc<Started>,
    /// The rows that the host wants, if the program can leave out others.
    rows: Option<Arc<Rows>>,
    /// What was found for the last extent: hosts end one behind each run, and set it again.
    known_rows: Option<(ActiveExtent, Option<Arc<Rows>>)>,
    /// Bytes of the largest value that a run of all rows computes.
    largest: u64,
    counters: Counters,
    scratch: Scratch,
}

/// The values of what runs change.
type Carried = Vec<(Origin, Option<Array>)>;

/// An input between runs.
#[derive(Debug)]
struct Input {
    dims: Vec<c_int>,
    /// The value that stays on the device.
    resident: Option<Array>,
    /// The output that becomes its value after each run. One that the program writes to itself becomes what that says,
    /// unless it is fed.
    feed: Option<usize>,
    /// The output of the last run that `resident` still is.
    fed_from: Option<usize>,
}

/// How a run gets from leaves to outputs; shared between the duplicates of an executable.
#[derive(Debug, Clone)]
enum Plan {
    /// One trace: a program without control flow, in compiled mode.
    Replay(Arc<Trace>),
    Steps(Mode, Arc<Steps>),
}

impl MlxExecutable {
    /// Compiles. Every mode traces, which finds each error of lowering; only compiled mode keeps the trace.
    pub(crate) fn new(
        program: Program,
        options: Options,
        lane: Arc<Lane>,
        collectives: Option<ProgramCollectives>,
    ) -> Result<Self, Error> {
        let _pass = gate::pass()?;
        let Options { mode, keep_outputs, keep_params, threads, profile: _ } = options;
        let started = Arc::default();
        let program = Arc::new(program);
        let (mut steps, recipes) = {
            let _building = lane.enter_to_build()?;
            cut(&program)?
        };
        let totals = steps.totals()?;
        let largest = totals.largest.max(recipes.largest()?) as u64;
        let plan = match mode {
            Mode::Eager | Mode::Lazy => {
                steps.forget_traces()?;
                Plan::Steps(mode, Arc::new(steps))
            }
            Mode::Compiled => {
                let mut turn = lane.enter(&started)?;
                turn.limit_threads(threads)?;
                steps.fold().inspect_err(|_| turn.settle())?;
                drop(turn);
                if let Some(profile) = &program.target.reports.profile {
                    steps.watch(profile)?;
                }
                let left = steps.totals()?.primitives;
                log::debug!(
                    "`{}`: {left} of {} MLX primitives depend on inputs",
                    program.graph.name,
                    totals.primitives
                );
                match steps.into_single_trace() {
                    Ok(trace) => Plan::Replay(Arc::new(trace)),
                    Err(steps) => Plan::Steps(mode, Arc::new(steps)),
                }
            }
        };
        log::debug!(
            "compiled `{}` for {mode:?} mode: {} nodes, {} traces of {} MLX primitives",
            program.graph.name,
            program.graph.len(),
            totals.traces,
            totals.primitives,
        );
        let inputs = program
            .inputs
            .iter()
            .map(|info| Ok(Input { dims: extents(info)?, resident: None, feed: None, fed_from: None }));
        Ok(Self {
            inputs: inputs.collect::<Result<_, Error>>()?,
            params: program.params.iter().map(|_| None).collect(),
            prepared: Prepared::new(recipes, program.params.len(), mode != Mode::Compiled)?,
            unbound: program.params.len(),
            program,
            plan,
            lane,
            saved: None,
            outputs: Vec::new(),
            keep_outputs,
            // What is lowered anew reads what a trace has found to be another value.
            threads,
            collectives: collectives.map(Arc::new),
            keep_params: keep_params || mode != Mode::Compiled,
            before: None,
            rng: Seed::new(Rng::default())?,
            started,
            rows: None,
            known_rows: None,
            largest,
            counters: Counters { traces: totals.traces, ..Counters::default() },
            scratch: Scratch::default(),
        })
    }

    /// Before a parameter is bound: runs that are under way would take it back with theirs if they failed.
    fn pass_to_bind(&mut self) -> Result<Pass, Error> {
        if self.program.states().is_empty() { gate::pass() } else { self.settle() }
    }

    /// Binds a parameter, and says whether it is the last one.
    fn bind_param(&mut self, index: usize, value: Array) -> bool {
        self.prepared.forget(index);
        if self.params[index].replace(value).is_some() {
            return false;
        }
        self.unbound -= 1;
        self.unbound == 0
    }

    fn check_params(&self) -> Result<(), Error> {
        if self.unbound == 0 {
            return Ok(());
        }
        let missing: Vec<&str> = self
            .program
            .params
            .iter()
            .zip(&self.params)
            .filter_map(|(info, value)| value.is_none().then_some(info.name.as_str()))
            .collect();
        let list = missing.join(", ");
        let message = format!("{} of {} parameters are not set: {list}", missing.len(), self.params.len());
        Err(Error::new(ErrorKind::FailedPrecondition, message).with("missing", list))
    }
}

impl Executable for MlxExecutable {
    fn inputs(&self) -> &[TensorInfo] {
        &self.program.inputs
    }

    fn outputs(&self) -> &[TensorInfo] {
        &self.program.outputs
    }

    fn params(&self) -> &[TensorInfo] {
        &self.program.params
    }

    fn set_param(&mut self, name: &str, value: TensorView<'_>, owner: Option<ParamOwner>) -> Result<(), Error> {
        let index = self.program.param(name);
        let index = index.ok_or_else(|| Error::not_found(format!("the graph has no parameter `{name}`")))?;
        let _pass = self.pass_to_bind()?;
        let dims = extents(&self.program.params[index])?;
        let array = match owner {
            Some(owner) => Array::from_borrowed(&dims, value.dtype, value.data, owner)?,
            None => {
                self.counters.bytes_in += value.data.len() as u64;
                Array::from_bytes(&dims, value.dtype, value.data)?
            }
        };
        if self.bind_param(index, array) { self.prepare_bound() } else { Ok(()) }
    }

    fn is_resident(&self, index: usize) -> bool {
        self.inputs[index].resident.is_some()
    }

    fn run(&mut self, inputs: &[&[u8]], outputs: &mut [OutputBuffer<'_>]) -> Result<(), Error> {
        self.run_once(inputs, outputs)
    }
}

impl Profile for MlxExecutable {
    fn counters(&self) -> Counters {
        self.counters
    }
}
