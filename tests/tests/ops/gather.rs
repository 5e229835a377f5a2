//! `Op::Gather`, `Op::GatherElements` and `Op::GatherNd` along every axis, with indices of every type.

use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::assert_same;
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run_one};
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
    // Floats before they are converted: none of these is an i64.
    for dtype in [DType::F32, DType::F64, DType::BF16] {
        let picks = Tensor::of(dtype, &[6], [1e10, 1e20, f64::INFINITY, -1e20, f64::NEG_INFINITY, f64::NAN]);
        let got = run_one(&one_op(Op::Gather { axis: 0 }, &[&table, &picks], Layout::Dense, &[6], DType::F32));
        assert_same(&format!("{dtype:?} outside"), &got, &[30.0, 30.0, 30.0, 10.0, 10.0, 10.0]);
    }
}

/// The element that an index names: truncated, counted from the end if negative, and the nearest one if outside.
fn place(index: f64, extent: usize) -> usize {
    if index.is_nan() {
        return 0;
    }
    let index = index.trunc();
    let index = if index < 0.0 { index + extent as f64 } else { index };
    index.clamp(0.0, extent as f64 - 1.0) as usize
}

/// Indices from -`extent` to `extent` - 1.
fn picks(dims: &[usize], extent: usize, seed: u64) -> Tensor {
    let half = extent as f64 / 2.0;
    Tensor::random(dims, seed).map(|v| (v * half).floor()).to(DType::I32)
}

fn check_elements(data: &Tensor, picks: &Tensor, axis: usize, layout: Layout) {
    let want: Vec<f64> = indices(&picks.dims)
        .map(|index| {
            let mut from = index.clone();
            from[axis] = place(picks.at(&index), data.dims[axis]);
            data.at(&from)
        })
        .collect();
    for axis in [axis as i32, axis as i32 - data.dims.len() as i32] {
        let op = Op::GatherElements { axis };
        let got = run_one(&one_op(op, &[data, picks], layout, &picks.dims, data.dtype));
        assert_same(&format!("{:?} by {:?} {:?}, {axis}", data.dims, picks.dtype, picks.dims), &got, &want);
    }
}

#[test]
fn gather_elements_along_every_axis() {
    for (dims, counts, axis) in [
        (&[5][..], &[9][..], 0),
        (&[5], &[0], 0),
        (&[1], &[1], 0),
        (&[4, 3], &[4, 3], 0),
        (&[4, 3], &[7, 2], 0),
        (&[4, 3], &[2, 6], 1),
        (&[4, 3], &[0, 6], 1),
        (&[2, 3, 4], &[2, 5, 3], 1),
        (&[2, 3, 4, 2], &[1, 3, 2, 7], 3),
    ] {
        let data = Tensor::random(dims, 1);
        let picks = picks(counts, dims[axis], 2);
        for layout in Layout::ALL {
            check_elements(&data, &picks, axis, layout);
        }
    }
}

fn check_nd(data: &Tensor, picks: &Tensor, batch: usize, layout: Layout) {
    let (&k, outer) = picks.dims.split_last().unwrap();
    let dims = [outer, &data.dims[batch + k..]].concat();
    let want: Vec<f64> = indices(&dims)
        .map(|index| {
            let (tuple, rest) = index.split_at(outer.len());
            let named = (0..k).map(|m| place(picks.at(&[tuple, &[m]].concat()), data.dims[batch + m]));
            let from: Vec<usize> = tuple[..batch].iter().copied().chain(named).chain(rest.iter().copied()).collect();
            data.at(&from)
        })
        .collect();
    let op = Op::GatherNd { batch_dims: batch as i32 };
    let got = run_one(&one_op(op, &[data, picks], layout, &dims, data.dtype));
    let what = format!("{:?} by {:?} {:?}, {batch} shared, {layout:?}", data.dims, picks.dtype, picks.dims);
    assert_same(&what, &got, &want);
}

#[test]
fn gather_nd_with_and_without_batch_axes() {
    for (dims, tuples, batch) in [
        (&[5][..], &[9, 1][..], 0),
        (&[5], &[1], 0),
        (&[5, 3], &[6, 1], 0),
        (&[5, 3], &[6, 2], 0),
        (&[5, 3], &[2, 4, 2], 0),
        (&[5, 3], &[4, 0], 0),
        (&[5, 3], &[0, 1], 0),
        (&[2, 3, 4], &[2, 1], 1),
        (&[2, 3, 4], &[2, 5, 1], 1),
        (&[2, 3, 4], &[2, 2], 1),
        (&[2, 3, 4], &[2, 3, 1], 2),
        (&[2, 3, 4], &[2, 3, 0], 2),
        (&[2, 3, 4, 2], &[2, 3, 5, 1], 2),
        (&[2, 3, 0], &[2, 4, 1], 1),
        (&[3, 2, 2, 2, 2], &[4, 3], 0),
    ] {
        let k = tuples[tuples.len() - 1];
        let least = dims[batch..batch + k].iter().copied().min().unwrap_or(1);
        let (data, picks) = (Tensor::random(dims, 1), picks(tuples, least, 2));
        for layout in Layout::ALL {
            check_nd(&data, &picks, batch, layout);
        }
    }
}

#[test]
fn elements_and_tuples_by_indices_of_every_type() {
    let data = Tensor::random(&[100], 1);
    for dtype in [
        DType::F32,
        DType::F64,
        DType::F16,
        DType::BF16,
        DType::I8,
        DType::I16,
        DType::I32,
        DType::I64,
        DType::U8,
        DType::U32,
    ] {
        let picks = Tensor::of(dtype, &[4], [99.0, 0.0, 5.0, 99.0]);
        check_elements(&data, &picks, 0, Layout::Dense);
        check_nd(&data, &picks.reshaped(&[4, 1]), 0, Layout::Dense);
    }
}

#[test]
fn elements_and_tuples_outside_are_clamped() {
    let data = Tensor::random(&[3], 1);
    for (dtype, values) in [
        (DType::F32, [-0.9, 2.9, 1e30, f64::NEG_INFINITY, f64::NAN, f64::INFINITY]),
        (DType::BF16, [-0.9, 2.9, 1e30, f64::NEG_INFINITY, f64::NAN, f64::INFINITY]),
        (DType::I64, [3.0, -4.0, 9e18, -9e18, 4_294_967_297.0, -1.0]),
        (DType::U32, [3.0, 0.0, 4e9, 2e9, 7.0, 1.0]),
    ] {
        let picks = Tensor::of(dtype, &[6], values);
        check_elements(&data, &picks, 0, Layout::Dense);
        check_nd(&data, &picks.reshaped(&[6, 1]), 0, Layout::Dense);
    }
}

#[test]
fn elements_and_tuples_of_other_types() {
    let picks = Tensor::of(DType::I32, &[4, 1], [2.0, 0.0, 1.0, 2.0]);
    for dtype in [DType::F16, DType::BF16, DType::F64, DType::I32, DType::I64, DType::U8, DType::Bool] {
        let data = Tensor::of(dtype, &[3, 2], [0.0, 1.0, 1.0, 0.0, 0.0, 0.0]);
        check_elements(&data, &picks, 0, Layout::Dense);
        check_nd(&data, &picks, 0, Layout::Dense);
    }
}

#[test]
fn elements_and_tuples_that_do_not_fit_are_refused() {
    let (data, line) = (Tensor::random(&[2, 3], 1), Tensor::of(DType::I32, &[2], [0.0, 1.0]));
    let wide = Tensor::of(DType::I32, &[3, 3], [0.0; 9]);
    for (op, picks, dims, word) in [
        (Op::GatherElements { axis: 0 }, &line, &[2][..], "as many axes"),
        (Op::GatherElements { axis: 1 }, &wide, &[3, 3], "no more elements"),
        (Op::GatherElements { axis: 2 }, &wide, &[3, 3], "axis 2"),
        (Op::GatherNd { batch_dims: 0 }, &wide, &[3], "for each of the first axes"),
        (Op::GatherNd { batch_dims: 1 }, &wide, &[3], "1 batch axes"),
        (Op::GatherNd { batch_dims: -1 }, &line, &[2], "-1 batch axes"),
        (Op::GatherNd { batch_dims: 5 }, &line, &[2], "5 batch axes"),
    ] {
        let error = refusal(&one_op(op.clone(), &[&data, picks], Layout::Dense, dims, DType::F32));
        assert!(error.message().contains("Gather") && error.message().contains(word), "{op:?}: {error}");
    }
    let (empty, zero) = (Tensor::f32(&[0], []), Tensor::of(DType::I32, &[1], [0.0]));
    let error = refusal(&one_op(Op::GatherElements { axis: 0 }, &[&empty, &zero], Layout::Dense, &[1], DType::F32));
    assert!(error.message().contains("without elements"), "{error}");
}
