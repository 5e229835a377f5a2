//! Values that depend on parameters alone: computed when the last parameter is bound, where they are these in packed form, or
//! before the first run after that, and used by all later runs.
//!
//! A parameter that nothing else reads is let go then. Its values stand in for it until it is bound anew. To be written to in
//! part, or shared with another program, it is unpacked again where it was only packed; where it was computed with, it
//! cannot be.

use crate::mlx::array::Array;
use crate::plan::recipe::Recipes;
use rlx_host_api::Error;
use std::sync::Arc;

/// What was made of an executable's parameters.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) recipes: Arc<Recipes>,
    /// Those that are not there are stand-ins.
    pub(super) values: Vec<Array>,
    /// Whether each has to be computed.
    pub(super) due: Vec<bool>,
    /// Whether runs read all of them.
    all: bool,
    /// Whether each parameter was let go: a stand-in is in its place.
    pub(super) released: Vec<bool>,
    /// Whether each was written to in part after it was let go, and may be again: it is kept from then on.
    pub(super) written: Vec<bool>,
}

impl Prepared {
    /// `all`: also what the trace does not read, for runs that lower anew: they evaluate what no output needs, and do not see
    /// which values are equal.
    pub(super) fn new(recipes: Recipes, params: usize, all: bool) -> Result<Self, Error> {
        let values = recipes.values().map(|value| Array::placeholder(&value.dims, value.dtype));
        Ok(Self {
            values: values.collect::<Result<_, _>>()?,
            due: recipes.values().map(|value| all || value.is_read).collect(),
            all,
            released: vec![false; params],
            written: vec![false; params],
            recipes: Arc::new(recipes),
        })
    }

    pub(super) fn duplicate(&self) -> Result<Self, Error> {
        Ok(Self {
            recipes: Arc::clone(&self.recipes),
            values: self.values.iter().map(Array::duplicate).collect::<Result<_, _>>()?,
            due: self.due.clone(),
            all: self.all,
            released: self.released.clone(),
            written: self.written.clone(),
        })
    }

    /// After a parameter has changed: what was made of it is out of date.
    pub(super) fn forget(&mut self, param: usize) {
        self.released[param] = false;
        for (due, value) in self.due.iter_mut().zip(self.recipes.values()) {
            *due |= (self.all || value.is_read) && value.params.contains(&param);
        }
    }

    /// How many parameters were let go.
    pub(super) fn released_count(&self) -> usize {
        self.released.iter().filter(|&&released| released).count()
    }

    /// Whether a parameter was let go.
    pub(super) fn has_released(&self, param: usize) -> bool {
        self.released[param]
    }

    /// Takes over what `source`, of the same program, has made of a parameter that it let go, and gives what stands in for
    /// that.
    pub(super) fn share(&mut self, param: usize, source: &Self) -> Result<bool, Error> {
        if !Arc::ptr_eq(&self.recipes, &source.recipes) {
            return Ok(false);
        }
        for (at, value) in self.recipes.values().enumerate() {
            if value.params == [param] {
                self.values[at] = source.values[at].duplicate()?;
                self.due[at] = source.due[at];
            }
        }
        self.released[param] = true;
        Ok(true)
    }
}
