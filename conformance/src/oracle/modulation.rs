//! Norms whose scale and shift come from outside, and gated residuals.

use super::exact_sum;
use super::norm::Centre;
use crate::compare::Expected;
use crate::tensor::{Tensor, indices, offset};
use crate::tolerance::{FEW, NORM};

/// The elements of `other`, as x's extents repeat them.
fn repeated(other: &Tensor, dims: &[usize]) -> Vec<f64> {
    let (values, missing) = (other.reals(), dims.len() - other.dims.len());
    let place = |index: Vec<usize>| -> Vec<usize> {
        index[missing..].iter().zip(&other.dims).map(|(&at, &extent)| if extent == 1 { 0 } else { at }).collect()
    };
    indices(dims).map(|index| values[offset(&other.dims, &place(index))]).collect()
}

/// `GatedResidual`: x + gate y.
pub fn gated(x: &Tensor, y: &Tensor, gate: &Tensor) -> Expected {
    let terms = x.reals().into_iter().zip(y.reals()).zip(repeated(gate, &x.dims));
    let (found, sizes) = terms.map(|((x, y), gate)| (x + gate * y, x.abs() + (gate * y).abs())).unzip();
    Expected::real(x.dtype, &x.dims, found, FEW).scaled(sizes)
}

/// `AdaLayerNorm`: x normalized along its last axis, times 1 + scale, plus shift.
pub fn normed(x: &Tensor, scale: &Tensor, shift: &Tensor, eps: f32, centre: Centre) -> Expected {
    let (values, scale, shift) = (x.reals(), repeated(scale, &x.dims), repeated(shift, &x.dims));
    let width = x.dims[x.dims.len() - 1].max(1);
    let (mut found, mut sizes) = (Vec::new(), Vec::new());
    for (row, line) in values.chunks(width).enumerate() {
        let count = line.len() as f64;
        let mean = if centre == Centre::Mean { exact_sum(line.iter().copied()) / count } else { 0.0 };
        let variance = exact_sum(line.iter().map(|value| (value - mean) * (value - mean))) / count;
        let factor = 1.0 / (variance + f64::from(eps)).sqrt();
        for (column, value) in line.iter().enumerate() {
            let at = row * width + column;
            let normal = (value - mean) * factor;
            found.push(normal * (1.0 + scale[at]) + shift[at]);
            // The mean is off by a rounding of its own size.
            let size = normal.abs() + mean.abs() * factor;
            sizes.push(size * (1.0 + scale[at].abs()) + shift[at].abs());
        }
    }
    Expected::real(x.dtype, &x.dims, found, NORM).scaled(sizes)
}
