//! Attention.

use super::softmax::weights;
use crate::case::each;
use crate::compare::Expected;
use crate::tensor::{Tensor, broadcast_offset, offset};
use crate::tolerance::ATTENTION;
use rlx_ir::op::MaskKind;

/// The attributes of a node.
#[derive(Debug, Clone)]
pub struct Attention {
    /// Which keys a query sees.
    pub mask: MaskKind,
    /// What scores are multiplied with.
    pub scale: f64,
    /// What they are capped to.
    pub cap: Option<f64>,
}

/// Over `[B, H, S, D]` operands; k and v may have fewer heads. A mask of kind `Custom` is `[B, Sk]`, one of kind `Bias`
/// broadcasts to `[B, H, Sq, Sk]`.
pub fn attention(attributes: &Attention, operands: &[Tensor]) -> Expected {
    let [q, k, v, ..] = operands else { return super::unary::same(&operands[0]) };
    let (qs, ks, vs) = (q.reals(), k.reals(), v.reals());
    let masks = operands.get(3).map(Tensor::reals).unwrap_or_default();
    let (queries, keys, d) = (q.dims[2], k.dims[2], q.dims[3]);
    let shared = q.dims[1] / k.dims[1];
    let dims = [q.dims[0], q.dims[1], queries, v.dims[3]];
    let largest = |values: &[f64]| values.iter().fold(0.0f64, |a, b| a.max(b.abs()));
    let score_size = largest(&qs) * largest(&ks) * d as f64 * attributes.scale.abs();
    let found = each(&dims, |index| {
        let [b, h, i, at] = index[..] else { return (0.0, 0.0) };
        let line: Vec<f64> = (0..keys)
            .map(|j| {
                let dot = |c| qs[offset(&q.dims, &[b, h, i, c])] * ks[offset(&k.dims, &[b, h / shared, j, c])];
                let score: f64 = (0..d).map(dot).sum::<f64>() * attributes.scale;
                let score = attributes.cap.map_or(score, |cap| cap * (score / cap).tanh());
                let end = i + keys - queries;
                match &attributes.mask {
                    MaskKind::None => score,
                    MaskKind::Causal if j <= end => score,
                    MaskKind::SlidingWindow(window) if j <= end && j + window >= end => score,
                    MaskKind::Custom if masks[offset(&operands[3].dims, &[b, j])] >= 0.5 => score,
                    MaskKind::Bias => score + masks[broadcast_offset(&operands[3].dims, &[b, h, i, j])],
                    _ => f64::NEG_INFINITY,
                }
            })
            .collect();
        let (weights, _) = weights(&line);
        let value = |j: usize| vs[offset(&v.dims, &[b, h / shared, j, at])];
        let sum: f64 = (0..keys).map(|j| weights[j] * value(j)).sum();
        let size: f64 = (0..keys).map(|j| (weights[j] * value(j)).abs()).sum();
        (sum, size * (1.0 + score_size))
    });
    let (values, scale) = found.into_iter().unzip();
    Expected::real(q.dtype, &dims, values, ATTENTION).scaled(scale).of_terms(keys.max(d))
}

/// The same over packed `[B, S, H * D]` operands.
pub fn packed(attributes: &Attention, operands: &[Tensor], heads: usize, head_dim: usize) -> Expected {
    let mut split: Vec<Tensor> = operands.to_vec();
    for operand in &mut split[..3] {
        let [batch, rows, width] = operand.dims[..] else { continue };
        operand.dims = vec![batch, rows, width / head_dim, head_dim];
        *operand = operand.permuted(&[0, 2, 1, 3]);
    }
    let mut expected = attention(attributes, &split);
    let [batch, _, rows, d] = expected.dims[..] else { return expected };
    let bhsd = [batch, heads, rows, d];
    let dims = [batch, rows, heads * d];
    let source: Vec<usize> = each(&dims, |index| offset(&bhsd, &[index[0], index[2] / d, index[1], index[2] % d]));
    expected.values = expected.values.pick(&source);
    expected.scale = expected.scale.map(|scale| source.iter().map(|&at| scale[at]).collect());
    expected.dims = dims.to_vec();
    expected
}
