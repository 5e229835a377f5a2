//! A partition with its trace.

use super::mode::Mode;
use super::run::{RunState, Totals};
use crate::ir::partition::Partition;
use crate::ir::program::Program;
use crate::mlx::array::Array;
use crate::mlx::trace::{FirstRows, Trace};
use crate::rules::walk::{count_values, lower, lower_eagerly, lower_with_values};
use rlx_host_api::{ActiveExtent, Error};

/// A partition with its trace, which compiled mode keeps.
#[derive(Debug)]
pub(super) struct Piece {
    partition: Partition,
    pub(super) trace: Option<Trace>,
}

impl Piece {
    /// Traces the partition, which finds each error of lowering. The thread is on a lane.
    pub(super) fn new(program: &Program, partition: Partition) -> Result<Self, Error> {
        let args = stand_ins(program, &partition)?;
        let trace = Trace::new(&args, partition.outputs.len(), |args| lower(program, &partition, args))?;
        Ok(Self { partition, trace: Some(trace) })
    }

    /// A trace of the first rows, as [`Trace::first_rows`]. Traces anew where no trace is kept. The thread has a turn on the
    /// lane.
    pub(super) fn first_rows(
        &self,
        program: &Program,
        run: &mut RunState<'_>,
        rows: ActiveExtent,
    ) -> Result<Option<FirstRows>, Error> {
        let wanted = self.partition.outputs.len();
        if let Some(trace) = &self.trace {
            return trace.first_rows(wanted, rows);
        }
        run.counters.traces += 1;
        let args = stand_ins(program, &self.partition)?;
        Trace::new(&args, wanted, |args| lower(program, &self.partition, args))?.first_rows(wanted, rows)
    }

    /// The first rows of the partition's outputs, lowered anew. Arguments may be whole, or have the first rows alone where those
    /// are read.
    pub(super) fn run_rows(
        &self,
        program: &Program,
        run: &mut RunState<'_>,
        args: &[Array],
        rows: ActiveExtent,
    ) -> Result<Vec<Array>, Error> {
        let gone = || Error::fault("rows that were independent are not any more");
        if run.mode != Mode::Eager {
            return self.first_rows(program, run, rows)?.ok_or_else(gone)?.trace.call(args);
        }
        run.counters.traces += 1;
        let (wanted, mut places) = (self.partition.outputs.len(), Vec::new());
        let count = wanted + count_values(program, &self.partition);
        let trace = Trace::new(&stand_ins(program, &self.partition)?, count, |args| {
            lower_with_values(program, &self.partition, args, &mut places)
        })?;
        let found = trace.first_rows(wanted, rows)?.ok_or_else(gone)?;
        let mut outputs = found.trace.call(args)?;
        let values = outputs.split_off(wanted);
        let places = places.iter().zip(&found.outputs[wanted..]).filter_map(|(place, given)| given.then_some(place));
        for (value, place) in values.iter().zip(places) {
            run.evaluate(std::slice::from_ref(value)).map_err(|e| e.context(place))?;
        }
        Ok(outputs)
    }

    /// The partition's outputs for its arguments.
    pub(super) fn run(&self, program: &Program, run: &mut RunState<'_>, args: &[Array]) -> Result<Vec<Array>, Error> {
        if let Some(trace) = &self.trace {
            return trace.call(args);
        }
        run.counters.traces += 1;
        let args: Vec<&Array> = args.iter().collect();
        match run.mode {
            Mode::Eager => lower_eagerly(program, &self.partition, &args, &mut run.counters.evaluations),
            Mode::Lazy | Mode::Compiled => lower(program, &self.partition, &args),
        }
    }

    pub(super) fn totals(&self) -> Result<Totals, Error> {
        let Some(trace) = &self.trace else { return Ok(Totals::default()) };
        Ok(Totals { traces: 1, primitives: trace.size()?, largest: trace.largest()? })
    }
}

fn stand_ins(program: &Program, partition: &Partition) -> Result<Vec<Array>, Error> {
    let stand_in = |&source| {
        let (dims, dtype) = program.shape_of(source)?;
        Array::placeholder(&dims, dtype).map_err(|e| e.context(program.describe(source)))
    };
    partition.args.iter().map(stand_in).collect()
}
