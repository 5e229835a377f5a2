//! A segment with its trace.

use super::{Run, Totals};
use crate::array::Array;
use crate::executable::Mode;
use crate::lower::{lower, lower_eagerly};
use crate::program::{Program, Segment};
use crate::trace::Trace;
use rlx_host_api::Error;

/// A segment with its trace, which compiled mode keeps.
#[derive(Debug)]
pub(super) struct Piece {
    segment: Segment,
    pub(super) trace: Option<Trace>,
}

impl Piece {
    /// Traces the segment, which finds each error of lowering. The thread is on a lane.
    pub(super) fn new(program: &Program, segment: Segment) -> Result<Self, Error> {
        let stand_in = |&source| {
            let (dims, dtype) = program.shape_of(source)?;
            Array::placeholder(&dims, dtype).map_err(|e| e.context(program.describe(source)))
        };
        let args = segment.args.iter().map(stand_in).collect::<Result<Vec<_>, _>>()?;
        let trace = Trace::new(&args, segment.outputs.len(), |args| lower(program, &segment, args))?;
        Ok(Self { segment, trace: Some(trace) })
    }

    /// The segment's outputs for its arguments.
    pub(super) fn run(&self, program: &Program, run: &mut Run<'_>, args: &[Array]) -> Result<Vec<Array>, Error> {
        if let Some(trace) = &self.trace {
            return trace.call(args);
        }
        run.counters.traces += 1;
        let args: Vec<&Array> = args.iter().collect();
        match run.mode {
            Mode::Eager => lower_eagerly(program, &self.segment, &args, &mut run.counters.evaluations),
            Mode::Lazy | Mode::Compiled => lower(program, &self.segment, &args),
        }
    }

    pub(super) fn totals(&self) -> Result<Totals, Error> {
        let Some(trace) = &self.trace else { return Ok(Totals::default()) };
        Ok(Totals { traces: 1, primitives: trace.size()?, largest: trace.largest()? })
    }
}
