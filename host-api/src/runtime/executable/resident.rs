//! Inputs that stay between runs: on the device where the plugin can keep them there, otherwise on the host.

use super::PluginExecutable;
use super::inputs::Given;
use crate::runtime::boundary::Place;
use crate::runtime::convert::{F32Output, f32_len, from_f32};
use crate::{Error, ErrorKind, TensorInfo, TensorView};

impl PluginExecutable {
    /// Keeps `data` as the value of the input `name`. False for a name that is no input. On the host, the plugin is given
    /// the value in every run.
    pub(super) fn keep_input(&mut self, name: &str, data: &[f32]) -> Result<bool, Error> {
        let Some(place) = self.program.boundary.input(name) else { return Ok(false) };
        match place {
            Place::At(index) if self.offers.resident => {
                let info = &self.program.boundary.input_infos()[index];
                let data = from_f32(data, info.dtype);
                let value = TensorView { dtype: info.dtype, dims: &info.dims, data: &data };
                self.executable
                    .bind_resident(index, Some(value))
                    .map_err(|e| e.context(format_args!("handle `{name}`")))?;
            }
            Place::At(index) if f32_len(&self.program.boundary.input_infos()[index]) != data.len() => {
                let info = &self.program.boundary.input_infos()[index];
                let given = data.len();
                return Err(Error::invalid(format!("handle `{name}` is {info}, but {given} values were given")));
            }
            Place::At(_) | Place::Unused => {
                self.handles.host.insert(name.to_owned(), data.to_vec());
            }
        }
        Ok(true)
    }

    /// The program's input `name`.
    pub(super) fn input_at(&self, name: &str) -> Option<(usize, &TensorInfo)> {
        match self.program.boundary.input(name)? {
            Place::At(index) => Some((index, &self.program.boundary.input_infos()[index])),
            Place::Unused => None,
        }
    }

    pub(super) fn is_resident(&self, index: usize) -> bool {
        self.offers.resident && self.executable.is_resident(index).unwrap_or_default()
    }

    /// Whether the input `name` is bound.
    pub(super) fn is_kept(&self, name: &str) -> bool {
        self.handles.host.contains_key(name) || self.input_at(name).is_some_and(|(index, _)| self.is_resident(index))
    }

    /// The value of a handle; `None` for one that is not bound.
    pub(super) fn read_input(&self, name: &str) -> Result<Option<Vec<f32>>, Error> {
        if let Some(data) = self.handles.on_host(name) {
            return Ok(Some(data.to_vec()));
        }
        let Some((_, info)) = self.input_at(name) else { return Ok(None) };
        self.read_input_part(name, 0, info.elements())
    }

    /// `len` elements of a handle, from element `start` on; `None` for one that is not bound.
    fn read_input_part(&self, name: &str, start: usize, len: usize) -> Result<Option<Vec<f32>>, Error> {
        let Some((index, info)) = self.input_at(name) else { return Ok(None) };
        if !self.is_resident(index) {
            return Ok(None);
        }
        read_elements(info, start, len, |offset, out| self.executable.read_resident(index, offset, out)).map(Some)
    }

    /// Row `row` of a handle seen as rows of `width` elements.
    pub(super) fn read_input_row(&self, name: &str, row: usize, width: usize) -> Result<Option<Vec<f32>>, Error> {
        match row.checked_mul(width) {
            Some(start) if !self.handles.host.contains_key(name) => self.read_input_part(name, start, width),
            Some(start) => {
                let end = start.saturating_add(width);
                Ok(self.handles.on_host(name).and_then(|data| data.get(start..end)).map(<[f32]>::to_vec))
            }
            None => Ok(None),
        }
    }

    /// Row `row` of an output of the last run.
    pub(super) fn read_row(&self, output: usize, row: usize, width: usize) -> Result<Option<Vec<f32>>, Error> {
        let (Some(info), Some(start)) = (self.executable.outputs().get(output), row.checked_mul(width)) else {
            return Ok(None);
        };
        read_elements(info, start, width, |offset, out| self.executable.read_output(output, offset, out)).map(Some)
    }

    /// The input `name`, when output `output` can become it.
    fn fed_input(&self, name: &str, output: usize) -> Option<usize> {
        let (input, info) = self.input_at(name)?;
        let output = self.executable.outputs().get(output)?;
        (self.offers.resident && output.dtype == info.dtype && output.dims == info.dims).then_some(input)
    }

    /// Has output `output` become the input `name` after every run. False for an unknown or unlike one.
    pub(super) fn feed(&mut self, name: &str, output: usize) -> Result<bool, Error> {
        let Some(input) = self.fed_input(name, output) else { return Ok(false) };
        self.executable.feed(input, Some(output))?;
        self.handles.feeds[input] = Some(output);
        self.handles.row_feeds.retain(|feed| feed.input != input);
        Ok(true)
    }

    /// Ends the feed of an input.
    pub(super) fn end_feed(&mut self, input: usize) -> Result<(), Error> {
        self.executable.feed(input, None)?;
        self.handles.feeds[input] = None;
        Ok(())
    }

    /// Runs, has the input `name` become output `output`, and gives that output. `None` for an unknown or unlike one.
    pub(super) fn run_and_feed(
        &mut self,
        given: &Given<'_, '_>,
        name: &str,
        output: usize,
    ) -> Result<Option<Vec<f32>>, Error> {
        let Some(input) = self.fed_input(name, output) else { return Ok(None) };
        self.executable.feed(input, Some(output))?;
        let done = self.run_f32(given, Some(&[output]));
        self.executable.feed(input, self.handles.feeds[input])?;
        Ok(done?.pop())
    }

    /// Keeps the values of these handles aside. False when one is not on the device.
    pub(super) fn save(&mut self, names: &[&str]) -> Result<bool, Error> {
        let inputs: Option<Vec<usize>> =
            names.iter().map(|name| self.input_at(name).map(|(i, _)| i).filter(|&i| self.is_resident(i))).collect();
        let Some(inputs) = inputs else { return Ok(false) };
        self.executable.save_resident(&inputs)?;
        Ok(true)
    }

    /// Binds what [`save`](Self::save) kept. False when it kept nothing.
    pub(super) fn restore(&mut self) -> Result<bool, Error> {
        match self.executable.restore_resident() {
            Err(error) if error.kind() == ErrorKind::FailedPrecondition => Ok(false),
            restored => restored.map(|()| true),
        }
    }

    /// Makes sure that the input `name` is on the device: zeros, unless it is bound. False for an unknown one.
    pub(super) fn prepare_resident(&mut self, name: &str) -> Result<bool, Error> {
        match self.input_at(name) {
            None => Ok(false),
            Some((index, _)) if self.is_resident(index) => Ok(true),
            Some((index, info)) => {
                let zeros = info.zeroed()?;
                let info = &self.program.boundary.input_infos()[index];
                let value = TensorView { dtype: info.dtype, dims: &info.dims, data: &zeros };
                self.executable.bind_resident(index, Some(value))?;
                Ok(true)
            }
        }
    }
}

/// Downloads `len` elements of a tensor, from element `start` on, as f32 values.
fn read_elements(
    info: &TensorInfo,
    start: usize,
    len: usize,
    read: impl FnOnce(usize, &mut [u8]) -> Result<(), Error>,
) -> Result<Vec<f32>, Error> {
    if start.checked_add(len).is_none_or(|end| end > info.elements()) {
        let (name, count) = (&info.name, info.elements());
        return Err(Error::invalid(format!("`{name}` has {count} elements; {len} at {start} do not fit")));
    }
    let mut part = F32Output::new(&TensorInfo { name: info.name.clone(), dtype: info.dtype, dims: vec![len as i64] })?;
    read(start * info.dtype.size(), part.bytes())?;
    Ok(part.into_f32())
}
