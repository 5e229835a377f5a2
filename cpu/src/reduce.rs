//! Sums, means, products and extremes along an axis.

use crate::sum::{finish, two_sum};
use crate::{Along, CHUNK, Float, Integer, threads};
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
    /// The largest; of nothing minus infinity. NaN if there is one.
    Maximum,
    /// The smallest; of nothing infinity. NaN if there is one.
    Minimum,
}

/// Elements that are worth a thread's while.
const PART: usize = 32 << 10;

/// Columns that are read together at least: some cache lines of each row.
const COLUMNS: usize = 64;

/// Results of which there are so few that long axes are cut, so that all threads have a part.
const FEW: usize = 4096;

/// Reduces floats; `y` has an element for each of `outer` x `inner`.
pub fn floats<T: Float>(reduction: Reduction, x: &[T], along: Along, y: &mut [T]) {
    let Along { extent, inner, .. } = along;
    if y.is_empty() {
        return;
    }
    let divisor = if reduction == Reduction::Mean { extent as f64 } else { 1.0 };
    // Sums of f64 are compensated from the first element to the last.
    let rows = (PART / inner.max(1)).max(COLUMNS);
    if T::IS_NARROW && y.len() <= FEW && extent >= 2 * rows {
        return in_pieces(reduction, x, along, rows, divisor, y);
    }
    let len = (PART / extent.max(1)).max(if inner == 1 { 1 } else { COLUMNS });
    threads::deal_parts(y, len, &|first, y| {
        Arch::new().dispatch(
            #[inline(always)]
            move || {
                let y = y;
                let mut values = [0.0; CHUNK];
                let mut done = 0;
                while done < y.len() {
                    let (at, column) = ((first + done) / inner, (first + done) % inner);
                    let width = CHUNK.min(inner - column).min(y.len() - done);
                    let values = &mut values[..width];
                    let x = &x[at * extent * inner..][..extent * inner];
                    if inner == 1 {
                        values[0] = row(reduction, x);
                    } else {
                        columns(reduction, x, inner, column, values);
                    }
                    for value in values.iter_mut() {
                        *value /= divisor;
                    }
                    T::narrow(values, &mut y[done..done + width]);
                    done += width;
                }
            },
        );
    });
}

/// The same where there are few results of many elements each: `rows` of an axis at a time, whose results are put together in
/// order.
fn in_pieces<T: Float>(reduction: Reduction, x: &[T], along: Along, rows: usize, divisor: f64, y: &mut [T]) {
    let Along { outer, extent, inner } = along;
    let pieces = extent.div_ceil(rows);
    let mut parts = vec![0.0; outer * pieces * inner];
    threads::deal_parts(&mut parts, inner, &|first, part| {
        Arch::new().dispatch(
            #[inline(always)]
            move || {
                let part = part;
                let (at, piece) = (first / inner / pieces, first / inner % pieces);
                let range = piece * rows * inner..((piece + 1) * rows).min(extent) * inner;
                let x = &x[at * extent * inner..][range];
                if inner == 1 {
                    part[0] = row(reduction, x);
                    return;
                }
                // Row by row, in the order of memory.
                let (mut values, start) = ([0.0; CHUNK], start(reduction));
                part.fill(start.unwrap_or(-0.0));
                for row in x.chunks_exact(inner) {
                    for (row, part) in row.chunks(CHUNK).zip(part.chunks_mut(CHUNK)) {
                        let values = &mut values[..row.len()];
                        T::widen(row, values);
                        for (result, &value) in part.iter_mut().zip(values.iter()) {
                            *result = if start.is_some() { join(reduction, *result, value) } else { *result + value };
                        }
                    }
                }
            },
        );
    });
    let mut results = vec![0.0; inner];
    for (parts, y) in parts.chunks_exact(pieces * inner).zip(y.chunks_exact_mut(inner)) {
        for (start, y) in (0..).step_by(CHUNK).zip(y.chunks_mut(CHUNK)) {
            let results = &mut results[..y.len()];
            columns(reduction, parts, inner, start, results);
            for result in results.iter_mut() {
                *result /= divisor;
            }
            T::narrow(results, y);
        }
    }
}

/// What a row comes to, before it is divided.
#[inline(always)]
fn row<T: Float>(reduction: Reduction, x: &[T]) -> f64 {
    let Some(start) = start(reduction) else { return crate::sum::sum(x) };
    let (mut lanes, mut values) = ([start; LANES], [0.0; CHUNK]);
    for chunk in x.chunks(CHUNK) {
        let values = &mut values[..chunk.len()];
        T::widen(chunk, values);
        let (groups, rest) = values.as_chunks::<LANES>();
        for group in groups {
            for (lane, &value) in lanes.iter_mut().zip(group) {
                *lane = join(reduction, *lane, value);
            }
        }
        for (lane, &value) in lanes.iter_mut().zip(rest) {
            *lane = join(reduction, *lane, value);
        }
    }
    lanes.into_iter().fold(start, |result, lane| join(reduction, result, lane))
}

/// Results that are on their way at once: they hide the time that one step takes.
const LANES: usize = 16;

/// What columns from `first` on come to, before they are divided: `results` has one for each, 256 at most.
#[inline(always)]
fn columns<T: Float>(reduction: Reduction, x: &[T], inner: usize, first: usize, results: &mut [f64]) {
    let width = results.len();
    let (mut values, mut errors) = ([0.0; CHUNK], [-0.0; CHUNK]);
    let (values, errors) = (&mut values[..width], &mut errors[..width]);
    results.fill(start(reduction).unwrap_or(-0.0));
    for row in x.chunks_exact(inner) {
        T::widen(&row[first..first + width], values);
        if start(reduction).is_some() {
            for (result, &value) in results.iter_mut().zip(values.iter()) {
                *result = join(reduction, *result, value);
            }
        } else if T::IS_NARROW {
            for (sum, value) in results.iter_mut().zip(values.iter()) {
                *sum += value;
            }
        } else {
            for ((sum, error), value) in results.iter_mut().zip(errors.iter_mut()).zip(values.iter()) {
                two_sum(sum, error, *value);
            }
        }
    }
    if start(reduction).is_none() {
        for (sum, error) in results.iter_mut().zip(errors.iter()) {
            // Of no rows 0, without a sign.
            *sum = finish(*sum, *error) + if x.is_empty() { 0.0 } else { -0.0 };
        }
    }
}

/// What a product or an extreme starts with; nothing for sums, which have a way of their own.
#[inline(always)]
fn start(reduction: Reduction) -> Option<f64> {
    match reduction {
        Reduction::Sum | Reduction::Mean => None,
        Reduction::Product => Some(1.0),
        Reduction::Maximum => Some(f64::NEG_INFINITY),
        Reduction::Minimum => Some(f64::INFINITY),
    }
}

/// The product, or the extreme of two; NaN if either is.
#[inline(always)]
fn join(reduction: Reduction, result: f64, value: f64) -> f64 {
    match reduction {
        Reduction::Maximum => {
            if value > result || value.is_nan() {
                value
            } else {
                result
            }
        }
        Reduction::Minimum => {
            if value < result || value.is_nan() {
                value
            } else {
                result
            }
        }
        Reduction::Product | Reduction::Sum | Reduction::Mean => result * value,
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
            Reduction::Maximum => elements.map(i128::from).max().unwrap_or(i64::MIN.into()),
            Reduction::Minimum => elements.map(i128::from).min().unwrap_or(i64::MAX.into()),
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

    /// Long axes are cut into pieces, which is not to be seen, and neither is how many threads there are.
    #[test]
    fn every_reduction_of_any_shape_on_any_number_of_threads() {
        let all = [Reduction::Sum, Reduction::Mean, Reduction::Product, Reduction::Maximum, Reduction::Minimum];
        let shapes = [
            (1, 200_001, 1),
            (3, 70_000, 1),
            (2, 1025, 64),
            (5, 3, 1000),
            (700, 129, 1),
            (1, 2, 40_000),
            (1, 0, 3),
            (3, 200_000, 0),
        ];
        for (outer, extent, inner) in shapes {
            // Powers of two, mostly 1, whose products are exact; and one column with NaN.
            let x: Vec<f32> = (0..outer * extent * inner)
                .map(|i| match (i * 7919) % 1000 {
                    1 => 2.0,
                    2 => -0.5,
                    3 if i % inner.max(1) == 1 => f32::NAN,
                    _ => 1.0,
                })
                .collect();
            for reduction in all {
                let mut first = vec![9f32; outer * inner];
                for limit in [1, 2, 3, 8] {
                    let mut y = vec![9f32; outer * inner];
                    threads::with_limit(limit, || floats(reduction, &x, along(outer, extent, inner), &mut y));
                    if limit == 1 {
                        first.copy_from_slice(&y);
                    }
                    assert!(y.iter().zip(&first).all(|(a, b)| a.to_bits() == b.to_bits()), "{limit} threads");
                }
                for (at, &found) in first.iter().enumerate() {
                    let (o, column) = (at / inner, at % inner);
                    let values = (0..extent).map(|i| f64::from(x[(o * extent + i) * inner + column]));
                    let nan = |a: f64, b: f64, c: f64| if a.is_nan() || b.is_nan() { f64::NAN } else { c };
                    let want = match reduction {
                        Reduction::Sum => values.sum::<f64>() + 0.0,
                        Reduction::Mean => values.sum::<f64>() / extent as f64,
                        Reduction::Product => values.product(),
                        Reduction::Maximum => values.fold(f64::NEG_INFINITY, |a, b| nan(a, b, a.max(b))),
                        Reduction::Minimum => values.fold(f64::INFINITY, |a, b| nan(a, b, a.min(b))),
                    } as f32;
                    let is_same = found == want || (found.is_nan() && want.is_nan());
                    assert!(is_same, "{reduction:?} of {outer} {extent} {inner}: {found}, not {want}");
                }
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
