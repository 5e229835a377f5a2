//! The normal distribution: its cumulative function, and the error function.

use super::exp::exp_times;
use super::{horner, unless_nan, with_sign};
use pulp::Simd;

/// Φ(-t) e^(t²/2) (1 + t/2) by powers of v = (t/2 - 1) / (t/2 + 1), for t from 0.7 to 14.6: minimax fit, relative error 8e-9.
/// In this variable the terms hardly cancel. The last is [`TAIL_CENTRE`].
const TAIL: [f32; 9] = [
    -0.000_133_075_45,
    0.000_471_610_07,
    0.000_499_766_9,
    -0.001_014_039,
    -0.003_379_785_2,
    -0.000_228_410_05,
    0.018_360_266,
    0.014_398_357,
    -0.165_702_24,
];
const TAIL_CENTRE: f32 = 0.336_204;

/// erf(z) / z less its value at 0, by powers of z², for |z| up to 1: minimax fit, 4e-11.
const ERF: [f32; 8] = [
    -9.680_138e-6,
    1.127_054_5e-4,
    -8.484_711e-4,
    0.005_221_075,
    -0.026_865_445,
    0.112_837_83,
    -0.376_126_38,
    -5.863_52e-8,
];
const ERF_AT_ZERO: f32 = std::f32::consts::FRAC_2_SQRT_PI;

/// Φ(-t) for t from 0.7 on, times `factor`. What each step is rounded by goes along in a second number, and is added at the
/// end.
#[inline(always)]
fn tail<S: Simd>(s: S, t: S::f32s, factor: S::f32s) -> S::f32s {
    let c = |value| s.splat_f32s(value);
    // From here on the result is 0 in f32, also times t.
    let t = s.min_f32s(t, c(14.6));
    // -t²/2.
    let half = s.mul_f32s(t, c(-0.5));
    let high = s.mul_f32s(t, half);
    let low = s.mul_add_f32s(t, half, s.neg_f32s(high));
    // 1 + t/2, and its inverse.
    let sum = s.sub_f32s(c(1.0), half);
    let sum_low = s.sub_f32s(s.sub_f32s(c(1.0), sum), half);
    let inverse = s.div_f32s(c(1.0), sum);
    let divisor = [sum, sum_low, inverse];
    let inverse_low = rest(s, c(1.0), inverse, divisor);
    let v = s.mul_add_f32s(inverse, c(-2.0), c(1.0));
    let v_low = s.mul_add_f32s(inverse, c(-2.0), s.sub_f32s(c(1.0), v));
    let v_low = s.mul_add_e_f32s(inverse_low, c(-2.0), v_low);
    let terms = horner(s, v, &TAIL);
    let polynomial = s.mul_add_f32s(terms, v, c(TAIL_CENTRE));
    let polynomial_low = s.mul_add_f32s(terms, v, s.sub_f32s(c(TAIL_CENTRE), polynomial));
    let polynomial_low = s.mul_add_e_f32s(terms, v_low, polynomial_low);
    let product = s.mul_f32s(polynomial, factor);
    let product_low = s.mul_add_f32s(polynomial, factor, s.neg_f32s(product));
    let product_low = s.mul_add_e_f32s(polynomial_low, factor, product_low);
    let quotient = s.mul_f32s(product, inverse);
    let quotient_low = s.mul_add_e_f32s(product_low, inverse, rest(s, product, quotient, divisor));
    exp_times(s, high, low, [quotient, quotient_low])
}

/// What a quotient lacks: (x - quotient (sum + low)) inverse.
#[inline(always)]
fn rest<S: Simd>(s: S, x: S::f32s, quotient: S::f32s, [sum, low, inverse]: [S::f32s; 3]) -> S::f32s {
    let negative = s.neg_f32s(quotient);
    s.mul_f32s(s.mul_add_f32s(negative, low, s.mul_add_f32s(negative, sum, x)), inverse)
}

/// (Φ(x) - 1/2) / x by powers of x², for |x| up to 0.75: minimax fit, 1e-9 of Φ(x).
const CENTRE: [f32; 5] = [1.014_081_4e-4, -0.001_179_323, 0.009_971_508, -0.066_490_16, 0.398_942_26];

/// x Φ(x), where Φ is the normal distribution's cumulative function (Hendrycks and Gimpel, "GELUs", 2016).
#[inline(always)]
pub fn gelu<S: Simd>(s: S, x: S::f32s) -> S::f32s {
    let zero = s.splat_f32s(0.0);
    let t = s.abs_f32s(x);
    let square = s.mul_f32s(x, x);
    let near = s.mul_f32s(x, s.mul_add_e_f32s(x, horner(s, square, &CENTRE), s.splat_f32s(0.5)));
    let below = s.neg_f32s(tail(s, t, s.min_f32s(t, s.splat_f32s(14.6))));
    // x - x Φ(-x).
    let above = s.add_f32s(x, below);
    let far = s.select_f32s(s.less_than_f32s(zero, x), above, below);
    unless_nan(s, x, s.select_f32s(s.less_than_f32s(t, s.splat_f32s(0.75)), near, far))
}

/// The error function.
#[inline(always)]
pub fn erf<S: Simd>(s: S, x: S::f32s) -> S::f32s {
    let c = |value| s.splat_f32s(value);
    let z = s.abs_f32s(x);
    let near = s.mul_f32s(z, horner(s, s.mul_f32s(z, z), &ERF));
    let near = s.mul_add_e_f32s(z, c(ERF_AT_ZERO), near);
    // 1 - 2 Φ(-z sqrt 2).
    let far = tail(s, s.mul_f32s(z, c(std::f32::consts::SQRT_2)), c(1.0));
    let far = s.mul_add_e_f32s(far, c(-2.0), c(1.0));
    let value = s.select_f32s(s.less_than_f32s(z, c(1.0)), near, far);
    unless_nan(s, x, with_sign(s, value, x))
}
