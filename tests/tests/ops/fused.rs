//! The ops that fusion makes, against the compositions they stand for, computed by loops in f64.

use crate::attention::Reference;
use crate::matmul::{assert_product, product};
use crate::norm::{Norm, assert_norm, norm};
use crate::rope::rotated;
use rlx_ir::op::{Activation, RopeStyle};
use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_within, epsilon};
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run_one};
use rlx_mlx_tests::tensor::Tensor;
use rlx_mlx_tests::{compare, oracle};

const HEADS: usize = 2;
const HEAD_DIM: usize = 4;
const HIDDEN: usize = HEADS * HEAD_DIM;
const INNER: usize = 12;

/// At most six products in a row, each of at most 12 terms that stay below 1 (weights are scaled down by the root of
/// their rows), summed in f32; the softmax and the norms in between amplify an error by less than 4.
const BLOCK: f64 = 4.0 * 6.0 * 12.0 * f32::EPSILON as f64;

fn add(a: &Tensor, b: &Tensor) -> Tensor {
    let values = rlx_mlx_tests::tensor::indices(&a.dims).map(|i| a.at(&i) + b.broadcast_at(&i));
    Tensor::of(DType::F64, &a.dims, values.collect::<Vec<_>>())
}

fn linear(x: &Tensor, w: &Tensor, bias: Option<&Tensor>) -> Tensor {
    let y = product(x, w);
    let y = Tensor::of(DType::F64, &y.dims, y.values);
    bias.map_or(y.clone(), |bias| add(&y, bias))
}

/// Weights whose products keep the size of their input.
fn weight(rows: usize, columns: usize, seed: u64) -> Tensor {
    Tensor::random(&[rows, columns], seed).map(|v| v / (rows as f64).sqrt())
}

fn gelu(v: f64) -> f64 {
    0.5 * v * (1.0 + libm::erf(v * std::f64::consts::FRAC_1_SQRT_2))
}

#[test]
fn a_batch_of_matrices_with_an_empty_axis_times_a_matrix_plus_bias_is_the_bias() {
    for (x, w) in
        [([3, 2, 0], [0, 2]), ([0, 2, 3], [3, 2]), ([2, 0, 3], [3, 2]), ([2, 2, 3], [3, 0]), ([0, 2, 0], [0, 2])]
    {
        let bias = Tensor::random(&w[1..], 3);
        let dims = [x[0], x[1], w[1]];
        let op = Op::FusedMatMulBiasAct { activation: None };
        let operands = [&Tensor::random(&x, 1), &Tensor::random(&w, 2), &bias];
        for layout in Layout::ALL {
            let got = run_one(&one_op(op.clone(), &operands, layout, &dims, DType::F32));
            // Only where the inner axis is the empty one is there a value at all.
            assert_eq!(got.values, bias.values.repeat(x[0] * x[1]), "{x:?} @ {w:?}, {layout:?}");
        }
    }
}

#[test]
fn matmul_bias_activation() {
    type Row = (Option<Activation>, fn(f64) -> f64);
    let rows: [Row; 5] = [
        (None, |v| v),
        (Some(Activation::Relu), |v| v.max(0.0)),
        (Some(Activation::Gelu), gelu),
        (Some(Activation::Silu), |v| v / (1.0 + (-v).exp())),
        (Some(Activation::Tanh), f64::tanh),
    ];
    for (activation, f) in rows {
        for (x, w) in [(&[3, 5][..], &[5, 4][..]), (&[2, 3, 7], &[7, 6]), (&[1, 1], &[1, 1]), (&[0, 5], &[5, 4])] {
            let (x, w) = (Tensor::random(x, 1), Tensor::random(w, 2));
            let bias = Tensor::random(&w.dims[1..], 3);
            let mut want = product(&x, &w);
            for (i, value) in want.values.iter_mut().enumerate() {
                let b = bias.values[i % bias.values.len()];
                *value = f(*value + b);
                // None of the functions is steeper than 1.2; and they err by a few epsilons of the sum themselves.
                want.magnitudes[i] = 1.2 * (want.magnitudes[i] + b.abs());
            }
            want.terms += 4;
            for layout in Layout::ALL {
                let case =
                    one_op(Op::FusedMatMulBiasAct { activation }, &[&x, &w, &bias], layout, &want.dims, DType::F32);
                assert_product(&format!("{activation:?}, {layout:?}"), &run_one(&case), &want);
            }
        }
    }
}

#[test]
fn residual_norms() {
    let (x, residual) = (Tensor::random(&[2, 3, 9], 1), Tensor::random(&[2, 3, 9], 2));
    let [bias, gamma, beta] = [3, 4, 5].map(|seed| Tensor::random(&[9], seed));
    for has_bias in [false, true] {
        let sum = add(&x, &residual);
        let sum = if has_bias { add(&sum, &bias) } else { sum };
        let mut operands = vec![&x, &residual];
        operands.extend(has_bias.then_some(&bias));
        operands.extend([&gamma, &beta]);
        for (kind, op) in [
            (Norm::Layer, Op::FusedResidualLN { has_bias, eps: 1e-5 }),
            (Norm::Rms, Op::FusedResidualRmsNorm { has_bias, eps: 1e-5 }),
        ] {
            let want = norm(kind, &sum, &gamma, &beta, 2, 1e-5);
            for layout in Layout::ALL {
                let got = run_one(&one_op(op.clone(), &operands, layout, &[2, 3, 9], DType::F32));
                assert_norm(&format!("{kind:?}, bias {has_bias}, {layout:?}"), &got, &want, 9);
            }
        }
    }
}

#[test]
fn swiglu_halves_the_last_axis() {
    for dims in [&[2][..], &[3, 8], &[2, 3, 10], &[0, 4], &[2, 1, 3, 6]] {
        let x = Tensor::random(dims, 7);
        let half = dims[dims.len() - 1] / 2;
        let mut out = dims.to_vec();
        out[dims.len() - 1] = half;
        for gate_first in [false, true] {
            let want: Vec<f64> = rlx_mlx_tests::tensor::indices(&out)
                .map(|index| {
                    let mut high = index.clone();
                    high[dims.len() - 1] += half;
                    let (low, high) = (x.at(&index), x.at(&high));
                    let (up, gate) = if gate_first { (high, low) } else { (low, high) };
                    up * gate / (1.0 + (-gate).exp())
                })
                .collect();
            for layout in Layout::ALL {
                let op = Op::FusedSwiGLU { cast_to: None, gate_first };
                let got = run_one(&one_op(op, &[&x], layout, &out, DType::F32));
                compare::assert_ulps(&format!("swiglu {gate_first} {layout:?}"), &got, &want, 6.0);
            }
        }
    }
    let op = Op::FusedSwiGLU { cast_to: None, gate_first: false };
    let error = refusal(&one_op(op, &[&Tensor::random(&[2, 3], 1)], Layout::Dense, &[2, 1], DType::F32));
    assert!(error.message().contains("FusedSwiGLU") && error.message().contains("odd"), "{error}");
}

#[test]
fn swiglu_casts_its_result() {
    let x = Tensor::random(&[3, 8], 7);
    let silu = |v: f64| v / (1.0 + (-v).exp());
    let want: Vec<f64> = (0..12).map(|i| x.at(&[i / 4, i % 4]) * silu(x.at(&[i / 4, i % 4 + 4]))).collect();
    let op = Op::FusedSwiGLU { cast_to: Some(DType::F16), gate_first: false };
    let got = run_one(&one_op(op, &[&x], Layout::Dense, &[3, 4], DType::F16));
    assert_within("swiglu in f16", &got, &want, |_, w| epsilon(DType::F16) * w.abs());
}

/// Part `i` of a `[B,S,3*HIDDEN]` projection as `[B,S,HIDDEN]`.
fn part(qkv: &Tensor, i: usize) -> Tensor {
    let dims = [qkv.dims[0], qkv.dims[1], HIDDEN];
    let values = rlx_mlx_tests::tensor::indices(&dims).map(|at| qkv.at(&[at[0], at[1], i * HIDDEN + at[2]]));
    Tensor::of(DType::F64, &dims, values.collect::<Vec<_>>())
}

struct Attention<'a> {
    qkv: (&'a Tensor, Option<&'a Tensor>),
    out: (&'a Tensor, Option<&'a Tensor>),
    rope: Option<(&'a Tensor, &'a Tensor)>,
    mask: &'a Tensor,
}

impl Attention<'_> {
    fn run(&self, hidden: &Tensor) -> Tensor {
        let (b, s) = (hidden.dims[0], hidden.dims[1]);
        let qkv = linear(hidden, self.qkv.0, self.qkv.1);
        let heads = |x: Tensor| x.reshaped(&[b, s, HEADS, HEAD_DIM]).permuted(&[0, 2, 1, 3]);
        let turned = |x: Tensor| match self.rope {
            Some((cos, sin)) => {
                let angle = |p, i| (cos.at(&[p, i]), sin.at(&[p, i]));
                let values = rotated(&x, HEAD_DIM, HEAD_DIM, RopeStyle::NeoX, angle);
                Tensor::of(DType::F64, &x.dims, values)
            }
            None => x,
        };
        let attends = |[b, _, _, j]: [usize; 4]| self.mask.at(&[b, j]) >= 0.5;
        let scale = 1.0 / (HEAD_DIM as f64).sqrt();
        let out = Reference { scale, cap: None, attends: &attends, bias: &|_| 0.0 }.run(
            &heads(turned(part(&qkv, 0))),
            &heads(turned(part(&qkv, 1))),
            &heads(part(&qkv, 2)),
        );
        linear(&out.permuted(&[0, 2, 1, 3]).reshaped(&[b, s, HIDDEN]), self.out.0, self.out.1)
    }
}

fn mask() -> Tensor {
    Tensor::f32(&[2, 5], [1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0])
}

#[test]
fn attention_block_with_and_without_bias_and_rope() {
    let hidden = Tensor::random(&[2, 5, HIDDEN], 1);
    let (qkv, out) = (weight(HIDDEN, 3 * HIDDEN, 2), weight(HIDDEN, HIDDEN, 3));
    let (qkv_b, out_b) = (Tensor::random(&[3 * HIDDEN], 4), Tensor::random(&[HIDDEN], 5));
    let angles = Tensor::random(&[5, HEAD_DIM / 2], 6);
    let (cos, sin, mask) = (angles.map(f64::cos), angles.map(f64::sin), mask());
    for has_bias in [false, true] {
        for has_rope in [false, true] {
            let bias = |b| if has_bias { Some(b) } else { None };
            let rope = has_rope.then_some((&cos, &sin));
            let want =
                Attention { qkv: (&qkv, bias(&qkv_b)), out: (&out, bias(&out_b)), rope, mask: &mask }.run(&hidden);
            let mut operands = vec![&hidden, &qkv, &out, &mask];
            operands.extend(has_bias.then_some([&qkv_b, &out_b]).into_iter().flatten());
            operands.extend(has_rope.then_some([&cos, &sin]).into_iter().flatten());
            let op = Op::FusedAttentionBlock { num_heads: HEADS, head_dim: HEAD_DIM, has_bias, has_rope };
            for layout in Layout::ALL {
                let got = run_one(&one_op(op.clone(), &operands, layout, &[2, 5, HIDDEN], DType::F32));
                assert_within(&format!("block, bias {has_bias}, rope {has_rope}"), &got, &want.values, |_, _| BLOCK);
            }
        }
    }
}

#[test]
fn transformer_layer() {
    let hidden = Tensor::random(&[2, 5, HIDDEN], 1);
    let (qkv, out) = (weight(HIDDEN, 3 * HIDDEN, 2), weight(HIDDEN, HIDDEN, 3));
    let (fc1, fc2) = (weight(HIDDEN, INNER, 4), weight(INNER, HIDDEN, 5));
    let [ln1_g, ln1_b, ln2_g, ln2_b, out_b, fc2_b] = [6, 7, 8, 9, 10, 11].map(|seed| Tensor::random(&[HIDDEN], seed));
    let (qkv_b, fc1_b, mask) = (Tensor::random(&[3 * HIDDEN], 12), Tensor::random(&[INNER], 13), mask());
    let zero = Tensor::f32(&[HIDDEN], [0.0; HIDDEN]);
    for has_bias in [false, true] {
        let bias = |b| if has_bias { Some(b) } else { None };
        let attention = Attention { qkv: (&qkv, bias(&qkv_b)), out: (&out, bias(&out_b)), rope: None, mask: &mask };
        let normed = |x: &Tensor, gamma, beta, eps| {
            let beta = if has_bias { beta } else { &zero };
            Tensor::of(DType::F64, &x.dims, norm(Norm::Layer, x, gamma, beta, 2, eps))
        };
        let h = normed(&add(&hidden, &attention.run(&hidden)), &ln1_g, &ln1_b, 1e-5);
        let inner = linear(&h, &fc1, bias(&fc1_b)).map(gelu);
        let want = normed(&add(&h, &linear(&inner, &fc2, bias(&fc2_b))), &ln2_g, &ln2_b, 1e-12);
        let operands = if has_bias {
            vec![&hidden, &qkv, &qkv_b, &out, &out_b, &ln1_g, &ln1_b, &fc1, &fc1_b, &fc2, &fc2_b, &ln2_g, &ln2_b, &mask]
        } else {
            vec![&hidden, &qkv, &out, &ln1_g, &fc1, &fc2, &ln2_g, &mask]
        };
        let op = Op::FusedTransformerLayer {
            num_heads: HEADS,
            head_dim: HEAD_DIM,
            intermediate_size: INNER,
            eps1: 1e-5,
            eps2: 1e-12,
            activation: Activation::Gelu,
            has_bias,
        };
        let got = run_one(&one_op(op, &operands, Layout::Dense, &[2, 5, HIDDEN], DType::F32));
        assert_within(&format!("layer, bias {has_bias}"), &got, &want.values, |_, _| BLOCK);
    }
}

/// The loops above and rlx-cpu read the operands of a block alike.
#[test]
fn rlx_cpu_agrees_on_the_attention_block() {
    let hidden = Tensor::random(&[2, 5, HIDDEN], 1);
    let (qkv, out) = (weight(HIDDEN, 3 * HIDDEN, 2), weight(HIDDEN, HIDDEN, 3));
    let (qkv_b, out_b, mask) = (Tensor::random(&[3 * HIDDEN], 4), Tensor::random(&[HIDDEN], 5), mask());
    let op = Op::FusedAttentionBlock { num_heads: HEADS, head_dim: HEAD_DIM, has_bias: true, has_rope: false };
    let operands = [&hidden, &qkv, &out, &mask, &qkv_b, &out_b];
    let case = one_op(op, &operands, Layout::Dense, &[2, 5, HIDDEN], DType::F32);
    let want = oracle::run(&case).remove(0);
    assert_within("block on rlx-cpu", &run_one(&case), &want, |_, _| 2.0 * BLOCK);
}
