//! Products of floats with weights, with what follows them.

use super::bridge::{self, HostNode};
use super::code::{HostCode, Rows};
use super::elements::{self, of_float};
use super::reports::Reports;
use crate::mlx::array::{Array, eval};
use bytemuck::Pod;
use half::{bf16, f16};
use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{DType, Error, TensorInfo, TensorView};
use rlx_mlx_cpu::gemm::{self, Element};
use rlx_mlx_cpu::vector::Function;
use rlx_mlx_cpu::vector::stored::narrow;
use std::sync::Arc;

/// Elements of a packed matrix `[k, n]`.
pub(crate) fn packed_len(dtype: DType, k: usize, n: usize) -> Result<usize, Error> {
    fn typed<T: Element>(k: usize, n: usize) -> Result<usize, Error> {
        Ok(gemm::packed_len_of::<T>(k, n))
    }
    of_float!(dtype, typed(k, n))
}

/// A matrix `[k, n]` in the form that [`Linear`] takes, in the dtype of the result, which holds its numbers. The operand is that
/// matrix, or the one that it shows transposed, `[n, k]`.
pub(crate) struct Pack {
    pub(crate) k: usize,
    pub(crate) n: usize,
    pub(crate) shown: Shown,
}

impl HostCode for Pack {
    fn why(&self) -> &'static str {
        "weights are packed once, and what follows is computed while the product is in the cache"
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        fn typed<W: Element + Pod>(
            [dims, strides]: [[usize; 2]; 2],
            w: &TensorView<'_>,
            packed: &mut TensorViewMut<'_>,
        ) -> Result<(), Error> {
            gemm::pack(dims, elements::of::<W>(w)?, strides, elements::places(packed)?);
            Ok(())
        }
        fn narrowed<W: Element<Sum = f32> + Pod>(
            [dims, strides]: [[usize; 2]; 2],
            w: &TensorView<'_>,
            packed: &mut TensorViewMut<'_>,
        ) -> Result<(), Error> {
            let w = elements::of::<f32>(w)?;
            let mut stored = vec![W::ZERO; w.len()];
            narrow(w, &mut stored);
            gemm::pack(dims, &stored, strides, elements::places(packed)?);
            Ok(())
        }
        let ([w], [packed]) = (operands, results) else { return Err(Error::fault("a packed form of one operand")) };
        let strides = match self.shown {
            Shown::AsIs => [self.n, 1],
            Shown::Transposed => [1, self.k],
        };
        let dims = [[self.k, self.n], strides];
        match (w.dtype, packed.dtype) {
            (DType::F32, DType::F16) => narrowed::<f16>(dims, w, packed),
            (DType::F32, DType::BF16) => narrowed::<bf16>(dims, w, packed),
            (dtype, _) => of_float!(dtype, typed(dims, w, packed)),
        }
    }
}

/// A packed matrix `[k, n]` that shows a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Packed {
    pub(crate) k: usize,
    pub(crate) n: usize,
    pub(crate) dtype: DType,
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
    pub(crate) fn unpack(self, packed: &Array, name: &str, reports: &Arc<Reports>) -> Result<Array, Error> {
        let info = |dims: Vec<i64>| TensorInfo { name: String::new(), dtype: self.dtype, dims };
        let host = HostNode {
            operands: vec![info(packed.dims()?.into_iter().map(i64::from).collect())],
            results: vec![info(vec![self.k as i64, self.n as i64])],
            place: format!("parameter `{name}`"),
            reports,
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
        fn typed<T: Element + Pod>(
            Packed { k, n, .. }: Packed,
            packed: &TensorView<'_>,
            w: &mut TensorViewMut<'_>,
        ) -> Result<(), Error> {
            gemm::unpack::<T>([k, n], elements::of(packed)?, elements::places(w)?);
            Ok(())
        }
        let ([packed], [w]) = (operands, results) else { return Err(Error::fault("a packed form is unpacked alone")) };
        of_float!(packed.dtype, typed(self.0, packed, w))
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

    fn operations(&self, elements: u64) -> u64 {
        2 * self.k as u64 * elements
    }

    fn rows(&self) -> Rows {
        if self.rank > 1 { Rows::Leading(1 + self.count(Step::Add)) } else { Rows::Mixed }
    }

    fn overwritable(&self) -> Option<usize> {
        (self.count(Step::Add) > 0).then_some(1)
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        let ([x, ..], Some(w)) = (operands, operands.get(1 + self.count(Step::Add))) else { return Err(missing()) };
        match (x.dtype, w.dtype) {
            (DType::F16, DType::F16) => self.product::<f16, f16>(operands, results),
            (DType::BF16, DType::BF16) => self.product::<bf16, bf16>(operands, results),
            (DType::F32, DType::F32) => self.product::<f32, f32>(operands, results),
            (DType::F64, DType::F64) => self.product::<f64, f64>(operands, results),
            (DType::F32, DType::F16) => self.product::<f32, f16>(operands, results),
            (DType::F32, DType::BF16) => self.product::<f32, bf16>(operands, results),
            (x, w) => Err(Error::fault(format!("a product of {x} and {w}"))),
        }
    }
}

impl Linear {
    fn product<X: Element + Pod, W: Element<Sum = X::Sum> + Pod>(
        &self,
        operands: &[TensorView<'_>],
        results: &mut [TensorViewMut<'_>],
    ) -> Result<(), Error> {
        let (mut adds, mut biases) = (1, 2 + self.count(Step::Add));
        let w = operands.get(biases - 1).ok_or_else(missing)?;
        let next = |at: &mut usize| {
            *at += 1;
            operands.get(*at - 1).ok_or_else(missing).and_then(elements::of::<X>)
        };
        let mut steps = Vec::with_capacity(self.steps.len());
        for &step in &self.steps {
            steps.push(match step {
                Step::Bias => gemm::Step::Bias(next(&mut biases)?),
                Step::Add => match next(&mut adds)? {
                    [] => gemm::Step::AddResult,
                    more => gemm::Step::Add(more),
                },
                Step::Map(function) => gemm::Step::Map(function),
            });
        }
        let ([x, ..], [y]) = (operands, results) else { return Err(missing()) };
        let (x, y) = (elements::of::<X>(x)?, elements::places::<X>(y)?);
        let m = y.len().checked_div(self.n).unwrap_or(0);
        gemm::product([m, self.k, self.n], gemm::Rows { data: x, stride: self.k }, elements::of::<W>(w)?, &steps, y);
        Ok(())
    }
}

fn missing() -> Error {
    Error::fault("operands of a product are missing")
}
