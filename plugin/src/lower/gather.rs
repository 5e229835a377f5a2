//! `Op::Gather`.

use crate::array::Array;
use rlx_host_api::{DType, Error};

/// Slices of `table` along `axis`. RLX carries indices as f32 as often as in an integer type; floats are truncated.
pub(super) fn gather(table: &Array, indices: &Array, axis: usize) -> Result<Array, Error> {
    let integers = match indices.dtype()? {
        DType::I8 | DType::I16 | DType::I32 | DType::I64 | DType::U8 | DType::U32 => indices.duplicate()?,
        // 64 bits, so that no large index wraps into range.
        _ => indices.cast(DType::I64)?,
    };
    table.take(&integers, axis)
}
