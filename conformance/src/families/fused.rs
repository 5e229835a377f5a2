//! Blocks of several ops in one node.

use super::dtypes::FLOATS;
use crate::case::{Cases, Operand};
use crate::fill::Fill;
use crate::oracle::fused;
use crate::oracle::norm::Centre;
use rlx_ir::op::Activation;
use rlx_ir::{DType, Op};

const EPS: f32 = 1e-5;

pub(super) fn cases(cases: &mut Cases) {
    for dtype in FLOATS {
        products(cases, dtype);
        for (dims, out) in
            [(&[2, 6][..], &[2, 3][..]), (&[1, 2], &[1, 1]), (&[2, 3, 16], &[2, 3, 8]), (&[0, 4], &[0, 2])]
        {
            for gate_first in [false, true] {
                let op = Op::FusedSwiGLU { cast_to: None, gate_first };
                let name = format!("swiglu/{}", if gate_first { "gatefirst" } else { "gatelast" });
                let operand = Operand::new(dtype, dims, Fill::Spread);
                cases.add(&name, op, vec![operand], (dtype, out), move |x| fused::swiglu(&x[0], gate_first, out));
            }
        }
        for centre in [Centre::Mean, Centre::Zero] {
            for has_bias in [false, true] {
                residual_norms(cases, dtype, centre, has_bias);
            }
        }
    }
}

fn products(cases: &mut Cases, dtype: DType) {
    let activations =
        [None, Some(Activation::Relu), Some(Activation::Gelu), Some(Activation::Silu), Some(Activation::Tanh)];
    for activation in activations {
        for (x, w, dims) in [
            (&[2, 3][..], &[3, 4][..], &[2, 4][..]),
            (&[1, 1], &[1, 1], &[1, 1]),
            (&[2, 3, 65], &[65, 5], &[2, 3, 5]),
            (&[0, 3], &[3, 4], &[0, 4]),
        ] {
            let weights = |dims: &[usize]| Operand::new(dtype, dims, Fill::Within(-0.5, 0.5));
            let operands = vec![Operand::new(dtype, x, Fill::Spread), weights(w), weights(&w[1..])];
            let name = activation.map_or_else(|| "none".to_owned(), |kind| format!("{kind:?}").to_lowercase());
            let op = Op::FusedMatMulBiasAct { activation };
            cases.add(&format!("matmulbiasact/{name}"), op, operands, (dtype, dims), move |x| {
                fused::matmul_bias_act(&x[0], &x[1], &x[2], activation, dims)
            });
        }
    }
}

fn residual_norms(cases: &mut Cases, dtype: DType, centre: Centre, has_bias: bool) {
    for dims in [&[2, 3, 8][..], &[1, 1], &[0, 4], &[3, 257]] {
        let channels = dims[dims.len() - 1];
        let weight = |fill| Operand::new(dtype, &[channels], fill);
        let mut operands = vec![Operand::new(dtype, dims, Fill::Spread), Operand::new(dtype, dims, Fill::Spread)];
        operands.extend(has_bias.then(|| weight(Fill::Spread)));
        operands.extend([weight(Fill::Within(0.5, 1.5)), weight(Fill::Spread)]);
        let (name, op) = match centre {
            Centre::Mean => ("residualln", Op::FusedResidualLN { has_bias, eps: EPS }),
            Centre::Zero => ("residualrmsnorm", Op::FusedResidualRmsNorm { has_bias, eps: EPS }),
        };
        let name = format!("{name}/{}", if has_bias { "bias" } else { "plain" });
        cases.add(&name, op, operands, (dtype, dims), move |x| fused::residual_norm(x, has_bias, EPS, centre));
    }
}
