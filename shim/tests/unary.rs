//! Elementwise ops of one operand against closed forms in f64.

mod support;

use rlx_mlx_shim::*;
use support::*;

/// All are exact in every float dtype, and lie inside the domain of some functions only.
const POINTS: [f64; 12] = [-2.5, -1.0, -0.75, -0.5, -0.125, 0.0, 0.125, 0.5, 0.75, 1.0, 1.5, 3.0];
const DIMS: [i32; 2] = [3, 4];

/// erf by its power series, which converges fast enough on the points.
fn erf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..80 {
        term *= -x * x / f64::from(n);
        sum += term / f64::from(2 * n + 1);
    }
    sum * 2.0 / std::f64::consts::PI.sqrt()
}

fn flag(b: bool) -> f64 {
    f64::from(u8::from(b))
}

type Closed = fn(f64) -> f64;

const KINDS: [(u32, Closed); 40] = [
    (RLX_MLX_UN_RELU, |x| x.max(0.0)),
    (RLX_MLX_UN_SIGMOID, |x| 1.0 / (1.0 + (-x).exp())),
    (RLX_MLX_UN_TANH, f64::tanh),
    (RLX_MLX_UN_EXP, f64::exp),
    (RLX_MLX_UN_LOG, f64::ln),
    (RLX_MLX_UN_SQRT, f64::sqrt),
    (RLX_MLX_UN_RSQRT, |x| 1.0 / x.sqrt()),
    (RLX_MLX_UN_NEG, |x| -x),
    (RLX_MLX_UN_ABS, f64::abs),
    (RLX_MLX_UN_ERF, erf),
    (RLX_MLX_UN_ROUND, f64::round_ties_even),
    (RLX_MLX_UN_SIN, f64::sin),
    (RLX_MLX_UN_COS, f64::cos),
    (RLX_MLX_UN_TAN, f64::tan),
    (RLX_MLX_UN_ATAN, f64::atan),
    (RLX_MLX_UN_FLOOR, f64::floor),
    (RLX_MLX_UN_CEIL, f64::ceil),
    (RLX_MLX_UN_SIGN, |x| if x == 0.0 { 0.0 } else { x.signum() }),
    (RLX_MLX_UN_RECIP, f64::recip),
    (RLX_MLX_UN_LOG1P, f64::ln_1p),
    (RLX_MLX_UN_EXPM1, f64::exp_m1),
    (RLX_MLX_UN_ASIN, f64::asin),
    (RLX_MLX_UN_ACOS, f64::acos),
    (RLX_MLX_UN_SINH, f64::sinh),
    (RLX_MLX_UN_COSH, f64::cosh),
    (RLX_MLX_UN_ASINH, f64::asinh),
    (RLX_MLX_UN_ACOSH, f64::acosh),
    (RLX_MLX_UN_ATANH, f64::atanh),
    (RLX_MLX_UN_LOG2, f64::log2),
    (RLX_MLX_UN_LOG10, f64::log10),
    (RLX_MLX_UN_SQUARE, |x| x * x),
    (RLX_MLX_UN_TRUNC, f64::trunc),
    (RLX_MLX_UN_ISNAN, |x| flag(x.is_nan())),
    (RLX_MLX_UN_ISINF, |x| flag(x.is_infinite())),
    (RLX_MLX_UN_ISFINITE, |x| flag(x.is_finite())),
    (RLX_MLX_UN_CONJ, |x| x),
    (RLX_MLX_UN_REAL, |x| x),
    (RLX_MLX_UN_IMAG, |_| 0.0),
    (RLX_MLX_UN_DEGREES, f64::to_degrees),
    (RLX_MLX_UN_RADIANS, f64::to_radians),
];

fn unary(a: &A, kind: u32) -> A {
    // SAFETY: live handle.
    ok(|out| unsafe { rlx_mlx_op_unary(a.0, kind, out) })
}

/// MLX's vector functions are good to a few units in the last place; those made of several steps (degrees of a rounded
/// constant) to a few more. Some of its f64 functions have f32's precision (see the header), so all are held to that.
fn tolerance(dtype: u32) -> f64 {
    8.0 * eps(if dtype == RLX_MLX_DTYPE_F64 { RLX_MLX_DTYPE_F32 } else { dtype })
}

#[test]
fn every_function_of_floats_matches_its_closed_form() {
    for dtype in FLOATS {
        for (kind, f) in KINDS {
            let expected: Vec<f64> = POINTS.iter().map(|&x| f(x)).collect();
            for a in twins(&POINTS, &DIMS, dtype) {
                let b = unary(&a, kind);
                assert_eq!(dims(&b), DIMS);
                println!("kind {kind}, dtype {dtype}");
                close(&b, &expected, tolerance(dtype), tolerance(dtype));
            }
        }
    }
}

#[test]
fn infinities_and_nan_are_told_apart() {
    let wild = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0];
    for dtype in FLOATS {
        for a in twins(&wild, &[2, 2], dtype) {
            close(&unary(&a, RLX_MLX_UN_ISNAN), &[1.0, 0.0, 0.0, 0.0], 0.0, 0.0);
            close(&unary(&a, RLX_MLX_UN_ISINF), &[0.0, 1.0, 1.0, 0.0], 0.0, 0.0);
            close(&unary(&a, RLX_MLX_UN_ISFINITE), &[0.0, 0.0, 0.0, 1.0], 0.0, 0.0);
            close(&unary(&a, RLX_MLX_UN_ISPOSINF), &[0.0, 1.0, 0.0, 0.0], 0.0, 0.0);
            close(&unary(&a, RLX_MLX_UN_ISNEGINF), &[0.0, 0.0, 1.0, 0.0], 0.0, 0.0);
            close(&unary(&a, RLX_MLX_UN_RELU), &[f64::NAN, f64::INFINITY, 0.0, 1.0], 0.0, 0.0);
            // SAFETY: live handle.
            let tame = ok(|out| unsafe { rlx_mlx_op_nan_to_num(a.0, 2.0, 8.0, -8.0, out) });
            close(&tame, &[2.0, 8.0, -8.0, 1.0], 0.0, 0.0);
        }
    }
}

#[test]
fn erfinv_undoes_erf() {
    let points = [-0.75, -0.5, -0.125, 0.0, 0.125, 0.5, 0.75, 0.875];
    for dtype in [RLX_MLX_DTYPE_F32, RLX_MLX_DTYPE_F16, RLX_MLX_DTYPE_BF16] {
        for a in twins(&points, &[2, 4], dtype) {
            let back: Vec<f64> = values(&unary(&a, RLX_MLX_UN_ERFINV)).into_iter().map(erf).collect();
            // erf is flatter than the identity times 1.13, so the error of erfinv hardly grows.
            for (b, p) in back.iter().zip(points) {
                assert!((b - p).abs() <= 16.0 * eps(dtype), "{b} instead of {p}");
            }
        }
    }
}

#[test]
fn integers_keep_their_dtype_or_become_f32() {
    let points = [-3.0, -1.0, 0.0, 1.0, 2.0, 5.0];
    for dtype in [RLX_MLX_DTYPE_I32, RLX_MLX_DTYPE_I64, RLX_MLX_DTYPE_I8] {
        for a in twins(&points, &[2, 3], dtype) {
            for (kind, f) in KINDS {
                let b = unary(&a, kind);
                let expected: Vec<f64> = points.iter().map(|&x| f(x)).collect();
                println!("kind {kind}, dtype {dtype}");
                close(&b, &expected, 8.0 * eps(RLX_MLX_DTYPE_F32), 8.0 * eps(RLX_MLX_DTYPE_F32));
            }
            assert_eq!(support::dtype(&unary(&a, RLX_MLX_UN_EXP)), RLX_MLX_DTYPE_F32);
            assert_eq!(support::dtype(&unary(&a, RLX_MLX_UN_SQUARE)), dtype);
            // SAFETY: live handle.
            let flipped = ok(|out| unsafe { rlx_mlx_op_bit_not(a.0, out) });
            close(&flipped, &[2.0, 0.0, -1.0, -2.0, -3.0, -6.0], 0.0, 0.0);
        }
    }
    let flags = array(&[0.0, 1.0], &[2], RLX_MLX_DTYPE_BOOL);
    // SAFETY: live handle.
    unsafe {
        close(&ok(|out| rlx_mlx_op_bit_not(flags.0, out)), &[1.0, 0.0], 0.0, 0.0);
        close(&ok(|out| rlx_mlx_op_logical_not(flags.0, out)), &[1.0, 0.0], 0.0, 0.0);
        assert_eq!(fails(|out| rlx_mlx_op_unary(flags.0, RLX_MLX_UN_NEG, out)), RLX_MLX_ERR_BAD_DTYPE);
    }
    close(&unary(&flags, RLX_MLX_UN_EXP), &[1.0, std::f64::consts::E], 1e-6, 0.0);
}

#[test]
fn complex_numbers_have_their_own_closed_forms() {
    let z = [(1.5_f32, -2.0_f32), (-0.5, 0.25), (0.0, 1.0)];
    let a = complex(&z, &[3]);
    let pairs = |f: &dyn Fn(f64, f64) -> (f64, f64), kind| {
        for ((re, im), (x, y)) in complex_values(&unary(&a, kind)).into_iter().zip(z) {
            let (u, v) = f(x.into(), y.into());
            // A few roundings of f32, of parts no greater than 8.
            assert!((f64::from(re) - u).abs() < 1e-5 && (f64::from(im) - v).abs() < 1e-5, "{re}+{im}i, not {u}+{v}i");
        }
    };
    pairs(&|x, y| (x.exp() * y.cos(), x.exp() * y.sin()), RLX_MLX_UN_EXP);
    pairs(&|x, y| (x, -y), RLX_MLX_UN_CONJ);
    pairs(&|x, y| (x * x - y * y, 2.0 * x * y), RLX_MLX_UN_SQUARE);
    pairs(&|x, y| (x.hypot(y).ln(), y.atan2(x)), RLX_MLX_UN_LOG);
    pairs(&|x, y| (-x, -y), RLX_MLX_UN_NEG);
    pairs(&|x, y| (x.sin() * y.cosh(), x.cos() * y.sinh()), RLX_MLX_UN_SIN);
    close(&unary(&a, RLX_MLX_UN_ABS), &[2.5, 0.3125_f64.sqrt(), 1.0], 1e-6, 0.0);
    close(&unary(&a, RLX_MLX_UN_REAL), &[1.5, -0.5, 0.0], 0.0, 0.0);
    close(&unary(&a, RLX_MLX_UN_IMAG), &[-2.0, 0.25, 1.0], 0.0, 0.0);
}

#[test]
fn gelu_and_silu_match_their_closed_forms() {
    for dtype in FLOATS {
        // One rounding for gelu, which is computed in f32; silu of half types rounds the sigmoid as well.
        for a in twins(&POINTS, &DIMS, dtype) {
            let gelu: Vec<f64> = POINTS.iter().map(|&x| 0.5 * x * (1.0 + erf(x / 2.0_f64.sqrt()))).collect();
            let silu: Vec<f64> = POINTS.iter().map(|&x| x / (1.0 + (-x).exp())).collect();
            // SAFETY: live handle.
            unsafe {
                close(&ok(|out| rlx_mlx_op_gelu(a.0, out)), &gelu, tolerance(dtype), eps(RLX_MLX_DTYPE_F32));
                close(&ok(|out| rlx_mlx_op_silu(a.0, out)), &silu, tolerance(dtype), eps(RLX_MLX_DTYPE_F32));
            }
        }
    }
    let whole = array(&[-1.0, 2.0], &[2], RLX_MLX_DTYPE_I32);
    // SAFETY: live handle.
    let gelu = ok(|out| unsafe { rlx_mlx_op_gelu(whole.0, out) });
    close(&gelu, &[-0.158_655_25, 1.954_499_7], 1e-6, 0.0);
}

#[test]
fn casts_convert_and_views_keep_the_bits() {
    let points = [-2.75, -1.0, 0.0, 0.5, 1.0, 2.75];
    for from in FLOATS {
        for a in twins(&points, &[2, 3], from) {
            for to in FLOATS {
                // SAFETY: live handle.
                let b = ok(|out| unsafe { rlx_mlx_op_cast(a.0, to, out) });
                close(&b, &points, 0.0, 0.0);
            }
            for to in [RLX_MLX_DTYPE_I8, RLX_MLX_DTYPE_I16, RLX_MLX_DTYPE_I32, RLX_MLX_DTYPE_I64] {
                // SAFETY: live handle.
                let b = ok(|out| unsafe { rlx_mlx_op_cast(a.0, to, out) });
                close(&b, &[-2.0, -1.0, 0.0, 0.0, 1.0, 2.0], 0.0, 0.0);
            }
            // SAFETY: live handle.
            let b = ok(|out| unsafe { rlx_mlx_op_cast(a.0, RLX_MLX_DTYPE_BOOL, out) });
            close(&b, &[1.0, 1.0, 0.0, 1.0, 1.0, 1.0], 0.0, 0.0);
        }
    }
    for a in twins(&points, &[2, 3], RLX_MLX_DTYPE_F32) {
        // SAFETY: live handle.
        let halves = ok(|out| unsafe { rlx_mlx_op_view(a.0, RLX_MLX_DTYPE_I16, out) });
        assert_eq!((dims(&halves), bytes(&halves)), (vec![2, 6], bytes(&a)));
        // SAFETY: live handle.
        assert_eq!(fails(|out| unsafe { rlx_mlx_op_view(a.0, RLX_MLX_DTYPE_I64, out) }), RLX_MLX_ERR_BAD_SHAPE);
    }
}
