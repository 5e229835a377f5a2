//! Normalization of rows: the mean first, then the deviation from it, so that an offset costs no digits.

use crate::sum::Sum;
use crate::{CHUNK, Float};
use pulp::Arch;

/// What rows are normalized by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Norm {
    /// (x - mean) / sqrt(variance + eps).
    Layer,
    /// x / sqrt(mean of x² + eps).
    RootMeanSquare,
}

/// Each row normalized, times `scale` plus `shift`, which have as many elements as a row.
pub fn rows<T: Float>(norm: Norm, x: &[T], scale: &[f64], shift: &[f64], eps: f64, y: &mut [T]) {
    let extent = scale.len();
    if extent == 0 {
        return;
    }
    Arch::new().dispatch(
        #[inline(always)]
        || {
            for (x, y) in x.chunks_exact(extent).zip(y.chunks_exact_mut(extent)) {
                let (offset, factor) = moments(norm, x, eps);
                affine(x, y, offset, factor, scale, shift);
            }
        },
    );
}

/// What is taken from each element of a row, and what that is multiplied by.
#[inline(always)]
pub fn moments<T: Float>(norm: Norm, row: &[T], eps: f64) -> (f64, f64) {
    let mean = match norm {
        Norm::Layer => crate::sum::sum(row) / row.len() as f64,
        Norm::RootMeanSquare => 0.0,
    };
    let (mut squares, mut values) = (Sum::default(), [0.0; CHUNK]);
    for chunk in row.chunks(CHUNK) {
        let values = &mut values[..chunk.len()];
        T::widen(chunk, values);
        for value in values.iter_mut() {
            *value = (*value - mean) * (*value - mean);
        }
        squares.add(values, T::IS_NARROW);
    }
    (mean, 1.0 / (squares.total() / row.len() as f64 + eps).sqrt())
}

#[inline(always)]
fn affine<T: Float>(x: &[T], y: &mut [T], offset: f64, factor: f64, scale: &[f64], shift: &[f64]) {
    let mut values = [0.0; CHUNK];
    let weights = scale.chunks(CHUNK).zip(shift.chunks(CHUNK));
    for ((x, y), (scale, shift)) in x.chunks(CHUNK).zip(y.chunks_mut(CHUNK)).zip(weights) {
        let values = &mut values[..x.len()];
        T::widen(x, values);
        for ((value, scale), shift) in values.iter_mut().zip(scale).zip(shift) {
            *value = (*value - offset) * factor * scale + shift;
        }
        T::narrow(values, y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_costs_no_digits() {
        let x = vec![1000.1f32; 256];
        let mut y = vec![1f32; 256];
        rows(Norm::Layer, &x, &[1.0; 256], &[0.0; 256], 1e-5, &mut y);
        assert!(y.iter().all(|&v| v == 0.0), "{:?}", &y[..4]);
        // Of the largest numbers the squares leave f32's range, not f64's.
        let x = [3e38f32, -3e38, 3e38, -3e38];
        let mut y = [0f32; 4];
        rows(Norm::RootMeanSquare, &x, &[1.0; 4], &[0.5; 4], 1e-5, &mut y);
        assert_eq!(y, [1.5, -0.5, 1.5, -0.5]);
    }
}
