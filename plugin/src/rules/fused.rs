//! Ops that the runtime's fusion passes make: each is the composition it came from, in MLX's fused pieces. On the processor
//! the whole composition is computed in f32 or f64, with its kernels, and rounded once.

use super::attention::{Mask, attend};
use super::attention_kernel;
use super::floats::{computed_in, floats};
use super::linear::{self, Link};
use super::masks::key_mask;
use super::norm::{by_kernel, weight};
use super::rope;
use super::rule::{Case, any, rules};
use super::scope::{Scope, declared_dtype};
use super::steps::on_processor;
use super::unary::{activation, vectors};
use crate::mlx::array::Array;
use crate::mlx::dtypes::is_float;
use crate::mlx::extents::int;
use rlx_host_api::{DType, Error};
use rlx_ir::op::{Activation, RopeStyle};
use rlx_ir::{Node, Op};
use rlx_mlx_cpu::norm::Norm;
use std::ffi::c_int;

rules! {
    FusedMatMulBiasAct { activation }         [_x, _w, _bias; scope, node] products => {
        matmul_bias_activation(scope, node, *activation)
    };
    FusedResidualLN { has_bias, eps }         [4..=5; scope, node] floats => {
        residual_norm(scope, node, Norm::Layer, *has_bias, *eps)
    };
    FusedResidualRmsNorm { has_bias, eps }    [4..=5; scope, node] floats => {
        residual_norm(scope, node, Norm::RootMeanSquare, *has_bias, *eps)
    };
    FusedSwiGLU { gate_first, .. }            [_x; scope, node]    floats => swiglu(scope, node, *gate_first);
    FusedAttentionBlock { .. }                [4..=8; scope, node] any => attention_block(scope, node);
    FusedTransformerLayer { .. }              [8..=14; scope, node] any => transformer_layer(scope, node);
}

/// Integers have no activation but those that leave them integers.
fn products(case: &Case<'_>) -> Result<(), Error> {
    match &case.node.op {
        Op::FusedMatMulBiasAct { activation: Some(kind) } if !matches!(kind, Activation::Relu) => floats(case),
        _ => Ok(()),
    }
}

/// The operands of a node. On the processor floats are f64 where one is, else f32, so that halves are rounded at the end of
/// the node; parameters are converted once.
#[derive(Clone, Copy)]
struct Operands<'s, 'p> {
    scope: &'s Scope<'p>,
    node: &'s Node,
    /// What they become, on the processor.
    dtype: Option<DType>,
}

impl<'s, 'p> Operands<'s, 'p> {
    fn of(scope: &'s Scope<'p>, node: &'s Node) -> Result<Self, Error> {
        let is_ours = on_processor(scope, scope.input(node, 0)?)?;
        let dtype = if is_ours { Some(computed_in(node, &scope.inputs(node)?)?) } else { None };
        Ok(Self { scope, node, dtype })
    }

    fn get(&self, i: usize) -> Result<Array, Error> {
        let x = self.scope.input(self.node, i)?;
        let found = x.dtype()?;
        match self.dtype {
            Some(dtype) if found != dtype && is_float(found) => {
                self.scope.prepare(self.node, i, |weight| weight.cast(dtype))
            }
            _ => x.duplicate(),
        }
    }

    fn activation(&self, x: &Array, kind: Activation) -> Result<Array, Error> {
        activation(self.scope, self.node, x, kind)
    }

    /// x normalized along its last axis, times operand `gamma`, plus operand `beta`, which is rounded `to` a half type where
    /// that is the node's result.
    fn normalized(
        &self,
        norm: Norm,
        x: &Array,
        (gamma, beta): (usize, Option<usize>),
        eps: f32,
        to: DType,
    ) -> Result<Array, Error> {
        let (scope, node) = (self.scope, self.node);
        if self.dtype.is_some() {
            let scale = weight(scope, node, gamma)?;
            let shift = match beta {
                Some(beta) => weight(scope, node, beta)?,
                None => Array::zeros(&scale.dims()?, DType::F64)?,
            };
            return by_kernel(scope, node, norm, x, [&scale, &shift], eps, to);
        }
        let gamma = scope.input(node, gamma)?;
        let beta = beta.map(|beta| scope.input(node, beta)).transpose()?;
        match (norm, beta) {
            (Norm::Layer, beta) => x.layernorm(Some(gamma), beta, eps),
            (Norm::RootMeanSquare, None) => x.rmsnorm(Some(gamma), eps),
            (Norm::RootMeanSquare, Some(beta)) => x.rmsnorm(Some(gamma), eps)?.add(beta),
        }
    }
}

/// `Op::FusedMatMulBiasAct`: `act(x @ w + bias)`.
fn matmul_bias_activation(scope: &Scope<'_>, node: &Node, kind: Option<Activation>) -> Result<Array, Error> {
    let [x, w, bias] = scope.operands(node)?;
    let columns = w.dims()?.last().copied().unwrap_or(1);
    // A kernel rounds after each step, as nodes do; this node's halves are rounded at its end alone.
    let is_f32 = x.dtype()? == DType::F32;
    if let Some(link) = linear::bias(bias, columns)?.filter(|_| is_f32) {
        let map = kind.and_then(vectors);
        let links: Vec<Link<'_>> = [link].into_iter().chain(map.map(Link::Map)).collect();
        if let Some(y) = linear::linear(scope, node, x, 1, &links)? {
            let rest = kind.filter(|_| map.is_none());
            return rest.map_or_else(|| y.duplicate(), |kind| activation(scope, node, &y, kind));
        }
    }
    // MLX adds products of halves in f32, and rounds them.
    let is_rounded_once = kind.is_none_or(|kind| kind == Activation::Relu) && x.dtype()? == declared_dtype(node);
    let y = if is_rounded_once {
        bias.addmm(x, w, 1.0, 1.0)?
    } else {
        let operands = Operands::of(scope, node)?;
        operands.get(2)?.addmm(&operands.get(0)?, &operands.get(1)?, 1.0, 1.0)?
    };
    kind.map_or_else(|| y.duplicate(), |kind| activation(scope, node, &y, kind))
}

/// `Op::FusedResidualLN`, `norm(x + residual [+ bias])` with scale and shift; operands x, residual, [bias], gamma, beta. And
/// `Op::FusedResidualRmsNorm`, likewise.
fn residual_norm(scope: &Scope<'_>, node: &Node, norm: Norm, has_bias: bool, eps: f32) -> Result<Array, Error> {
    let operands = Operands::of(scope, node)?;
    let sum = operands.get(0)?.add(&operands.get(1)?)?;
    let (sum, gamma) = if has_bias { (sum.add(&operands.get(2)?)?, 3) } else { (sum, 2) };
    operands.normalized(norm, &sum, (gamma, Some(gamma + 1)), eps, declared_dtype(node))
}

/// `Op::FusedSwiGLU`: `up * silu(gate)` of the two halves of the last axis; up comes first unless `gate_first`.
fn swiglu(scope: &Scope<'_>, node: &Node, gate_first: bool) -> Result<Array, Error> {
    let operands = Operands::of(scope, node)?;
    let x = operands.get(0)?;
    let dims = x.dims()?;
    let last = dims.len().checked_sub(1).ok_or_else(|| Error::invalid("SwiGLU of a scalar"))?;
    if dims[last] % 2 != 0 {
        return Err(Error::invalid(format!("SwiGLU of an odd last axis, shape {dims:?}")));
    }
    let low = x.slice_axis(last, 0, Some(dims[last] / 2), 1)?;
    let high = x.slice_axis(last, dims[last] / 2, None, 1)?;
    let (up, gate) = if gate_first { (high, low) } else { (low, high) };
    up.mul(&operands.activation(&gate, Activation::Silu)?)
}

/// Where the weights of an attention block are among the operands: matrices, each with its bias where there is one.
struct Projections {
    qkv: (usize, Option<usize>),
    out: (usize, Option<usize>),
    /// Tables of cosines and sines.
    rope: Option<(usize, usize)>,
}

/// `Op::FusedAttentionBlock`: projection to q, k, v, [rope], attention under a key mask, output projection. Operands
/// hidden, qkv_w, out_w, mask, [qkv_b, out_b], [cos, sin].
fn attention_block(scope: &Scope<'_>, node: &Node) -> Result<Array, Error> {
    let Op::FusedAttentionBlock { num_heads, head_dim, has_bias, has_rope } = &node.op else {
        return Err(Error::fault("not an attention block"));
    };
    let tables = if *has_bias { 6 } else { 4 };
    let weights = Projections {
        qkv: (1, has_bias.then_some(4)),
        out: (2, has_bias.then_some(5)),
        rope: has_rope.then_some((tables, tables + 1)),
    };
    let operands = Operands::of(scope, node)?;
    attention(operands, &operands.get(0)?, scope.input(node, 3)?, &weights, *num_heads, *head_dim, None)
}

/// `Op::FusedTransformerLayer`, the post-norm layer of BERT: `h = ln1(x + attention(x))`, `ln2(h + fc2(act(fc1(h))))`.
/// Operands hidden, qkv w/b, out w/b, ln1 gamma/beta, fc1 w/b, fc2 w/b, ln2 gamma/beta, mask; without bias the same
/// order lacks every b and beta.
fn transformer_layer(scope: &Scope<'_>, node: &Node) -> Result<Array, Error> {
    let Op::FusedTransformerLayer { num_heads, head_dim, eps1, eps2, activation, has_bias, .. } = &node.op else {
        return Err(Error::fault("not a transformer layer"));
    };
    let operands = Operands::of(scope, node)?;
    let hidden = operands.get(0)?;
    let step = if *has_bias { 2 } else { 1 };
    // The i-th weight after hidden, with its bias.
    let pair = |i: usize| (1 + i * step, has_bias.then_some(2 + i * step));
    let mask = scope.input(node, 1 + 6 * step)?;
    let weights = Projections { qkv: pair(0), out: pair(1), rope: None };
    let sum = attention(operands, &hidden, mask, &weights, *num_heads, *head_dim, Some(Link::Add(&hidden)))?;
    let h = operands.normalized(Norm::Layer, &sum, pair(2), *eps1, sum.dtype()?)?;
    let inner = operands.activation(&linear(operands, &h, pair(3), None)?, *activation)?;
    let sum = linear(operands, &inner, pair(4), Some(Link::Add(&h)))?;
    operands.normalized(Norm::Layer, &sum, pair(5), *eps2, declared_dtype(node))
}

/// x times a weight, plus its bias, then `links`, which are one activation or one sum.
fn linear(
    operands: Operands<'_, '_>,
    x: &Array,
    (weight, bias): (usize, Option<usize>),
    more: Option<Link<'_>>,
) -> Result<Array, Error> {
    let bias = bias.map(|bias| operands.get(bias)).transpose()?;
    if operands.dtype == Some(DType::F32) {
        let columns = operands.scope.input(operands.node, weight)?.dims()?.last().copied().unwrap_or(1);
        let first = match &bias {
            Some(bias) => linear::bias(bias, columns)?.map(|link| vec![link]),
            None => Some(Vec::new()),
        };
        if let Some(mut links) = first {
            links.extend(more);
            if let Some(y) = linear::linear(operands.scope, operands.node, x, weight, &links)? {
                return Ok(y);
            }
        }
    }
    let weight = operands.get(weight)?;
    let y = match bias {
        Some(bias) => bias.addmm(x, &weight, 1.0, 1.0)?,
        None => x.matmul(&weight)?,
    };
    match more {
        Some(Link::Add(other)) => other.add(&y),
        Some(_) => Err(Error::fault("a layer adds nothing else behind a product")),
        None => Ok(y),
    }
}

fn attention(
    operands: Operands<'_, '_>,
    hidden: &Array,
    mask: &Array,
    weights: &Projections,
    num_heads: usize,
    head_dim: usize,
    more: Option<Link<'_>>,
) -> Result<Array, Error> {
    let dims = hidden.dims()?;
    let (batch, seq) = match *dims {
        [batch, seq, _] => (batch, seq),
        [seq, _] => (1, seq),
        _ => return Err(Error::invalid(format!("attention block over shape {dims:?}; expected rank 2 or 3"))),
    };
    let (heads, size) = (int(num_heads)?, int(head_dim)?);
    let inner = [&dims[..dims.len() - 1], &[heads * size]].concat();
    let qkv = linear(operands, hidden, weights.qkv, None)?.reshape(&[batch, seq, 3, heads * size])?;
    if weights.rope.is_none() && qkv.dtype()? == DType::F32 && operands.dtype.is_some() {
        let mixed =
            attention_kernel::of_joined(operands.scope, operands.node, &qkv, mask, num_heads)?.reshape(&inner)?;
        return linear(operands, &mixed, weights.out, more);
    }
    let tables = match weights.rope {
        Some((cos, sin)) => Some((operands.get(cos)?, operands.get(sin)?)),
        None => None,
    };
    // Part i as [B, S, H * D], turned where the block has rope, then as [B, H, S, D].
    let part = |i: c_int, turn: bool| -> Result<Array, Error> {
        let part = qkv.slice_axis(2, i, Some(i + 1), 1)?.reshape(&[batch, seq, heads * size])?;
        let part = match &tables {
            Some((cos, sin)) if turn => rope::lower(&part, cos, sin, head_dim, head_dim, RopeStyle::NeoX)?,
            _ => part,
        };
        part.reshape(&[batch, seq, heads, size])?.transpose(&[0, 2, 1, 3])
    };
    let scale = 1.0 / (head_dim as f64).sqrt();
    let (q, k, v) = (part(0, true)?, part(1, true)?, part(2, false)?);
    let out = attend(operands.scope, operands.node, [&q, &k, &v], scale, Mask::Array(key_mask(mask)?))?;
    let merged = out.transpose(&[0, 2, 1, 3])?.reshape(&[batch, seq, heads * size])?;
    linear(operands, &merged.reshape(&inner)?, weights.out, more)
}
