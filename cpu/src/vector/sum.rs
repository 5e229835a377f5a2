//! Sums of f32.

use pulp::Simd;

/// Elements that are added in f32, in as many sums as there are lanes, before they go into a wider one.
const RUN: usize = 4096;

/// The sum of `of` each vector of x. `of` 0 is 0.
#[inline(always)]
pub(super) fn sum<S: Simd>(s: S, x: &[f32], of: impl Fn(S::f32s) -> S::f32s) -> f64 {
    let mut total = 0.0;
    for run in x.chunks(RUN) {
        let (head, tail) = S::as_simd_f32s(run);
        // Four sums, as an addition takes as long as four of them.
        let mut sums = [s.splat_f32s(0.0); 4];
        let mut fours = head.chunks_exact(4);
        for four in &mut fours {
            for (sum, &x) in sums.iter_mut().zip(four) {
                *sum = s.add_f32s(*sum, of(x));
            }
        }
        for (sum, &x) in sums.iter_mut().zip(fours.remainder()) {
            *sum = s.add_f32s(*sum, of(x));
        }
        if !tail.is_empty() {
            sums[3] = s.add_f32s(sums[3], of(s.partial_load_f32s(tail)));
        }
        let [a, b, c, d] = sums;
        total += f64::from(s.reduce_sum_f32s(s.add_f32s(s.add_f32s(a, b), s.add_f32s(c, d))));
    }
    total
}
