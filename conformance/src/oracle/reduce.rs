//! Reductions, positions of extremes, histograms.

use crate::case::each;
use crate::compare::Expected;
use crate::format::whole_range;
use crate::tensor::{Tensor, Values, indices, is_float, offset};
use crate::tolerance::{EXACT, PRODUCT, SUM};
use rlx_ir::DType;
use rlx_ir::op::ReduceOp;

/// Positions of the elements that each output element is reduced from.
fn groups(x: &Tensor, axes: &[usize]) -> Vec<Vec<usize>> {
    let outer: Vec<usize> = (0..x.dims.len()).filter(|axis| !axes.contains(axis)).map(|axis| x.dims[axis]).collect();
    let mut groups = vec![Vec::new(); outer.iter().product()];
    for (at, index) in indices(&x.dims).enumerate() {
        let kept: Vec<usize> = (0..index.len()).filter(|axis| !axes.contains(axis)).map(|axis| index[axis]).collect();
        groups[offset(&outer, &kept)].push(at);
    }
    groups
}

/// A reduction over axes.
pub fn reduce(op: ReduceOp, x: &Tensor, axes: &[usize], dims: &[usize]) -> Expected {
    let groups = groups(x, axes);
    if let Values::Whole(values) = &x.values {
        let fold = |group: &Vec<usize>| whole(op, group.iter().map(|&at| values[at]).collect(), x.dtype);
        return Expected::whole(x.dtype, dims, groups.iter().map(fold).collect());
    }
    let values = x.reals();
    let terms = axes.iter().map(|&axis| x.dims[axis]).product();
    let folded = groups.iter().map(|group| real(op, group.iter().map(|&at| values[at])));
    let (found, scale): (Vec<f64>, Vec<f64>) = folded.unzip();
    let tolerance = match op {
        ReduceOp::Max | ReduceOp::Min => EXACT,
        ReduceOp::Prod => PRODUCT,
        ReduceOp::Sum | ReduceOp::Mean => SUM,
    };
    Expected::real(x.dtype, dims, found, tolerance).scaled(scale).of_terms(terms)
}

/// The value, and the size of what it is computed from.
fn real(op: ReduceOp, values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let count = values.clone().count() as f64;
    let sum = || (sum(values.clone()), values.clone().map(f64::abs).sum::<f64>());
    match op {
        ReduceOp::Sum => sum(),
        ReduceOp::Mean => (sum().0 / count, sum().1 / count),
        ReduceOp::Prod => (values.product(), 0.0),
        ReduceOp::Max => {
            (values.fold(f64::NEG_INFINITY, |a, b| if a.is_nan() || b.is_nan() { f64::NAN } else { a.max(b) }), 0.0)
        }
        ReduceOp::Min => {
            (values.fold(f64::INFINITY, |a, b| if a.is_nan() || b.is_nan() { f64::NAN } else { a.min(b) }), 0.0)
        }
    }
}

/// With what the additions lose added at the end, so that it is better than any f64 sum (Neumaier).
pub(super) fn sum(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, lost) = values.fold((0.0f64, 0.0f64), |(sum, lost), value| {
        let next = sum + value;
        let less = if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        (next, lost + less)
    });
    if sum.is_finite() { sum + lost } else { sum }
}

/// A mean is truncated.
fn whole(op: ReduceOp, values: Vec<i128>, dtype: DType) -> i128 {
    let (first, last) = whole_range(dtype).unwrap_or((0, 0));
    match op {
        ReduceOp::Sum => values.iter().sum(),
        ReduceOp::Mean => values.iter().sum::<i128>().checked_div(values.len() as i128).unwrap_or(0),
        ReduceOp::Max => values.into_iter().max().unwrap_or(first),
        ReduceOp::Min => values.into_iter().min().unwrap_or(last),
        ReduceOp::Prod => values.into_iter().fold(1, |product, value| product * value % (1 << 64)),
    }
}

/// The first position of the largest value along an axis, or of the smallest, as `dtype`.
pub fn arg(largest: bool, x: &Tensor, axis: usize, (dtype, dims): (DType, &[usize])) -> Expected {
    let values = x.reals();
    let first = |group: &Vec<usize>| {
        let better = |a: f64, b: f64| if largest { a > b } else { a < b };
        (1..group.len()).fold(0, |best, at| if better(values[group[at]], values[group[best]]) { at } else { best })
    };
    positions(dtype, dims, groups(x, &[axis]).iter().map(first).collect())
}

/// Positions, in whatever dtype the node declares.
pub(super) fn positions(dtype: DType, dims: &[usize], found: Vec<usize>) -> Expected {
    if is_float(dtype) {
        Expected::real(dtype, dims, found.into_iter().map(|at| at as f64).collect(), EXACT)
    } else {
        Expected::whole(dtype, dims, found.into_iter().map(|at| at as i128).collect())
    }
}

/// Counts in equal bins from `min` to `max`, the last of which holds `max`.
pub fn histogram(x: &Tensor, bins: usize, min: f32, max: f32) -> Expected {
    let (min, max) = (f64::from(min), f64::from(max));
    let mut counts = vec![0.0; bins];
    for value in x.reals().into_iter().filter(|value| (min..=max).contains(value)) {
        let bin = ((value - min) / (max - min) * bins as f64) as usize;
        counts[bin.min(bins - 1)] += 1.0;
    }
    Expected::real(DType::F32, &[bins], counts, EXACT)
}

/// For each element, those of its line along `axis` up to it, without it where `exclusive`.
pub(super) fn prefixes(x: &Tensor, axis: usize, exclusive: bool) -> Vec<Vec<usize>> {
    each(&x.dims, |mut index| {
        let len = index[axis] + usize::from(!exclusive);
        (0..len)
            .map(|at| {
                index[axis] = at;
                offset(&x.dims, &index)
            })
            .collect()
    })
}
