//! `Op::Interpolate3d` against its definition.

use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::assert_same;
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices};

fn check(x: &Tensor, size: [usize; 3]) {
    let dims = [x.dims[0], x.dims[1], size[0], size[1], size[2]];
    let want: Vec<f64> = indices(&dims)
        .map(|mut index| {
            for axis in 2..5 {
                index[axis] = index[axis] * x.dims[axis] / size[axis - 2];
            }
            x.at(&index)
        })
        .collect();
    for layout in Layout::ALL {
        let op = Op::Interpolate3d { size: size.to_vec() };
        let got = run_one(&one_op(op, &[x], layout, &dims, x.dtype));
        assert_same(&format!("{:?} {:?} to {size:?}, {layout:?}", x.dtype, x.dims), &got, &want);
    }
}

#[test]
fn up_down_and_uneven() {
    for (dims, size) in [
        ([1, 1, 2, 3, 4], [2, 3, 4]),
        ([2, 3, 2, 3, 4], [4, 6, 8]),
        ([2, 1, 4, 6, 8], [2, 3, 4]),
        ([1, 2, 3, 5, 7], [7, 3, 5]),
        ([1, 1, 1, 1, 1], [3, 1, 2]),
        ([1, 1, 5, 5, 5], [1, 1, 1]),
        ([0, 2, 2, 2, 2], [3, 3, 3]),
        ([1, 2, 2, 2, 2], [0, 3, 3]),
        // Nothing of it is there, so nothing of this size is made.
        ([0, 1, 2, 1, 1], [2_000_000_000, 1, 1]),
    ] {
        check(&Tensor::random(&dims, 1), size);
    }
}

/// `floor(i * in / out)` in integers: with f32 factors some of these would be one off.
#[test]
fn long_axes_are_exact() {
    let count = 3 * 49;
    let x = Tensor::f32(&[1, 1, count, 1, 1], (0..count).map(|i| i as f64).collect::<Vec<_>>());
    for out in [49, 50, 999, 4 * count - 1] {
        check(&x, [out, 1, 1]);
    }
}

#[test]
fn every_dtype() {
    use DType::{BF16, Bool, F16, F32, F64, I8, I16, I32, I64, U8, U32};
    for dtype in [F32, F16, BF16, F64, I8, I16, I32, I64, U8, U32, Bool] {
        check(&Tensor::of(dtype, &[1, 1, 1, 2, 3], [0.0, 1.0, 2.0, 3.0, 100.0, 5.0]), [2, 3, 4]);
    }
    check(&Tensor::f32(&[1, 1, 1, 1, 3], [f64::NAN, f64::INFINITY, -0.0]), [1, 1, 5]);
}

#[test]
fn what_does_not_fit_is_refused() {
    for (dims, size, out) in [
        (&[1, 1, 2, 2][..], vec![2, 2, 2], &[1, 1, 2, 2][..]),
        (&[1, 1, 2, 2, 2], vec![2, 2], &[1, 1, 2, 2, 2]),
        (&[1, 1, 0, 2, 2], vec![2, 2, 2], &[1, 1, 2, 2, 2]),
    ] {
        let x = Tensor::random(dims, 1);
        let error = refusal(&one_op(Op::Interpolate3d { size }, &[&x], Layout::Dense, out, DType::F32));
        assert!(error.message().contains("Interpolate3d"), "{error}");
    }
}
