//! Tokens that are drawn from rows of logits, with the numbers of the IR's own generator.

use super::dtypes::FLOATS;
use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::sample::{Draw, sample};
use rlx_ir::{DType, Op};

const PLAIN: Draw = Draw { top_k: 0, top_p: 1.0, temperature: 1.0, seed: 7 };

/// Ties, a certain token and one that cannot be drawn.
const TIES: &[f64] = &[1.0, 3.0, 3.0, f64::NEG_INFINITY, -2.0, 3.0, 1.0];

pub(super) fn cases(cases: &mut Cases) {
    for dtype in FLOATS {
        for (name, draw) in [
            ("plain", PLAIN),
            ("cold", Draw { temperature: 0.3, ..PLAIN }),
            ("hot", Draw { temperature: 4.0, ..PLAIN }),
            ("first", Draw { top_k: 1, ..PLAIN }),
            ("top5", Draw { top_k: 5, ..PLAIN }),
            ("topall", Draw { top_k: 1000, seed: u64::MAX, ..PLAIN }),
            ("half", Draw { top_p: 0.5, ..PLAIN }),
            ("none", Draw { top_p: 0.0, ..PLAIN }),
            ("all", Draw { top_k: 6, top_p: 0.8, temperature: 0.7, seed: 123_456_789_012 }),
        ] {
            for (layout, dims, fill) in [
                (Layout::Dense, &[40, 11][..], Fill::Spread),
                (Layout::Dense, &[3, 5, 17], Fill::Spread),
                (Layout::Dense, &[4, 1], Fill::Spread),
                (Layout::Dense, &[0, 4], Fill::Spread),
                (Layout::Dense, &[20, 7], Fill::These(TIES)),
                (Layout::Narrowed, &[9, 13], Fill::Spread),
            ] {
                for to in [DType::F32, DType::I32, DType::I64] {
                    let Draw { top_k, top_p, temperature, seed } = draw;
                    let op = Op::Sample { top_k, top_p, temperature, seed };
                    let name = format!("{name}/to-{}", rlx_host_api::DType::from(to));
                    let rows = &dims[..dims.len() - 1];
                    let operand = Operand::new(dtype, dims, fill.clone());
                    cases
                        .add_in(layout, &name, op, vec![operand], (to, rows), move |x| sample(&x[0], draw, (to, rows)));
                }
            }
        }
    }
}
