//! `Op::RngNormal` and `Op::RngUniform`: the numbers of the IR's own generators, which are the same on every backend.

use super::code::HostCode;
use crate::mlx::array::Array;
use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{DType, Error, Generator, Rng, TensorView};
use rlx_ir::RngOptions;
use rlx_ir::rng::{fill_normal_like, fill_uniform_like};
use std::ffi::c_int;

/// Extent of [`seed_of`].
pub(crate) const RNG_WORDS: usize = 5;

/// What random numbers follow from, as programs take it: the seed's lower and upper half, the generator, and the halves of
/// the number of the run.
pub(crate) fn seed_of(rng: Rng, run: u64) -> Result<Array, Error> {
    let halves = |number: u64| [number as u32, (number >> 32) as u32];
    let ([low, high], [run_low, run_high]) = (halves(rng.seed), halves(run));
    let words: [u32; RNG_WORDS] = [low, high, rng.generator.code(), run_low, run_high];
    Array::from_bytes(&[RNG_WORDS as c_int], DType::U32, words.map(u32::to_ne_bytes).as_flattened())
}

/// What [`seed_of`] was made from.
pub(super) fn read_seed(words: &TensorView<'_>) -> Result<(Rng, u64), Error> {
    let words: Vec<u32> = words.data.as_chunks().0.iter().map(|word| u32::from_ne_bytes(*word)).collect();
    let [low, high, generator, run_low, run_high] = words[..] else {
        return Err(Error::fault("a seed of another size"));
    };
    let whole = |low: u32, high: u32| u64::from(high) << 32 | u64::from(low);
    Ok((Rng { seed: whole(low, high), generator: Generator::from_code(generator)? }, whole(run_low, run_high)))
}

/// Fills an f32 result with random numbers. Its operand is the seed.
pub(crate) struct Random {
    pub(crate) distribution: Distribution,
    /// Tells nodes apart.
    pub(crate) key: u64,
    /// In place of seed and key, for ONNX Runtime's generator.
    pub(crate) op_seed: Option<f32>,
}

pub(crate) enum Distribution {
    Normal {
        mean: f32,
        scale: f32,
    },
    /// From `low` on, below `high`.
    Uniform {
        low: f32,
        high: f32,
    },
}

impl HostCode for Random {
    fn why(&self) -> &'static str {
        "the IR's own generators, bit for bit: MLX has another"
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        let ([seed], [result]) = (operands, results) else { return Err(Error::fault("it takes a seed")) };
        let options: RngOptions = read_seed(seed)?.0.into();
        let mut numbers = vec![0f32; result.data.len() / size_of::<f32>()];
        match self.distribution {
            Distribution::Normal { mean, scale } => {
                fill_normal_like(&mut numbers, mean, scale, options, self.key, self.op_seed);
            }
            Distribution::Uniform { low, high } => {
                fill_uniform_like(&mut numbers, low, high, options, self.key, self.op_seed);
            }
        }
        for (number, place) in numbers.iter().zip(result.data.as_chunks_mut().0) {
            *place = number.to_ne_bytes();
        }
        Ok(())
    }
}
