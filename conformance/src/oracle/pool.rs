//! Pooling.

use crate::case::each;
use crate::compare::Expected;
use crate::tensor::{Tensor, indices, offset};
use crate::tolerance::{EXACT, SUM};
use rlx_ir::op::ReduceOp;

/// Sizes, steps and padding of windows, one for each axis of space.
#[derive(Debug, Clone)]
pub struct Window {
    /// Extents.
    pub size: Vec<usize>,
    /// Steps.
    pub stride: Vec<usize>,
    /// Cells before and behind.
    pub padding: Vec<usize>,
}

/// Over windows of `[n, c, space..]`. What lies outside is the neutral element; a mean is over the cells inside.
pub fn pool(kind: ReduceOp, x: &Tensor, window: &Window, dims: &[usize]) -> Expected {
    let values = x.reals();
    let cells: Vec<Vec<usize>> = indices(&window.size).collect();
    let found = each(dims, |index| {
        let inside: Vec<f64> = cells
            .iter()
            .filter_map(|cell| {
                let mut at = index[..2].to_vec();
                for (axis, &step) in cell.iter().enumerate() {
                    let place = (index[axis + 2] * window.stride[axis] + step).checked_sub(window.padding[axis])?;
                    at.push((place < x.dims[axis + 2]).then_some(place)?);
                }
                Some(values[offset(&x.dims, &at)])
            })
            .collect();
        let sum: f64 = inside.iter().sum();
        let size: f64 = inside.iter().map(|value| value.abs()).sum();
        let count = inside.len() as f64;
        match kind {
            ReduceOp::Max => (inside.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b)), 0.0),
            ReduceOp::Min => (inside.iter().fold(f64::INFINITY, |a, &b| a.min(b)), 0.0),
            ReduceOp::Mean => (sum / count, size / count),
            ReduceOp::Sum => (sum, size),
            ReduceOp::Prod => (inside.iter().product(), 0.0),
        }
    });
    let (values, scale) = found.into_iter().unzip();
    let tolerance = if matches!(kind, ReduceOp::Max | ReduceOp::Min) { EXACT } else { SUM };
    Expected::real(x.dtype, dims, values, tolerance).scaled(scale).of_terms(cells.len())
}

/// The gradient of the largest over windows of `[n, c, h, w]`: dy of each goes to its first largest element.
pub fn max_backward(x: &Tensor, dy: &Tensor, window: &Window) -> Expected {
    let (values, slopes) = (x.reals(), dy.reals());
    let cells: Vec<Vec<usize>> = indices(&window.size).collect();
    let (mut found, mut scale) = (vec![0.0; values.len()], vec![0.0; values.len()]);
    for (index, slope) in indices(&dy.dims).zip(slopes) {
        let mut best: Option<usize> = None;
        for cell in &cells {
            let mut at = index[..2].to_vec();
            for (axis, &step) in cell.iter().enumerate() {
                let place = (index[axis + 2] * window.stride[axis] + step).checked_sub(window.padding[axis]);
                at.extend(place.filter(|&place| place < x.dims[axis + 2]));
            }
            if at.len() == x.dims.len() {
                let at = offset(&x.dims, &at);
                if best.is_none_or(|best| values[at] > values[best]) {
                    best = Some(at);
                }
            }
        }
        if let Some(best) = best {
            found[best] += slope;
            scale[best] += slope.abs();
        }
    }
    Expected::real(x.dtype, &x.dims, found, SUM).scaled(scale).of_terms(cells.len())
}
