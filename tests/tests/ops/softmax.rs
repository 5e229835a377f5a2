//! Softmax.

use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon};
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::run_one;
use rlx_mlx_tests::tensor::{Tensor, indices};

/// Softmax along an axis, by the definition with the maximum taken off.
pub(crate) fn softmax(x: &Tensor, axis: usize) -> Vec<f64> {
    indices(&x.dims)
        .map(|index| {
            let row = |j: usize| {
                let mut at = index.clone();
                at[axis] = j;
                x.at(&at)
            };
            let n = x.dims[axis];
            let top = (0..n).map(row).fold(f64::NEG_INFINITY, f64::max);
            (row(index[axis]) - top).exp() / (0..n).map(|j| (row(j) - top).exp()).sum::<f64>()
        })
        .collect()
}

#[test]
fn softmax_along_any_axis() {
    for dims in [&[5][..], &[1], &[3, 4], &[2, 3, 70], &[2, 0, 3], &[2, 1, 2, 3], &[1, 2, 2, 2, 3]] {
        let rank = dims.len() as i32;
        for axis in -rank..rank {
            let at = axis.rem_euclid(rank) as usize;
            if dims[at] == 0 {
                continue;
            }
            for dtype in [DType::F32, DType::F16, DType::BF16] {
                let x = Tensor::random(dims, 11).map(|v| v * 10.0).to(dtype);
                let want = softmax(&x, at);
                for layout in Layout::ALL {
                    let got = run_one(&one_op(Op::Softmax { axis }, &[&x], layout, dims, dtype));
                    // exp of a score down to -40 errs by as many epsilons, the sum of n by n; then one rounding.
                    assert_within(&format!("softmax {dtype:?} {axis} {layout:?}"), &got, &want, |_, w| {
                        w * ((40 + 4 + dims[at]) as f64 * epsilon(DType::F32) + epsilon(dtype))
                    });
                }
            }
        }
    }
}

#[test]
fn softmax_of_large_scores_is_finite() {
    let x = Tensor::f32(&[2, 3], [1e30, 1e30, -1e30, -f64::INFINITY, 300.0, 300.0]);
    let got = run_one(&one_op(Op::Softmax { axis: -1 }, &[&x], Layout::Dense, &[2, 3], DType::F32));
    assert_same("large scores", &got, &[0.5, 0.5, 0.0, 0.0, 0.5, 0.5]);
}
