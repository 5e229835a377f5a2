//! Numbers that a naive way of computing loses: long sums, offsets, ranges that are left on the way, and what is no number.
//! Each test is for a kind; the values of its examples come from closed forms.

use rlx_ir::op::{Activation, BinaryOp, CmpOp, MaskKind, ReduceOp};
use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_same, assert_within};
use rlx_mlx_tests::graph::{Case, Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices};

fn reduce(op: ReduceOp, axes: &[usize]) -> Op {
    Op::Reduce { op, axes: axes.to_vec(), keep_dim: false }
}

fn unary(op: Op, x: &Tensor) -> Tensor {
    run_one(&one_op(op, &[x], Layout::Dense, &x.dims, x.dtype))
}

#[test]
fn means_of_integers_are_exact() {
    for dtype in [DType::I32, DType::I64, DType::U32] {
        let x = Tensor::of(dtype, &[3], [1e9, 1e9, 1e9 + 2.0]);
        assert_same("mean", &run_one(&one_op(reduce(ReduceOp::Mean, &[0]), &[&x], Layout::Dense, &[], dtype)), &[1e9]);
    }
    // Of 64-bit integers beyond what f64 holds.
    let big = 9_007_199_254_740_993.0_f64;
    let x = Tensor::of(DType::I64, &[2], [big, big]);
    let y = run_one(&one_op(reduce(ReduceOp::Mean, &[0]), &[&x], Layout::Dense, &[], DType::I64));
    assert_same("mean", &y, &[big]);
}

#[test]
fn sums_of_integers_are_those_of_the_declared_dtype() {
    let x = Tensor::of(DType::I32, &[2], [f64::from(i32::MAX); 2]);
    for (declared, want) in [(DType::I32, -2.0), (DType::I64, 4_294_967_294.0)] {
        let y = run_one(&one_op(reduce(ReduceOp::Sum, &[0]), &[&x], Layout::Dense, &[], declared));
        assert_same("sum", &y, &[want]);
    }
}

#[test]
fn sums_do_not_stop_with_their_length() {
    let x = Tensor::of(DType::F32, &[2, 16_777_218], vec![1.0; 2 * 16_777_218]);
    let y = run_one(&one_op(reduce(ReduceOp::Sum, &[0, 1]), &[&x], Layout::Dense, &[], DType::F32));
    assert_same("sum", &y, &[33_554_436.0]);
    let y = run_one(&one_op(reduce(ReduceOp::Mean, &[1]), &[&x], Layout::Dense, &[2], DType::F32));
    assert_same("mean", &y, &[1.0, 1.0]);
    for dtype in [DType::F16, DType::BF16] {
        let x = Tensor::of(dtype, &[5000, 2], vec![1.0; 10_000]);
        for layout in Layout::ALL {
            let y = run_one(&one_op(reduce(ReduceOp::Sum, &[0]), &[&x], layout, &[2], dtype));
            assert_same("half sum", &y, &Tensor::of(dtype, &[2], [5000.0; 2]).values);
        }
        let y = unary(Op::Cumsum { axis: 0, exclusive: false }, &x);
        let want: Vec<f64> = (0..10_000).map(|i| f64::from(i / 2 + 1)).collect();
        assert_same("running half sum", &y, &Tensor::of(dtype, &[5000, 2], want).values);
    }
    let x = Tensor::of(DType::F16, &[4000], vec![60000.0; 4000]);
    let y = run_one(&one_op(reduce(ReduceOp::Mean, &[0]), &[&x], Layout::Dense, &[], DType::F16));
    assert_same("half mean", &y, &[60000.0]);
    let x = Tensor::of(DType::F64, &[3], [1e100, 1.0, -1e100]);
    let y = run_one(&one_op(reduce(ReduceOp::Sum, &[0]), &[&x], Layout::Dense, &[], DType::F64));
    assert_same("f64 sum", &y, &[1.0]);
}

#[test]
fn norms_take_the_mean_first() {
    let x = Tensor::f32(&[1, 256], vec![f64::from(1000.1f32); 256]);
    let (ones, zeros) = (Tensor::f32(&[256], vec![1.0; 256]), Tensor::f32(&[256], vec![0.0; 256]));
    let op = Op::LayerNorm { axis: -1, eps: 1e-5 };
    let y = run_one(&one_op(op, &[&x, &ones, &zeros], Layout::Dense, &[1, 256], DType::F32));
    assert_same("layer norm", &y, &[0.0; 256]);
    let x = Tensor::f32(&[1, 4], [3e38, -3e38, 3e38, -3e38]);
    let (ones, zeros) = (Tensor::f32(&[4], [1.0; 4]), Tensor::f32(&[4], [0.0; 4]));
    let y =
        run_one(&one_op(Op::RmsNorm { axis: -1, eps: 1e-5 }, &[&x, &ones, &zeros], Layout::Dense, &[1, 4], DType::F32));
    assert_same("rms norm", &y, &[1.0, -1.0, 1.0, -1.0]);
}

#[test]
fn softmax_of_many_is_as_of_few() {
    let x = Tensor::f32(&[40_000_000], vec![0.0; 40_000_000]);
    let y = unary(Op::Softmax { axis: 0 }, &x);
    assert_eq!((y.values[0], y.values[39_999_999]), (f64::from(2.5e-8f32), f64::from(2.5e-8f32)));
}

#[test]
fn f64_is_computed_in_f64() {
    let x = Tensor::of(DType::F64, &[5], [100.0, -3.0, 0.5, 1e-9, 7.25]);
    type Function = fn(f64) -> f64;
    let functions: [(Activation, Function); 9] = [
        (Activation::Exp, f64::exp),
        (Activation::Sin, f64::sin),
        (Activation::Cos, f64::cos),
        (Activation::Tanh, f64::tanh),
        (Activation::Erf, libm::erf),
        (Activation::Sigmoid, |x| 1.0 / (1.0 + (-x).exp())),
        (Activation::Gelu, |x| 0.5 * x * libm::erfc(-x / 2f64.sqrt())),
        (Activation::Softplus, |x| x.max(0.0) + (-x.abs()).exp().ln_1p()),
        (Activation::Silu, |x| x / (1.0 + (-x).exp())),
    ];
    for (kind, function) in functions {
        let want: Vec<f64> = x.values.iter().map(|&x| function(x)).collect();
        // The argument's own rounding counts more where the function is steep.
        let bound: f64 = if kind == Activation::Gelu { 4e-15 } else { 4e-16 };
        assert_within(&format!("{kind:?}"), &unary(Op::Activation(kind), &x), &want, |_, w| bound * w.abs());
    }
    let y = unary(Op::Softmax { axis: 0 }, &x);
    let total: f64 = x.values.iter().map(|x| (x - 100.0).exp()).sum();
    let want: Vec<f64> = x.values.iter().map(|x| (x - 100.0).exp() / total).collect();
    assert_within("softmax", &y, &want, |_, w| 4e-16 * w.abs());
}

#[test]
fn functions_reach_as_far_as_their_dtype() {
    let of = |kind, x: f64| unary(Op::Activation(kind), &Tensor::f32(&[1], [x])).values[0];
    assert_eq!(of(Activation::Exp, 88.5), f64::from(2.723_088e38_f32));
    assert_eq!(of(Activation::HardSwish, f64::from(1e38f32)), f64::from(1e38f32));
    assert_eq!(of(Activation::Erf, f64::from(1e-6f32)), f64::from(1.128_379_2e-6_f32));
    assert!(of(Activation::Sign, f64::NAN).is_nan());
    assert!(of(Activation::Exp, f64::NAN).is_nan());
}

#[test]
fn operands_of_two_dtypes_are_computed_in_the_declared_one() {
    let (a, b) = (Tensor::of(DType::I32, &[1], [70000.0]), Tensor::of(DType::F16, &[1], [0.0]));
    let y = run_one(&one_op(Op::Binary(BinaryOp::Add), &[&a, &b], Layout::Dense, &[1], DType::I32));
    assert_same("sum", &y, &[70000.0]);
    // Of one dtype, and declared wider: nothing wraps, and nothing is rounded, before.
    let a = Tensor::of(DType::I32, &[1], [f64::from(i32::MAX)]);
    let y = run_one(&one_op(Op::Binary(BinaryOp::Mul), &[&a, &a], Layout::Dense, &[1], DType::I64));
    assert_same("product", &y, &[f64::from(i32::MAX).powi(2) as i64 as f64]);
    let a = Tensor::of(DType::F16, &[1], [60000.0]);
    let y = run_one(&one_op(Op::Binary(BinaryOp::Add), &[&a, &a], Layout::Dense, &[1], DType::F32));
    assert_same("sum", &y, &[120_000.0]);
    // Converted operands saturate, as in a conversion of their own.
    let (a, b) = (Tensor::f32(&[2], [3e9, f64::NAN]), Tensor::of(DType::I32, &[2], [0.0, 7.0]));
    let y = run_one(&one_op(Op::Binary(BinaryOp::Add), &[&a, &b], Layout::Dense, &[2], DType::I32));
    assert_same("sum", &y, &[f64::from(i32::MAX), 7.0]);
    // An i32 and an f32 have no common dtype but f64; an i64 and a float have none.
    let (a, b) = (Tensor::of(DType::I32, &[1], [16_777_217.0]), Tensor::f32(&[1], [16_777_216.0]));
    let case = |a: &Tensor| one_op(Op::Compare(CmpOp::Eq), &[a, &b], Layout::Dense, &[1], DType::Bool);
    let error = refusal(&case(&Tensor::of(DType::I64, &[1], [16_777_217.0])));
    assert!(error.message().contains("a comparison of i64 and f32"), "{error}");
    let error = refusal(&case(&a));
    assert!(error.message().contains("a comparison of i32 and f32"), "{error}");
    let wide = Tensor::of(DType::F64, &[1], [16_777_216.0]);
    let y = run_one(&one_op(Op::Compare(CmpOp::Eq), &[&a, &wide], Layout::Dense, &[1], DType::Bool));
    assert_same("comparison", &y, &[0.0]);
}

/// A product that is exact only before it is rounded, and operands that are repeated.
#[test]
fn a_product_with_a_sum_is_rounded_once() {
    for (dtype, epsilon) in [
        (DType::F32, 2f64.powi(-23)),
        (DType::F16, 2f64.powi(-10)),
        (DType::BF16, 2f64.powi(-7)),
        (DType::F64, 2f64.powi(-52)),
    ] {
        let a = Tensor::of(dtype, &[3], [1.0 + epsilon, 3.0, f64::INFINITY]);
        let c = Tensor::of(dtype, &[3], [-1.0 - 2.0 * epsilon, 0.5, 1.0]);
        for layout in Layout::ALL {
            let y = run_one(&one_op(Op::Fma, &[&a, &a, &c], layout, &[3], dtype));
            // The smallest halves are larger than the first.
            let want = Tensor::of(dtype, &[3], [epsilon * epsilon, 9.5, f64::INFINITY]);
            assert_same(&format!("{dtype:?}"), &y, &want.values);
        }
        let (row, one) = (Tensor::random(&[2, 1, 4], 1).to(dtype), Tensor::of(dtype, &[1], [2.0]));
        let tall = Tensor::random(&[3, 1], 2).to(dtype);
        let y = run_one(&one_op(Op::Fma, &[&row, &one, &tall], Layout::Dense, &[2, 3, 4], dtype));
        let want: Vec<f64> =
            indices(&[2, 3, 4]).map(|i| 2.0 * row.at(&[i[0], 0, i[2]]) + tall.at(&[i[1], 0])).collect();
        assert_same("repeated", &y, &Tensor::of(dtype, &[2, 3, 4], want).values);
    }
    let integers = Tensor::of(DType::I32, &[1], [1.0]);
    let error = refusal(&one_op(Op::Fma, &[&integers; 3], Layout::Dense, &[1], DType::I32));
    assert!(error.message().contains("of dtype i32"), "{error}");
}

#[test]
fn integer_powers_and_shifts_are_defined_everywhere() {
    for dtype in [DType::I8, DType::I16, DType::I32, DType::I64] {
        let a = Tensor::of(dtype, &[8], [1.0, -1.0, -1.0, 2.0, 0.0, -3.0, 2.0, -2.0]);
        let b = Tensor::of(dtype, &[8], [-1.0, -1.0, -2.0, -1.0, -1.0, 3.0, 0.0, 6.0]);
        let y = run_one(&one_op(Op::Binary(BinaryOp::Pow), &[&a, &b], Layout::Dense, &[8], dtype));
        assert_same("powers", &y, &[1.0, -1.0, 1.0, 0.0, 0.0, -27.0, 1.0, 64.0]);
        let a = Tensor::of(dtype, &[6], [1.0, -8.0, -8.0, 5.0, 1.0, -1.0]);
        let b = Tensor::of(dtype, &[6], [64.0, 70.0, -1.0, -2.0, 3.0, 1.0]);
        let y = run_one(&one_op(Op::Binary(BinaryOp::Shl), &[&a, &b], Layout::Dense, &[6], dtype));
        assert_same("left", &y, &[0.0, 0.0, 0.0, 0.0, 8.0, -2.0]);
        let y = run_one(&one_op(Op::Binary(BinaryOp::Shr), &[&a, &b], Layout::Dense, &[6], dtype));
        assert_same("right", &y, &[0.0, -1.0, -1.0, 0.0, 0.0, -1.0]);
    }
    let x = Tensor::f32(&[1], [3e9]);
    let y = Tensor::f32(&[1], [2_147_483_648.0]);
    let found = run_one(&one_op(Op::Binary(BinaryOp::BitAnd), &[&x, &y], Layout::Dense, &[1], DType::F32));
    assert_same("bits of floats", &found, &[2_147_483_648.0]);
    let x = Tensor::f32(&[3], [f64::INFINITY, f64::NAN, -1e30]);
    let y = Tensor::f32(&[3], [7.9, 7.0, 0.0]);
    let found = run_one(&one_op(Op::Binary(BinaryOp::BitAnd), &[&x, &y], Layout::Dense, &[3], DType::F32));
    assert_same("bits of what no integer has", &found, &[7.0, 0.0, 0.0]);
}

#[test]
fn bounds_of_integers_are_integers() {
    let x = Tensor::of(DType::I32, &[4], [-5.0, 0.0, 7.0, f64::from(i32::MAX)]);
    let clamp = |min, max| unary(Op::Clamp { min, max }, &x);
    assert_same("from 0", &clamp(0.0, f32::INFINITY), &[0.0, 0.0, 7.0, f64::from(i32::MAX)]);
    assert_same("up to 3", &clamp(f32::NEG_INFINITY, 3.0), &[-5.0, 0.0, 3.0, 3.0]);
    assert_same("beyond", &clamp(-1e20, 1e20), &x.values);
    let refused = refusal(&one_op(Op::Clamp { min: f32::NAN, max: 1.0 }, &[&x], Layout::Dense, &[4], DType::I32));
    assert!(refused.message().contains("bounds NaN and 1"), "{refused}");
}

#[test]
fn floats_that_no_integer_has_are_the_nearest_that_there_is() {
    let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.9, 300.7, 1e20];
    for from in [DType::F32, DType::F64] {
        let x = Tensor::of(from, &[6], values);
        for (to, low, high) in [
            (DType::I8, -128.0, 127.0),
            (DType::U8, 0.0, 255.0),
            (DType::I32, f64::from(i32::MIN), f64::from(i32::MAX)),
            (DType::U32, 0.0, f64::from(u32::MAX)),
        ] {
            let want: Vec<f64> =
                values.iter().map(|v| if v.is_nan() { 0.0 } else { v.trunc().clamp(low, high) }).collect();
            let y = run_one(&one_op(Op::Cast { to }, &[&x], Layout::Dense, &[6], to));
            assert_same(&format!("{from:?} to {to:?}"), &y, &want);
        }
    }
}

#[test]
fn extremes_of_nothing_are_the_ends_of_the_dtype() {
    for (dtype, low, high) in [
        (DType::F32, f64::NEG_INFINITY, f64::INFINITY),
        (DType::F16, f64::NEG_INFINITY, f64::INFINITY),
        (DType::I32, f64::from(i32::MIN), f64::from(i32::MAX)),
        (DType::U8, 0.0, 255.0),
        (DType::Bool, 0.0, 1.0),
    ] {
        let x = Tensor::of(dtype, &[2, 0, 0], []);
        let y = run_one(&one_op(reduce(ReduceOp::Min, &[1]), &[&x], Layout::Dense, &[2, 0], dtype));
        assert_same("nothing of nothing", &y, &[]);
        let x = Tensor::of(dtype, &[2, 0, 4], []);
        for (op, want) in [(ReduceOp::Max, low), (ReduceOp::Min, high)] {
            let y = run_one(&one_op(reduce(op, &[1]), &[&x], Layout::Dense, &[2, 4], dtype));
            assert_same(&format!("{op:?} of {dtype:?}"), &y, &[want; 8]);
        }
    }
}

/// One query over two keys; the second scores higher.
fn attention(scale_of_keys: f64, dtype: DType, bias: Option<&Tensor>) -> Tensor {
    let mut case = Case::new();
    let q = case.input(&Tensor::of(dtype, &[1, 1, 1, 4], [scale_of_keys; 4]));
    let keys: Vec<f64> = [-scale_of_keys; 4].into_iter().chain([scale_of_keys; 4]).collect();
    let k = case.input(&Tensor::of(dtype, &[1, 1, 2, 4], keys));
    let v = case.input(&Tensor::of(dtype, &[1, 1, 2, 4], [1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0]));
    let mut inputs = vec![q, k, v];
    inputs.extend(bias.map(|bias| case.input(bias)));
    let op = Op::Attention {
        num_heads: 1,
        head_dim: 4,
        v_head_dim: None,
        mask_kind: if bias.is_some() { MaskKind::Bias } else { MaskKind::None },
        score_scale: None,
        attn_logit_softcap: None,
    };
    let y = case.add(op, &inputs, &[1, 1, 1, 4], dtype);
    run_one(&case.outputs(&[y]))
}

#[test]
fn scores_and_biases_of_halves_may_leave_their_range() {
    for dtype in [DType::F16, DType::BF16] {
        assert_same("scores", &attention(200.0, dtype, None), &[2.0; 4]);
        // A row whose keys are all hidden by a number stays one.
        let hidden = Tensor::f32(&[1, 1, 1, 2], [-1e9; 2]);
        let y = attention(0.0, dtype, Some(&hidden));
        assert_within("hidden", &y, &[1.5; 4], |_, _| 0.01);
    }
}
