//! One run: inputs in, evaluation, outputs out, and what goes to the next run.

use super::rows::Rows;
use super::scratch::Scratch;
use super::{MlxExecutable, Plan};
use crate::collectives::ProgramCollectives;
use crate::mlx::array::{Array, eval, start_eval};
use crate::mlx::memory;
use crate::plan::mode::Mode;
use crate::plan::run::RunState;
use rlx_host_api::author::OutputBuffer;
use rlx_host_api::{Error, ErrorKind};
use rlx_mlx_cpu::threads::with_limit;
use rlx_mlx_shim as ffi;
use std::borrow::Cow;
use std::collections::HashSet;
use std::ffi::{c_int, c_void};
use std::sync::Arc;

impl MlxExecutable {
    /// [`Executable::run`](rlx_host_api::author::Executable::run).
    pub(super) fn run_once(&mut self, inputs: &[&[u8]], outputs: &mut [OutputBuffer<'_>]) -> Result<(), Error> {
        let _pass = self.settle()?;
        self.begin()?;
        let collectives = self.collectives.clone();
        let _group = collectives.as_deref().map(ProgramCollectives::begin).transpose()?;
        let lane = Arc::clone(&self.lane);
        let mut turn = lane.enter(&self.started)?;
        turn.limit_threads(self.threads)?;
        let run =
            |this: &mut Self| this.prepare().and_then(|()| this.evaluate(inputs, outputs)).and_then(|()| this.carry());
        // Host code of a trace that MLX does not evaluate is called on this thread.
        let done = match self.threads {
            Some(threads) => with_limit(threads.get(), || self.noted(run)),
            None => self.noted(run),
        };
        done.map_err(|error| {
            turn.settle();
            self.outputs.clear();
            self.explain(error)
        })
    }

    /// What every run starts with. The outputs of the run before are let go, so that MLX can reuse their memory.
    pub(super) fn begin(&mut self) -> Result<(), Error> {
        self.check_params()?;
        self.check_memory()?;
        self.outputs.clear();
        self.counters.runs += 1;
        if self.program.draws_anew { self.rng.begin() } else { Ok(()) }
    }

    /// MLX would not notice that it got no memory, and would write to address 0.
    fn check_memory(&self) -> Result<(), Error> {
        let limit = memory::limit()?;
        let largest = self.rows().map_or(self.largest, |rows| rows.largest);
        if largest <= limit {
            return Ok(());
        }
        let message = format!(
            "graph `{}` computes a value of {} bytes, more than the memory limit of {limit}: raise the limit, or make \
             the graph smaller",
            self.program.graph.name, largest
        );
        Err(Error::new(ErrorKind::OutOfMemory, message))
    }

    /// Runs to the end. `self.outputs`, empty before, gets the outputs, then the new values of states.
    fn evaluate(&mut self, inputs: &[&[u8]], outputs: &mut [OutputBuffer<'_>]) -> Result<(), Error> {
        let rows = self.rows();
        let rows = rows.as_deref();
        if let Some(collectives) = self.lazy_collectives() {
            let arrays = self.run_apart(&collectives, inputs)?;
            self.take(arrays, outputs)?;
        } else if let Plan::Replay(whole) = &self.plan {
            let whole = Arc::clone(whole);
            let trace = rows.and_then(|rows| rows.trace.as_ref()).unwrap_or(&whole);
            self.gather(inputs, rows);
            let kept = self.kept();
            for (i, output) in outputs.iter_mut().enumerate() {
                let (data, nbytes) = match self.wanted(i, output, rows) {
                    Some(bytes) => (bytes.as_mut_ptr().cast::<c_void>(), bytes.len()),
                    None => (std::ptr::null_mut(), 0),
                };
                let only = c_int::from(!data.is_null() && !kept.contains(i));
                self.scratch.sinks.push(ffi::rlx_mlx_sink_t { data, nbytes, only });
            }
            let nowhere = ffi::rlx_mlx_sink_t { data: std::ptr::null_mut(), nbytes: 0, only: 0 };
            self.scratch.sinks.extend(self.program.states().iter().map(|_| nowhere));
            let Scratch { sources, sinks } = &mut self.scratch;
            // SAFETY: the lists were made now from live arrays and slices.
            let done = unsafe { trace.run(sources, sinks, &mut self.outputs) };
            sources.clear();
            sinks.clear();
            done?;
        } else {
            let arrays = self.build(inputs, rows)?;
            self.watch(&arrays)?;
            eval(&arrays)?;
            self.take(arrays, outputs)?;
        }
        self.counters.evaluations += 1;
        self.count_delivered(outputs);
        Ok(())
    }

    /// Keeps what a run gave, outputs and then states, and writes the outputs to the host's memory.
    fn take(&mut self, mut arrays: Vec<Array>, outputs: &mut [OutputBuffer<'_>]) -> Result<(), Error> {
        let states = arrays.split_off(outputs.len());
        self.outputs = self.deliver(arrays.into_iter().map(Some).collect(), outputs)?;
        self.outputs.extend(states.into_iter().map(Some));
        Ok(())
    }

    /// Where the host wants an output: the part of its memory that a run fills.
    fn wanted<'o>(&self, index: usize, output: &'o mut OutputBuffer<'_>, rows: Option<&Rows>) -> Option<&'o mut [u8]> {
        let declared = &self.program.outputs[index];
        let bytes = output.bytes()?;
        let filled = rows.map_or(bytes.len(), |rows| rows.of_output(declared, bytes.len()));
        bytes.get_mut(..filled)
    }

    /// Counts what went to the host.
    pub(super) fn count_delivered(&mut self, outputs: &mut [OutputBuffer<'_>]) {
        let rows = self.rows();
        let bytes = outputs.iter_mut().enumerate().filter_map(|(i, output)| self.wanted(i, output, rows.as_deref()));
        self.counters.bytes_out += bytes.map(|bytes| bytes.len() as u64).sum::<u64>();
    }

    /// The outputs that stay on the device although they are delivered: as the value of an input one has to.
    pub(super) fn kept(&self) -> Kept {
        if self.keep_outputs {
            Kept::All
        } else {
            Kept::Some(self.inputs.iter().filter_map(|input| input.feed).collect())
        }
    }

    /// Writes evaluated arrays to the host's memory; gives those that stay.
    pub(super) fn deliver(
        &self,
        arrays: Vec<Option<Array>>,
        outputs: &mut [OutputBuffer<'_>],
    ) -> Result<Vec<Option<Array>>, Error> {
        let kept = self.kept();
        let rows = self.rows();
        let deliver = |(i, (array, output)): (usize, (Option<Array>, &mut OutputBuffer<'_>))| {
            let bytes = self.wanted(i, output, rows.as_deref());
            let stays = bytes.is_none() || kept.contains(i);
            // Also what is not wanted has to be there.
            array.as_ref().map_or(Ok(()), |array| array.read_part(0, bytes.unwrap_or_default()))?;
            Ok(array.filter(|_| stays))
        };
        arrays.into_iter().zip(outputs).enumerate().map(deliver).collect()
    }

    /// Starts a run, without waiting where the mode allows it. `self.outputs`, empty before, gets the outputs, then the new
    /// values of states.
    pub(super) fn start(&mut self, inputs: &[&[u8]]) -> Result<(), Error> {
        let rows = self.rows();
        let rows = rows.as_deref();
        if let Some(collectives) = self.lazy_collectives() {
            let arrays = self.run_apart(&collectives, inputs)?;
            self.outputs.extend(arrays.into_iter().map(Some));
        } else if let Plan::Replay(whole) = &self.plan {
            let whole = Arc::clone(whole);
            let trace = rows.and_then(|rows| rows.trace.as_ref()).unwrap_or(&whole);
            self.gather(inputs, rows);
            // SAFETY: the list was made now from live arrays and slices.
            let done = unsafe { trace.start(&self.scratch.sources, &mut self.outputs) };
            self.scratch.sources.clear();
            done?;
        } else {
            let arrays = self.build(inputs, rows)?;
            self.watch(&arrays)?;
            start_eval(&arrays)?;
            self.outputs.extend(arrays.into_iter().map(Some));
        }
        self.counters.evaluations += 1;
        Ok(())
    }

    /// Notes what the evaluation of `arrays` computes, where that is noted.
    fn watch(&self, arrays: &[Array]) -> Result<(), Error> {
        self.program.target.reports.profile.as_ref().map_or(Ok(()), |profile| profile.watch_arrays(arrays))
    }

    /// Lists the leaves of a trace: an input that is left out is resident.
    fn gather(&mut self, inputs: &[&[u8]], rows: Option<&Rows>) {
        let sources = &mut self.scratch.sources;
        let array = |array: &Array| ffi::rlx_mlx_source_t { array: array.raw(), data: std::ptr::null(), nbytes: 0 };
        for (i, (input, data)) in self.inputs.iter().zip(inputs).enumerate() {
            sources.push(match &input.resident {
                Some(resident) if data.is_empty() => array(resident),
                _ => {
                    let data = rows.map_or(*data, |rows| rows.of_input(i, data));
                    self.counters.bytes_in += data.len() as u64;
                    let (data, nbytes) = (data.as_ptr().cast(), data.len());
                    ffi::rlx_mlx_source_t { array: std::ptr::null_mut(), data, nbytes }
                }
            });
        }
        sources.extend(self.params.iter().flatten().map(array));
        sources.extend(self.program.draws.then(|| array(&self.rng.array)));
        sources.extend(self.prepared.values.iter().map(array));
    }

    /// Arrays of inputs, parameters and what random numbers follow from.
    pub(super) fn leaves(&mut self, inputs: &[&[u8]], rows: Option<&Rows>) -> Result<Vec<Array>, Error> {
        let mut leaves = Vec::with_capacity(self.inputs.len() + self.params.len());
        for (i, (input, data)) in self.inputs.iter().zip(inputs).enumerate() {
            leaves.push(match &input.resident {
                Some(resident) if data.is_empty() => resident.duplicate()?,
                _ => {
                    let data = rows.map_or(*data, |rows| rows.of_input(i, data));
                    let dims = rows.map_or(Cow::from(&input.dims), |rows| rows.dims_of_input(i, &input.dims).into());
                    self.counters.bytes_in += data.len() as u64;
                    Array::from_bytes(&dims, self.program.inputs[i].dtype, data)?
                }
            });
        }
        for param in self.params.iter().flatten() {
            leaves.push(param.duplicate()?);
        }
        if self.program.draws {
            leaves.push(self.rng.array.duplicate()?);
        }
        Ok(leaves)
    }

    /// Outputs of a plan of steps: lazy, or evaluated op by op.
    fn build(&mut self, inputs: &[&[u8]], rows: Option<&Rows>) -> Result<Vec<Array>, Error> {
        let leaves = self.leaves(inputs, rows)?;
        match &self.plan {
            Plan::Steps(mode, steps) => {
                let run = &mut RunState { mode: *mode, prepared: &self.prepared.values, counters: &mut self.counters };
                match rows {
                    Some(rows) => steps.run_rows(run, &leaves, rows.extent),
                    None => steps.run(run, leaves),
                }
            }
            Plan::Replay(trace) => trace.call(&leaves),
        }
    }

    /// Says how to learn which op it was.
    pub(super) fn explain(&self, error: Error) -> Error {
        // What host code told says where already.
        if let Some(cause) = self.program.target.reports.failures.take(error.message()) {
            return cause.context(format_args!("graph `{}`", self.program.graph.name));
        }
        if error.kind() != ErrorKind::ExecutionFailed || matches!(self.plan, Plan::Steps(Mode::Eager, _)) {
            return error;
        }
        error.context(format_args!("graph `{}` (mode eager names the op)", self.program.graph.name))
    }
}

/// Outputs that stay on the device.
pub(super) enum Kept {
    All,
    Some(HashSet<usize>),
}

impl Kept {
    pub(super) fn contains(&self, output: usize) -> bool {
        match self {
            Self::All => true,
            Self::Some(outputs) => outputs.contains(&output),
        }
    }
}
