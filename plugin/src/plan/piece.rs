//! A partition with its trace.

use super::mode::Mode;
use super::recipe::{Recipes, Value};
use super::run::{RunState, Totals};
use crate::ir::partition::Partition;
use crate::ir::program::Program;
use crate::mlx::array::Array;
use crate::mlx::trace::{FirstRows, Trace};
use crate::rules::prepared::{Preparation, Prepared};
use crate::rules::walk::{count_values, lower, lower_eagerly, lower_with_values};
use rlx_host_api::{ActiveExtent, Error};
use std::ops::Range;

/// A partition with its trace, which compiled mode keeps.
#[derive(Debug)]
pub(super) struct Piece {
    partition: Partition,
    pub(super) trace: Option<Trace>,
    /// The numbers of the values that are prepared for it, which its trace takes behind the partition's arguments.
    prepared: Range<usize>,
}

/// The most values that are noted for a node.
const PREPARED_PER_NODE: usize = 4;

impl Piece {
    /// Traces the partition, which finds each error of lowering, and adds what depends on parameters alone to `recipes`. The
    /// thread is on a lane.
    pub(super) fn new(program: &Program, partition: Partition, recipes: &mut Recipes) -> Result<Self, Error> {
        let args = stand_ins(program, &partition)?;
        let mut piece = Self { partition, trace: None, prepared: 0..0 };
        let (partition, given) = (&piece.partition, piece.given());
        let cap = given + PREPARED_PER_NODE * count_values(program, partition);
        let mut values = Vec::new();
        let mut trace = Trace::new(&args, cap, |args| {
            let preparation = Preparation::noted();
            let mut outputs = lower(program, partition, args, &preparation)?;
            for Prepared { value, place, packed } in preparation.into_noted() {
                let (dims, dtype) = (value.dims()?, value.dtype()?);
                values.push(Value { place, dims, dtype, params: Vec::new(), is_read: false, packed });
                outputs.push(value);
            }
            Ok(outputs)
        })?;
        if !values.is_empty() {
            let off = trace.split(given)?;
            piece.prepared = recipes.add(program, &partition.args, &args, off, values)?;
        }
        recipes.note_reads(program, &partition.args, &trace)?;
        piece.trace = Some(trace);
        Ok(piece)
    }

    /// How many values it gives: outputs, then states.
    fn given(&self) -> usize {
        self.partition.outputs.len() + self.partition.states.len()
    }

    /// Lowers anew over stand-ins: `lower` gets the arguments, and the values that are prepared.
    fn trace_anew(
        &self,
        program: &Program,
        run: &mut RunState<'_>,
        cap: usize,
        mut lower: impl FnMut(&[&Array], &Preparation<'_>) -> Result<Vec<Array>, Error>,
    ) -> Result<Trace, Error> {
        run.counters.traces += 1;
        let mut all = stand_ins(program, &self.partition)?;
        let count = all.len();
        for value in &run.prepared[self.prepared.clone()] {
            all.push(Array::placeholder(&value.dims()?, value.dtype()?)?);
        }
        Trace::new(&all, cap, |args| {
            let (args, prepared) = args.split_at(count);
            lower(args, &Preparation::given(prepared.iter().copied()))
        })
    }

    /// The arguments of the trace.
    fn with_prepared(&self, run: &RunState<'_>, args: &[Array]) -> Result<Vec<Array>, Error> {
        args.iter().chain(&run.prepared[self.prepared.clone()]).map(Array::duplicate).collect()
    }

    /// A trace of the first rows, as [`Trace::first_rows`]. Traces anew where no trace is kept. The thread has a turn on the
    /// lane.
    pub(super) fn first_rows(
        &self,
        program: &Program,
        run: &mut RunState<'_>,
        rows: ActiveExtent,
    ) -> Result<Option<FirstRows>, Error> {
        let wanted = self.given();
        if let Some(trace) = &self.trace {
            return trace.first_rows(wanted, rows);
        }
        let lower = |args: &[&Array], prepared: &Preparation<'_>| lower(program, &self.partition, args, prepared);
        self.trace_anew(program, run, wanted, lower)?.first_rows(wanted, rows)
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
        let all = self.with_prepared(run, args)?;
        if run.mode != Mode::Eager {
            return self.first_rows(program, run, rows)?.ok_or_else(gone)?.trace.call(&all);
        }
        let (wanted, mut places) = (self.given(), Vec::new());
        let cap = wanted + count_values(program, &self.partition);
        let trace = self.trace_anew(program, run, cap, |args, prepared| {
            lower_with_values(program, &self.partition, args, prepared, &mut places)
        })?;
        let found = trace.first_rows(wanted, rows)?.ok_or_else(gone)?;
        let mut outputs = found.trace.call(&all)?;
        let values = outputs.split_off(wanted);
        let places = places.iter().zip(&found.outputs[wanted..]).filter_map(|(place, given)| given.then_some(place));
        for (value, place) in values.iter().zip(places) {
            run.evaluate(std::slice::from_ref(value)).map_err(|e| e.context(place))?;
        }
        Ok(outputs)
    }

    /// The partition's outputs for its arguments, and behind them the new values of its states.
    pub(super) fn run(&self, program: &Program, run: &mut RunState<'_>, args: &[Array]) -> Result<Vec<Array>, Error> {
        if let Some(trace) = &self.trace {
            return if self.prepared.is_empty() {
                trace.call(args)
            } else {
                trace.call(&self.with_prepared(run, args)?)
            };
        }
        run.counters.traces += 1;
        let args: Vec<&Array> = args.iter().collect();
        let preparation = Preparation::given(&run.prepared[self.prepared.clone()]);
        match run.mode {
            Mode::Eager => lower_eagerly(program, &self.partition, &args, &preparation, &mut run.counters.evaluations),
            Mode::Lazy | Mode::Compiled => lower(program, &self.partition, &args, &preparation),
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
