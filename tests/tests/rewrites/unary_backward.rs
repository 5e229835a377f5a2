//! `Op::ActivationBackward`: the derivatives of all 29 activations against their closed forms in f64, which are themselves
//! held against differences of the forward functions.

use rlx_ir::op::Activation::{self, *};
use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon, smallest};
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::run_one;
use rlx_mlx_tests::tensor::Tensor;
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, PI};

/// An activation, its derivative, and where to sample it.
struct Row {
    kind: Activation,
    forward: fn(f64) -> f64,
    derivative: fn(f64) -> f64,
    from: f64,
    to: f64,
    /// Allowed error in epsilons of the derivative.
    relative: fn(f64) -> f64,
    /// Allowed error in epsilons of 1, where terms of that size may cancel.
    absolute: f64,
}

const EXACT: fn(f64) -> f64 = |_| 0.0;
const ROUNDED: fn(f64) -> f64 = |_| 4.0;
const ELEMENTARY: fn(f64) -> f64 = |_| 8.0;
/// exp of x first multiplies x by log2(e): half an epsilon of that is |x| epsilons of the result.
const EXPONENTIAL: fn(f64) -> f64 = |x| 12.0 + 4.0 * x.abs();

const fn row(
    kind: Activation,
    forward: fn(f64) -> f64,
    derivative: fn(f64) -> f64,
    range: [f64; 2],
    relative: fn(f64) -> f64,
    absolute: f64,
) -> Row {
    Row { kind, forward, derivative, from: range[0], to: range[1], relative, absolute }
}

fn sigmoid(x: f64) -> f64 {
    if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn sech2(x: f64) -> f64 {
    x.cosh().powi(-2)
}

fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

fn step(x: f64) -> f64 {
    f64::from(u8::from(x > 0.0))
}

fn gelu_approx(x: f64) -> f64 {
    0.5 * x * (1.0 + ((2.0 / PI).sqrt() * (x + 0.044715 * x * x * x)).tanh())
}

fn gelu_approx_derivative(x: f64) -> f64 {
    let u = (2.0 / PI).sqrt() * (x + 0.044715 * x * x * x);
    let slope = (2.0 / PI).sqrt() * (1.0 + 3.0 * 0.044715 * x * x);
    0.5 * (1.0 + u.tanh()) + 0.5 * x * sech2(u) * slope
}

fn gelu_derivative(x: f64) -> f64 {
    0.5 * libm::erfc(-x * FRAC_1_SQRT_2) + x * (-0.5 * x * x).exp() / (2.0 * PI).sqrt()
}

fn hard_swish_derivative(x: f64) -> f64 {
    if x.abs() < 3.0 { (2.0 * x + 3.0) / 6.0 } else { step(x) }
}

fn mish_derivative(x: f64) -> f64 {
    softplus(x).tanh() + x * sech2(softplus(x)) * sigmoid(x)
}

/// All kinds. `Round` is straight through: its row has no forward function that it could be the derivative of.
const ROWS: [Row; 29] = [
    row(Gelu, |x| 0.5 * x * libm::erfc(-x * FRAC_1_SQRT_2), gelu_derivative, [-6.0, 6.0], ELEMENTARY, 8.0),
    row(GeluApprox, gelu_approx, gelu_approx_derivative, [-6.0, 6.0], ELEMENTARY, 32.0),
    row(Silu, |x| x * sigmoid(x), |x| sigmoid(x) * (1.0 + x * sigmoid(-x)), [-20.0, 20.0], EXPONENTIAL, 8.0),
    row(Relu, |x| x.max(0.0), step, [-9.0, 9.0], EXACT, 0.0),
    row(Sigmoid, sigmoid, |x| sigmoid(x) * sigmoid(-x), [-20.0, 20.0], EXPONENTIAL, 0.0),
    row(Tanh, f64::tanh, sech2, [-9.0, 9.0], EXPONENTIAL, 0.0),
    row(Exp, f64::exp, f64::exp, [-20.0, 11.0], EXPONENTIAL, 0.0),
    row(Log, f64::ln, |x| 1.0 / x, [0.001, 50.0], ROUNDED, 0.0),
    row(Sqrt, f64::sqrt, |x| 0.5 / x.sqrt(), [0.01, 90.0], ROUNDED, 0.0),
    row(Rsqrt, |x| 1.0 / x.sqrt(), |x| -0.5 * x.powf(-1.5), [0.01, 90.0], ROUNDED, 0.0),
    row(Neg, |x| -x, |_| -1.0, [-9.0, 9.0], EXACT, 0.0),
    row(Abs, f64::abs, sign, [-9.0, 9.0], EXACT, 0.0),
    row(Sin, f64::sin, f64::cos, [-9.0, 9.0], ELEMENTARY, 2.0),
    row(Cos, f64::cos, |x| -x.sin(), [-9.0, 9.0], ELEMENTARY, 2.0),
    row(Tan, f64::tan, |x| 1.0 + x.tan().powi(2), [-1.5, 1.5], |x| 16.0 + 4.0 * x.tan().abs(), 0.0),
    row(Atan, f64::atan, |x| 1.0 / (1.0 + x * x), [-9.0, 9.0], ROUNDED, 0.0),
    row(Recip, |x| 1.0 / x, |x| -1.0 / (x * x), [0.05, 9.0], ROUNDED, 0.0),
    row(Round, |x| x, |_| 1.0, [-9.0, 9.0], EXACT, 0.0),
    row(Floor, f64::floor, |_| 0.0, [-9.0, 9.0], EXACT, 0.0),
    row(Ceil, f64::ceil, |_| 0.0, [-9.0, 9.0], EXACT, 0.0),
    row(Sign, sign, |_| 0.0, [-9.0, 9.0], EXACT, 0.0),
    row(Softplus, softplus, sigmoid, [-20.0, 20.0], EXPONENTIAL, 0.0),
    row(
        Elu,
        |x| if x > 0.0 { x } else { x.exp_m1() },
        |x| if x > 0.0 { 1.0 } else { x.exp() },
        [-20.0, 9.0],
        EXPONENTIAL,
        0.0,
    ),
    row(Erf, libm::erf, |x| FRAC_2_SQRT_PI * (-x * x).exp(), [-4.0, 4.0], |x| 8.0 + 4.0 * x * x, 0.0),
    row(HardSwish, |x| x * (x + 3.0).clamp(0.0, 6.0) / 6.0, hard_swish_derivative, [-9.0, 9.0], ROUNDED, 2.0),
    row(
        HardSigmoid,
        |x| (x / 6.0 + 0.5).clamp(0.0, 1.0),
        |x| if x.abs() < 3.0 { 1.0 / 6.0 } else { 0.0 },
        [-9.0, 9.0],
        ROUNDED,
        0.0,
    ),
    row(Mish, |x| x * softplus(x).tanh(), mish_derivative, [-20.0, 20.0], EXPONENTIAL, 8.0),
    row(Softsign, |x| x / (1.0 + x.abs()), |x| (1.0 + x.abs()).powi(-2), [-9.0, 9.0], ROUNDED, 0.0),
    row(LogSigmoid, |x| -softplus(-x), |x| sigmoid(-x), [-20.0, 20.0], EXPONENTIAL, 0.0),
];

fn backward(kind: Activation, x: &Tensor, dy: &Tensor, layout: Layout) -> Tensor {
    run_one(&one_op(Op::ActivationBackward { kind }, &[x, dy], layout, &x.dims, x.dtype))
}

/// Evenly spaced values over a row's range, its ends and (where it lies inside) 0 included.
fn samples(row: &Row, dims: &[usize]) -> Tensor {
    let count: usize = dims.iter().product();
    let step = (row.to - row.from) / (count.max(2) - 1) as f64;
    Tensor::f32(dims, (0..count).map(|i| row.from + i as f64 * step).collect::<Vec<_>>())
}

fn check(row: &Row, x: &Tensor, layout: Layout) {
    let dy = Tensor::random(&x.dims, 11).to(x.dtype);
    let got = backward(row.kind, x, &dy, layout);
    let want: Vec<f64> = x.values.iter().zip(&dy.values).map(|(&x, &dy)| (row.derivative)(x) * dy).collect();
    let (single, rounding) = match x.dtype {
        DType::F64 => (f64::EPSILON, 0.0),
        DType::F32 => (epsilon(DType::F32), 0.0),
        dtype => (epsilon(DType::F32), epsilon(dtype)),
    };
    // MLX's exp flushes results below the normal ones.
    let tiny = f64::from(f32::MIN_POSITIVE) * 64.0 + smallest(x.dtype);
    assert_within(&format!("{:?} of {:?}, {layout:?}", row.kind, x.dtype), &got, &want, |i, w| {
        let relative = (row.relative)(x.values[i]);
        if relative == 0.0 {
            return 0.0;
        }
        (relative * single + rounding) * w.abs() + (row.absolute * single) * dy.values[i].abs() + tiny
    });
}

#[test]
fn the_closed_forms_are_the_derivatives_of_the_forward_functions() {
    for row in ROWS.iter().filter(|row| !matches!(row.kind, Floor | Ceil | Sign)) {
        // Off the kinks, which lie at 0 and 3.
        for i in 0..400 {
            let x = row.from + (row.to - row.from) * (f64::from(i) + 0.37) / 400.0;
            if [0.0, 3.0].iter().any(|kink| (x.abs() - kink).abs() < 1e-3) {
                continue;
            }
            let h = 1e-6 * x.abs().max(1e-2);
            let difference = ((row.forward)(x + h) - (row.forward)(x - h)) / (2.0 * h);
            let derivative = (row.derivative)(x);
            let scale = derivative.abs().max(1.0);
            assert!((difference - derivative).abs() < 1e-6 * scale, "{:?} at {x}: {difference} {derivative}", row.kind);
        }
    }
}

#[test]
fn every_kind_in_every_layout_and_dtype() {
    for row in &ROWS {
        let x = samples(row, &[9, 113]);
        for layout in Layout::ALL {
            check(row, &x, layout);
        }
        for dtype in [DType::F16, DType::BF16] {
            check(row, &x.to(dtype), Layout::Dense);
        }
    }
}

/// MLX's exp, tanh and erf of f64 are as exact as those of f32, so only kinds without them are.
#[test]
fn f64_is_computed_in_f64() {
    for row in
        ROWS.iter().filter(|row| matches!(row.kind, Recip | Log | Sqrt | HardSwish | HardSigmoid | Softsign | Atan))
    {
        check(row, &samples(row, &[101]).to(DType::F64), Layout::Dense);
    }
}

#[test]
fn activation_backward_of_round_is_straight_through() {
    let x = Tensor::f32(&[5], [-1.5, -0.2, 0.0, 0.5, 7.9]);
    let dy = Tensor::f32(&[5], [1.0, -2.0, 3.0, f64::INFINITY, 5.0]);
    assert_same("round", &backward(Round, &x, &dy, Layout::Dense), &dy.values);
}

#[test]
fn activation_backward_of_gelu_is_that_of_the_erf_form() {
    // Where the tanh form is furthest off.
    let x = Tensor::f32(&[3], [-2.3, 0.0, 2.3]);
    let dy = Tensor::f32(&[3], [1.0; 3]);
    let got = backward(Gelu, &x, &dy, Layout::Dense);
    let want: Vec<f64> = x.values.iter().map(|&x| gelu_derivative(x)).collect();
    assert_within("gelu", &got, &want, |_, _| 1e-6);
}

#[test]
fn the_ends_of_the_number_line_and_the_kinks() {
    let inf = f64::INFINITY;
    let max = f64::from(f32::MAX);
    let cases: [(Activation, &[f64], &[f64]); 14] = [
        (Gelu, &[-inf, -max, max, inf], &[0.0, 0.0, 1.0, 1.0]),
        (GeluApprox, &[-inf, -max, max, inf], &[0.0, 0.0, 1.0, 1.0]),
        (Silu, &[-inf, -max, max, inf], &[0.0, 0.0, 1.0, 1.0]),
        (Mish, &[-inf, -max, max, inf], &[0.0, 0.0, 1.0, 1.0]),
        (Sigmoid, &[-inf, -max, max, inf], &[0.0; 4]),
        (Tanh, &[-inf, -max, max, inf], &[0.0; 4]),
        (Softplus, &[-inf, inf], &[0.0, 1.0]),
        (LogSigmoid, &[-inf, inf], &[1.0, 0.0]),
        (Elu, &[-inf, 0.0, max, inf], &[0.0, 1.0, 1.0, 1.0]),
        (Relu, &[-inf, -0.0, 0.0, inf], &[0.0, 0.0, 0.0, 1.0]),
        (HardSwish, &[-inf, -3.0, 3.0, inf], &[0.0, 0.0, 1.0, 1.0]),
        (HardSigmoid, &[-inf, -3.0, 3.0, inf], &[0.0; 4]),
        (Softsign, &[-inf, -max, max, inf], &[0.0; 4]),
        (Atan, &[-inf, -max, max, inf], &[0.0; 4]),
    ];
    for (kind, x, want) in cases {
        let dims = [x.len()];
        let (x, dy) = (Tensor::f32(&dims, x), Tensor::f32(&dims, vec![1.0; dims[0]]));
        assert_within(&format!("{kind:?}"), &backward(kind, &x, &dy, Layout::Dense), want, |_, _| 1e-30);
    }
}
