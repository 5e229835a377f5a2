//! `Op::RngNormal` and `Op::RngUniform`: the numbers of the IR's own generators, which are the same on every backend.

use super::code::HostCode;
use crate::mlx::array::Array;
use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{DType, Error, Generator, Rng, TensorView};
use rlx_ir::RngOptions;
use rlx_ir::rng::{fill_normal_like, fill_uniform_like};
use std::ffi::c_int;

/// Extent of [`seed_of`].
pub(crate) const RNG_WORDS: usize = 3;

/// What random numbers follow from, as programs take it: the seed's lower and upper half, and the generator.
pub(crate) fn seed_of(rng: Rng) -> Result<Array, Error> {
    let words: [u32; RNG_WORDS] = [rng.seed as u32, (rng.seed >> 32) as u32, rng.generator.code()];
    Array::from_bytes(&[RNG_WORDS as c_int], DType::U32, words.map(u32::to_ne_bytes).as_flattened())
}

fn options(words: &TensorView<'_>) -> Result<RngOptions, Error> {
    let [low, high, generator] = words.data.as_chunks().0 else { return Err(Error::fault("a seed of another size")) };
    let [low, high, generator] = [low, high, generator].map(|word| u32::from_ne_bytes(*word));
    let seed = u64::from(high) << 32 | u64::from(low);
    Ok(Rng { seed, generator: Generator::from_code(generator)? }.into())
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
        let options = options(seed)?;
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
