//! What goes from run to run: inputs that are fed, and the states that the program writes to. Both change when a run has
//! succeeded, and never otherwise.

use super::{Carried, MlxExecutable};
use crate::ir::origin::Origin;
use crate::mlx::array::Array;
use rlx_host_api::Error;

impl MlxExecutable {
    /// Whether runs change anything.
    pub(super) fn carries(&self) -> bool {
        !self.program.states().is_empty() || self.inputs.iter().any(|input| input.feed.is_some())
    }

    /// What the next run would change.
    pub(super) fn carried(&self) -> Result<Carried, Error> {
        let fed = self.inputs.iter().enumerate().filter(|(_, input)| input.feed.is_some());
        let fed = fed.map(|(index, _)| Origin::Input(index));
        fed.chain(self.program.states().iter().copied())
            .map(|origin| Ok((origin, self.place(origin).as_ref().map(Array::duplicate).transpose()?)))
            .collect()
    }

    /// Gives what a run has changed its new value: `self.outputs` are those of a run, followed by the new values of states.
    pub(super) fn carry(&mut self) -> Result<(), Error> {
        let states = self.outputs.split_off(self.program.outputs.len().min(self.outputs.len()));
        let mut changed = Carried::new();
        for (&origin, value) in self.program.states().iter().zip(states) {
            changed.push((origin, value));
        }
        for (index, input) in self.inputs.iter().enumerate() {
            if let Some(output) = input.feed {
                changed.push((Origin::Input(index), self.outputs[output].as_ref().map(Array::duplicate).transpose()?));
            }
        }
        for input in &mut self.inputs {
            input.fed_from = input.feed;
        }
        self.set(changed);
        Ok(())
    }

    /// Undoes runs that failed, which ends what was under way.
    pub(super) fn revert(&mut self, before: Carried) {
        for (origin, _) in &before {
            if let Origin::Input(index) = *origin {
                self.inputs[index].fed_from = None;
            }
        }
        self.set(before);
        self.outputs.clear();
    }

    fn set(&mut self, values: Carried) {
        for (origin, value) in values {
            match origin {
                Origin::Input(index) => self.inputs[index].resident = value,
                Origin::Param(index) => self.params[index] = value,
                Origin::Rng | Origin::Node(_) => {}
            }
        }
    }

    fn place(&self, origin: Origin) -> &Option<Array> {
        match origin {
            Origin::Input(index) => &self.inputs[index].resident,
            Origin::Param(index) => &self.params[index],
            Origin::Rng | Origin::Node(_) => &None,
        }
    }
}
