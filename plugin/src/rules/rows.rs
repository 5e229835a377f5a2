//! From indices to numbers of rows: what gathers and scatters by several axes have in common.

use super::rule::Case;
use super::steps::integers;
use crate::mlx::array::Array;
use crate::mlx::dtypes::is_float;
use crate::mlx::extents::joined;
use rlx_host_api::{DType, Error};
use std::ffi::c_int;

/// Takes indices, operand 1, of every real dtype.
pub(super) fn real_indices(case: &Case<'_>) -> Result<(), Error> {
    let dtype = case.node.inputs.get(1).map(|&id| DType::from(case.graph.shape(id).dtype()));
    match dtype {
        Some(dtype @ (DType::C64 | DType::C128)) => Err(Error::unsupported(format!("indices of dtype {dtype}"))),
        _ => Ok(()),
    }
}

/// Indices into an axis of `extent`, as i64 from 0 to its last element. Floats are truncated. A negative index counts from
/// the end, once; what is outside then becomes the nearest element, NaN the first.
pub(super) fn clamped(indices: &Array, extent: c_int) -> Result<Array, Error> {
    if extent == 0 {
        return Err(Error::invalid("indices into an axis without elements"));
    }
    let dtype = indices.dtype()?;
    let whole = if is_float(dtype) {
        let wide = if dtype == DType::F64 { dtype } else { DType::F32 };
        let c = |value: f64| Array::scalar(value, wide);
        let x = indices.cast(wide)?;
        // Extents have 31 bits, so the limits are outside of all of them, and exact in f32.
        let x = x.eq(&x)?.where_(&x, &c(0.0)?)?;
        x.max(&c(-2_147_483_648.0)?)?.min(&c(2_147_483_648.0)?)?.cast(DType::I64)?
    } else {
        indices.cast(DType::I64)?
    };
    let c = |value: c_int| Array::scalar(value.into(), DType::I64);
    let from_start = whole.lt(&c(0)?)?.where_(&whole.add(&c(extent)?)?, &whole)?;
    from_start.max(&c(0)?)?.min(&c(extent - 1)?)
}

/// Refuses indices that have another rank than the data, or more elements along another axis than `axis`.
pub(super) fn check_within(picks: &[c_int], dims: &[c_int], axis: usize) -> Result<(), Error> {
    let beside = |&(at, (count, extent)): &(usize, (&c_int, &c_int))| at != axis && count > extent;
    if picks.len() != dims.len() || picks.iter().zip(dims).enumerate().any(|pair| beside(&pair)) {
        return Err(Error::invalid(format!(
            "indices of shape {picks:?} for data of shape {dims:?}: they have as many axes, and along others than axis \
             {axis} no more elements"
        )));
    }
    Ok(())
}

/// How ONNX's GatherND and ScatterND read their operands.
pub(super) struct Tuples<'a> {
    /// Extents of the list of tuples.
    pub(super) outer: &'a [c_int],
    /// Those of the data that tuples name, batch axes included.
    pub(super) indexed: &'a [c_int],
    /// Those of the data that are left.
    pub(super) slice: &'a [c_int],
}

/// Data of `dims`, and indices of `picks`, whose last axis holds a tuple for the axes behind `batch` shared ones.
pub(super) fn tuples<'a>(dims: &'a [c_int], picks: &'a [c_int], batch: usize) -> Result<Tuples<'a>, Error> {
    let wrong = || {
        Error::invalid(format!(
            "indices of shape {picks:?} for data of shape {dims:?} with {batch} batch axes: the last axis has an index for \
             each of the first axes, and batch axes are the same in both"
        ))
    };
    let (&k, outer) = picks.split_last().ok_or_else(wrong)?;
    let named = usize::try_from(k).map_err(|_| wrong())?.saturating_add(batch);
    let (indexed, slice) = dims.split_at_checked(named).ok_or_else(wrong)?;
    if batch > outer.len() || outer.get(..batch) != indexed.get(..batch) {
        return Err(wrong());
    }
    Ok(Tuples { outer, indexed, slice })
}

/// For each tuple of `indices` the number of the row that it names, where rows are counted along the axes `extents`
/// together. There is at least one tuple.
pub(super) fn numbers(indices: &Array, batch: usize, extents: &[c_int]) -> Result<Array, Error> {
    let picks = indices.dims()?;
    let wrong = || Error::fault("tuples of another size");
    let (&k, outer) = picks.split_last().ok_or_else(wrong)?;
    let (shared, own) = outer.split_at_checked(batch).ok_or_else(wrong)?;
    let (batches, each) = (joined(shared)?, joined(own)?);
    let tuples = indices.reshape(&[batches, each, k])?;
    let mut row = integers(0, batches)?.cast(DType::I64)?.reshape(&[batches, 1])?.broadcast_to(&[batches, each])?;
    for (column, &extent) in (0..k).zip(extents.get(batch..).ok_or_else(wrong)?) {
        let index = tuples.slice_axis(2, column, Some(column + 1), 1)?.reshape(&[batches, each])?;
        row = row.mul(&Array::scalar(extent.into(), DType::I64)?)?.add(&clamped(&index, extent)?)?;
    }
    row.reshape(&[joined(outer)?])
}

/// For each element of `indices` the number of the element of an array of `dims` that it names: its own coordinates, and
/// along `axis` the index. There is at least one.
pub(super) fn elements(indices: &Array, dims: &[c_int], axis: usize) -> Result<Array, Error> {
    let picks = indices.dims()?;
    let mut number = Array::scalar(0.0, DType::I64)?;
    for (at, (&count, &extent)) in picks.iter().zip(dims).enumerate() {
        let coordinate = if at == axis {
            clamped(indices, extent)?
        } else {
            let mut line = vec![1; picks.len()];
            line[at] = count;
            integers(0, count)?.cast(DType::I64)?.reshape(&line)?
        };
        number = number.mul(&Array::scalar(extent.into(), DType::I64)?)?.add(&coordinate)?;
    }
    number.reshape(&[joined(&picks)?])
}
