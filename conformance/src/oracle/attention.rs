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

/// How heads lie in the operands and in the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// `[B, H, S, D]`.
    Bhsd,
    /// `[B, S, H, D]`.
    Bshd,
    /// `[B, S, H * D]`.
    Packed,
    /// `[S, H * D]`.
    Rows,
}

impl Spelling {
    /// Extents in this spelling of those of `[B, H, S, D]`.
    pub fn dims(self, [batch, heads, rows, d]: [usize; 4]) -> Vec<usize> {
        match self {
            Self::Bhsd => vec![batch, heads, rows, d],
            Self::Bshd => vec![batch, rows, heads, d],
            Self::Packed => vec![batch, rows, heads * d],
            Self::Rows => vec![rows, heads * d],
        }
    }

    fn to_bhsd(self, x: &Tensor, d: usize) -> Tensor {
        let bshd = match (self, &x.dims[..]) {
            (Self::Packed, &[batch, rows, width]) => vec![batch, rows, width / d, d],
            (Self::Rows, &[rows, width]) => vec![1, rows, width / d, d],
            _ => x.dims.clone(),
        };
        let split = Tensor { dims: bshd, ..x.clone() };
        if self == Self::Bhsd { split } else { split.permuted(&[0, 2, 1, 3]) }
    }
}

/// The position of the value that a mask has for a query and a key. A mask of keys is `[B, Sk]` or `[B, Sq, Sk]`; one with four
/// axes, and a bias, broadcasts to `[B, H, Sq, Sk]`.
fn of_mask(kind: MaskKind, mask: &Tensor, [b, h, i, j]: [usize; 4]) -> usize {
    match (kind, mask.dims.len()) {
        (MaskKind::Custom, 2) => broadcast_offset(&mask.dims, &[b, j]),
        (MaskKind::Custom, 3) => broadcast_offset(&mask.dims, &[b, i, j]),
        _ => broadcast_offset(&mask.dims, &[b, h, i, j]),
    }
}

/// Over `[B, H, S, D]` operands; k and v may have fewer heads. A query that sees no key has the average of all.
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
        let masked = |j| masks[of_mask(attributes.mask, &operands[3], [b, h, i, j])];
        let mut line: Vec<f64> = (0..keys)
            .map(|j| {
                let dot = |c| qs[offset(&q.dims, &[b, h, i, c])] * ks[offset(&k.dims, &[b, h / shared, j, c])];
                let score: f64 = (0..d).map(dot).sum::<f64>() * attributes.scale;
                let score = attributes.cap.map_or(score, |cap| cap * (score / cap).tanh());
                let end = i + keys - queries;
                match &attributes.mask {
                    MaskKind::None => score,
                    MaskKind::Causal if j <= end => score,
                    MaskKind::SlidingWindow(window) if j <= end && j + window >= end => score,
                    MaskKind::Custom if masked(j) >= 0.5 => score,
                    MaskKind::Bias => score + masked(j),
                    _ => f64::NEG_INFINITY,
                }
            })
            .collect();
        if line.iter().all(|&score| score == f64::NEG_INFINITY) {
            line.fill(0.0);
        }
        let (weights, _) = weights(&line);
        // What is added to a score rounds it to its own size.
        let bias: f64 = match attributes.mask {
            MaskKind::Bias => (0..keys).filter(|&j| weights[j] > 0.0).map(|j| weights[j] * masked(j).abs()).sum(),
            _ => 0.0,
        };
        let value = |j: usize| vs[offset(&v.dims, &[b, h / shared, j, at])];
        let sum: f64 = (0..keys).map(|j| weights[j] * value(j)).sum();
        let size: f64 = (0..keys).map(|j| (weights[j] * value(j)).abs()).sum();
        (sum, size * (1.0 + score_size + bias))
    });
    let (values, scale) = found.into_iter().unzip();
    Expected::real(q.dtype, &dims, values, ATTENTION).scaled(scale).of_terms(keys.max(d))
}

/// The same over operands in a spelling, whose heads are `d` wide, those of v `dv`.
pub fn spelled(attributes: &Attention, operands: &[Tensor], spelling: Spelling, [d, dv]: [usize; 2]) -> Expected {
    let mut split: Vec<Tensor> = operands.to_vec();
    for (operand, width) in split.iter_mut().zip([d, d, dv]) {
        *operand = spelling.to_bhsd(operand, width);
    }
    let mut expected = attention(attributes, &split);
    let bhsd: [usize; 4] = [0, 1, 2, 3].map(|axis| expected.dims[axis]);
    let [batch, heads, rows, _] = bhsd;
    let source: Vec<usize> = match spelling {
        Spelling::Bhsd => return expected,
        _ => each(&[batch, rows, heads, dv], |index| offset(&bhsd, &[index[0], index[2], index[1], index[3]])),
    };
    expected.values = expected.values.pick(&source);
    expected.scale = expected.scale.map(|scale| source.iter().map(|&at| scale[at]).collect());
    expected.dims = spelling.dims(bhsd);
    expected
}
