//! Blocks of several ops in one node, each the closed form of the whole: nothing is rounded between.

use super::norm::{Centre, norm};
use super::{matmul, unary};
use crate::case::each;
use crate::compare::Expected;
use crate::tensor::{Tensor, Values, offset};
use crate::tolerance::{FUSED, TAN};
use rlx_ir::DType;
use rlx_ir::op::Activation;

/// `activation(x w + bias)`.
pub fn matmul_bias_act(
    x: &Tensor,
    w: &Tensor,
    bias: &Tensor,
    activation: Option<Activation>,
    dims: &[usize],
) -> Expected {
    let mut expected = matmul::matmul(x, w, dims);
    let bias = bias.reals();
    let shift = |at: usize| bias[at % bias.len()];
    if let Values::Real(values) = &mut expected.values {
        for (at, value) in values.iter_mut().enumerate() {
            let sum = *value + shift(at);
            *value = activation.map_or(sum, |kind| unary::value(kind, sum));
        }
    }
    if let Some(scale) = &mut expected.scale {
        scale.iter_mut().enumerate().for_each(|(at, size)| *size += shift(at).abs());
    }
    Expected { tolerance: FUSED, ..expected }
}

/// One half of the last axis times the silu of the other, which is the second half, or the first where `gate_first`.
pub fn swiglu(x: &Tensor, gate_first: bool, dims: &[usize]) -> Expected {
    let (values, half) = (x.reals(), dims[dims.len() - 1]);
    let last = dims.len() - 1;
    let found = each(dims, |mut index| {
        let first = values[offset(&x.dims, &index)];
        index[last] += half;
        let second = values[offset(&x.dims, &index)];
        let (gate, up) = if gate_first { (first, second) } else { (second, first) };
        up * unary::value(Activation::Silu, gate)
    });
    Expected::real(x.dtype, dims, found, TAN)
}

/// The norm along the last axis of x + residual, and + bias where there is one: then scale and shift.
pub fn residual_norm(operands: &[Tensor], has_bias: bool, eps: f32, centre: Centre) -> Expected {
    let x = &operands[0];
    let (values, residual) = (x.reals(), operands[1].reals());
    let bias = if has_bias { operands[2].reals() } else { vec![0.0; x.dims[x.dims.len() - 1]] };
    let parts = |at: usize| [values[at], residual[at], bias[at % bias.len()]];
    let sums: Vec<f64> = (0..values.len()).map(|at| parts(at).iter().sum()).collect();
    let sum = Tensor::real(DType::F64, &x.dims, sums);
    let affine = &operands[2 + usize::from(has_bias)..];
    let last = x.dims.len() - 1;
    let line = |index: &[usize]| offset(&x.dims[..last], &index[..last]);
    let size = |at: usize| parts(at).iter().map(|part| part.abs()).sum();
    let expected = norm(&sum, (&affine[0], &affine[1]), eps, centre, line, |index| index[last], size);
    Expected { dtype: x.dtype, ..expected }
}
