//! What random numbers follow from is an argument of the program, so that another seed needs no other trace; so is the number
//! of the run, for nodes that draw other numbers in each.

use crate::host::random::seed_of;
use crate::mlx::array::Array;
use rlx_host_api::{Error, Rng};

/// What the random numbers of a run follow from.
#[derive(Debug)]
pub(super) struct Seed {
    rng: Rng,
    /// Runs that have begun since the host set it.
    runs: u64,
    /// As the program takes it.
    pub(super) array: Array,
}

impl Seed {
    pub(super) fn new(rng: Rng) -> Result<Self, Error> {
        Ok(Self { rng, runs: 0, array: seed_of(rng, 0)? })
    }

    /// Begins a run.
    pub(super) fn begin(&mut self) -> Result<(), Error> {
        self.array = seed_of(self.rng, self.runs)?;
        self.runs = self.runs.wrapping_add(1);
        Ok(())
    }

    pub(super) fn duplicate(&self) -> Result<Self, Error> {
        Ok(Self { rng: self.rng, runs: self.runs, array: self.array.duplicate()? })
    }
}
