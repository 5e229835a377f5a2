//! Runs that nobody waits for, and batches of runs.

use super::PluginExecutable;
use super::inputs::{Given, Values};
use crate::runtime::convert::F32Output;
use crate::{BatchRun, Error};

impl PluginExecutable {
    /// Starts a run whose outputs stay on the device. A plugin that cannot start runs has done it when this returns.
    pub(super) fn commit(&mut self, given: &Given<'_, '_>) -> Result<(), Error> {
        if self.offers.pipeline {
            return self.with_inputs(given, |executable, inputs| executable.submit(inputs));
        }
        let outputs = self.executable.outputs().len();
        self.execute(given, std::iter::repeat_with(|| None).take(outputs))
    }

    /// Waits for what this executable has started.
    pub(super) fn sync(&mut self) -> Result<(), Error> {
        if self.offers.pipeline { self.executable.wait() } else { Ok(()) }
    }

    /// All outputs of several runs.
    pub(super) fn run_batch(&mut self, sets: &[Vec<(&str, &[f32])>]) -> Result<Vec<Vec<Vec<f32>>>, Error> {
        if !self.offers.pipeline {
            return sets.iter().map(|set| self.run_f32(&Given::Named(set), None)).collect();
        }
        let mut outputs = sets.iter().map(|_| self.f32_outputs(None)).collect::<Result<Vec<_>, Error>>()?;
        let (kept, executable, _) = self.split();
        let values = sets
            .iter()
            .enumerate()
            .map(|(index, set)| {
                let mut values = Values::new();
                let filled = kept.fill(executable, &Given::Named(set), &mut values);
                filled.map_err(|e| e.context(format_args!("run {index} of {}", sets.len())))?;
                Ok(values)
            })
            .collect::<Result<Vec<_>, Error>>()?;
        let inputs: Vec<Vec<&[u8]>> = values.iter().map(|run| run.iter().map(AsRef::as_ref).collect()).collect();
        let mut buffers: Vec<Vec<Option<&mut [u8]>>> = outputs
            .iter_mut()
            .map(|run| run.iter_mut().map(|output| output.as_mut().map(F32Output::bytes)).collect())
            .collect();
        let mut runs: Vec<BatchRun<'_, '_>> =
            inputs.iter().zip(&mut buffers).map(|(inputs, outputs)| (&inputs[..], &mut outputs[..])).collect();
        executable.run_batch(&mut runs)?;
        let read = |run: Vec<Option<F32Output>>| run.into_iter().flatten().map(F32Output::into_f32).collect();
        Ok(outputs.into_iter().map(read).collect())
    }
}
