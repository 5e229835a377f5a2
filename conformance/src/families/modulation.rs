//! Norms whose scale and shift come from outside, and gated residuals.

use super::dtypes::FLOATS;
use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::modulation;
use crate::oracle::norm::Centre;
use rlx_ir::op::AdaNormKind;
use rlx_ir::{DType, Op};

const EPS: f32 = 1e-5;

/// Extents of x, and those that broadcast to them.
const SHAPES: [(&[usize], &[usize]); 6] = [
    (&[2, 3, 8], &[2, 1, 8]),
    (&[2, 3, 8], &[8]),
    (&[2, 3, 8], &[2, 3, 8]),
    (&[4, 7], &[1, 7]),
    (&[1, 1], &[1, 1]),
    (&[0, 2, 5], &[0, 1, 5]),
];

pub(super) fn cases(cases: &mut Cases) {
    for dtype in FLOATS {
        for (dims, others) in SHAPES {
            for layout in [Layout::Dense, Layout::Narrowed] {
                gated(cases, layout, dtype, dims, others);
                for fill in [Fill::Spread, Fill::Within(1000.0, 1001.0)] {
                    normed(cases, layout, dtype, dims, others, fill);
                }
            }
        }
    }
}

fn gated(cases: &mut Cases, layout: Layout, dtype: DType, dims: &[usize], others: &[usize]) {
    let x = || Operand::new(dtype, dims, Fill::Spread);
    let operands = vec![x(), x(), Operand::new(dtype, others, Fill::Spread)];
    cases.add_in(layout, "gated", Op::GatedResidual, operands, (dtype, dims), |x| {
        modulation::gated(&x[0], &x[1], &x[2])
    });
}

fn normed(cases: &mut Cases, layout: Layout, dtype: DType, dims: &[usize], others: &[usize], fill: Fill) {
    for (name, kind, centre) in
        [("layernorm", AdaNormKind::LayerNorm, Centre::Mean), ("rmsnorm", AdaNormKind::RmsNorm, Centre::Zero)]
    {
        let other = || Operand::new(dtype, others, Fill::Spread);
        let operands = vec![Operand::new(dtype, dims, fill.clone()), other(), other()];
        let op = Op::AdaLayerNorm { norm: kind, eps: EPS };
        cases.add_in(layout, &format!("ada/{name}"), op, operands, (dtype, dims), move |x| {
            modulation::normed(&x[0], &x[1], &x[2], EPS, centre)
        });
    }
}
