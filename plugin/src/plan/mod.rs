//! What a run does, in order: segments of the graph, and the control flow between them.
//!
//! MLX's graphs have no branches or loops, so a graph is cut at its `If`, `While` and `Scan` nodes, and so are the graphs
//! nested in those. Each segment is traced once, when the program is compiled; how often a run executes it then makes no
//! difference. In compiled mode the traces are replayed, in the others segments are lowered anew; the control flow is
//! the same. A graph without control flow is one segment.
//!
//! * [`cut`](self::cut): from a program to its steps.
//! * [`piece`](self::piece): a segment with its trace.
//! * [`control`](self::control), [`scan`](self::scan): what is executed between segments.

mod control;
mod cut;
mod piece;
mod scan;

use crate::array::{Array, eval};
use crate::executable::Mode;
use crate::program::Program;
use crate::trace::{FirstRows, Trace};
use control::Control;
use piece::Piece;
use rlx_host_api::author::Counters;
use rlx_host_api::{ActiveExtent, Error};
use std::sync::Arc;

/// A graph as steps. Its arguments are the program's inputs, then its parameters.
#[derive(Debug)]
pub(crate) struct Steps {
    program: Arc<Program>,
    steps: Vec<Step>,
    outputs: Vec<Read>,
}

/// One step. The values of a run are numbered: the arguments, then what each step gives.
#[derive(Debug)]
struct Step {
    reads: Vec<Read>,
    action: Action,
}

#[derive(Debug)]
enum Action {
    Segment(Piece),
    /// Gives the value of one node, which has so many operands; what it reads after them are parameters.
    Control {
        node: Control,
        place: String,
        operands: usize,
    },
}

/// A value that a step reads. The last reader takes it, so that no memory is held for a value that nobody reads any more.
#[derive(Debug, Clone, Copy)]
struct Read {
    value: usize,
    last: bool,
}

/// What all steps of a run share.
pub(crate) struct Run<'a> {
    pub(crate) mode: Mode,
    pub(crate) counters: &'a mut Counters,
}

impl Run<'_> {
    /// Evaluates in one batch.
    fn evaluate(&mut self, arrays: &[Array]) -> Result<(), Error> {
        self.counters.evaluations += 1;
        eval(arrays)
    }

    /// The value of a node of control flow, which eager mode evaluates as any other.
    fn finish(&mut self, value: Array) -> Result<Array, Error> {
        if self.mode == Mode::Eager {
            self.evaluate(std::slice::from_ref(&value))?;
        }
        Ok(value)
    }
}

/// What the traces of a plan come to.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Totals {
    pub(crate) traces: u64,
    pub(crate) primitives: usize,
    /// Bytes of the largest value that a step computes.
    pub(crate) largest: usize,
}

impl Steps {
    /// The outputs for `args`, lazy but for what control flow had to evaluate. The thread has a turn on the lane.
    pub(crate) fn run(&self, run: &mut Run<'_>, args: Vec<Array>) -> Result<Vec<Array>, Error> {
        let mut values: Vec<Option<Array>> = args.into_iter().map(Some).collect();
        for step in &self.steps {
            let mut args = read(&mut values, &step.reads)?;
            match &step.action {
                Action::Segment(piece) => values.extend(piece.run(&self.program, run, &args)?.into_iter().map(Some)),
                Action::Control { node, place, operands } => {
                    let params = args.split_off(*operands);
                    let value = node.run(run, args, &params).and_then(|value| run.finish(value));
                    values.push(Some(value.map_err(|e| e.context(place))?));
                }
            }
        }
        read(&mut values, &self.outputs)
    }

    /// What a trace of the first rows takes and gives, as [`Trace::first_rows`]; `None` also for control flow, which decides by
    /// whole values. The thread has a turn on the lane.
    pub(crate) fn first_rows(&self, run: &mut Run<'_>, rows: ActiveExtent) -> Result<Option<FirstRows>, Error> {
        self.single_piece().map_or(Ok(None), |piece| piece.first_rows(&self.program, run, rows))
    }

    /// As [`run`](Self::run), the first rows alone, where [`first_rows`](Self::first_rows) gave a trace.
    pub(crate) fn run_rows(&self, run: &mut Run<'_>, args: &[Array], rows: ActiveExtent) -> Result<Vec<Array>, Error> {
        let piece = self.single_piece().ok_or_else(|| Error::fault("control flow cannot leave rows out"))?;
        piece.run_rows(&self.program, run, args, rows)
    }

    /// The only segment of a program without control flow.
    fn single_piece(&self) -> Option<&Piece> {
        match self.steps.as_slice() {
            [Step { action: Action::Segment(piece), .. }] if !self.program.has_control_flow => Some(piece),
            _ => None,
        }
    }

    /// Evaluates what depends on no argument, once. The thread has a turn on the lane.
    pub(crate) fn fold(&mut self) -> Result<(), Error> {
        self.each_trace(&mut |trace| trace.as_mut().map_or(Ok(()), Trace::fold))
    }

    /// Drops the traces, which lowering anew has no use for.
    pub(crate) fn forget_traces(&mut self) -> Result<(), Error> {
        self.each_trace(&mut |trace| {
            *trace = None;
            Ok(())
        })
    }

    fn each_trace(&mut self, change: &mut dyn FnMut(&mut Option<Trace>) -> Result<(), Error>) -> Result<(), Error> {
        for step in &mut self.steps {
            match &mut step.action {
                Action::Segment(piece) => change(&mut piece.trace)?,
                Action::Control { node, .. } => {
                    for body in node.bodies_mut() {
                        body.each_trace(change)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Sums over the traces of this graph and those nested in it.
    pub(crate) fn totals(&self) -> Result<Totals, Error> {
        let mut totals = Totals::default();
        for step in &self.steps {
            match &step.action {
                Action::Segment(piece) => totals.add(piece.totals()?),
                Action::Control { node, .. } => {
                    totals.largest = totals.largest.max(node.largest());
                    for body in node.bodies() {
                        totals.add(body.totals()?);
                    }
                }
            }
        }
        Ok(totals)
    }

    /// The trace of a program that is one segment, which needs no steps to run; else the steps.
    pub(crate) fn into_single_trace(mut self) -> Result<Trace, Self> {
        if !self.program.has_control_flow
            && let [Step { action: Action::Segment(piece), .. }] = self.steps.as_mut_slice()
            && let Some(trace) = piece.trace.take()
        {
            return Ok(trace);
        }
        Err(self)
    }
}

impl Totals {
    fn add(&mut self, other: Self) {
        self.traces += other.traces;
        self.primitives += other.primitives;
        self.largest = self.largest.max(other.largest);
    }
}

fn read(values: &mut [Option<Array>], reads: &[Read]) -> Result<Vec<Array>, Error> {
    let gone = || Error::fault("a value was dropped before its last use");
    reads
        .iter()
        .map(|&Read { value, last }| {
            let value = values.get_mut(value).ok_or_else(gone)?;
            if last { value.take().ok_or_else(gone) } else { value.as_ref().ok_or_else(gone)?.duplicate() }
        })
        .collect()
}
