//! Norms.

use super::exact_sum;
use crate::case::each;
use crate::compare::Expected;
use crate::tensor::{Tensor, indices, offset};
use crate::tolerance::NORM;

/// What is taken off before the deviation is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Centre {
    /// The mean.
    Mean,
    /// Nothing: the root of the mean square.
    Zero,
}

/// `(x - mean) / sqrt(variance + eps) * gamma + beta`. Elements with the same `group` share mean and variance; `channel` is the
/// position of their scale and shift; `size` is that of what an element of x is itself computed from, else 0.
pub fn norm(
    x: &Tensor,
    (gamma, beta): (&Tensor, &Tensor),
    eps: f32,
    centre: Centre,
    group: impl Fn(&[usize]) -> usize,
    channel: impl Fn(&[usize]) -> usize,
    size: impl Fn(usize) -> f64,
) -> Expected {
    let (values, gamma, beta) = (x.reals(), gamma.reals(), beta.reals());
    let keys: Vec<usize> = each(&x.dims, |index| group(&index));
    let mut members = vec![Vec::new(); keys.iter().max().map_or(0, |&last| last + 1)];
    keys.iter().zip(&values).for_each(|(&key, &value)| members[key].push(value));
    let statistics: Vec<(f64, f64)> = members
        .iter()
        .map(|members| {
            let count = members.len() as f64;
            let mean = if centre == Centre::Mean { exact_sum(members.iter().copied()) / count } else { 0.0 };
            let variance = exact_sum(members.iter().map(|value| (value - mean) * (value - mean))) / count;
            (mean, 1.0 / (variance + f64::from(eps)).sqrt())
        })
        .collect();
    let found = indices(&x.dims).enumerate().map(|(at, index)| {
        let ((mean, scale), c) = (statistics[keys[at]], channel(&index));
        let normal = (values[at] - mean) * scale;
        // The mean is off by a rounding of its own size.
        (normal * gamma[c] + beta[c], (normal.abs() + (mean.abs() + size(at)) * scale) * gamma[c].abs() + beta[c].abs())
    });
    let (found, sizes): (Vec<f64>, Vec<f64>) = found.unzip();
    Expected::real(x.dtype, &x.dims, found, NORM).scaled(sizes)
}

/// `LayerNorm` and `RmsNorm` along one axis.
pub fn along(x: &Tensor, affine: (&Tensor, &Tensor), axis: usize, eps: f32, centre: Centre) -> Expected {
    let line = |index: &[usize]| {
        let mut start = index.to_vec();
        start[axis] = 0;
        offset(&x.dims, &start)
    };
    norm(x, affine, eps, centre, line, |index| index[axis], |_| 0.0)
}

/// `GroupNorm` of `[n, c, ..]`.
pub fn grouped(x: &Tensor, affine: (&Tensor, &Tensor), groups: usize, eps: f32) -> Expected {
    let size = x.dims[1] / groups;
    norm(x, affine, eps, Centre::Mean, |index| index[0] * groups + index[1] / size, |index| index[1], |_| 0.0)
}

/// `BatchNormInference`: mean and variance are given, one for each index of the last axis.
pub fn batch(x: &Tensor, affine: (&Tensor, &Tensor), given: (&Tensor, &Tensor), eps: f32) -> Expected {
    let (values, gamma, beta) = (x.reals(), affine.0.reals(), affine.1.reals());
    let (mean, variance) = (given.0.reals(), given.1.reals());
    let channels = x.dims[x.dims.len() - 1];
    let found = values.iter().enumerate().map(|(at, value)| {
        let c = at % channels;
        let scale = gamma[c] / (variance[c] + f64::from(eps)).sqrt();
        let size = (value.abs() + mean[c].abs()) * scale.abs() + beta[c].abs();
        ((value - mean[c]) * scale + beta[c], size)
    });
    let (found, sizes): (Vec<f64>, Vec<f64>) = found.unzip();
    Expected::real(x.dtype, &x.dims, found, NORM).scaled(sizes)
}
