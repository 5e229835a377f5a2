//! Elements by index.

use super::shape::moved;
use crate::compare::Expected;
use crate::tensor::{Tensor, Values, offset};

/// Slices of a table along `axis`.
pub fn gather(table: &Tensor, at: &Tensor, axis: usize, dims: &[usize]) -> Expected {
    let rows = at.wholes();
    let rank = at.dims.len();
    moved(table, dims, |index| {
        let row = rows[offset(&at.dims, &index[axis..axis + rank])] as usize;
        [&index[..axis], &[row], &index[axis + rank..]].concat()
    })
}

/// The same with indices from 0 on, of which those that are too large are the last.
pub fn gather_clipped(table: &Tensor, at: &Tensor, axis: usize, dims: &[usize]) -> Expected {
    let last = table.dims[axis] - 1;
    let inside = at.reals().into_iter().map(|at| i128::from(at.trunc().min(last as f64) as i64)).collect();
    gather(table, &Tensor { dims: at.dims.clone(), dtype: at.dtype, values: Values::Whole(inside) }, axis, dims)
}

/// ONNX GatherND.
pub fn gather_nd(data: &Tensor, at: &Tensor, batch: usize, dims: &[usize]) -> Expected {
    let rows = at.wholes();
    let outer = at.dims.len() - 1;
    let depth = at.dims[outer];
    moved(data, dims, |index| {
        let start = offset(&at.dims[..outer], &index[..outer]) * depth;
        let mut source = index[..batch].to_vec();
        source.extend(
            rows[start..start + depth].iter().zip(&data.dims[batch..]).map(|(&at, &extent)| from_end(at, extent)),
        );
        source.extend(&index[outer..]);
        source
    })
}

/// ONNX GatherElements.
pub fn gather_elements(data: &Tensor, at: &Tensor, axis: usize) -> Expected {
    let rows = at.wholes();
    moved(data, &at.dims, |index| {
        let mut source = index.to_vec();
        source[axis] = from_end(rows[offset(&at.dims, index)], data.dims[axis]);
        source
    })
}

/// ONNX counts negative indices from the end.
pub(super) fn from_end(at: i128, extent: usize) -> usize {
    (if at < 0 { at + extent as i128 } else { at }) as usize
}
