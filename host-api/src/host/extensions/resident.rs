//! Inputs that stay on the device between runs.

use crate::abi::*;
use crate::host::load::slot;
use crate::types::{Segment, Source};
use crate::{Error, Executable, Growable, TensorView};

impl Executable {
    fn resident(&self) -> Result<&'static RlxResidentApi, Error> {
        self.instance().plugin.table::<RlxResidentApi>()
    }

    /// Uploads `value`, of the declared dtype and shape, as the input with this index; a run may then pass an empty
    /// slice for it. `None` takes the binding away.
    ///
    /// # Errors
    /// Unsupported without extension `resident/1`; another dtype or shape than declared.
    pub fn bind_resident(&mut self, input: usize, value: Option<TensorView<'_>>) -> Result<(), Error> {
        let table = self.resident()?;
        let raw = value.map(TensorView::to_raw);
        let tensor = raw.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
        let _turn = self.instance().turn();
        // SAFETY: live handle, exclusive by `&mut self`; the tensor outlives the call.
        unsafe { Error::check(slot!(table, bind(self.handle(), input as u64, tensor))) }
    }

    /// Whether the input is bound as resident.
    ///
    /// # Errors
    /// Unsupported without extension `resident/1`; an unknown input.
    pub fn is_resident(&self, input: usize) -> Result<bool, Error> {
        let table = self.resident()?;
        let mut bound = 0;
        let _turn = self.instance().turn();
        // SAFETY: live handle, which is not shared between threads; `bound` is writable.
        unsafe { Error::check(slot!(table, is_bound(self.handle(), input as u64, &mut bound)))? };
        Ok(bound != 0)
    }

    /// Downloads `out.len()` bytes of a resident input, from byte `offset` on.
    ///
    /// # Errors
    /// Unsupported without extension `resident/1`; an input that is not bound; a range beyond its end.
    pub fn read_resident(&self, input: usize, offset: usize, out: &mut [u8]) -> Result<(), Error> {
        let table = self.resident()?;
        let _turn = self.instance().turn();
        // SAFETY: live handle, which is not shared between threads; `out` is writable.
        unsafe { Error::check(slot!(table, read(self.handle(), input as u64, offset as u64, RlxBytesMut::new(out)))) }
    }

    /// After every run, the input becomes that output, without a transfer; `None` ends it.
    ///
    /// # Errors
    /// Unsupported without extension `resident/1`; tensors that are not alike.
    pub fn feed(&mut self, input: usize, output: Option<usize>) -> Result<(), Error> {
        let table = self.resident()?;
        let output = output.map_or(RLX_NO_OUTPUT, |o| o as u64);
        let _turn = self.instance().turn();
        // SAFETY: live handle, exclusive by `&mut self`.
        unsafe { Error::check(slot!(table, feed(self.handle(), input as u64, output))) }
    }

    /// Copies pieces of an output of the last run, or of a resident input, into a resident input on the device, in place
    /// and one after the other. The source belongs to `other`, of the same plugin, or to `self` for `None`. An output that
    /// was fed to the target cannot be relied on afterwards, since it is the memory that is written to.
    ///
    /// # Errors
    /// Unsupported without extension `resident/1`; a target that is not bound; pieces beyond the end of a tensor.
    pub fn copy_resident(
        &mut self,
        target: usize,
        other: Option<&Self>,
        source: Source,
        segments: &[Segment],
    ) -> Result<(), Error> {
        if let Some(other) = other {
            self.same_plugin(other)?;
        }
        let table = self.resident()?;
        let (source_kind, source_index) = match source {
            Source::Output(index) => (RLX_SOURCE_OUTPUT, index),
            Source::Input(index) => (RLX_SOURCE_INPUT, index),
        };
        let args = RlxCopyArgs {
            target: target as u64,
            source: other.map_or(std::ptr::null_mut(), Self::handle),
            source_kind,
            source_index: source_index as u64,
            segments: segments.as_ptr(),
            segment_count: segments.len() as u64,
            ..RlxCopyArgs::sized()
        };
        let _turn = self.instance().turn();
        // SAFETY: live handles of one plugin that are not shared between threads; the arguments outlive the call.
        unsafe { Error::check(slot!(table, copy(self.handle(), &args))) }
    }

    /// Downloads `out.len()` bytes of an output of the last run, from byte `offset` on; also of one that the run did not
    /// read back.
    ///
    /// # Errors
    /// Unsupported without extension `resident/1`; failed precondition before the first run, and for an output that was
    /// fed to an input that was written to since; a range beyond the end.
    pub fn read_output(&self, output: usize, offset: usize, out: &mut [u8]) -> Result<(), Error> {
        let table = self.resident()?;
        let _turn = self.instance().turn();
        // SAFETY: live handle, which is not shared between threads; `out` is writable.
        unsafe {
            Error::check(slot!(table, read_output(self.handle(), output as u64, offset as u64, RlxBytesMut::new(out))))
        }
    }

    /// Keeps the values of resident inputs, in place of those kept before.
    ///
    /// # Errors
    /// Unsupported without extension `resident/1`; an input that is not bound.
    pub fn save_resident(&mut self, inputs: &[usize]) -> Result<(), Error> {
        let table = self.resident()?;
        let inputs: Vec<u64> = inputs.iter().map(|&i| i as u64).collect();
        let _turn = self.instance().turn();
        // SAFETY: live handle, exclusive by `&mut self`; the list outlives the call.
        unsafe { Error::check(slot!(table, save(self.handle(), inputs.as_ptr(), inputs.len() as u64))) }
    }

    /// Binds what [`save_resident`](Self::save_resident) kept.
    ///
    /// # Errors
    /// Unsupported without extension `resident/1`; failed precondition when nothing was kept.
    pub fn restore_resident(&mut self) -> Result<(), Error> {
        let table = self.resident()?;
        let _turn = self.instance().turn();
        // SAFETY: live handle, exclusive by `&mut self`.
        unsafe { Error::check(slot!(table, restore(self.handle()))) }
    }
}
