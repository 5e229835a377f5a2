//! Cross entropy of rows of logits: the logarithm of the sum of their exponentials, less what the target picks of them.
//!
//! Everything is taken relative to a row's largest logit, and the largest itself is kept out of the sum: what is left has no
//! negative terms for a target that sums to one, so that a small loss keeps its digits.

use crate::sum::Sum;
use crate::{CHUNK, Float, math};

/// For each row of `extent` logits `log Σ e^z - Σ t z`, where t is the row of `targets`, which has as many elements.
pub fn dense<T: Float>(logits: &[T], targets: &[T], extent: usize, losses: &mut [f64]) {
    if extent == 0 {
        return;
    }
    let rows = logits.chunks_exact(extent).zip(targets.chunks_exact(extent));
    for ((row, target), loss) in rows.zip(losses) {
        let (largest, log_sum) = log_sum(row);
        let (mut picked, mut missing, mut values, mut weights) =
            (Sum::default(), Sum::default(), [0.0; CHUNK], [0.0; CHUNK]);
        for (row, target) in row.chunks(CHUNK).zip(target.chunks(CHUNK)) {
            let (values, weights) = (&mut values[..row.len()], &mut weights[..row.len()]);
            T::widen(row, values);
            T::widen(target, weights);
            for (value, weight) in values.iter_mut().zip(&mut *weights) {
                *value = (largest - *value) * *weight;
                *weight = -*weight;
            }
            picked.add(values, T::IS_NARROW);
            missing.add(weights, false);
        }
        missing.add(&[1.0], false);
        // What a target lacks to one counts with the largest logit.
        let rest = missing.total();
        let rest = if rest == 0.0 { 0.0 } else { rest * largest };
        *loss = log_sum + picked.total() + rest;
    }
}

/// For each row of `extent` logits `log Σ e^z - z[label]`. A label outside gives NaN.
pub fn labelled<T: Float>(logits: &[T], labels: &[i64], extent: usize, losses: &mut [f64]) {
    if extent == 0 {
        return;
    }
    for ((row, &label), loss) in logits.chunks_exact(extent).zip(labels).zip(losses) {
        let (largest, log_sum) = log_sum(row);
        let mut picked = [f64::NAN];
        if let Some(logit) = usize::try_from(label).ok().and_then(|label| row.get(label)) {
            T::widen(std::slice::from_ref(logit), &mut picked);
        }
        *loss = largest - picked[0] + log_sum;
    }
}

/// The largest element m of a row, and log Σ e^(z - m). A row with NaN, and one without a finite largest, gives NaN.
fn log_sum<T: Float>(row: &[T]) -> (f64, f64) {
    let mut values = [0.0; CHUNK];
    let (mut largest, mut at, mut is_nan) = (f64::NEG_INFINITY, 0usize, false);
    for (chunk, start) in row.chunks(CHUNK).zip((0usize..).step_by(CHUNK)) {
        let values = &mut values[..chunk.len()];
        T::widen(chunk, values);
        for (&value, place) in values.iter().zip(start..) {
            if value > largest {
                (largest, at) = (value, place);
            }
            is_nan |= value.is_nan();
        }
    }
    if is_nan || !largest.is_finite() {
        return (f64::NAN, f64::NAN);
    }
    let mut others = Sum::default();
    for (chunk, start) in row.chunks(CHUNK).zip((0usize..).step_by(CHUNK)) {
        let values = &mut values[..chunk.len()];
        T::widen(chunk, values);
        for value in values.iter_mut() {
            *value = if T::IS_NARROW { math::exp(*value - largest) } else { (*value - largest).exp() };
        }
        if let Some(own) = at.checked_sub(start).and_then(|own| values.get_mut(own)) {
            *own = 0.0;
        }
        others.add(values, T::IS_NARROW);
    }
    (largest, others.total().ln_1p())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_losses_keep_their_digits() {
        let row = [20.0f32, 0.0, -3.0];
        let want = ((-20f64).exp() + (-23f64).exp()).ln_1p();
        let mut losses = [0.0; 2];
        labelled(&[row, row].concat(), &[0, 1], 3, &mut losses);
        assert!((losses[0] - want).abs() <= 1e-12 * want, "{losses:?}");
        assert!((losses[1] - want - 20.0).abs() <= 1e-12 * 20.0, "{losses:?}");
        dense(&row, &[1.0, 0.0, 0.0], 3, &mut losses[..1]);
        assert!((losses[0] - want).abs() <= 1e-12 * want, "{losses:?}");
    }

    #[test]
    fn an_offset_of_the_logits_counts_where_a_target_does_not_sum_to_one() {
        let mut loss = [0.0];
        dense(&[1e6, 1e6], &[0.25, 0.25], 2, &mut loss);
        assert_eq!(loss[0], 0.5 * 1e6 + 2f64.ln());
        dense(&[1e6, 1e6], &[0.5, 0.5], 2, &mut loss);
        assert_eq!(loss[0], 2f64.ln());
    }

    #[test]
    fn rows_are_apart_and_long_ones_whole() {
        for extent in [1, 255, 256, 257, 1000] {
            let row: Vec<f64> = (0..extent).map(|i| f64::from((i * 37) % 101) / 10.0).collect();
            let rows = [row.clone(), vec![f64::NAN; row.len()], row.clone()].concat();
            let total: f64 = row.iter().map(|z| z.exp()).sum();
            let last = row.len() - 1;
            let mut losses = [0.0; 3];
            labelled(&rows, &[0, 0, last as i64], row.len(), &mut losses);
            for (at, label) in [(0, 0), (2, last)] {
                assert!((losses[at] - (total.ln() - row[label])).abs() < 1e-12, "{extent}: {losses:?}");
            }
            assert!(losses[1].is_nan());
        }
    }

    #[test]
    fn what_is_no_number_shows() {
        let mut losses = [0.0; 3];
        let inf = f32::INFINITY;
        labelled(&[inf, 0.0, -inf, -inf, 1.0, 2.0], &[0, 0, 5], 2, &mut losses);
        assert!(losses.iter().all(|loss| loss.is_nan()), "{losses:?}");
        labelled(&[0.0, -inf], &[1], 2, &mut losses[..1]);
        assert_eq!(losses[0], f64::INFINITY);
    }
}
