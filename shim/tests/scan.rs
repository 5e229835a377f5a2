//! Running reductions against plain loops in f64.

mod support;

use rlx_mlx_shim::*;
use std::ffi::c_int;
use support::*;

const DIMS: [c_int; 3] = [2, 3, 4];

fn numbers() -> Vec<f64> {
    (0..24).map(|i| f64::from(i * 7 % 5) - 1.0).collect()
}

/// Runs `step` from `start` along `axis` of the numbers.
fn run(axis: usize, reverse: bool, exclusive: bool, start: f64, step: fn(f64, f64) -> f64) -> Vec<f64> {
    fill(&DIMS, |i| {
        let n = DIMS[axis] as usize;
        let line: Vec<usize> = if reverse { (i[axis]..n).rev().collect() } else { (0..=i[axis]).collect() };
        let taken = if exclusive { line.len() - 1 } else { line.len() };
        line[..taken].iter().fold(start, |sum, &k| {
            let mut from = i.to_vec();
            from[axis] = k;
            step(sum, at(&numbers(), &DIMS, &from))
        })
    })
}

type Scan = unsafe extern "C" fn(*mut rlx_mlx_array_t, c_int, c_int, c_int, *mut *mut rlx_mlx_array_t) -> c_int;

fn each(dtype: u32, check: impl Fn(&A, usize, bool, bool)) {
    for a in twins(&numbers(), &DIMS, dtype) {
        for axis in 0..3 {
            for flags in 0..4 {
                println!("dtype {dtype}, axis {axis}, flags {flags}");
                check(&a, axis, flags & 1 != 0, flags & 2 != 0);
            }
        }
    }
}

/// What a maximum starts from.
fn lowest(dtype: u32) -> f64 {
    match dtype {
        RLX_MLX_DTYPE_I32 => f64::from(i32::MIN),
        RLX_MLX_DTYPE_I64 => i64::MIN as f64,
        _ => f64::NEG_INFINITY,
    }
}

/// What a minimum starts from; 2^63 stands for the highest i64, which f64 rounds.
fn highest(dtype: u32) -> f64 {
    match dtype {
        RLX_MLX_DTYPE_I32 => f64::from(i32::MAX),
        RLX_MLX_DTYPE_I64 => i64::MAX as f64,
        _ => f64::INFINITY,
    }
}

#[test]
fn sums_products_and_extremes_match_plain_loops() {
    // All partial results are small whole numbers, so every dtype is exact.
    for dtype in FLOATS.into_iter().chain([RLX_MLX_DTYPE_I32, RLX_MLX_DTYPE_I64]) {
        each(dtype, |a, axis, reverse, exclusive| {
            let at = axis as c_int - 3;
            let flags = (c_int::from(reverse), c_int::from(exclusive));
            // SAFETY: live handle.
            let scan = |f: Scan| ok(|out| unsafe { f(a.0, at, flags.0, flags.1, out) });
            let sum = if reverse { rlx_mlx_op_cumsum_reverse } else { rlx_mlx_op_cumsum };
            // SAFETY: live handle.
            let sum = ok(|out| unsafe { sum(a.0, at, flags.1, out) });
            assert_eq!(support::dtype(&sum), dtype);
            close(&sum, &run(axis, reverse, exclusive, 0.0, |x, y| x + y), 0.0, 0.0);
            close(&scan(rlx_mlx_op_cumprod), &run(axis, reverse, exclusive, 1.0, |x, y| x * y), 0.0, 0.0);
            close(&scan(rlx_mlx_op_cummax), &run(axis, reverse, exclusive, lowest(dtype), f64::max), 0.0, 0.0);
            close(&scan(rlx_mlx_op_cummin), &run(axis, reverse, exclusive, highest(dtype), f64::min), 0.0, 0.0);
        });
    }
}

#[test]
fn logcumsumexp_matches_its_closed_form() {
    for dtype in FLOATS {
        each(dtype, |a, axis, reverse, exclusive| {
            let flags = (c_int::from(reverse), c_int::from(exclusive));
            // SAFETY: live handle.
            let b = ok(|out| unsafe { rlx_mlx_op_logcumsumexp(a.0, axis as c_int, flags.0, flags.1, out) });
            let sums = run(axis, reverse, exclusive, 0.0, |sum, x| sum + x.exp());
            let expected: Vec<f64> = sums.into_iter().map(f64::ln).collect();
            // Up to four steps, each rounded a few times, of results below 4; f64 uses f32's exponential.
            let unit = eps(if dtype == RLX_MLX_DTYPE_F64 { RLX_MLX_DTYPE_F32 } else { dtype });
            close(&b, &expected, 8.0 * unit, 8.0 * unit);
        });
    }
}

#[test]
fn other_dtypes_scan_as_documented() {
    let flags = array(&[1.0, 0.0, 1.0, 1.0], &[4], RLX_MLX_DTYPE_BOOL);
    // SAFETY: live handles.
    unsafe {
        let sum = ok(|out| rlx_mlx_op_cumsum(flags.0, 0, 0, out));
        assert_eq!(dtype(&sum), RLX_MLX_DTYPE_I32);
        close(&sum, &[1.0, 1.0, 2.0, 3.0], 0.0, 0.0);
        let bytes = array(&[100.0, 100.0], &[2], RLX_MLX_DTYPE_I8);
        close(&ok(|out| rlx_mlx_op_cumsum(bytes.0, 0, 0, out)), &[100.0, -56.0], 0.0, 0.0);
        let z = complex(&[(1.0, 2.0), (0.0, 1.0), (3.0, 0.0)], &[3]);
        let sum = ok(|out| rlx_mlx_op_cumsum(z.0, 0, 1, out));
        assert_eq!(complex_values(&sum), [(0.0, 0.0), (1.0, 2.0), (1.0, 3.0)]);
        let product = ok(|out| rlx_mlx_op_cumprod(z.0, 0, 0, 0, out));
        assert_eq!(complex_values(&product), [(1.0, 2.0), (-2.0, 1.0), (-6.0, 3.0)]);
        let none = array(&[], &[2, 0], RLX_MLX_DTYPE_F32);
        assert_eq!(dims(&ok(|out| rlx_mlx_op_cummax(none.0, 1, 0, 1, out))), [2, 0]);
    }
}
