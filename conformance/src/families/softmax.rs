//! Softmax.

use super::dtypes::FLOATS;
use crate::case::{Cases, Layout, Operand};
use crate::compare::Expected;
use crate::fill::Fill;
use crate::oracle::softmax;
use crate::tolerance::SOFTMAX;
use rlx_ir::{DType, Op};

pub(super) fn cases(cases: &mut Cases) {
    const MASKED: &[f64] = &[f64::NEG_INFINITY, 0.0, 1.0, f64::NEG_INFINITY, -3.0];
    for dtype in FLOATS {
        for (layout, dims, axis, fill) in [
            (Layout::Dense, &[1][..], -1, Fill::Spread),
            (Layout::Dense, &[3, 7], -1, Fill::Spread),
            (Layout::Dense, &[3, 7], 0, Fill::Spread),
            (Layout::Dense, &[2, 3, 5], 1, Fill::Spread),
            (Layout::Dense, &[0, 7], -1, Fill::Spread),
            (Layout::Transposed, &[4, 5], -1, Fill::Spread),
            (Layout::Narrowed, &[4, 5], -1, Fill::Spread),
            (Layout::Dense, &[2, 1027], -1, Fill::Spread),
            (Layout::Dense, &[4, 9], -1, Fill::Within(-80.0, 80.0)),
            (Layout::Dense, &[4, 9], -1, Fill::Within(-60000.0, 60000.0)),
            (Layout::Dense, &[2, 5], -1, Fill::These(MASKED)),
            (Layout::Dense, &[2, 5], -1, Fill::Special),
            (Layout::Dense, &[1, 40000], -1, Fill::All(0.0)),
        ] {
            let at = if axis < 0 { dims.len() - 1 } else { axis as usize };
            let operand = Operand::new(dtype, dims, fill);
            cases.add_in(
                layout,
                &format!("axis{axis}"),
                Op::Softmax { axis },
                vec![operand],
                (dtype, dims),
                move |x| softmax::softmax(&x[0], at),
            );
        }
    }
    // So many that a sum in f32, one after the other, stops growing.
    const MANY: usize = 40_000_000;
    for dtype in [DType::F32, DType::BF16] {
        let operand = Operand::new(dtype, &[MANY], Fill::All(0.0));
        cases.add("axis-1", Op::Softmax { axis: -1 }, vec![operand], (dtype, &[MANY]), move |_| {
            Expected::real(dtype, &[MANY], vec![1.0 / MANY as f64; MANY], SOFTMAX).of_terms(MANY)
        });
    }
}
