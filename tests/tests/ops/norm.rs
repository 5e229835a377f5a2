//! `Op::LayerNorm` and `Op::RmsNorm` against two-pass loops in f64.

use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_within, epsilon};
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::run_one;
use rlx_mlx_tests::tensor::{Tensor, indices};

/// Which statistic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Norm {
    Layer,
    Rms,
}

/// The norm along `axis`.
pub(crate) fn norm(kind: Norm, x: &Tensor, gamma: &Tensor, beta: &Tensor, axis: usize, eps: f32) -> Vec<f64> {
    let n = x.dims[axis];
    indices(&x.dims)
        .map(|index| {
            let row: Vec<f64> = (0..n)
                .map(|j| {
                    let mut at = index.clone();
                    at[axis] = j;
                    x.at(&at)
                })
                .collect();
            let mean = if kind == Norm::Layer { row.iter().sum::<f64>() / n as f64 } else { 0.0 };
            let variance = row.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n as f64;
            let j = index[axis];
            (row[j] - mean) / (variance + f64::from(eps)).sqrt() * gamma.values[j] + beta.values[j]
        })
        .collect()
}

/// Mean and variance of n values of size ~1 err by ~n * eps in a plain sum (much less in a blocked one); normalised
/// values are below sqrt(n), so gamma times that is the size that the error scales with.
pub(crate) fn assert_norm(what: &str, got: &Tensor, want: &[f64], n: usize) {
    let n = n as f64;
    assert_within(what, got, want, |_, w| {
        n.sqrt() * (4.0 + n.sqrt()) * epsilon(DType::F32) + epsilon(got.dtype) * (w.abs() + 1.0)
    });
}

fn op(kind: Norm, axis: i32, eps: f32) -> Op {
    match kind {
        Norm::Layer => Op::LayerNorm { axis, eps },
        Norm::Rms => Op::RmsNorm { axis, eps },
    }
}

fn check(kind: Norm, x: &Tensor, axis: i32, eps: f32, layout: Layout) {
    let rank = x.dims.len() as i32;
    let at = if axis < 0 { axis + rank } else { axis } as usize;
    let width = [x.dims[at]];
    let (gamma, beta) = (Tensor::random(&width, 91).to(x.dtype), Tensor::random(&width, 92).to(x.dtype));
    let want = norm(kind, x, &gamma, &beta, at, eps);
    let got = run_one(&one_op(op(kind, axis, eps), &[x, &gamma, &beta], layout, &x.dims, x.dtype));
    assert_norm(&format!("{kind:?} of {:?}, axis {axis}, {layout:?}", x.dtype), &got, &want, x.dims[at]);
}

#[test]
fn last_axis() {
    for kind in [Norm::Layer, Norm::Rms] {
        for dims in [&[5][..], &[1, 1], &[3, 7], &[2, 3, 64], &[0, 4], &[2, 2, 3, 33], &[1, 2, 2, 2, 5]] {
            for layout in Layout::ALL {
                check(kind, &Tensor::random(dims, 3), -1, 1e-5, layout);
                check(kind, &Tensor::random(dims, 4), dims.len() as i32 - 1, 1e-12, layout);
            }
        }
    }
}

#[test]
fn other_axes() {
    // The IR ties the width of gamma and beta to the last axis, so the normalised axis is as wide.
    for kind in [Norm::Layer, Norm::Rms] {
        for axis in [0, 1, -2, -3] {
            for layout in Layout::ALL {
                check(kind, &Tensor::random(&[6, 6, 6], 5), axis, 1e-5, layout);
            }
        }
    }
}

#[test]
fn half_types() {
    for kind in [Norm::Layer, Norm::Rms] {
        for dtype in [DType::F16, DType::BF16] {
            check(kind, &Tensor::random(&[3, 32], 6).to(dtype), -1, 1e-5, Layout::Dense);
        }
    }
}

/// eps dominates where all values are equal; without it the result would be NaN.
#[test]
fn constant_rows() {
    for kind in [Norm::Layer, Norm::Rms] {
        check(kind, &Tensor::f32(&[2, 4], [0.0; 8]), -1, 1e-6, Layout::Dense);
    }
    check(Norm::Layer, &Tensor::f32(&[2, 4], [3.0; 8]), -1, 1e-6, Layout::Dense);
}

/// A far mean: a one-pass variance would cancel to nothing here.
#[test]
fn a_large_mean_does_not_cancel() {
    let x = Tensor::random(&[2, 16], 8).map(|v| v + 1000.0);
    let (gamma, beta) = (Tensor::f32(&[16], [1.0; 16]), Tensor::f32(&[16], [0.5; 16]));
    let want = norm(Norm::Layer, &x, &gamma, &beta, 1, 1e-5);
    let got = run_one(&one_op(op(Norm::Layer, -1, 1e-5), &[&x, &gamma, &beta], Layout::Dense, &[2, 16], DType::F32));
    // The mean is rounded once at magnitude 1000.
    assert_within("large mean", &got, &want, |_, _| 2.0 * 1000.0 * epsilon(DType::F32));
}

#[test]
fn weights_may_carry_leading_ones() {
    let x = Tensor::random(&[2, 3, 5], 1);
    let (gamma, beta) = (Tensor::random(&[5], 2), Tensor::random(&[5], 3));
    for kind in [Norm::Layer, Norm::Rms] {
        let want = norm(kind, &x, &gamma, &beta, 2, 1e-5);
        let operands = [&x, &gamma.reshaped(&[1, 1, 5]), &beta.reshaped(&[1, 5])];
        let got = run_one(&one_op(op(kind, -1, 1e-5), &operands, Layout::Dense, &[2, 3, 5], DType::F32));
        assert_norm("leading ones", &got, &want, 5);
    }
}

#[test]
fn rms_norm_may_declare_its_leading_axes_flattened() {
    let x = Tensor::random(&[2, 3, 5], 1);
    let (gamma, beta) = (Tensor::random(&[5], 2), Tensor::random(&[5], 3));
    let want = norm(Norm::Rms, &x, &gamma, &beta, 2, 1e-5);
    let got = run_one(&one_op(op(Norm::Rms, -1, 1e-5), &[&x, &gamma, &beta], Layout::Dense, &[6, 5], DType::F32));
    assert_norm("flattened", &got, &want, 5);
}
