//! Softmax of rows.

use crate::sum::Sum;
use crate::{CHUNK, Float, math};
use pulp::Arch;

/// e^(x - m) / Σ e^(x - m) of each row of `extent` elements, m the row's largest. A row with NaN, and one without a finite
/// largest, is NaN; a row of nothing stays so.
pub fn softmax<T: Float>(x: &[T], y: &mut [T], extent: usize) {
    if extent == 0 {
        return;
    }
    Arch::new().dispatch(
        #[inline(always)]
        move || {
            let y = y;
            for (x, y) in x.chunks_exact(extent).zip(y.chunks_exact_mut(extent)) {
                row(x, y);
            }
        },
    );
}

#[inline(always)]
fn row<T: Float>(x: &[T], y: &mut [T]) {
    let mut values = [0.0; CHUNK];
    let (mut largest, mut is_nan) = (f64::NEG_INFINITY, false);
    for chunk in x.chunks(CHUNK) {
        let values = &mut values[..chunk.len()];
        T::widen(chunk, values);
        for &value in values.iter() {
            largest = if value > largest { value } else { largest };
            is_nan |= value.is_nan();
        }
    }
    let largest = if is_nan { f64::NAN } else { largest };
    let mut sum = Sum::default();
    let power = |value: f64| if T::IS_NARROW { math::exp(value) } else { value.exp() };
    for chunk in x.chunks(CHUNK) {
        let values = &mut values[..chunk.len()];
        T::widen(chunk, values);
        for value in values.iter_mut() {
            *value = power(*value - largest);
        }
        sum.add(values, T::IS_NARROW);
    }
    let total = sum.total();
    for (x, y) in x.chunks(CHUNK).zip(y.chunks_mut(CHUNK)) {
        let values = &mut values[..x.len()];
        T::widen(x, values);
        for value in values.iter_mut() {
            *value = power(*value - largest) / total;
        }
        T::narrow(values, y);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_sum_to_one_whatever_their_length() {
        for extent in [1, 2, 255, 256, 257, 1000] {
            let x: Vec<f32> = (0..2 * extent).map(|i| ((i * 37) % 101) as f32 - 50.0).collect();
            let mut y = vec![0.0; x.len()];
            softmax(&x, &mut y, extent);
            for (x, y) in x.chunks(extent).zip(y.chunks(extent)) {
                let largest = x.iter().fold(f64::NEG_INFINITY, |m, &v| m.max(v.into()));
                let total: f64 = x.iter().map(|&v| (f64::from(v) - largest).exp()).sum();
                for (&x, &y) in x.iter().zip(y) {
                    let want = ((f64::from(x) - largest).exp() / total) as f32;
                    assert!((y - want).abs() <= want * f32::EPSILON, "{extent}: {y:e}, not {want:e}");
                }
            }
        }
        let mut y = vec![0f32; 40_000_000];
        softmax(&vec![0f32; y.len()], &mut y, 40_000_000);
        assert_eq!(y[12_345], 2.5e-8);
    }

    #[test]
    fn what_is_no_number_shows_in_its_row_alone() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        let mut y = [0f32; 8];
        softmax(&[1.0, -inf, nan, 0.0, -inf, -inf, inf, 0.0], &mut y, 2);
        assert_eq!(y[..2], [1.0, 0.0]);
        assert!(y[2..].iter().all(|v| v.is_nan()), "{y:?}");
    }
}
