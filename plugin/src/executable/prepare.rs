//! Computes what depends on parameters alone, when the last of them is bound or before a run that finds it missing, and lets go of parameters that nothing else
//! reads.

use super::{MlxExecutable, Plan};
use crate::mlx::array::{Array, eval};
use crate::mlx::extents::extents;
use crate::mlx::memory;
use crate::plan::mode::Mode;
use crate::plan::recipe::{Recipe, Recipes, Value};
use rlx_host_api::{Error, ErrorKind};
use std::sync::Arc;

impl MlxExecutable {
    /// Packs parameters as soon as all are bound, so that the first run has less to do. What is computed of parameters waits for
    /// that run: these could not be had back for a program that they are shared with before it.
    pub(super) fn prepare_bound(&mut self) -> Result<(), Error> {
        let lane = Arc::clone(&self.lane);
        let mut turn = lane.enter(&self.started)?;
        turn.limit_threads(self.threads)?;
        self.prepare_those(|value| value.packed.is_some())
    }

    /// Computes what depends on parameters alone, where it is not there. The thread has a turn on the lane.
    pub(super) fn prepare(&mut self) -> Result<(), Error> {
        self.prepare_those(|_| true)
    }

    fn prepare_those(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Result<(), Error> {
        if !self.prepared.due.contains(&true) {
            return Ok(());
        }
        let recipes = Arc::clone(&self.prepared.recipes);
        let is_eager = matches!(self.plan, Plan::Steps(Mode::Eager, _));
        let released = self.prepared.released_count();
        for recipe in &recipes.list {
            let is_due = |&at: &usize| self.prepared.due[recipe.first + at] && is_wanted(&recipe.values[at]);
            let due: Vec<usize> = (0..recipe.values.len()).filter(is_due).collect();
            if due.is_empty() {
                continue;
            }
            let mut made = Vec::with_capacity(due.len());
            for (at, value) in recipe.call(&self.params)?.into_iter().enumerate() {
                if due.contains(&at) {
                    made.push((at, value));
                }
            }
            while !made.is_empty() {
                let rest = made.split_off(some(recipe, &made));
                self.make(recipe, std::mem::replace(&mut made, rest), is_eager)?;
                self.release(&recipes)?;
            }
        }
        // MLX keeps what is freed first, and lets go of none of it for what is freed later: memory of the size of parameters,
        // which no run asks for, would take the place of that between nodes.
        if self.prepared.released_count() > released { memory::clear_cache() } else { Ok(()) }
    }

    /// Evaluates values of a recipe, by their numbers in it.
    fn make(&mut self, recipe: &Recipe, made: Vec<(usize, Array)>, one_by_one: bool) -> Result<(), Error> {
        let (numbers, values): (Vec<usize>, Vec<Array>) = made.into_iter().unzip();
        if one_by_one {
            for (value, &at) in values.iter().zip(&numbers) {
                eval(std::slice::from_ref(value)).map_err(|e| e.context(&recipe.values[at].place))?;
                self.counters.evaluations += 1;
            }
        } else {
            eval(&values)?;
            self.counters.evaluations += 1;
        }
        for (at, value) in numbers.into_iter().zip(values) {
            self.prepared.values[recipe.first + at] = value;
            self.prepared.due[recipe.first + at] = false;
        }
        Ok(())
    }

    /// Lets go of parameters that no run reads any more, where that gives memory back.
    fn release(&mut self, recipes: &Recipes) -> Result<(), Error> {
        if self.keep_params {
            return Ok(());
        }
        for (index, info) in self.program.params.iter().enumerate() {
            let prepared = &self.prepared;
            let is_due = recipes.values().zip(&prepared.due).any(|(value, due)| *due && value.params.contains(&index));
            let may_go = !prepared.released[index] && !prepared.written[index] && !is_due;
            if may_go && recipes.replaces(index) && !self.is_shown(recipes, index)? {
                self.params[index] = Some(Array::placeholder(&extents(info)?, info.dtype)?);
                self.prepared.released[index] = true;
                log::debug!("`{}`: parameter `{}` is prepared and let go", self.program.graph.name, info.name);
            }
        }
        Ok(())
    }

    /// Whether a value that was made of a parameter is a view of it, which keeps its memory anyway.
    fn is_shown(&self, recipes: &Recipes, param: usize) -> Result<bool, Error> {
        let Some(array) = &self.params[param] else { return Ok(true) };
        for (value, made) in recipes.values().zip(&self.prepared.values) {
            if value.is_read && value.params.contains(&param) && array.shares_memory(made)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A parameter that was let go, made anew of what it was packed into. The thread has a turn on a lane.
    pub(super) fn restored(&self, param: usize) -> Result<Array, Error> {
        let name = &self.program.params[param].name;
        for (at, value) in self.prepared.recipes.values().enumerate() {
            if let Some(packed) = value.packed.filter(|_| value.params == [param] && !self.prepared.due[at]) {
                return packed.unpack(&self.prepared.values[at], name, &self.program.target.reports);
            }
        }
        Err(self.released(param))
    }

    /// What there is to say when a parameter is wanted that was let go.
    pub(super) fn released(&self, param: usize) -> Error {
        let name = &self.program.params[param].name;
        Error::new(
            ErrorKind::FailedPrecondition,
            format!(
                "parameter `{name}` is kept only in the form that runs read since the first of them: set the whole anew, or \
                 compile with option `keep_params`"
            ),
        )
    }
}

/// Bytes of values that are evaluated at once: parameters that they replace are let go before the next ones are made, so that
/// both are never there in full.
const SOME: usize = 8 << 20;

/// How many of the first values are evaluated at once, at least one.
fn some(recipe: &Recipe, made: &[(usize, Array)]) -> usize {
    let mut bytes = 0;
    let fitting = made.iter().take_while(|(at, _)| {
        bytes += recipe.values[*at].nbytes();
        bytes <= SOME
    });
    fitting.count().max(1)
}
