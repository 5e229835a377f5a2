//! Attention of f32.

use super::code::{HostCode, Rows};
use super::elements;
use bytemuck::Pod;
use half::{bf16, f16};
use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{DType, Error, TensorView};
use rlx_mlx_cpu::attention::{self, Extents, Heads, Mask, Operand, Reach, Scores};

/// How the heads of operands and of the result lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// `[batch, head, position, i]`.
    HeadsFirst,
    /// `[batch, position, head, i]`, or with the two last axes as one.
    PositionsFirst,
}

/// What the fourth operand does with scores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Masking {
    None,
    /// Below 0.5 it hides a key.
    Keep,
    Add,
}

/// Attention over q, k, v and a mask, which broadcasts to `[batch, head, query, key]`.
pub(crate) struct Attention {
    /// The batch is that of the operands.
    pub(crate) extents: Extents,
    pub(crate) order: Order,
    pub(crate) scale: f32,
    pub(crate) cap: Option<f32>,
    pub(crate) reach: Reach,
    pub(crate) masking: Masking,
    /// Extents of the mask, of which those that are 1 broadcast.
    pub(crate) mask: [usize; 4],
    /// Whether the first operand has q, k and v: `[batch, position, 3, head, i]`, all of one size.
    pub(crate) is_joined: bool,
    /// Whether operands have an axis for the batch.
    pub(crate) is_batched: bool,
}

impl Attention {
    fn strides(&self, heads: usize, positions: usize, width: usize) -> [usize; 3] {
        let batch = heads * positions * width;
        match self.order {
            Order::HeadsFirst => [batch, positions * width, width],
            Order::PositionsFirst => [batch, width, heads * width],
        }
    }

    /// Whether the mask has a part for each of the batch.
    fn has_mask_rows(&self) -> bool {
        self.masking != Masking::None && self.mask[0] == self.extents.batch && self.extents.batch > 1
    }
}

impl HostCode for Attention {
    fn why(&self) -> &'static str {
        "scores are never written out; MLX's kernel for the processor is several passes on one thread"
    }

    /// Those of the scores, and of the sums of v, which hidden keys count in as well.
    fn operations(&self, elements: u64) -> u64 {
        let Extents { keys, width, v_width, .. } = self.extents;
        let vectors = elements.checked_div(v_width as u64).unwrap_or(0);
        2 * vectors * keys as u64 * (width + v_width) as u64
    }

    fn rows(&self) -> Rows {
        let given = if self.is_joined { 1 } else { 3 };
        match self.is_batched {
            true => Rows::Leading(given + usize::from(self.has_mask_rows())),
            false => Rows::Mixed,
        }
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        match operands.first().map(|q| q.dtype) {
            Some(DType::F16) => self.attention::<f16>(operands, results),
            Some(DType::BF16) => self.attention::<bf16>(operands, results),
            _ => self.attention::<f32>(operands, results),
        }
    }
}

impl Attention {
    fn attention<T: Operand + Pod>(
        &self,
        operands: &[TensorView<'_>],
        results: &mut [TensorViewMut<'_>],
    ) -> Result<(), Error> {
        let missing = || Error::fault("attention of q, k, v");
        let [y] = results else { return Err(missing()) };
        let (given, rest) = operands.split_at_checked(if self.is_joined { 1 } else { 3 }).ok_or_else(missing)?;
        let mut e = self.extents;
        if self.is_batched {
            e.batch = y.dims.first().map_or(0, |&batch| batch as usize);
        }
        let mask = match (self.masking, rest) {
            (Masking::None, _) => Mask::None,
            (kind, [mask, ..]) => {
                let [_, h, q, k] = self.mask;
                let inner = [h * q * k, q * k, k, 1];
                let strides = std::array::from_fn(|axis| if self.mask[axis] == 1 { 0 } else { inner[axis] });
                let scores = Scores { data: elements::of(mask)?, strides };
                if kind == Masking::Keep { Mask::Keep(scores) } else { Mask::Add(scores) }
            }
            (_, []) => return Err(Error::fault("attention without its mask")),
        };
        let [q, k, v] = match given {
            [qkv] => {
                let (qkv, width) = (elements::of::<T>(qkv)?, e.heads * e.width);
                let strides = [e.queries * 3 * width, e.width, 3 * width];
                [0, width, 2 * width].map(|first| Heads { data: qkv.get(first..).unwrap_or(&[]), strides })
            }
            [q, k, v] => [
                Heads { data: elements::of(q)?, strides: self.strides(e.heads, e.queries, e.width) },
                Heads { data: elements::of(k)?, strides: self.strides(e.kv_heads, e.keys, e.width) },
                Heads { data: elements::of(v)?, strides: self.strides(e.kv_heads, e.keys, e.v_width) },
            ],
            _ => return Err(missing()),
        };
        // The lowest number hides a key, so that a row without keys is an even average.
        let Self { scale, cap, reach, .. } = *self;
        let what = attention::Attention { extents: e, scale, cap, reach, mask, hidden: f32::MIN };
        attention::attention(&what, q, k, v, self.strides(e.heads, e.queries, e.v_width), elements::places(y)?);
        Ok(())
    }
}
