//! Orders of the elements along an axis.

use super::reduce::positions;
use crate::case::each;
use crate::compare::Expected;
use crate::tensor::{Tensor, Values, offset};
use rlx_ir::DType;
use std::cmp::Ordering;

/// Positions along `axis` of every line in order, stable; NaN counts as the largest.
fn ordered(x: &Tensor, axis: usize, descending: bool, index: &[usize]) -> Vec<usize> {
    let position = |at: usize| {
        let mut other = index.to_vec();
        other[axis] = at;
        offset(&x.dims, &other)
    };
    let compare = |a: usize, b: usize| match &x.values {
        Values::Whole(values) => values[position(a)].cmp(&values[position(b)]),
        Values::Real(values) => {
            let (a, b) = (values[position(a)], values[position(b)]);
            a.partial_cmp(&b).unwrap_or_else(|| match (a.is_nan(), b.is_nan()) {
                (true, false) => Ordering::Greater,
                (false, true) => Ordering::Less,
                _ => Ordering::Equal,
            })
        }
    };
    let mut line: Vec<usize> = (0..x.dims[axis]).collect();
    line.sort_by(|&a, &b| if descending { compare(b, a) } else { compare(a, b) });
    line
}

/// The elements along `axis` in order.
pub fn sort(x: &Tensor, axis: usize, descending: bool) -> Expected {
    let mut expected = Expected::exact(x.picked(&x.dims, |mut index| {
        index[axis] = ordered(x, axis, descending, &index)[index[axis]];
        offset(&x.dims, &index)
    }));
    // Zeros of both signs are equal, and any order of them is right.
    expected.signed_zeros = false;
    expected
}

/// The positions along `axis` of the elements in order, the first `dims[axis]` of them.
pub fn arg_sort(x: &Tensor, axis: usize, descending: bool, (dtype, dims): (DType, &[usize])) -> Expected {
    let found = each(dims, |index| ordered(x, axis, descending, &index)[index[axis]]);
    positions(dtype, dims, found)
}
