//! `Op::Gather`.

use super::rule::{any, rules};
use crate::mlx::array::Array;
use crate::mlx::dtypes::is_integer;
use crate::mlx::extents::int;
use rlx_host_api::{DType, Error};

rules! {
    Gather { axis }    [table, indices]    any    => gather(table, indices, *axis);
}

/// Slices of `table` along `axis`. RLX carries indices as f32 as often as in an integer type; floats are truncated.
fn gather(table: &Array, indices: &Array, axis: usize) -> Result<Array, Error> {
    let integers = match indices.dtype()? {
        dtype if is_integer(dtype) => indices.duplicate()?,
        // 64 bits, so that no large index wraps into range.
        _ => indices.cast(DType::I64)?,
    };
    table.take(&integers, int(axis)?)
}
