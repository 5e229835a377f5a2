//! The token of a row at which the sum of probabilities reaches the generator's number.

use super::reduce::positions;
use crate::compare::Expected;
use crate::tensor::Tensor;
use rlx_ir::{DType, Philox4x32};

/// The attributes of a node.
#[derive(Debug, Clone, Copy)]
pub struct Draw {
    /// How many of the most probable tokens are left; 0 for all.
    pub top_k: usize,
    /// Then those whose probabilities make up this much; from 1 on all.
    pub top_p: f32,
    /// Logits are divided by it.
    pub temperature: f32,
    /// Of the generator; 0 is the runtime's own.
    pub seed: u64,
}

/// What the runtime takes for a seed of 0.
const SEED: u64 = 0xDEAD_BEEF;

/// One number of the generator for each row, in their order.
pub fn sample(logits: &Tensor, draw: Draw, (dtype, dims): (DType, &[usize])) -> Expected {
    let values = logits.reals();
    let width = logits.dims[logits.dims.len() - 1].max(1);
    let mut generator = Philox4x32::new(if draw.seed == 0 { SEED } else { draw.seed });
    let tokens = values.chunks_exact(width).map(|row| {
        let (number, mut sum) = (f64::from(generator.next_f32()), 0.0);
        let found = probabilities(row, draw).into_iter().enumerate().filter(|&(_, p)| p > 0.0);
        let mut last = 0;
        for (token, p) in found {
            sum += p;
            last = token;
            if sum >= number {
                break;
            }
        }
        last
    });
    positions(dtype, dims, tokens.collect())
}

/// The probabilities of a row, those of tokens that are cut off 0. A token is before another that has a lower logit, or the
/// same and a higher index.
fn probabilities(logits: &[f64], draw: Draw) -> Vec<f64> {
    let count = logits.len();
    let before = |a: usize, b: usize| logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
    let rank: Vec<usize> = (0..count).map(|t| (0..count).filter(|&other| before(other, t)).count()).collect();
    let greatest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let normalized = |keep: &dyn Fn(usize) -> bool| -> Vec<f64> {
        let weight =
            |t: usize| if keep(t) { ((logits[t] - greatest) / f64::from(draw.temperature)).exp() } else { 0.0 };
        let weights: Vec<f64> = (0..count).map(weight).collect();
        let sum: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / sum).collect()
    };
    let by_k = normalized(&|t| draw.top_k == 0 || rank[t] < draw.top_k);
    let sum_before = |t: usize| (0..count).filter(|&other| rank[other] < rank[t]).map(|other| by_k[other]).sum::<f64>();
    let top_p = f64::from(draw.top_p);
    normalized(&|t| by_k[t] > 0.0 && (top_p >= 1.0 || rank[t] == 0 || sum_before(t) < top_p))
}
