//! `Op::Activation`: one function per kind; and conversions.

use super::activations::function;
use super::elementwise;
use super::rule::{any, rules};
use super::scope::Scope;
use super::steps::{on_processor, wide};
use crate::host::unary::{Cast, Map};
use crate::mlx::array::Array;
use rlx_host_api::kernel::Unary;
use rlx_host_api::{DType, Error};
use rlx_ir::Node;
use rlx_ir::op::Activation;

rules! {
    Activation(kind)    [x; scope, node]    any    => activation(scope, node, x, *kind);
    Cast { to }         [x; scope, node]    any    => cast(scope, node, x, (*to).into());
    StopGradient        [x]                 any    => x.duplicate();
}

/// An activation of x, which may be a step of `node`: f32 by a chain of the processor, others by its kernel where MLX's
/// loses digits.
pub(super) fn activation(scope: &Scope<'_>, node: &Node, x: &Array, kind: Activation) -> Result<Array, Error> {
    if x.dtype()? == DType::F32 && on_processor(scope, x)? {
        return elementwise::activation(scope, node, x, kind);
    }
    let function = function(kind).filter(|(_, is_for_all)| *is_for_all || matches!(x.dtype(), Ok(DType::F64)));
    match function {
        Some((function, _)) if on_processor(scope, x)? => {
            scope.host_step(node, &x.dims()?, x.dtype()?, &[x], Map(function))
        }
        _ => lower(x, kind),
    }
}

/// The function of an activation in vectors of f32.
pub(super) fn vectors(kind: Activation) -> Option<rlx_mlx_cpu::vector::Function> {
    match kind {
        Activation::Relu => Some(rlx_mlx_cpu::vector::Function::Relu),
        kind => function(kind).and_then(|(function, _)| rlx_mlx_cpu::vector::Function::of(function)),
    }
}

/// `Op::Cast`.
fn cast(scope: &Scope<'_>, node: &Node, x: &Array, to: DType) -> Result<Array, Error> {
    match elementwise::single(scope, node)? {
        Some(value) => Ok(value),
        None => convert(scope, node, x, to),
    }
}

/// A conversion of x, which may be a step of `node`: floats to integers saturate, NaN becomes 0, integers wrap.
pub(super) fn convert(scope: &Scope<'_>, node: &Node, x: &Array, to: DType) -> Result<Array, Error> {
    if scope.device().in_host_memory() && Cast::is_ours(x.dtype()?, to) {
        return scope.host_step(node, &x.dims()?, to, &[x], Cast);
    }
    x.cast(to)
}

/// One activation, as MLX's operations. Composed ones compute half types in f32 and round once at the end (the walk casts back).
fn lower(x: &Array, kind: Activation) -> Result<Array, Error> {
    let direct = match kind {
        Activation::Gelu => return x.gelu(),
        Activation::Silu => return x.silu(),
        Activation::Relu => Unary::Relu,
        Activation::Sigmoid => Unary::Sigmoid,
        Activation::Tanh => Unary::Tanh,
        Activation::Exp => Unary::Exp,
        Activation::Log => Unary::Log,
        Activation::Sqrt => Unary::Sqrt,
        Activation::Rsqrt => Unary::Rsqrt,
        Activation::Neg => Unary::Neg,
        Activation::Abs => Unary::Abs,
        Activation::Sin => Unary::Sin,
        Activation::Cos => Unary::Cos,
        Activation::Tan => Unary::Tan,
        Activation::Atan => Unary::Atan,
        Activation::Recip => Unary::Recip,
        Activation::Round => Unary::Round,
        Activation::Floor => Unary::Floor,
        Activation::Ceil => Unary::Ceil,
        Activation::Sign => Unary::Sign,
        Activation::Erf => Unary::Erf,
        Activation::GeluApprox
        | Activation::Softplus
        | Activation::Elu
        | Activation::HardSwish
        | Activation::HardSigmoid
        | Activation::Mish
        | Activation::Softsign
        | Activation::LogSigmoid => return composed(x, kind),
    };
    x.unary(direct)
}

fn composed(x: &Array, kind: Activation) -> Result<Array, Error> {
    let x = &wide(x)?;
    let dtype = x.dtype()?;
    let c = |value: f64| Array::scalar(value, dtype);
    match kind {
        Activation::GeluApprox => {
            // 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))
            let cubic = x.mul(x)?.mul(x)?.mul(&c(0.044_715)?)?.add(x)?;
            let inner = cubic.mul(&c((2.0 / std::f64::consts::PI).sqrt())?)?.unary(Unary::Tanh)?;
            x.mul(&c(0.5)?)?.mul(&inner.add(&c(1.0)?)?)
        }
        Activation::Softplus => softplus(x),
        Activation::Elu => {
            // expm1 only below 0, so that its overflow above does not matter.
            let zero = c(0.0)?;
            x.gt(&zero)?.where_(x, &x.min(&zero)?.unary(Unary::Expm1)?)
        }
        Activation::HardSwish => x.mul(&x.add(&c(3.0)?)?.max(&c(0.0)?)?.min(&c(6.0)?)?)?.div(&c(6.0)?),
        Activation::HardSigmoid => x.div(&c(6.0)?)?.add(&c(0.5)?)?.max(&c(0.0)?)?.min(&c(1.0)?),
        Activation::Mish => x.mul(&softplus(x)?.unary(Unary::Tanh)?),
        Activation::Softsign => x.div(&x.unary(Unary::Abs)?.add(&c(1.0)?)?),
        Activation::LogSigmoid => softplus(&x.unary(Unary::Neg)?)?.unary(Unary::Neg),
        other => Err(Error::fault(format!("activation {other:?} is not composed"))),
    }
}

/// max(x, 0) + log1p(exp(-|x|)), which neither overflows nor cancels.
pub(super) fn softplus(x: &Array) -> Result<Array, Error> {
    let tail = x.unary(Unary::Abs)?.unary(Unary::Neg)?.unary(Unary::Exp)?;
    x.unary(Unary::Relu)?.add(&tail.unary(Unary::Log1p)?)
}
