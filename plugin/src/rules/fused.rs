//! Ops that the runtime's fusion passes make: each is the composition it came from, in MLX's fused pieces.

use super::attention::{Mask, attend, key_mask};
use super::rope;
use super::rule::{any, rules};
use super::scope::Scope;
use super::unary;
use crate::mlx::array::Array;
use crate::mlx::extents::int;
use rlx_host_api::Error;
use rlx_ir::op::{Activation, RopeStyle};
use rlx_ir::{Node, Op};
use std::ffi::c_int;

rules! {
    FusedMatMulBiasAct { activation }         [x, w, bias]         any => matmul_bias_activation(x, w, bias, *activation);
    FusedResidualLN { has_bias, eps }         [4..=5; scope, node] any => residual_layer_norm(scope, node, *has_bias, *eps);
    FusedResidualRmsNorm { has_bias, eps }    [4..=5; scope, node] any => residual_rms_norm(scope, node, *has_bias, *eps);
    FusedSwiGLU { gate_first, .. }            [x]                  any => swiglu(x, *gate_first);
    FusedAttentionBlock { .. }                [4..=8; scope, node] any => attention_block(scope, node);
    FusedTransformerLayer { .. }              [8..=14; scope, node] any => transformer_layer(scope, node);
}

/// `Op::FusedMatMulBiasAct`: `act(x @ w + bias)`.
fn matmul_bias_activation(x: &Array, w: &Array, bias: &Array, kind: Option<Activation>) -> Result<Array, Error> {
    let y = bias.addmm(x, w, 1.0, 1.0)?;
    match kind {
        Some(kind) => unary::lower(&y, kind),
        None => Ok(y),
    }
}

/// `Op::FusedResidualLN`: `layer_norm(x + residual [+ bias])`; operands x, residual, [bias], gamma, beta.
fn residual_layer_norm(scope: &Scope<'_>, node: &Node, has_bias: bool, eps: f32) -> Result<Array, Error> {
    let (sum, next) = residual(scope, node, has_bias)?;
    sum.layernorm(Some(scope.input(node, next)?), Some(scope.input(node, next + 1)?), eps)
}

/// `Op::FusedResidualRmsNorm`: `rms_norm(x + residual [+ bias]) + beta`; operands as above.
fn residual_rms_norm(scope: &Scope<'_>, node: &Node, has_bias: bool, eps: f32) -> Result<Array, Error> {
    let (sum, next) = residual(scope, node, has_bias)?;
    sum.rmsnorm(Some(scope.input(node, next)?), eps)?.add(scope.input(node, next + 1)?)
}

/// The sum, and the index of the operand after it.
fn residual(scope: &Scope<'_>, node: &Node, has_bias: bool) -> Result<(Array, usize), Error> {
    let sum = scope.input(node, 0)?.add(scope.input(node, 1)?)?;
    if has_bias { Ok((sum.add(scope.input(node, 2)?)?, 3)) } else { Ok((sum, 2)) }
}

/// `Op::FusedSwiGLU`: `up * silu(gate)` of the two halves of the last axis; up comes first unless `gate_first`.
fn swiglu(x: &Array, gate_first: bool) -> Result<Array, Error> {
    let dims = x.dims()?;
    let last = dims.len().checked_sub(1).ok_or_else(|| Error::invalid("SwiGLU of a scalar"))?;
    if dims[last] % 2 != 0 {
        return Err(Error::invalid(format!("SwiGLU of an odd last axis, shape {dims:?}")));
    }
    let low = x.slice_axis(last, 0, Some(dims[last] / 2), 1)?;
    let high = x.slice_axis(last, dims[last] / 2, None, 1)?;
    let (up, gate) = if gate_first { (high, low) } else { (low, high) };
    up.mul(&gate.silu()?)
}

/// The weights of an attention block.
struct Projections<'a> {
    qkv: (&'a Array, Option<&'a Array>),
    out: (&'a Array, Option<&'a Array>),
    rope: Option<(&'a Array, &'a Array)>,
}

/// `Op::FusedAttentionBlock`: projection to q, k, v, [rope], attention under a key mask, output projection. Operands
/// hidden, qkv_w, out_w, mask, [qkv_b, out_b], [cos, sin].
fn attention_block(scope: &Scope<'_>, node: &Node) -> Result<Array, Error> {
    let Op::FusedAttentionBlock { num_heads, head_dim, has_bias, has_rope } = &node.op else {
        return Err(Error::fault("not an attention block"));
    };
    let x = |i| scope.input(node, i);
    let tables = if *has_bias { 6 } else { 4 };
    let weights = Projections {
        qkv: (x(1)?, if *has_bias { Some(x(4)?) } else { None }),
        out: (x(2)?, if *has_bias { Some(x(5)?) } else { None }),
        rope: if *has_rope { Some((x(tables)?, x(tables + 1)?)) } else { None },
    };
    attention(x(0)?, x(3)?, &weights, *num_heads, *head_dim)
}

/// `Op::FusedTransformerLayer`, the post-norm layer of BERT: `h = ln1(x + attention(x))`, `ln2(h + fc2(act(fc1(h))))`.
/// Operands hidden, qkv w/b, out w/b, ln1 gamma/beta, fc1 w/b, fc2 w/b, ln2 gamma/beta, mask; without bias the same
/// order lacks every b and beta.
fn transformer_layer(scope: &Scope<'_>, node: &Node) -> Result<Array, Error> {
    let Op::FusedTransformerLayer { num_heads, head_dim, eps1, eps2, activation, has_bias, .. } = &node.op else {
        return Err(Error::fault("not a transformer layer"));
    };
    let hidden = scope.input(node, 0)?;
    let step = if *has_bias { 2 } else { 1 };
    // The i-th weight after hidden, with its bias.
    let pair = |i: usize| -> Result<(&Array, Option<&Array>), Error> {
        let weight = scope.input(node, 1 + i * step)?;
        Ok((weight, if *has_bias { Some(scope.input(node, 2 + i * step)?) } else { None }))
    };
    let mask = scope.input(node, 1 + 6 * step)?;
    let weights = Projections { qkv: pair(0)?, out: pair(1)?, rope: None };
    let attended = attention(hidden, mask, &weights, *num_heads, *head_dim)?;
    let (gamma, beta) = pair(2)?;
    let h = hidden.add(&attended)?.layernorm(Some(gamma), beta, *eps1)?;
    let inner = unary::lower(&linear(&h, pair(3)?)?, *activation)?;
    let (gamma, beta) = pair(5)?;
    h.add(&linear(&inner, pair(4)?)?)?.layernorm(Some(gamma), beta, *eps2)
}

fn linear(x: &Array, (weight, bias): (&Array, Option<&Array>)) -> Result<Array, Error> {
    match bias {
        Some(bias) => bias.addmm(x, weight, 1.0, 1.0),
        None => x.matmul(weight),
    }
}

fn attention(
    hidden: &Array,
    mask: &Array,
    weights: &Projections<'_>,
    num_heads: usize,
    head_dim: usize,
) -> Result<Array, Error> {
    let dims = hidden.dims()?;
    let (batch, seq) = match *dims {
        [batch, seq, _] => (batch, seq),
        [seq, _] => (1, seq),
        _ => return Err(Error::invalid(format!("attention block over shape {dims:?}; expected rank 2 or 3"))),
    };
    let (heads, size) = (int(num_heads)?, int(head_dim)?);
    let qkv = linear(hidden, weights.qkv)?.reshape(&[batch, seq, 3, heads * size])?;
    // Part i as [B, S, H * D], turned where the block has rope, then as [B, H, S, D].
    let part = |i: c_int, turn: bool| -> Result<Array, Error> {
        let part = qkv.slice_axis(2, i, Some(i + 1), 1)?.reshape(&[batch, seq, heads * size])?;
        let part = match weights.rope {
            Some((cos, sin)) if turn => rope::lower(&part, cos, sin, head_dim, head_dim, RopeStyle::NeoX)?,
            _ => part,
        };
        part.reshape(&[batch, seq, heads, size])?.transpose(&[0, 2, 1, 3])
    };
    let scale = 1.0 / (head_dim as f32).sqrt();
    let out = attend(&part(0, true)?, &part(1, true)?, &part(2, false)?, scale, Mask::Array(key_mask(mask)?))?;
    let merged = out.transpose(&[0, 2, 1, 3])?.reshape(&[batch, seq, heads * size])?;
    let projected = linear(&merged, weights.out)?;
    if projected.dims()? == dims { Ok(projected) } else { projected.reshape(&dims) }
}
