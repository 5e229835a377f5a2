//! Larger blocks in one node: products with a residual, convolutions with what follows them, attention with its projections,
//! a layer of a transformer.

use super::dtypes::FLOATS;
use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::blocks::{self, Block};
use crate::oracle::conv::Steps;
use rlx_ir::op::Activation;
use rlx_ir::{DType, Op};

pub(super) fn cases(cases: &mut Cases) {
    for dtype in FLOATS {
        residuals(cases, dtype);
        convolutions(cases, dtype);
        attention(cases, dtype);
        layers(cases, dtype);
    }
}

fn residuals(cases: &mut Cases, dtype: DType) {
    for (layout, x, w, dims) in [
        (Layout::Dense, &[2, 3][..], &[3, 4][..], &[2, 4][..]),
        (Layout::Dense, &[1, 1], &[1, 1], &[1, 1]),
        (Layout::Dense, &[33, 65], &[65, 17], &[33, 17]),
        (Layout::Dense, &[2, 3, 5], &[5, 4], &[2, 3, 4]),
        (Layout::Dense, &[0, 3], &[3, 4], &[0, 4]),
        (Layout::Transposed, &[5, 3], &[3, 4], &[5, 4]),
        (Layout::Params, &[5, 3], &[3, 4], &[5, 4]),
    ] {
        let operands = [x, w, dims].map(|dims| Operand::new(dtype, dims, Fill::Spread)).to_vec();
        cases.add_in(layout, "matmulresidual", Op::FusedMatMulResidual, operands, (dtype, dims), move |x| {
            blocks::matmul_residual(x, dims)
        });
    }
}

fn convolutions(cases: &mut Cases, dtype: DType) {
    let activations = [None, Some(Activation::Relu), Some(Activation::Silu), Some(Activation::Tanh)];
    for activation in activations {
        for has_residual in [false, true] {
            for (x, w, stride, padding, groups) in [
                (&[1, 1, 1, 1][..], &[1, 1, 1, 1][..], [1, 1], [0, 0], 1),
                (&[2, 3, 5, 6], &[4, 3, 3, 2], [1, 2], [1, 0], 1),
                (&[1, 4, 5, 5], &[4, 1, 3, 3], [1, 1], [1, 1], 4),
                (&[0, 2, 3, 3], &[2, 2, 2, 2], [1, 1], [0, 0], 1),
            ] {
                let steps = Steps { stride: stride.to_vec(), padding: padding.to_vec(), dilation: vec![1, 1], groups };
                let dims = [&[x[0], w[0]], &steps.space(&x[2..], &w[2..])[..]].concat();
                let op = Op::FusedConvBiasAct {
                    kernel_size: w[2..].to_vec(),
                    stride: stride.to_vec(),
                    padding: padding.to_vec(),
                    dilation: vec![1, 1],
                    groups,
                    activation,
                    has_residual,
                };
                let weights = |dims: &[usize]| Operand::new(dtype, dims, Fill::Within(-0.5, 0.5));
                let mut operands = vec![Operand::new(dtype, x, Fill::Spread), weights(w), weights(&w[..1])];
                operands.extend(has_residual.then(|| Operand::new(dtype, &dims, Fill::Spread)));
                let kind = activation.map_or_else(|| "none".to_owned(), |kind| format!("{kind:?}").to_lowercase());
                let rest = if has_residual { "residual" } else { "plain" };
                let (name, out) = (format!("convbiasact/{kind}/{rest}/groups{groups}"), dims.clone());
                cases.add(&name, op, operands, (dtype, &dims), move |x| {
                    blocks::conv_bias_act(x, &steps, activation, &out)
                });
            }
        }
    }
}

/// The first key of each row is seen, and some are not.
const KEYS: &[f64] = &[1.0, 1.0, 0.0, 0.6, 0.4];

fn weight(dtype: DType, dims: &[usize]) -> Operand {
    Operand::new(dtype, dims, Fill::Within(-0.5, 0.5))
}

fn attention(cases: &mut Cases, dtype: DType) {
    for [batch, seq, heads, size] in [[2, 5, 2, 4], [1, 1, 1, 2], [1, 7, 3, 8]] {
        for has_bias in [false, true] {
            for has_rope in [false, true] {
                let width = heads * size;
                let mut operands = vec![
                    Operand::new(dtype, &[batch, seq, width], Fill::Spread),
                    weight(dtype, &[width, 3 * width]),
                    weight(dtype, &[width, width]),
                    Operand::new(dtype, &[batch, seq], Fill::These(KEYS)),
                ];
                if has_bias {
                    operands.extend([weight(dtype, &[3 * width]), weight(dtype, &[width])]);
                }
                if has_rope {
                    let table = || Operand::new(dtype, &[seq, size / 2], Fill::Within(-1.0, 1.0));
                    operands.extend([table(), table()]);
                }
                let op = Op::FusedAttentionBlock { num_heads: heads, head_dim: size, has_bias, has_rope };
                let name = format!(
                    "attention/{heads}heads/{}/{}",
                    if has_bias { "bias" } else { "plain" },
                    if has_rope { "rope" } else { "unturned" }
                );
                cases.add(&name, op, operands, (dtype, &[batch, seq, width]), move |x| {
                    blocks::attention_block(x, size, has_bias, has_rope)
                });
            }
        }
    }
}

fn layers(cases: &mut Cases, dtype: DType) {
    for activation in [Activation::Gelu, Activation::Relu, Activation::Silu] {
        for has_bias in [false, true] {
            for [batch, seq, heads, size, inner] in [[2, 5, 2, 4, 16], [1, 1, 1, 4, 3]] {
                let width = heads * size;
                let block = Block { size, eps: [1e-5, 1e-3], activation, has_bias };
                let op = Op::FusedTransformerLayer {
                    num_heads: heads,
                    head_dim: size,
                    intermediate_size: inner,
                    eps1: block.eps[0],
                    eps2: block.eps[1],
                    activation,
                    has_bias,
                };
                let mut operands = vec![Operand::new(dtype, &[batch, seq, width], Fill::Spread)];
                for dims in
                    [&[width, 3 * width][..], &[width, width], &[width], &[width, inner], &[inner, width], &[width]]
                {
                    let scale = dims.len() == 1;
                    operands.push(if scale {
                        Operand::new(dtype, dims, Fill::Within(0.5, 1.5))
                    } else {
                        weight(dtype, dims)
                    });
                    operands.extend(has_bias.then(|| weight(dtype, &dims[dims.len() - 1..])));
                }
                operands.push(Operand::new(dtype, &[batch, seq], Fill::These(KEYS)));
                let name = format!(
                    "transformer/{heads}heads/{}/{}",
                    format!("{activation:?}").to_lowercase(),
                    if has_bias { "bias" } else { "plain" }
                );
                cases.add(&name, op, operands, (dtype, &[batch, seq, width]), move |x| {
                    blocks::transformer_layer(x, block)
                });
            }
        }
    }
}
