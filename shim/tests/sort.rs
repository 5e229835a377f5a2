//! Sorting and selection against the standard library's stable sort.

mod support;

use rlx_mlx_shim::*;
use std::cmp::Ordering;
use std::ffi::c_int;
use std::ptr::null_mut;
use support::*;

const DIMS: [c_int; 3] = [2, 5, 3];

/// Many equal elements, so that stability shows.
fn numbers() -> Vec<f64> {
    (0..30).map(|i| f64::from(i * 7 % 5)).collect()
}

fn order(x: f64, y: f64) -> Ordering {
    // NaN is the greatest.
    x.partial_cmp(&y).unwrap_or_else(|| x.is_nan().cmp(&y.is_nan()))
}

/// Values and indices of each line along `axis`, sorted, in the shape of the numbers.
fn sorted(axis: usize, descending: bool) -> (Vec<f64>, Vec<f64>) {
    let lines = |i: &[usize]| {
        let value = |k: usize| {
            let mut from = i.to_vec();
            from[axis] = k;
            at(&numbers(), &DIMS, &from)
        };
        let mut line: Vec<(f64, usize)> = (0..DIMS[axis] as usize).map(|k| (value(k), k)).collect();
        line.sort_by(|x, y| if descending { order(y.0, x.0) } else { order(x.0, y.0) });
        line[i[axis]]
    };
    (fill(&DIMS, |i| lines(i).0), fill(&DIMS, |i| lines(i).1 as f64))
}

const DTYPES: [u32; 8] = [
    RLX_MLX_DTYPE_F32,
    RLX_MLX_DTYPE_F16,
    RLX_MLX_DTYPE_BF16,
    RLX_MLX_DTYPE_F64,
    RLX_MLX_DTYPE_I32,
    RLX_MLX_DTYPE_I64,
    RLX_MLX_DTYPE_U8,
    RLX_MLX_DTYPE_C64,
];

#[test]
fn both_orders_are_stable_in_every_dtype() {
    for dtype in DTYPES {
        for a in twins(&numbers(), &DIMS, dtype) {
            for axis in 0..3 {
                for descending in [false, true] {
                    let (at, flag) = (axis as c_int, c_int::from(descending));
                    let (values, indices) = sorted(axis, descending);
                    // SAFETY: live handle.
                    unsafe {
                        close(&ok(|out| rlx_mlx_op_sort_by(a.0, at, flag, out)), &values, 0.0, 0.0);
                        let places = ok(|out| rlx_mlx_op_argsort(a.0, at - 3, flag, out));
                        assert_eq!(support::dtype(&places), RLX_MLX_DTYPE_U32);
                        close(&places, &indices, 0.0, 0.0);
                        if !descending {
                            close(&ok(|out| rlx_mlx_op_sort(a.0, at, out)), &values, 0.0, 0.0);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn top_k_is_the_head_of_the_descending_order() {
    for dtype in DTYPES {
        for a in twins(&numbers(), &DIMS, dtype) {
            let (values, indices) = sorted(1, true);
            for k in [0, 1, 3, 5] {
                let shape = [2, k, 3];
                let head = |all: &[f64]| fill(&shape, |i| at(all, &DIMS, i));
                let (mut v, mut i) = (null_mut(), null_mut());
                // SAFETY: live handle, writable outs.
                unsafe {
                    assert_eq!(rlx_mlx_op_topk(a.0, k, 1, &mut v, &mut i), RLX_MLX_OK, "{}", error());
                    let (v, i) = (A(v), A(i));
                    assert_eq!((dims(&v), dims(&i)), (shape.to_vec(), shape.to_vec()));
                    close(&v, &head(&values), 0.0, 0.0);
                    close(&i, &head(&indices), 0.0, 0.0);
                    close(&ok(|out| rlx_mlx_op_topk_values(a.0, k, -2, out)), &head(&values), 0.0, 0.0);
                }
            }
        }
    }
}

#[test]
fn partitions_divide_at_the_rank() {
    let values = sorted(1, false).0;
    for dtype in DTYPES {
        for a in twins(&numbers(), &DIMS, dtype) {
            for kth in -5..5 {
                // SAFETY: live handles.
                unsafe {
                    let places = ok(|out| rlx_mlx_op_argpartition(a.0, kth, 1, out));
                    for part in [
                        ok(|out| rlx_mlx_op_partition(a.0, kth, 1, out)),
                        ok(|out| rlx_mlx_op_take_along_axis(a.0, places.0, 1, out)),
                    ] {
                        let found = support::values(&part);
                        let rank = kth.rem_euclid(5) as usize;
                        fill(&DIMS, |i| {
                            let x = at(&found, &DIMS, i);
                            let pivot = at(&values, &DIMS, &[i[0], rank, i[2]]);
                            assert!(if i[1] < rank {
                                x <= pivot
                            } else if i[1] == rank {
                                x == pivot
                            } else {
                                x >= pivot
                            });
                            0.0
                        });
                    }
                }
            }
        }
    }
}

#[test]
fn nan_is_the_greatest_value() {
    let wild = [1.0, f64::NAN, f64::NEG_INFINITY, f64::INFINITY, f64::NAN, -2.0];
    let up = [f64::NEG_INFINITY, -2.0, 1.0, f64::INFINITY, f64::NAN, f64::NAN];
    for dtype in FLOATS {
        let a = array(&wild, &[6], dtype);
        let down: Vec<f64> = up.iter().rev().copied().collect();
        // SAFETY: live handle.
        unsafe {
            close(&ok(|out| rlx_mlx_op_sort(a.0, 0, out)), &up, 0.0, 0.0);
            close(&ok(|out| rlx_mlx_op_argsort(a.0, 0, 0, out)), &[2.0, 5.0, 0.0, 3.0, 1.0, 4.0], 0.0, 0.0);
            close(&ok(|out| rlx_mlx_op_sort_by(a.0, 0, 1, out)), &down, 0.0, 0.0);
            close(&ok(|out| rlx_mlx_op_argsort(a.0, 0, 1, out)), &[1.0, 4.0, 3.0, 0.0, 5.0, 2.0], 0.0, 0.0);
            close(&ok(|out| rlx_mlx_op_topk_values(a.0, 3, 0, out)), &down[..3], 0.0, 0.0);
        }
    }
}

#[test]
fn values_are_found_in_a_sorted_line() {
    let (line, wanted) = ([-1.0, 0.0, 2.0, 2.0, 2.0, 5.0], [2.0, -9.0, 9.0, 1.0, 5.0, -1.0]);
    for dtype in [RLX_MLX_DTYPE_F32, RLX_MLX_DTYPE_F16, RLX_MLX_DTYPE_BF16, RLX_MLX_DTYPE_I32, RLX_MLX_DTYPE_I64] {
        let sorted = array(&line, &[6], dtype);
        for values in twins(&wanted, &[2, 3], dtype) {
            for right in [false, true] {
                // SAFETY: live handles.
                let places = ok(|out| unsafe { rlx_mlx_op_searchsorted(sorted.0, values.0, c_int::from(right), out) });
                let expected = wanted.map(|w| line.iter().filter(|&&x| x < w || (right && x == w)).count() as f64);
                assert_eq!(dims(&places), [2, 3]);
                close(&places, &expected, 0.0, 0.0);
            }
        }
    }
}
