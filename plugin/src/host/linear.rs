//! Products of f32 with weights, with what follows them.

use super::code::{HostCode, Rows};
use super::elements;
use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{Error, TensorView};
use rlx_mlx_cpu::gemm;
use rlx_mlx_cpu::vector::Function;

/// A matrix `[k, n]` in the form that [`Linear`] takes.
pub(crate) struct Pack {
    pub(crate) k: usize,
    pub(crate) n: usize,
}

impl HostCode for Pack {
    fn why(&self) -> &'static str {
        "weights are packed once, and what follows is computed while the product is in the cache"
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        let ([w], [packed]) = (operands, results) else { return Err(Error::fault("a packed form of one operand")) };
        gemm::pack([self.k, self.n], elements::of(w)?, [self.n, 1], elements::places(packed)?);
        Ok(())
    }
}

/// What is done to a product; each operand is the next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// Plus an operand with one element a column.
    Bias,
    /// Plus an operand of the result's shape.
    Add,
    /// A function of each element.
    Map(Function),
}

/// The product of x, whose last axis has k elements, with a packed matrix `[k, n]`, and steps behind it. Operands are x, those
/// of [`Step::Add`], the matrix, those of [`Step::Bias`].
pub(crate) struct Linear {
    pub(crate) k: usize,
    pub(crate) n: usize,
    pub(crate) rank: usize,
    pub(crate) steps: Vec<Step>,
}

impl Linear {
    fn count(&self, step: Step) -> usize {
        self.steps.iter().filter(|&&other| other == step).count()
    }
}

impl HostCode for Linear {
    fn why(&self) -> &'static str {
        "weights are packed once, and what follows is computed while the product is in the cache"
    }

    fn rows(&self) -> Rows {
        if self.rank > 1 { Rows::Leading(1 + self.count(Step::Add)) } else { Rows::Mixed }
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        let missing = || Error::fault("operands of a product are missing");
        let (mut adds, mut biases) = (1, 2 + self.count(Step::Add));
        let w = operands.get(biases - 1).ok_or_else(missing)?;
        let next = |at: &mut usize| {
            *at += 1;
            operands.get(*at - 1).ok_or_else(missing).and_then(elements::of::<f32>)
        };
        let mut steps = Vec::with_capacity(self.steps.len());
        for &step in &self.steps {
            steps.push(match step {
                Step::Bias => gemm::Step::Bias(next(&mut biases)?),
                Step::Add => gemm::Step::Add(next(&mut adds)?),
                Step::Map(function) => gemm::Step::Map(function),
            });
        }
        let ([x, ..], [y]) = (operands, results) else { return Err(missing()) };
        let (x, y) = (elements::of::<f32>(x)?, elements::places::<f32>(y)?);
        let m = y.len().checked_div(self.n).unwrap_or(0);
        gemm::product([m, self.k, self.n], gemm::Rows { data: x, stride: self.k }, elements::of(w)?, &steps, y);
        Ok(())
    }
}
