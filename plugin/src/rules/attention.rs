//! `Op::Attention`: layouts, masks, grouped heads, soft cap.

use super::attention_kernel;
use super::floats::{computed_in, float_operand, float_result};
use super::rule::{Case, rules};
use super::scope::Scope;
use super::softmax::softmax;
use super::steps::{integers, on_processor};
use super::unary::activation;
use crate::mlx::array::Array;
use crate::mlx::dtypes::is_float;
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

fn other_rank(rank: usize) -> Error {
    Error::unsupported(format!("attention over operands of rank {rank}; expected 2, 3 or 4"))
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

/// How the heads lie in an operand.
#[derive(Clone, Copy)]
pub(super) enum Layout {
    Bhsd,
    Bshd,
    Packed,
    Unbatched,
}

impl Layout {
    fn of(q: &[c_int], heads: c_int) -> Result<Self, Error> {
        match q.len() {
            4 if q[1] == heads => Ok(Self::Bhsd),
            4 => Ok(Self::Bshd),
            3 => Ok(Self::Packed),
            2 => Ok(Self::Unbatched),
            rank => Err(other_rank(rank)),
        }
    }

    fn to_bhsd(self, x: &Array, head_dim: c_int) -> Result<Array, Error> {
        let dims = x.dims()?;
        let (batch, rest) = match (self, dims.as_slice()) {
            (Self::Bhsd, [_, _, _, _]) => return x.duplicate(),
            (Self::Bshd, [_, _, _, _]) => return x.transpose(&[0, 2, 1, 3]),
            (Self::Packed, [batch, rest @ ..]) if rest.len() == 2 => (*batch, rest),
            (Self::Unbatched, rest) if rest.len() == 2 => (1, rest),
            _ => return Err(Error::invalid(format!("attention operand of shape {dims:?} beside another rank of q"))),
        };
        if head_dim <= 0 || rest[1] % head_dim != 0 {
            return Err(Error::invalid(format!("width {} is no multiple of the head size {head_dim}", rest[1])));
        }
        x.reshape(&[batch, rest[0], rest[1] / head_dim, head_dim])?.transpose(&[0, 2, 1, 3])
    }

    fn restore(self, out: &Array) -> Result<Array, Error> {
        if matches!(self, Self::Bhsd) {
            return out.duplicate();
        }
        let bshd = out.transpose(&[0, 2, 1, 3])?;
        let dims = bshd.dims()?;
        match self {
            Self::Packed => bshd.reshape(&[dims[0], dims[1], dims[2] * dims[3]]),
            Self::Unbatched => bshd.reshape(&[dims[1], dims[2] * dims[3]]),
            Self::Bhsd | Self::Bshd => Ok(bshd),
        }
    }
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

/// A binary mask, at least 0.5 attends: `[B,Sk]` over keys, `[B,Sq,Sk]`, or `[B,H,Sq,Sk]`, axes of extent 1 broadcast.
pub(super) fn key_mask(mask: &Array) -> Result<Array, Error> {
    let dims = mask.dims()?;
    let attends = match mask.dtype()? {
        DType::Bool => mask.duplicate()?,
        // Integers first become floats: 0.5 as an integer is 0.
        dtype => {
            let float = if is_float(dtype) { dtype } else { DType::F32 };
            mask.cast(float)?.ge(&Array::scalar(0.5, float)?)?
        }
    };
    match *dims {
        [b, k] => attends.reshape(&[b, 1, 1, k]),
        [b, q, k] => attends.reshape(&[b, 1, q, k]),
        [_, _, _, _] => Ok(attends),
        _ => Err(Error::invalid(format!("attention mask of shape {dims:?}; expected rank 2, 3 or 4"))),
    }
}

/// The lowest finite values of the half types.
const F16_LOWEST: f64 = -65504.0;
const BF16_LOWEST: f64 = -3.389_531_389_251_535_5e38;

/// A bias in the dtype of the scores; what is below all numbers of that is its lowest, so that a row of such stays finite.
pub(super) fn bias(mask: &Array, dtype: DType) -> Result<Array, Error> {
    let lowest = match (mask.dtype()?, dtype) {
        (DType::F64 | DType::F32 | DType::BF16, DType::F16) => F16_LOWEST,
        (DType::F64, DType::F32) => f64::from(f32::MIN),
        (DType::F64 | DType::F32, DType::BF16) => BF16_LOWEST,
        _ => return mask.cast(dtype),
    };
    let floor = Array::scalar(lowest, mask.dtype()?)?;
    // What is infinite hides a key for good.
    let is_finite = mask.ne(&Array::scalar(f64::NEG_INFINITY, mask.dtype()?)?)?;
    is_finite.where_(&mask.max(&floor)?, mask)?.cast(dtype)
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
