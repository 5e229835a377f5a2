//! Sums that lose no digits to their length.

use crate::{CHUNK, Float};

/// Accumulators that are added to in turn: they hide the time that an addition takes.
const LANES: usize = 16;

/// A sum on its way, in f64. Elements that are narrower than f64 are added as they are: that loses one bit for each doubling
/// of the number of elements, of 29 that f64 has more than f32. Errors of sums of f64 are added up beside them (Neumaier
/// 1974).
#[derive(Debug, Clone, Copy)]
pub struct Sum {
    lanes: [f64; LANES],
    errors: [f64; LANES],
}

impl Default for Sum {
    fn default() -> Self {
        // -0 is what adding leaves alone.
        Self { lanes: [-0.0; LANES], errors: [-0.0; LANES] }
    }
}

impl Sum {
    /// Adds `values`; `exact` for those that are narrower than f64.
    #[inline(always)]
    pub fn add(&mut self, values: &[f64], exact: bool) {
        let (groups, rest) = values.as_chunks::<LANES>();
        for group in groups {
            if exact {
                for (lane, value) in self.lanes.iter_mut().zip(group) {
                    *lane += value;
                }
            } else {
                for ((lane, error), value) in self.lanes.iter_mut().zip(&mut self.errors).zip(group) {
                    two_sum(lane, error, *value);
                }
            }
        }
        for ((lane, error), value) in self.lanes.iter_mut().zip(&mut self.errors).zip(rest) {
            two_sum(lane, error, *value);
        }
    }

    /// What it comes to: halves of the lanes are added to each other, as that is done in vectors.
    #[inline(always)]
    pub fn total(&self) -> f64 {
        let (mut sums, mut errors) = (self.lanes, self.errors);
        let mut width = LANES;
        while width > 1 {
            width /= 2;
            let ((sums, more), (errors, lost)) = (sums.split_at_mut(width), errors.split_at_mut(width));
            for (((sum, error), more), lost) in sums.iter_mut().zip(errors).zip(more).zip(lost) {
                two_sum(sum, error, *more);
                *error += *lost;
            }
        }
        finish(sums[0], errors[0])
    }
}

/// A sum with its error, which is none where the sum is no number any more.
#[inline(always)]
pub(crate) fn finish(sum: f64, error: f64) -> f64 {
    if sum.is_finite() && error != 0.0 { sum + error } else { sum }
}

/// Adds `value` to `sum`, and what that rounds off to `error` (Knuth).
#[inline(always)]
pub(crate) fn two_sum(sum: &mut f64, error: &mut f64, value: f64) {
    let new = *sum + value;
    let part = new - *sum;
    *error += (*sum - (new - part)) + (value - part);
    *sum = new;
}

/// The sum of a row, of nothing 0.
#[inline(always)]
pub fn sum<T: Float>(row: &[T]) -> f64 {
    if row.is_empty() {
        return 0.0;
    }
    let (mut sum, mut values) = (Sum::default(), [0.0; CHUNK]);
    for chunk in row.chunks(CHUNK) {
        let values = &mut values[..chunk.len()];
        T::widen(chunk, values);
        sum.add(values, T::IS_NARROW);
    }
    sum.total()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_sums_are_exact() {
        assert_eq!(sum(&vec![1f32; 33_554_433]), 33_554_433.0);
        assert_eq!(sum(&vec![0.1f64; 10_000_000]), 1_000_000.0);
        let mut values = vec![1.0f64; 1001];
        (values[0], values[1000]) = (1e100, -1e100);
        assert_eq!(sum(&values), 999.0);
    }

    #[test]
    fn what_is_no_number_shows() {
        assert_eq!(sum(&[f64::INFINITY, 1.0]), f64::INFINITY);
        assert!(sum(&[f64::INFINITY, f64::NEG_INFINITY]).is_nan());
        assert!(sum(&[1.0f32, f32::NAN]).is_nan());
        assert!(sum::<f32>(&[]).is_sign_positive() && sum(&[-0.0f32]).is_sign_negative());
    }
}
