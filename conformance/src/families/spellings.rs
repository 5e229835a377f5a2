//! Attention in every spelling: where the heads lie, how many share keys, how wide values are, and every form of a mask.

use super::attention::{Extents, PLAIN, attributes, name};
use super::dtypes::FLOATS;
use crate::case::{Cases, Operand};
use crate::fill::Fill;
use crate::oracle::attention::{Spelling, spelled};
use rlx_ir::DType;
use rlx_ir::op::MaskKind;

const SPELLINGS: [(&str, Spelling); 4] =
    [("bhsd", Spelling::Bhsd), ("bshd", Spelling::Bshd), ("packed", Spelling::Packed), ("rows", Spelling::Rows)];

/// What is hidden by a bias, in dtypes whose range has it and in those whose range has not.
const HIDDEN: &[f64] = &[0.0, -1e9, 0.5, 0.0, -1e9, 0.25, -1e9];
/// A row whose keys are all hidden, and rows whose keys are not.
const WHOLE: &[f64] = &[-1e9, -1e9, -1e9, -1e9, -1e9, 0.0, -1e9, 1.0, 0.0, -1e9];
/// The same as low as f16 goes.
const WHOLE_OF_F16: &[f64] = &[-6e4, -6e4, -6e4, -6e4, -6e4, 0.0, -6e4, 1.0, 0.0, -6e4];
/// On both sides of the threshold, in a period that no extent has.
const THRESHOLD: &[f64] = &[1.0, 0.5, 0.49, 0.0, 0.51, 0.75, 0.25];
/// No key of the first row, all of the second, some of the others.
const NONE_SEEN: &[f64] = &[0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0];

pub(super) fn cases(cases: &mut Cases) {
    for dtype in FLOATS {
        for spelling in SPELLINGS {
            for extents in [
                PLAIN,
                // Queries at the end of the keys.
                Extents { queries: 3, keys: 7, ..PLAIN },
                Extents { queries: 1, keys: 6, ..PLAIN },
                Extents { heads: 6, kv_heads: 2, queries: 3, ..PLAIN },
                Extents { heads: 4, kv_heads: 1, ..PLAIN },
                Extents { dv: 3, ..PLAIN },
                Extents { heads: 6, kv_heads: 3, queries: 2, dv: 12, ..PLAIN },
                Extents { batch: 1, heads: 1, kv_heads: 1, queries: 2, keys: 3, d: 4, dv: 4 },
                Extents { batch: 0, ..PLAIN },
            ] {
                for mask in [MaskKind::None, MaskKind::Causal, MaskKind::SlidingWindow(1), MaskKind::SlidingWindow(4)] {
                    add(cases, dtype, spelling, extents, mask, None);
                }
            }
            masks(cases, dtype, spelling);
            scales(cases, dtype, spelling);
        }
    }
}

/// Masks of keys with one axis of queries and without, for each head and for all; biases in every dtype.
fn masks(cases: &mut Cases, dtype: DType, spelling: (&str, Spelling)) {
    for extents in [Extents { queries: 3, keys: 5, ..PLAIN }, Extents { heads: 6, kv_heads: 2, queries: 5, ..PLAIN }] {
        let Extents { batch, heads, queries, keys, .. } = of(extents, spelling.1);
        let mut forms = vec![
            vec![batch, keys],
            vec![batch, queries, keys],
            vec![batch, heads, queries, keys],
            vec![1, heads, 1, keys],
            vec![1, 1, queries, keys],
        ];
        if batch > 1 {
            forms.push(vec![batch, 1, queries, keys]);
        }
        for dims in forms {
            for fill in [Fill::These(THRESHOLD), Fill::These(NONE_SEEN)] {
                let mask = Operand::new(dtype, &dims, fill);
                add(cases, dtype, spelling, extents, MaskKind::Custom, Some(mask));
            }
        }
        let of_bool = Operand::new(DType::Bool, &[batch, keys], Fill::Wholes(&[1, 1, 0, 1, 0, 1, 1]));
        add(cases, dtype, spelling, extents, MaskKind::Custom, Some(of_bool));
        for to in FLOATS {
            for dims in [[batch, heads, queries, keys], [1, 1, queries, keys], [batch, 1, 1, keys]] {
                // f16 has no such number, and one that is infinite leaves nothing to a row of them.
                let whole = if to == DType::F16 { WHOLE_OF_F16 } else { WHOLE };
                for values in [HIDDEN, whole] {
                    // A mask of one row that hides all says nothing.
                    if values == whole && dims[2] == 1 {
                        continue;
                    }
                    let mask = Operand::new(to, &dims, Fill::These(values));
                    add(cases, dtype, spelling, extents, MaskKind::Bias, Some(mask));
                }
            }
        }
    }
}

fn scales(cases: &mut Cases, dtype: DType, spelling: (&str, Spelling)) {
    let shared = Extents { heads: 4, kv_heads: 2, queries: 2, ..PLAIN };
    for extents in [PLAIN, shared] {
        for mask in [MaskKind::None, MaskKind::Causal, MaskKind::SlidingWindow(2)] {
            for (scale, cap) in [(Some(0.3), None), (None, Some(2.0)), (Some(1.0), Some(0.5))] {
                spell(cases, dtype, spelling, extents, (mask, scale, cap), None);
            }
        }
    }
}

fn add(
    cases: &mut Cases,
    dtype: DType,
    spelling: (&str, Spelling),
    extents: Extents,
    kind: MaskKind,
    mask: Option<Operand>,
) {
    spell(cases, dtype, spelling, extents, (kind, None, None), mask);
}

/// Rows have no batch.
fn of(extents: Extents, spelling: Spelling) -> Extents {
    if spelling == Spelling::Rows { Extents { batch: 1, ..extents } } else { extents }
}

fn spell(
    cases: &mut Cases,
    dtype: DType,
    (text, spelling): (&str, Spelling),
    extents: Extents,
    (kind, scale, cap): (MaskKind, Option<f32>, Option<f32>),
    mask: Option<Operand>,
) {
    // A batch of nothing is one of something where there is none.
    if extents.batch == 0 && spelling == Spelling::Rows {
        return;
    }
    let extents = of(extents, spelling);
    let Extents { batch, heads, kv_heads, queries, keys, d, dv } = extents;
    let operand = |heads, rows, d| Operand::new(dtype, &spelling.dims([batch, heads, rows, d]), Fill::Spread);
    let mut operands = vec![operand(heads, queries, d), operand(kv_heads, keys, d), operand(kv_heads, keys, dv)];
    operands.extend(mask);
    let (op, attributes) = attributes(extents, kind, scale, cap);
    let name = format!("{text}/{}/spelled", name(extents, kind, scale, cap));
    let out = spelling.dims([batch, heads, queries, dv]);
    cases.add(&name, op, operands, (dtype, &out), move |x| spelled(&attributes, x, spelling, [d, dv]));
}
