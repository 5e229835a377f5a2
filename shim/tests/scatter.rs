//! Updates of parts of an array against plain loops, with indices in and out of range.

mod support;

use rlx_mlx_shim::*;
use std::ffi::c_int;
use support::*;

const DIMS: [c_int; 3] = [2, 3, 4];

type Closed = fn(f64, f64) -> f64;

const MODES: [(u32, Closed); 5] = [
    (RLX_MLX_UPDATE_SET, |_, u| u),
    (RLX_MLX_UPDATE_ADD, |x, u| x + u),
    (RLX_MLX_UPDATE_PROD, |x, u| x * u),
    (RLX_MLX_UPDATE_MAX, f64::max),
    (RLX_MLX_UPDATE_MIN, f64::min),
];

const INDICES: [u32; 3] = [RLX_MLX_DTYPE_I32, RLX_MLX_DTYPE_I64, RLX_MLX_DTYPE_F32];

/// Small, so that sums and products are exact in every dtype.
fn numbers() -> Vec<f64> {
    (0..24).map(|i| f64::from(i * 7 % 5 + 1)).collect()
}

/// Where an update lands: from the end once; nowhere when a window does not fit.
fn place(i: f64, extent: c_int, window: c_int) -> Option<usize> {
    let i = i as i64;
    let i = if i < 0 { i + i64::from(extent) } else { i };
    (0..=i64::from(extent - window)).contains(&i).then_some(i as usize)
}

fn offset(dims: &[c_int], i: &[usize]) -> usize {
    dims.iter().zip(i).fold(0, |n, (&d, &c)| n * d as usize + c)
}

#[test]
fn slices_are_added() {
    // Twice the same row, one from the end, two that do not exist.
    let picks = [1.0, 1.0, -1.0, 3.0, -4.0, 0.0];
    let shape = [2, 3, 2, 4];
    let updates = fill(&shape, |i| (i[0] + i[1] + i[2] + i[3]) as f64);
    let mut expected = numbers();
    fill(&shape, |i| {
        if let Some(row) = place(picks[i[0] * 3 + i[1]], 3, 1) {
            expected[offset(&DIMS, &[i[2], row, i[3]])] += at(&updates, &shape, i);
        }
        0.0
    });
    for dtype in MOVED {
        for a in twins(&numbers(), &DIMS, dtype) {
            for kind in INDICES {
                let i = array(&picks, &[2, 3], kind);
                for u in [strided(&updates, &shape, dtype), array(&updates, &[2, 3, 2, 1, 4], RLX_MLX_DTYPE_F32)] {
                    // SAFETY: live handles.
                    let b = ok(|out| unsafe { rlx_mlx_op_scatter_add(a.0, i.0, u.0, -2, out) });
                    assert_eq!((dims(&b), support::dtype(&b)), (DIMS.to_vec(), dtype));
                    close(&b, &expected, 0.0, 0.0);
                }
            }
        }
    }
}

#[test]
fn single_elements_are_updated_in_every_mode() {
    // One index for each line along the last axis and two lines of them; no two meet, so that SET is certain.
    let shape = [2, 3, 2];
    let picks = [0.0, 1.0, -1.0, 4.0, 2.0, 9.0, 3.0, -4.0, -5.0, 1.0, 0.0, -2.0];
    let updates = fill(&shape, |i| (i[0] + 2 * i[1] + 3 * i[2]) as f64);
    for (mode, f) in MODES {
        let mut expected = numbers();
        fill(&shape, |i| {
            if let Some(k) = place(at(&picks, &shape, i), 4, 1) {
                let to = offset(&DIMS, &[i[0], i[1], k]);
                expected[to] = f(expected[to], at(&updates, &shape, i));
            }
            0.0
        });
        for dtype in MOVED {
            for a in twins(&numbers(), &DIMS, dtype) {
                for kind in INDICES {
                    let i = strided(&picks, &shape, kind);
                    let u = array(&updates, &shape, dtype);
                    println!("mode {mode}, dtype {dtype}");
                    // SAFETY: live handles.
                    unsafe {
                        let b = ok(|out| rlx_mlx_op_scatter_axis(a.0, i.0, u.0, 2, mode, out));
                        assert_eq!((dims(&b), support::dtype(&b)), (DIMS.to_vec(), dtype));
                        close(&b, &expected, 0.0, 0.0);
                        if mode == RLX_MLX_UPDATE_ADD {
                            close(&ok(|out| rlx_mlx_op_scatter_add_axis(a.0, i.0, u.0, -1, out)), &expected, 0.0, 0.0);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn windows_are_updated_in_every_mode_or_dropped_whole() {
    // Windows [1, 2, 4] at rows and columns; the fourth has no row, the fifth reaches over the edge.
    let (rows, columns) = ([0.0, 1.0, 0.0, 2.0, 1.0], [0.0, -2.0, -3.0, 0.0, 2.0]);
    let shape = [5, 1, 2, 4];
    let updates = fill(&shape, |i| (1 + i[0] + i[2] + i[3]) as f64);
    let axes = [0, 1];
    for (mode, f) in MODES {
        if mode == RLX_MLX_UPDATE_SET {
            continue; // the first and the third meet
        }
        let mut expected = numbers();
        fill(&shape, |i| {
            if let (Some(r), Some(c)) = (place(rows[i[0]], 2, 1), place(columns[i[0]], 3, 2)) {
                let to = offset(&DIMS, &[r, c + i[2], i[3]]);
                expected[to] = f(expected[to], at(&updates, &shape, i));
            }
            0.0
        });
        for dtype in MOVED {
            for a in twins(&numbers(), &DIMS, dtype) {
                for kind in INDICES {
                    let (i, j) = (array(&rows, &[5], kind), array(&columns, &[5], kind));
                    let (list, u) = ([i.0, j.0], strided(&updates, &shape, dtype));
                    // SAFETY: live handles and slices.
                    let b =
                        ok(|out| unsafe { rlx_mlx_op_scatter(a.0, list.as_ptr(), axes.as_ptr(), 2, u.0, mode, out) });
                    assert_eq!((dims(&b), support::dtype(&b)), (DIMS.to_vec(), dtype));
                    println!("mode {mode}, dtype {dtype}");
                    close(&b, &expected, 0.0, 0.0);
                }
            }
        }
    }
}

#[test]
fn set_replaces_rows() {
    let list = array(&[2.0, 0.0, 5.0], &[3], RLX_MLX_DTYPE_U32);
    for dtype in MOVED.into_iter().chain([RLX_MLX_DTYPE_BOOL]) {
        let a = array(&[0.0; 6], &[3, 2], dtype);
        let u = array(&[1.0; 6], &[3, 1, 2], dtype);
        // SAFETY: live handles, one index array on axis 0.
        let b = ok(|out| unsafe { rlx_mlx_op_scatter(a.0, &list.0, &0, 1, u.0, RLX_MLX_UPDATE_SET, out) });
        close(&b, &[1.0, 1.0, 0.0, 0.0, 1.0, 1.0], 0.0, 0.0);
    }
}

#[test]
fn slices_are_updated_in_every_mode() {
    let (start, stop, steps) = ([0, 2, -1], [2, -4, -9], [1, -2, -1]);
    let update = [2.0, 0.0, 3.0, 1.0];
    for (mode, f) in MODES {
        let mut expected = numbers();
        fill(&[2, 2, 4], |i| {
            let to = offset(&DIMS, &[i[0], 2 - 2 * i[1], 3 - i[2]]);
            expected[to] = f(expected[to], update[i[2]]);
            0.0
        });
        for dtype in MOVED {
            for a in twins(&numbers(), &DIMS, dtype) {
                let u = array(&update, &[1, 4], dtype);
                // SAFETY: live handles and slices.
                let b = ok(|out| unsafe {
                    let bounds = (start.as_ptr(), stop.as_ptr(), steps.as_ptr());
                    rlx_mlx_op_slice_update(a.0, u.0, bounds.0, bounds.1, bounds.2, 3, mode, out)
                });
                assert_eq!((dims(&b), support::dtype(&b)), (DIMS.to_vec(), dtype));
                println!("mode {mode}, dtype {dtype}");
                close(&b, &expected, 0.0, 0.0);
            }
        }
    }
}

#[test]
fn rows_are_copied_to_where_an_array_says() {
    let (shape, axes) = ([2, 1, 2], [2, 1]);
    let update = fill(&shape, |i| (i[0] * 2 + i[2]) as f64);
    // The first number is for the last axis, where a corner beyond 2 is clamped.
    for (corner, to) in [([1.0, 2.0], [1, 2]), ([3.0, 9.0], [2, 2]), ([-1.0, 0.0], [0, 0])] {
        for (mode, f) in MODES {
            let mut expected = numbers();
            fill(&shape, |i| {
                let k = offset(&DIMS, &[i[0], to[1], i[2] + to[0]]);
                expected[k] = f(expected[k], at(&update, &shape, i));
                0.0
            });
            for dtype in MOVED {
                for a in twins(&numbers(), &DIMS, dtype) {
                    for kind in INDICES {
                        let (u, s) = (array(&update, &shape, dtype), array(&corner, &[2], kind));
                        // SAFETY: live handles and slices.
                        let b = ok(|out| unsafe {
                            rlx_mlx_op_slice_update_dynamic(a.0, u.0, s.0, axes.as_ptr(), 2, mode, out)
                        });
                        close(&b, &expected, 0.0, 0.0);
                    }
                }
            }
        }
    }
}

#[test]
fn empty_arrays_stay_empty() {
    let none = array(&[], &[0, 2], RLX_MLX_DTYPE_F32);
    let one = array(&[0.0], &[1], RLX_MLX_DTYPE_I32);
    let row = array(&[1.0, 1.0], &[1, 2], RLX_MLX_DTYPE_F32);
    // SAFETY: live handles.
    unsafe {
        assert_eq!(dims(&ok(|out| rlx_mlx_op_scatter_add(none.0, one.0, row.0, 0, out))), [0, 2]);
        let nothing = array(&[], &[0], RLX_MLX_DTYPE_I32);
        let b = ok(|out| rlx_mlx_op_scatter_add(row.0, nothing.0, none.0, 0, out));
        close(&b, &[1.0, 1.0], 0.0, 0.0);
    }
}
