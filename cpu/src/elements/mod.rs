//! Chains of elementwise steps over f32 and bool in one pass over memory.
//!
//! A [`Chain`] is a list of steps, each of which reads inputs, steps before it and numbers. It is computed block by block: the
//! values of a block stay in the first-level cache, one loop of vector code for each step, and only what the last step gives is
//! written out. Every step is rounded as the operation that it stands for, so it makes no difference to a result which
//! operations are one chain.
//!
//! Inputs are dense, and broadcast as in NumPy: an input is read where it lies if it has the result's shape or is repeated along
//! the first axes, and spread into a block otherwise.

mod block;
mod input;

pub use input::{Data, Input};

use crate::{threads, unary};
use block::Part;
use input::Reader;

/// Elements of a block: the few that a chain has at once fit a first-level cache together, and a loop is long enough to pay for the
/// decision which one it is.
const BLOCK: usize = 256;

/// Elements that are worth a thread's while, whole blocks.
const PART: usize = 64 * BLOCK;

/// What a step reads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Source {
    /// An input of the chain.
    Input(usize),
    /// What a step before gives.
    Step(usize),
    Number(f32),
}

/// A function of one element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Map {
    /// In vectors of f32 where there is one, else in f64 and rounded once.
    Function(unary::Function),
    /// The larger of x and 0, also of -0.0; NaN stays.
    Relu,
    Neg,
    Abs,
    Recip,
    /// The nearest whole number, ties to even.
    Round,
    Floor,
    Ceil,
    /// Whether it is not 0; NaN is true.
    ToBool,
}

/// A function of two elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    /// The larger one, of equal ones the second; NaN if either is.
    Max,
    /// The smaller one, likewise.
    Min,
    /// The square is a product, the rest the system's function.
    Pow,
}

/// A comparison, which gives a bool; with NaN only [`Compare::Ne`] holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// A step of a chain. Bools are the numbers 0 and 1 inside of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    Map(Map, Source),
    Binary(Binary, [Source; 2]),
    Compare(Compare, [Source; 2]),
    /// The second where the first is not 0, else the third.
    Select([Source; 3]),
}

impl Step {
    /// What it reads.
    pub fn sources(&self) -> &[Source] {
        match self {
            Self::Map(_, source) => std::slice::from_ref(source),
            Self::Binary(_, sources) | Self::Compare(_, sources) => sources,
            Self::Select(sources) => sources,
        }
    }
}

/// What an instruction reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operand {
    Input(usize),
    /// A block that a step has filled.
    Slot(usize),
    /// A block of one number.
    Number(usize),
}

/// A step, with where its operands and its result are.
#[derive(Debug, Clone)]
struct Instruction {
    step: Step,
    /// As many as the step reads; the rest are the first.
    operands: [Operand; 3],
    /// The block for its result; nothing for the last, which is the chain's.
    to: Option<usize>,
}

/// Steps that are computed in one pass; the value is that of the last.
#[derive(Debug, Clone)]
pub struct Chain {
    instructions: Vec<Instruction>,
    numbers: Vec<f32>,
    /// Blocks for results of steps.
    slots: usize,
    inputs: usize,
}

/// Where the elements of the result go.
#[derive(Debug)]
pub enum Places<'a> {
    Floats(&'a mut [f32]),
    /// Bytes 0 and 1.
    Bools(&'a mut [u8]),
}

impl Chain {
    /// The chain of `steps` over so many inputs. Nothing if there is no step, or one reads what is not there.
    pub fn new(steps: &[Step], inputs: usize) -> Option<Self> {
        // The last step that reads each.
        let mut last_use = vec![0; steps.len()];
        for (at, step) in steps.iter().enumerate() {
            for source in step.sources() {
                match *source {
                    Source::Input(i) if i >= inputs => return None,
                    Source::Step(i) if i >= at => return None,
                    Source::Step(i) => last_use[i] = at,
                    Source::Input(_) | Source::Number(_) => {}
                }
            }
        }
        let (mut numbers, mut slots, mut free) = (Vec::new(), 0, Vec::new());
        let mut places: Vec<Option<usize>> = Vec::with_capacity(steps.len());
        let mut instructions = Vec::with_capacity(steps.len());
        for (at, step) in steps.iter().enumerate() {
            let mut operands = Vec::with_capacity(3);
            for source in step.sources() {
                operands.push(match *source {
                    Source::Input(i) => Operand::Input(i),
                    Source::Step(i) => Operand::Slot(places.get(i).copied().flatten()?),
                    Source::Number(value) => {
                        numbers.push(value);
                        Operand::Number(numbers.len() - 1)
                    }
                });
            }
            // A result lies apart from what it is computed from.
            let to = (at + 1 < steps.len()).then(|| {
                free.pop().unwrap_or_else(|| {
                    slots += 1;
                    slots - 1
                })
            });
            for source in step.sources() {
                if let Source::Step(i) = *source
                    && last_use[i] == at
                    && let Some(slot) = places[i]
                    && !free.contains(&slot)
                {
                    free.push(slot);
                }
            }
            places.push(to);
            let first = *operands.first()?;
            let operands = std::array::from_fn(|i| operands.get(i).copied().unwrap_or(first));
            instructions.push(Instruction { step: *step, operands, to });
        }
        (!instructions.is_empty()).then_some(Self { instructions, numbers, slots, inputs })
    }

    /// Computes all elements of an array of extents `dims`.
    ///
    /// # Errors
    /// If inputs do not broadcast to `dims`, or there are not as many elements as extents say.
    pub fn run(&self, inputs: &[Input<'_>], dims: &[usize], y: Places<'_>) -> Result<(), String> {
        let count = dims.iter().product();
        let found = match &y {
            Places::Floats(y) => y.len(),
            Places::Bools(y) => y.len(),
        };
        if inputs.len() != self.inputs || found != count {
            return Err(format!(
                "a chain of {} inputs with {} of them, and {found} places for {count} elements",
                self.inputs,
                inputs.len()
            ));
        }
        if count == 0 {
            return Ok(());
        }
        let readers = inputs.iter().map(|input| Reader::new(input, dims)).collect::<Result<Vec<_>, _>>()?;
        match y {
            Places::Floats(y) => {
                threads::deal_parts(y, PART, &|first, y| Part::new(self, &readers, first).compute(y));
            }
            Places::Bools(y) => {
                threads::deal_parts(y, PART, &|first, y| Part::new(self, &readers, first).compute_bools(y));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
