//! Norms.

use super::dtypes::FLOATS;
use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::norm::{self, Centre};
use rlx_ir::{DType, Op};

const EPS: f32 = 1e-5;

pub(super) fn cases(cases: &mut Cases) {
    for dtype in FLOATS {
        for centre in [Centre::Mean, Centre::Zero] {
            for (layout, dims, axis, fill) in [
                (Layout::Dense, &[1][..], -1, Fill::Spread),
                (Layout::Dense, &[7], -1, Fill::Spread),
                (Layout::Dense, &[2, 3, 8], -1, Fill::Spread),
                (Layout::Dense, &[6, 6], 0, Fill::Spread),
                (Layout::Dense, &[0, 6], -1, Fill::Spread),
                (Layout::Transposed, &[4, 6], -1, Fill::Spread),
                (Layout::Narrowed, &[4, 6], -1, Fill::Spread),
                (Layout::Dense, &[3, 1027], -1, Fill::Spread),
                (Layout::Dense, &[2, 256], -1, Fill::All(1000.1)),
                (Layout::Dense, &[2, 64], -1, Fill::Within(1000.0, 1001.0)),
                (Layout::Dense, &[2, 64], -1, Fill::Within(-300.0, 300.0)),
                (Layout::Dense, &[2, 5], -1, Fill::These(&[0.0, 1.0, f64::NAN, 2.0, 3.0])),
            ] {
                let at = if axis < 0 { dims.len() - 1 } else { axis as usize };
                let (name, op) = match centre {
                    Centre::Mean => ("layernorm", Op::LayerNorm { axis, eps: EPS }),
                    Centre::Zero => ("rmsnorm", Op::RmsNorm { axis, eps: EPS }),
                };
                let operands = affine(dtype, dims, fill, dims[at]);
                cases.add_in(layout, &format!("{name}/axis{axis}"), op, operands, (dtype, dims), move |x| {
                    norm::along(&x[0], (&x[1], &x[2]), at, EPS, centre)
                });
            }
        }
        channels(cases, dtype);
    }
}

fn affine(dtype: DType, dims: &[usize], fill: Fill, channels: usize) -> Vec<Operand> {
    let weight = |fill| Operand::new(dtype, &[channels], fill);
    vec![Operand::new(dtype, dims, fill), weight(Fill::Within(0.5, 1.5)), weight(Fill::Spread)]
}

/// Those that have their weights along the channels.
fn channels(cases: &mut Cases, dtype: DType) {
    for (dims, groups) in [(&[2, 6, 3, 5][..], 3), (&[1, 4, 1, 1], 1), (&[2, 4, 2, 2], 4), (&[0, 4, 2, 2], 2)] {
        let op = Op::GroupNorm { num_groups: groups, eps: EPS };
        let operands = affine(dtype, dims, Fill::Spread, dims[1]);
        cases.add(&format!("groupnorm/{groups}"), op, operands, (dtype, dims), move |x| {
            norm::grouped(&x[0], (&x[1], &x[2]), groups, EPS)
        });
    }
    for dims in [&[2, 6, 3, 5][..], &[1, 1, 2, 2]] {
        let operands = affine(dtype, dims, Fill::Spread, dims[1]);
        cases.add("layernorm2d", Op::LayerNorm2d { eps: EPS }, operands, (dtype, dims), |x| {
            let dims = x[0].dims.clone();
            let pixel = move |index: &[usize]| (index[0] * dims[2] + index[2]) * dims[3] + index[3];
            norm::norm(&x[0], (&x[1], &x[2]), EPS, Centre::Mean, pixel, |index| index[1], |_| 0.0)
        });
    }
    for dims in [&[5][..], &[2, 3, 5], &[0, 5]] {
        let mut operands = affine(dtype, dims, Fill::Spread, 5);
        operands.push(Operand::new(dtype, &[5], Fill::Spread));
        operands.push(Operand::new(dtype, &[5], Fill::Within(0.1, 2.0)));
        cases.add("batchnorm", Op::BatchNormInference { eps: EPS }, operands, (dtype, dims), |x| {
            norm::batch(&x[0], (&x[1], &x[2]), (&x[3], &x[4]), EPS)
        });
    }
}
