//! Extents and axes in MLX's types: 32-bit integers.

use rlx_host_api::{Error, TensorInfo};
use rlx_mlx_cpu::Along;
use std::ffi::c_int;
use std::ops::Range;

/// A size.
pub(crate) fn int(value: usize) -> Result<c_int, Error> {
    c_int::try_from(value).map_err(|_| Error::invalid(format!("{value} exceeds MLX's 32-bit sizes")))
}

/// Sizes.
pub(crate) fn ints(values: &[usize]) -> Result<Vec<c_int>, Error> {
    values.iter().map(|&v| int(v)).collect()
}

/// The extents of a declared tensor.
pub(crate) fn extents(info: &TensorInfo) -> Result<Vec<c_int>, Error> {
    let fits = |&extent: &i64| {
        c_int::try_from(extent).map_err(|_| Error::invalid(format!("`{}`: {info} is too large", info.name)))
    };
    info.dims.iter().map(fits).collect()
}

/// The extent that several axes make as one.
pub(crate) fn joined(extents: &[c_int]) -> Result<c_int, Error> {
    let product = extents.iter().try_fold(1i64, |product, &extent| product.checked_mul(extent.into()));
    product
        .and_then(|product| c_int::try_from(product).ok())
        .ok_or_else(|| Error::invalid(format!("axes {extents:?} as one exceed MLX's 32-bit sizes")))
}

/// An axis of an array of `rank`, from 0; negative counts from the end.
pub(crate) fn axis_of(axis: i32, rank: usize) -> Result<usize, Error> {
    let at = if axis < 0 { i64::from(axis) + rank as i64 } else { i64::from(axis) };
    usize::try_from(at)
        .ok()
        .filter(|&a| a < rank)
        .ok_or_else(|| Error::invalid(format!("axis {axis} of an array of rank {rank}")))
}

/// An array of these extents, as kernels of the processor take it: the axes before some, those, and those behind.
pub(crate) fn split_at(dims: &[c_int], axes: Range<usize>) -> Along {
    let product = |dims: &[c_int]| dims.iter().map(|&extent| extent as usize).product();
    Along {
        outer: product(&dims[..axes.start]),
        extent: product(&dims[axes.clone()]),
        inner: product(&dims[axes.end..]),
    }
}
