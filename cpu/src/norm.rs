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
pub fn rows<T: Float, R: Float>(norm: Norm, x: &[T], scale: &[f64], shift: &[f64], eps: f64, y: &mut [R]) {
    let extent = scale.len();
    if extent == 0 {
        return;
    }
    Arch::new().dispatch(
        #[inline(always)]
        move || {
            let y = y;
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

/// Groups of channels normalized together, then each channel times its `scale` plus its `shift`. `x` is groups of `channels`
/// channels of `positions` elements each; the groups of one batch take the scales in order.
pub fn groups<T: Float>(x: &[T], channels: usize, positions: usize, weights: [&[f64]; 2], eps: f64, y: &mut [T]) {
    let [scale, shift] = weights;
    let group = channels * positions;
    if group == 0 || scale.is_empty() {
        return;
    }
    Arch::new().dispatch(
        #[inline(always)]
        move || {
            let y = y;
            let all = x.chunks_exact(group).zip(y.chunks_exact_mut(group));
            let weights = scale.chunks_exact(channels).zip(shift.chunks_exact(channels)).cycle();
            for ((x, y), (scale, shift)) in all.zip(weights) {
                let (mean, factor) = moments(Norm::Layer, x, eps);
                let rows = x.chunks_exact(positions).zip(y.chunks_exact_mut(positions));
                for ((x, y), (&scale, &shift)) in rows.zip(scale.iter().zip(shift)) {
                    let mut values = [0.0; CHUNK];
                    for (x, y) in x.chunks(CHUNK).zip(y.chunks_mut(CHUNK)) {
                        let values = &mut values[..x.len()];
                        T::widen(x, values);
                        for value in values.iter_mut() {
                            *value = (*value - mean) * factor * scale + shift;
                        }
                        T::narrow(values, y);
                    }
                }
            }
        },
    );
}

/// Each row less `offset`, times `factor`, plus `shift`, which have as many elements as a row.
pub fn columns<T: Float>(x: &[T], offset: &[f64], factor: &[f64], shift: &[f64], y: &mut [T]) {
    let extent = offset.len();
    if extent == 0 {
        return;
    }
    Arch::new().dispatch(
        #[inline(always)]
        move || {
            let y = y;
            let mut values = [0.0; CHUNK];
            for (x, y) in x.chunks_exact(extent).zip(y.chunks_exact_mut(extent)) {
                let weights = offset.chunks(CHUNK).zip(factor.chunks(CHUNK)).zip(shift.chunks(CHUNK));
                for ((x, y), ((offset, factor), shift)) in x.chunks(CHUNK).zip(y.chunks_mut(CHUNK)).zip(weights) {
                    let values = &mut values[..x.len()];
                    T::widen(x, values);
                    for (((value, offset), factor), shift) in values.iter_mut().zip(offset).zip(factor).zip(shift) {
                        *value = (*value - offset) * factor + shift;
                    }
                    T::narrow(values, y);
                }
            }
        },
    );
}

#[inline(always)]
fn affine<T: Float, R: Float>(x: &[T], y: &mut [R], offset: f64, factor: f64, scale: &[f64], shift: &[f64]) {
    let mut values = [0.0; CHUNK];
    let weights = scale.chunks(CHUNK).zip(shift.chunks(CHUNK));
    for ((x, y), (scale, shift)) in x.chunks(CHUNK).zip(y.chunks_mut(CHUNK)).zip(weights) {
        let values = &mut values[..x.len()];
        T::widen(x, values);
        for ((value, scale), shift) in values.iter_mut().zip(scale).zip(shift) {
            *value = (*value - offset) * factor * scale + shift;
        }
        R::narrow(values, y);
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

    #[test]
    fn groups_have_a_mean_each_and_channels_a_scale_each() {
        // Two batches of two groups of two channels of three positions.
        let x: Vec<f32> = (0..24).map(|i| (i * i % 17) as f32 + 100.0).collect();
        let (scale, shift) = ([1.0, 2.0, 3.0, 4.0], [0.5, 0.0, -0.5, 1.0]);
        let mut y = [0f32; 24];
        groups(&x, 2, 3, [&scale, &shift], 1e-3, &mut y);
        for (at, &found) in y.iter().enumerate() {
            let group: Vec<f64> = x[at / 6 * 6..][..6].iter().map(|&v| v.into()).collect();
            let mean = group.iter().sum::<f64>() / 6.0;
            let variance = group.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / 6.0;
            let channel = at / 3 % 4;
            let want = (f64::from(x[at]) - mean) / (variance + 1e-3).sqrt() * scale[channel] + shift[channel];
            assert_eq!(found, want as f32, "{at}");
        }
        let mut y = [0f32; 4];
        columns(&[1.0f32, 2.0, 3.0, 4.0], &[1.0, 1.0], &[2.0, 3.0], &[0.0, 0.5], &mut y);
        assert_eq!(y, [0.0, 3.5, 4.0, 9.5]);
    }
}
