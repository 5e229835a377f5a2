//! Normalization of rows of f32.

use super::sum::sum;
use crate::norm::{Norm, rows};
use pulp::{Arch, Simd, WithSimd};

/// Each row of x normalized, times `scale` plus `shift`, which have as many elements as a row, as
/// [`norm::rows`](crate::norm::rows), by pairs of f32, of
/// which the second one has what the first is rounded by: within 1.5 units in the last place, whatever `shift` leaves over.
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

/// So many times the variance may the square of the mean be: of numbers further from 0 the deviations need more digits.
const FAR: f64 = 1e12;

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
                    sum(
                        s,
                        x,
                        0.0,
                        #[inline(always)]
                        |x| (x, s.splat_f32s(0.0)),
                    ) / extent as f64
                }
                Norm::RootMeanSquare => 0.0,
            };
            let center = split(s, mean);
            let squares = sum(
                s,
                x,
                mean as f32,
                #[inline(always)]
                |x| {
                    let (d, low) = deviation(s, x, center);
                    let square = s.mul_f32s(d, d);
                    let lost = s.mul_add_f32s(d, d, s.neg_f32s(square));
                    let twice = s.add_f32s(s.add_f32s(d, d), low);
                    (square, s.mul_add_f32s(twice, low, lost))
                },
            );
            let squares = squares / extent as f64;
            if !VARIANCES.contains(&squares) || mean * mean > squares * FAR {
                exactly(norm, x, [scale, shift], eps, y);
                continue;
            }
            let factor = split(s, 1.0 / (squares + eps).sqrt());
            let (head, tail) = S::as_mut_simd_f32s(y);
            let [(from, from_tail), (scales, scale_tail), (shifts, shift_tail)] =
                [x, scale, shift].map(|values| S::as_simd_f32s(values));
            for (((y, &x), &scale), &shift) in head.iter_mut().zip(from).zip(scales).zip(shifts) {
                *y = affine(s, x, center, factor, [scale, shift]);
            }
            if !tail.is_empty() {
                let [x, scale, shift] = [from_tail, scale_tail, shift_tail].map(|values| s.partial_load_f32s(values));
                s.partial_store_f32s(tail, affine(s, x, center, factor, [scale, shift]));
            }
        }
    }
}

/// A number as the sum of two of f32.
#[inline(always)]
fn split<S: Simd>(s: S, x: f64) -> [S::f32s; 2] {
    let high = x as f32;
    [s.splat_f32s(high), s.splat_f32s((x - f64::from(high)) as f32)]
}

/// x - center, and what that is rounded by (Knuth's two-sum).
#[inline(always)]
fn deviation<S: Simd>(s: S, x: S::f32s, [high, low]: [S::f32s; 2]) -> (S::f32s, S::f32s) {
    let d = s.sub_f32s(x, high);
    let part = s.sub_f32s(d, x);
    let lost = s.sub_f32s(s.sub_f32s(x, s.sub_f32s(d, part)), s.add_f32s(high, part));
    (d, s.sub_f32s(lost, low))
}

/// (x - center) factor scale + shift, where scale and shift meet numbers that have more digits than f32.
#[inline(always)]
fn affine<S: Simd>(
    s: S,
    x: S::f32s,
    center: [S::f32s; 2],
    [factor, factor_low]: [S::f32s; 2],
    [scale, shift]: [S::f32s; 2],
) -> S::f32s {
    let (d, low) = deviation(s, x, center);
    let y = s.mul_f32s(d, factor);
    let lost = s.mul_add_f32s(d, factor, s.neg_f32s(y));
    let lost = s.mul_add_f32s(low, factor, s.mul_add_f32s(d, factor_low, lost));
    s.mul_add_f32s(lost, scale, s.mul_add_f32s(y, scale, shift))
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
                let weights = [vec![1.37f32; extent], vec![0.25f32; extent]];
                let exact = weights.clone().map(|values| values.iter().map(|&v| v.into()).collect::<Vec<f64>>());
                for norm in [Norm::Layer, Norm::RootMeanSquare] {
                    let (mut y, mut want) = (vec![0f32; x.len()], vec![0f32; x.len()]);
                    normalize(norm, &x, [&weights[0], &weights[1]], 1e-5, &mut y);
                    rows(norm, &x, &exact[0], &exact[1], 1e-5, &mut want);
                    for (y, want) in y.iter().zip(&want) {
                        assert!(
                            (y - want).abs() <= 2e-7 * want.abs() + 1e-40,
                            "{norm:?} of {extent} at {offset}, {size}: {y}, not {want}"
                        );
                    }
                }
            }
        }
    }
}
