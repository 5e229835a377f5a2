//! `Op::Attention`: layouts, masks, grouped heads, soft cap.

use super::attention_kernel;
use super::floats::{computed_in, float_operand, float_result};
use super::heads::{Layout, other_rank};
use super::masks::{BF16_LOWEST, F16_LOWEST, bias, key_mask};
use super::rule::{Case, rules};
use super::scope::Scope;
use super::softmax::softmax;
use super::steps::{integers, on_processor};
use super::unary::activation;
use crate::mlx::array::Array;
use crate::mlx::extents::int;
use rlx_host_api::kernel::Mask as Masking;
use rlx_host_api::{DType, Error};
use rlx_ir::op::{Activation, MaskKind};
use rlx_ir::{Node, Op};
use std::ffi::c_int;

rules! {
    Attention { .. }    [3..=4; scope, node]    accepts    => lower(scope, node);
}

/// Layouts are told apart by the rank of q. All but the mask are real floats. A cap is a size.
fn accepts(case: &Case<'_>) -> Result<(), Error> {
    for i in 0..3 {
        float_operand(case, i)?;
    }
    float_result(case)?;
    if let Op::Attention { attn_logit_softcap: Some(cap), .. } = case.node.op
        && !(cap.is_finite() && cap >= 0.0)
    {
        return Err(Error::invalid(format!("a soft cap of {cap}: give a finite one above 0, or 0 for none")));
    }
    match case.rank(0) {
        None | Some(2..=4) => Ok(()),
        Some(rank) => Err(other_rank(rank)),
    }
}

/// `Op::Attention`. Rank 4 is `[B,H,S,D]` when axis 1 of q is the number of heads, else `[B,S,H,D]`; rank 3 packs the
/// heads, `[B,S,H*D]`; rank 2 is rank 3 without the batch. k and v have q's layout; the result has it too.
fn lower(scope: &Scope<'_>, node: &Node) -> Result<Array, Error> {
    let Op::Attention { num_heads, head_dim, v_head_dim, mask_kind, score_scale, attn_logit_softcap } = &node.op else {
        return Err(Error::fault("not an attention node"));
    };
    let layout = Layout::of(&scope.input_dims(node, 0)?, int(*num_heads)?)?;
    let head_dim_k = int(*head_dim)?;
    let head_dim_v = int(v_head_dim.unwrap_or(*head_dim))?;
    let [q, k, v] = scope.operands(node)?;
    // Scores of halves may leave their range. On GPUs the fused kernel has them in f32.
    let dtype = computed_in(node, &[q, k, v])?;
    let is_ours = on_processor(scope, q)?;
    let given = [q, k, v];
    let operand = |x: &Array, head_dim: c_int| {
        if is_ours { layout.to_bhsd(&x.cast(dtype)?, head_dim) } else { layout.to_bhsd(x, head_dim) }
    };
    let (q, k, v) = (operand(q, head_dim_k)?, operand(k, head_dim_k)?, operand(v, head_dim_v)?);
    has_heads("q", &q, Some(int(*num_heads)?), head_dim_k)?;
    has_heads("k", &k, None, head_dim_k)?;
    has_heads("v", &v, None, head_dim_v)?;
    if is_ours && dtype == DType::F32 {
        return attention_kernel::lower(scope, node, layout, given, [&q, &k, &v]);
    }
    let mask = match mask_kind {
        MaskKind::None => Mask::None,
        // MLX's own mask puts the queries at the end of fewer keys too, so that the first ones see none.
        MaskKind::Causal if q.dims()?[2] > k.dims()?[2] => Mask::Array(sliding_window(&q, &k, usize::MAX)?),
        MaskKind::Causal => Mask::Causal,
        MaskKind::SlidingWindow(window) => Mask::Array(sliding_window(&q, &k, *window)?),
        MaskKind::Custom => Mask::Array(key_mask(scope.input(node, 3)?)?),
        MaskKind::Bias => Mask::Array(bias(scope.input(node, 3)?, q.dtype()?)?),
    };
    let scale = score_scale.map_or(1.0 / (*head_dim as f64).sqrt(), f64::from);
    let out = match attn_logit_softcap {
        Some(cap) if *cap > 0.0 => composed(scope, node, [&q, &k, &v], scale, Some(*cap), mask)?,
        _ => attend(scope, node, [&q, &k, &v], scale, mask)?,
    };
    layout.restore(&out)
}

/// Refuses an operand `[B,H,S,D]` of another size than the node says: the scale would be that of other heads. Keys and
/// values may have fewer heads than there are queries.
fn has_heads(name: &str, x: &Array, heads: Option<c_int>, size: c_int) -> Result<(), Error> {
    let dims = x.dims()?;
    let (found, found_size) = (dims.get(1).copied(), dims.get(3).copied());
    if (heads.is_none() || found == heads) && found_size == Some(size) {
        return Ok(());
    }
    let (found, found_size) = (found.unwrap_or_default(), found_size.unwrap_or_default());
    let heads = heads.unwrap_or(found);
    Err(Error::invalid(format!("{name} has {found} heads of {found_size}, where the node says {heads} of {size}")))
}

/// A mask in the form that MLX takes.
pub(super) enum Mask {
    None,
    Causal,
    /// Broadcasts to `[B,H,Sq,Sk]`: bool (true attends) or added to the scores.
    Array(Array),
}

/// Attention over BHSD operands, a step of `node`: with MLX's fused op, which also takes fewer key and value heads. Of f64 it
/// would have f32's digits.
pub(super) fn attend(
    scope: &Scope<'_>,
    node: &Node,
    [q, k, v]: [&Array; 3],
    scale: f64,
    mask: Mask,
) -> Result<Array, Error> {
    if q.dtype()? == DType::F64 {
        return composed(scope, node, [q, k, v], scale, None, mask);
    }
    let scale = scale as f32;
    match mask {
        Mask::None => q.attention(k, v, scale, Masking::None, None),
        Mask::Causal => q.attention(k, v, scale, Masking::Causal, None),
        Mask::Array(mask) => q.attention(k, v, scale, Masking::Custom, Some(&mask)),
    }
}

/// True where key `j` lies in `[i - window, i]` for query `i`; the queries stand at the end of the keys, or begin with them
/// where there are more queries than keys, as in rlx-cpu. Made by MLX, so that a long sequence costs no memory before the
/// run.
fn sliding_window(q: &Array, k: &Array, window: usize) -> Result<Array, Error> {
    let (queries, keys) = (q.dims()?[2], k.dims()?[2]);
    let first = (keys - queries).max(0);
    let i = integers(first, first + queries)?.reshape(&[queries, 1])?;
    let j = integers(0, keys)?.reshape(&[1, keys])?;
    let causal = j.le(&i)?;
    // A window as long as all of them hides nothing more.
    match c_int::try_from(window) {
        Ok(window) if window < keys.max(queries) => {
            let first = i.sub(&Array::scalar(window.into(), DType::I32)?)?;
            causal.bit_and(&j.ge(&first)?)
        }
        _ => Ok(causal),
    }
}

/// Attention as products and a softmax. Scores may be capped to `cap * tanh(score / cap)` before the mask, which MLX's fused
/// op lacks.
fn composed(
    scope: &Scope<'_>,
    node: &Node,
    [q, k, v]: [&Array; 3],
    scale: f64,
    cap: Option<f32>,
    mask: Mask,
) -> Result<Array, Error> {
    let (qd, kd) = (q.dims()?, k.dims()?);
    let (heads, kv_heads) = (qd[1], kd[1]);
    if kv_heads == 0 || heads % kv_heads != 0 {
        return Err(Error::invalid(format!("{heads} query heads over {kv_heads} key heads")));
    }
    // [B, Hkv, group, S, D] on both sides: the group axis of k and v broadcasts.
    let groups = heads / kv_heads;
    let grouped = |x: &Array, group: c_int| -> Result<Array, Error> {
        let d = x.dims()?;
        x.reshape(&[d[0], kv_heads, group, d[2], d[3]])
    };
    let (q5, k5, v5) = (grouped(q, groups)?, grouped(k, 1)?, grouped(v, 1)?);
    let dtype = q.dtype()?;
    let scores = q5.matmul(&k5.transpose(&[0, 1, 2, 4, 3])?)?.mul(&Array::scalar(scale, dtype)?)?;
    let scores = match cap {
        Some(cap) => {
            let cap = Array::scalar(cap.into(), dtype)?;
            activation(scope, node, &scores.div(&cap)?, Activation::Tanh)?.mul(&cap)?
        }
        None => scores,
    };
    let scores = scores.reshape(&[qd[0], heads, qd[2], kd[2]])?;
    let scores = match mask {
        Mask::None => scores,
        Mask::Causal => masked(&scores, &sliding_window(q, k, usize::MAX)?)?,
        Mask::Array(mask) if mask.dtype()? == DType::Bool => masked(&scores, &mask)?,
        Mask::Array(bias) => scores.add(&bias)?,
    };
    let weights = grouped(&softmax(scope, node, &scores, 3)?, groups)?;
    let out = weights.matmul(&v5)?;
    out.reshape(&[qd[0], heads, qd[2], v.dims()?[3]])
}

/// Scores with the lowest finite value of their dtype where the mask is false: a row of such stays a number.
fn masked(scores: &Array, attends: &Array) -> Result<Array, Error> {
    let dtype = scores.dtype()?;
    let lowest = match dtype {
        DType::F16 => F16_LOWEST,
        DType::BF16 => BF16_LOWEST,
        DType::F64 => f64::MIN,
        _ => f32::MIN.into(),
    };
    attends.where_(scores, &Array::scalar(lowest, dtype)?)
}
