//! Output memory of `run_slots` and `run_raw`: one aligned block, made once, that holds every output as f32 values.

use crate::runtime::convert::{f32_len, is_f32_lanes, to_f32};
use crate::{DType, Error, TensorInfo};
use rlx_ir::bytes::{ALIGNED_BYTES_ALIGN, AlignedBytes};

pub(super) struct Arena {
    block: AlignedBytes,
    /// Offset in bytes and number of f32 values of each output.
    slots: Vec<(usize, usize)>,
    /// Memory for the outputs that are not made of f32 values, which are widened into the block.
    staged: Vec<Option<(Vec<u8>, DType)>>,
}

impl Arena {
    /// # Errors
    /// Out of memory, which names an output and its size.
    pub(super) fn new(outputs: &[TensorInfo]) -> Result<Self, Error> {
        let mut size: usize = 0;
        let mut slots = Vec::with_capacity(outputs.len());
        let mut staged = Vec::with_capacity(outputs.len());
        for output in outputs {
            slots.push((size, f32_len(output)));
            size = size.saturating_add(padded(f32_len(output)));
            // The block takes its memory at once and ends the process when it gets none.
            output.check_room(size)?;
            let stage = (!is_f32_lanes(output.dtype)).then(|| Ok((output.zeroed()?, output.dtype)));
            staged.push(stage.transpose()?);
        }
        Ok(Self { block: AlignedBytes::zeroed(size), slots, staged })
    }

    /// The memory that a run fills, in the outputs' own dtypes; [`settle`](Self::settle) follows.
    pub(super) fn buffers(&mut self) -> Vec<Option<&mut [u8]>> {
        let mut rest = self.block.as_mut_slice();
        let mut buffers = Vec::with_capacity(self.slots.len());
        for (&(_, len), staged) in self.slots.iter().zip(&mut self.staged) {
            let (place, tail) = rest.split_at_mut(padded(len));
            rest = tail;
            buffers.push(Some(match staged {
                Some((bytes, _)) => bytes.as_mut_slice(),
                None => &mut place[..len * size_of::<f32>()],
            }));
        }
        buffers
    }

    /// Widens what is not f32 yet.
    pub(super) fn settle(&mut self) {
        for (&(offset, len), staged) in self.slots.iter().zip(&self.staged) {
            if let Some((bytes, dtype)) = staged {
                self.block.slice_of_mut::<f32>(offset, len * size_of::<f32>()).copy_from_slice(&to_f32(bytes, *dtype));
            }
        }
    }

    pub(super) fn slots(&self) -> &[(usize, usize)] {
        &self.slots
    }

    /// The start of the block.
    pub(super) fn as_ptr(&self) -> *const u8 {
        self.block.as_slice().as_ptr()
    }

    /// Address and number of the f32 values of each output.
    pub(super) fn values(&self) -> Vec<(*const f32, usize)> {
        self.slots.iter().map(|&(offset, len)| (self.as_ptr().wrapping_add(offset).cast(), len)).collect()
    }
}

/// Bytes that `len` f32 values take in the block; saturates where no memory could hold them.
fn padded(len: usize) -> usize {
    let bytes = len.saturating_mul(size_of::<f32>());
    bytes.checked_next_multiple_of(ALIGNED_BYTES_ALIGN).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(dtype: DType, dims: &[i64]) -> TensorInfo {
        TensorInfo { name: String::new(), dtype, dims: dims.to_vec() }
    }

    #[test]
    fn outputs_are_aligned_apart_and_f32() {
        let outputs = [
            info(DType::F32, &[3]),
            info(DType::I32, &[20]),
            info(DType::F32, &[0]),
            info(DType::C64, &[2]),
            info(DType::Bool, &[1]),
        ];
        let mut arena = Arena::new(&outputs).unwrap();
        for (buffer, output) in arena.buffers().into_iter().zip(&outputs) {
            let buffer = buffer.unwrap();
            assert_eq!(buffer.len(), output.byte_len());
            match output.dtype {
                DType::I32 => buffer.copy_from_slice(&7i32.to_le_bytes().repeat(20)),
                DType::Bool => buffer.fill(1),
                _ => buffer.copy_from_slice(&2f32.to_le_bytes().repeat(buffer.len() / 4)),
            }
        }
        arena.settle();
        assert_eq!(arena.slots(), [(0, 3), (64, 20), (192, 0), (192, 4), (256, 1)]);
        assert!(arena.as_ptr().addr().is_multiple_of(64));
        let read = |slot: usize| {
            let (offset, len) = arena.slots()[slot];
            arena.block.slice_of::<f32>(offset, len * 4).to_vec()
        };
        assert_eq!(read(0), [2.0; 3]);
        assert_eq!(read(1), [7.0; 20]);
        assert_eq!(read(3), [2.0; 4]);
        assert_eq!(read(4), [1.0]);
    }
    #[test]
    fn outputs_that_are_larger_than_memory_are_an_error() {
        for outputs in [
            vec![info(DType::F32, &[1 << 20, 1 << 20])],
            vec![info(DType::F32, &[3]), info(DType::Bool, &[1 << 40])],
            vec![info(DType::F32, &[i64::MAX]), info(DType::F32, &[i64::MAX])],
        ] {
            let error = Arena::new(&outputs).err().expect("no such memory");
            assert_eq!(error.kind(), crate::ErrorKind::OutOfMemory, "{error}");
        }
    }
}
