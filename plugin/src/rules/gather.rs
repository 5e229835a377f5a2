//! Elements and slices that index arrays pick. RLX carries indices as f32 as often as in an integer type. What an index may be
//! is written at [`rows::clamped`]; MLX's functions are given the same in the shim.

use super::rows::{self, real_indices};
use super::rule::{any, rules};
use crate::mlx::array::Array;
use crate::mlx::extents::{axis_of, int, joined};
use rlx_host_api::Error;

rules! {
    Gather { axis }              [table, indices]    any             => table.take(indices, int(*axis)?);
    GatherElements { axis }      [data, indices]     real_indices    => gather_elements(data, indices, *axis);
    GatherNd { batch_dims }      [data, indices]     real_indices    => gather_nd(data, indices, *batch_dims);
}

/// `Op::GatherElements`, as in ONNX: element `[.., i, ..]` of the result is `data[.., indices[.., i, ..], ..]`. Along the
/// other axes `indices` may have less elements than `data`.
fn gather_elements(data: &Array, indices: &Array, axis: i32) -> Result<Array, Error> {
    let (dims, picks) = (data.dims()?, indices.dims()?);
    let axis = axis_of(axis, dims.len())?;
    rows::check_within(&picks, &dims, axis)?;
    if picks.contains(&0) {
        return Array::zeros(&picks, data.dtype()?);
    }
    let mut part = data.duplicate()?;
    for (at, (&count, &extent)) in picks.iter().zip(&dims).enumerate() {
        if at != axis && count < extent {
            part = part.slice_axis(at, 0, Some(count), 1)?;
        }
    }
    let extent = dims.get(axis).copied().unwrap_or_default();
    part.take_along_axis(&rows::clamped(indices, extent)?, int(axis)?)
}

/// `Op::GatherNd`, as in ONNX: behind `batch_dims` shared axes each run of `k` indices picks a slice of the `k` axes that
/// follow in `data`.
fn gather_nd(data: &Array, indices: &Array, batch_dims: i32) -> Result<Array, Error> {
    let (dims, picks) = (data.dims()?, indices.dims()?);
    let batch = usize::try_from(batch_dims).map_err(|_| Error::invalid(format!("{batch_dims} batch axes")))?;
    let rows::Tuples { outer, indexed, slice } = rows::tuples(&dims, &picks, batch)?;
    let shape = [outer, slice].concat();
    if shape.contains(&0) {
        return Array::zeros(&shape, data.dtype()?);
    }
    let table = data.reshape(&[joined(indexed)?, joined(slice)?])?;
    table.take(&rows::numbers(indices, batch, indexed)?, 0)?.reshape(&shape)
}
