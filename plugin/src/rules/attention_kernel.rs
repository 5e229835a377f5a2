//! `Op::Attention` of f32 and halves on the processor: the kernel of the crate rlx-mlx-cpu, which reads the operands as they lie.

use super::heads::Layout;
use super::masks::{bias, key_mask};
use super::scope::{Scope, declared_dtype};
use crate::host::attention::{Attention, Masking, Order};
use crate::mlx::array::Array;
use crate::mlx::extents::int;
use rlx_host_api::{DType, Error};
use rlx_ir::op::MaskKind;
use rlx_ir::{Node, Op};
use rlx_mlx_cpu::attention::{Extents, Reach};
use std::ffi::c_int;

/// The value of the node. `heads` are the operands as `[batch, heads, positions, size]`, whose extents have been checked.
pub(super) fn lower(
    scope: &Scope<'_>,
    node: &Node,
    layout: Layout,
    operands: [&Array; 3],
    heads: [&Array; 3],
) -> Result<Array, Error> {
    let Op::Attention { head_dim, mask_kind, score_scale, attn_logit_softcap, .. } = &node.op else {
        return Err(Error::fault("not an attention node"));
    };
    let mut found = Vec::with_capacity(3);
    for x in heads {
        found.push(x.dims()?.into_iter().map(|extent| extent as usize).collect::<Vec<_>>());
    }
    let [[batch, heads, queries, width], [k_batch, kv_heads, keys, _], [v_batch, v_heads, values, v_width]] =
        [&found[0], &found[1], &found[2]].map(|dims| [dims[0], dims[1], dims[2], dims[3]]);
    if [k_batch, v_batch, v_heads, values] != [batch, batch, kv_heads, keys] {
        return Err(Error::invalid(format!(
            "q, k and v are {found:?} as [batch, heads, positions, size], which do not go together"
        )));
    }
    if keys == 0 {
        return Err(Error::invalid("there are no keys"));
    }
    if kv_heads == 0 || heads % kv_heads != 0 {
        return Err(Error::invalid(format!("{heads} query heads over {kv_heads} key heads")));
    }
    let extents = Extents { batch, heads, kv_heads, queries, keys, width, v_width };
    let (reach, masking, mask) = match mask_kind {
        MaskKind::None => (Reach::All, Masking::None, None),
        MaskKind::Causal => (Reach::Causal, Masking::None, None),
        MaskKind::SlidingWindow(window) => (Reach::Window(*window), Masking::None, None),
        MaskKind::Custom => (Reach::All, Masking::Keep, Some(key_mask(scope.input(node, 3)?)?.cast(DType::F32)?)),
        MaskKind::Bias => (Reach::All, Masking::Add, Some(bias(scope.input(node, 3)?, DType::F32)?)),
    };
    let mask_dims = match &mask {
        Some(mask) => mask_extents(mask, [batch, heads, queries, keys])?,
        None => [1; 4],
    };
    let code = Attention {
        extents,
        order: if matches!(layout, Layout::Bhsd) { Order::HeadsFirst } else { Order::PositionsFirst },
        scale: score_scale.unwrap_or(1.0 / (*head_dim as f32).sqrt()),
        cap: attn_logit_softcap.filter(|&cap| cap > 0.0),
        reach,
        masking,
        mask: mask_dims,
        is_joined: false,
        is_batched: !matches!(layout, Layout::Unbatched),
    };
    // Halves are computed in f32 from what is stored.
    let declared = declared_dtype(node);
    let mut is_stored = matches!(declared, DType::F16 | DType::BF16);
    for x in operands {
        is_stored &= x.dtype()? == declared;
    }
    let dtype = if is_stored { declared } else { DType::F32 };
    let [q, k, v] = operands.map(|x| x.cast(dtype));
    let (q, k, v) = (q?, k?, v?);
    let inputs: Vec<&Array> = [&q, &k, &v].into_iter().chain(&mask).collect();
    let dims = match layout {
        Layout::Bhsd => vec![batch, heads, queries, v_width],
        Layout::Bshd => vec![batch, queries, heads, v_width],
        Layout::Packed => vec![batch, queries, heads * v_width],
        Layout::Unbatched => vec![queries, heads * v_width],
    };
    let dims = dims.into_iter().map(int).collect::<Result<Vec<_>, _>>()?;
    scope.host_step(node, &dims, dtype, &inputs, code)
}

/// Extents of a mask over scores; those that are 1 broadcast.
fn mask_extents(mask: &Array, wanted: [usize; 4]) -> Result<[usize; 4], Error> {
    let dims = mask.dims()?;
    let fits = |(&extent, &wanted): (&c_int, &usize)| extent == 1 || extent as usize == wanted;
    if dims.len() > 4 || !dims.iter().rev().zip(wanted.iter().rev()).all(fits) {
        return Err(Error::invalid(format!("a mask of shape {dims:?} over scores {wanted:?}")));
    }
    let mut extents = [1; 4];
    for (to, &extent) in extents.iter_mut().rev().zip(dims.iter().rev()) {
        *to = extent as usize;
    }
    Ok(extents)
}

/// Attention of each position to those that the mask `[batch, keys]` keeps: of f32 q, k and v side by side,
/// `[batch, positions, 3, heads * size]`, to `[batch, positions, heads * size]`.
pub(super) fn of_joined(
    scope: &Scope<'_>,
    node: &Node,
    qkv: &Array,
    mask: &Array,
    heads: usize,
) -> Result<Array, Error> {
    let [batch, positions, 3, width] = *qkv.dims()? else { return Err(Error::fault("q, k and v side by side")) };
    let [extents_batch, queries, all] = [batch, positions, width].map(|extent| extent as usize);
    let size = all.checked_div(heads).unwrap_or(0);
    let mask = key_mask(mask)?.cast(DType::F32)?;
    let code = Attention {
        extents: Extents {
            batch: extents_batch,
            heads,
            kv_heads: heads,
            queries,
            keys: queries,
            width: size,
            v_width: size,
        },
        order: Order::PositionsFirst,
        scale: 1.0 / (size as f32).sqrt(),
        cap: None,
        reach: Reach::All,
        masking: Masking::Keep,
        mask: mask_extents(&mask, [extents_batch, heads, queries, queries])?,
        is_joined: true,
        is_batched: true,
    };
    scope.host_step(node, &[batch, positions, width], DType::F32, &[qkv, &mask], code)
}
