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
