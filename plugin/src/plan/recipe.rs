//! What is computed when parameters are bound, and not in each run: values that depend on parameters alone.
//!
//! Lowering notes them, and the trace of a partition is split there: one trace gives them, the other takes them. In each mode
//! runs find them among their arguments.

use crate::host::linear::Packed;
use crate::ir::origin::Origin;
use crate::ir::program::Program;
use crate::mlx::array::Array;
use crate::mlx::trace::Trace;
use rlx_host_api::{DType, Error};
use std::collections::HashSet;
use std::ffi::c_int;
use std::sync::Arc;

/// The values of one partition.
#[derive(Debug)]
pub(crate) struct Recipe {
    /// From the partition's arguments to the values.
    trace: Trace,
    /// For each argument the program's parameter that it is, or none, and what it is like.
    args: Vec<(Option<usize>, Vec<c_int>, DType)>,
    /// The number of its first value.
    pub(crate) first: usize,
    pub(crate) values: Vec<Value>,
}

/// A value that depends on parameters alone.
#[derive(Debug)]
pub(crate) struct Value {
    /// How errors name what it is for.
    pub(crate) place: String,
    pub(crate) dims: Vec<c_int>,
    pub(crate) dtype: DType,
    /// The parameters that it is computed from.
    pub(crate) params: Vec<usize>,
    /// Whether a run reads it: else it was a step on the way to another.
    pub(crate) is_read: bool,
    /// What it is of its parameter, if that can be had back from it.
    pub(crate) packed: Option<Packed>,
}

impl Value {
    pub(crate) fn nbytes(&self) -> usize {
        self.dims.iter().map(|&extent| extent as usize).product::<usize>() * self.dtype.size()
    }
}

impl Recipe {
    /// The lazy values, for bound parameters.
    pub(crate) fn call(&self, params: &[Option<Array>]) -> Result<Vec<Array>, Error> {
        let arg = |(param, dims, dtype): &(Option<usize>, Vec<c_int>, DType)| match param.map(|param| &params[param]) {
            Some(Some(value)) => value.duplicate(),
            // None but parameters is read.
            _ => Array::placeholder(dims, *dtype),
        };
        self.trace.call(&self.args.iter().map(arg).collect::<Result<Vec<_>, Error>>()?)
    }
}

/// The values of all partitions of a program, numbered.
#[derive(Debug)]
pub(crate) struct Recipes {
    program: Arc<Program>,
    pub(crate) list: Vec<Recipe>,
    /// How many values there are.
    pub(crate) count: usize,
    /// Parameters that runs read.
    read: HashSet<usize>,
}

impl Recipes {
    /// None so far, for a program that is in no other.
    pub(super) fn new(program: &Arc<Program>) -> Self {
        Self { program: Arc::clone(program), list: Vec::new(), count: 0, read: HashSet::new() }
    }

    /// The parameters that the arguments of a partition of `owner`, the program or one nested in it, are.
    fn params_of(&self, owner: &Program, args: &[Origin]) -> Vec<Option<usize>> {
        let param = |origin: &Origin| match *origin {
            Origin::Param(index) => self.program.param(&owner.params[index].name),
            _ => None,
        };
        args.iter().map(param).collect()
    }

    /// Notes what the outputs of a partition's trace, of the arguments `args`, read.
    pub(super) fn note_reads(&mut self, owner: &Program, args: &[Origin], trace: &Trace) -> Result<(), Error> {
        let reads = trace.reads(0..trace.outputs())?;
        self.read.extend(self.params_of(owner, args).into_iter().zip(reads).filter_map(|(p, read)| p.filter(|_| read)));
        Ok(())
    }

    /// Notes that these values are shown as they are.
    pub(super) fn note_shown(&mut self, owner: &Program, shown: &[Origin]) {
        self.read.extend(self.params_of(owner, shown).into_iter().flatten());
    }

    /// Adds what was split off from a partition's trace `main`, and gives the numbers of its values.
    pub(super) fn add(
        &mut self,
        owner: &Program,
        args: &[Origin],
        stand_ins: &[Array],
        (trace, read): (Trace, Vec<bool>),
        mut values: Vec<Value>,
    ) -> Result<std::ops::Range<usize>, Error> {
        let params = self.params_of(owner, args);
        for (i, value) in values.iter_mut().enumerate() {
            let reads = trace.reads(i..i + 1)?;
            value.params = params.iter().zip(reads).filter_map(|(param, read)| param.filter(|_| read)).collect();
            value.is_read = read[i];
        }
        let like = |(param, array): (Option<usize>, &Array)| Ok((param, array.dims()?, array.dtype()?));
        let args = params.into_iter().zip(stand_ins).map(like).collect::<Result<_, Error>>()?;
        let first = self.count;
        self.count += values.len();
        self.list.push(Recipe { trace, args, first, values });
        Ok(first..self.count)
    }

    /// Whether a parameter is read by nothing but values that are computed from it alone: once they are there, it is not
    /// needed.
    pub(crate) fn replaces(&self, param: usize) -> bool {
        let mut readers = self.values().filter(|value| value.is_read && value.params.contains(&param)).peekable();
        readers.peek().is_some() && !self.read.contains(&param) && readers.all(|value| value.params == [param])
    }

    /// All values, in order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &Value> {
        self.list.iter().flat_map(|recipe| &recipe.values)
    }

    /// Bytes of the largest value on the way to any.
    pub(crate) fn largest(&self) -> Result<usize, Error> {
        self.list.iter().try_fold(0, |most, recipe| Ok(most.max(recipe.trace.largest()?)))
    }
}
