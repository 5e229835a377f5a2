//! Runs that are waited for, and their outputs.

use super::PluginExecutable;
use super::arena::Arena;
use super::inputs::{Given, Kept, Scratch, recycle};
use crate::runtime::convert::{F32Output, convert};
use crate::{Error, Executable, TensorInfo};
use std::borrow::Cow;

impl PluginExecutable {
    /// What completes the inputs, beside the executable that takes them and the reused lists.
    pub(super) fn split(&mut self) -> (Kept<'_>, &mut Executable, &mut Scratch) {
        let kept = Kept { boundary: &self.program.boundary, handles: &self.handles, resident: self.offers.resident };
        (kept, &mut self.executable, &mut self.scratch)
    }

    /// Calls `run` with the values of a run.
    pub(super) fn with_inputs(
        &mut self,
        given: &Given<'_, '_>,
        run: impl FnOnce(&mut Executable, &[&[u8]]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (kept, executable, scratch) = self.split();
        let mut values = recycle(std::mem::take(&mut scratch.values));
        let mut views = recycle(std::mem::take(&mut scratch.views));
        kept.fill(executable, given, &mut values)?;
        views.extend(values.iter().map(AsRef::as_ref));
        let done = run(executable, &views);
        scratch.views = recycle(views);
        scratch.values = recycle(values);
        done
    }

    /// Runs into `outputs`.
    pub(super) fn execute<'o>(
        &mut self,
        given: &Given<'_, '_>,
        outputs: impl Iterator<Item = Option<&'o mut [u8]>>,
    ) -> Result<(), Error> {
        let mut buffers = recycle(std::mem::take(&mut self.scratch.buffers));
        buffers.extend(outputs);
        let done = self.with_inputs(given, |executable, inputs| executable.run(inputs, &mut buffers));
        self.scratch.buffers = recycle(buffers);
        done
    }

    /// Runs, and reads the outputs with these indices back; all of them for `None`.
    pub(super) fn run_f32(&mut self, given: &Given<'_, '_>, indices: Option<&[usize]>) -> Result<Vec<Vec<f32>>, Error> {
        let mut outputs = self.f32_outputs(indices)?;
        self.execute(given, outputs.iter_mut().map(|output| output.as_mut().map(F32Output::bytes)))?;
        Ok(in_order_of(indices, outputs.into_iter().map(|output| output.map(F32Output::into_f32))))
    }

    /// Memory for the outputs with these indices.
    pub(super) fn f32_outputs(&self, indices: Option<&[usize]>) -> Result<Vec<Option<F32Output>>, Error> {
        let infos = self.executable.outputs();
        let count = infos.len();
        if let Some(index) = indices.and_then(|indices| indices.iter().find(|i| **i >= count)) {
            return Err(Error::invalid(format!("output {index} was asked for, but the graph has {count} outputs")));
        }
        let mut wanted = vec![indices.is_none(); count];
        indices.into_iter().flatten().for_each(|index| wanted[*index] = true);
        let room = |(info, wanted): (_, bool)| wanted.then(|| F32Output::new(info)).transpose();
        infos.iter().zip(wanted).map(room).collect()
    }

    /// Runs, and gives every output in its declared dtype.
    pub(super) fn run_bytes(&mut self, given: &Given<'_, '_>) -> Result<Vec<(Vec<u8>, rlx_ir::DType)>, Error> {
        let outputs = self.executable.outputs().iter().map(TensorInfo::zeroed);
        let mut outputs = outputs.collect::<Result<Vec<_>, Error>>()?;
        self.execute(given, outputs.iter_mut().map(|o| Some(o.as_mut_slice())))?;
        let infos = self.executable.outputs().iter();
        infos
            .zip(outputs)
            .enumerate()
            .map(|(index, (info, bytes))| {
                let declared = self.program.boundary.output_dtype(index).unwrap_or(info.dtype);
                let bytes = match convert(&bytes, info.dtype, declared)? {
                    Cow::Owned(converted) => converted,
                    Cow::Borrowed(_) => bytes,
                };
                Ok((bytes, declared.into()))
            })
            .collect()
    }

    /// Runs into the arena.
    pub(super) fn run_arena(&mut self, given: &Given<'_, '_>) -> Result<&Arena, Error> {
        // Taken out for the run, which borrows the whole executable.
        let mut arena = match self.arena.take() {
            Some(arena) => arena,
            None => Arena::new(self.executable.outputs())?,
        };
        let result = self.execute(given, arena.buffers().into_iter());
        arena.settle();
        let arena = self.arena.insert(arena);
        result.map(|()| &*arena)
    }

    /// Lets go of memory that the next run would only take again.
    pub(super) fn release_scratch_memory(&mut self) {
        self.arena = None;
        self.scratch = Default::default();
        if let Err(error) = self.registered.backend.clear_memory_cache() {
            log::debug!("release_scratch: {error}");
        }
    }
}

/// Values in the order in which they were asked for.
fn in_order_of(indices: Option<&[usize]>, values: impl Iterator<Item = Option<Vec<f32>>>) -> Vec<Vec<f32>> {
    let Some(indices) = indices else { return values.flatten().collect() };
    let mut values: Vec<Option<Vec<f32>>> = values.collect();
    let mut left = vec![0_usize; values.len()];
    indices.iter().for_each(|index| left[*index] += 1);
    let mut read = Vec::with_capacity(indices.len());
    for &index in indices {
        // An index may come again.
        left[index] -= 1;
        read.extend(if left[index] > 0 { values[index].clone() } else { values[index].take() });
    }
    read
}
