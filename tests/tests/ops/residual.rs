//! `Op::FusedMatMulResidual` against plain loops in f64.

use crate::matmul::{Product, assert_product, product};
use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::assert_within;
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run_one};
use rlx_mlx_tests::tensor::{Tensor, round_to};

/// The product with one more term.
fn with(residual: &Tensor, a: &Tensor, b: &Tensor) -> Product {
    let mut want = product(a, b);
    for ((value, magnitude), r) in want.values.iter_mut().zip(&mut want.magnitudes).zip(&residual.values) {
        *value += r;
        *magnitude += r.abs();
    }
    want.terms += 1;
    want
}

#[test]
fn shapes_layouts_and_dtypes() {
    for (a, b) in [
        (&[2, 3][..], &[3, 4][..]),
        (&[1, 1], &[1, 1]),
        (&[33, 65], &[65, 17]),
        (&[3, 2, 5], &[3, 5, 4]),
        (&[3, 2, 5], &[5, 4]),
        (&[2, 0], &[0, 3]),
        (&[0, 3], &[3, 4]),
    ] {
        for dtype in [DType::F32, DType::F16, DType::BF16, DType::F64] {
            let (a, b) = (Tensor::random(a, 1).to(dtype), Tensor::random(b, 2).to(dtype));
            let residual = Tensor::random(&product(&a, &b).dims, 3).to(dtype);
            let want = with(&residual, &a, &b);
            for layout in Layout::ALL {
                let op = Op::FusedMatMulResidual;
                let got = run_one(&one_op(op, &[&a, &b, &residual], layout, &want.dims, dtype));
                let what = format!("{dtype:?} {:?} {:?} {layout:?}", a.dims, b.dims);
                assert_product(&what, &got, &want);
                if dtype == DType::F64 {
                    let bound = want.terms as f64 * f64::EPSILON;
                    assert_within(&what, &got, &want.values, |i, _| 2.0 * bound * want.magnitudes[i]);
                }
            }
        }
    }
}

/// A product that is rounded to a half before the sum would lose what is left of it here.
#[test]
fn halves_are_rounded_once() {
    for (dtype, big, small) in [(DType::F16, 2048.0, 0.5), (DType::BF16, 256.0, 0.5)] {
        let (a, b) = (Tensor::of(dtype, &[1, 2], [big, small]), Tensor::of(dtype, &[2, 1], [1.0, 1.0]));
        let residual = Tensor::of(dtype, &[1, 1], [-big]);
        let got = run_one(&one_op(Op::FusedMatMulResidual, &[&a, &b, &residual], Layout::Dense, &[1, 1], dtype));
        assert_eq!(got.values, [round_to(dtype, small)], "{dtype:?}");
    }
}

#[test]
fn nan_and_infinities_of_the_residual_stay() {
    let (a, b) = (Tensor::random(&[1, 2], 1), Tensor::random(&[2, 3], 2));
    let residual = Tensor::f32(&[1, 3], [f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
    let got = run_one(&one_op(Op::FusedMatMulResidual, &[&a, &b, &residual], Layout::Dense, &[1, 3], DType::F32));
    assert!(got.values[0].is_nan() && got.values[1..] == [f64::INFINITY, f64::NEG_INFINITY], "{:?}", got.values);
}

#[test]
fn a_residual_of_another_shape_is_refused() {
    let (a, b) = (Tensor::random(&[2, 3], 1), Tensor::random(&[3, 4], 2));
    for dims in [&[4][..], &[1, 4], &[2, 1], &[1, 2, 4]] {
        let residual = Tensor::random(dims, 3);
        let case = one_op(Op::FusedMatMulResidual, &[&a, &b, &residual], Layout::Dense, &[2, 4], DType::F32);
        let error = refusal(&case);
        assert!(error.message().contains("FusedMatMulResidual") && error.message().contains("residual"), "{error}");
    }
}
