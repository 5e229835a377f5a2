//! Gathers against plain loops, with indices of every dtype, in and out of range.

mod support;

use rlx_mlx_shim::*;
use std::ffi::c_int;
use support::*;

const DIMS: [c_int; 3] = [2, 3, 4];

const INDICES: [u32; 8] = [
    RLX_MLX_DTYPE_I8,
    RLX_MLX_DTYPE_I16,
    RLX_MLX_DTYPE_I32,
    RLX_MLX_DTYPE_I64,
    RLX_MLX_DTYPE_F32,
    RLX_MLX_DTYPE_F16,
    RLX_MLX_DTYPE_BF16,
    RLX_MLX_DTYPE_F64,
];

fn numbers() -> Vec<f64> {
    (0..24).map(f64::from).collect()
}

/// The rule of the header: from the end once, then clamped, a window of `window` inside.
fn index(i: f64, extent: c_int, window: c_int) -> usize {
    let i = i.trunc() as i64;
    let i = if i < 0 { i + i64::from(extent) } else { i };
    i.clamp(0, i64::from(extent - window)) as usize
}

#[test]
fn take_picks_slices_of_every_dtype() {
    let picks = [2.0, 0.0, -1.0, 7.0, -9.0, 1.0];
    for dtype in MOVED {
        for a in twins(&numbers(), &DIMS, dtype) {
            for kind in INDICES {
                for i in twins(&picks, &[2, 3], kind) {
                    // SAFETY: live handles.
                    let b = ok(|out| unsafe { rlx_mlx_op_take(a.0, i.0, -2, out) });
                    assert_eq!((dims(&b), support::dtype(&b)), (vec![2, 2, 3, 4], dtype));
                    let expected = fill(&[2, 2, 3, 4], |o| {
                        at(&numbers(), &DIMS, &[o[0], index(picks[o[1] * 3 + o[2]], 3, 1), o[3]])
                    });
                    close(&b, &expected, 0.0, 0.0);
                }
            }
        }
    }
}

#[test]
fn indices_keep_their_64_bits_and_floats_are_truncated() {
    let a = array(&[10.0, 11.0, 12.0], &[3], RLX_MLX_DTYPE_F32);
    let take = |i: &A| {
        // SAFETY: live handles.
        ok(|out| unsafe { rlx_mlx_op_take(a.0, i.0, 0, out) })
    };
    let far = array(&[4_294_967_297.0, -4_294_967_295.0, 9.0e18, -9.0e18], &[4], RLX_MLX_DTYPE_I64);
    close(&take(&far), &[12.0, 10.0, 12.0, 10.0], 0.0, 0.0);
    let unsigned = array(&[0.0, 2.0, 4_294_967_295.0], &[3], RLX_MLX_DTYPE_U32);
    close(&take(&unsigned), &[10.0, 12.0, 12.0], 0.0, 0.0);
    close(&take(&array(&[1.0, 0.0], &[2], RLX_MLX_DTYPE_BOOL)), &[11.0, 10.0], 0.0, 0.0);
    let wild = [1.9, -0.9, -1.9, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 3e38];
    for dtype in [RLX_MLX_DTYPE_F32, RLX_MLX_DTYPE_F64] {
        let expected = [11.0, 10.0, 12.0, 10.0, 12.0, 10.0, 12.0];
        close(&take(&array(&wild, &[7], dtype)), &expected, 0.0, 0.0);
    }
    // The index type is narrower than the axis is long.
    let long = array(&(0..300).map(f64::from).collect::<Vec<_>>(), &[300], RLX_MLX_DTYPE_I32);
    let bytes = array(&[255.0, 3.0], &[2], RLX_MLX_DTYPE_U8);
    // SAFETY: live handles.
    close(&ok(|out| unsafe { rlx_mlx_op_take(long.0, bytes.0, 0, out) }), &[255.0, 3.0], 0.0, 0.0);
}

#[test]
fn take_along_axis_picks_single_elements() {
    let shape = [2, 5, 1];
    let picks: Vec<f64> = (0..10).map(|i| f64::from(i * 3 % 7 - 4)).collect();
    for dtype in MOVED {
        for a in twins(&numbers(), &DIMS, dtype) {
            for kind in [RLX_MLX_DTYPE_I32, RLX_MLX_DTYPE_I64, RLX_MLX_DTYPE_F32] {
                for i in twins(&picks, &shape, kind) {
                    // SAFETY: live handles.
                    let b = ok(|out| unsafe { rlx_mlx_op_take_along_axis(a.0, i.0, 1, out) });
                    let expected = fill(&[2, 5, 4], |o| {
                        let k = at(&picks, &shape, &[o[0], o[1], 0]);
                        at(&numbers(), &DIMS, &[o[0], index(k, 3, 1), o[2]])
                    });
                    assert_eq!(dims(&b), [2, 5, 4]);
                    close(&b, &expected, 0.0, 0.0);
                }
            }
        }
    }
}

#[test]
fn gather_takes_windows_that_stay_inside() {
    let (rows, columns) = ([0.0, 1.0, -1.0, 9.0], [3.0, -2.0, 0.0]);
    let (axes, sizes) = ([0, 2], [1, 3, 2]);
    for dtype in MOVED {
        for a in twins(&numbers(), &DIMS, dtype) {
            for kind in [RLX_MLX_DTYPE_I32, RLX_MLX_DTYPE_I64, RLX_MLX_DTYPE_F32] {
                let (i, j) = (array(&rows, &[4, 1], kind), array(&columns, &[3], kind));
                let list = [i.0, j.0];
                // SAFETY: live handles and slices.
                let b = ok(|out| unsafe {
                    rlx_mlx_op_gather(a.0, list.as_ptr(), axes.as_ptr(), 2, sizes.as_ptr(), 3, out)
                });
                let shape = [4, 3, 1, 3, 2];
                let expected = fill(&shape, |o| {
                    let (r, c) = (index(rows[o[0]], 2, 1), index(columns[o[1]], 4, 2));
                    at(&numbers(), &DIMS, &[r + o[2], o[3], c + o[4]])
                });
                assert_eq!(dims(&b), shape);
                close(&b, &expected, 0.0, 0.0);
            }
        }
    }
}

#[test]
fn no_indices_pick_nothing() {
    let a = array(&numbers(), &DIMS, RLX_MLX_DTYPE_F32);
    let none = array(&[], &[0], RLX_MLX_DTYPE_I32);
    let empty = array(&[], &[0, 3], RLX_MLX_DTYPE_F32);
    // SAFETY: live handles.
    unsafe {
        assert_eq!(dims(&ok(|out| rlx_mlx_op_take(a.0, none.0, 1, out))), [2, 0, 4]);
        assert_eq!(dims(&ok(|out| rlx_mlx_op_take(empty.0, none.0, 0, out))), [0, 3]);
        let one = array(&[1.0], &[], RLX_MLX_DTYPE_I32);
        assert_eq!(dims(&ok(|out| rlx_mlx_op_take(empty.0, one.0, 1, out))), [0]);
        assert_eq!(fails(|out| rlx_mlx_op_take(empty.0, one.0, 0, out)), RLX_MLX_ERR_BAD_SHAPE);
    }
}
