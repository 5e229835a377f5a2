//! `Op::ActivationBackward`: dy times the derivative of the activation at x.

use super::rule::{any, rules};
use super::steps::wide;
use super::unary;
use crate::mlx::array::Array;
use rlx_host_api::Error;
use rlx_host_api::kernel::Unary;
use rlx_ir::op::Activation;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, PI};

rules! {
    ActivationBackward { kind }    [x, dy; scope, node]    any    => {
        lower(x, dy, *kind, &|kind, x| unary::activation(scope, node, x, kind))
    };
}

/// Makes the value of an activation of an array, a step of the node.
type Apply<'a> = &'a dyn Fn(Activation, &Array) -> Result<Array, Error>;

/// The gradient of `kind` at `x`, with the values of activations that `apply` makes. Half types are computed in f32. `Round` passes dy straight through; the other steps
/// (`Floor`, `Ceil`, `Sign`) have none. At a kink the derivative is that of the side towards 0, and `Abs` has 0 at 0.
fn lower(x: &Array, dy: &Array, kind: Activation, apply: Apply<'_>) -> Result<Array, Error> {
    let (x, dy) = (&wide(x)?, &wide(dy)?);
    let c = |value: f64| Array::scalar(value, x.dtype()?);
    match kind {
        Activation::Round => dy.duplicate(),
        Activation::Floor | Activation::Ceil | Activation::Sign => c(0.0)?.broadcast_to(&x.dims()?),
        Activation::Neg => dy.unary(Unary::Neg),
        Activation::Log => dy.div(x),
        Activation::Relu => x.gt(&c(0.0)?)?.where_(dy, &c(0.0)?),
        Activation::HardSigmoid => within(x, 3.0)?.where_(&dy.div(&c(6.0)?)?, &c(0.0)?),
        Activation::HardSwish => {
            let slope = x.mul(&c(2.0)?)?.add(&c(3.0)?)?.div(&c(6.0)?)?;
            let outside = x.gt(&c(0.0)?)?.where_(dy, &c(0.0)?)?;
            within(x, 3.0)?.where_(&dy.mul(&slope)?, &outside)
        }
        _ => dy.mul(&derivative(x, kind, apply)?),
    }
}

/// The kinds whose derivative is a smooth function. Terms that cancel are avoided, as in 1 - tanh².
fn derivative(x: &Array, kind: Activation, apply: Apply<'_>) -> Result<Array, Error> {
    let c = |value: f64| Array::scalar(value, x.dtype()?);
    let sigmoid = |x: &Array| apply(Activation::Sigmoid, x);
    match kind {
        Activation::Gelu => {
            // Φ(x) + x φ(x), of which the second is 0 long before 40.
            let cumulative = apply(Activation::Erf, &x.mul(&c(FRAC_1_SQRT_2)?)?)?.add(&c(1.0)?)?.mul(&c(0.5)?)?;
            let near = clamp(x, 40.0)?;
            let density = apply(Activation::Exp, &near.mul(&near)?.mul(&c(-0.5)?)?)?;
            cumulative.add(&near.mul(&density)?.mul(&c(1.0 / (2.0 * PI).sqrt())?)?)
        }
        Activation::GeluApprox => {
            // With u = sqrt(2/π) (x + a x³): (1 + tanh u) / 2 + x u' (1 - tanh² u) / 2. Beyond 20 it is 0 or 1.
            let (a, scale) = (0.044_715, (2.0 / PI).sqrt());
            let near = clamp(x, 20.0)?;
            let square = near.mul(&near)?;
            let u = square.mul(&c(a)?)?.add(&c(1.0)?)?.mul(&near)?.mul(&c(scale)?)?;
            let slope = square.mul(&c(3.0 * a)?)?.add(&c(1.0)?)?.mul(&c(scale)?)?;
            let bell = sech_squared(&u, apply)?.mul(&slope)?.mul(&near)?;
            apply(Activation::Tanh, &u)?.add(&c(1.0)?)?.add(&bell)?.mul(&c(0.5)?)
        }
        Activation::Silu => {
            let near = clamp(x, 1000.0)?;
            let rest = near.mul(&sigmoid(&negated(x)?)?)?;
            sigmoid(x)?.mul(&rest.add(&c(1.0)?)?)
        }
        Activation::Mish => {
            let near = clamp(x, 1000.0)?;
            let softplus = apply(Activation::Softplus, &near)?;
            let bell = sech_squared(&softplus, apply)?.mul(&near)?.mul(&sigmoid(&near)?)?;
            apply(Activation::Tanh, &softplus)?.add(&bell)
        }
        Activation::Sigmoid => sigmoid(x)?.mul(&sigmoid(&negated(x)?)?),
        Activation::Tanh => sech_squared(x, apply),
        Activation::Softplus => sigmoid(x),
        Activation::LogSigmoid => sigmoid(&negated(x)?),
        Activation::Exp => apply(Activation::Exp, x),
        Activation::Elu => apply(Activation::Exp, &x.min(&c(0.0)?)?),
        Activation::Sqrt => c(0.5)?.div(&apply(Activation::Sqrt, x)?),
        Activation::Rsqrt => apply(Activation::Rsqrt, x)?.mul(&c(-0.5)?)?.div(x),
        Activation::Recip => c(-1.0)?.div(x)?.div(x),
        Activation::Abs => x.unary(Unary::Sign),
        Activation::Sin => apply(Activation::Cos, x),
        Activation::Cos => negated(&apply(Activation::Sin, x)?),
        Activation::Tan => {
            let tan = apply(Activation::Tan, x)?;
            tan.mul(&tan)?.add(&c(1.0)?)
        }
        Activation::Atan => c(1.0)?.div(&x.mul(x)?.add(&c(1.0)?)?),
        Activation::Erf => apply(Activation::Exp, &negated(&x.mul(x)?)?)?.mul(&c(FRAC_2_SQRT_PI)?),
        Activation::Softsign => {
            let below = x.unary(Unary::Abs)?.add(&c(1.0)?)?;
            c(1.0)?.div(&below)?.div(&below)
        }
        Activation::Round
        | Activation::Floor
        | Activation::Ceil
        | Activation::Sign
        | Activation::Neg
        | Activation::Log
        | Activation::Relu
        | Activation::HardSigmoid
        | Activation::HardSwish => Err(Error::fault(format!("the derivative of {kind:?} is no smooth function"))),
    }
}

fn negated(x: &Array) -> Result<Array, Error> {
    x.unary(Unary::Neg)
}

/// 1 - tanh²(x), as 4 σ(2x) σ(-2x).
fn sech_squared(x: &Array, apply: Apply<'_>) -> Result<Array, Error> {
    let twice = x.add(x)?;
    let sigmoid = |x: &Array| apply(Activation::Sigmoid, x);
    sigmoid(&twice)?.mul(&sigmoid(&negated(&twice)?)?)?.mul(&Array::scalar(4.0, x.dtype()?)?)
}

/// x within [-limit, limit], so that a factor which is 0 beyond meets no infinity.
fn clamp(x: &Array, limit: f64) -> Result<Array, Error> {
    let dtype = x.dtype()?;
    x.max(&Array::scalar(-limit, dtype)?)?.min(&Array::scalar(limit, dtype)?)
}

/// |x| < limit.
fn within(x: &Array, limit: f64) -> Result<Array, Error> {
    x.unary(Unary::Abs)?.lt(&Array::scalar(limit, x.dtype()?)?)
}
