//! Dense linear algebra: what factors promise is put together again in f64, and solutions are put into their systems.

use rlx_ir::op::{QrPart, SvdPart};
use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon};
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::{MODES, refusal, run_bytes, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices};

const FLOATS: [DType; 4] = [DType::F32, DType::F64, DType::F16, DType::BF16];

/// What a few steps over matrices of about n rows err by, relatively to the size of their values: in the type that they are
/// computed in, and the rounding to the declared one.
fn error(dtype: DType, n: usize) -> f64 {
    let work = epsilon(if dtype == DType::F64 { DType::F64 } else { DType::F32 });
    let rounding = if matches!(dtype, DType::F16 | DType::BF16) { epsilon(dtype) * 2.0 * n as f64 } else { 0.0 };
    work * 8.0 * (n * n) as f64 + rounding
}

/// `a @ b` of the last two axes, with one batch of both.
fn product(a: &Tensor, b: &Tensor) -> Tensor {
    let (rank, k) = (a.dims.len(), a.dims[a.dims.len() - 1]);
    let dims = [&a.dims[..rank - 1], &b.dims[rank - 1..]].concat();
    let element = |i: Vec<usize>| -> f64 {
        let at = |row: usize, column: usize| [&i[..rank - 2], &[row, column]].concat();
        (0..k).map(|p| a.at(&at(i[rank - 2], p)) * b.at(&at(p, i[rank - 1]))).sum()
    };
    Tensor::of(DType::F64, &dims, indices(&dims).map(element).collect::<Vec<_>>())
}

fn transposed(a: &Tensor) -> Tensor {
    let mut perm: Vec<usize> = (0..a.dims.len()).collect();
    let rank = perm.len();
    perm.swap(rank - 2, rank - 1);
    a.to(DType::F64).permuted(&perm)
}

/// Each element of the last two axes, by row and column.
fn masked(a: &Tensor, value: impl Fn(usize, usize, f64) -> f64) -> Tensor {
    let rank = a.dims.len();
    let each = indices(&a.dims).zip(&a.values).map(|(i, &v)| value(i[rank - 2], i[rank - 1], v));
    Tensor::of(a.dtype, &a.dims, each.collect::<Vec<_>>())
}

/// Random square matrices that are far from singular: their condition is below 3.
fn regular(dims: &[usize], seed: u64, dtype: DType) -> Tensor {
    let n = dims[dims.len() - 1] as f64;
    masked(&Tensor::random(dims, seed), |i, j, v| if i == j { 4.0 * n + v } else { v }).to(dtype)
}

fn assert_near(what: &str, got: &Tensor, want: &Tensor, bound: f64) {
    assert_eq!(got.dims, want.dims, "{what}");
    let got = got.to(DType::F64);
    assert_within(what, &got, &want.values, |_, _| bound);
}

fn largest(a: &Tensor) -> f64 {
    a.values.iter().fold(0.0, |most, v| v.abs().max(most))
}

const SQUARES: [&[usize]; 5] = [&[1, 1], &[2, 2], &[7, 7], &[3, 5, 5], &[2, 1, 4, 4]];

#[test]
fn cholesky_gives_the_lower_factor_and_reads_the_lower_triangle() {
    for dims in SQUARES {
        for dtype in FLOATS {
            let n = dims[dims.len() - 1];
            let half = Tensor::random(dims, 3).to(DType::F64);
            let positive = product(&half, &transposed(&half));
            let positive = masked(&positive, |i, j, v| if i == j { v + n as f64 } else { v }).to(dtype);
            // The other triangle is not read.
            let a = masked(&positive, |i, j, v| if i < j { 1000.0 } else { v });
            for layout in Layout::ALL {
                let l = run_one(&one_op(Op::Cholesky, &[&a], layout, dims, dtype));
                assert_same(
                    "the upper triangle",
                    &masked(&l, |i, j, v| if i < j { v } else { 0.0 }),
                    &vec![0.0; a.values.len()],
                );
                let again = product(&l, &transposed(&l));
                // Symmetric whatever the dtype rounds the two triangles to.
                let lower = |m: &Tensor| masked(m, |i, j, v| if i < j { 0.0 } else { v }).to(DType::F64);
                assert_near(
                    &format!("{dims:?} {dtype:?}"),
                    &lower(&again),
                    &lower(&positive),
                    error(dtype, n) * largest(&positive),
                );
            }
        }
    }
}

#[test]
fn cholesky_of_what_is_not_positive_definite_is_nan() {
    let a = Tensor::f32(&[2, 2, 2], [4.0, 2.0, 2.0, 3.0, 1.0, 2.0, 2.0, 1.0]);
    let l = run_one(&one_op(Op::Cholesky, &[&a], Layout::Dense, &a.dims, DType::F32));
    assert!(l.values[..4].iter().all(|v| v.is_finite()), "{l:?}");
    assert!(l.values[4..].iter().all(|v| v.is_nan()), "{l:?}");
}

/// Right sides: vectors and matrices of one column and of three.
fn right_sides(a: &[usize]) -> [Vec<usize>; 3] {
    let rows = &a[..a.len() - 1];
    [rows.to_vec(), [rows, &[1]].concat(), [rows, &[3]].concat()]
}

fn assert_solves(what: &str, a: &Tensor, x: &Tensor, b: &Tensor) {
    let column = |t: &Tensor| {
        if t.dims.len() < a.dims.len() { t.reshaped(&[t.dims.as_slice(), &[1]].concat()) } else { t.clone() }
    };
    let n = a.dims[a.dims.len() - 1];
    let bound = error(x.dtype, n) * (largest(a) * largest(x) * n as f64 + largest(b));
    assert_near(what, &product(&a.to(DType::F64), &column(x)), &column(b).to(DType::F64), bound);
}

#[test]
fn solutions_of_systems_with_vectors_and_matrices() {
    for dims in SQUARES {
        for dtype in FLOATS {
            let a = regular(dims, 5, dtype);
            for b_dims in right_sides(dims) {
                let b = Tensor::random(&b_dims, 6).to(dtype);
                let op = || if dims.len() == 3 { Op::BatchedDenseSolve } else { Op::DenseSolve };
                for layout in Layout::ALL {
                    let x = run_one(&one_op(op(), &[&a, &b], layout, &b_dims, dtype));
                    assert_solves(&format!("{dims:?} {b_dims:?} {dtype:?} {layout:?}"), &a, &x, &b);
                }
            }
        }
    }
    // Rows have to change places here.
    let a = Tensor::f32(&[2, 2], [0.0, 2.0, 4.0, 0.0]);
    let x = run_one(&one_op(Op::DenseSolve, &[&a, &Tensor::f32(&[2], [6.0, 8.0])], Layout::Dense, &[2], DType::F32));
    assert_same("a permutation", &x, &[2.0, 3.0]);
}

#[test]
fn systems_of_either_triangle_and_its_transpose() {
    for dims in SQUARES {
        for dtype in FLOATS {
            let full = regular(dims, 7, dtype);
            for (lower, transpose) in [(true, false), (true, true), (false, false), (false, true)] {
                let inside = |i: usize, j: usize| if lower { i >= j } else { i <= j };
                let a = masked(&full, |i, j, v| if inside(i, j) { v } else { f64::NAN });
                let triangle = masked(&full, |i, j, v| if inside(i, j) { v } else { 0.0 });
                let used = if transpose { transposed(&triangle) } else { triangle };
                for b_dims in right_sides(dims) {
                    let b = Tensor::random(&b_dims, 8).to(dtype);
                    let op = Op::TriangularSolve { lower, transpose };
                    let x = run_one(&one_op(op, &[&a, &b], Layout::Dense, &b_dims, dtype));
                    assert_solves(&format!("{dims:?} {dtype:?} lower {lower} transpose {transpose}"), &used, &x, &b);
                }
            }
        }
    }
}

#[test]
fn singular_systems_end_the_run() {
    let a = Tensor::f32(&[2, 2], [1.0, 0.0, 2.0, 0.0]);
    let b = Tensor::f32(&[2], [1.0, 1.0]);
    for op in [Op::DenseSolve, Op::TriangularSolve { lower: true, transpose: false }] {
        for mode in MODES {
            let error = run_bytes(&one_op(op.clone(), &[&a, &b], Layout::Dense, &[2], DType::F32), mode).unwrap_err();
            assert!(error.message().contains("inversion failed"), "{mode}: {error}");
        }
    }
}

/// By the sum over all permutations.
fn determinant(a: &[f64], n: usize) -> f64 {
    fn rest(a: &[f64], n: usize, row: usize, used: &mut Vec<usize>) -> f64 {
        if row == n {
            return 1.0;
        }
        let mut sum = 0.0;
        for column in 0..n {
            if !used.contains(&column) {
                let inversions = used.iter().filter(|&&other| other > column).count();
                used.push(column);
                sum += if inversions % 2 == 0 { 1.0 } else { -1.0 } * a[row * n + column] * rest(a, n, row + 1, used);
                used.pop();
            }
        }
        sum
    }
    rest(a, n, 0, &mut Vec::new())
}

#[test]
fn determinants_and_their_logarithms() {
    for dims in [&[1, 1][..], &[2, 2], &[5, 5], &[6, 3, 3], &[2, 2, 4, 4]] {
        for dtype in FLOATS {
            let n = dims[dims.len() - 1];
            let a = Tensor::random(dims, 9).to(dtype);
            let out = &dims[..dims.len() - 2];
            let want: Vec<f64> = a.values.chunks(n * n).map(|m| determinant(m, n)).collect();
            // Every term is a product of n values below 2.
            let terms = 2f64.powi(n as i32) * (1..=n).product::<usize>() as f64;
            let bound = error(dtype, n) * terms;
            for layout in Layout::ALL {
                let what = format!("{dims:?} {dtype:?} {layout:?}");
                let got = run_one(&one_op(Op::Det, &[&a], layout, out, dtype));
                assert_within(&what, &got, &want, |_, _| bound);
                let logs: Vec<f64> = want.iter().map(|v| v.abs().ln()).collect();
                let got = run_one(&one_op(Op::LogDet, &[&a], layout, out, dtype));
                assert_within(&what, &got, &logs, |i, w| bound / want[i].abs() + epsilon(dtype) * w.abs());
            }
        }
    }
    let signs =
        run_one(&one_op(Op::Det, &[&Tensor::f32(&[2, 2], [0.0, 1.0, 1.0, 0.0])], Layout::Dense, &[], DType::F32));
    assert_same("a swap", &signs, &[-1.0]);
}

/// In f64 the logarithm is not that of f32.
#[test]
fn the_logarithm_of_a_determinant_that_overflows() {
    let n = 40;
    let values: Vec<f64> = indices(&[n, n]).map(|i| if i[0] == i[1] { -1e10 - i[0] as f64 } else { 0.0 }).collect();
    let want: f64 = (0..n).map(|i| (1e10 + i as f64).ln()).sum();
    for dtype in [DType::F32, DType::F64] {
        let a = Tensor::of(dtype, &[n, n], values.clone());
        let got = run_one(&one_op(Op::LogDet, &[&a], Layout::Dense, &[], dtype));
        assert_within(&format!("{dtype:?}"), &got, &[want], |_, w| 8.0 * epsilon(dtype) * w.abs());
    }
}

#[test]
fn a_singular_matrix_has_determinant_zero() {
    let a = Tensor::f32(&[2, 2, 2], [1.0, 2.0, 2.0, 4.0, 0.0, 0.0, 0.0, 0.0]);
    assert_same("det", &run_one(&one_op(Op::Det, &[&a], Layout::Dense, &[2], DType::F32)), &[0.0, 0.0]);
    let logs = run_one(&one_op(Op::LogDet, &[&a], Layout::Dense, &[2], DType::F32));
    assert_same("log", &logs, &[f64::NEG_INFINITY, f64::NEG_INFINITY]);
}

const RECTANGLES: [&[usize]; 7] = [&[1, 1], &[4, 4], &[6, 3], &[3, 6], &[9, 1], &[2, 5, 2], &[2, 2, 2, 3]];

/// The identity, for `columns^T columns` of a batch.
fn assert_orthonormal(what: &str, columns: &Tensor, bound: f64) {
    let found = product(&transposed(columns), &columns.to(DType::F64));
    let want = masked(&found, |i, j, _| f64::from(u8::from(i == j)));
    assert_near(what, &found, &want, bound);
}

#[test]
fn qr_is_orthonormal_times_upper_triangular() {
    for dims in RECTANGLES {
        for dtype in FLOATS {
            let a = Tensor::random(dims, 11).to(dtype);
            let (batch, &[m, n]) = dims.split_last_chunk::<2>().unwrap();
            let k = m.min(n);
            let bound = error(dtype, m.max(n));
            for layout in Layout::ALL {
                let part = |part: QrPart, last: [usize; 2]| {
                    run_one(&one_op(Op::Qr { part }, &[&a], layout, &[batch, &last].concat(), dtype))
                };
                let (q, r) = (part(QrPart::Q, [m, k]), part(QrPart::R, [k, n]));
                let what = format!("{dims:?} {dtype:?} {layout:?}");
                assert_orthonormal(&what, &q, bound);
                let below = masked(&r, |i, j, v| if i > j { v } else { 0.0 });
                assert_same(&what, &below, &vec![0.0; r.values.len()]);
                assert_near(&what, &product(&q, &r), &a.to(DType::F64), bound * 2.0 * n as f64);
            }
        }
    }
}

#[test]
fn svd_is_orthonormal_times_descending_times_orthonormal() {
    for dims in RECTANGLES {
        for dtype in FLOATS {
            let a = Tensor::random(dims, 12).to(dtype);
            let (batch, &[m, n]) = dims.split_last_chunk::<2>().unwrap();
            let k = m.min(n);
            let bound = error(dtype, m.max(n));
            for layout in Layout::ALL {
                let part = |part: SvdPart, last: &[usize]| {
                    run_one(&one_op(Op::Svd { part }, &[&a], layout, &[batch, last].concat(), dtype))
                };
                let (u, s, vt) = (part(SvdPart::U, &[m, k]), part(SvdPart::S, &[k]), part(SvdPart::Vt, &[k, n]));
                let what = format!("{dims:?} {dtype:?} {layout:?}");
                assert_orthonormal(&what, &u, bound);
                assert_orthonormal(&what, &transposed(&vt), bound);
                let descending = s.values.chunks(k).all(|s| s.is_sorted_by(|a, b| a >= b) && s[k - 1] >= 0.0);
                assert!(descending, "{what}: {s:?}");
                let rank = dims.len();
                let scaled = indices(&u.dims).map(|i| u.at(&i) * s.at(&[&i[..rank - 2], &i[rank - 1..]].concat()));
                let scaled = Tensor::of(DType::F64, &u.dims, scaled.collect::<Vec<_>>());
                assert_near(&what, &product(&scaled, &vt), &a.to(DType::F64), bound * 4.0 * s.values[0].max(1.0));
            }
        }
    }
    let a = Tensor::f32(&[2, 3], [0.0, 3.0, 0.0, -4.0, 0.0, 0.0]);
    let s = run_one(&one_op(Op::Svd { part: SvdPart::S }, &[&a], Layout::Dense, &[2], DType::F32));
    assert_within("values", &s, &[4.0, 3.0], |_, w| 4.0 * epsilon(DType::F32) * w);
}

#[test]
fn matrices_without_rows_or_columns() {
    let of = |op: Op, operands: &[&[usize]], out: &[usize], want: &[f64]| {
        let operands: Vec<Tensor> = operands.iter().map(|dims| Tensor::random(dims, 1)).collect();
        let got = run_one(&one_op(op, &operands.iter().collect::<Vec<_>>(), Layout::Dense, out, DType::F32));
        assert_same("nothing", &got, want);
    };
    of(Op::Cholesky, &[&[0, 0]], &[0, 0], &[]);
    of(Op::Cholesky, &[&[0, 3, 3]], &[0, 3, 3], &[]);
    of(Op::Det, &[&[2, 0, 0]], &[2], &[1.0, 1.0]);
    of(Op::LogDet, &[&[0, 0]], &[], &[0.0]);
    of(Op::Det, &[&[0, 2, 2]], &[0], &[]);
    of(Op::DenseSolve, &[&[0, 0], &[0]], &[0], &[]);
    of(Op::DenseSolve, &[&[2, 2], &[2, 0]], &[2, 0], &[]);
    of(Op::TriangularSolve { lower: true, transpose: true }, &[&[0, 0], &[0, 2]], &[0, 2], &[]);
    of(Op::BatchedDenseSolve, &[&[0, 2, 2], &[0, 2]], &[0, 2], &[]);
    of(Op::Qr { part: QrPart::Q }, &[&[3, 0]], &[3, 0], &[]);
    of(Op::Qr { part: QrPart::R }, &[&[0, 3]], &[0, 3], &[]);
    of(Op::Svd { part: SvdPart::S }, &[&[0, 3]], &[0], &[]);
    of(Op::Svd { part: SvdPart::Vt }, &[&[3, 0]], &[0, 0], &[]);
}

#[test]
fn what_is_no_system_is_named() {
    let says = |op: Op, operands: &[&Tensor], out: &[usize], dtype: DType, part: &str| {
        let kind = format!("{:?}", op.kind());
        let error = refusal(&one_op(op, operands, Layout::Dense, out, dtype));
        assert!(error.message().contains(part) && error.message().contains(&kind), "{error}");
    };
    let (f32, square, wide) = (DType::F32, Tensor::random(&[2, 2], 1), Tensor::random(&[2, 3], 1));
    let (vector, long) = (Tensor::random(&[2], 1), Tensor::random(&[3], 1));
    says(Op::Cholesky, &[&wide], &[2, 3], f32, "the matrices are 2 by 3: not square");
    says(Op::Det, &[&vector], &[], f32, "a is [2]: it has two axes or more");
    says(Op::Det, &[&square], &[1], f32, "the graph declares shape [1]");
    says(Op::DenseSolve, &[&square, &long], &[3], f32, "b is [3], and a wants [2] or the same with one more axis");
    says(Op::BatchedDenseSolve, &[&Tensor::random(&[3, 2, 2], 1), &square], &[2, 2], f32, "a wants [3, 2]");
    let integers = square.map(|v| v.round()).to(DType::I32);
    says(
        Op::Qr { part: QrPart::R },
        &[&integers],
        &[2, 2],
        DType::I32,
        "operand 0 is i32; it takes f16, bf16, f32 and f64",
    );
    says(Op::Svd { part: SvdPart::U }, &[&square], &[2, 2], DType::I32, "the declared dtype is i32");
}
