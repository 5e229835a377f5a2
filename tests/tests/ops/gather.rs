//! `Op::Gather` along every axis, with indices of every type.

use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::assert_same;
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::run_one;
use rlx_mlx_tests::tensor::{Tensor, indices};

/// `table[:axis] + indices + table[axis+1:]`.
fn gathered(table: &Tensor, picks: &Tensor, axis: usize) -> (Vec<usize>, Vec<f64>) {
    let dims = [&table.dims[..axis], &picks.dims, &table.dims[axis + 1..]].concat();
    let middle = axis..axis + picks.dims.len();
    let values = indices(&dims)
        .map(|index| {
            let row = picks.at(&index[middle.clone()]).trunc() as usize;
            table.at(&[&index[..axis], &[row], &index[middle.end..]].concat())
        })
        .collect();
    (dims, values)
}

fn check(table: &Tensor, picks: &Tensor, axis: usize, layout: Layout) {
    let (dims, want) = gathered(table, picks, axis);
    let got = run_one(&one_op(Op::Gather { axis }, &[table, picks], layout, &dims, table.dtype));
    assert_same(&format!("gather of {:?} by {:?} {:?}, axis {axis}", table.dims, picks.dtype, picks.dims), &got, &want);
}

#[test]
fn axes_and_index_shapes() {
    for dims in [&[4][..], &[4, 4], &[4, 5, 6], &[4, 4, 4, 4]] {
        let table = Tensor::random(dims, 1);
        for axis in 0..dims.len() {
            for shape in [&[][..], &[1], &[5], &[2, 3], &[0], &[2, 1, 2]] {
                let picks = Tensor::random(shape, 2).map(|v| (v + 2.0).floor().min(3.0));
                for layout in Layout::ALL {
                    check(&table, &picks, axis, layout);
                }
            }
        }
    }
}

#[test]
fn indices_of_every_type() {
    let table = Tensor::random(&[130, 3], 1);
    let picks = [0.0, 129.0 - 2.0, 5.0, 5.0, 100.0];
    for dtype in [DType::F32, DType::F16, DType::I8, DType::I16, DType::I32, DType::I64, DType::U8, DType::U32] {
        check(&table, &Tensor::of(dtype, &[5], picks), 0, Layout::Dense);
    }
}

#[test]
fn float_indices_truncate() {
    check(&Tensor::random(&[4, 2], 1), &Tensor::f32(&[3], [0.9, 2.5, 3.0]), 0, Layout::Dense);
}

#[test]
fn tables_of_other_types() {
    let picks = Tensor::of(DType::I32, &[4], [2.0, 0.0, 1.0, 2.0]);
    for dtype in [DType::F16, DType::BF16, DType::I32, DType::I64, DType::U8, DType::Bool] {
        check(&Tensor::of(dtype, &[3, 2], [0.0, 1.0, 1.0, 0.0, 0.0, 0.0]), &picks, 0, Layout::Dense);
    }
}

/// An index outside the table must not read outside it: it is clamped to the nearest row.
#[test]
fn indices_outside_are_clamped() {
    let table = Tensor::f32(&[3], [10.0, 20.0, 30.0]);
    for dtype in [DType::F32, DType::I32, DType::I64] {
        let picks = Tensor::of(dtype, &[3], [3.0, 1e6, 2.0]);
        let got = run_one(&one_op(Op::Gather { axis: 0 }, &[&table, &picks], Layout::Dense, &[3], DType::F32));
        assert_same("outside", &got, &[30.0, 30.0, 30.0]);
    }
}
