//! What the steps of a run share, and what their traces come to.

use super::mode::Mode;
use crate::mlx::array::{Array, eval};
use rlx_host_api::Error;
use rlx_host_api::author::Counters;

/// What all steps of a run share.
pub(crate) struct RunState<'a> {
    pub(crate) mode: Mode,
    /// The values of [`Recipes`](super::recipe::Recipes).
    pub(crate) prepared: &'a [Array],
    pub(crate) counters: &'a mut Counters,
}

impl RunState<'_> {
    /// Evaluates in one batch.
    pub(super) fn evaluate(&mut self, arrays: &[Array]) -> Result<(), Error> {
        self.counters.evaluations += 1;
        eval(arrays)
    }

    /// The value of a node of control flow, which eager mode evaluates as any other.
    pub(super) fn finish(&mut self, value: Array) -> Result<Array, Error> {
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

impl Totals {
    pub(super) fn add(&mut self, other: Self) {
        self.traces += other.traces;
        self.primitives += other.primitives;
        self.largest = self.largest.max(other.largest);
    }
}
