//! Parts of evaluated arrays: read, overwritten and copied without moving the rest. Semantics: the shim's `part.h`.

use super::array::Array;
use super::device::Device;
use super::errors::check_eval;
use rlx_host_api::Error;
use rlx_host_api::author::Segment;
use rlx_mlx_shim as ffi;
use std::ffi::c_int;

impl Array {
    /// Copies bytes from `offset` on of the row-major elements into `out`.
    pub(crate) fn read_part(&self, offset: usize, out: &mut [u8]) -> Result<(), Error> {
        // SAFETY: live handle; buffer and length agree.
        check_eval(unsafe { ffi::rlx_mlx_part_read(self.raw(), offset, out.as_mut_ptr().cast(), out.len()) })
    }

    /// Overwrites bytes from `offset` on, and gives the number that this moved on the device: none, or the whole array
    /// when others refer to its memory.
    pub(crate) fn write_part(&mut self, offset: usize, data: &[u8], device: Device) -> Result<usize, Error> {
        let (bytes, place, mut moved) = (data.as_ptr().cast(), c_int::from(device.in_host_memory()), 0);
        // SAFETY: live handle, changed by this call alone; pointer and length agree.
        check_eval(unsafe { ffi::rlx_mlx_part_write(self.raw(), offset, bytes, data.len(), place, &mut moved) })?;
        Ok(moved)
    }

    /// Copies segments of `source`, or of the array itself for `None`; gives the number of bytes that this moved.
    pub(crate) fn copy_part(
        &mut self,
        source: Option<&Self>,
        segments: &[Segment],
        device: Device,
    ) -> Result<usize, Error> {
        let list: Vec<_> = segments
            .iter()
            .map(|s| ffi::rlx_mlx_segment_t {
                source: s.source as usize,
                target: s.target as usize,
                len: s.len as usize,
            })
            .collect();
        let source = source.map_or(self.raw(), Self::raw);
        let (place, mut moved) = (c_int::from(device.in_host_memory()), 0);
        // SAFETY: live handles, of which this call alone changes the first; pointer and length agree.
        check_eval(unsafe {
            ffi::rlx_mlx_part_copy(self.raw(), source, list.as_ptr(), list.len(), place, &mut moved)
        })?;
        Ok(moved)
    }
}
