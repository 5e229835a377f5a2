//! Computes what depends on parameters alone, before a run that finds it missing, and lets go of parameters that nothing else
//! reads.

use super::{MlxExecutable, Plan};
use crate::mlx::array::{Array, eval};
use crate::mlx::extents::extents;
use crate::plan::mode::Mode;
use crate::plan::recipe::Recipes;
use rlx_host_api::{Error, ErrorKind};
use std::sync::Arc;

impl MlxExecutable {
    /// Computes what depends on parameters alone, where it is not there. The thread has a turn on the lane.
    pub(super) fn prepare(&mut self) -> Result<(), Error> {
        if !self.prepared.due.contains(&true) {
            return Ok(());
        }
        let recipes = Arc::clone(&self.prepared.recipes);
        let is_eager = matches!(self.plan, Plan::Steps(Mode::Eager, _));
        for recipe in &recipes.list {
            let due: Vec<usize> = (0..recipe.values.len()).filter(|at| self.prepared.due[recipe.first + at]).collect();
            if due.is_empty() {
                continue;
            }
            let mut made = Vec::with_capacity(due.len());
            for (at, value) in recipe.call(&self.params)?.into_iter().enumerate() {
                if due.contains(&at) {
                    made.push(value);
                }
            }
            if is_eager {
                for (value, at) in made.iter().zip(&due) {
                    let place = &recipe.values[*at].place;
                    eval(std::slice::from_ref(value)).map_err(|e| e.context(place))?;
                    self.counters.evaluations += 1;
                }
            } else {
                eval(&made)?;
                self.counters.evaluations += 1;
            }
            for (value, at) in made.into_iter().zip(due) {
                self.prepared.values[recipe.first + at] = value;
                self.prepared.due[recipe.first + at] = false;
            }
        }
        self.release(&recipes)
    }

    /// Lets go of parameters that no run reads any more, where that gives memory back.
    fn release(&mut self, recipes: &Recipes) -> Result<(), Error> {
        if self.keep_params {
            return Ok(());
        }
        for (index, info) in self.program.params.iter().enumerate() {
            let may_go = !self.prepared.released[index] && !self.prepared.written[index];
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
                return packed.unpack(&self.prepared.values[at], name, &self.program.target.failures);
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
