//! Cast, StopGradient, Binary, Compare, Where, Clamp.

use rlx_ir::op::{BinaryOp, CmpOp};
use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_same, assert_ulps};
use rlx_mlx_tests::graph::{Case, Layout, one_op};
use rlx_mlx_tests::plugin::run_one;
use rlx_mlx_tests::tensor::{Tensor, indices, round_to};

/// Pairs of shapes that broadcast: equal, scalar, stretched axes on both sides, missing axes, empty, rank 5.
const PAIRS: [(&[usize], &[usize]); 9] = [
    (&[7], &[7]),
    (&[], &[2, 2]),
    (&[1], &[5]),
    (&[2, 3, 4], &[3, 1]),
    (&[4, 1], &[1, 3]),
    (&[0, 3], &[1, 3]),
    (&[2, 1, 3, 2], &[5, 1, 2]),
    (&[2, 1, 2, 1, 3], &[1, 2, 1, 2, 3]),
    (&[67, 33], &[67, 33]),
];

fn broadcast_dims(a: &[usize], b: &[usize]) -> Vec<usize> {
    let rank = a.len().max(b.len());
    let at = |dims: &[usize], i: usize| (i + dims.len()).checked_sub(rank).map_or(1, |j| dims[j]);
    (0..rank).map(|i| if at(a, i) == 1 { at(b, i) } else { at(a, i) }).collect()
}

/// `f` over two broadcast operands.
fn zip(a: &Tensor, b: &Tensor, f: impl Fn(f64, f64) -> f64) -> (Vec<usize>, Vec<f64>) {
    let dims = broadcast_dims(&a.dims, &b.dims);
    let values = indices(&dims).map(|i| f(a.broadcast_at(&i), b.broadcast_at(&i))).collect();
    (dims, values)
}

fn binary(op: BinaryOp, a: &Tensor, b: &Tensor, layout: Layout, f: impl Fn(f64, f64) -> f64, ulps: f64) {
    let (dims, want) = zip(a, b, f);
    let got = run_one(&one_op(Op::Binary(op), &[a, b], layout, &dims, a.dtype));
    assert_ulps(&format!("{op:?} of {:?} {:?} and {:?}, {layout:?}", a.dtype, a.dims, b.dims), &got, &want, ulps);
}

/// Float results: exact ops are correctly rounded (half an epsilon); pow and atan2 are elementary functions (4).
#[test]
fn float_binaries_broadcast() {
    type Row = (BinaryOp, fn(f64, f64) -> f64, f64);
    let rows: [Row; 9] = [
        (BinaryOp::Add, |a, b| a + b, 0.5),
        (BinaryOp::Sub, |a, b| a - b, 0.5),
        (BinaryOp::Mul, |a, b| a * b, 0.5),
        (BinaryOp::Div, |a, b| a / b, 0.5),
        (BinaryOp::Max, f64::max, 0.0),
        (BinaryOp::Min, f64::min, 0.0),
        (BinaryOp::Mod, |a, b| a % b, 0.0),
        (BinaryOp::Pow, f64::powf, 4.0),
        (BinaryOp::Atan2, f64::atan2, 4.0),
    ];
    for (op, f, ulps) in rows {
        for (i, (a, b)) in PAIRS.into_iter().enumerate() {
            let (mut a, b) = (Tensor::random(a, i as u64), Tensor::random(b, 100 + i as u64));
            if op == BinaryOp::Pow {
                a = a.map(f64::abs);
            }
            for layout in Layout::ALL {
                binary(op, &a, &b, layout, f, ulps);
            }
            // Computed in f32 or in the type itself: one more rounding than exact.
            for dtype in [DType::F16, DType::BF16] {
                binary(op, &a.to(dtype), &b.to(dtype), Layout::Dense, f, ulps.clamp(0.5, 1.0));
            }
        }
    }
}

#[test]
fn integer_binaries() {
    type Row = (BinaryOp, fn(i64, i64) -> i64);
    let rows: [Row; 12] = [
        (BinaryOp::Add, |a, b| a + b),
        (BinaryOp::Sub, |a, b| a - b),
        (BinaryOp::Mul, |a, b| a * b),
        // Truncating, as in C and Rust.
        (BinaryOp::Div, |a, b| a / b),
        (BinaryOp::Max, i64::max),
        (BinaryOp::Min, i64::min),
        (BinaryOp::Mod, |a, b| a % b),
        (BinaryOp::BitAnd, |a, b| a & b),
        (BinaryOp::BitOr, |a, b| a | b),
        (BinaryOp::BitXor, |a, b| a ^ b),
        (BinaryOp::Shl, |a, b| a << (b & 3)),
        (BinaryOp::Shr, |a, b| a >> (b & 3)),
    ];
    for (op, f) in rows {
        let shift = matches!(op, BinaryOp::Shl | BinaryOp::Shr);
        for dtype in [DType::I32, DType::I64, DType::I8, DType::U8] {
            let signed = dtype != DType::U8;
            let left = [7.0, -7.0, 6.0, -6.0, 1.0, 11.0, -11.0, 0.0];
            let right = [2.0, 2.0, -2.0, -3.0, 3.0, 5.0, -5.0, 1.0];
            let positive = |v: &f64| if signed && !shift { *v } else { v.abs() };
            let mut left = left.map(|v| if signed { v } else { positive(&v) + 20.0 });
            let right = right.map(|v: f64| if shift { v.abs() % 4.0 } else { positive(&v) });
            if !signed && op == BinaryOp::Mul {
                left = left.map(|v| v % 16.0);
            }
            let (a, b) = (Tensor::of(dtype, &[2, 4], left), Tensor::of(dtype, &[2, 4], right));
            for layout in Layout::ALL {
                let (dims, want) = zip(&a, &b, |a, b| f(a as i64, b as i64) as f64);
                let got = run_one(&one_op(Op::Binary(op), &[&a, &b], layout, &dims, dtype));
                assert_same(&format!("{op:?} of {dtype:?}, {layout:?}"), &got, &want);
            }
        }
    }
}

#[test]
fn bit_ops_on_integer_valued_floats() {
    type Row = (BinaryOp, fn(i32, i32) -> i32);
    let rows: [Row; 5] = [
        (BinaryOp::BitAnd, |a, b| a & b),
        (BinaryOp::BitOr, |a, b| a | b),
        (BinaryOp::BitXor, |a, b| a ^ b),
        (BinaryOp::Shl, |a, b| a << b),
        (BinaryOp::Shr, |a, b| a >> b),
    ];
    let a = Tensor::f32(&[6], [12.0, 255.0, 1.0, 0.0, 65535.0, -8.0]);
    let b = Tensor::f32(&[6], [10.0, 4.0, 5.0, 3.0, 1.0, 2.0]);
    for (op, f) in rows {
        binary(op, &a, &b, Layout::Dense, |a, b| f(a as i32, b as i32).into(), 0.0);
    }
}

#[test]
fn modulo_has_the_sign_of_the_dividend() {
    let a = Tensor::f32(&[8], [5.5, -5.5, 5.5, -5.5, 6.0, -6.0, 1e30, 0.0]);
    let b = Tensor::f32(&[8], [2.0, 2.0, -2.0, -2.0, 3.0, 3.0, 7.0, 4.0]);
    // fmod is exact, also where the quotient is beyond any integer type.
    binary(BinaryOp::Mod, &a, &b, Layout::Dense, |a, b| a % b, 0.0);
    let zero = Tensor::f32(&[8], [0.0; 8]);
    binary(BinaryOp::Mod, &a, &zero, Layout::Dense, |_, _| f64::NAN, 0.0);
}

#[test]
fn powers_of_negative_bases_and_quadrants() {
    let a = Tensor::f32(&[6], [-2.0, -2.0, -2.0, -0.5, 0.0, -8.0]);
    let b = Tensor::f32(&[6], [2.0, 3.0, -1.0, 4.0, 0.0, 0.5]);
    binary(BinaryOp::Pow, &a, &b, Layout::Dense, f64::powf, 4.0);
    let y = Tensor::f32(&[8], [1.0, 1.0, -1.0, -1.0, 0.0, 0.0, 2.0, -2.0]);
    let x = Tensor::f32(&[8], [1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 0.0, 0.0]);
    binary(BinaryOp::Atan2, &y, &x, Layout::Dense, f64::atan2, 4.0);
}

#[test]
fn division_by_zero_is_infinite_in_floats() {
    let a = Tensor::f32(&[3], [1.0, -1.0, 0.0]);
    binary(BinaryOp::Div, &a, &Tensor::f32(&[1], [0.0]), Layout::Dense, |a, b| a / b, 0.0);
}

#[test]
fn comparisons_are_bool_and_broadcast() {
    type Row = (CmpOp, fn(&f64, &f64) -> bool);
    let rows: [Row; 6] = [
        (CmpOp::Eq, f64::eq),
        (CmpOp::Ne, f64::ne),
        (CmpOp::Lt, f64::lt),
        (CmpOp::Le, f64::le),
        (CmpOp::Gt, f64::gt),
        (CmpOp::Ge, f64::ge),
    ];
    let check = |op, f: fn(&f64, &f64) -> bool, a: &Tensor, b: &Tensor, layout| {
        let (dims, want) = zip(a, b, |a, b| f64::from(u8::from(f(&a, &b))));
        let got = run_one(&one_op(Op::Compare(op), &[a, b], layout, &dims, DType::Bool));
        assert_same(&format!("{op:?} of {:?}", a.dtype), &got, &want);
    };
    for (op, f) in rows {
        for (i, (a, b)) in PAIRS.into_iter().enumerate() {
            // Few distinct values, so that some are equal.
            let a = Tensor::random(a, i as u64).map(f64::round);
            let b = Tensor::random(b, 9 + i as u64).map(f64::round);
            for layout in Layout::ALL {
                check(op, f, &a, &b, layout);
            }
            check(op, f, &a.to(DType::I32), &b.to(DType::I32), Layout::Dense);
            check(op, f, &a.to(DType::F16), &b.to(DType::F16), Layout::Dense);
        }
        let odd = Tensor::f32(&[4], [f64::NAN, f64::INFINITY, -0.0, 1.0]);
        check(op, f, &odd, &Tensor::f32(&[4], [f64::NAN, f64::INFINITY, 0.0, f64::NAN]), Layout::Dense);
    }
}

#[test]
fn where_takes_any_nonzero_condition() {
    let condition = Tensor::f32(&[2, 1, 3], [1.0, 0.0, -2.0, 0.5, -0.0, 3.0]);
    let (a, b) = (Tensor::random(&[4, 1], 1), Tensor::random(&[2, 4, 3], 2));
    for dtype in [DType::F32, DType::Bool, DType::I32] {
        let condition = if dtype == DType::F32 { condition.clone() } else { condition.map(f64::ceil).to(dtype) };
        let want: Vec<f64> = indices(&[2, 4, 3])
            .map(|i| if condition.broadcast_at(&i) != 0.0 { a.broadcast_at(&i) } else { b.broadcast_at(&i) })
            .collect();
        for layout in Layout::ALL {
            let got = run_one(&one_op(Op::Where, &[&condition, &a, &b], layout, &[2, 4, 3], DType::F32));
            assert_same(&format!("where with a {dtype:?} condition"), &got, &want);
        }
    }
}

#[test]
fn clamp_limits_both_sides() {
    for dtype in [DType::F32, DType::F16, DType::BF16] {
        let x = Tensor::f32(&[3, 3], [-9.0, -1.0, -0.5, 0.0, 0.25, 1.0, 2.0, f64::INFINITY, -f64::INFINITY]).to(dtype);
        let want: Vec<f64> = x.values.iter().map(|v| v.clamp(-1.0, 0.5)).collect();
        for layout in Layout::ALL {
            let got = run_one(&one_op(Op::Clamp { min: -1.0, max: 0.5 }, &[&x], layout, &[3, 3], dtype));
            assert_same("clamp", &got, &want);
        }
    }
}

#[test]
fn stop_gradient_is_the_identity() {
    let x = Tensor::random(&[3, 5], 4);
    for layout in Layout::ALL {
        assert_same("stop", &run_one(&one_op(Op::StopGradient, &[&x], layout, &[3, 5], DType::F32)), &x.values);
    }
}

const NUMBERS: [DType; 10] = [
    DType::F32,
    DType::F16,
    DType::BF16,
    DType::F64,
    DType::I8,
    DType::I16,
    DType::I32,
    DType::I64,
    DType::U8,
    DType::U32,
];

/// Every pair of types, over values that both can hold the truncation of.
#[test]
fn casts_truncate_to_integers_and_round_to_floats() {
    for from in NUMBERS.into_iter().chain([DType::Bool]) {
        for to in NUMBERS.into_iter().chain([DType::Bool]) {
            let unsigned = [from, to].iter().any(|d| matches!(d, DType::U8 | DType::U32 | DType::Bool));
            let values = [0.0, 1.0, 1.9, 2.5, 100.0, 127.0, 0.3, 3.7];
            let values = if unsigned { values } else { values.map(|v: f64| if v > 3.0 { -v } else { v }) };
            let x = Tensor::of(from, &[2, 4], values);
            let want: Vec<f64> = x
                .values
                .iter()
                .map(|&v| match to {
                    DType::Bool => f64::from(u8::from(v != 0.0)),
                    DType::F32 | DType::F16 | DType::BF16 | DType::F64 => round_to(to, v),
                    _ => v.trunc(),
                })
                .collect();
            for layout in Layout::ALL {
                let got = run_one(&one_op(Op::Cast { to }, &[&x], layout, &[2, 4], to));
                assert_same(&format!("cast from {from:?} to {to:?}, {layout:?}"), &got, &want);
            }
        }
    }
}

#[test]
fn large_integers_survive() {
    // Above 2^24 an f32 detour would lose digits.
    let x = Tensor::of(DType::I64, &[3], [16_777_217.0, -16_777_219.0, 2_147_483_647.0]);
    let mut case = Case::new();
    let input = case.input(&x);
    let narrow = case.add(Op::Cast { to: DType::I32 }, &[input], &[3], DType::I32);
    let wide = case.add(Op::Cast { to: DType::I64 }, &[narrow], &[3], DType::I64);
    assert_same("i64 to i32 and back", &run_one(&case.outputs(&[wide])), &x.values);
}

#[test]
fn integers_of_two_types_divide() {
    let a = Tensor::of(DType::I32, &[4], [-7.0, 7.0, -6.0, 300.0]);
    for dtype in [DType::U8, DType::I8, DType::I64] {
        let b = Tensor::of(dtype, &[4], [2.0, 2.0, 3.0, 7.0]);
        for (op, want) in [(BinaryOp::Div, [-3.0, 3.0, -2.0, 42.0]), (BinaryOp::Mod, [-1.0, 1.0, 0.0, 6.0])] {
            let got = run_one(&one_op(Op::Binary(op), &[&a, &b], Layout::Dense, &[4], DType::I32));
            assert_same(&format!("{op:?} of I32 by {dtype:?}"), &got, &want);
        }
    }
}

/// What C leaves undefined must not end the process, as it would on a processor that traps.
#[test]
fn integer_division_by_zero_is_survived() {
    for dtype in [DType::I32, DType::I64, DType::I8, DType::U8, DType::U32] {
        let (a, b) = (Tensor::of(dtype, &[3], [7.0, 0.0, 9.0]), Tensor::of(dtype, &[3], [0.0, 0.0, 2.0]));
        for (op, want) in [(BinaryOp::Div, [0.0, 0.0, 4.0]), (BinaryOp::Mod, [7.0, 0.0, 1.0])] {
            let got = run_one(&one_op(Op::Binary(op), &[&a, &b], Layout::Dense, &[3], dtype));
            assert_same(&format!("{op:?} of {dtype:?} by zero"), &got, &want);
        }
    }
    let (a, b) = (Tensor::of(DType::Bool, &[2], [1.0, 0.0]), Tensor::of(DType::Bool, &[2], [0.0, 1.0]));
    let got = run_one(&one_op(Op::Binary(BinaryOp::Mod), &[&a, &b], Layout::Dense, &[2], DType::F32));
    assert_same("Mod of Bool", &got, &[1.0, 0.0]);
}

#[test]
fn the_lowest_integer_divides() {
    for (dtype, lowest) in [(DType::I8, i64::from(i8::MIN)), (DType::I32, i64::from(i32::MIN))] {
        let a = Tensor::of(dtype, &[5], [lowest as f64; 5]);
        let b = Tensor::of(dtype, &[5], [3.0, -3.0, 1.0, -1.0, lowest as f64]);
        // Over -1 the quotient wraps to the lowest value again.
        let quotients = [lowest / 3, lowest / -3, lowest, lowest, 1];
        let remainders = [lowest % 3, lowest % -3, 0, 0, 0];
        for (op, want) in [(BinaryOp::Div, quotients), (BinaryOp::Mod, remainders)] {
            let want = want.map(|v| v as f64);
            let got = run_one(&one_op(Op::Binary(op), &[&a, &b], Layout::Dense, &[5], dtype));
            assert_same(&format!("{op:?} of the lowest {dtype:?}"), &got, &want);
        }
    }
}
