//! Normalization of rows of f32.

use super::sum::sum;
use crate::norm::{Norm, rows};
use pulp::{Arch, Simd, WithSimd};

/// Each row of x normalized, times `scale` plus `shift`, which have as many elements as a row, as
/// [`norm::rows`](crate::norm::rows), in f32: the mean and the variance are right to f64's rounding.
pub fn normalize(norm: Norm, x: &[f32], [scale, shift]: [&[f32]; 2], eps: f64, y: &mut [f32]) {
    Arch::new().dispatch(Normalize { norm, x, scale, shift, eps, y });
}

struct Normalize<'a> {
    norm: Norm,
    x: &'a [f32],
    scale: &'a [f32],
    shift: &'a [f32],
    eps: f64,
    y: &'a mut [f32],
}

/// Between these, squares of f32 are far from both ends of its range, so that their sums keep their digits.
const VARIANCES: std::ops::Range<f64> = 1e-30..1e30;

impl WithSimd for Normalize<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { norm, x, scale, shift, eps, y } = self;
        let extent = scale.len();
        if extent == 0 {
            return;
        }
        for (x, y) in x.chunks_exact(extent).zip(y.chunks_exact_mut(extent)) {
            let mean = match norm {
                Norm::Layer => {
                    let total = sum(
                        s,
                        x,
                        #[inline(always)]
                        |x| x,
                    );
                    total / extent as f64
                }
                Norm::RootMeanSquare => 0.0,
            };
            // The mean in two parts: the deviations of numbers far from 0 would show how it is rounded.
            let high = mean as f32;
            let rest = mean - f64::from(high);
            let (head, tail) = S::as_mut_simd_f32s(y);
            let (from, from_tail) = S::as_simd_f32s(x);
            let near = s.splat_f32s(high);
            for (y, &x) in head.iter_mut().zip(from) {
                *y = s.sub_f32s(x, near);
            }
            for (y, &x) in tail.iter_mut().zip(from_tail) {
                *y = x - high;
            }
            let squares = sum(
                s,
                y,
                #[inline(always)]
                |d| s.mul_f32s(d, d),
            ) / extent as f64;
            let variance = squares - rest * rest;
            if !VARIANCES.contains(&squares) {
                exactly(norm, x, [scale, shift], eps, y);
                continue;
            }
            let (factor, rest) = (s.splat_f32s((1.0 / (variance + eps).sqrt()) as f32), s.splat_f32s(rest as f32));
            let (head, tail) = S::as_mut_simd_f32s(y);
            let ((scales, scale_tail), (shifts, shift_tail)) = (S::as_simd_f32s(scale), S::as_simd_f32s(shift));
            for ((y, &scale), &shift) in head.iter_mut().zip(scales).zip(shifts) {
                *y = affine(s, *y, [rest, factor, scale, shift]);
            }
            if !tail.is_empty() {
                let [d, scale, shift] = [&*tail, scale_tail, shift_tail].map(|values| s.partial_load_f32s(values));
                s.partial_store_f32s(tail, affine(s, d, [rest, factor, scale, shift]));
            }
        }
    }
}

/// (d - rest) factor scale + shift.
#[inline(always)]
fn affine<S: Simd>(s: S, d: S::f32s, [rest, factor, scale, shift]: [S::f32s; 4]) -> S::f32s {
    s.mul_add_e_f32s(s.mul_f32s(s.sub_f32s(d, rest), factor), scale, shift)
}

/// A row of very large or very small deviations, or with what is no number.
#[cold]
#[inline(never)]
fn exactly(norm: Norm, x: &[f32], weights: [&[f32]; 2], eps: f64, y: &mut [f32]) {
    let [scale, shift] = weights.map(|values| values.iter().map(|&value| value.into()).collect::<Vec<f64>>());
    rows(norm, x, &scale, &shift, eps, y);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_right_at_any_offset_and_magnitude() {
        for extent in [1, 7, 16, 100, 384, 10_000] {
            for (offset, size) in [(0.0, 1.0), (1000.1, 1.0), (-3e5, 1e-2), (0.0, 1e38), (0.0, 1e-22), (1e-3, 1e15)] {
                let x: Vec<f32> =
                    (0..3 * extent).map(|i| offset + size * (((i * 7919) % 1009) as f32 / 1009.0 - 0.3)).collect();
                let weights = [vec![1.5f32; extent], vec![0.25f32; extent]];
                let exact = weights.clone().map(|values| values.iter().map(|&v| v.into()).collect::<Vec<f64>>());
                for norm in [Norm::Layer, Norm::RootMeanSquare] {
                    let (mut y, mut want) = (vec![0f32; x.len()], vec![0f32; x.len()]);
                    normalize(norm, &x, [&weights[0], &weights[1]], 1e-5, &mut y);
                    rows(norm, &x, &exact[0], &exact[1], 1e-5, &mut want);
                    for (y, want) in y.iter().zip(&want) {
                        assert!(
                            (y - want).abs() <= 3e-7 * (want.abs() + 0.25),
                            "{norm:?} of {extent} at {offset}, {size}: {y}, not {want}"
                        );
                    }
                }
            }
        }
    }
}
