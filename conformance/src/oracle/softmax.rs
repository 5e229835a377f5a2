//! Softmax.

use crate::compare::Expected;
use crate::tensor::{Tensor, indices, offset};
use crate::tolerance::SOFTMAX;

/// Along an axis.
pub fn softmax(x: &Tensor, axis: usize) -> Expected {
    let values = x.reals();
    let len = x.dims[axis];
    let (mut found, mut scale) = (vec![0.0; values.len()], vec![0.0; values.len()]);
    let step: usize = x.dims[axis + 1..].iter().product();
    let mut starts = x.dims.clone();
    starts[axis] = 1;
    for index in indices(&starts) {
        let start = offset(&x.dims, &index);
        let line: Vec<f64> = (0..len).map(|at| values[start + at * step]).collect();
        let (weights, max) = weights(&line);
        for (at, weight) in weights.into_iter().enumerate() {
            found[start + at * step] = weight;
            // The difference from the maximum is rounded, which moves the weight by as much, relatively.
            scale[start + at * step] = weight * (1.0 + (line[at] - max).abs());
        }
    }
    Expected::real(x.dtype, &x.dims, found, SOFTMAX).scaled(scale).of_terms(len)
}

/// The weights of a line, and its maximum.
pub(super) fn weights(line: &[f64]) -> (Vec<f64>, f64) {
    let max = line.iter().fold(f64::NEG_INFINITY, |a, &b| if b.is_nan() || a.is_nan() { f64::NAN } else { a.max(b) });
    let powers: Vec<f64> = line.iter().map(|&x| (x - max).exp()).collect();
    let sum: f64 = powers.iter().sum();
    (powers.into_iter().map(|power| power / sum).collect(), max)
}
