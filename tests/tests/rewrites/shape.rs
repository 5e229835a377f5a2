//! `Op::ResizeNearest2x` against its definition.

use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::assert_same;
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices};

#[test]
fn resize_nearest_2x_doubles_each_element() {
    let x = Tensor::f32(&[1, 1, 1, 4], [1.0, 2.0, 3.0, 4.0]);
    let y = run_one(&one_op(Op::ResizeNearest2x, &[&x], Layout::Dense, &[1, 1, 2, 8], DType::F32));
    assert_eq!(y.values, [[1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0]; 2].concat());
}

#[test]
fn resize_nearest_2x_of_all_layouts_shapes_and_dtypes() {
    for dims in [[2, 3, 4, 5], [1, 1, 1, 1], [2, 0, 3, 2], [1, 2, 1, 7]] {
        let big = [dims[0], dims[1], 2 * dims[2], 2 * dims[3]];
        for dtype in [DType::F32, DType::F16, DType::BF16, DType::F64, DType::I32, DType::I64, DType::U8, DType::Bool] {
            let x = Tensor::random(&dims, 3).to(dtype);
            for layout in Layout::ALL {
                let y = run_one(&one_op(Op::ResizeNearest2x, &[&x], layout, &big, dtype));
                let want: Vec<f64> = indices(&big).map(|i| x.at(&[i[0], i[1], i[2] / 2, i[3] / 2])).collect();
                assert_same(&format!("{dtype:?} {dims:?} {layout:?}"), &y, &want);
            }
        }
    }
}

#[test]
fn resize_nearest_2x_of_another_rank_is_refused() {
    let x = Tensor::random(&[2, 3], 1);
    let error = refusal(&one_op(Op::ResizeNearest2x, &[&x], Layout::Dense, &[4, 6], DType::F32));
    assert!(error.message().contains("ResizeNearest2x"), "{error}");
}
