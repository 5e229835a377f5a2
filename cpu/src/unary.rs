//! Functions of one element.

use crate::{CHUNK, Float, math};
use pulp::Arch;

/// A function of one element; names are those of the IR's activations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    Exp,
    Log,
    Sqrt,
    Rsqrt,
    Sin,
    Cos,
    Tan,
    Atan,
    Erf,
    Tanh,
    Sigmoid,
    Silu,
    /// x times the normal distribution's cumulative function, by erf.
    Gelu,
    /// The same by tanh.
    GeluApprox,
    /// ln(1 + e^x).
    Softplus,
    LogSigmoid,
    /// x tanh(softplus(x)).
    Mish,
    /// x, below 0 e^x - 1.
    Elu,
    /// x min(max(x + 3, 0), 6) / 6.
    HardSwish,
    /// min(max(x / 6 + 1/2, 0), 1).
    HardSigmoid,
    Softsign,
    /// NaN of NaN, and zeros as they are.
    Sign,
}

/// `y = function(x)`.
pub fn map<T: Float>(function: Function, x: &[T], y: &mut [T]) {
    macro_rules! each {
        ($f:expr) => {
            Arch::new().dispatch(
                #[inline(always)]
                move || {
                    let y = y;
                    apply(x, y, $f)
                },
            )
        };
    }
    // Arguments that are large are the system's to reduce.
    macro_rules! reduced_or {
        ($narrow:expr, $wide:expr) => {
            if T::IS_NARROW {
                Arch::new().dispatch(
                    #[inline(always)]
                    move || {
                        let y = y;
                        apply_reduced(x, y, $narrow, $wide)
                    },
                )
            } else {
                each!($wide)
            }
        };
    }
    macro_rules! narrow_or {
        ($narrow:expr, $wide:expr) => {
            if T::IS_NARROW { each!($narrow) } else { each!($wide) }
        };
    }
    match function {
        Function::Exp => narrow_or!(math::exp, f64::exp),
        Function::Log => narrow_or!(math::ln, f64::ln),
        Function::Sqrt => each!(f64::sqrt),
        Function::Rsqrt => each!(|x: f64| 1.0 / x.sqrt()),
        Function::Sin => reduced_or!(math::sin, f64::sin),
        Function::Cos => reduced_or!(math::cos, f64::cos),
        Function::Tan => reduced_or!(math::tan, f64::tan),
        Function::Atan => narrow_or!(math::atan, f64::atan),
        Function::Erf => narrow_or!(math::erf, libm::erf),
        Function::Tanh => narrow_or!(math::tanh, f64::tanh),
        Function::Sigmoid => narrow_or!(math::sigmoid, sigmoid),
        Function::Silu => narrow_or!(|x| product(x, math::sigmoid(x)), |x| product(x, sigmoid(x))),
        Function::Gelu => narrow_or!(|x| gelu(x, math::erfc), |x| gelu(x, libm::erfc)),
        Function::GeluApprox => narrow_or!(|x| gelu_approx(x, math::sigmoid), |x| gelu_approx(x, sigmoid)),
        Function::Softplus => narrow_or!(math::softplus, softplus),
        Function::LogSigmoid => narrow_or!(|x: f64| -math::softplus(-x), |x: f64| -softplus(-x)),
        Function::Mish => {
            narrow_or!(|x| product(x, math::tanh_of_softplus(x)), |x: f64| product(x, softplus(x).tanh()))
        }
        Function::Elu => narrow_or!(|x| elu(x, math::expm1), |x| elu(x, f64::exp_m1)),
        Function::HardSwish => each!(|x: f64| x * (hard(x + 3.0, 6.0) / 6.0)),
        Function::HardSigmoid => each!(|x: f64| hard(x / 6.0 + 0.5, 1.0)),
        Function::Softsign => each!(softsign),
        Function::Sign => each!(|x: f64| if x > 0.0 {
            1.0
        } else if x < 0.0 {
            -1.0
        } else {
            x
        }),
    }
}

#[inline(always)]
fn apply<T: Float>(x: &[T], y: &mut [T], function: impl Fn(f64) -> f64) {
    let mut values = [0.0; CHUNK];
    for (x, y) in x.chunks(CHUNK).zip(y.chunks_mut(CHUNK)) {
        let values = &mut values[..x.len()];
        T::widen(x, values);
        for value in values.iter_mut() {
            *value = function(*value);
        }
        T::narrow(values, y);
    }
}

/// [`apply`] with another function for arguments beyond [`math::MOST_TURNS`].
#[inline(always)]
fn apply_reduced<T: Float>(x: &[T], y: &mut [T], near: impl Fn(f64) -> f64, far: impl Fn(f64) -> f64) {
    let (mut values, mut results) = ([0.0; CHUNK], [0.0; CHUNK]);
    for (x, y) in x.chunks(CHUNK).zip(y.chunks_mut(CHUNK)) {
        let (values, results) = (&mut values[..x.len()], &mut results[..x.len()]);
        T::widen(x, values);
        let mut are_near = true;
        for (&value, result) in values.iter().zip(results.iter_mut()) {
            *result = near(value);
            are_near &= value.abs() <= math::MOST_TURNS;
        }
        if !are_near {
            for (&value, result) in values.iter().zip(results.iter_mut()) {
                if value.abs() > math::MOST_TURNS {
                    *result = far(value);
                }
            }
        }
        T::narrow(results, y);
    }
}

/// x times a factor that goes to 0 faster than x to minus infinity.
#[inline(always)]
fn product(x: f64, factor: f64) -> f64 {
    let y = x * factor;
    if x == f64::NEG_INFINITY { -0.0 } else { y }
}

/// Of e^-x only where it is small.
fn sigmoid(x: f64) -> f64 {
    let e = (-x.abs()).exp();
    if x < 0.0 { e / (1.0 + e) } else { 1.0 / (1.0 + e) }
}

#[inline(always)]
fn gelu(x: f64, erfc: impl Fn(f64) -> f64) -> f64 {
    product(x, 0.5 * erfc(x * -std::f64::consts::FRAC_1_SQRT_2))
}

/// (1 + tanh(u)) / 2 is the sigmoid of 2u, which keeps its digits where it is small.
#[inline(always)]
fn gelu_approx(x: f64, sigmoid: impl Fn(f64) -> f64) -> f64 {
    const TWICE_SQRT_2_OVER_PI: f64 = 1.595_769_121_605_730_8;
    product(x, sigmoid(TWICE_SQRT_2_OVER_PI * (x + 0.044_715 * x * x * x)))
}

/// Neither overflows nor cancels.
fn softplus(x: f64) -> f64 {
    let positive = if x > 0.0 { x } else { 0.0 };
    let tail = (-x.abs()).exp().ln_1p();
    if x.is_nan() { x } else { positive + tail }
}

#[inline(always)]
fn elu(x: f64, expm1: impl Fn(f64) -> f64) -> f64 {
    let below = expm1(if x > 0.0 { 0.0 } else { x });
    if x > 0.0 { x } else { below }
}

/// Between 0 and a limit; NaN stays.
#[inline(always)]
fn hard(x: f64, limit: f64) -> f64 {
    let x = if x < 0.0 { 0.0 } else { x };
    if x > limit { limit } else { x }
}

/// x / (1 + |x|), of infinity the limit.
#[inline(always)]
fn softsign(x: f64) -> f64 {
    let y = x / (1.0 + x.abs());
    if x.is_infinite() { 1f64.copysign(x) } else { y }
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::f16;

    fn of(function: Function, x: f32) -> f32 {
        let mut y = [0.0];
        map(function, &[x], &mut y);
        y[0]
    }

    #[test]
    fn results_are_right_to_the_last_digit() {
        let table = [
            (Function::Exp, 88.5, 2.723_088e38),
            (Function::Exp, 100.0, f32::INFINITY),
            (Function::Exp, -104.0, 0.0),
            (Function::Exp, -100.0, 3.8e-44),
            (Function::HardSwish, 1e38, 1e38),
            (Function::Erf, 1e-6, 1.128_379_2e-6),
            (Function::Gelu, -5.0, -1.433_257_8e-6),
            (Function::Gelu, -40.0, -0.0),
            (Function::Gelu, f32::NEG_INFINITY, -0.0),
            (Function::Gelu, f32::INFINITY, f32::INFINITY),
            (Function::Silu, f32::NEG_INFINITY, -0.0),
            (Function::Tanh, 1e-20, 1e-20),
            (Function::Softplus, -50.0, 1.928_749_9e-22),
            (Function::LogSigmoid, 50.0, -1.928_749_9e-22),
            (Function::Softsign, f32::NEG_INFINITY, -1.0),
            (Function::Sign, -0.0, -0.0),
        ];
        for (function, x, want) in table {
            let found = of(function, x);
            assert_eq!(found.to_bits(), f32::to_bits(want), "{function:?}({x}): {found:e}, not {want:e}");
        }
        let mut halves = [f16::ZERO];
        map(Function::Exp, &[f16::from_f32(11.0)], &mut halves);
        assert_eq!(halves[0], f16::from_f32(59874.14));
        let mut doubles = [0.0];
        map(Function::Exp, &[100.0], &mut doubles);
        assert_eq!(doubles, [2.688_117_141_816_135_6e43]);
    }

    /// All exponents of f32, each with some 200 fractions, of both signs.
    #[test]
    fn f32_is_right_to_a_unit_in_the_last_place_everywhere() {
        type Exact = fn(f64) -> f64;
        let table: [(Function, Exact); 8] = [
            (Function::Log, f64::ln),
            (Function::Sin, f64::sin),
            (Function::Cos, f64::cos),
            (Function::Tan, f64::tan),
            (Function::Atan, f64::atan),
            (Function::Softplus, softplus),
            (Function::LogSigmoid, |x| -softplus(-x)),
            (Function::Mish, |x| product(x, softplus(x).tanh())),
        ];
        let x: Vec<f32> = (0..0x7f80_0000u32)
            .step_by((1 << 15) - 41)
            .flat_map(|bits| [f32::from_bits(bits), -f32::from_bits(bits)])
            .collect();
        for (function, exact) in table {
            let mut y = vec![0.0; x.len()];
            map(function, &x, &mut y);
            for (&x, &y) in x.iter().zip(&y) {
                let want = exact(x.into()) as f32;
                let is_near = y.to_bits().abs_diff(want.to_bits()) <= 1 || (y.is_nan() && want.is_nan());
                assert!(is_near, "{function:?}({x:e}) is {y:e}, not {want:e}");
            }
        }
    }

    #[test]
    fn nan_stays_nan() {
        use Function::*;
        let all = [
            Exp,
            Log,
            Sqrt,
            Rsqrt,
            Sin,
            Cos,
            Tan,
            Atan,
            Erf,
            Tanh,
            Sigmoid,
            Silu,
            Gelu,
            GeluApprox,
            Softplus,
            LogSigmoid,
            Mish,
            Elu,
            HardSwish,
            HardSigmoid,
            Softsign,
            Sign,
        ];
        for function in all {
            assert!(of(function, f32::NAN).is_nan(), "{function:?}");
            let mut double = [0.0];
            map(function, &[f64::NAN], &mut double);
            assert!(double[0].is_nan(), "{function:?} of f64");
        }
    }
}
