//! Shape ops against plain loops over coordinates, in every dtype, from dense and strided operands.

mod support;

use rlx_mlx_shim::*;
use std::ffi::c_int;
use std::ptr::null_mut;
use support::*;

const DIMS: [c_int; 3] = [2, 3, 4];

fn numbers() -> Vec<f64> {
    (0..24).map(f64::from).collect()
}

/// Runs `op` on every dtype and layout of the numbers; the result's elements are those that `source` names.
#[track_caller]
fn moves(out_dims: &[c_int], op: impl Fn(&A) -> A, mut source: impl FnMut(&[usize]) -> Vec<usize>) {
    let expected = fill(out_dims, |i| at(&numbers(), &DIMS, &source(i)));
    for dtype in MOVED {
        for a in twins(&numbers(), &DIMS, dtype) {
            let b = op(&a);
            assert_eq!((dims(&b), support::dtype(&b)), (out_dims.to_vec(), dtype));
            close(&b, &expected, 0.0, 0.0);
        }
    }
}

#[test]
fn reshapes_keep_the_row_major_order() {
    let flat = |i: usize| vec![i / 12, i / 4 % 3, i % 4];
    // SAFETY: live handles and slices, here and below.
    unsafe {
        let (shape, one) = ([4, -1], [1_i32]);
        moves(&[4, 6], |a| ok(|out| rlx_mlx_op_reshape(a.0, shape.as_ptr(), 2, out)), |i| flat(i[0] * 6 + i[1]));
        moves(&[24], |a| ok(|out| rlx_mlx_op_flatten(a.0, 0, -1, out)), |i| flat(i[0]));
        moves(&[2, 12], |a| ok(|out| rlx_mlx_op_flatten(a.0, 1, 2, out)), |i| flat(i[0] * 12 + i[1]));
        let wide = |a: &A| ok(|out| rlx_mlx_op_expand_dims(a.0, one.as_ptr(), 1, out));
        moves(&[2, 1, 3, 4], wide, |i| vec![i[0], i[2], i[3]]);
        moves(&DIMS, |a| ok(|out| rlx_mlx_op_squeeze(wide(a).0, one.as_ptr(), 1, out)), |i| i.to_vec());
        moves(&DIMS, |a| ok(|out| rlx_mlx_op_contiguous(a.0, out)), |i| i.to_vec());
        moves(&DIMS, |a| ok(|out| rlx_mlx_op_copy(a.0, out)), |i| i.to_vec());
        let scalar = array(&[5.0], &[], RLX_MLX_DTYPE_F32);
        assert_eq!(dims(&ok(|out| rlx_mlx_op_flatten(scalar.0, 0, -1, out))), [1]);
    }
}

#[test]
fn axes_are_permuted() {
    let perm = [2, 0, 1];
    // SAFETY: live handles and slices.
    unsafe {
        let turned = |a: &A| ok(|out| rlx_mlx_op_transpose(a.0, perm.as_ptr(), 3, out));
        moves(&[4, 2, 3], turned, |i| vec![i[1], i[2], i[0]]);
        moves(&[4, 2, 3], |a| ok(|out| rlx_mlx_op_moveaxis(a.0, -1, 0, out)), |i| vec![i[1], i[2], i[0]]);
        moves(&[4, 3, 2], |a| ok(|out| rlx_mlx_op_swapaxes(a.0, 0, 2, out)), |i| vec![i[2], i[1], i[0]]);
    }
}

#[test]
fn slices_follow_pythons_rules() {
    // SAFETY: live handles and slices.
    unsafe {
        let (start, stop) = ([0, -2, 1], [9, 3, -1]);
        let cut = |a: &A| ok(|out| rlx_mlx_op_slice(a.0, start.as_ptr(), stop.as_ptr(), 3, out));
        moves(&[2, 2, 2], cut, |i| vec![i[0], i[1] + 1, i[2] + 1]);
        let (start, stop, steps) = ([1, 0, 9], [-9, 3, -9], [-1, 2, -3]);
        let cut =
            |a: &A| ok(|out| rlx_mlx_op_slice_strided(a.0, start.as_ptr(), stop.as_ptr(), steps.as_ptr(), 3, out));
        moves(&[2, 2, 2], cut, |i| vec![1 - i[0], 2 * i[1], 3 - 3 * i[2]]);
        // The corner that does not fit moves inside; the middle axis starts at 0.
        let (axes, size) = ([0, 2], [1, 3, 2]);
        for dtype in [RLX_MLX_DTYPE_I32, RLX_MLX_DTYPE_I64, RLX_MLX_DTYPE_U32, RLX_MLX_DTYPE_F32] {
            let corner = array(&[1.0, 3.0], &[2], dtype);
            let cut =
                |a: &A| ok(|out| rlx_mlx_op_slice_dynamic(a.0, corner.0, axes.as_ptr(), 2, size.as_ptr(), 3, out));
            moves(&size, cut, |i| vec![1, i[1], i[2] + 2]);
        }
        let corner = array(&[-5.0, f64::NAN], &[2], RLX_MLX_DTYPE_F32);
        let cut = |a: &A| ok(|out| rlx_mlx_op_slice_dynamic(a.0, corner.0, axes.as_ptr(), 2, size.as_ptr(), 3, out));
        moves(&size, cut, |i| i.to_vec());
    }
}

#[test]
fn every_slice_of_a_line_is_pythons() {
    let line = array(&[0.0, 1.0, 2.0, 3.0, 4.0], &[5], RLX_MLX_DTYPE_I32);
    for step in [c_int::MIN, -7, -2, -1, 1, 2, 7, c_int::MAX] {
        for start in [c_int::MIN, -6, -5, -1, 0, 2, 4, 5, c_int::MAX] {
            for stop in [c_int::MIN, -6, -5, -1, 0, 2, 4, 5, c_int::MAX] {
                // By Python: bounds from the end once, then clamped, then walked.
                let bound = |v: c_int| {
                    let v = i64::from(v) + if v < 0 { 5 } else { 0 };
                    if step < 0 { v.clamp(-1, 4) } else { v.clamp(0, 5) }
                };
                let (mut i, end, mut expected) = (bound(start), bound(stop), Vec::new());
                while if step < 0 { i > end } else { i < end } {
                    expected.push(i as f64);
                    i += i64::from(step);
                }
                // SAFETY: live handle, one entry each.
                let cut = ok(|out| unsafe { rlx_mlx_op_slice_strided(line.0, &start, &stop, &step, 1, out) });
                println!("{start}:{stop}:{step}");
                close(&cut, &expected, 0.0, 0.0);
            }
        }
    }
}

#[test]
fn arrays_are_joined_and_split() {
    // SAFETY: live handles and slices.
    unsafe {
        let twice = |a: &A| ok(|out| rlx_mlx_op_concat([a.0, a.0].as_ptr(), 2, 1, out));
        moves(&[2, 6, 4], twice, |i| vec![i[0], i[1] % 3, i[2]]);
        let pile = |a: &A| ok(|out| rlx_mlx_op_stack([a.0, a.0].as_ptr(), 2, -1, out));
        moves(&[2, 3, 4, 2], pile, |i| i[..3].to_vec());
        for part in 0..2 {
            let halves = |a: &A| {
                let mut outs = [null_mut(); 2];
                assert_eq!(rlx_mlx_op_split(a.0, 2, outs.as_mut_ptr(), 2), RLX_MLX_OK, "{}", error());
                let [first, second] = outs.map(A);
                if part == 0 { first } else { second }
            };
            moves(&[2, 3, 2], halves, |i| vec![i[0], i[1], i[2] + 2 * part]);
        }
        let tail = |a: &A| {
            let (mut outs, places) = ([null_mut(); 3], [1, 1]);
            assert_eq!(
                rlx_mlx_op_split_at(a.0, places.as_ptr(), 2, 1, outs.as_mut_ptr(), 3),
                RLX_MLX_OK,
                "{}",
                error()
            );
            let [first, second, third] = outs.map(A);
            assert_eq!((dims(&first), dims(&second)), (vec![2, 1, 4], vec![2, 0, 4]));
            third
        };
        moves(&[2, 2, 4], tail, |i| vec![i[0], i[1] + 1, i[2]]);
    }
}

#[test]
fn elements_are_repeated_and_moved() {
    // SAFETY: live handles and slices.
    unsafe {
        let shape = [5, 2, 3, 4];
        let wide = |a: &A| ok(|out| rlx_mlx_op_broadcast_to(a.0, shape.as_ptr(), 4, out));
        moves(&shape, wide, |i| i[1..].to_vec());
        moves(&[2, 6, 4], |a| ok(|out| rlx_mlx_op_repeat(a.0, 2, 1, out)), |i| vec![i[0], i[1] / 2, i[2]]);
        let reps = [2, 1, 2];
        let tiled = |a: &A| ok(|out| rlx_mlx_op_tile(a.0, reps.as_ptr(), 3, out));
        moves(&[4, 3, 8], tiled, |i| vec![i[0] % 2, i[1], i[2] % 4]);
        let axes = [0, -1];
        let flipped = |a: &A| ok(|out| rlx_mlx_op_flip(a.0, axes.as_ptr(), 2, out));
        moves(&DIMS, flipped, |i| vec![1 - i[0], i[1], 3 - i[2]]);
        for shifts in [[1, 2], [-1, -6], [c_int::MIN + 1, c_int::MAX - 1]] {
            let rolled = |a: &A| ok(|out| rlx_mlx_op_roll(a.0, shifts.as_ptr(), axes.as_ptr(), 2, out));
            let from = |i: usize, shift: c_int, n: i64| (i as i64 - i64::from(shift)).rem_euclid(n) as usize;
            moves(&DIMS, rolled, |i| vec![from(i[0], shifts[0], 2), i[1], from(i[2], shifts[1], 4)]);
        }
        let strides = [-12_i64, 1, 4];
        let view = |a: &A| ok(|out| rlx_mlx_op_as_strided(a.0, [2, 4, 3].as_ptr(), strides.as_ptr(), 3, 12, out));
        moves(&[2, 4, 3], view, |i| vec![1 - i[0], i[2], i[1]]);
    }
}

#[test]
fn padding_surrounds_the_numbers() {
    let (low, high) = ([0, 2, 1], [1, 0, 0]);
    let expected = fill(&[3, 5, 5], |i| {
        if i[0] < 2 && i[1] >= 2 && i[2] >= 1 { at(&numbers(), &DIMS, &[i[0], i[1] - 2, i[2] - 1]) } else { 7.0 }
    });
    for dtype in MOVED {
        for a in twins(&numbers(), &DIMS, dtype) {
            // SAFETY: live handles and slices.
            unsafe {
                let b = ok(|out| rlx_mlx_op_pad(a.0, low.as_ptr(), high.as_ptr(), 3, 7.0, out));
                close(&b, &expected, 0.0, 0.0);
                let value = array(&[7.0], &[], dtype);
                let b = ok(|out| rlx_mlx_op_pad_value(a.0, low.as_ptr(), high.as_ptr(), 3, value.0, out));
                close(&b, &expected, 0.0, 0.0);
            }
        }
    }
    // A number that f32 does not have.
    let (line, value) = (array(&[1.0], &[1], RLX_MLX_DTYPE_I64), array(&[16_777_217.0], &[], RLX_MLX_DTYPE_I64));
    // SAFETY: live handles, one entry each.
    let b = ok(|out| unsafe { rlx_mlx_op_pad_value(line.0, &1, &0, 1, value.0, out) });
    close(&b, &[16_777_217.0, 1.0], 0.0, 0.0);
}

#[test]
fn empty_arrays_pass() {
    let none = array(&[], &[0, 3], RLX_MLX_DTYPE_F32);
    // SAFETY: live handles and slices.
    unsafe {
        assert_eq!(dims(&ok(|out| rlx_mlx_op_reshape(none.0, [3, 0].as_ptr(), 2, out))), [3, 0]);
        assert_eq!(dims(&ok(|out| rlx_mlx_op_reshape(none.0, [-1].as_ptr(), 1, out))), [0]);
        assert_eq!(dims(&ok(|out| rlx_mlx_op_flip(none.0, [0].as_ptr(), 1, out))), [0, 3]);
        assert_eq!(dims(&ok(|out| rlx_mlx_op_roll(none.0, [1].as_ptr(), [0].as_ptr(), 1, out))), [0, 3]);
        assert_eq!(dims(&ok(|out| rlx_mlx_op_tile(none.0, [2].as_ptr(), 1, out))), [0, 6]);
        assert_eq!(dims(&ok(|out| rlx_mlx_op_concat([none.0, none.0].as_ptr(), 2, 0, out))), [0, 3]);
        let empty = [0, 2];
        assert_eq!(dims(&ok(|out| rlx_mlx_op_as_strided(none.0, empty.as_ptr(), [9, 9].as_ptr(), 2, 7, out))), [0, 2]);
        assert_eq!(
            fails(|out| rlx_mlx_op_as_strided(none.0, [1].as_ptr(), [1].as_ptr(), 1, 0, out)),
            RLX_MLX_ERR_BAD_SHAPE
        );
        let mut outs = [null_mut(); 2];
        assert_eq!(rlx_mlx_op_split(none.0, 0, outs.as_mut_ptr(), 2), RLX_MLX_ERR_BAD_SHAPE);
    }
}
