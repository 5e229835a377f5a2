//! Sums, means and products along an axis.

use crate::sum::{finish, two_sum};
use crate::{Along, CHUNK, Float, Integer};
use pulp::Arch;

/// What an axis is reduced to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reduction {
    /// The sum; of nothing 0.
    Sum,
    /// The sum divided by the number of elements; of nothing NaN.
    Mean,
    /// The product; of nothing 1.
    Product,
}

/// Reduces floats; `y` has an element for each of `outer` x `inner`.
pub fn floats<T: Float>(reduction: Reduction, x: &[T], along: Along, y: &mut [T]) {
    let Along { outer, extent, inner } = along;
    let divisor = if reduction == Reduction::Mean { extent as f64 } else { 1.0 };
    Arch::new().dispatch(
        #[inline(always)]
        move || {
            let y = y;
            for at in 0..outer {
                let x = &x[at * extent * inner..][..extent * inner];
                let y = &mut y[at * inner..][..inner];
                match (reduction, inner) {
                    (Reduction::Product, _) => products(x, y),
                    (_, 1) => T::narrow(&[crate::sum::sum(x) / divisor], y),
                    _ => columns(x, y, divisor),
                }
            }
        },
    );
}

/// Sums of columns, a chunk of columns at a time; `y` has one for each.
#[inline(always)]
fn columns<T: Float>(x: &[T], y: &mut [T], divisor: f64) {
    let inner = y.len();
    let mut values = [0.0; CHUNK];
    for (start, y) in (0..).step_by(CHUNK).zip(y.chunks_mut(CHUNK)) {
        let (mut sums, mut errors) = ([-0.0; CHUNK], [-0.0; CHUNK]);
        let width = y.len();
        let (values, sums, errors) = (&mut values[..width], &mut sums[..width], &mut errors[..width]);
        for row in x.chunks_exact(inner) {
            T::widen(&row[start..start + width], values);
            if T::IS_NARROW {
                for (sum, value) in sums.iter_mut().zip(values.iter()) {
                    *sum += value;
                }
            } else {
                for ((sum, error), value) in sums.iter_mut().zip(errors.iter_mut()).zip(values.iter()) {
                    two_sum(sum, error, *value);
                }
            }
        }
        for (sum, error) in sums.iter_mut().zip(errors.iter()) {
            // Of no rows 0, without a sign.
            *sum = (finish(*sum, *error) + if x.is_empty() { 0.0 } else { -0.0 }) / divisor;
        }
        T::narrow(sums, y);
    }
}

#[inline(always)]
fn products<T: Float>(x: &[T], y: &mut [T]) {
    let inner = y.len();
    let mut values = [0.0; CHUNK];
    for (start, y) in (0..).step_by(CHUNK).zip(y.chunks_mut(CHUNK)) {
        let mut products = [1.0; CHUNK];
        let (values, products) = (&mut values[..y.len()], &mut products[..y.len()]);
        for row in x.chunks_exact(inner) {
            T::widen(&row[start..start + y.len()], values);
            for (product, value) in products.iter_mut().zip(values.iter()) {
                *product *= value;
            }
        }
        T::narrow(products, y);
    }
}

/// Reduces integers to what `finish` makes of the exact result: a sum or product modulo 2^64, or for a mean the sum and the
/// number of elements.
pub fn integers<T: Integer, R>(
    reduction: Reduction,
    x: &[T],
    along: Along,
    y: &mut [R],
    finish: impl Fn(i128, usize) -> R,
) {
    let Along { extent, inner, .. } = along;
    for (at, y) in y.iter_mut().enumerate() {
        let (outer, column) = (at / inner, at % inner);
        let elements = (0..extent).map(|i| x[(outer * extent + i) * inner + column].to_i64());
        let found = match reduction {
            Reduction::Product => elements.fold(1i64, i64::wrapping_mul).into(),
            Reduction::Sum | Reduction::Mean => elements.map(i128::from).sum(),
        };
        *y = finish(found, extent);
    }
}

/// The mean of integers as an integer: rounded towards zero, as a conversion from floating point would; of nothing 0.
pub fn integer_mean(sum: i128, count: usize) -> i64 {
    if count == 0 { 0 } else { (sum / count as i128) as i64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::f16;

    fn along(outer: usize, extent: usize, inner: usize) -> Along {
        Along { outer, extent, inner }
    }

    #[test]
    fn rows_and_columns_agree_with_exact_sums() {
        for (outer, extent, inner) in [(1, 1, 1), (2, 3, 1), (2, 3, 300), (3, 1000, 2), (1, 0, 4), (2, 257, 257)] {
            let x: Vec<f32> = (0..outer * extent * inner).map(|i| ((i * 7919) % 1000) as f32 - 500.0).collect();
            let mut y = vec![9f32; outer * inner];
            floats(Reduction::Sum, &x, along(outer, extent, inner), &mut y);
            for (at, &found) in y.iter().enumerate() {
                let (o, column) = (at / inner, at % inner);
                let want: f64 = (0..extent).map(|i| f64::from(x[(o * extent + i) * inner + column])).sum();
                assert_eq!(f64::from(found), want, "{outer} {extent} {inner}");
            }
        }
    }

    #[test]
    fn halves_neither_overflow_nor_stop() {
        let mut y = [f16::ZERO];
        floats(Reduction::Mean, &[f16::from_f32(60000.0); 4000], along(1, 4000, 1), &mut y);
        assert_eq!(y[0].to_f32(), 60000.0);
        floats(Reduction::Sum, &[f16::ONE; 5000], along(1, 5000, 1), &mut y);
        assert_eq!(y[0].to_f32(), 5000.0);
    }

    #[test]
    fn integers_are_exact_or_wrap() {
        let mut y = [0i32];
        integers(Reduction::Mean, &[1_000_000_000i32; 3], along(1, 3, 1), &mut y, |sum, n| integer_mean(sum, n) as i32);
        assert_eq!(y, [1_000_000_000]);
        let mut wide = [0i64];
        integers(Reduction::Sum, &[i32::MAX; 2], along(1, 2, 1), &mut wide, |sum, _| sum as i64);
        assert_eq!(wide, [4_294_967_294]);
        integers(Reduction::Sum, &[i32::MAX; 2], along(1, 2, 1), &mut y, |sum, _| sum as i32);
        assert_eq!(y, [-2]);
    }
}
