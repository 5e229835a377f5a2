//! Elements written by index.

use super::gather::from_end;
use crate::compare::Expected;
use crate::tensor::{Tensor, Values, indices, is_float, offset};
use crate::tolerance::SUM;
use rlx_ir::op::ScatterNdReduction;

/// Writes of `updates` into `data`, in order: `target` is the position that the update at an index goes to.
fn write(data: &Tensor, updates: &Tensor, how: ScatterNdReduction, target: impl Fn(&[usize]) -> usize) -> Expected {
    let at: Vec<usize> = indices(&updates.dims).map(|index| target(&index)).collect();
    if let (Values::Whole(values), Values::Whole(new)) = (&data.values, &updates.values) {
        let mut values = values.clone();
        for (&at, &new) in at.iter().zip(new) {
            let old = values[at];
            values[at] = match how {
                ScatterNdReduction::None => new,
                ScatterNdReduction::Add => old + new,
                ScatterNdReduction::Mul => old * new % (1 << 64),
                ScatterNdReduction::Max => old.max(new),
                ScatterNdReduction::Min => old.min(new),
            };
        }
        return Expected::whole(data.dtype, &data.dims, values);
    }
    let (mut values, new) = (data.reals(), updates.reals());
    let mut sizes: Vec<f64> = values.iter().map(|value| value.abs()).collect();
    for (&at, &new) in at.iter().zip(&new) {
        let old = values[at];
        values[at] = match how {
            ScatterNdReduction::None => new,
            ScatterNdReduction::Add => old + new,
            ScatterNdReduction::Mul => old * new,
            ScatterNdReduction::Max => old.max(new),
            ScatterNdReduction::Min => old.min(new),
        };
        sizes[at] += new.abs();
    }
    let mut expected = Expected::exact(Tensor::real(data.dtype, &data.dims, Vec::new()));
    expected.values = Values::Real(values);
    if is_float(data.dtype) && matches!(how, ScatterNdReduction::Add | ScatterNdReduction::Mul) {
        expected.tolerance = SUM;
        expected.terms = 1 + updates.values.len();
        expected.scale = (how == ScatterNdReduction::Add).then_some(sizes);
        expected.signed_zeros = false;
    }
    expected
}

/// ONNX ScatterND.
pub fn scatter_nd(data: &Tensor, at: &Tensor, updates: &Tensor, how: ScatterNdReduction) -> Expected {
    let rows = at.wholes();
    let outer = at.dims.len() - 1;
    let depth = at.dims[outer];
    write(data, updates, how, |index| {
        let start = offset(&at.dims[..outer], &index[..outer]) * depth;
        let mut target: Vec<usize> =
            rows[start..start + depth].iter().zip(&data.dims).map(|(&at, &extent)| from_end(at, extent)).collect();
        target.extend(&index[outer..]);
        offset(&data.dims, &target)
    })
}

/// ONNX ScatterElements.
pub fn scatter_elements(
    data: &Tensor,
    at: &Tensor,
    updates: &Tensor,
    axis: usize,
    how: ScatterNdReduction,
) -> Expected {
    let rows = at.wholes();
    write(data, updates, how, |index| {
        let mut target = index.to_vec();
        target[axis] = from_end(rows[offset(&at.dims, index)], data.dims[axis]);
        offset(&data.dims, &target)
    })
}

/// Rows of `updates` added to zeros of the shape `dims`, at the places along `axis` that `at` gives.
pub fn scatter_add(updates: &Tensor, at: &Tensor, axis: usize, dims: &[usize]) -> Expected {
    let rows = at.wholes();
    let count = dims.iter().product();
    let zeros = match updates.values {
        Values::Real(_) => Tensor::real(updates.dtype, dims, vec![0.0; count]),
        Values::Whole(_) => Tensor::whole(updates.dtype, dims, vec![0; count]),
    };
    write(&zeros, updates, ScatterNdReduction::Add, |index| {
        let mut target = index.to_vec();
        target[axis] = rows[index[axis]] as usize;
        offset(dims, &target)
    })
}

/// The first elements along `axis`, and a row behind them.
pub fn append(cache: &Tensor, row: &Tensor, axis: usize, dims: &[usize]) -> Expected {
    let last = dims[axis] - 1;
    written(cache, row, dims, |index| {
        let inside = index[axis] == last;
        let mut at = index.to_vec();
        at[axis] = if inside { 0 } else { index[axis] };
        (inside, at)
    })
}

/// `update` in place of as many elements along `axis` from `start` on, which is held so that all of it lies inside.
pub fn update_at(operand: &Tensor, update: &Tensor, start: &Tensor, axis: usize) -> Expected {
    let len = update.dims[axis];
    let start = (start.wholes()[0] as usize).min(operand.dims[axis] - len);
    written(operand, update, &operand.dims, |index| {
        let inside = (start..start + len).contains(&index[axis]);
        let mut at = index.to_vec();
        at[axis] -= if inside { start } else { 0 };
        (inside, at)
    })
}

/// For each index an element of the second tensor or of the first, as `source` says, and which.
fn written(old: &Tensor, new: &Tensor, dims: &[usize], source: impl Fn(&[usize]) -> (bool, Vec<usize>)) -> Expected {
    let sources: Vec<_> = indices(dims).map(|index| source(&index)).collect();
    let position =
        |(inside, at): &(bool, Vec<usize>)| (*inside, offset(if *inside { &new.dims } else { &old.dims }, at));
    let positions = sources.iter().map(position);
    let values = match (&old.values, &new.values) {
        (Values::Real(old), Values::Real(new)) => {
            Values::Real(positions.map(|(inside, at)| if inside { new[at] } else { old[at] }).collect())
        }
        _ => {
            let (old, new) = (old.wholes(), new.wholes());
            Values::Whole(positions.map(|(inside, at)| if inside { new[at] } else { old[at] }).collect())
        }
    };
    Expected::exact(Tensor { dims: dims.to_vec(), dtype: old.dtype, values })
}
