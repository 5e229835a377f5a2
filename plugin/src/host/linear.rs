//! Products of f32 with weights, with what follows them.

use super::bridge::{self, HostNode};
use super::code::{HostCode, Rows};
use super::elements;
use super::failures::Failures;
use crate::mlx::array::{Array, eval};
use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{DType, Error, TensorInfo, TensorView};
use rlx_mlx_cpu::gemm;
use rlx_mlx_cpu::vector::Function;
use std::sync::Arc;

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

/// A packed matrix `[k, n]` that shows a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packed {
    pub(crate) k: usize,
    pub(crate) n: usize,
    pub(crate) shown: Shown,
}

/// How a matrix shows a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    AsIs,
    Transposed,
}

impl Packed {
    /// The parameter again, evaluated; `name` is for errors. The thread has a turn on a lane.
    pub(crate) fn unpack(self, packed: &Array, name: &str, failures: &Arc<Failures>) -> Result<Array, Error> {
        let info = |dims: Vec<i64>| TensorInfo { name: String::new(), dtype: DType::F32, dims };
        let host = HostNode {
            operands: vec![info(packed.dims()?.into_iter().map(i64::from).collect())],
            results: vec![info(vec![self.k as i64, self.n as i64])],
            place: format!("parameter `{name}`"),
            failures,
        };
        let mut made = bridge::build(Box::new(Unpack(self)), host, &[packed])?;
        let matrix = made.pop().ok_or_else(|| Error::fault("host code gives nothing"))?;
        let param = match self.shown {
            Shown::AsIs => matrix,
            Shown::Transposed => matrix.transpose(&[1, 0])?.contiguous()?,
        };
        eval(std::slice::from_ref(&param))?;
        Ok(param)
    }
}

/// The inverse of [`Pack`].
struct Unpack(Packed);

impl HostCode for Unpack {
    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        let ([packed], [w]) = (operands, results) else { return Err(Error::fault("a packed form is unpacked alone")) };
        gemm::unpack([self.0.k, self.0.n], elements::of(packed)?, elements::places(w)?);
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
