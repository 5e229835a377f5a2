//! Activations and conversions.

use crate::compare::Expected;
use crate::format::Format;
use crate::tensor::{Tensor, Values, is_float};
use crate::tolerance::{COMPOSED, EXACT, EXP_LOG, FEW, GELU, POW_ERF, ROUNDED, RSQRT, SIN_COS, TAN, Tolerance};
use rlx_ir::DType;
use rlx_ir::op::Activation;
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// An activation of floats.
pub fn activation(kind: Activation, x: &Tensor) -> Expected {
    let values: Vec<f64> = x.reals().into_iter().map(|x| value(kind, x)).collect();
    let (tolerance, signed) = tolerance(kind);
    let mut expected = Expected::real(x.dtype, &x.dims, values, tolerance);
    if let Some(scale) = scale(kind) {
        expected = expected.scaled(x.reals().into_iter().map(scale).collect());
    }
    if signed { expected.with_signed_zeros() } else { expected }
}

/// An activation of integers that stays in the integers, wrapping.
pub fn whole_activation(kind: Activation, x: &Tensor) -> Expected {
    let each = |x: i128| match kind {
        Activation::Neg => -x,
        Activation::Abs => x.abs(),
        Activation::Sign => x.signum(),
        Activation::Relu => x.max(0),
        _ => x,
    };
    Expected::whole(x.dtype, &x.dims, x.wholes().into_iter().map(each).collect())
}

/// The value in real numbers; limits at infinity.
pub fn value(kind: Activation, x: f64) -> f64 {
    match kind {
        Activation::Gelu => 0.5 * x * libm::erfc(-x * FRAC_1_SQRT_2),
        Activation::GeluApprox => 0.5 * x * (1.0 + ((2.0 / PI).sqrt() * (x + 0.044_715 * x * x * x)).tanh()),
        Activation::Silu => x / (1.0 + (-x).exp()),
        Activation::Relu => {
            if x.is_nan() {
                x
            } else {
                x.max(0.0)
            }
        }
        Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Activation::Tanh => x.tanh(),
        Activation::Exp => x.exp(),
        Activation::Log => x.ln(),
        Activation::Sqrt => x.sqrt(),
        Activation::Rsqrt => 1.0 / x.sqrt(),
        Activation::Neg => -x,
        Activation::Abs => x.abs(),
        Activation::Sin => x.sin(),
        Activation::Cos => x.cos(),
        Activation::Tan => x.tan(),
        Activation::Atan => x.atan(),
        Activation::Recip => 1.0 / x,
        Activation::Round => x.round_ties_even(),
        Activation::Floor => x.floor(),
        Activation::Ceil => x.ceil(),
        Activation::Sign => {
            if x.is_nan() || x == 0.0 {
                x
            } else {
                x.signum()
            }
        }
        Activation::Softplus => softplus(x),
        Activation::Elu => {
            if x > 0.0 {
                x
            } else {
                x.exp_m1()
            }
        }
        Activation::Erf => libm::erf(x),
        Activation::HardSwish => x * ((x + 3.0).clamp(0.0, 6.0) / 6.0),
        Activation::HardSigmoid => (x / 6.0 + 0.5).clamp(0.0, 1.0),
        Activation::Mish => x * softplus(x).tanh(),
        Activation::Softsign => x / (1.0 + x.abs()),
        Activation::LogSigmoid => -softplus(-x),
    }
}

fn softplus(x: f64) -> f64 {
    if x.is_nan() { x } else { x.max(0.0) + (-x.abs()).exp().ln_1p() }
}

/// The tolerance, and whether signs of zeros count.
fn tolerance(kind: Activation) -> (Tolerance, bool) {
    match kind {
        Activation::Relu | Activation::Sign => (EXACT, false),
        Activation::Neg | Activation::Abs | Activation::Round | Activation::Floor | Activation::Ceil => (EXACT, true),
        Activation::Sqrt | Activation::Recip => (ROUNDED, true),
        Activation::Rsqrt => (RSQRT, false),
        Activation::Exp | Activation::Log => (EXP_LOG, false),
        Activation::Sin | Activation::Cos => (SIN_COS, false),
        Activation::Tan | Activation::Atan | Activation::Tanh | Activation::Sigmoid | Activation::Silu => (TAN, false),
        Activation::Erf => (POW_ERF, false),
        Activation::Gelu => (GELU, false),
        Activation::HardSwish | Activation::HardSigmoid | Activation::Softsign => (FEW, false),
        Activation::GeluApprox | Activation::Softplus | Activation::Elu | Activation::Mish | Activation::LogSigmoid => {
            (COMPOSED, false)
        }
    }
}

/// The size of what cancels in the value.
fn scale(kind: Activation) -> Option<fn(f64) -> f64> {
    match kind {
        Activation::Gelu | Activation::GeluApprox => Some(f64::abs),
        Activation::HardSigmoid => Some(|x| (x.abs() / 6.0 + 0.5).min(1.0)),
        _ => None,
    }
}

/// A conversion: floats truncate to integers, integers wrap, and what is not 0 is true.
pub fn cast(x: &Tensor, to: DType) -> Expected {
    match (&x.values, Format::of(to)) {
        (Values::Real(values), Some(_)) => Expected::real(to, &x.dims, values.clone(), ROUNDED).with_signed_zeros(),
        (Values::Whole(_), Some(_)) => Expected::real(to, &x.dims, x.reals(), ROUNDED),
        (Values::Real(values), None) if to == DType::Bool => {
            Expected::whole(to, &x.dims, values.iter().map(|&value| i128::from(value != 0.0)).collect())
        }
        _ => Expected::whole(to, &x.dims, x.wholes()),
    }
}

/// The operand itself, bit for bit.
pub fn same(x: &Tensor) -> Expected {
    Expected::exact(x.clone())
}

/// An activation of any dtype.
pub fn of_any(kind: Activation, x: &Tensor) -> Expected {
    if is_float(x.dtype) { activation(kind, x) } else { whole_activation(kind, x) }
}
