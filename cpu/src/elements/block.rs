//! The steps of a chain over one block after the other.

use super::input::Reader;
use super::{BLOCK, Binary, Chain, Compare, Map, Operand, Step};
use crate::unary::{self, Function};
use crate::vector;
use pulp::{Arch, Simd, WithSimd};
use std::cell::Cell;

/// Blocks that a thread keeps: of steps, of inputs, of numbers, and one for bools on their way out.
#[derive(Default)]
struct Blocks {
    slots: Vec<Vec<f32>>,
    inputs: Vec<Vec<f32>>,
    numbers: Vec<Vec<f32>>,
    result: Vec<f32>,
}

thread_local! {
    static BLOCKS: Cell<Blocks> = Cell::default();
}

/// The elements of a result from `first` on.
pub(super) struct Part<'a> {
    chain: &'a Chain,
    readers: &'a [Reader<'a>],
    first: usize,
}

impl<'a> Part<'a> {
    pub(super) fn new(chain: &'a Chain, readers: &'a [Reader<'a>], first: usize) -> Self {
        Self { chain, readers, first }
    }

    pub(super) fn compute(self, y: &mut [f32]) {
        let mut blocks = self.blocks(y.len());
        for (block, y) in y.chunks_mut(BLOCK).enumerate() {
            self.block(block, &mut blocks, y);
        }
        BLOCKS.set(blocks);
    }

    pub(super) fn compute_bools(self, y: &mut [u8]) {
        let mut blocks = self.blocks(y.len());
        for (block, y) in y.chunks_mut(BLOCK).enumerate() {
            let mut values = std::mem::take(&mut blocks.result);
            values.resize(y.len(), 0.0);
            self.block(block, &mut blocks, &mut values);
            for (y, &value) in y.iter_mut().zip(&values) {
                *y = u8::from(value != 0.0);
            }
            blocks.result = values;
        }
        BLOCKS.set(blocks);
    }

    /// This thread's blocks, with the chain's numbers in them.
    fn blocks(&self, len: usize) -> Blocks {
        let mut blocks = BLOCKS.take();
        let len = len.min(BLOCK);
        let grow = |list: &mut Vec<Vec<f32>>, count: usize| {
            if list.len() < count {
                list.resize_with(count, Vec::new);
            }
            for block in list.iter_mut().take(count).filter(|block| block.len() < len) {
                block.resize(len, 0.0);
            }
        };
        grow(&mut blocks.slots, self.chain.slots);
        grow(&mut blocks.inputs, self.readers.len());
        grow(&mut blocks.numbers, self.chain.numbers.len());
        for (block, &value) in blocks.numbers.iter_mut().zip(&self.chain.numbers) {
            block[..len].fill(value);
        }
        blocks
    }

    fn block(&self, block: usize, blocks: &mut Blocks, y: &mut [f32]) {
        let first = self.first + block * BLOCK;
        for (reader, block) in self.readers.iter().zip(&mut blocks.inputs) {
            if reader.direct(first, y.len()).is_none() {
                reader.spread(first, &mut block[..y.len()]);
            }
        }
        Arch::new().dispatch(Block { part: self, first, blocks, y });
    }
}

struct Block<'a> {
    part: &'a Part<'a>,
    first: usize,
    blocks: &'a mut Blocks,
    y: &'a mut [f32],
}

impl WithSimd for Block<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { part, first, blocks, y } = self;
        let len = y.len();
        for instruction in &part.chain.instructions {
            let mut own = instruction.to.map(|slot| (slot, std::mem::take(&mut blocks.slots[slot])));
            let [a, b, c] = instruction.operands;
            let operands = [
                operand(part, first, blocks, a, len),
                operand(part, first, blocks, b, len),
                operand(part, first, blocks, c, len),
            ];
            let to = match &mut own {
                Some((_, block)) => &mut block[..len],
                None => &mut *y,
            };
            step(s, instruction.step, operands, to);
            if let Some((slot, block)) = own {
                blocks.slots[slot] = block;
            }
        }
    }
}

/// The elements of an operand for the block from `first` on.
#[inline(always)]
fn operand<'a>(part: &'a Part<'_>, first: usize, blocks: &'a Blocks, operand: Operand, len: usize) -> &'a [f32] {
    match operand {
        Operand::Slot(slot) => &blocks.slots[slot][..len],
        Operand::Number(number) => &blocks.numbers[number][..len],
        Operand::Input(i) => part.readers[i].direct(first, len).unwrap_or(&blocks.inputs[i][..len]),
    }
}

/// One step over a block. All slices have one length.
#[inline(always)]
fn step<S: Simd>(s: S, step: Step, [a, b, c]: [&[f32]; 3], y: &mut [f32]) {
    macro_rules! one {
        ($f:expr) => {
            for (y, &a) in y.iter_mut().zip(a) {
                *y = $f(a);
            }
        };
    }
    macro_rules! two {
        ($f:expr) => {
            for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
                *y = $f(a, b);
            }
        };
    }
    macro_rules! whether {
        ($op:tt) => {
            two!(|a: f32, b: f32| if a $op b { 1.0 } else { 0.0 })
        };
    }
    match step {
        Step::Map(Map::Function(Function::Sqrt), _) => one!(f32::sqrt),
        Step::Map(Map::Function(function), _) => match vector::Function::of(function) {
            Some(function) => vector::map_to(s, function, a, y),
            None => unary::map(function, a, y),
        },
        Step::Map(Map::Relu, _) => vector::map_to(s, vector::Function::Relu, a, y),
        Step::Map(Map::Neg, _) => one!(|a: f32| -a),
        Step::Map(Map::Abs, _) => one!(f32::abs),
        Step::Map(Map::Recip, _) => one!(|a: f32| 1.0 / a),
        Step::Map(Map::Round, _) => one!(f32::round_ties_even),
        Step::Map(Map::Floor, _) => one!(f32::floor),
        Step::Map(Map::Ceil, _) => one!(f32::ceil),
        Step::Map(Map::ToBool, _) => one!(|a: f32| if a != 0.0 { 1.0 } else { 0.0 }),
        Step::Binary(Binary::Add, _) => two!(|a: f32, b: f32| a + b),
        Step::Binary(Binary::Sub, _) => two!(|a: f32, b: f32| a - b),
        Step::Binary(Binary::Mul, _) => two!(|a: f32, b: f32| a * b),
        Step::Binary(Binary::Div, _) => two!(|a: f32, b: f32| a / b),
        Step::Binary(Binary::Max, _) => two!(|a: f32, b: f32| if a > b || a.is_nan() { a } else { b }),
        Step::Binary(Binary::Min, _) => two!(|a: f32, b: f32| if a < b || a.is_nan() { a } else { b }),
        Step::Binary(Binary::Pow, _) => powers(a, b, y),
        Step::Compare(Compare::Eq, _) => whether!(==),
        Step::Compare(Compare::Ne, _) => whether!(!=),
        Step::Compare(Compare::Lt, _) => whether!(<),
        Step::Compare(Compare::Le, _) => whether!(<=),
        Step::Compare(Compare::Gt, _) => whether!(>),
        Step::Compare(Compare::Ge, _) => whether!(>=),
        Step::Select(_) => {
            // Vectors by hand: the compiler would choose between addresses, and gather from those.
            let (head, tail) = S::as_mut_simd_f32s(y);
            let [(a, a_tail), (b, b_tail), (c, c_tail)] = [S::as_simd_f32s(a), S::as_simd_f32s(b), S::as_simd_f32s(c)];
            for (((y, &a), &b), &c) in head.iter_mut().zip(a).zip(b).zip(c) {
                *y = s.select_f32s(s.equal_f32s(a, s.splat_f32s(0.0)), c, b);
            }
            for (((y, &a), &b), &c) in tail.iter_mut().zip(a_tail).zip(b_tail).zip(c_tail) {
                *y = if a == 0.0 { c } else { b };
            }
        }
    }
}

/// Squares without a call for each element, where all are squares.
#[inline(always)]
fn powers(a: &[f32], b: &[f32], y: &mut [f32]) {
    if b.iter().all(|&b| b == 2.0) {
        for (y, &a) in y.iter_mut().zip(a) {
            *y = a * a;
        }
        return;
    }
    for ((y, &a), &b) in y.iter_mut().zip(a).zip(b) {
        *y = if b == 2.0 { a * a } else { a.powf(b) };
    }
}
