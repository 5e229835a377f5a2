//! The kernels of activations.

use rlx_ir::op::Activation;
use rlx_mlx_cpu::unary::Function;

/// The kernel of an activation, and whether it is for all dtypes: MLX's root is right, but that of f64 is one of f32.
pub(super) fn function(kind: Activation) -> Option<(Function, bool)> {
    Some(match kind {
        Activation::Gelu => (Function::Gelu, true),
        Activation::GeluApprox => (Function::GeluApprox, true),
        Activation::Silu => (Function::Silu, true),
        Activation::Sigmoid => (Function::Sigmoid, true),
        Activation::Tanh => (Function::Tanh, true),
        Activation::Exp => (Function::Exp, true),
        Activation::Erf => (Function::Erf, true),
        Activation::Sign => (Function::Sign, true),
        Activation::Softplus => (Function::Softplus, true),
        Activation::LogSigmoid => (Function::LogSigmoid, true),
        Activation::Mish => (Function::Mish, true),
        Activation::Elu => (Function::Elu, true),
        Activation::HardSwish => (Function::HardSwish, true),
        Activation::HardSigmoid => (Function::HardSigmoid, true),
        Activation::Softsign => (Function::Softsign, true),
        Activation::Log => (Function::Log, true),
        Activation::Sqrt => (Function::Sqrt, false),
        Activation::Rsqrt => (Function::Rsqrt, true),
        Activation::Sin => (Function::Sin, true),
        Activation::Cos => (Function::Cos, true),
        Activation::Tan => (Function::Tan, true),
        Activation::Atan => (Function::Atan, true),
        Activation::Relu
        | Activation::Neg
        | Activation::Abs
        | Activation::Recip
        | Activation::Round
        | Activation::Floor
        | Activation::Ceil => return None,
    })
}
