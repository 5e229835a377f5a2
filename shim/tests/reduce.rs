//! Reductions against plain loops in f64.

mod support;

use rlx_mlx_shim::*;
use std::ffi::c_int;
use support::*;

const DIMS: [c_int; 3] = [2, 3, 4];

/// Exact in every dtype, without order; the products of three stay exact in f16 and bf16.
fn numbers() -> Vec<f64> {
    (0..24).map(|i| f64::from(i * 7 % 5) - f64::from(i % 3) + 1.0).collect()
}

/// The group of each element of the result, in order, by plain loops.
fn groups(axes: &[usize]) -> Vec<Vec<f64>> {
    let kept: Vec<usize> = (0..3).filter(|a| !axes.contains(a)).collect();
    let out_dims: Vec<c_int> = kept.iter().map(|&a| DIMS[a]).collect();
    let mut groups = vec![Vec::new(); out_dims.iter().product::<c_int>() as usize];
    let values = numbers();
    fill(&DIMS, |i| {
        let to = kept.iter().fold(0, |n, &a| n * DIMS[a] as usize + i[a]);
        groups[to].push(at(&values, &DIMS, i));
        0.0
    });
    groups
}

fn out_dims(axes: &[usize], keep: bool) -> Vec<c_int> {
    (0..3).filter(|a| keep || !axes.contains(a)).map(|a| if axes.contains(&a) { 1 } else { DIMS[a] }).collect()
}

const AXES: [&[usize]; 5] = [&[0], &[1], &[2], &[0, 2], &[0, 1, 2]];

/// Calls `check(array, axes as the ABI takes them, keep, shape, groups)` for every layout and choice of axes.
fn each(dtype: u32, check: impl Fn(&A, &[c_int], c_int, Vec<c_int>, Vec<Vec<f64>>)) {
    for axes in AXES {
        // From the end, to see that they are counted so.
        let list: Vec<c_int> = axes.iter().map(|&a| a as c_int - 3).collect();
        for keep in [false, true] {
            for a in twins(&numbers(), &DIMS, dtype) {
                check(&a, &list, c_int::from(keep), out_dims(axes, keep), groups(axes));
            }
        }
    }
}

fn apply(groups: &[Vec<f64>], f: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    groups.iter().map(|g| f(g)).collect()
}

fn mean(g: &[f64]) -> f64 {
    g.iter().sum::<f64>() / g.len() as f64
}

fn var(g: &[f64]) -> f64 {
    g.iter().map(|x| (x - mean(g)).powi(2)).sum::<f64>() / g.len() as f64
}

#[test]
fn reductions_match_plain_loops() {
    type Closed = fn(&[f64]) -> f64;
    let kinds: [(u32, Closed); 5] = [
        (RLX_MLX_RED_SUM, |g| g.iter().sum()),
        (RLX_MLX_RED_MEAN, mean),
        (RLX_MLX_RED_MAX, |g| g.iter().copied().fold(f64::NEG_INFINITY, f64::max)),
        (RLX_MLX_RED_MIN, |g| g.iter().copied().fold(f64::INFINITY, f64::min)),
        (RLX_MLX_RED_PROD, |g| g.iter().product()),
    ];
    for dtype in FLOATS.into_iter().chain([RLX_MLX_DTYPE_I32, RLX_MLX_DTYPE_I64, RLX_MLX_DTYPE_C64]) {
        each(dtype, |a, axes, keep, shape, groups| {
            for (kind, f) in kinds {
                // SAFETY: live handle and slice.
                let b = ok(|out| unsafe { rlx_mlx_op_reduce(a.0, kind, axes.as_ptr(), axes.len(), keep, out) });
                assert_eq!(dims(&b), shape);
                let expected = apply(&groups, f);
                if expected.iter().any(|e| e.abs() > 60000.0) {
                    continue; // a product beyond f16
                }
                // Whole numbers: sums are exact to 2^8 in bf16; products and the mean's division are rounded, once for
                // each element at worst.
                let steps =
                    if matches!(kind, RLX_MLX_RED_SUM | RLX_MLX_RED_MAX | RLX_MLX_RED_MIN) { 0.0 } else { 24.0 };
                let unit = eps(if FLOATS.contains(&dtype) { dtype } else { RLX_MLX_DTYPE_F32 });
                close(&b, &expected, steps * unit, 0.0);
            }
        });
    }
}

#[test]
fn result_dtypes_are_those_of_the_header() {
    let widened = [
        (RLX_MLX_DTYPE_BOOL, RLX_MLX_DTYPE_I32),
        (RLX_MLX_DTYPE_I8, RLX_MLX_DTYPE_I32),
        (RLX_MLX_DTYPE_I16, RLX_MLX_DTYPE_I32),
        (RLX_MLX_DTYPE_U8, RLX_MLX_DTYPE_U32),
        (RLX_MLX_DTYPE_U32, RLX_MLX_DTYPE_U32),
        (RLX_MLX_DTYPE_I64, RLX_MLX_DTYPE_I64),
        (RLX_MLX_DTYPE_F16, RLX_MLX_DTYPE_F16),
    ];
    for (from, to) in widened {
        let a = array(&[1.0, 1.0, 0.0], &[3], from);
        let reduce = |kind| {
            // SAFETY: live handle, one axis.
            dtype(&ok(|out| unsafe { rlx_mlx_op_reduce(a.0, kind, &0, 1, 0, out) }))
        };
        assert_eq!((reduce(RLX_MLX_RED_SUM), reduce(RLX_MLX_RED_PROD), reduce(RLX_MLX_RED_MAX)), (to, to, from));
        assert_eq!(reduce(RLX_MLX_RED_MEAN), if from == RLX_MLX_DTYPE_F16 { from } else { RLX_MLX_DTYPE_F32 });
    }
}

#[test]
fn statistics_match_their_closed_forms() {
    for dtype in FLOATS.into_iter().chain([RLX_MLX_DTYPE_I32]) {
        let unit = eps(if FLOATS.contains(&dtype) { dtype } else { RLX_MLX_DTYPE_F32 });
        each(dtype, |a, axes, keep, shape, groups| {
            // SAFETY: live handle and slice.
            unsafe {
                let v = ok(|out| rlx_mlx_op_var(a.0, axes.as_ptr(), axes.len(), keep, 0, out));
                assert_eq!(dims(&v), shape);
                // MLX accumulates in the dtype: a rounding for each of at most 24 elements, of squares up to 16.
                close(&v, &apply(&groups, var), 24.0 * unit, 24.0 * unit);
                let s = ok(|out| rlx_mlx_op_std(a.0, axes.as_ptr(), axes.len(), keep, 0, out));
                close(&s, &apply(&groups, |g| var(g).sqrt()), 24.0 * unit, 24.0 * unit);
                // MLX's exponential of f64 has the precision of f32.
                let unit = unit.max(eps(RLX_MLX_DTYPE_F32));
                let l = ok(|out| rlx_mlx_op_logsumexp(a.0, axes.as_ptr(), axes.len(), keep, out));
                close(&l, &apply(&groups, |g| g.iter().map(|x| x.exp()).sum::<f64>().ln()), 24.0 * unit, 24.0 * unit);
            }
        });
    }
    let large = array(&[1000.0, 1000.0], &[2], RLX_MLX_DTYPE_F32);
    // SAFETY: live handle, one axis.
    let l = ok(|out| unsafe { rlx_mlx_op_logsumexp(large.0, &0, 1, 0, out) });
    close(&l, &[1000.0 + 2.0_f64.ln()], 1e-6, 0.0);
}

#[test]
fn truth_and_positions() {
    for dtype in MOVED.into_iter().chain([RLX_MLX_DTYPE_BOOL]) {
        let bits: Vec<f64> = numbers().iter().map(|x| f64::from(u8::from(*x > 1.0))).collect();
        for a in twins(&bits, &DIMS, dtype) {
            let line = |i: &[usize]| (0..4).map(|k| at(&bits, &DIMS, &[i[0], i[1], k])).collect::<Vec<_>>();
            // SAFETY: live handle, one axis.
            unsafe {
                let all = ok(|out| rlx_mlx_op_all(a.0, &2, 1, 0, out));
                close(&all, &fill(&DIMS[..2], |i| line(i).iter().copied().fold(1.0, f64::min)), 0.0, 0.0);
                let any = ok(|out| rlx_mlx_op_any(a.0, &2, 1, 0, out));
                close(&any, &fill(&DIMS[..2], |i| line(i).iter().copied().fold(0.0, f64::max)), 0.0, 0.0);
                assert_eq!((support::dtype(&all), support::dtype(&any)), (RLX_MLX_DTYPE_BOOL, RLX_MLX_DTYPE_BOOL));
                // Ties are common here, and the first of them counts.
                let first =
                    |wanted: f64| fill(&DIMS[..2], |i| line(i).iter().position(|&x| x == wanted).unwrap_or(0) as f64);
                let high = ok(|out| rlx_mlx_op_argmax(a.0, -1, 0, out));
                close(&high, &first(1.0), 0.0, 0.0);
                let low = ok(|out| rlx_mlx_op_argmin(a.0, 2, 1, out));
                close(&low, &first(0.0), 0.0, 0.0);
                assert_eq!(
                    (support::dtype(&high), dims(&high), dims(&low)),
                    (RLX_MLX_DTYPE_U32, vec![2, 3], vec![2, 3, 1])
                );
            }
        }
    }
}

#[test]
fn nan_is_an_extreme_and_empty_groups_are_refused() {
    for dtype in FLOATS {
        let a = array(&[1.0, f64::NAN, 3.0], &[3], dtype);
        // SAFETY: live handle, one axis.
        unsafe {
            let reduce = |kind| ok(|out| rlx_mlx_op_reduce(a.0, kind, &0, 1, 0, out));
            close(&reduce(RLX_MLX_RED_MAX), &[f64::NAN], 0.0, 0.0);
            close(&reduce(RLX_MLX_RED_MIN), &[f64::NAN], 0.0, 0.0);
            close(&ok(|out| rlx_mlx_op_argmax(a.0, 0, 0, out)), &[1.0], 0.0, 0.0);
            close(&ok(|out| rlx_mlx_op_argmin(a.0, 0, 0, out)), &[1.0], 0.0, 0.0);
        }
    }
    let none = array(&[], &[0, 3], RLX_MLX_DTYPE_F32);
    // SAFETY: live handle, one axis.
    unsafe {
        close(&ok(|out| rlx_mlx_op_reduce(none.0, RLX_MLX_RED_SUM, &0, 1, 0, out)), &[0.0; 3], 0.0, 0.0);
        close(&ok(|out| rlx_mlx_op_reduce(none.0, RLX_MLX_RED_PROD, &0, 1, 0, out)), &[1.0; 3], 0.0, 0.0);
        assert_eq!(dims(&ok(|out| rlx_mlx_op_argmax(none.0, 1, 0, out))), [0]);
        assert_eq!(dims(&ok(|out| rlx_mlx_op_logsumexp(none.0, &1, 1, 1, out))), [0, 1]);
        assert_eq!(fails(|out| rlx_mlx_op_argmin(none.0, 0, 0, out)), RLX_MLX_ERR_BAD_SHAPE);
        assert_eq!(fails(|out| rlx_mlx_op_reduce(none.0, RLX_MLX_RED_MIN, &0, 1, 0, out)), RLX_MLX_ERR_BAD_SHAPE);
    }
}

/// Strided in memory, where MLX itself would read foreign memory.
#[test]
fn groups_of_no_elements_have_a_value_in_every_layout() {
    let shapes: [(&[c_int], &[c_int], usize); 4] =
        [(&[3, 0], &[1], 3), (&[3, 2, 0], &[0, 2], 2), (&[0, 3, 4], &[0], 12), (&[2, 0, 65], &[1, 2], 2)];
    for dtype in FLOATS {
        for (dims, axes, count) in shapes {
            for a in twins(&[], dims, dtype) {
                // SAFETY: live handle and slice.
                let (reduce, spread, truth) = unsafe {
                    let reduce = |kind| ok(|out| rlx_mlx_op_reduce(a.0, kind, axes.as_ptr(), axes.len(), 0, out));
                    let reduce = [RLX_MLX_RED_SUM, RLX_MLX_RED_PROD, RLX_MLX_RED_MEAN].map(reduce);
                    let spread = ok(|out| rlx_mlx_op_var(a.0, axes.as_ptr(), axes.len(), 0, 0, out));
                    (reduce, spread, ok(|out| rlx_mlx_op_all(a.0, axes.as_ptr(), axes.len(), 0, out)))
                };
                close(&truth, &vec![1.0; count], 0.0, 0.0);
                close(&spread, &vec![f64::NAN; count], 0.0, 0.0);
                for (value, expected) in reduce.iter().zip([0.0, 1.0, f64::NAN]) {
                    close(value, &vec![expected; count], 0.0, 0.0);
                }
            }
        }
    }
}

#[test]
fn without_axes_nothing_is_reduced() {
    for a in twins(&numbers(), &DIMS, RLX_MLX_DTYPE_F32) {
        let none = std::ptr::null();
        // SAFETY: live handle; no axes, so no list.
        unsafe {
            close(&ok(|out| rlx_mlx_op_reduce(a.0, RLX_MLX_RED_MEAN, none, 0, 0, out)), &numbers(), 0.0, 0.0);
            close(&ok(|out| rlx_mlx_op_logsumexp(a.0, none, 0, 0, out)), &numbers(), 0.0, 0.0);
            close(&ok(|out| rlx_mlx_op_var(a.0, none, 0, 0, 0, out)), &[0.0; 24], 0.0, 0.0);
        }
    }
}
