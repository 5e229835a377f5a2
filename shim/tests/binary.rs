//! Elementwise ops of two or three operands against closed forms in f64 and in wrapping integers.

mod support;

use rlx_mlx_shim::*;
use std::ffi::c_int;
use support::*;

type Function = unsafe extern "C" fn(*mut rlx_mlx_array_t, *mut rlx_mlx_array_t, *mut *mut rlx_mlx_array_t) -> c_int;
type Closed = fn(f64, f64) -> f64;

/// [3, 4], exact in every dtype; both signs, zeros among the dividends only.
const A: [f64; 12] = [-7.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 5.0, 6.0, 7.0, 9.0];
/// [4], broadcast over the rows.
const B: [f64; 4] = [2.0, -3.0, 4.0, -1.0];
const DIMS: [c_int; 2] = [3, 4];

fn binary(f: Function, a: &A, b: &A) -> A {
    // SAFETY: live handles.
    ok(|out| unsafe { f(a.0, b.0, out) })
}

fn floor_remainder(a: f64, b: f64) -> f64 {
    a - b * (a / b).floor()
}

fn pairs(f: Closed) -> Vec<f64> {
    A.iter().enumerate().map(|(i, &a)| f(a, B[i % 4])).collect()
}

/// Exact in small whole numbers, so every dtype must give the closed form's value.
const EXACT: [(Function, Closed); 8] = [
    (rlx_mlx_op_add, |a, b| a + b),
    (rlx_mlx_op_sub, |a, b| a - b),
    (rlx_mlx_op_mul, |a, b| a * b),
    (rlx_mlx_op_max, f64::max),
    (rlx_mlx_op_min, f64::min),
    (rlx_mlx_op_floor_div, |a, b| (a / b).floor()),
    (rlx_mlx_op_remainder, floor_remainder),
    (rlx_mlx_op_fmod, |a, b| a % b),
];

type Comparison = fn(f64, f64) -> bool;

const COMPARED: [(Function, Comparison); 6] = [
    (rlx_mlx_op_eq, |a, b| a == b),
    (rlx_mlx_op_ne, |a, b| a != b),
    (rlx_mlx_op_lt, |a, b| a < b),
    (rlx_mlx_op_le, |a, b| a <= b),
    (rlx_mlx_op_gt, |a, b| a > b),
    (rlx_mlx_op_ge, |a, b| a >= b),
];

const NUMBERS: [u32; 7] = [
    RLX_MLX_DTYPE_F32,
    RLX_MLX_DTYPE_F16,
    RLX_MLX_DTYPE_BF16,
    RLX_MLX_DTYPE_F64,
    RLX_MLX_DTYPE_I8,
    RLX_MLX_DTYPE_I32,
    RLX_MLX_DTYPE_I64,
];

#[test]
fn arithmetic_of_small_numbers_is_exact_in_every_dtype() {
    for dtype in NUMBERS {
        for a in twins(&A, &DIMS, dtype) {
            for b in [array(&B, &[4], dtype), strided(&B, &[1, 4], dtype)] {
                for (i, (f, closed)) in EXACT.iter().enumerate() {
                    println!("function {i}, dtype {dtype}");
                    let c = binary(*f, &a, &b);
                    assert_eq!((dims(&c), support::dtype(&c)), (DIMS.to_vec(), dtype));
                    close(&c, &pairs(*closed), 0.0, 0.0);
                }
                for (f, closed) in COMPARED {
                    let c = binary(f, &a, &b);
                    assert_eq!(support::dtype(&c), RLX_MLX_DTYPE_BOOL);
                    let expected: Vec<f64> =
                        A.iter().enumerate().map(|(i, &x)| f64::from(u8::from(closed(x, B[i % 4])))).collect();
                    close(&c, &expected, 0.0, 0.0);
                }
            }
        }
    }
}

#[test]
fn division_powers_and_angles_match_their_closed_forms() {
    for dtype in NUMBERS {
        let result = if FLOATS.contains(&dtype) { dtype } else { RLX_MLX_DTYPE_F32 };
        // Half types are computed in f32 and rounded; the functions are good to a few units in the last place.
        let tolerance = 8.0 * eps(if result == RLX_MLX_DTYPE_F64 { RLX_MLX_DTYPE_F32 } else { result });
        for a in twins(&A, &DIMS, dtype) {
            let b = array(&B, &[4], dtype);
            let check = |f: Function, closed: Closed| {
                let c = binary(f, &a, &b);
                assert_eq!(support::dtype(&c), result);
                close(&c, &pairs(closed), tolerance, tolerance);
            };
            check(rlx_mlx_op_div, |a, b| a / b);
            check(rlx_mlx_op_atan2, f64::atan2);
            check(rlx_mlx_op_logaddexp, |a, b| a.max(b) + (-(a - b).abs()).exp().ln_1p());
        }
    }
    for dtype in FLOATS {
        for a in twins(&A, &DIMS, dtype) {
            let cube = binary(rlx_mlx_op_pow, &a, &array(&[3.0], &[1], dtype));
            close(&cube, &A.map(|x| x * x * x), 8.0 * eps(dtype), 0.0);
        }
    }
    let two = array(&[2.0, -2.0, 3.0], &[3], RLX_MLX_DTYPE_I64);
    let powers = binary(rlx_mlx_op_pow, &two, &array(&[10.0, 3.0, -1.0], &[3], RLX_MLX_DTYPE_I64));
    close(&powers, &[1024.0, -8.0, 0.0], 0.0, 0.0);
}

#[test]
fn fmod_is_exact_where_a_quotient_would_round() {
    let (a, b) = ([1e30, -1e30, 5.5, -0.75], [3.0, 0.7, -0.1, 0.5]);
    for dtype in [RLX_MLX_DTYPE_F32, RLX_MLX_DTYPE_F64] {
        let (x, y) = (array(&a, &[4], dtype), array(&b, &[4], dtype));
        let expected: Vec<f64> = values(&x).iter().zip(values(&y)).map(|(x, y)| x % y).collect();
        close(&binary(rlx_mlx_op_fmod, &x, &y), &expected, 0.0, 0.0);
    }
}

#[test]
fn integer_division_never_traps() {
    for dtype in [RLX_MLX_DTYPE_I8, RLX_MLX_DTYPE_I16, RLX_MLX_DTYPE_I32, RLX_MLX_DTYPE_I64] {
        let low = match dtype {
            RLX_MLX_DTYPE_I8 => f64::from(i8::MIN),
            RLX_MLX_DTYPE_I16 => f64::from(i16::MIN),
            RLX_MLX_DTYPE_I32 => f64::from(i32::MIN),
            _ => i64::MIN as f64,
        };
        let a = array(&[7.0, low, low, -7.0], &[4], dtype);
        let b = array(&[0.0, -1.0, 0.0, -1.0], &[4], dtype);
        close(&binary(rlx_mlx_op_floor_div, &a, &b), &[0.0, low, 0.0, 7.0], 0.0, 0.0);
        close(&binary(rlx_mlx_op_remainder, &a, &b), &[0.0; 4], 0.0, 0.0);
        close(&binary(rlx_mlx_op_fmod, &a, &b), &[0.0; 4], 0.0, 0.0);
    }
    for dtype in [RLX_MLX_DTYPE_U8, RLX_MLX_DTYPE_U32, RLX_MLX_DTYPE_BOOL] {
        let (a, b) = (array(&[1.0, 1.0], &[2], dtype), array(&[0.0, 1.0], &[2], dtype));
        close(&binary(rlx_mlx_op_floor_div, &a, &b), &[0.0, 1.0], 0.0, 0.0);
        close(&binary(rlx_mlx_op_remainder, &a, &b), &[0.0, 0.0], 0.0, 0.0);
    }
}

#[test]
fn bits_and_truth_values() {
    for dtype in [RLX_MLX_DTYPE_I32, RLX_MLX_DTYPE_I64, RLX_MLX_DTYPE_U8] {
        let (x, y) = ([12.0, 10.0, 7.0, 1.0], [10.0, 3.0, 1.0, 4.0]);
        for a in twins(&x, &[2, 2], dtype) {
            let b = array(&y, &[2, 2], dtype);
            let check = |f: Function, closed: fn(i64, i64) -> i64| {
                let expected: Vec<f64> = x.iter().zip(y).map(|(&a, b)| closed(a as i64, b as i64) as f64).collect();
                close(&binary(f, &a, &b), &expected, 0.0, 0.0);
            };
            check(rlx_mlx_op_bit_and, |a, b| a & b);
            check(rlx_mlx_op_bit_or, |a, b| a | b);
            check(rlx_mlx_op_bit_xor, |a, b| a ^ b);
            let counts = array(&[1.0, 2.0, 3.0, 4.0], &[2, 2], dtype);
            close(&binary(rlx_mlx_op_shl, &a, &counts), &[24.0, 40.0, 56.0, 16.0], 0.0, 0.0);
            close(&binary(rlx_mlx_op_shr, &a, &counts), &[6.0, 2.0, 0.0, 0.0], 0.0, 0.0);
        }
    }
    for dtype in [RLX_MLX_DTYPE_F32, RLX_MLX_DTYPE_F16, RLX_MLX_DTYPE_I32, RLX_MLX_DTYPE_BOOL] {
        for a in twins(&[0.0, 0.0, 1.0, 1.0], &[2, 2], dtype) {
            let b = array(&[0.0, 1.0], &[2], dtype);
            close(&binary(rlx_mlx_op_logical_and, &a, &b), &[0.0, 0.0, 0.0, 1.0], 0.0, 0.0);
            close(&binary(rlx_mlx_op_logical_or, &a, &b), &[0.0, 1.0, 1.0, 1.0], 0.0, 0.0);
            close(&binary(rlx_mlx_op_logical_xor, &a, &b), &[0.0, 1.0, 1.0, 0.0], 0.0, 0.0);
        }
    }
}

#[test]
fn complex_arithmetic_matches_its_closed_form() {
    let (x, y) = ([(1.0_f32, 2.0_f32), (-3.0, 0.5)], [(0.5_f32, -1.0_f32), (2.0, 4.0)]);
    let (a, b) = (complex(&x, &[2]), complex(&y, &[2]));
    // Sums and products of these numbers are exact; the quotient has a few roundings.
    assert_eq!(complex_values(&binary(rlx_mlx_op_add, &a, &b)), [(1.5, 1.0), (-1.0, 4.5)]);
    assert_eq!(complex_values(&binary(rlx_mlx_op_sub, &a, &b)), [(0.5, 3.0), (-5.0, -3.5)]);
    assert_eq!(complex_values(&binary(rlx_mlx_op_mul, &a, &b)), [(2.5, 0.0), (-8.0, -11.0)]);
    for (found, expected) in complex_values(&binary(rlx_mlx_op_div, &a, &b)).iter().zip([(-1.2, 1.6), (-0.2, 0.65)]) {
        assert!((found.0 - expected.0).abs() < 1e-6 && (found.1 - expected.1).abs() < 1e-6, "{found:?}");
    }
    close(&binary(rlx_mlx_op_eq, &a, &a), &[1.0, 1.0], 0.0, 0.0);
    close(&binary(rlx_mlx_op_lt, &a, &b), &[0.0, 1.0], 0.0, 0.0);
}

#[test]
fn types_are_promoted_and_nan_wins() {
    let half = array(&[1.0], &[1], RLX_MLX_DTYPE_F16);
    let brain = array(&[2.0], &[1], RLX_MLX_DTYPE_BF16);
    let whole = array(&[3.0], &[1], RLX_MLX_DTYPE_I64);
    assert_eq!(dtype(&binary(rlx_mlx_op_add, &half, &brain)), RLX_MLX_DTYPE_F32);
    assert_eq!(dtype(&binary(rlx_mlx_op_mul, &half, &whole)), RLX_MLX_DTYPE_F16);
    for dtype in FLOATS {
        let a = array(&[f64::NAN, 1.0], &[2], dtype);
        let b = array(&[1.0, f64::NAN], &[2], dtype);
        close(&binary(rlx_mlx_op_max, &a, &b), &[f64::NAN; 2], 0.0, 0.0);
        close(&binary(rlx_mlx_op_min, &a, &b), &[f64::NAN; 2], 0.0, 0.0);
    }
}

#[test]
fn where_and_clip_choose_elements() {
    for dtype in MOVED {
        for a in twins(&A.map(f64::abs), &DIMS, dtype) {
            let other = array(&[9.0], &[1], dtype);
            let cond = array(&[1.0, 0.0, 0.0, 1.0], &[4], RLX_MLX_DTYPE_BOOL);
            // SAFETY: live handles.
            let c = ok(|out| unsafe { rlx_mlx_op_where(cond.0, a.0, other.0, out) });
            let expected: Vec<f64> =
                A.iter().enumerate().map(|(i, x)| if i % 4 == 0 || i % 4 == 3 { x.abs() } else { 9.0 }).collect();
            close(&c, &expected, 0.0, 0.0);
            if dtype != RLX_MLX_DTYPE_C64 {
                let (low, high) = (array(&[2.0], &[1], dtype), array(&[5.0], &[1], dtype));
                // SAFETY: live handles.
                let c = ok(|out| unsafe { rlx_mlx_op_clip(a.0, low.0, high.0, out) });
                close(&c, &A.map(|x| x.abs().clamp(2.0, 5.0)), 0.0, 0.0);
            }
        }
    }
}
