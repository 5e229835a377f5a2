//! `Op::Activation`: one function per kind.

use super::wide;
use crate::array::Array;
use rlx_host_api::Error;
use rlx_ir::op::Activation;
use rlx_mlx_shim as ffi;

/// One activation. Composed ones compute half types in f32 and round once at the end (the walk casts back).
pub(super) fn lower(x: &Array, kind: Activation) -> Result<Array, Error> {
    let direct = match kind {
        Activation::Gelu => return x.gelu(),
        Activation::Silu => return x.silu(),
        Activation::Relu => ffi::RLX_MLX_UN_RELU,
        Activation::Sigmoid => ffi::RLX_MLX_UN_SIGMOID,
        Activation::Tanh => ffi::RLX_MLX_UN_TANH,
        Activation::Exp => ffi::RLX_MLX_UN_EXP,
        Activation::Log => ffi::RLX_MLX_UN_LOG,
        Activation::Sqrt => ffi::RLX_MLX_UN_SQRT,
        Activation::Rsqrt => ffi::RLX_MLX_UN_RSQRT,
        Activation::Neg => ffi::RLX_MLX_UN_NEG,
        Activation::Abs => ffi::RLX_MLX_UN_ABS,
        Activation::Sin => ffi::RLX_MLX_UN_SIN,
        Activation::Cos => ffi::RLX_MLX_UN_COS,
        Activation::Tan => ffi::RLX_MLX_UN_TAN,
        Activation::Atan => ffi::RLX_MLX_UN_ATAN,
        Activation::Recip => ffi::RLX_MLX_UN_RECIP,
        Activation::Round => ffi::RLX_MLX_UN_ROUND,
        Activation::Floor => ffi::RLX_MLX_UN_FLOOR,
        Activation::Ceil => ffi::RLX_MLX_UN_CEIL,
        Activation::Sign => ffi::RLX_MLX_UN_SIGN,
        Activation::Erf => ffi::RLX_MLX_UN_ERF,
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
            let inner = cubic.mul(&c((2.0 / std::f64::consts::PI).sqrt())?)?.unary(ffi::RLX_MLX_UN_TANH)?;
            x.mul(&c(0.5)?)?.mul(&inner.add(&c(1.0)?)?)
        }
        Activation::Softplus => softplus(x),
        Activation::Elu => {
            // expm1 only below 0, so that its overflow above does not matter.
            let zero = c(0.0)?;
            x.gt(&zero)?.select(x, &x.minimum(&zero)?.unary(ffi::RLX_MLX_UN_EXPM1)?)
        }
        Activation::HardSwish => x.mul(&x.add(&c(3.0)?)?.maximum(&c(0.0)?)?.minimum(&c(6.0)?)?)?.div(&c(6.0)?),
        Activation::HardSigmoid => x.div(&c(6.0)?)?.add(&c(0.5)?)?.maximum(&c(0.0)?)?.minimum(&c(1.0)?),
        Activation::Mish => x.mul(&softplus(x)?.unary(ffi::RLX_MLX_UN_TANH)?),
        Activation::Softsign => x.div(&x.unary(ffi::RLX_MLX_UN_ABS)?.add(&c(1.0)?)?),
        Activation::LogSigmoid => softplus(&x.unary(ffi::RLX_MLX_UN_NEG)?)?.unary(ffi::RLX_MLX_UN_NEG),
        other => Err(Error::fault(format!("activation {other:?} is not composed"))),
    }
}

/// max(x, 0) + log1p(exp(-|x|)), which neither overflows nor cancels.
pub(super) fn softplus(x: &Array) -> Result<Array, Error> {
    let tail = x.unary(ffi::RLX_MLX_UN_ABS)?.unary(ffi::RLX_MLX_UN_NEG)?.unary(ffi::RLX_MLX_UN_EXP)?;
    x.unary(ffi::RLX_MLX_UN_RELU)?.add(&tail.unary(ffi::RLX_MLX_UN_LOG1P)?)
}
