//! Activations, `StopGradient` and the clamping op.

use super::dtypes::{FLOATS, REALS};
use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::{binary, unary};
use rlx_ir::op::Activation::{self, *};
use rlx_ir::{DType, Op};

/// Every activation of the IR.
pub(super) const ALL: [Activation; 29] = [
    Gelu,
    GeluApprox,
    Silu,
    Relu,
    Sigmoid,
    Tanh,
    Exp,
    Log,
    Sqrt,
    Rsqrt,
    Neg,
    Abs,
    Sin,
    Cos,
    Tan,
    Atan,
    Recip,
    Round,
    Floor,
    Ceil,
    Sign,
    Softplus,
    Elu,
    Erf,
    HardSwish,
    HardSigmoid,
    Mish,
    Softsign,
    LogSigmoid,
];

/// Around the places where activations bend, and where an exp of a narrower range would overflow.
const POINTS: &[f64] = &[
    0.0, 1e-6, -1e-6, 0.5, -0.5, 1.5, 2.5, -2.5, 1.0, -1.0, 3.0, -3.0, 5.0, -5.0, 10.0, -10.0, 20.0, -20.0, 88.5,
    -88.5, 100.0, -100.0, 1000.0,
];

/// No limit at infinity, or none that IEEE operations give.
const NAN_ONLY: &[f64] = &[f64::NAN, 1.0, 0.0, f64::NAN, -1.0];

pub(super) fn cases(cases: &mut Cases) {
    for kind in ALL {
        let name = format!("{kind:?}").to_lowercase();
        let undefined = matches!(kind, Gelu | GeluApprox | Silu | HardSwish | Mish | Softsign);
        for dtype in FLOATS {
            let special = if undefined { Fill::These(NAN_ONLY) } else { Fill::Special };
            let mut add = |layout, dims: &[usize], fill| {
                let operand = Operand::new(dtype, dims, fill);
                cases.add_in(layout, &name, Op::Activation(kind), vec![operand], (dtype, dims), move |x| {
                    unary::activation(kind, &x[0])
                });
            };
            for dims in [&[][..], &[0], &[1], &[7], &[2, 3, 5]] {
                add(Layout::Dense, dims, Fill::Spread);
            }
            add(Layout::Transposed, &[3, 5], Fill::Spread);
            add(Layout::Narrowed, &[3, 5], Fill::Spread);
            add(Layout::Dense, &[1027], Fill::Within(-30.0, 30.0));
            add(Layout::Dense, &[23], Fill::These(POINTS));
            add(Layout::Dense, &[30], special);
            add(Layout::Dense, &[52], Fill::Extremes);
        }
    }
    for kind in [Neg, Abs, Sign, Relu] {
        for dtype in [DType::I8, DType::I16, DType::I32, DType::I64] {
            for fill in [Fill::Spread, Fill::Extremes] {
                let operand = Operand::new(dtype, &[3, 5], fill);
                let name = format!("{kind:?}").to_lowercase();
                cases.add(&name, Op::Activation(kind), vec![operand], (dtype, &[3, 5]), move |x| {
                    unary::of_any(kind, &x[0])
                });
            }
        }
    }
    for dtype in REALS {
        let operand = Operand::new(dtype, &[2, 3], Fill::Special);
        cases.add("stopgradient", Op::StopGradient, vec![operand], (dtype, &[2, 3]), |x| unary::same(&x[0]));
    }
    clamps(cases);
}

fn clamps(cases: &mut Cases) {
    for (name, min, max) in
        [("clamp-1to1", -1.0, 1.0), ("clamp0toinf", 0.0, f32::INFINITY), ("clamp0.1to0.3", 0.1, 0.3)]
    {
        for dtype in REALS.into_iter().filter(|&dtype| dtype != DType::Bool) {
            for fill in [Fill::Spread, Fill::Special, Fill::Extremes] {
                let integer = !crate::tensor::is_float(dtype);
                // Between 0.1 and 0.3 there is no whole number.
                if integer && (max == 0.3 || fill == Fill::Special) {
                    continue;
                }
                let operand = Operand::new(dtype, &[4, 7], fill);
                cases.add(name, Op::Clamp { min, max }, vec![operand], (dtype, &[4, 7]), move |x| {
                    binary::clamp(&x[0], min, max)
                });
            }
        }
    }
}
