//! Runs that are started without waiting for them.

use crate::abi::*;
use crate::host::executable::input_view;
use crate::host::load::slot;
use crate::{Error, Executable, Growable};

/// Inputs and output places of one run of a batch, as for [`Executable::run`].
pub type BatchRun<'a, 'b> = (&'a [&'a [u8]], &'a mut [Option<&'b mut [u8]>]);

impl Executable {
    fn pipeline(&self) -> Result<&'static RlxPipelineApi, Error> {
        self.instance().plugin.table::<RlxPipelineApi>()
    }

    /// Starts a run and returns; `inputs` are free again. Its outputs can be read from the device after
    /// [`wait`](Self::wait), or feed resident inputs.
    ///
    /// # Errors
    /// Unsupported without extension `pipeline/1`; otherwise as [`run`](Self::run).
    pub fn submit(&mut self, inputs: &[&[u8]]) -> Result<(), Error> {
        let table = self.pipeline()?;
        let inputs: Vec<RlxBytes> = inputs.iter().map(|b| input_view(b)).collect();
        let outputs = vec![RlxBytesMut::SKIP; self.outputs().len()];
        let args = run_args(&inputs, &outputs);
        let _turn = self.instance().turn();
        // SAFETY: live handle, exclusive by `&mut self`; the views outlive the call, after which the plugin needs none.
        unsafe { Error::check(slot!(table, submit(self.handle(), &args))) }
    }

    /// Waits for every submitted run.
    ///
    /// # Errors
    /// Unsupported without extension `pipeline/1`; the first error among those runs.
    pub fn wait(&mut self) -> Result<(), Error> {
        let table = self.pipeline()?;
        let _turn = self.instance().turn();
        // SAFETY: live handle, exclusive by `&mut self`.
        unsafe { Error::check(slot!(table, wait(self.handle()))) }
    }

    /// Several runs, overlapped as far as the device can; returns when all outputs are written.
    ///
    /// # Errors
    /// Unsupported without extension `pipeline/1`; the first error among the runs.
    pub fn run_batch(&mut self, runs: &mut [BatchRun<'_, '_>]) -> Result<(), Error> {
        let table = self.pipeline()?;
        let views: Vec<(Vec<RlxBytes>, Vec<RlxBytesMut>)> = runs
            .iter_mut()
            .map(|(inputs, outputs)| {
                let place = |o: &mut Option<&mut [u8]>| o.as_deref_mut().map_or(RlxBytesMut::SKIP, RlxBytesMut::new);
                (inputs.iter().map(|b| input_view(b)).collect(), outputs.iter_mut().map(place).collect())
            })
            .collect();
        let args: Vec<RlxRunArgs> = views.iter().map(|(inputs, outputs)| run_args(inputs, outputs)).collect();
        let _turn = self.instance().turn();
        // SAFETY: live handle, exclusive by `&mut self`; the views outlive the call, and `&mut` outputs do not overlap.
        unsafe { Error::check(slot!(table, run_batch(self.handle(), args.as_ptr(), args.len() as u64))) }
    }
}

fn run_args(inputs: &[RlxBytes], outputs: &[RlxBytesMut]) -> RlxRunArgs {
    RlxRunArgs {
        inputs: inputs.as_ptr(),
        input_count: inputs.len() as u64,
        outputs: outputs.as_ptr(),
        output_count: outputs.len() as u64,
        ..RlxRunArgs::sized()
    }
}
