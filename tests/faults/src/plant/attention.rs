//! Attention and rotary embedding.

use crate::draft::{Draft, Plant};
use rlx_ir::op::{BinaryOp, CmpOp, MaskKind, RopeStyle};
use rlx_ir::{DType, Node, NodeId, Op};

pub(super) const FAULTS: &[(&str, Plant)] = &[
    ("mask-dropped", mask_dropped),
    ("mask-inverted", mask_inverted),
    ("mask-threshold-at-zero", mask_threshold_at_zero),
    ("bias-dropped", bias_dropped),
    ("window-off-by-one", window_off_by_one),
    ("causal-from-the-first-key", causal_from_the_first_key),
    ("score-scale-ignored", score_scale_ignored),
    ("soft-cap-ignored", soft_cap_ignored),
    ("rope-of-the-other-style", rope_of_the_other_style),
];

/// The op with another mask.
fn masked(op: &Op, from: fn(&MaskKind) -> Option<MaskKind>) -> Option<Op> {
    let mut op = op.clone();
    let Op::Attention { mask_kind, .. } = &mut op else { return None };
    *mask_kind = from(mask_kind)?;
    Some(op)
}

fn mask_dropped(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let op = masked(&node.op, |mask| (*mask == MaskKind::Custom).then_some(MaskKind::None))?;
    draft.put(op, inputs.get(..3)?, node)
}

fn bias_dropped(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let op = masked(&node.op, |mask| (*mask == MaskKind::Bias).then_some(MaskKind::None))?;
    draft.put(op, inputs.get(..3)?, node)
}

/// The op with its mask replaced by what `change` makes of it.
fn with_mask(
    draft: &mut Draft,
    node: &Node,
    inputs: &[NodeId],
    change: impl FnOnce(&mut Draft, NodeId) -> NodeId,
) -> Option<NodeId> {
    let op = masked(&node.op, |mask| (*mask == MaskKind::Custom).then_some(MaskKind::Custom))?;
    let &[q, k, v, mask] = inputs else { return None };
    let mask = change(draft, mask);
    draft.put(op, &[q, k, v, mask], node)
}

fn mask_inverted(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    with_mask(draft, node, inputs, |draft, mask| {
        let less = draft.with(BinaryOp::Sub, mask, 1.0);
        draft.with(BinaryOp::Mul, less, -1.0)
    })
}

fn mask_threshold_at_zero(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    with_mask(draft, node, inputs, |draft, mask| {
        let (dims, dtype) = (draft.dims(mask), draft.dtype(mask));
        let zero = draft.scalar(0.0, dtype);
        let seen = draft.add(Op::Compare(CmpOp::Gt), &[mask, zero], &dims, DType::Bool);
        draft.cast(seen, dtype)
    })
}

fn window_off_by_one(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let op = masked(&node.op, |mask| match mask {
        MaskKind::SlidingWindow(window) => Some(MaskKind::SlidingWindow(window + 1)),
        _ => None,
    })?;
    draft.put(op, inputs, node)
}

/// The first query sees the first key, where it should be the last that sees the last.
fn causal_from_the_first_key(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let op = masked(&node.op, |mask| (*mask == MaskKind::Causal).then_some(MaskKind::Causal))?;
    let &[q, k, v] = inputs else { return None };
    let (queries, keys) = (*draft.dims(q).get(2)?, *draft.dims(k).get(2)?);
    if draft.dims(q).len() != 4 || queries >= keys {
        return None;
    }
    let (k, v) = (draft.narrow(k, 2, 0, queries), draft.narrow(v, 2, 0, queries));
    draft.put(op, &[q, k, v], node)
}

fn score_scale_ignored(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let mut op = node.op.clone();
    let Op::Attention { score_scale, .. } = &mut op else { return None };
    score_scale.take()?;
    draft.put(op, inputs, node)
}

fn soft_cap_ignored(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let mut op = node.op.clone();
    let Op::Attention { attn_logit_softcap, .. } = &mut op else { return None };
    attn_logit_softcap.take()?;
    draft.put(op, inputs, node)
}

fn rope_of_the_other_style(draft: &mut Draft, node: &Node, inputs: &[NodeId]) -> Option<NodeId> {
    let mut op = node.op.clone();
    let Op::Rope { style, .. } = &mut op else { return None };
    *style = match style {
        RopeStyle::NeoX => RopeStyle::GptJ,
        RopeStyle::GptJ => RopeStyle::NeoX,
    };
    draft.put(op, inputs, node)
}
