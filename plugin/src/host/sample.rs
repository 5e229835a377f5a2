//! `Op::Sample`: which token of a row of logits is drawn, with the numbers of the IR's own generator.

use super::code::HostCode;
use super::random::read_seed;
use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{DType, Error, Rng, TensorView};
use rlx_ir::{Philox4x32, combine_seed};
use std::cmp::Ordering;

/// Draws a token, i32, for each row of logits, f32 or f64: one number of the generator a row, in order. Probabilities are f64;
/// of equal ones that with the lower index comes first.
pub(crate) struct Sample {
    /// How many of the most probable tokens are left; 0 for all.
    pub(crate) top_k: usize,
    /// Then those whose probabilities make up this much; from 1 on all.
    pub(crate) top_p: f64,
    /// Logits are divided by it, at least by [`COLDEST`].
    pub(crate) temperature: f64,
    /// Of the generator, which starts from its beginning in each run.
    pub(crate) seed: Seed,
}

/// Where a generator's seed comes from.
pub(crate) enum Seed {
    /// The graph.
    Fixed(u64),
    /// The host's seed and the number of the run, which are the second operand; so many nodes of the graph that draw like
    /// this are before this one.
    Fresh { nodes_before: u64 },
}

impl Seed {
    fn of(&self, words: &[TensorView<'_>]) -> Result<u64, Error> {
        match (self, words) {
            (Self::Fixed(seed), []) => Ok(*seed),
            (Self::Fresh { nodes_before }, [words]) => {
                let (rng, run) = read_seed(words)?;
                let first = SEED ^ rng.seed ^ Rng::default().seed;
                Ok(combine_seed(first, run.wrapping_add(nodes_before << 32)))
            }
            _ => Err(Error::fault("its seed is missing")),
        }
    }
}

/// The runtime's own limit.
const COLDEST: f64 = 1e-6;

/// What the runtime takes for 0; here that of the first run, while the host has set no seed.
const SEED: u64 = 0xDEAD_BEEF;

impl HostCode for Sample {
    fn why(&self) -> &'static str {
        "the IR's own draw, bit for bit: MLX has none like it"
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        let ([logits, seed @ ..], [tokens]) = (operands, results) else { return Err(Error::fault("it takes logits")) };
        let values: Vec<f64> = match logits.dtype {
            DType::F32 => logits.data.as_chunks().0.iter().map(|b| f32::from_ne_bytes(*b).into()).collect(),
            DType::F64 => logits.data.as_chunks().0.iter().map(|b| f64::from_ne_bytes(*b)).collect(),
            other => return Err(Error::fault(format!("logits of {other}"))),
        };
        let places = tokens.data.as_chunks_mut::<{ size_of::<i32>() }>().0;
        let Some(width) = values.len().checked_div(places.len()).filter(|&width| width > 0) else { return Ok(()) };
        let mut generator = Philox4x32::new(self.seed.of(seed)?);
        for (row, (logits, place)) in values.chunks_exact(width).zip(places).enumerate() {
            let number = f64::from(generator.next_f32());
            let token = self.draw(logits, number).map_err(|e| e.context(format_args!("row {row}")))?;
            *place = i32::try_from(token).map_err(|_| Error::fault("a token beyond i32"))?.to_ne_bytes();
        }
        Ok(())
    }
}

impl Sample {
    /// The token where the sum of probabilities, in the order of tokens, reaches `number`, which is from 0 to below 1.
    fn draw(&self, logits: &[f64], number: f64) -> Result<usize, Error> {
        let weights = self.weights(logits)?;
        let total: f64 = weights.iter().sum();
        let mut sum = 0.0;
        let mut last = None;
        for (token, &weight) in weights.iter().enumerate().filter(|(_, weight)| **weight > 0.0) {
            sum += weight;
            last = Some(token);
            if number <= sum / total {
                break;
            }
        }
        last.ok_or_else(|| Error::invalid("no token has a logit above -inf"))
    }

    /// Numbers in proportion to the probabilities of tokens, those that may not be drawn 0.
    fn weights(&self, logits: &[f64]) -> Result<Vec<f64>, Error> {
        if logits.iter().any(|logit| logit.is_nan()) {
            return Err(Error::invalid("a logit is NaN"));
        }
        let scale = self.temperature.max(COLDEST);
        let greatest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weight = |&logit: &f64| match logit {
            f64::NEG_INFINITY => 0.0,
            _ if logit == greatest => 1.0,
            // Beside an infinite one.
            _ if greatest == f64::INFINITY => 0.0,
            _ => ((logit - greatest) / scale).exp(),
        };
        let mut weights: Vec<f64> = logits.iter().map(weight).collect();
        let cut = self.top_k > 0 && self.top_k < logits.len();
        if !cut && self.top_p >= 1.0 {
            return Ok(weights);
        }
        // By logits, of which different ones may have equal weights; the sort is stable.
        let mut order: Vec<usize> = (0..logits.len()).collect();
        order.sort_by(|&a, &b| logits[b].partial_cmp(&logits[a]).unwrap_or(Ordering::Equal));
        let mut left = if cut { self.top_k } else { order.len() };
        if self.top_p < 1.0 {
            let total: f64 = order[..left].iter().map(|&token| weights[token]).sum();
            let mut sum = 0.0;
            let needed = order[..left].iter().position(|&token| {
                sum += weights[token];
                sum / total >= self.top_p
            });
            left = needed.map_or(left, |at| at + 1);
        }
        for &token in &order[left..] {
            weights[token] = 0.0;
        }
        Ok(weights)
    }
}
