//! A graph nested in a node of control flow, as that executes it.

use super::run::RunState;
use crate::mlx::array::Array;
use rlx_host_api::Error;

/// A nested graph.
pub(super) trait Nested {
    /// How many of the node's operands it takes.
    fn inputs(&self) -> usize;

    /// Its outputs. `params` are those of all graphs of the node.
    fn run(&self, run: &mut RunState<'_>, values: Vec<Array>, params: &[Array]) -> Result<Vec<Array>, Error>;

    /// Its first output.
    fn run_one(&self, run: &mut RunState<'_>, values: Vec<Array>, params: &[Array]) -> Result<Array, Error> {
        Ok(first(self.run(run, values, params)?)?.0)
    }
}

/// The first value, and the others.
pub(super) fn first(values: Vec<Array>) -> Result<(Array, Vec<Array>), Error> {
    let mut values = values.into_iter();
    let first = values.next().ok_or_else(|| Error::fault("an operand is missing"))?;
    Ok((first, values.collect()))
}

pub(super) fn duplicates(values: &[Array]) -> Result<Vec<Array>, Error> {
    values.iter().map(Array::duplicate).collect()
}
