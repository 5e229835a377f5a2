//! Ops of several steps: halves are rounded once, at the end, and f64 is computed in f64.

use crate::attention::Reference;
use crate::norm::{Norm, norm};
use crate::rope::rotated;
use rlx_ir::op::{Activation, BinaryOp, ChainOperand, ChainStep, MaskKind, RegionPrologue, RopeStyle};
use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon};
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices};

const FLOATS: [DType; 4] = [DType::F16, DType::BF16, DType::F32, DType::F64];

/// Values of size 1 that f64 alone holds, rounded to the dtype.
fn fine(dims: &[usize], seed: u64, dtype: DType) -> Tensor {
    let (high, low) = (Tensor::random(dims, seed), Tensor::random(dims, seed + 1000));
    let values = high.values.iter().zip(&low.values).map(|(high, low)| high + low * 2f64.powi(-26));
    Tensor::of(dtype, dims, values.collect::<Vec<_>>())
}

/// Asserts that a value is off by half of its own last place and `steps` roundings of size `size` in the dtype that it is
/// computed in.
fn assert_rounded_once(what: &str, got: &Tensor, want: &[f64], steps: f64, size: f64) {
    let wide = if got.dtype == DType::F64 { f64::EPSILON } else { f32::EPSILON.into() };
    assert_within(what, got, want, |_, w| 0.5 * epsilon(got.dtype) * w.abs() + steps * wide * size);
}

fn silu(v: f64) -> f64 {
    v / (1.0 + (-v).exp())
}

fn gelu(v: f64) -> f64 {
    0.5 * v * libm::erfc(-v * std::f64::consts::FRAC_1_SQRT_2)
}

#[test]
fn a_product_with_an_activation() {
    type Row = (Activation, fn(f64) -> f64);
    let rows: [Row; 4] = [
        (Activation::Gelu, gelu),
        (Activation::Silu, silu),
        (Activation::Tanh, f64::tanh),
        (Activation::Sigmoid, |v| 1.0 / (1.0 + (-v).exp())),
    ];
    // As many rows as make it worth to pack weights that are no parameters, too.
    for (dtype, rows_of_x) in FLOATS.into_iter().flat_map(|dtype| [(dtype, 5), (dtype, 40)]) {
        let (x, w, bias) = (fine(&[rows_of_x, 12], 1, dtype), fine(&[12, 7], 2, dtype), fine(&[7], 3, dtype));
        for (kind, f) in rows {
            let want: Vec<f64> = indices(&[rows_of_x, 7])
                .map(|i| f((0..12).map(|k| x.at(&[i[0], k]) * w.at(&[k, i[1]])).sum::<f64>() + bias.at(&[i[1]])))
                .collect();
            for layout in Layout::ALL {
                let op = Op::FusedMatMulBiasAct { activation: Some(kind) };
                let got = run_one(&one_op(op, &[&x, &w, &bias], layout, &[rows_of_x, 7], dtype));
                // Twelve products below 4 each, and a slope below 1.2.
                assert_rounded_once(&format!("{kind:?} of {dtype:?}"), &got, &want, 16.0, 1.2 * 48.0);
            }
        }
    }
}

#[test]
fn a_gated_unit() {
    for dtype in FLOATS {
        let x = fine(&[3, 8], 7, dtype);
        for gate_first in [false, true] {
            let half = |i: usize| if gate_first { 4 - i } else { i };
            let part = |at: &[usize], which| x.at(&[at[0], at[1] + half(which)]);
            let want: Vec<f64> = indices(&[3, 4]).map(|at| part(&at, 0) * silu(part(&at, 4))).collect();
            for layout in Layout::ALL {
                let op = Op::FusedSwiGLU { cast_to: None, gate_first };
                let got = run_one(&one_op(op, &[&x], layout, &[3, 4], dtype));
                assert_rounded_once(&format!("{dtype:?}, {gate_first}"), &got, &want, 2.0, 4.0);
            }
        }
    }
}

/// Summands that leave the range of f16 together, and an offset that cancels.
#[test]
fn norms_of_sums() {
    for dtype in FLOATS {
        let x = fine(&[2, 3, 9], 1, dtype).map(|v| v + 60000.0);
        let residual = fine(&[2, 3, 9], 2, dtype).map(|v| v * 4096.0 + 50000.0);
        let [bias, gamma, beta] = [3, 4, 5].map(|seed| fine(&[9], seed, dtype));
        for has_bias in [false, true] {
            let total =
                indices(&x.dims).map(|i| x.at(&i) + residual.at(&i) + if has_bias { bias.at(&i[2..]) } else { 0.0 });
            let total = Tensor::of(DType::F64, &x.dims, total.collect::<Vec<_>>());
            let mut operands = vec![&x, &residual];
            operands.extend(has_bias.then_some(&bias));
            operands.extend([&gamma, &beta]);
            for (kind, op) in [
                (Norm::Layer, Op::FusedResidualLN { has_bias, eps: 1e-5 }),
                (Norm::Rms, Op::FusedResidualRmsNorm { has_bias, eps: 1e-5 }),
            ] {
                let want = norm(kind, &total, &gamma, &beta, 2, 1e-5);
                for layout in Layout::ALL {
                    let got = run_one(&one_op(op.clone(), &operands, layout, &x.dims, dtype));
                    // A sum of 110000 is rounded twice, over a deviation of 1000 at least.
                    assert_rounded_once(&format!("{kind:?} of {dtype:?}, {has_bias}"), &got, &want, 8.0, 220.0);
                }
            }
        }
    }
}

#[test]
fn norms_over_the_last_axes() {
    for dtype in FLOATS {
        for (dims, axis, weights) in [
            (&[2, 3, 4][..], -2, &[3, 4][..]),
            (&[2, 3, 4], 1, &[12]),
            (&[2, 3, 4], 0, &[2, 3, 4]),
            (&[2, 2, 3, 5], -3, &[1, 2, 3, 5]),
            (&[3, 1, 4], -2, &[1, 4]),
            (&[2, 5, 1], -2, &[5, 1]),
            (&[0, 3, 4], 1, &[3, 4]),
        ] {
            let x = fine(dims, 1, dtype).map(|v| v + 8.0);
            let (gamma, beta) = (fine(weights, 2, dtype), fine(weights, 3, dtype));
            let count = gamma.values.len();
            let rows = Tensor::of(dtype, &[x.values.len() / count, count], x.values.clone());
            for kind in [Norm::Layer, Norm::Rms] {
                let op = match kind {
                    Norm::Layer => Op::LayerNorm { axis, eps: 1e-5 },
                    Norm::Rms => Op::RmsNorm { axis, eps: 1e-5 },
                };
                let want = norm(kind, &rows, &gamma, &beta, 1, 1e-5);
                for layout in Layout::ALL {
                    let got = run_one(&one_op(op.clone(), &[&x, &gamma, &beta], layout, dims, dtype));
                    assert_rounded_once(&format!("{kind:?} of {dtype:?} {dims:?}"), &got, &want, 2.0, 16.0);
                }
            }
        }
    }
    let x = Tensor::random(&[2, 3, 4], 1);
    let (gamma, beta) = (Tensor::random(&[5], 2), Tensor::random(&[5], 3));
    let op = Op::LayerNorm { axis: -2, eps: 1e-5 };
    let error = refusal(&one_op(op, &[&x, &gamma, &beta], Layout::Dense, &[2, 3, 4], DType::F32));
    assert!(error.message().contains("gamma"), "{error}");
}

#[test]
fn rotations() {
    for dtype in FLOATS {
        for style in [RopeStyle::NeoX, RopeStyle::GptJ] {
            let x = fine(&[2, 5, 24], 1, dtype);
            let angle = |position: usize, i: usize| (position as f64 + 0.3) / (i as f64 + 1.0);
            let table = |f: fn(f64) -> f64| {
                let values = indices(&[5, 3]).map(|at| f(angle(at[0], at[1])));
                Tensor::of(dtype, &[5, 3], values.collect::<Vec<_>>())
            };
            let (cos, sin) = (table(f64::cos), table(f64::sin));
            let want = rotated(&x, 8, 6, style, |position, i| (cos.at(&[position, i]), sin.at(&[position, i])));
            for layout in Layout::ALL {
                let op = Op::Rope { head_dim: 8, n_rot: 6, style };
                let got = run_one(&one_op(op, &[&x, &cos, &sin], layout, &x.dims, dtype));
                assert_rounded_once(&format!("{style:?} of {dtype:?}"), &got, &want, 2.0, 2.0);
            }
        }
    }
    let x = Tensor::of(DType::I32, &[2, 4], [1.0; 8]);
    let table = Tensor::random(&[2, 2], 1);
    let op = Op::Rope { head_dim: 4, n_rot: 4, style: RopeStyle::NeoX };
    let error = refusal(&one_op(op, &[&x, &table, &table], Layout::Dense, &[2, 4], DType::I32));
    assert!(error.message().contains("operand 0 is i32"), "{error}");
}

#[test]
fn reciprocal_roots() {
    for dtype in FLOATS {
        let x = Tensor::of(dtype, &[6], [3.0, 1e-3, 7.7e4, 0.0, f64::INFINITY, -1.0]);
        let got = run_one(&one_op(Op::Activation(Activation::Rsqrt), &[&x], Layout::Dense, &[6], dtype));
        let want: Vec<f64> = x.values.iter().map(|v| 1.0 / v.sqrt()).collect();
        if dtype == DType::F64 {
            assert_within("rsqrt", &got, &want, |_, w| f64::EPSILON * w.abs());
        } else {
            assert_same("rsqrt", &got, &Tensor::of(dtype, &[6], want).values);
        }
    }
}

#[test]
fn running_maxima_keep_nan() {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    for dtype in FLOATS {
        let x = Tensor::of(dtype, &[2, 4], [1.0, nan, 3.0, inf, -inf, -2.0, -3.0, nan]);
        for (exclusive, want) in [
            (false, [1.0, nan, nan, nan, -inf, -2.0, -2.0, nan]),
            (true, [-inf, 1.0, nan, nan, -inf, -inf, -2.0, -2.0]),
        ] {
            for layout in Layout::ALL {
                let got = run_one(&one_op(Op::CumMax { axis: 1, exclusive }, &[&x], layout, &[2, 4], dtype));
                assert_same(&format!("{dtype:?}, {exclusive}"), &got, &want);
            }
        }
    }
    for dtype in [DType::I8, DType::U8, DType::I64] {
        let lowest = if dtype == DType::U8 { 0.0 } else { -128.0 };
        let x = Tensor::of(dtype, &[3], [lowest, 5.0, 4.0]);
        let got = run_one(&one_op(Op::CumMax { axis: 0, exclusive: false }, &[&x], Layout::Dense, &[3], dtype));
        assert_same("whole", &got, &[lowest, 5.0, 5.0]);
    }
}

/// Masks, caps and shared heads in f64, and a row that is hidden whole.
#[test]
fn attention_in_f64() {
    let dims = [2, 4, 3, 8];
    let q = fine(&dims, 1, DType::F64);
    let (k, v) = (fine(&[2, 2, 5, 8], 2, DType::F64), fine(&[2, 2, 5, 8], 3, DType::F64));
    let keys = Tensor::of(DType::F64, &[2, 5], [1.0, 0.0, 1.0, 0.4, 0.5, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let bias = fine(&[2, 4, 3, 5], 4, DType::F64);
    let (none, all) = (|_: [usize; 4]| 0.0, |_: [usize; 4]| true);
    let (causal, window) =
        (|at: [usize; 4]| at[3] <= at[2] + 2, |at: [usize; 4]| at[3] <= at[2] + 2 && at[3] + 1 >= at[2] + 2);
    let attends = |at: [usize; 4]| keys.at(&[at[0], at[3]]) >= 0.5;
    let added = |at: [usize; 4]| bias.at(&at);
    type Rule<'a> = (MaskKind, Option<&'a Tensor>, &'a dyn Fn([usize; 4]) -> bool, &'a dyn Fn([usize; 4]) -> f64);
    let rules: [Rule<'_>; 5] = [
        (MaskKind::None, None, &all, &none),
        (MaskKind::Causal, None, &causal, &none),
        (MaskKind::SlidingWindow(1), None, &window, &none),
        (MaskKind::Custom, Some(&keys), &attends, &none),
        (MaskKind::Bias, Some(&bias), &all, &added),
    ];
    for (mask_kind, mask, attends, bias) in rules {
        for (score_scale, cap) in [(None, None), (Some(0.3), None), (None, Some(1.5))] {
            let scale = score_scale.map_or(1.0 / 8f64.sqrt(), f64::from);
            let want = Reference { scale, cap: cap.map(f64::from), attends, bias }.run(&q, &k, &v);
            let op = Op::Attention {
                num_heads: 4,
                head_dim: 8,
                v_head_dim: None,
                mask_kind,
                score_scale,
                attn_logit_softcap: cap,
            };
            let mut operands = vec![&q, &k, &v];
            operands.extend(mask);
            let got = run_one(&one_op(op, &operands, Layout::Dense, &dims, DType::F64));
            assert_rounded_once(&format!("{mask_kind:?}, {cap:?}"), &got, &want.values, 64.0, 4.0);
        }
    }
}

/// What a chain of steps computes is what its ops compute.
#[test]
fn steps_of_regions() {
    let region = |chain: Vec<ChainStep>, x: &Tensor, dtype| {
        let op = Op::ElementwiseRegion {
            chain,
            num_inputs: 1,
            scalar_input_mask: 0,
            input_modulus: [0; 16],
            prologue: RegionPrologue::None,
            prologue_input: 0,
        };
        run_one(&one_op(op, &[x], Layout::Dense, &x.dims, dtype))
    };
    let of = |kind| ChainStep::Activation(kind, ChainOperand::Input(0));
    let x = Tensor::of(DType::F64, &[3], [100.0, 1e-9, -0.7]);
    let want: Vec<f64> = x.values.iter().map(|v| v.exp()).collect();
    assert_rounded_once("exp", &region(vec![of(Activation::Exp)], &x, DType::F64), &want, 1e43, 1.0);
    let x = Tensor::f32(&[3], [88.5, 1.0, f64::NAN]);
    let doubled = ChainStep::Binary(BinaryOp::Add, ChainOperand::Step(0), ChainOperand::Step(0));
    let half = region(vec![of(Activation::Exp), doubled], &x.map(|v| v - 1.0), DType::F32);
    assert_within("exp, twice", &half, &[2.0 * 87.5f64.exp(), 2.0, f64::NAN], |_, w| 1e-6 * w);
    let got = region(vec![of(Activation::Exp)], &x, DType::F32);
    assert_within("exp", &got, &[88.5f64.exp(), 1f64.exp(), f64::NAN], |_, w| 6e-8 * w);
    assert!(region(vec![of(Activation::Sign)], &x, DType::F32).values[2].is_nan());
    let x = Tensor::f32(&[3], [3e10, -7.9, f64::NAN]);
    let cast = ChainStep::Cast(DType::I32, ChainOperand::Input(0));
    assert_same("cast", &region(vec![cast], &x, DType::I32), &[f64::from(i32::MAX), -7.0, 0.0]);
}
