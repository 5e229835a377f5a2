//! Ops that move elements and compute none.

use super::rule::{MANY, any, rules};
use super::scope::{Scope, declared_dtype};
use crate::ir::shapes::dims_of;
use crate::mlx::array::Array;
use crate::mlx::extents::{int, ints, joined};
use rlx_host_api::Error;
use rlx_ir::Node;
use std::ffi::c_int;

rules! {
    Reshape { .. }                       [x; _, node]               any => x.reshape(&dims_of(node)?);
    Expand { .. }                        [x; _, node]               any => x.broadcast_to(&dims_of(node)?);
    Transpose { perm }                   [x]                        any => x.transpose(&ints(perm)?);
    Narrow { axis, start, len }          [x]                        any => slice(x, *axis, *start, *len, 1);
    Slice { axis, start, len, step }     [x]                        any => slice(x, *axis, *start, *len, *step);
    Concat { axis }                      [1..=MANY; scope, node]    any => concat(scope, node, *axis);
    Reverse { axes }                     [x]                        any => reverse(x, axes);
    Roll { shifts, dims }                [x]                        any => roll(x, shifts, dims);
    Tile { reps }                        [x]                        any => tile(x, reps);
    Trilu { upper, diagonal }            [x]                        any => triangle(x, *upper, *diagonal);
    ResizeNearest2x                      [x]                        any => resize_nearest_2x(x);
}

/// `Op::Concat`. Operands of several dtypes become the declared one first.
fn concat(scope: &Scope<'_>, node: &Node, axis: usize) -> Result<Array, Error> {
    let parts = scope.inputs(node)?;
    let dtypes = parts.iter().map(|part| part.dtype()).collect::<Result<Vec<_>, _>>()?;
    if dtypes.windows(2).all(|pair| pair[0] == pair[1]) {
        return Array::concat(&parts, int(axis)?);
    }
    let declared = declared_dtype(node);
    let parts = parts.iter().map(|part| part.cast(declared)).collect::<Result<Vec<_>, _>>()?;
    Array::concat(&parts.iter().collect::<Vec<_>>(), int(axis)?)
}

/// `Op::Narrow` and `Op::Slice`: elements `start + j * step` for `j` in `0..len`; `step` may be negative.
pub(super) fn slice(x: &Array, axis: usize, start: usize, len: usize, step: i64) -> Result<Array, Error> {
    let dims = x.dims()?;
    let extent = *dims.get(axis).ok_or_else(|| Error::invalid(format!("axis {axis} of an array of shape {dims:?}")))?;
    let (first, count) = (int(start)?, int(len)?);
    let step = c_int::try_from(step).map_err(|_| Error::invalid(format!("step {step} exceeds 32 bits")))?;
    let last = i64::from(first) + (i64::from(count) - 1) * i64::from(step);
    let inside = |i: i64| (0..i64::from(extent)).contains(&i);
    if step == 0 || (count > 0 && !(inside(first.into()) && inside(last))) {
        return Err(Error::invalid(format!(
            "elements {start} + j * {step}, j < {len}, lie outside axis {axis} of extent {extent}"
        )));
    }
    if count == 0 {
        return x.slice_axis(axis, 0, Some(0), 1);
    }
    // One past the last element in the direction of the step; before element 0 there is no index to name.
    let stop = last + i64::from(step.signum());
    x.slice_axis(axis, first, c_int::try_from(stop).ok().filter(|&s| s >= 0), step)
}

/// `Op::Reverse`: a slice with step -1 along each axis.
fn reverse(x: &Array, axes: &[usize]) -> Result<Array, Error> {
    let dims = x.dims()?;
    let mut y = x.duplicate()?;
    for &axis in axes {
        let extent = *dims.get(axis).ok_or_else(|| Error::invalid(format!("axis {axis} of shape {dims:?}")))?;
        if extent > 0 {
            y = y.slice_axis(axis, extent - 1, None, -1)?;
        }
    }
    Ok(y)
}

/// `Op::Roll`: element `i` of an axis comes to `i + shift`, modulo its extent. An axis that is named twice moves twice.
fn roll(x: &Array, shifts: &[i64], axes: &[usize]) -> Result<Array, Error> {
    let dims = x.dims()?;
    if shifts.len() != axes.len() {
        return Err(Error::invalid(format!("{} shifts for {} axes", shifts.len(), axes.len())));
    }
    // Below the extent, so that two of them do not overflow.
    let mut moved = vec![0i64; dims.len()];
    for (&shift, &axis) in shifts.iter().zip(axes) {
        let (Some(sum), Some(&extent)) = (moved.get_mut(axis), dims.get(axis)) else {
            return Err(Error::invalid(format!("axis {axis} of an array of shape {dims:?}")));
        };
        if extent > 0 {
            *sum = (*sum + shift.rem_euclid(extent.into())) % i64::from(extent);
        }
    }
    let (mut steps, mut turned) = (Vec::new(), Vec::new());
    for (axis, &shift) in moved.iter().enumerate().filter(|&(_, &shift)| shift > 0) {
        steps.push(c_int::try_from(shift).map_err(|_| Error::fault("a shift beyond the extent"))?);
        turned.push(int(axis)?);
    }
    if turned.is_empty() { x.duplicate() } else { x.roll(&steps, &turned) }
}

/// `Op::Tile`: the whole array `reps[i]` times along axis `i`.
fn tile(x: &Array, reps: &[usize]) -> Result<Array, Error> {
    let (dims, reps) = (x.dims()?, ints(reps)?);
    if reps.len() != dims.len() {
        return Err(Error::invalid(format!("{} repetitions for an array of shape {dims:?}", reps.len())));
    }
    let tiled =
        dims.iter().zip(&reps).map(|(&extent, &count)| joined(&[extent, count])).collect::<Result<Vec<_>, _>>()?;
    if tiled.contains(&0) { Array::zeros(&tiled, x.dtype()?) } else { x.tile(&reps) }
}

/// `Op::Trilu`: of the last two axes the elements whose column less their row is at least `diagonal`, or at most, and
/// zeros, whatever else was there.
fn triangle(x: &Array, upper: bool, diagonal: i64) -> Result<Array, Error> {
    let dims = x.dims()?;
    let [.., rows, columns] = *dims else {
        return Err(Error::invalid(format!("the triangle of an array of shape {dims:?}; expected rank 2 or more")));
    };
    // Beyond these, all elements are on one side.
    let k = diagonal.clamp(-i64::from(rows), columns.into());
    let k = c_int::try_from(k).map_err(|_| Error::fault("a diagonal beyond the matrix"))?;
    if upper { x.triu(k) } else { x.tril(k) }
}

/// `Op::ResizeNearest2x` of `[n, c, h, w]`: each element twice along the last two axes.
pub(super) fn resize_nearest_2x(x: &Array) -> Result<Array, Error> {
    let dims = x.dims()?;
    let &[n, c, h, w] = dims.as_slice() else {
        return Err(Error::invalid(format!("x is {dims:?}: it has four axes")));
    };
    let pairs = x.reshape(&[n, c, h, 1, w, 1])?.broadcast_to(&[n, c, h, 2, w, 2])?;
    pairs.reshape(&[n, c, joined(&[h, 2])?, joined(&[w, 2])?])
}
