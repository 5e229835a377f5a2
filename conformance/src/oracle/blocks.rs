//! Larger blocks, each the closed form of the whole: real numbers all through, none rounded between.

use super::attention::{Attention, Spelling, spelled};
use super::conv::{Steps, conv};
use super::matmul;
use super::norm::{Centre, along};
use super::rope::rope;
use super::unary;
use crate::compare::Expected;
use crate::tensor::{Tensor, Values};
use crate::tolerance::{BLOCK, FUSED};
use rlx_ir::DType;
use rlx_ir::op::{Activation, MaskKind, RopeStyle};

/// `x w + residual`.
pub fn matmul_residual(operands: &[Tensor], dims: &[usize]) -> Expected {
    let product = matmul::matmul(&operands[0], &operands[1], dims);
    added(product, &operands[2].reals(), |at| at)
}

/// `activation(conv(x, w) + bias)`, with a residual added before the activation where there is a fourth operand.
pub fn conv_bias_act(operands: &[Tensor], steps: &Steps, kind: Option<Activation>, dims: &[usize]) -> Expected {
    let places = dims[2] * dims[3];
    let sum = conv(&operands[0], &operands[1], steps, dims);
    let mut sum = added(sum, &operands[2].reals(), |at| at / places % dims[1]);
    if let Some(residual) = operands.get(3) {
        sum = added(sum, &residual.reals(), |at| at);
    }
    if let (Values::Real(values), Some(kind)) = (&mut sum.values, kind) {
        values.iter_mut().for_each(|value| *value = unary::value(kind, *value));
    }
    sum
}

fn added(mut expected: Expected, more: &[f64], from: impl Fn(usize) -> usize) -> Expected {
    if let Values::Real(values) = &mut expected.values {
        values.iter_mut().enumerate().for_each(|(at, value)| *value += more[from(at)]);
    }
    if let Some(scale) = &mut expected.scale {
        scale.iter_mut().enumerate().for_each(|(at, size)| *size += more[from(at)].abs());
    }
    Expected { tolerance: FUSED, ..expected }
}

/// A tensor of real numbers.
fn real(dims: &[usize], values: Vec<f64>) -> Tensor {
    Tensor { dims: dims.to_vec(), dtype: DType::F64, values: Values::Real(values) }
}

fn reals(expected: Expected) -> Tensor {
    Tensor { dims: expected.dims, dtype: DType::F64, values: expected.values }
}

/// `x w + bias`.
fn linear(x: &Tensor, w: &Tensor, bias: Option<&Tensor>) -> Tensor {
    let mut dims = x.dims.clone();
    let (last, width) = (dims.len() - 1, w.dims[1]);
    dims[last] = width;
    let product = reals(matmul::matmul(x, w, &dims));
    match bias {
        Some(bias) => sum(&product, bias),
        None => product,
    }
}

/// The sum of two, of which the second is repeated.
fn sum(x: &Tensor, y: &Tensor) -> Tensor {
    let more = y.reals();
    real(&x.dims, x.reals().into_iter().enumerate().map(|(at, value)| value + more[at % more.len()]).collect())
}

/// Every value without its sign.
fn sizes(x: &Tensor) -> Tensor {
    real(&x.dims, x.reals().into_iter().map(f64::abs).collect())
}

/// Part `i` of three of the last axis.
fn third(qkv: &Tensor, i: usize) -> Tensor {
    let last = qkv.dims.len() - 1;
    let mut dims = qkv.dims.clone();
    dims[last] /= 3;
    let width = dims[last];
    let rows = qkv.reals();
    let values = rows.chunks_exact(3 * width).flat_map(|row| row[i * width..(i + 1) * width].to_vec()).collect();
    real(&dims, values)
}

/// Weights and biases of projections.
struct Projections<'a> {
    qkv: (&'a Tensor, Option<&'a Tensor>),
    out: (&'a Tensor, Option<&'a Tensor>),
    tables: Option<(&'a Tensor, &'a Tensor)>,
}

/// The block's value, and the size of the sums that it is made of.
fn attended(x: &Tensor, mask: &Tensor, weights: &Projections<'_>, size: usize) -> (Tensor, Tensor) {
    let qkv = linear(x, weights.qkv.0, weights.qkv.1);
    let turned = |part: Tensor| match weights.tables {
        Some((cos, sin)) => reals(rope(&part, cos, sin, size, size, RopeStyle::NeoX)),
        None => part,
    };
    let (q, k, v) = (turned(third(&qkv, 0)), turned(third(&qkv, 1)), third(&qkv, 2));
    let attributes = Attention { mask: MaskKind::Custom, scale: 1.0 / (size as f64).sqrt(), cap: None };
    let of = |v: Tensor| {
        let operands = [q.clone(), k.clone(), v, mask.clone()];
        spelled(&attributes, &operands, Spelling::Packed, [size, size])
    };
    let found = linear(&reals(of(v)), weights.out.0, weights.out.1);
    // The same with all that is added, in place of its sum.
    let terms = linear(&sizes(x), &sizes(weights.qkv.0), weights.qkv.1.map(sizes).as_ref());
    let large = of(third(&terms, 2));
    let large = real(&large.dims, large.scale.unwrap_or_default());
    (found, linear(&large, &sizes(weights.out.0), weights.out.1.map(sizes).as_ref()))
}

/// The operands hidden, qkv_w, out_w, mask, then qkv_b and out_b with a bias, then cosines and sines with rope.
pub fn attention_block(x: &[Tensor], size: usize, has_bias: bool, has_rope: bool) -> Expected {
    let tables = if has_bias { 6 } else { 4 };
    let bias = |at: usize| has_bias.then(|| &x[at]);
    let weights = Projections {
        qkv: (&x[1], bias(4)),
        out: (&x[2], bias(5)),
        tables: has_rope.then(|| (&x[tables], &x[tables + 1])),
    };
    let (found, scale) = attended(&x[0], &x[3], &weights, size);
    Expected::real(x[0].dtype, &x[0].dims, found.reals(), BLOCK).scaled(scale.reals()).of_terms(x[0].dims[2])
}

/// The attributes of a layer of a transformer.
#[derive(Debug, Clone, Copy)]
pub struct Block {
    /// How many values each has.
    pub size: usize,
    /// Of the first norm and of the second.
    pub eps: [f32; 2],
    /// Between the two products.
    pub activation: Activation,
    /// Whether products and norms have biases.
    pub has_bias: bool,
}

/// `h = norm(x + attention(x))`, then `norm(h + w2 activation(w1 h))`. Operands hidden, qkv, out, the first norm, both products,
/// the second norm, each with its bias where there are biases, and the mask of keys.
pub fn transformer_layer(x: &[Tensor], block: Block) -> Expected {
    let step = if block.has_bias { 2 } else { 1 };
    let pair = |i: usize| (&x[1 + i * step], block.has_bias.then(|| &x[2 + i * step]));
    let weights = Projections { qkv: pair(0), out: pair(1), tables: None };
    let (found, _) = attended(&x[0], &x[1 + 6 * step], &weights, block.size);
    let last = x[0].dims.len() - 1;
    let norm = |value: &Tensor, (gamma, beta): (&Tensor, Option<&Tensor>), eps| {
        let zeros = real(&gamma.dims, vec![0.0; gamma.dims[0]]);
        along(value, (gamma, beta.unwrap_or(&zeros)), last, eps, Centre::Mean)
    };
    let h = reals(norm(&sum(&found, &x[0]), pair(2), block.eps[0]));
    let inner = linear(&h, pair(3).0, pair(3).1);
    let inner = real(&inner.dims, inner.reals().into_iter().map(|v| unary::value(block.activation, v)).collect());
    let expected = norm(&sum(&linear(&inner, pair(4).0, pair(4).1), &h), pair(5), block.eps[1]);
    // Rows are sums of terms that are larger than their spread, at most by so much.
    let size = expected.scale.iter().flatten().fold(1.0f64, |a, &b| a.max(b));
    let scale = vec![4.0 * size; expected.values.len()];
    let terms = x[0].dims[last];
    Expected { dtype: x[0].dtype, tolerance: BLOCK, ..expected }.scaled(scale).of_terms(terms)
}
