//! Extension `resident/1`. A resident input is an MLX array with one reference, so that rows are written into it in place;
//! while a save, a duplicate or another input shares it, the first write copies it as a whole.

use super::MlxExecutable;
use crate::mlx::array::Array;
use rlx_host_api::author::{Resident, Segment, Source};
use rlx_host_api::{Error, ErrorKind, TensorView};

impl MlxExecutable {
    fn resident(&self, input: usize) -> Result<&Array, Error> {
        let value = self.inputs[input].resident.as_ref();
        value.ok_or_else(|| not_now(format!("input `{}` is not bound as resident", self.program.inputs[input].name)))
    }

    fn output(&self, output: usize) -> Result<&Array, Error> {
        let reason = match self.outputs.get(output) {
            Some(Some(array)) => return Ok(array),
            Some(None) if self.kept().contains(output) => "it became an input that was written to since",
            Some(None) => "the run delivered it, and option `keep_outputs` is false",
            None => "there was no run since, or it failed",
        };
        Err(not_now(format!("output {output} of the last run is gone: {reason}")))
    }

    pub(super) fn source(&self, source: Source) -> Result<&Array, Error> {
        match source {
            Source::Output(output) => self.output(output),
            Source::Input(input) => self.resident(input),
        }
    }

    fn copy_into(
        &self,
        value: &mut Array,
        target: usize,
        other: Option<&Self>,
        source: Source,
        segments: &[Segment],
    ) -> Result<usize, Error> {
        let array = match other {
            Some(other) => Some(other.source(source)?),
            None if source == Source::Input(target) => None,
            None => Some(self.source(source)?),
        };
        let _turn = self.lane.enter(&self.started)?;
        value.copy_part(array, segments, self.lane.device())
    }
}

impl Resident for MlxExecutable {
    fn bind_resident(&mut self, input: usize, value: Option<TensorView<'_>>) -> Result<(), Error> {
        let _pass = self.settle()?;
        let input = &mut self.inputs[input];
        input.resident = value.map(|value| Array::from_bytes(&input.dims, value.dtype, value.data)).transpose()?;
        input.fed_from = None;
        self.counters.bytes_in += value.map_or(0, |value| value.data.len() as u64);
        Ok(())
    }

    fn read_resident(&mut self, input: usize, offset: usize, out: &mut [u8]) -> Result<(), Error> {
        let _pass = self.settle()?;
        self.resident(input)?.read_part(offset, out)?;
        self.counters.bytes_out += out.len() as u64;
        Ok(())
    }

    fn feed(&mut self, input: usize, output: Option<usize>) -> Result<(), Error> {
        let _pass = self.settle()?;
        self.inputs[input].feed = output;
        Ok(())
    }

    fn copy(
        &mut self,
        target: usize,
        mut other: Option<&mut Self>,
        source: Source,
        segments: &[Segment],
    ) -> Result<(), Error> {
        let _pass = self.settle()?;
        if let Some(other) = other.as_deref_mut() {
            drop(other.settle()?);
        }
        if let (Source::Output(output), Some(end)) = (source, segments.iter().map(|s| s.source + s.len).max()) {
            let owner = other.as_deref_mut().unwrap_or(self);
            if let Some(declared) = owner.program.outputs.get(output) {
                let bytes = end as usize * declared.dtype.size();
                owner.extend_output(output, bytes)?;
            }
        }
        // An output that was fed to the target is the same array: kept, it would make the write copy the whole.
        let input = &mut self.inputs[target];
        if let Some(output) = input.fed_from.take()
            && (other.is_some() || source != Source::Output(output))
            && let Some(kept) = self.outputs.get_mut(output)
        {
            *kept = None;
        }
        let name = &self.program.inputs[target].name;
        let mut value =
            input.resident.take().ok_or_else(|| not_now(format!("input `{name}` is not bound as resident")))?;
        let moved = self.copy_into(&mut value, target, other.as_deref(), source, segments);
        self.inputs[target].resident = Some(value);
        self.counters.bytes_on_device += moved? as u64;
        Ok(())
    }

    fn read_output(&mut self, output: usize, offset: usize, out: &mut [u8]) -> Result<(), Error> {
        let _pass = self.settle()?;
        self.extend_output(output, offset + out.len())?;
        self.output(output)?.read_part(offset, out)?;
        self.counters.bytes_out += out.len() as u64;
        Ok(())
    }

    fn save(&mut self, inputs: &[usize]) -> Result<(), Error> {
        let _pass = self.settle()?;
        let values = inputs.iter().map(|&input| Ok((input, self.resident(input)?.duplicate()?)));
        self.saved = Some(values.collect::<Result<_, Error>>()?);
        Ok(())
    }

    fn restore(&mut self) -> Result<(), Error> {
        let _pass = self.settle()?;
        let saved = self.saved.as_ref().ok_or_else(|| not_now("no resident inputs were saved"))?;
        for (index, value) in saved {
            let input = &mut self.inputs[*index];
            input.resident = Some(value.duplicate()?);
            input.fed_from = None;
        }
        Ok(())
    }
}

fn not_now(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::FailedPrecondition, message)
}
