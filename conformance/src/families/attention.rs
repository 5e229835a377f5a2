//! Attention: masks, layouts, shared heads, other scales.

use super::dtypes::FLOATS;
use crate::case::{Cases, Operand};
use crate::fill::Fill;
use crate::oracle::attention::{Attention, attention};
use rlx_ir::op::MaskKind;
use rlx_ir::{DType, Op};

/// Extents of a case.
#[derive(Clone, Copy)]
pub(super) struct Extents {
    pub(super) batch: usize,
    pub(super) heads: usize,
    pub(super) kv_heads: usize,
    pub(super) queries: usize,
    pub(super) keys: usize,
    pub(super) d: usize,
    pub(super) dv: usize,
}

pub(super) const PLAIN: Extents = Extents { batch: 2, heads: 4, kv_heads: 4, queries: 5, keys: 5, d: 8, dv: 8 };

pub(super) fn cases(cases: &mut Cases) {
    for dtype in FLOATS {
        let masks = [
            MaskKind::None,
            MaskKind::Causal,
            MaskKind::SlidingWindow(2),
            MaskKind::SlidingWindow(0),
            MaskKind::Custom,
            MaskKind::Bias,
        ];
        for mask in masks {
            add(cases, dtype, PLAIN, mask, None, None, Fill::Spread);
        }
        for extents in [
            Extents { queries: 1, keys: 9, ..PLAIN },
            Extents { queries: 3, keys: 7, ..PLAIN },
            Extents { heads: 6, kv_heads: 2, ..PLAIN },
            Extents { dv: 3, ..PLAIN },
            Extents { batch: 1, heads: 1, kv_heads: 1, queries: 1, keys: 1, d: 1, dv: 1 },
            Extents { d: 64, dv: 64, queries: 33, keys: 33, ..PLAIN },
        ] {
            for mask in [MaskKind::None, MaskKind::Causal] {
                add(cases, dtype, extents, mask, None, None, Fill::Spread);
            }
        }
        add(cases, dtype, PLAIN, MaskKind::None, Some(0.3), None, Fill::Spread);
        add(cases, dtype, PLAIN, MaskKind::None, None, Some(2.0), Fill::Spread);
        add(cases, dtype, PLAIN, MaskKind::Bias, Some(0.5), Some(5.0), Fill::Spread);
        // Scores beyond the range of f16.
        let wide = Extents { d: 4, dv: 4, ..PLAIN };
        add(
            cases,
            dtype,
            wide,
            MaskKind::None,
            None,
            None,
            Fill::These(&[200.0, 200.0, 200.0, 200.0, -200.0, 100.0, 1.0]),
        );
    }
    bias_of_another_dtype(cases);
}

pub(super) fn attributes(extents: Extents, mask: MaskKind, scale: Option<f32>, cap: Option<f32>) -> (Op, Attention) {
    let op = Op::Attention {
        num_heads: extents.heads,
        head_dim: extents.d,
        v_head_dim: (extents.d != extents.dv).then_some(extents.dv),
        mask_kind: mask,
        score_scale: scale,
        attn_logit_softcap: cap,
    };
    let scale = scale.map_or(1.0 / (extents.d as f64).sqrt(), f64::from);
    (op, Attention { mask, scale, cap: cap.map(f64::from) })
}

pub(super) fn name(extents: Extents, mask: MaskKind, scale: Option<f32>, cap: Option<f32>) -> String {
    let mut name = format!("{mask:?}").to_lowercase().replace(['(', ')'], "");
    if extents.heads != extents.kv_heads {
        name += "/shared";
    }
    scale.iter().for_each(|scale| name += &format!("/scale{scale}"));
    cap.iter().for_each(|cap| name += &format!("/cap{cap}"));
    name
}

fn mask_operand(dtype: DType, extents: Extents, mask: MaskKind) -> Option<Operand> {
    match mask {
        // The first key is always seen.
        MaskKind::Custom => {
            Some(Operand::new(dtype, &[extents.batch, extents.keys], Fill::These(&[1.0, 0.0, 1.0, 1.0, 0.0])))
        }
        MaskKind::Bias => {
            let dims = [extents.batch, extents.heads, extents.queries, extents.keys];
            Some(Operand::new(dtype, &dims, Fill::Within(-3.0, 3.0)))
        }
        _ => None,
    }
}

fn add(
    cases: &mut Cases,
    dtype: DType,
    extents: Extents,
    mask: MaskKind,
    scale: Option<f32>,
    cap: Option<f32>,
    fill: Fill,
) {
    let Extents { batch, heads, kv_heads, queries, keys, d, dv } = extents;
    let mut operands = vec![
        Operand::new(dtype, &[batch, heads, queries, d], fill.clone()),
        Operand::new(dtype, &[batch, kv_heads, keys, d], fill.clone()),
        Operand::new(dtype, &[batch, kv_heads, keys, dv], fill),
    ];
    operands.extend(mask_operand(dtype, extents, mask));
    let (op, attributes) = attributes(extents, mask, scale, cap);
    let name = format!("bhsd/{}", name(extents, mask, scale, cap));
    cases.add(&name, op, operands, (dtype, &[batch, heads, queries, dv]), move |x| attention(&attributes, x));
}

/// A row of f32 biases that hides a key, beside half operands whose range it leaves.
fn bias_of_another_dtype(cases: &mut Cases) {
    for dtype in [DType::F16, DType::BF16] {
        let Extents { batch, heads, queries, keys, d, .. } = PLAIN;
        let operand = |rows| Operand::new(dtype, &[batch, heads, rows, d], Fill::Spread);
        let hidden = Fill::These(&[0.0, -1e9, 0.5, 0.0, -1e9]);
        let mask = Operand::new(DType::F32, &[batch, heads, queries, keys], hidden);
        let (op, attributes) = attributes(PLAIN, MaskKind::Bias, None, None);
        let operands = vec![operand(queries), operand(keys), operand(keys), mask];
        cases.add("bhsd/bias", op, operands, (dtype, &[batch, heads, queries, d]), move |x| attention(&attributes, x));
    }
}
