//! Convolutions of f32, with what follows them.

use super::code::{HostCode, Rows};
use super::elements;
use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{Error, TensorView};
use rlx_mlx_cpu::conv::{self, Binary, Conv, Transposed};
use rlx_mlx_cpu::vector::Function;
use std::sync::Arc;

const WHY: &str = "filters are packed once, and what follows is computed while the result is in the cache";

/// A convolution of the crate rlx-mlx-cpu.
pub(crate) enum Kernel {
    Forward(Box<Conv>),
    /// No step of it has an operand of the result's shape.
    Transposed(Transposed),
}

impl Kernel {
    /// How many elements the packed filters have.
    pub(crate) fn packed_len(&self) -> usize {
        match self {
            Self::Forward(conv) => conv.packed_len(),
            Self::Transposed(conv) => conv.packed_len(),
        }
    }

    fn pack(&self, w: &[f32], to: &mut [f32]) {
        match self {
            Self::Forward(conv) => conv.pack(w, to),
            Self::Transposed(conv) => conv.pack(w, to),
        }
    }

    fn compute(&self, x: &[f32], w: &[f32], steps: &[conv::Step<'_>], y: &mut [f32]) {
        match self {
            Self::Forward(conv) => conv.compute(x, w, steps, y),
            Self::Transposed(conv) => conv.compute(x, w, steps, y),
        }
    }
}

/// Filters in the form that [`Convolve`] takes.
pub(crate) struct PackFilters(pub(crate) Arc<Kernel>);

impl HostCode for PackFilters {
    fn why(&self) -> &'static str {
        WHY
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        let ([w], [packed]) = (operands, results) else { return Err(Error::fault("filters are packed alone")) };
        self.0.pack(elements::of(w)?, elements::places(packed)?);
        Ok(())
    }
}

/// What is done to a convolution; each operand is the next one of its kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Step {
    /// `value op other`; `other op value` where it is turned.
    Binary {
        op: Binary,
        other: Other,
        turned: bool,
    },
    Clamp {
        min: f32,
        max: f32,
    },
    Map(Function),
    /// A later step takes the value that there is here.
    Keep,
}

/// The other number of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Other {
    /// An operand of one element.
    Scalar,
    /// An operand with one element a channel.
    Channel,
    /// An operand of the result's shape.
    Array,
    Kept,
}

/// The convolution of x, and steps behind it. Operands are x, those of [`Other::Array`], the packed filters, then the others.
pub(crate) struct Convolve {
    pub(crate) kernel: Arc<Kernel>,
    pub(crate) steps: Vec<Step>,
}

impl Convolve {
    /// How many operands have the result's shape.
    fn arrays(&self) -> usize {
        self.steps.iter().filter(|step| matches!(step, Step::Binary { other: Other::Array, .. })).count()
    }
}

impl HostCode for Convolve {
    fn why(&self) -> &'static str {
        WHY
    }

    fn rows(&self) -> Rows {
        Rows::Leading(1 + self.arrays())
    }

    fn overwritable(&self) -> Option<usize> {
        (self.arrays() > 0).then_some(1)
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        let missing = || Error::fault("operands of a convolution are missing");
        let w = 1 + self.arrays();
        let (mut arrays, mut others) = (1, w + 1);
        let next = |at: &mut usize| {
            *at += 1;
            operands.get(*at - 1).ok_or_else(missing).and_then(elements::of::<f32>)
        };
        let mut steps = Vec::with_capacity(self.steps.len());
        for &step in &self.steps {
            steps.push(match step {
                Step::Binary { op, other, turned } => {
                    let other = match other {
                        Other::Scalar => conv::Operand::Scalar(*next(&mut others)?.first().ok_or_else(missing)?),
                        Other::Channel => conv::Operand::Channel(next(&mut others)?),
                        Other::Array => match next(&mut arrays)? {
                            [] => conv::Operand::Result,
                            array => conv::Operand::Array(array),
                        },
                        Other::Kept => conv::Operand::Kept,
                    };
                    conv::Step::Binary { op, other, turned }
                }
                Step::Clamp { min, max } => conv::Step::Clamp { min, max },
                Step::Map(function) => conv::Step::Map(function),
                Step::Keep => conv::Step::Keep,
            });
        }
        let ([x, ..], [y]) = (operands, results) else { return Err(missing()) };
        let w = operands.get(w).ok_or_else(missing)?;
        self.kernel.compute(elements::of(x)?, elements::of(w)?, &steps, elements::places(y)?);
        Ok(())
    }
}
