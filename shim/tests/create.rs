//! Arrays made from numbers, and triangular parts, against plain loops.

mod support;

use rlx_mlx_shim::*;
use std::ffi::c_int;
use support::*;

fn flag(b: bool) -> f64 {
    f64::from(u8::from(b))
}

#[test]
fn constants_fill_every_dtype() {
    let shape = [2, 3];
    for dtype in MOVED.into_iter().chain([RLX_MLX_DTYPE_BOOL]) {
        // SAFETY: live slice and handles.
        unsafe {
            let zeros = ok(|out| rlx_mlx_op_zeros(shape.as_ptr(), 2, dtype, out));
            assert_eq!((dims(&zeros), support::dtype(&zeros)), (shape.to_vec(), dtype));
            close(&zeros, &[0.0; 6], 0.0, 0.0);
            close(&ok(|out| rlx_mlx_op_ones(shape.as_ptr(), 2, dtype, out)), &[1.0; 6], 0.0, 0.0);
            let value = array(&[0.0, 1.0, 1.0], &[3], dtype);
            let full = ok(|out| rlx_mlx_op_full(shape.as_ptr(), 2, value.0, out));
            assert_eq!(support::dtype(&full), dtype);
            close(&full, &[0.0, 1.0, 1.0, 0.0, 1.0, 1.0], 0.0, 0.0);
            assert_eq!(dims(&ok(|out| rlx_mlx_op_zeros(std::ptr::null(), 0, dtype, out))), Vec::<c_int>::new());
        }
    }
}

#[test]
fn sequences_count() {
    for dtype in MOVED {
        // SAFETY: numbers only.
        unsafe {
            close(&ok(|out| rlx_mlx_op_arange(3.0, 12.0, 2.0, dtype, out)), &[3.0, 5.0, 7.0, 9.0, 11.0], 0.0, 0.0);
            close(&ok(|out| rlx_mlx_op_arange(3.0, 0.0, -1.0, dtype, out)), &[3.0, 2.0, 1.0], 0.0, 0.0);
            close(&ok(|out| rlx_mlx_op_arange(3.0, 0.0, 1.0, dtype, out)), &[], 0.0, 0.0);
            // Quarters and whole numbers are exact everywhere.
            close(&ok(|out| rlx_mlx_op_linspace(0.0, 8.0, 5, 1, dtype, out)), &[0.0, 2.0, 4.0, 6.0, 8.0], 0.0, 0.0);
            close(&ok(|out| rlx_mlx_op_linspace(0.0, 8.0, 4, 0, dtype, out)), &[0.0, 2.0, 4.0, 6.0], 0.0, 0.0);
            close(&ok(|out| rlx_mlx_op_linspace(2.0, 8.0, 1, 1, dtype, out)), &[2.0], 0.0, 0.0);
            close(&ok(|out| rlx_mlx_op_linspace(2.0, 8.0, 0, 1, dtype, out)), &[], 0.0, 0.0);
        }
    }
    for dtype in FLOATS {
        // SAFETY: numbers only.
        unsafe {
            close(&ok(|out| rlx_mlx_op_arange(0.0, 1.0, 0.25, dtype, out)), &[0.0, 0.25, 0.5, 0.75], 0.0, 0.0);
            let thirds: Vec<f64> = (0..10).map(|i| -1.0 + f64::from(i) / 3.0).collect();
            // Two roundings of a sum of numbers up to 2.
            close(&ok(|out| rlx_mlx_op_linspace(-1.0, 2.0, 10, 1, dtype, out)), &thirds, 0.0, 4.0 * eps(dtype));
        }
    }
}

#[test]
fn diagonals_and_triangles() {
    let shape = [2, 3, 4];
    let numbers: Vec<f64> = (1..25).map(f64::from).collect();
    for dtype in MOVED {
        for k in [c_int::MIN, -5, -1, 0, 1, 2, 9, c_int::MAX] {
            let diagonal = |i: &[usize]| i[1] as i64 - i[0] as i64 - i64::from(k);
            // SAFETY: live handles.
            unsafe {
                let eye = ok(|out| rlx_mlx_op_eye(3, 4, k, dtype, out));
                assert_eq!(support::dtype(&eye), dtype);
                close(&eye, &fill(&shape[1..], |i| flag(diagonal(i) == 0)), 0.0, 0.0);
                let tri = ok(|out| rlx_mlx_op_tri(3, 4, k, dtype, out));
                close(&tri, &fill(&shape[1..], |i| flag(diagonal(i) <= 0)), 0.0, 0.0);
                for a in twins(&numbers, &shape, dtype) {
                    let part = |keep: fn(i64) -> bool| {
                        fill(&shape, |i| if keep(diagonal(&i[1..])) { at(&numbers, &shape, i) } else { 0.0 })
                    };
                    close(&ok(|out| rlx_mlx_op_tril(a.0, k, out)), &part(|d| d <= 0), 0.0, 0.0);
                    close(&ok(|out| rlx_mlx_op_triu(a.0, k, out)), &part(|d| d >= 0), 0.0, 0.0);
                }
            }
        }
    }
}
