//! The logistic function, and what follows from it.

use super::exp::exp_times;
use super::{horner, unless_nan, with_sign};
use pulp::Simd;

/// 1 / (1 + e^-x).
#[inline(always)]
pub fn sigmoid<S: Simd>(s: S, x: S::f32s) -> S::f32s {
    let zero = s.splat_f32s(0.0);
    unless_nan(s, x, weighted(s, x, zero, s.splat_f32s(1.0)))
}

/// x / (1 + e^-x).
#[inline(always)]
pub fn silu<S: Simd>(s: S, x: S::f32s) -> S::f32s {
    unless_nan(s, x, weighted(s, x, s.splat_f32s(0.0), x))
}

/// `factor` / (1 + e^-(x + low)). Below about -120, where the exponential is 0, the factor counts as 0.
#[inline(always)]
fn weighted<S: Simd>(s: S, x: S::f32s, low: S::f32s, factor: S::f32s) -> S::f32s {
    let c = |value| s.splat_f32s(value);
    let is_negative = s.less_than_f32s(x, c(0.0));
    let low = s.select_f32s(is_negative, low, s.neg_f32s(low));
    let below = s.neg_f32s(s.abs_f32s(x));
    let e = exp_times(s, below, low, [c(1.0), c(0.0)]);
    let product = exp_times(s, below, low, [s.max_f32s(factor, c(-200.0)), c(0.0)]);
    let numerator = s.select_f32s(is_negative, product, factor);
    // The quotient's error, and what the sum was rounded by, in a second step.
    let sum = s.add_f32s(e, c(1.0));
    let sum_low = s.sub_f32s(e, s.sub_f32s(sum, c(1.0)));
    let inverse = s.div_f32s(c(1.0), sum);
    let quotient = s.mul_f32s(numerator, inverse);
    let rest = s.mul_add_f32s(s.neg_f32s(quotient), sum, numerator);
    let rest = s.mul_add_f32s(s.neg_f32s(quotient), sum_low, rest);
    let better = s.mul_add_e_f32s(rest, inverse, quotient);
    // An infinite quotient has no rest, and an exact one keeps its sign.
    s.select_f32s(s.less_than_f32s(c(0.0), s.abs_f32s(rest)), better, quotient)
}

/// GELU by tanh: x / (1 + e^-u), u = 2 sqrt(2/π) (x + 0.044715 x³).
#[inline(always)]
pub fn gelu_approx<S: Simd>(s: S, x: S::f32s) -> S::f32s {
    /// 2 sqrt(2/π) and 0.044715 times it, in two parts each.
    const LINEAR: [f32; 2] = [1.595_769_2, -4.534_068e-8];
    const CUBIC: [f32; 2] = [0.071_354_814, 2.398_832_5e-9];
    let c = |value| s.splat_f32s(value);
    // Beyond these u is far beyond what the exponential tells apart.
    let z = s.max_f32s(s.min_f32s(x, c(20.0)), c(-20.0));
    let square = s.mul_f32s(z, z);
    let square_low = s.mul_add_f32s(z, z, s.neg_f32s(square));
    // LINEAR + CUBIC z², with its error: the product's, the sum's (Knuth's two-sum), the constants'.
    let product = s.mul_f32s(square, c(CUBIC[0]));
    let product_low = s.mul_add_f32s(square, c(CUBIC[0]), s.neg_f32s(product));
    let sum = s.add_f32s(product, c(LINEAR[0]));
    let part = s.sub_f32s(sum, product);
    let sum_low = s.add_f32s(s.sub_f32s(product, s.sub_f32s(sum, part)), s.sub_f32s(c(LINEAR[0]), part));
    let low = s.mul_add_e_f32s(square_low, c(CUBIC[0]), s.add_f32s(sum_low, product_low));
    let low = s.mul_add_e_f32s(square, c(CUBIC[1]), s.add_f32s(low, c(LINEAR[1])));
    let u = s.mul_f32s(z, sum);
    let u_low = s.mul_add_f32s(z, sum, s.neg_f32s(u));
    unless_nan(s, x, weighted(s, u, s.mul_add_e_f32s(z, low, u_low), x))
}

/// tanh(x) = x + x³ p(x²) for |x| up to 0.625: minimax fit, 2e-10 of tanh(x).
const TANH: [f32; 6] = [0.002_142_958_8, -0.008_177_395, 0.021_700_7, -0.053_946_763, 0.133_332_06, -0.333_333_3];

/// The hyperbolic tangent.
#[inline(always)]
pub fn tanh<S: Simd>(s: S, x: S::f32s) -> S::f32s {
    let c = |value| s.splat_f32s(value);
    let z = s.abs_f32s(x);
    let square = s.mul_f32s(z, z);
    let near = s.mul_add_e_f32s(s.mul_f32s(z, square), horner(s, square, &TANH), z);
    // 1 - 2 e^-2z / (1 + e^-2z).
    let e = exp_times(s, s.mul_f32s(z, c(-2.0)), c(0.0), [c(1.0), c(0.0)]);
    let far = s.sub_f32s(c(1.0), s.div_f32s(s.add_f32s(e, e), s.add_f32s(e, c(1.0))));
    let value = s.select_f32s(s.less_than_f32s(z, c(0.625)), near, far);
    unless_nan(s, x, with_sign(s, value, x))
}
