//! Gradients: of activations, of the stand-ins for rounding, of max-pooling, of group norms.

use super::dtypes::FLOATS;
use super::unary;
use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::backward;
use crate::oracle::pool::{Window, max_backward};
use rlx_ir::op::Activation::*;
use rlx_ir::op::SteKind;
use rlx_ir::{DType, Op};

/// Places beside the bends, and far out.
const POINTS: &[f64] = &[0.25, -0.25, 1.0, -1.0, 2.5, -2.5, 3.5, -3.5, 6.0, -6.0, 12.0, -12.0, 20.0, -20.0, 1e-3];
const POSITIVE: &[f64] = &[0.25, 1.0, 2.5, 3.5, 6.0, 12.0, 1e-3, 100.0];

pub(super) fn cases(cases: &mut Cases) {
    for dtype in FLOATS {
        activations(cases, dtype);
        stand_ins(cases, dtype);
        pools(cases, dtype);
        norms(cases, dtype);
    }
}

fn activations(cases: &mut Cases, dtype: DType) {
    for kind in unary::ALL {
        let name = format!("activation/{}", format!("{kind:?}").to_lowercase());
        let positive = matches!(kind, Log | Sqrt | Rsqrt);
        let spread = || match kind {
            Recip | Log | Sqrt | Rsqrt => Fill::Within(0.5, 4.0),
            _ => Fill::Spread,
        };
        let mut add = |layout, dims: &[usize], fill| {
            let operands = vec![Operand::new(dtype, dims, fill), Operand::new(dtype, dims, Fill::Within(0.5, 2.0))];
            cases.add_in(layout, &name, Op::ActivationBackward { kind }, operands, (dtype, dims), move |x| {
                backward::activation(kind, &x[0], &x[1])
            });
        };
        for dims in [&[][..], &[0], &[7], &[2, 3, 5]] {
            add(Layout::Dense, dims, spread());
        }
        add(Layout::Transposed, &[3, 5], spread());
        add(Layout::Narrowed, &[3, 5], spread());
        add(Layout::Dense, &[15], Fill::These(if positive { POSITIVE } else { POINTS }));
        // At 0 these two have the slope that the IR names: none.
        if matches!(kind, Relu | Abs) {
            add(Layout::Dense, &[3], Fill::These(&[0.0, 1.0, -1.0]));
        }
    }
}

fn stand_ins(cases: &mut Cases, dtype: DType) {
    for ste in [SteKind::Identity, SteKind::ClippedIdentity, SteKind::Tanh, SteKind::HardTanh] {
        for bits in [8, 4, 2] {
            for (dims, axis) in [(&[3, 8][..], None), (&[3, 8], Some(0)), (&[2, 3, 4], Some(1)), (&[1], None)] {
                let operands =
                    vec![Operand::new(dtype, dims, Fill::Spread), Operand::new(dtype, dims, Fill::Within(0.5, 2.0))];
                let along = axis.map_or_else(String::new, |axis| format!("/axis{axis}"));
                let name = format!("fakequantize/{}/{bits}bits{along}", format!("{ste:?}").to_lowercase());
                cases.add(&name, Op::FakeQuantizeBackward { bits, axis, ste }, operands, (dtype, dims), move |x| {
                    backward::fake_quantize(&x[0], &x[1], bits, axis, ste)
                });
            }
        }
    }
}

fn pools(cases: &mut Cases, dtype: DType) {
    const TIES: &[f64] = &[1.0, 2.0, 2.0, -1.0, 2.0, 0.0, 0.0];
    for fill in [Fill::Distinct, Fill::These(TIES), Fill::All(-3.0)] {
        for (dims, size, stride, padding, out) in [
            (&[2, 3, 6, 6][..], [2, 2], [2, 2], [0, 0], [3, 3]),
            (&[1, 2, 5, 7], [3, 2], [2, 1], [0, 0], [2, 6]),
            (&[1, 2, 5, 5], [3, 3], [1, 1], [1, 1], [5, 5]),
            (&[1, 1, 4, 6], [2, 3], [1, 2], [1, 0], [5, 2]),
            (&[1, 1, 1, 1], [1, 1], [1, 1], [0, 0], [1, 1]),
            (&[0, 2, 4, 4], [2, 2], [2, 2], [0, 0], [2, 2]),
        ] {
            let window = Window { size: size.to_vec(), stride: stride.to_vec(), padding: padding.to_vec() };
            let op = Op::MaxPool2dBackward {
                kernel_size: size.to_vec(),
                stride: stride.to_vec(),
                padding: padding.to_vec(),
            };
            let dy = [dims[0], dims[1], out[0], out[1]];
            let operands = vec![Operand::new(dtype, dims, fill.clone()), Operand::new(dtype, &dy, Fill::Spread)];
            let name = format!("maxpool2d/{}x{}", size[0], size[1]);
            cases.add(&name, op, operands, (dtype, dims), move |x| max_backward(&x[0], &x[1], &window));
        }
    }
}

fn norms(cases: &mut Cases, dtype: DType) {
    const EPS: f32 = 1e-5;
    for (dims, groups) in
        [(&[2, 6, 3, 5][..], 3), (&[1, 4, 1, 1], 1), (&[2, 4, 2, 2], 4), (&[0, 4, 2, 2], 2), (&[3, 2, 8, 9], 1)]
    {
        let dy = || Operand::new(dtype, dims, Fill::Spread);
        for x in [Fill::Spread, Fill::Within(30.0, 31.0)] {
            let x = || Operand::new(dtype, dims, x.clone());
            let weight = |fill| Operand::new(dtype, &dims[1..2], fill);
            let all = vec![x(), weight(Fill::Within(0.5, 1.5)), weight(Fill::Spread), dy()];
            let op = Op::GroupNormBackwardInput { num_groups: groups, eps: EPS };
            cases.add(&format!("groupnorm/input/{groups}"), op, all, (dtype, dims), move |x| {
                backward::group_norm(&x[0], Some(&x[1]), &x[3], groups, EPS)
            });
            let op = Op::GroupNormBackwardGamma { num_groups: groups, eps: EPS };
            cases.add(&format!("groupnorm/gamma/{groups}"), op, vec![x(), dy()], (dtype, &dims[1..2]), move |x| {
                backward::group_norm(&x[0], None, &x[1], groups, EPS)
            });
            let op = Op::GroupNormBackwardBeta { num_groups: groups, eps: EPS };
            cases.add(&format!("groupnorm/beta/{groups}"), op, vec![x(), dy()], (dtype, &dims[1..2]), |x| {
                backward::channel_sums(&x[1])
            });
        }
    }
}
