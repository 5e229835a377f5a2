//! Updates of parts of an array. Values are new arrays: what an operand holds stays as it is.
//!
//! Indices are as in [`rows::clamped`]. Where several updates name one element, those of a reduction are all taken, and
//! without one the last counts, on every device.

use super::rows;
use super::rule::{Case, any, other_kind, rules};
use super::scope::declared_dtype;
use super::shape::slice;
use super::steps::integers;
use crate::ir::shapes::dims_of;
use crate::mlx::array::Array;
use crate::mlx::dtypes::is_float;
use crate::mlx::extents::{axis_of, int, joined};
use rlx_host_api::kernel::Update;
use rlx_host_api::{DType, Error};
use rlx_ir::op::ScatterNdReduction as Reduction;
use rlx_ir::{Node, Op};
use std::ffi::c_int;

rules! {
    KvAppend { axis, pos }                 [cache, row]              any     => append(cache, row, *axis, *pos);
    DynamicUpdateSlice { axis }            [operand, update, start]  any     => update_at(operand, update, start, *axis);
    ScatterNd { reduction }                [data, indices, updates]  combines => {
        scatter_nd(data, indices, updates, *reduction)
    };
    ScatterElements { axis, reduction }    [data, indices, updates]  combines => {
        scatter_elements(data, indices, updates, *axis, *reduction)
    };
    ScatterAdd { axis }                    [updates, indices; _, node] combines => {
        scatter_add(updates, indices, *axis, node)
    };
}

/// Numbers that can be added and compared; without a reduction everything moves. Data, updates and result are of one dtype:
/// a conversion on the way could lose what was added.
fn combines(case: &Case<'_>) -> Result<(), Error> {
    rows::real_indices(case)?;
    let (reduction, updates) = match case.node.op {
        Op::ScatterNd { reduction } | Op::ScatterElements { reduction, .. } => (reduction, 2),
        Op::ScatterAdd { .. } => (Reduction::Add, 0),
        _ => return Err(other_kind(case.node)),
    };
    let dtype = DType::from(case.node.shape.dtype());
    for operand in [0, updates] {
        let found = case.node.inputs.get(operand).map_or(dtype, |&id| case.graph.shape(id).dtype().into());
        if found != dtype {
            return Err(Error::unsupported(format!(
                "it is declared {dtype}, of operand {operand} in {found}: cast that"
            )));
        }
    }
    match dtype {
        DType::Bool | DType::C64 if reduction != Reduction::None => {
            Err(Error::unsupported(format!("the reduction {reduction:?} of {dtype}: cast it to a number")))
        }
        _ => Ok(()),
    }
}

/// `Op::KvAppend`: the first `pos` rows of the cache along `axis`, and `row` behind them. The IR lets backends write the row
/// into the cache's memory, which nothing may read afterwards; here it is part of the result alone.
fn append(cache: &Array, row: &Array, axis: usize, pos: usize) -> Result<Array, Error> {
    Array::concat(&[&slice(cache, axis, 0, pos, 1)?, row], int(axis)?)
}

/// `Op::DynamicUpdateSlice`: `update` in place of as many elements along `axis`, from `start` on, one number that is known
/// when the graph runs. It is truncated, and clamped so that all of `update` lies inside.
fn update_at(operand: &Array, update: &Array, start: &Array, axis: usize) -> Result<Array, Error> {
    operand.slice_update_dynamic(update, &start.reshape(&[1])?, &[int(axis)?], Update::Set)
}

/// `Op::ScatterNd`, as in ONNX: each run of `k` indices names a slice of the first `k` axes of `data`.
fn scatter_nd(data: &Array, indices: &Array, updates: &Array, reduction: Reduction) -> Result<Array, Error> {
    let (dims, picks) = (data.dims()?, indices.dims()?);
    let rows::Tuples { outer, indexed, slice } = rows::tuples(&dims, &picks, 0)?;
    let (expected, found) = ([outer, slice].concat(), updates.dims()?);
    if found != expected {
        return Err(Error::invalid(format!("updates of shape {found:?} instead of {expected:?}")));
    }
    if found.contains(&0) {
        return data.duplicate();
    }
    let table = data.reshape(&[joined(indexed)?, joined(slice)?])?;
    update(&table, &rows::numbers(indices, 0, indexed)?, updates, reduction)?.reshape(&dims)
}

/// `Op::ScatterElements`, as in ONNX: update `[.., i, ..]` goes to `data[.., indices[.., i, ..], ..]`.
fn scatter_elements(
    data: &Array,
    indices: &Array,
    updates: &Array,
    axis: i32,
    reduction: Reduction,
) -> Result<Array, Error> {
    let (dims, picks, found) = (data.dims()?, indices.dims()?, updates.dims()?);
    let axis = axis_of(axis, dims.len())?;
    rows::check_within(&picks, &dims, axis)?;
    if found != picks {
        return Err(Error::invalid(format!("updates of shape {found:?} for indices of shape {picks:?}")));
    }
    if picks.contains(&0) {
        return data.duplicate();
    }
    let table = data.reshape(&[joined(&dims)?, 1])?;
    update(&table, &rows::elements(indices, &dims, axis)?, updates, reduction)?.reshape(&dims)
}

/// `Op::ScatterAdd`: sums of the slices of `updates` along `axis`, each at the place that its index names; zero elsewhere.
fn scatter_add(updates: &Array, indices: &Array, axis: usize, node: &Node) -> Result<Array, Error> {
    let (dims, found, picks) = (dims_of(node)?, updates.dims()?, indices.dims()?);
    let count = joined(&picks)?;
    let fits = |(at, (&extent, &found)): (usize, (&c_int, &c_int))| found == if at == axis { count } else { extent };
    if axis >= dims.len() || found.len() != dims.len() || !dims.iter().zip(&found).enumerate().all(fits) {
        return Err(Error::invalid(format!(
            "updates of shape {found:?} with {count} indices along axis {axis} do not make shape {dims:?}"
        )));
    }
    let zeros = Array::zeros(&dims, declared_dtype(node))?;
    if dims.contains(&0) || count == 0 {
        return Ok(zeros);
    }
    let first = zeros.moveaxis(int(axis)?, 0)?;
    let turned = first.dims()?;
    let (&extent, rest) = turned.split_first().ok_or_else(|| Error::fault("an axis is gone"))?;
    let width = joined(rest)?;
    let at = rows::clamped(&indices.reshape(&[count])?, extent)?;
    let sums = update(&first.reshape(&[extent, width])?, &at, &updates.moveaxis(int(axis)?, 0)?, Reduction::Add)?;
    sums.reshape(&turned)?.moveaxis(0, int(axis)?)
}

/// Rows of `table`, `[rows, width]`, combined with one of `updates` for each number in `at`.
fn update(table: &Array, at: &Array, updates: &Array, reduction: Reduction) -> Result<Array, Error> {
    let (count, dims, dtype) = (joined(&at.dims()?)?, table.dims()?, table.dtype()?);
    let &[_, width] = dims.as_slice() else { return Err(Error::fault("no table")) };
    let changes = updates.reshape(&[count, width])?.cast(dtype)?;
    match reduction {
        Reduction::None => last(table, at, &changes, count),
        Reduction::Add => wide(table, at, &changes, Update::Add),
        Reduction::Mul => wide(table, at, &changes, Update::Prod),
        Reduction::Max => extreme(table, at, &changes, Update::Max, f64::NEG_INFINITY),
        Reduction::Min => extreme(table, at, &changes, Update::Min, f64::INFINITY),
    }
}

fn combined(table: &Array, at: &Array, changes: &Array, mode: Update) -> Result<Array, Error> {
    let &[count, width] = changes.dims()?.as_slice() else { return Err(Error::fault("no updates")) };
    table.scatter(&[at], &[0], &changes.reshape(&[count, 1, width])?, mode)
}

/// The last update of each row. Which one a plain scatter leaves there is the device's choice, so that the largest number of
/// an update is sought first.
fn last(table: &Array, at: &Array, changes: &Array, count: c_int) -> Result<Array, Error> {
    let &[rows, _] = table.dims()?.as_slice() else { return Err(Error::fault("no table")) };
    let none = Array::full(&[rows, 1], &Array::scalar(-1.0, DType::I32)?)?;
    let latest = combined(&none, at, &integers(0, count)?.reshape(&[count, 1])?, Update::Max)?;
    let zero = Array::scalar(0.0, DType::I32)?;
    let chosen = changes.take(&latest.max(&zero)?.reshape(&[rows])?, 0)?;
    latest.ge(&zero)?.where_(&chosen, table)
}

/// Halves are summed and multiplied in f32.
fn wide(table: &Array, at: &Array, changes: &Array, mode: Update) -> Result<Array, Error> {
    let dtype = table.dtype()?;
    if !matches!(dtype, DType::F16 | DType::BF16) {
        return combined(table, at, changes, mode);
    }
    combined(&table.cast(DType::F32)?, at, &changes.cast(DType::F32)?, mode)?.cast(dtype)
}

/// The greatest or least of all. NaN is handed down as NumPy's `maximum` does; MLX's scatter would keep it or not, by
/// the order of updates. `neutral` takes its place there.
fn extreme(table: &Array, at: &Array, changes: &Array, mode: Update, neutral: f64) -> Result<Array, Error> {
    let dtype = table.dtype()?;
    if !is_float(dtype) {
        return combined(table, at, changes, mode);
    }
    let neutral = Array::scalar(neutral, dtype)?;
    let marked = |x: &Array| -> Result<(Array, Array), Error> {
        let nan = x.ne(x)?;
        Ok((nan.where_(&neutral, x)?, nan.cast(DType::I32)?))
    };
    let ((table, in_table), (changes, in_changes)) = (marked(table)?, marked(changes)?);
    let found = combined(&table, at, &changes, mode)?;
    let nan = combined(&in_table, at, &in_changes, Update::Max)?.ne(&Array::scalar(0.0, DType::I32)?)?;
    nan.where_(&Array::scalar(f64::NAN, dtype)?, &found)
}
