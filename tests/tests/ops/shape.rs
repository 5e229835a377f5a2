//! Reshape, Transpose, Narrow, Slice, Concat, Expand, Reverse, Roll, Tile, Trilu: exact, for every dtype.

use rlx_ir::{DType, NodeId, Op};
use rlx_mlx_tests::compare::assert_same;
use rlx_mlx_tests::graph::{Case, Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices};

fn check(op: Op, x: &Tensor, dims: &[usize], want: &[f64]) {
    for layout in Layout::ALL {
        let got = run_one(&one_op(op.clone(), &[x], layout, dims, x.dtype));
        assert_same(&format!("{op:?} of {:?}, {layout:?}", x.dims), &got, want);
    }
}

/// The elements of `x` at indices that `map` gives for each index of `dims`.
fn picked(x: &Tensor, dims: &[usize], map: impl Fn(&mut Vec<usize>)) -> Vec<f64> {
    indices(dims)
        .map(|mut index| {
            map(&mut index);
            x.at(&index)
        })
        .collect()
}

#[test]
fn reshape_keeps_the_order() {
    let rows: [(&[usize], &[usize], &[i64]); 8] = [
        (&[2, 3, 4], &[6, 4], &[-1, 4]),
        (&[2, 3, 4], &[24], &[24]),
        (&[24], &[1, 2, 3, 2, 2], &[1, 2, 3, 2, 2]),
        (&[1], &[], &[]),
        (&[], &[1, 1], &[1, 1]),
        (&[0, 3], &[3, 0], &[3, 0]),
        (&[4, 1, 3], &[4, 3], &[4, -1]),
        (&[5], &[5], &[-1]),
    ];
    for (from, to, target) in rows {
        let x = Tensor::random(from, 1);
        check(Op::Reshape { new_shape: target.to_vec() }, &x, to, &x.values);
    }
}

#[test]
fn transpose_permutes_axes() {
    let perms: [&[usize]; 7] = [&[0], &[1, 0], &[0, 1], &[2, 0, 1], &[1, 2, 0], &[0, 2, 1, 3], &[4, 2, 0, 3, 1]];
    for perm in perms {
        for extents in [[2, 3, 4, 5, 2], [1, 3, 1, 2, 1], [0, 3, 2, 1, 2]] {
            let x = Tensor::random(&extents[..perm.len()], 2);
            let want = x.permuted(perm);
            check(Op::Transpose { perm: perm.to_vec() }, &x, &want.dims, &want.values);
        }
    }
}

#[test]
fn narrow_takes_a_run() {
    for (dims, axis, start, len) in [
        (&[7][..], 0, 2, 3),
        (&[7], 0, 0, 7),
        (&[7], 0, 6, 1),
        (&[7], 0, 3, 0),
        (&[3, 4, 5], 1, 1, 2),
        (&[3, 4, 5], 2, 4, 1),
        (&[2, 1, 3, 2, 4], 4, 1, 3),
    ] {
        let x = Tensor::random(dims, 3);
        let mut out = dims.to_vec();
        out[axis] = len;
        let want = picked(&x, &out, |index| index[axis] += start);
        check(Op::Narrow { axis, start, len }, &x, &out, &want);
    }
}

#[test]
fn slice_steps_both_ways() {
    for (dims, axis, start, len, step) in [
        (&[7][..], 0, 0, 4, 2),
        (&[7], 0, 6, 7, -1),
        (&[7], 0, 6, 4, -2),
        (&[7], 0, 0, 1, -1),
        (&[7], 0, 5, 0, -1),
        (&[7], 0, 2, 1, 100),
        (&[3, 8, 2], 1, 7, 3, -3),
        (&[3, 8, 2], 1, 1, 3, 3),
        (&[2, 3, 2, 4], 3, 3, 4, -1),
    ] {
        let x = Tensor::random(dims, 4);
        let mut out = dims.to_vec();
        out[axis] = len;
        let want = picked(&x, &out, |index| index[axis] = (start as i64 + index[axis] as i64 * step) as usize);
        check(Op::Slice { axis, start, len, step }, &x, &out, &want);
    }
}

#[test]
fn slices_outside_are_refused() {
    let x = Tensor::random(&[4], 1);
    for (start, len, step) in [(2, 3, 1), (0, 2, -1), (4, 1, 1), (0, 2, 0)] {
        let case = one_op(Op::Slice { axis: 0, start, len, step }, &[&x], Layout::Dense, &[len], DType::F32);
        let error = refusal(&case);
        assert!(error.message().contains("Slice") && error.message().contains("axis 0"), "{error}");
    }
    let case = one_op(Op::Narrow { axis: 1, start: 0, len: 1 }, &[&x], Layout::Dense, &[1], DType::F32);
    assert!(refusal(&case).message().contains("axis 1"));
}

#[test]
fn concat_joins_along_an_axis() {
    for (lists, axis) in [
        (vec![vec![2], vec![3]], 0),
        (vec![vec![2, 3]], 1),
        (vec![vec![2, 3], vec![2, 0], vec![2, 1]], 1),
        (vec![vec![1, 2, 2], vec![3, 2, 2]], 0),
        (vec![vec![2, 2, 1, 3], vec![2, 2, 4, 3], vec![2, 2, 2, 3]], 2),
    ] {
        let parts: Vec<Tensor> = lists.iter().enumerate().map(|(i, d)| Tensor::random(d, i as u64)).collect();
        let mut dims = lists[0].clone();
        dims[axis] = lists.iter().map(|d| d[axis]).sum();
        let want: Vec<f64> = indices(&dims)
            .map(|mut index| {
                let mut part = 0;
                while index[axis] >= parts[part].dims[axis] {
                    index[axis] -= parts[part].dims[axis];
                    part += 1;
                }
                parts[part].at(&index)
            })
            .collect();
        for layout in Layout::ALL {
            let refs: Vec<&Tensor> = parts.iter().collect();
            let got = run_one(&one_op(Op::Concat { axis }, &refs, layout, &dims, DType::F32));
            assert_same(&format!("concat of {lists:?} along {axis}"), &got, &want);
        }
    }
}

#[test]
fn expand_repeats_axes_of_extent_one() {
    let rows: [(&[usize], &[usize], &[i64]); 5] = [
        (&[1], &[4], &[4]),
        (&[3, 1], &[3, 5], &[3, 5]),
        (&[4], &[2, 3, 4], &[2, 3, 4]),
        (&[1, 2, 1], &[3, 2, 4], &[3, 2, 4]),
        (&[1, 3], &[0, 3], &[0, 3]),
    ];
    for (from, to, target) in rows {
        let x = Tensor::random(from, 6);
        let want: Vec<f64> = indices(to).map(|index| x.broadcast_at(&index)).collect();
        check(Op::Expand { target_shape: target.to_vec() }, &x, to, &want);
    }
}

/// An expanded value has stride 0: reducing, multiplying and returning it must all see the repetition.
#[test]
fn expanded_values_are_read_as_if_dense() {
    let x = Tensor::random(&[3, 1], 1);
    let mut case = Case::new();
    let input = case.input(&x);
    let wide = case.add(Op::Expand { target_shape: vec![3, 4] }, &[input], &[3, 4], DType::F32);
    let turned = case.add(Op::Transpose { perm: vec![1, 0] }, &[wide], &[4, 3], DType::F32);
    let flat = case.add(Op::Reshape { new_shape: vec![12] }, &[turned], &[12], DType::F32);
    let want: Vec<f64> = (0..12).map(|i| x.values[i % 3]).collect();
    assert_same("expanded, turned, flat", &run_one(&case.outputs(&[flat])), &want);
}

#[test]
fn reverse_turns_axes_round() {
    for (dims, axes) in [
        (&[5][..], &[0][..]),
        (&[0], &[0]),
        (&[3, 4], &[1]),
        (&[3, 4], &[0, 1]),
        (&[2, 3, 4], &[0, 2]),
        (&[2, 3, 4], &[]),
        (&[2, 1, 2, 3, 2], &[1, 3, 4]),
    ] {
        let x = Tensor::random(dims, 7);
        let flip = |index: &mut Vec<usize>| {
            for &axis in axes {
                index[axis] = dims[axis] - 1 - index[axis];
            }
        };
        check(Op::Reverse { axes: axes.to_vec() }, &x, dims, &picked(&x, dims, flip));
    }
}

#[test]
fn roll_moves_axes_round() {
    for (dims, shifts, axes) in [
        (&[5][..], &[2][..], &[0][..]),
        (&[5], &[-2], &[0]),
        (&[5], &[5], &[0]),
        (&[5], &[i64::MIN], &[0]),
        (&[5], &[i64::MAX], &[0]),
        (&[1], &[3], &[0]),
        (&[0], &[3], &[0]),
        (&[5], &[], &[]),
        (&[5], &[4, 4, -1], &[0, 0, 0]),
        (&[3, 4], &[1, -1], &[0, 1]),
        (&[3, 4], &[7, 2], &[1, 1]),
        (&[2, 3, 4], &[5, 1, 2], &[2, 0, 2]),
    ] {
        let x = Tensor::random(dims, 8);
        let turn = |index: &mut Vec<usize>| {
            for (&shift, &axis) in shifts.iter().zip(axes) {
                let extent = dims[axis] as i128;
                index[axis] = (index[axis] as i128 - i128::from(shift)).rem_euclid(extent) as usize;
            }
        };
        check(Op::Roll { shifts: shifts.to_vec(), dims: axes.to_vec() }, &x, dims, &picked(&x, dims, turn));
    }
}

#[test]
fn tile_repeats_the_whole_array() {
    for (dims, reps) in [
        (&[3][..], &[2][..]),
        (&[3], &[1]),
        (&[3], &[0]),
        (&[0], &[4]),
        (&[], &[]),
        (&[2, 3], &[3, 2]),
        (&[1, 3], &[4, 1]),
        (&[2, 3], &[2, 0]),
        (&[2, 1, 3, 2], &[1, 3, 2, 2]),
    ] {
        let x = Tensor::random(dims, 9);
        let out: Vec<usize> = dims.iter().zip(reps).map(|(extent, count)| extent * count).collect();
        let want = picked(&x, &out, |index| index.iter_mut().zip(dims).for_each(|(i, extent)| *i %= extent));
        check(Op::Tile { reps: reps.to_vec() }, &x, &out, &want);
    }
}

/// What is left out is 0, NaN and infinities too.
#[test]
fn triangles_on_either_side_of_every_diagonal() {
    for dims in [&[4, 4][..], &[2, 5], &[5, 2], &[1, 1], &[0, 3], &[3, 0], &[2, 2, 3, 4]] {
        let x = Tensor::random(dims, 10).map(|v| match v {
            v if v > 1.5 => f64::NAN,
            v if v < -1.5 => f64::INFINITY,
            v => v,
        });
        for upper in [false, true] {
            for diagonal in [0, 1, -1, 3, -3, 4, -4, 100, i64::MAX, i64::MIN] {
                let want: Vec<f64> = indices(dims)
                    .map(|index| {
                        let [.., row, column] = index[..] else { unreachable!("two axes") };
                        let place = column as i128 - row as i128;
                        let stays = if upper { place >= diagonal.into() } else { place <= diagonal.into() };
                        if stays { x.at(&index) } else { 0.0 }
                    })
                    .collect();
                check(Op::Trilu { upper, diagonal }, &x, dims, &want);
            }
        }
    }
}

#[test]
fn what_does_not_fit_roll_tile_and_trilu_is_refused() {
    let x = Tensor::random(&[2, 3], 1);
    for (op, dims, word) in [
        (Op::Roll { shifts: vec![1], dims: vec![2] }, &[2, 3], "axis 2"),
        (Op::Roll { shifts: vec![1, 2], dims: vec![0] }, &[2, 3], "2 shifts"),
        (Op::Tile { reps: vec![2] }, &[2, 3], "1 repetitions"),
        (Op::Tile { reps: vec![1, 1 << 40] }, &[2, 3], "32-bit"),
    ] {
        let error = refusal(&one_op(op.clone(), &[&x], Layout::Dense, dims, DType::F32));
        assert!(error.message().contains(word), "{op:?}: {error}");
    }
    let line = Tensor::random(&[3], 1);
    let error = refusal(&one_op(Op::Trilu { upper: true, diagonal: 0 }, &[&line], Layout::Dense, &[3], DType::F32));
    assert!(error.message().contains("Trilu") && error.message().contains("rank 2"), "{error}");
}

#[test]
fn roll_tile_and_trilu_of_every_dtype() {
    use DType::{BF16, Bool, F16, F32, F64, I8, I16, I32, I64, U8, U32};
    for dtype in [F32, F16, BF16, F64, I8, I16, I32, I64, U8, U32, Bool] {
        let x = Tensor::of(dtype, &[2, 3], [1.0, 0.0, 2.0, 3.0, 100.0, 5.0]);
        let [a, b, c, d, e, f] = <[f64; 6]>::try_from(x.values.clone()).unwrap();
        check(Op::Roll { shifts: vec![1], dims: vec![1] }, &x, &[2, 3], &[c, a, b, f, d, e]);
        check(Op::Tile { reps: vec![1, 2] }, &x, &[2, 6], &[a, b, c, a, b, c, d, e, f, d, e, f]);
        check(Op::Trilu { upper: true, diagonal: 1 }, &x, &[2, 3], &[0.0, b, c, 0.0, 0.0, f]);
        check(Op::Trilu { upper: false, diagonal: 1 }, &x, &[2, 3], &[a, b, 0.0, d, e, f]);
    }
}

#[test]
fn every_dtype_moves_unchanged() {
    use DType::{BF16, Bool, F16, F32, F64, I8, I16, I32, I64, U8, U32};
    for dtype in [F32, F16, BF16, F64, I8, I16, I32, I64, U8, U32, Bool] {
        let x = Tensor::of(dtype, &[2, 3], [0.0, 1.0, 2.0, 3.0, 100.0, 5.0]);
        let mut case = Case::new();
        let input = case.input(&x);
        let add = |case: &mut Case, op: Op, from: &[NodeId], dims: &[usize]| case.add(op, from, dims, dtype);
        let turned = add(&mut case, Op::Transpose { perm: vec![1, 0] }, &[input], &[3, 2]);
        let back = add(&mut case, Op::Reverse { axes: vec![0] }, &[turned], &[3, 2]);
        let both = add(&mut case, Op::Concat { axis: 1 }, &[turned, back], &[3, 4]);
        let some = add(&mut case, Op::Slice { axis: 1, start: 3, len: 2, step: -2 }, &[both], &[3, 2]);
        let flat = add(&mut case, Op::Reshape { new_shape: vec![6] }, &[some], &[6]);
        let (t, r) = (x.permuted(&[1, 0]), |i: usize, j: usize| x.at(&[j, 2 - i]));
        let want: Vec<f64> = (0..3).flat_map(|i| [r(i, 1), t.at(&[i, 1])]).collect();
        assert_same(&format!("{dtype:?}"), &run_one(&case.outputs(&[flat])), &want);
    }
}

#[test]
fn a_wrong_declared_shape_is_refused() {
    let x = Tensor::random(&[2, 3], 1);
    let error = refusal(&one_op(Op::Transpose { perm: vec![1, 0] }, &[&x], Layout::Dense, &[2, 3], DType::F32));
    assert!(error.message().contains("Transpose") && error.message().contains("[3, 2]"), "{error}");
}
