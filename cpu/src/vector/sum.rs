//! Sums of f32.

use pulp::{Simd, bytemuck};

/// Elements that are added in as many sums as there are lanes, before they go into a wider one.
const RUN: usize = 4096;

/// The sum of `of` each vector of x, to f64's rounding but for very little. `of` gives a number, and what it is rounded by; x
/// is filled up to whole vectors with `filler`, of which `of` has to be 0.
///
/// Each addition's rounding error is known (Knuth's two-sum) and added up by itself.
#[inline(always)]
pub(super) fn sum<S: Simd>(s: S, x: &[f32], filler: f32, of: impl Fn(S::f32s) -> (S::f32s, S::f32s)) -> f64 {
    let mut total = 0.0;
    for run in x.chunks(RUN) {
        let (head, tail) = S::as_simd_f32s(run);
        let zero = s.splat_f32s(0.0);
        // Two sums, as an addition takes as long as several of them.
        let (mut sums, mut errors) = ([zero; 2], [zero; 2]);
        let mut pairs = head.chunks_exact(2);
        for pair in &mut pairs {
            for i in 0..2 {
                (sums[i], errors[i]) = add(s, sums[i], errors[i], of(pair[i]));
            }
        }
        if let [x] = pairs.remainder() {
            (sums[0], errors[0]) = add(s, sums[0], errors[0], of(*x));
        }
        if !tail.is_empty() {
            let mut last = s.splat_f32s(filler);
            bytemuck::cast_slice_mut(std::slice::from_mut(&mut last))[..tail.len()].copy_from_slice(tail);
            (sums[1], errors[1]) = add(s, sums[1], errors[1], of(last));
        }
        let error = lanes(bytemuck::cast_slice(&errors));
        // Beside an infinite sum there is no error.
        total += lanes(bytemuck::cast_slice(&sums)) + if error.is_finite() { error } else { 0.0 };
    }
    total
}

/// A sum with one more number, and the error so far.
#[inline(always)]
fn add<S: Simd>(s: S, sum: S::f32s, error: S::f32s, (x, low): (S::f32s, S::f32s)) -> (S::f32s, S::f32s) {
    let new = s.add_f32s(sum, x);
    let part = s.sub_f32s(new, sum);
    let lost = s.add_f32s(s.sub_f32s(sum, s.sub_f32s(new, part)), s.sub_f32s(x, part));
    (new, s.add_f32s(error, s.add_f32s(lost, low)))
}

/// The sum of all lanes, in f64.
#[inline(always)]
fn lanes(x: &[f32]) -> f64 {
    let (fours, rest) = x.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for four in fours {
        for (sum, &x) in sums.iter_mut().zip(four) {
            *sum += f64::from(x);
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest.iter().map(|&x| f64::from(x)).sum::<f64>()
}
