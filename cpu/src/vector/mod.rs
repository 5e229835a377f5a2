//! Functions of vectors of f32, within 2 units in the last place over the whole range: NaN stays NaN, infinities give limits,
//! results below the smallest normal number are rounded like others.
//!
//! Where a function's own argument would be rounded before an exponential (x² of the normal distribution, the cubic of
//! [`gelu_approx`]), the rounding error goes along, since the exponential magnifies it.
//!
//! Compared before these were written: rten-vecmath 0.27 is as fast, but its erf has an absolute error only (6e-7), so that
//! GELU has no right digit left below -5; libm is exact and takes 10 ns an element.

mod exp;
mod norm;
mod normal;
mod sigmoid;
mod softmax;
pub mod stored;
mod sum;

pub use exp::exp;
pub use norm::normalize;
pub use normal::{erf, gelu};
pub use sigmoid::{gelu_approx, sigmoid, silu, tanh};
pub use softmax::{softmax, softmax_in_place};

use crate::unary;
use pulp::{Simd, WithSimd};

/// A function of one element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    Exp,
    Erf,
    Tanh,
    Sigmoid,
    /// x / (1 + e^-x).
    Silu,
    /// x times the normal distribution's cumulative function.
    Gelu,
    /// The same by tanh.
    GeluApprox,
    /// The larger of x and 0, also of -0.0; NaN stays.
    Relu,
}

impl Function {
    /// The same function in vectors, if there is one.
    pub fn of(function: unary::Function) -> Option<Self> {
        Some(match function {
            unary::Function::Exp => Self::Exp,
            unary::Function::Erf => Self::Erf,
            unary::Function::Tanh => Self::Tanh,
            unary::Function::Sigmoid => Self::Sigmoid,
            unary::Function::Silu => Self::Silu,
            unary::Function::Gelu => Self::Gelu,
            unary::Function::GeluApprox => Self::GeluApprox,
            _ => return None,
        })
    }
}

/// `function` of a vector.
#[inline(always)]
pub fn apply<S: Simd>(s: S, function: Function, x: S::f32s) -> S::f32s {
    match function {
        Function::Exp => exp(s, x),
        Function::Erf => erf(s, x),
        Function::Tanh => tanh(s, x),
        Function::Sigmoid => sigmoid(s, x),
        Function::Silu => silu(s, x),
        Function::Gelu => gelu(s, x),
        Function::GeluApprox => gelu_approx(s, x),
        Function::Relu => s.select_f32s(s.less_than_or_equal_f32s(x, s.splat_f32s(0.0)), s.splat_f32s(0.0), x),
    }
}

/// Replaces each element of `x` by `function` of it.
pub fn map(function: Function, x: &mut [f32]) {
    pulp::Arch::new().dispatch(Map { function, x });
}

struct Map<'a> {
    function: Function,
    x: &'a mut [f32],
}

impl WithSimd for Map<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        map_in_place(s, self.function, self.x);
    }
}

/// [`map`] inside code that is made for a processor already.
#[inline(always)]
pub fn map_in_place<S: Simd>(s: S, function: Function, x: &mut [f32]) {
    // One loop for each function: none decides at each element.
    macro_rules! each {
        ($($f:ident)*) => {
            match function { $(Function::$f => {
                let (head, tail) = S::as_mut_simd_f32s(x);
                for v in head {
                    *v = apply(s, Function::$f, *v);
                }
                if !tail.is_empty() {
                    let v = s.partial_load_f32s(tail);
                    s.partial_store_f32s(tail, apply(s, Function::$f, v));
                }
            })* }
        };
    }
    each!(Exp Erf Tanh Sigmoid Silu Gelu GeluApprox Relu);
}

/// `y = function(x)`, both of one length, inside code that is made for a processor already.
#[inline(always)]
pub fn map_to<S: Simd>(s: S, function: Function, x: &[f32], y: &mut [f32]) {
    macro_rules! each {
        ($($f:ident)*) => {
            match function { $(Function::$f => {
                let ((from, from_tail), (head, tail)) = (S::as_simd_f32s(x), S::as_mut_simd_f32s(y));
                for (y, &x) in head.iter_mut().zip(from) {
                    *y = apply(s, Function::$f, x);
                }
                if !tail.is_empty() {
                    s.partial_store_f32s(tail, apply(s, Function::$f, s.partial_load_f32s(from_tail)));
                }
            })* }
        };
    }
    each!(Exp Erf Tanh Sigmoid Silu Gelu GeluApprox Relu);
}

/// A polynomial, its highest coefficient first.
#[inline(always)]
fn horner<S: Simd, const N: usize>(s: S, x: S::f32s, coefficients: &[f32; N]) -> S::f32s {
    let mut sum = s.splat_f32s(coefficients[0]);
    for &coefficient in &coefficients[1..] {
        sum = s.mul_add_e_f32s(sum, x, s.splat_f32s(coefficient));
    }
    sum
}

/// `value`, or x where x is NaN: minima and maxima may lose it.
#[inline(always)]
fn unless_nan<S: Simd>(s: S, x: S::f32s, value: S::f32s) -> S::f32s {
    s.select_f32s(s.equal_f32s(x, x), value, x)
}

/// A value that is not negative, with the sign of x.
#[inline(always)]
fn with_sign<S: Simd>(s: S, value: S::f32s, x: S::f32s) -> S::f32s {
    let sign = s.and_u32s(s.transmute_u32s_f32s(x), s.splat_u32s(1 << 31));
    s.transmute_f32s_u32s(s.or_u32s(s.transmute_u32s_f32s(value), sign))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::math;

    /// All magnitudes, each with some 200 fractions, of both signs.
    fn arguments() -> Vec<f32> {
        let step = (1 << 15) - 41;
        (0..0x7f80_0000u32).step_by(step).flat_map(|bits| [f32::from_bits(bits), -f32::from_bits(bits)]).collect()
    }

    /// Units in the last place between a value and what is right.
    fn ulps(found: f32, wanted: f64) -> f64 {
        let rounded = wanted as f32;
        if found == rounded || (found.is_nan() && rounded.is_nan()) {
            return 0.0;
        }
        let exponent = rounded.abs().max(f32::MIN_POSITIVE).log2().floor();
        (f64::from(found) - wanted).abs() / f64::from((exponent - 23.0).exp2())
    }

    #[test]
    fn every_function_is_within_two_units_in_the_last_place() {
        fn gelu(x: f64) -> f64 {
            if x == f64::NEG_INFINITY { 0.0 } else { x * 0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2) }
        }
        fn gelu_approx(x: f64) -> f64 {
            let u = 1.595_769_121_605_730_8 * (x + 0.044_715 * x * x * x);
            if x == f64::NEG_INFINITY { 0.0 } else { x * (1.0 / (1.0 + (-u).exp())) }
        }
        type Exact = fn(f64) -> f64;
        let table: [(Function, Exact); 8] = [
            (Function::Exp, f64::exp),
            (Function::Erf, math::erf),
            (Function::Tanh, f64::tanh),
            (Function::Sigmoid, |x| 1.0 / (1.0 + (-x).exp())),
            (Function::Silu, |x| if x == f64::NEG_INFINITY { 0.0 } else { x / (1.0 + (-x).exp()) }),
            (Function::Gelu, gelu),
            (Function::GeluApprox, gelu_approx),
            (Function::Relu, |x| if x < 0.0 { 0.0 } else { x }),
        ];
        for (function, exact) in table {
            let x = arguments();
            let mut y = x.clone();
            map(function, &mut y);
            let worst = x
                .iter()
                .zip(&y)
                .map(|(&x, &y)| (ulps(y, exact(x.into())), x))
                .fold((0.0, 0.0), |a, b| if b.0 > a.0 { b } else { a });
            println!("{function:?}: {:.2} ulps at {:e}", worst.0, worst.1);
            assert!(worst.0 <= 2.0, "{function:?}({:e}) is {} units off", worst.1, worst.0);
        }
    }

    #[test]
    fn nan_stays_nan_and_infinities_are_limits() {
        let (inf, nan) = (f32::INFINITY, f32::NAN);
        for (function, below, above) in [
            (Function::Exp, 0.0, inf),
            (Function::Erf, -1.0, 1.0),
            (Function::Tanh, -1.0, 1.0),
            (Function::Sigmoid, 0.0, 1.0),
            (Function::Silu, -0.0, inf),
            (Function::Gelu, -0.0, inf),
            (Function::GeluApprox, -0.0, inf),
            (Function::Relu, 0.0, inf),
        ] {
            let mut x = [-inf, inf, nan, -nan, -0.0];
            map(function, &mut x);
            assert_eq!(x[..2], [below, above], "{function:?}");
            assert!(x[2].is_nan() && x[3].is_nan(), "{function:?}: {x:?}");
            let odd = !matches!(function, Function::Exp | Function::Sigmoid | Function::Relu);
            assert!(!odd || x[4].to_bits() == (-0f32).to_bits(), "{function:?}(-0.0) is {}", x[4]);
        }
    }
}
