//! The exponential.

use super::{horner, unless_nan};
use pulp::Simd;

/// 1.5 * 2^23: added to a number of ordinary size, it leaves the nearest integer in the lowest bits.
const ROUND: f32 = 12_582_912.0;

/// ln(2) in two parts of which the first has few bits (Cody and Waite).
const LN_2_HIGH: f32 = 0.693_145_75;
const LN_2_LOW: f32 = 1.428_606_8e-6;

/// (e^r - 1 - r) / r² for |r| up to ln(2)/2: minimax fit, 3e-9 of e^r.
const TERMS: [f32; 5] = [0.001_395_053_8, 0.008_368_918, 0.041_666_206, 0.166_665_18, 0.5];

/// e^x, within 1 unit in the last place.
#[inline(always)]
pub fn exp<S: Simd>(s: S, x: S::f32s) -> S::f32s {
    let c = |value| s.splat_f32s(value);
    // Beyond these the result is infinite, and 0.
    let within = s.max_f32s(s.min_f32s(x, c(89.0)), c(-120.0));
    let (rounded, tail) = reduced(s, within, c(0.0), ROUND);
    let k = s.sub_f32s(rounded, c(ROUND));
    // 2^k leaves the range of exponents at both ends, half of it does not.
    let half = s.mul_add_e_f32s(k, c(0.5), c(ROUND));
    let other = s.add_f32s(s.sub_f32s(k, s.sub_f32s(half, c(ROUND))), c(ROUND));
    let product = s.mul_f32s(s.add_f32s(c(1.0), tail), power(s, half));
    unless_nan(s, x, s.mul_f32s(product, power(s, other)))
}

/// `factor` e^(x + low) for x up to 0, low being far smaller than x, or 1; all digits where the exponential alone would have
/// lost some, so near the smallest numbers. The factor is a sum of two, the second of the size of the first one's error, and
/// at most some hundred. Of NaN anything.
#[inline(always)]
pub(super) fn exp_times<S: Simd>(s: S, x: S::f32s, low: S::f32s, factor: [S::f32s; 2]) -> S::f32s {
    let c = |value| s.splat_f32s(value);
    // From here on the result is 0 whatever the factor.
    let (rounded, tail) = reduced(s, s.max_f32s(x, c(-120.0)), low, ROUND + AHEAD);
    let [factor, factor_low] = factor;
    let product = s.add_f32s(factor, s.mul_add_e_f32s(factor, tail, factor_low));
    // 2^k alone may be too small a number.
    s.mul_f32s(s.mul_f32s(product, power(s, rounded)), c(f32::from_bits((127 - AHEAD as u32) << 23)))
}

/// What exponents are ahead of those of the result, so that they are in their range.
const AHEAD: f32 = 100.0;

/// `round` plus the nearest integer k to x / ln(2), and e^(x + low) / 2^k - 1. `round` is [`ROUND`], or a little more.
#[inline(always)]
fn reduced<S: Simd>(s: S, x: S::f32s, low: S::f32s, round: f32) -> (S::f32s, S::f32s) {
    let c = |value| s.splat_f32s(value);
    let rounded = s.mul_add_e_f32s(x, c(std::f32::consts::LOG2_E), c(round));
    let k = s.sub_f32s(rounded, c(round));
    let r = s.mul_add_f32s(k, c(-LN_2_HIGH), x);
    let r = s.mul_add_f32s(k, c(-LN_2_LOW), r);
    let r = s.add_f32s(r, low);
    (rounded, s.mul_add_e_f32s(s.mul_f32s(r, r), horner(s, r, &TERMS), r))
}

/// 2^k of `ROUND + k`.
#[inline(always)]
fn power<S: Simd>(s: S, k: S::f32s) -> S::f32s {
    let bits = s.wrapping_dyn_shl_u32s(s.transmute_u32s_f32s(k), s.splat_u32s(23));
    s.transmute_f32s_u32s(s.add_u32s(bits, s.splat_u32s(127 << 23)))
}
