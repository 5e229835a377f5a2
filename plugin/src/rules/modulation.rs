//! The modulation of diffusion transformers (Peebles and Xie 2022, "Scalable Diffusion Models with Transformers"):
//! `Op::AdaLayerNorm` and `Op::GatedResidual`. Scales, shifts and gates broadcast to x.

use super::floats::floats;
use super::rule::rules;
use super::scope::{Scope, declared_dtype};
use super::steps::on_processor;
use crate::host::fma::Fma;
use crate::host::normalize::Normalize;
use crate::mlx::array::Array;
use rlx_host_api::{DType, Error};
use rlx_ir::Node;
use rlx_ir::op::AdaNormKind;
use rlx_mlx_cpu::norm::Norm;

rules! {
    AdaLayerNorm { norm, eps }    [x, scale, shift; scope, node]    floats    => ada_norm(scope, node, [x, scale, shift], *norm, *eps);
    GatedResidual                 [x, y, gate; scope, node]         floats    => gated(scope, node, x, y, gate);
}

/// `norm(x) (1 + scale) + shift`, x normalized along its last axis. On the processor in f64, elsewhere in f32; rounded once.
fn ada_norm(
    scope: &Scope<'_>,
    node: &Node,
    [x, scale, shift]: [&Array; 3],
    norm: AdaNormKind,
    eps: f32,
) -> Result<Array, Error> {
    let dims = x.dims()?;
    let Some(&extent) = dims.last() else {
        return Err(Error::invalid("x is a scalar: it is normalized along its last axis"));
    };
    broadcasts("scale", scale, x)?;
    broadcasts("shift", shift, x)?;
    let ours = on_processor(scope, x)?;
    let dtype = if ours { DType::F64 } else { DType::F32 };
    let (x, constant) = (x.cast(dtype)?, |value: f64| Array::scalar(value, dtype));
    let one = constant(1.0)?;
    let normal = match norm {
        _ if ours => {
            let norm = match norm {
                AdaNormKind::LayerNorm => Norm::Layer,
                AdaNormKind::RmsNorm => Norm::RootMeanSquare,
            };
            let weight = |value: f64| constant(value)?.broadcast_to(&[extent]);
            let code = Normalize { norm, eps: eps.into(), rank: dims.len() };
            scope.host_step(node, &dims, dtype, &[&x, &weight(1.0)?, &weight(0.0)?], code)?
        }
        AdaNormKind::LayerNorm => x.layernorm(None, None, eps)?,
        AdaNormKind::RmsNorm => x.rmsnorm(None, eps)?,
    };
    normal.mul(&scale.cast(dtype)?.add(&one)?)?.add(&shift.cast(dtype)?)
}

/// `x + gate y`: on the processor rounded once, elsewhere in f32.
fn gated(scope: &Scope<'_>, node: &Node, x: &Array, y: &Array, gate: &Array) -> Result<Array, Error> {
    let (dims, found) = (x.dims()?, y.dims()?);
    if found != dims {
        return Err(Error::invalid(format!("x is {dims:?} and y {found:?}: they have one shape")));
    }
    broadcasts("gate", gate, x)?;
    let declared = declared_dtype(node);
    let is_of_one_dtype = [x, y, gate].into_iter().all(|x| x.dtype().is_ok_and(|dtype| dtype == declared));
    if on_processor(scope, x)? {
        // Operands of several dtypes are exact in f64, and so is the product of any two but those of f64 itself.
        let dtype = if is_of_one_dtype { declared } else { DType::F64 };
        let gate = gate.cast(dtype)?.broadcast_to(&dims)?;
        return scope.host_step(node, &dims, dtype, &[&gate, &y.cast(dtype)?, &x.cast(dtype)?], Fma);
    }
    let wide = |x: &Array| x.cast(DType::F32);
    wide(x)?.add(&wide(gate)?.mul(&wide(y)?)?)
}

/// Refuses an operand that does not broadcast to x.
fn broadcasts(name: &str, operand: &Array, x: &Array) -> Result<(), Error> {
    let (found, dims) = (operand.dims()?, x.dims()?);
    let fits = found.len() <= dims.len()
        && found.iter().rev().zip(dims.iter().rev()).all(|(&found, &extent)| found == extent || found == 1);
    if fits {
        Ok(())
    } else {
        Err(Error::invalid(format!("{name} is {found:?}, which does not broadcast to x, {dims:?}")))
    }
}
