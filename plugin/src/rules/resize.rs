//! `Op::Interpolate3d`: the nearest element of an array of three spatial axes.

use super::rule::{any, rules};
use crate::mlx::array::Array;
use crate::mlx::extents::{int, ints};
use rlx_host_api::{DType, Error};
use std::ffi::c_int;

rules! {
    Interpolate3d { size }    [x]    any    => nearest(x, size);
}

/// `x` of `[n, c, d, h, w]` with the spatial extents `size`: element `i` of `out` along an axis of `extent` is element
/// `floor(i * extent / out)`. Values move as they are, so that every dtype does.
fn nearest(x: &Array, size: &[usize]) -> Result<Array, Error> {
    let dims = x.dims()?;
    let (&[n, c, d, h, w], &[_, _, _]) = (dims.as_slice(), size) else {
        return Err(Error::invalid(format!("x is {dims:?} and size {size:?}: they have five axes and three extents")));
    };
    for (axis, (&extent, &out)) in (2..).zip([d, h, w].iter().zip(size)) {
        if extent == 0 && out > 0 {
            return Err(Error::invalid(format!("x is {dims:?}: axis {axis} has no element to be nearest")));
        }
    }
    let shape = [&[n, c], ints(size)?.as_slice()].concat();
    if shape.contains(&0) {
        return Array::zeros(&shape, x.dtype()?);
    }
    let mut y = x.duplicate()?;
    for (axis, (&extent, &out)) in (2..).zip([d, h, w].iter().zip(size)) {
        if int(out)? != extent {
            y = y.take(&sources(extent, out)?, axis)?;
        }
    }
    Ok(y)
}

/// Which element each of `out` elements is.
fn sources(extent: c_int, out: usize) -> Result<Array, Error> {
    let count = int(out)?;
    let source = |i: c_int| c_int::try_from(i64::from(i) * i64::from(extent) / i64::from(count)).unwrap_or(extent - 1);
    let bytes: Vec<u8> = (0..count).flat_map(|i| source(i).to_le_bytes()).collect();
    Array::from_bytes(&[count], DType::I32, &bytes)
}
