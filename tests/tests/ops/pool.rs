//! MaxPool2dBackward.

use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon};
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices, offset};

/// Window, stride and padding, each along the two axes.
type Pooling = [[usize; 2]; 3];

fn op([kernel, stride, padding]: Pooling) -> Op {
    Op::MaxPool2dBackward { kernel_size: kernel.to_vec(), stride: stride.to_vec(), padding: padding.to_vec() }
}

/// Extents of the pooled tensor.
fn pooled(x: &[usize], [kernel, stride, padding]: Pooling) -> Vec<usize> {
    let out = |axis: usize| (x[2 + axis] + 2 * padding[axis] - kernel[axis]) / stride[axis] + 1;
    vec![x[0], x[1], out(0), out(1)]
}

/// The definition, and for each element the sum of the sizes of what it is made of.
fn gradient(x: &Tensor, dy: &Tensor, [kernel, stride, padding]: Pooling) -> (Vec<f64>, Vec<f64>) {
    let mut dx = vec![0.0; x.values.len()];
    let mut sizes = dx.clone();
    for at in indices(&dy.dims) {
        let mut winner: Option<(f64, usize)> = None;
        for i in 0..kernel[0] {
            for j in 0..kernel[1] {
                let (row, column) = (at[2] * stride[0] + i, at[3] * stride[1] + j);
                let inside = (padding[0]..padding[0] + x.dims[2]).contains(&row)
                    && (padding[1]..padding[1] + x.dims[3]).contains(&column);
                if inside {
                    let place = [at[0], at[1], row - padding[0], column - padding[1]];
                    let value = x.at(&place);
                    if winner.is_none_or(|(best, _)| value > best || (value.is_nan() && !best.is_nan())) {
                        winner = Some((value, offset(&x.dims, &place)));
                    }
                }
            }
        }
        let (_, place) = winner.unwrap();
        dx[place] += dy.at(&at);
        sizes[place] += dy.at(&at).abs();
    }
    (dx, sizes)
}

fn check(x: &Tensor, pooling: Pooling, layout: Layout) {
    let dy = Tensor::random(&pooled(&x.dims, pooling), 7).to(x.dtype);
    let (want, sizes) = gradient(x, &dy, pooling);
    let got = run_one(&one_op(op(pooling), &[x, &dy], layout, &x.dims, x.dtype));
    // A few additions in f32, and one rounding to the dtype.
    assert_within(&format!("{pooling:?} of {:?} {:?}", x.dtype, x.dims), &got, &want, |i, w| {
        4.0 * epsilon(DType::F32) * sizes[i] + epsilon(x.dtype) * w.abs()
    });
}

const POOLINGS: [Pooling; 5] = [
    [[2, 2], [2, 2], [0, 0]],
    [[3, 3], [1, 1], [1, 1]],
    [[3, 2], [2, 1], [1, 0]],
    [[2, 3], [3, 2], [0, 1]],
    [[1, 1], [1, 1], [0, 0]],
];

#[test]
fn gradients_go_to_the_winners() {
    for pooling in POOLINGS {
        for (dims, layout) in
            [([1, 1, 4, 4], Layout::Dense), ([2, 3, 7, 5], Layout::Dense), ([2, 2, 5, 6], Layout::Transposed)]
        {
            check(&Tensor::random(&dims, 3), pooling, layout);
        }
        for dtype in [DType::F16, DType::BF16, DType::F64] {
            check(&Tensor::random(&[1, 2, 6, 5], 5).to(dtype), pooling, Layout::Dense);
        }
    }
}

#[test]
fn the_first_hit_wins() {
    for value in [0.0, -1.0, f64::NEG_INFINITY] {
        let x = Tensor::f32(&[1, 1, 3, 3], [value; 9]);
        check(&x, [[3, 3], [1, 1], [0, 0]], Layout::Dense);
        check(&x, [[2, 2], [1, 1], [1, 1]], Layout::Dense);
    }
    let x = Tensor::f32(&[1, 1, 2, 4], [1.0, 5.0, f64::NAN, 9.0, 5.0, 2.0, 3.0, f64::NAN]);
    let dy = Tensor::f32(&[1, 1, 1, 2], [2.0, 3.0]);
    let got = run_one(&one_op(op([[2, 2], [2, 2], [0, 0]]), &[&x, &dy], Layout::Dense, &[1, 1, 2, 4], DType::F32));
    assert_same("the first of equals, and the first NaN", &got, &[0.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn nothing_has_no_gradient() {
    let x = Tensor::f32(&[0, 2, 4, 4], []);
    let dy = Tensor::f32(&[0, 2, 2, 2], []);
    let got = run_one(&one_op(op([[2, 2], [2, 2], [0, 0]]), &[&x, &dy], Layout::Dense, &[0, 2, 4, 4], DType::F32));
    assert!(got.values.is_empty());
}

#[test]
fn numbers_that_do_not_fit_are_named() {
    let x = Tensor::random(&[1, 1, 4, 4], 1);
    let cases: [(Op, [usize; 4], &str); 4] = [
        (op([[2, 2], [2, 2], [0, 0]]), [1, 1, 3, 3], "dy is [1, 1, 3, 3]"),
        (op([[2, 2], [2, 2], [2, 0]]), [1, 1, 4, 2], "padding [2, 0]"),
        (op([[2, 2], [0, 2], [0, 0]]), [1, 1, 2, 2], "stride is [0, 2]"),
        (
            Op::MaxPool2dBackward { kernel_size: vec![2], stride: vec![2, 2], padding: vec![0, 0] },
            [1, 1, 2, 2],
            "kernel_size is [2]",
        ),
    ];
    for (op, dy, part) in cases {
        let error = refusal(&one_op(op, &[&x, &Tensor::random(&dy, 2)], Layout::Dense, &[1, 1, 4, 4], DType::F32));
        assert!(error.message().contains(part) && error.message().contains("MaxPool2dBackward"), "{error}");
    }
}
