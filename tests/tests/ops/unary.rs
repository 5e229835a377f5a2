//! `Op::Activation`: 29 functions against their closed forms in f64.

use rlx_ir::op::Activation::{self, *};
use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon, smallest};
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::run_one;
use rlx_mlx_tests::tensor::Tensor;
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// A function, where to sample it, and its error budget in f32.
struct Row {
    kind: Activation,
    exact: fn(f64) -> f64,
    from: f64,
    to: f64,
    /// Allowed error in epsilons of the result at x: [`EXACT`], or one of the functions below.
    relative: fn(f64) -> f64,
    /// Allowed error in epsilons of `max(1, |x|)`, where the formula adds or multiplies terms of that size, so that they
    /// may cancel.
    absolute: f64,
}

const fn row(kind: Activation, exact: fn(f64) -> f64, range: [f64; 2], relative: fn(f64) -> f64, absolute: f64) -> Row {
    Row { kind, exact, from: range[0], to: range[1], relative, absolute }
}

/// No rounding at all.
const EXACT: fn(f64) -> f64 = |_| 0.0;

/// One to three correctly rounded operations.
const ROUNDED: fn(f64) -> f64 = |_| 2.0;

/// The accuracy class of vectorised elementary functions in f32.
const ELEMENTARY: fn(f64) -> f64 = |_| 4.0;

/// exp of x first multiplies x by log2(e): half an epsilon of that is |x| epsilons of the result.
const EXPONENTIAL: fn(f64) -> f64 = |x| 4.0 + x.abs();

fn sigmoid(x: f64) -> f64 {
    if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }
}

fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

fn gelu_approx(x: f64) -> f64 {
    0.5 * x * (1.0 + ((2.0 / PI).sqrt() * (x + 0.044715 * x * x * x)).tanh())
}

fn sign(x: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x.signum() }
}

/// All kinds. sin and cos lose absolutely near their zeros, through the reduction of the argument;
/// erf is a polynomial of bounded absolute error.
const ROWS: [Row; 29] = [
    row(Gelu, |x| 0.5 * x * (1.0 + libm::erf(x * FRAC_1_SQRT_2)), [-6.0, 6.0], ROUNDED, 2.0),
    row(GeluApprox, gelu_approx, [-6.0, 6.0], ROUNDED, 2.0),
    row(Silu, |x| x * sigmoid(x), [-20.0, 20.0], EXPONENTIAL, 0.0),
    row(Relu, |x| x.max(0.0), [-9.0, 9.0], EXACT, 0.0),
    row(Sigmoid, sigmoid, [-20.0, 20.0], EXPONENTIAL, 0.0),
    row(Tanh, f64::tanh, [-9.0, 9.0], ELEMENTARY, 0.0),
    row(Exp, f64::exp, [-20.0, 11.0], EXPONENTIAL, 0.0),
    row(Log, f64::ln, [0.001, 50.0], ELEMENTARY, 0.5),
    row(Sqrt, f64::sqrt, [0.0, 90.0], ROUNDED, 0.0),
    row(Rsqrt, |x| 1.0 / x.sqrt(), [0.01, 90.0], ROUNDED, 0.0),
    row(Neg, |x| -x, [-9.0, 9.0], EXACT, 0.0),
    row(Abs, f64::abs, [-9.0, 9.0], EXACT, 0.0),
    row(Sin, f64::sin, [-9.0, 9.0], ELEMENTARY, 1.0),
    row(Cos, f64::cos, [-9.0, 9.0], ELEMENTARY, 1.0),
    row(Tan, f64::tan, [-1.5, 1.5], ELEMENTARY, 0.0),
    row(Atan, f64::atan, [-9.0, 9.0], ELEMENTARY, 0.0),
    row(Recip, |x| 1.0 / x, [0.05, 9.0], ROUNDED, 0.0),
    row(Round, f64::round_ties_even, [-9.0, 9.0], EXACT, 0.0),
    row(Floor, f64::floor, [-9.0, 9.0], EXACT, 0.0),
    row(Ceil, f64::ceil, [-9.0, 9.0], EXACT, 0.0),
    row(Sign, sign, [-9.0, 9.0], EXACT, 0.0),
    row(Softplus, softplus, [-20.0, 20.0], EXPONENTIAL, 0.0),
    row(Elu, |x| if x > 0.0 { x } else { x.exp_m1() }, [-20.0, 9.0], EXPONENTIAL, 0.0),
    row(Erf, libm::erf, [-4.0, 4.0], ELEMENTARY, 4.0),
    row(HardSwish, |x| x * (x + 3.0).clamp(0.0, 6.0) / 6.0, [-9.0, 9.0], ROUNDED, 0.5),
    row(HardSigmoid, |x| (x / 6.0 + 0.5).clamp(0.0, 1.0), [-9.0, 9.0], ROUNDED, 0.5),
    row(Mish, |x| x * softplus(x).tanh(), [-20.0, 20.0], EXPONENTIAL, 0.0),
    row(Softsign, |x| x / (1.0 + x.abs()), [-9.0, 9.0], ROUNDED, 0.0),
    row(LogSigmoid, |x| -softplus(-x), [-20.0, 20.0], EXPONENTIAL, 0.0),
];

fn apply(kind: Activation, x: &Tensor, layout: Layout) -> Tensor {
    run_one(&one_op(Op::Activation(kind), &[x], layout, &x.dims, x.dtype))
}

/// Evenly spaced values over a row's range, its ends and (where it lies inside) 0 included.
fn samples(row: &Row, dims: &[usize]) -> Tensor {
    let count: usize = dims.iter().product();
    let step = (row.to - row.from) / (count.max(2) - 1) as f64;
    Tensor::f32(dims, (0..count).map(|i| row.from + i as f64 * step).collect::<Vec<_>>())
}

fn check(row: &Row, x: &Tensor, layout: Layout) {
    let got = apply(row.kind, x, layout);
    let want: Vec<f64> = x.values.iter().map(|&v| (row.exact)(v)).collect();
    let single = epsilon(DType::F32);
    // Half types: the f32 budget, and at most two roundings to the half type, of values as small as its smallest.
    let (rounding, tiny) = match x.dtype {
        DType::F32 => (0.0, f32::MIN_POSITIVE.into()),
        dtype => (epsilon(dtype), smallest(dtype)),
    };
    assert_within(&format!("{:?} of {:?}, {layout:?}", row.kind, x.dtype), &got, &want, |i, w| {
        let relative = (row.relative)(x.values[i]);
        if relative == 0.0 {
            return 0.0;
        }
        let size = x.values[i].abs().max(1.0);
        (relative * single + rounding) * w.abs() + (row.absolute * single + tiny) * size
    });
}

#[test]
fn every_kind_has_a_row() {
    for row in &ROWS {
        assert_eq!(ROWS.iter().filter(|r| r.kind == row.kind).count(), 1, "{:?}", row.kind);
    }
}

#[test]
fn values_over_the_range_in_f32() {
    for row in &ROWS {
        check(row, &samples(row, &[2001]), Layout::Dense);
    }
}

#[test]
fn values_over_the_range_in_half_types() {
    for row in &ROWS {
        for dtype in [DType::F16, DType::BF16] {
            check(row, &samples(row, &[257]).to(dtype), Layout::Dense);
        }
    }
}

#[test]
fn any_shape_and_layout() {
    for row in &ROWS {
        for dims in [&[][..], &[1], &[0], &[3, 0, 2], &[7], &[5, 3], &[2, 3, 5], &[2, 1, 3, 2], &[2, 1, 3, 2, 2]] {
            for layout in Layout::ALL {
                check(row, &samples(row, dims), layout);
            }
        }
    }
}

#[test]
fn ties_round_to_even() {
    let x = Tensor::f32(&[8], [0.5, 1.5, 2.5, 3.5, -0.5, -1.5, -2.5, -3.5]);
    assert_same("round", &apply(Round, &x, Layout::Dense), &[0.0, 2.0, 2.0, 4.0, 0.0, -2.0, -2.0, -4.0]);
}

#[test]
fn nothing_overflows_before_its_result_does() {
    let x = Tensor::f32(&[4], [-200.0, -100.0, 100.0, 200.0]);
    let wide = [Silu, Sigmoid, Tanh, Softplus, Elu, Mish, LogSigmoid, Erf, Gelu, GeluApprox, Softsign];
    for row in ROWS.iter().filter(|r| wide.contains(&r.kind)) {
        check(row, &x, Layout::Dense);
    }
}

/// Results at 0, -0, infinity and -infinity where the function has a limit there that its usual formula reaches too.
#[test]
fn special_values() {
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;
    let x = Tensor::f32(&[4], [0.0, -0.0, INF, -INF]);
    let rows: [(Activation, [f64; 4]); 22] = [
        (Relu, [0.0, 0.0, INF, 0.0]),
        (Sigmoid, [0.5, 0.5, 1.0, 0.0]),
        (Tanh, [0.0, 0.0, 1.0, -1.0]),
        (Exp, [1.0, 1.0, INF, 0.0]),
        (Log, [-INF, -INF, INF, NAN]),
        (Sqrt, [0.0, 0.0, INF, NAN]),
        (Rsqrt, [INF, -INF, 0.0, NAN]),
        (Neg, [0.0, 0.0, -INF, INF]),
        (Abs, [0.0, 0.0, INF, INF]),
        (Sin, [0.0, 0.0, NAN, NAN]),
        (Cos, [1.0, 1.0, NAN, NAN]),
        (Tan, [0.0, 0.0, NAN, NAN]),
        (Recip, [INF, -INF, 0.0, 0.0]),
        (Round, [0.0, 0.0, INF, -INF]),
        (Floor, [0.0, 0.0, INF, -INF]),
        (Ceil, [0.0, 0.0, INF, -INF]),
        (Sign, [0.0, 0.0, 1.0, -1.0]),
        (Softplus, [2f64.ln(), 2f64.ln(), INF, 0.0]),
        (Elu, [0.0, 0.0, INF, -1.0]),
        (Erf, [0.0, 0.0, 1.0, -1.0]),
        (HardSigmoid, [0.5, 0.5, 1.0, 0.0]),
        (LogSigmoid, [-2f64.ln(), -2f64.ln(), 0.0, -INF]),
    ];
    for (kind, want) in rows {
        let got = apply(kind, &x, Layout::Dense);
        assert_within(&format!("{kind:?}"), &got, &want, |_, w| epsilon(DType::F32) * w.abs());
    }
}

#[test]
fn nan_stays_nan() {
    let x = Tensor::f32(&[2], [f64::NAN, f64::NAN]);
    // The sign of NaN is left open by the IR.
    for row in ROWS.iter().filter(|r| r.kind != Sign) {
        assert_same(&format!("{:?}", row.kind), &apply(row.kind, &x, Layout::Dense), &[f64::NAN, f64::NAN]);
    }
}
