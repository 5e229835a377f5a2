//! A graph as steps: partitions, and the control flow between them.

use super::control::Control;
use super::nested::{Nested, duplicates};
use super::piece::Piece;
use super::run::{RunState, Totals};
use crate::ir::program::Program;
use crate::mlx::array::Array;
use crate::mlx::trace::{FirstRows, Trace};
use crate::profile::Profile;
use rlx_host_api::{ActiveExtent, Error};
use std::ops::Range;
use std::sync::Arc;

/// A graph as steps. Its arguments are those of [`Program::whole`]; it gives the outputs, then the new values of states.
#[derive(Debug)]
pub(crate) struct Steps {
    pub(super) program: Arc<Program>,
    pub(super) steps: Vec<Step>,
    pub(super) outputs: Vec<Read>,
}

/// One step. The values of a run are numbered: the arguments, then what each step gives.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) reads: Vec<Read>,
    pub(super) action: Action,
}

#[derive(Debug)]
pub(super) enum Action {
    Partition(Piece),
    /// Gives the value of one node, which has so many operands; what it reads after them its nested graphs take.
    Control {
        node: Control<Body>,
        place: String,
        operands: usize,
    },
}

/// A nested graph, and where it finds its parameters.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) steps: Steps,
    /// How many of the operands it takes.
    pub(super) inputs: usize,
    /// Its part of what comes after the node's operands.
    pub(super) params: Range<usize>,
}

impl Nested for Body {
    fn inputs(&self) -> usize {
        self.inputs
    }

    fn run(&self, run: &mut RunState<'_>, mut values: Vec<Array>, params: &[Array]) -> Result<Vec<Array>, Error> {
        values.extend(duplicates(&params[self.params.clone()])?);
        self.steps.run(run, values)
    }
}

/// A value that a step reads. The last reader takes it, so that no memory is held for a value that nobody reads any more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Read {
    pub(super) value: usize,
    pub(super) last: bool,
}

impl Steps {
    /// The outputs for `args`, lazy but for what control flow had to evaluate. The thread has a turn on the lane.
    pub(crate) fn run(&self, run: &mut RunState<'_>, args: Vec<Array>) -> Result<Vec<Array>, Error> {
        let mut values: Vec<Option<Array>> = args.into_iter().map(Some).collect();
        for step in &self.steps {
            let mut args = read(&mut values, &step.reads)?;
            match &step.action {
                Action::Partition(piece) => values.extend(piece.run(&self.program, run, &args)?.into_iter().map(Some)),
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
    pub(crate) fn first_rows(&self, run: &mut RunState<'_>, rows: ActiveExtent) -> Result<Option<FirstRows>, Error> {
        self.single_piece().map_or(Ok(None), |piece| piece.first_rows(&self.program, run, rows))
    }

    /// As [`run`](Self::run), the first rows alone, where [`first_rows`](Self::first_rows) gave a trace.
    pub(crate) fn run_rows(
        &self,
        run: &mut RunState<'_>,
        args: &[Array],
        rows: ActiveExtent,
    ) -> Result<Vec<Array>, Error> {
        let piece = self.single_piece().ok_or_else(|| Error::fault("control flow cannot leave rows out"))?;
        piece.run_rows(&self.program, run, args, rows)
    }

    /// The only partition of a program without control flow.
    fn single_piece(&self) -> Option<&Piece> {
        match self.steps.as_slice() {
            [Step { action: Action::Partition(piece), .. }] if !self.program.has_control_flow => Some(piece),
            _ => None,
        }
    }

    /// Evaluates what depends on no argument, once. The thread has a turn on the lane.
    pub(crate) fn fold(&mut self) -> Result<(), Error> {
        self.each_trace(&mut |trace| trace.as_mut().map_or(Ok(()), Trace::fold))
    }

    /// Notes what replays of the traces compute.
    pub(crate) fn watch(&mut self, profile: &Profile) -> Result<(), Error> {
        self.each_trace(&mut |trace| trace.as_mut().map_or(Ok(()), |trace| profile.watch_trace(trace)))
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
                Action::Partition(piece) => change(&mut piece.trace)?,
                Action::Control { node, .. } => {
                    for body in node.bodies_mut() {
                        body.steps.each_trace(change)?;
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
                Action::Partition(piece) => totals.add(piece.totals()?),
                Action::Control { node, .. } => {
                    totals.largest = totals.largest.max(node.largest());
                    for body in node.bodies() {
                        totals.add(body.steps.totals()?);
                    }
                }
            }
        }
        Ok(totals)
    }

    /// The trace of a program that is one partition, which needs no steps to run; else the steps.
    pub(crate) fn into_single_trace(mut self) -> Result<Trace, Self> {
        if !self.program.has_control_flow
            && let [Step { action: Action::Partition(piece), .. }] = self.steps.as_mut_slice()
            && let Some(trace) = piece.trace.take()
        {
            return Ok(trace);
        }
        Err(self)
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
