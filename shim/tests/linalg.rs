//! Factorisations and solvers: what they promise is put together again, in f64.

mod support;

use rlx_mlx_shim::*;
use std::ffi::CString;
use std::ptr::{null, null_mut};
use support::*;

const WIDE: [u32; 2] = [RLX_MLX_DTYPE_F32, RLX_MLX_DTYPE_F64];

/// Entries of well conditioned matrices stay below 8, so a few dozen roundings.
fn tolerance(dtype: u32) -> f64 {
    256.0 * eps(dtype)
}

/// Batches of well conditioned matrices: a heavy diagonal.
fn matrices(batch: i32, rows: i32, columns: i32) -> Vec<f64> {
    fill(&[batch, rows, columns], |c| {
        ((c[0] * 7 + c[1] * 5 + c[2] * 3) % 8) as f64 / 4.0 - 1.0 + if c[1] == c[2] { 4.0 } else { 0.0 }
    })
}

/// A + A^T, positive definite by its diagonal.
fn symmetric(batch: i32, n: i32) -> Vec<f64> {
    let m = matrices(batch, n, n);
    let d = [batch, n, n];
    fill(&d, |c| at(&m, &d, c) + at(&m, &d, &[c[0], c[2], c[1]]))
}

/// Products of two batches [b,m,k] and [b,k,n].
fn product(a: &[f64], b: &[f64], batch: i32, m: i32, k: i32, n: i32) -> Vec<f64> {
    fill(&[batch, m, n], |c| {
        (0..k as usize).map(|j| at(a, &[batch, m, k], &[c[0], c[1], j]) * at(b, &[batch, k, n], &[c[0], j, c[2]])).sum()
    })
}

#[track_caller]
fn near(found: &[f64], expected: &[f64], t: f64) {
    assert_eq!(found.len(), expected.len());
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert!((f - e).abs() <= t * (1.0 + e.abs()), "element {i}: {f} instead of {e}");
    }
}

fn identity(batch: i32, n: i32) -> Vec<f64> {
    fill(&[batch, n, n], |c| f64::from(u8::from(c[1] == c[2])))
}

/// The arrays that a call with two or three outs gives.
fn two(call: impl FnOnce(*mut *mut rlx_mlx_array_t, *mut *mut rlx_mlx_array_t) -> i32) -> [A; 2] {
    let mut first = null_mut();
    let second = ok(|out| call(&mut first, out));
    [A(first), second]
}

fn three(call: impl FnOnce([*mut *mut rlx_mlx_array_t; 3]) -> i32) -> [A; 3] {
    let (mut first, mut second) = (null_mut(), null_mut());
    let third = ok(|out| call([&mut first, &mut second, out]));
    [A(first), A(second), third]
}

#[test]
fn solve_takes_vectors_and_matrices_in_batches() {
    // Three batches of size 3: the vector form must not be told from the batch size.
    for n in [3, 4] {
        let a_data = matrices(3, n, n);
        let x_matrix = fill(&[3, n, 2], |c| (c[0] + 2 * c[1]) as f64 - c[2] as f64);
        let x_vector = fill(&[3, n, 1], |c| (c[0] * 2 + c[1]) as f64 - 2.0);
        let (b_matrix, b_vector) = (product(&a_data, &x_matrix, 3, n, n, 2), product(&a_data, &x_vector, 3, n, n, 1));
        for dtype in WIDE {
            for a in twins(&a_data, &[3, n, n], dtype) {
                // SAFETY: live handles.
                unsafe {
                    for b in twins(&b_matrix, &[3, n, 2], dtype) {
                        let x = ok(|out| rlx_mlx_op_solve(a.0, b.0, out));
                        assert_eq!((dims(&x), support::dtype(&x)), (vec![3, n, 2], dtype));
                        near(&values(&x), &x_matrix, tolerance(dtype));
                    }
                    let b = array(&b_vector, &[3, n], dtype);
                    let x = ok(|out| rlx_mlx_op_solve(a.0, b.0, out));
                    assert_eq!(dims(&x), [3, n]);
                    near(&values(&x), &x_vector, tolerance(dtype));
                }
            }
            // One matrix for a batch of right sides.
            let size = (n * n) as usize;
            let shared = array(&a_data[..size], &[n, n], dtype);
            let right: Vec<f64> = (0..3)
                .flat_map(|i| {
                    product(&a_data[..size], &x_matrix[i * (2 * n) as usize..][..(2 * n) as usize], 1, n, n, 2)
                })
                .collect();
            let b = array(&right, &[3, n, 2], dtype);
            // SAFETY: live handles.
            near(&values(&ok(|out| unsafe { rlx_mlx_op_solve(shared.0, b.0, out) })), &x_matrix, tolerance(dtype));
        }
    }
}

#[test]
fn triangular_systems_ignore_the_other_triangle() {
    let n = 4;
    let full = matrices(2, n, n);
    let x_data = fill(&[2, n, 2], |c| (c[0] + c[1]) as f64 - 2.0 * c[2] as f64);
    for upper in [false, true] {
        let kept = fill(&[2, n, n], |c| {
            if if upper { c[1] <= c[2] } else { c[1] >= c[2] } { at(&full, &[2, n, n], c) } else { 0.0 }
        });
        let right = product(&kept, &x_data, 2, n, n, 2);
        for dtype in WIDE {
            for a in twins(&full, &[2, n, n], dtype) {
                let b = array(&right, &[2, n, 2], dtype);
                // SAFETY: live handles.
                unsafe {
                    let x = ok(|out| rlx_mlx_op_solve_triangular(a.0, b.0, i32::from(upper), out));
                    near(&values(&x), &x_data, tolerance(dtype));
                    let inverse = ok(|out| rlx_mlx_op_tri_inv(a.0, i32::from(upper), out));
                    near(&product(&kept, &values(&inverse), 2, n, n, n), &identity(2, n), tolerance(dtype));
                }
            }
        }
    }
}

#[test]
fn inverses_multiply_to_the_identity() {
    let n = 4;
    let (m, s) = (matrices(2, n, n), symmetric(2, n));
    for dtype in WIDE {
        for (a, p) in twins(&m, &[2, n, n], dtype).iter().zip(&twins(&s, &[2, n, n], dtype)) {
            // SAFETY: live handles.
            unsafe {
                let inverse = values(&ok(|out| rlx_mlx_op_inv(a.0, out)));
                near(&product(&m, &inverse, 2, n, n, n), &identity(2, n), tolerance(dtype));
                for upper in [0, 1] {
                    let factor = ok(|out| rlx_mlx_op_cholesky(p.0, upper, out));
                    let inverse = values(&ok(|out| rlx_mlx_op_cholesky_inv(factor.0, upper, out)));
                    near(&product(&s, &inverse, 2, n, n, n), &identity(2, n), tolerance(dtype));
                }
            }
        }
        let tall = matrices(2, 5, 3);
        for a in twins(&tall, &[2, 5, 3], dtype) {
            // SAFETY: live handle.
            let pinv = values(&ok(|out| unsafe { rlx_mlx_op_pinv(a.0, out) }));
            near(&product(&pinv, &tall, 2, 3, 5, 3), &identity(2, 3), tolerance(dtype));
        }
    }
}

#[test]
fn cholesky_is_a_square_root_or_nan() {
    let n = 4;
    let s = symmetric(2, n);
    for dtype in WIDE {
        for a in twins(&s, &[2, n, n], dtype) {
            for upper in [false, true] {
                // SAFETY: live handle.
                let f = values(&ok(|out| unsafe { rlx_mlx_op_cholesky(a.0, i32::from(upper), out) }));
                let t = fill(&[2, n, n], |c| at(&f, &[2, n, n], &[c[0], c[2], c[1]]));
                let back = if upper { product(&t, &f, 2, n, n, n) } else { product(&f, &t, 2, n, n, n) };
                near(&back, &s, tolerance(dtype));
                let empty = fill(&[2, n, n], |c| {
                    if if upper { c[1] > c[2] } else { c[1] < c[2] } { at(&f, &[2, n, n], c) } else { 0.0 }
                });
                assert!(empty.iter().all(|&v| v == 0.0));
            }
        }
        // The second of the two is indefinite: its factor alone is NaN.
        let mixed = [4.0, 2.0, 2.0, 5.0, 1.0, 2.0, 2.0, 1.0];
        let a = array(&mixed, &[2, 2, 2], dtype);
        let nan = f64::NAN;
        // SAFETY: live handle.
        close(
            &ok(|out| unsafe { rlx_mlx_op_cholesky(a.0, 0, out) }),
            &[2.0, 0.0, 1.0, 2.0, nan, nan, nan, nan],
            1e-6,
            0.0,
        );
    }
}

#[test]
fn qr_and_lu_come_together_again() {
    for (m, n) in [(4, 4), (5, 3), (3, 5)] {
        let k = m.min(n);
        // The heavy diagonal is moved down by a row, so that pivoting has to move it back.
        let straight = matrices(2, m, n);
        let data = fill(&[2, m, n], |c| at(&straight, &[2, m, n], &[c[0], (c[1] + 1) % m as usize, c[2]]));
        for dtype in WIDE {
            for a in twins(&data, &[2, m, n], dtype) {
                // SAFETY: live handle.
                let [q, r] = two(|x, y| unsafe { rlx_mlx_op_qr(a.0, x, y) });
                assert_eq!((dims(&q), dims(&r)), (vec![2, m, k], vec![2, k, n]));
                let (q, r) = (values(&q), values(&r));
                near(&product(&q, &r, 2, m, k, n), &data, tolerance(dtype));
                let qt = fill(&[2, k, m], |c| at(&q, &[2, m, k], &[c[0], c[2], c[1]]));
                near(&product(&qt, &q, 2, k, m, k), &identity(2, k), tolerance(dtype));

                // SAFETY: live handle.
                let [p, l, u] = three(|[x, y, z]| unsafe { rlx_mlx_op_lu(a.0, x, y, z) });
                assert_eq!((dims(&p), support::dtype(&p)), (vec![2, m], RLX_MLX_DTYPE_U32));
                let (rows, joined) = (values(&p), product(&values(&l), &values(&u), 2, m, k, n));
                let row = |b: usize, i: usize| rows[b * m as usize + i] as usize;
                let back = fill(&[2, m, n], |c| at(&joined, &[2, m, n], &[c[0], row(c[0], c[1]), c[2]]));
                near(&back, &data, tolerance(dtype));

                // SAFETY: live handle.
                let [lu, pivots] = two(|x, y| unsafe { rlx_mlx_op_lu_factor(a.0, x, y) });
                assert_eq!((dims(&lu), dims(&pivots)), (vec![2, m, n], vec![2, k]));
                let swaps = values(&pivots);
                let swapped = fill(&[2, m, n], |c| {
                    let mut order: Vec<usize> = (0..m as usize).collect();
                    for i in 0..k as usize {
                        order.swap(i, swaps[c[0] * k as usize + i] as usize);
                    }
                    at(&data, &[2, m, n], &[c[0], order[c[1]], c[2]])
                });
                near(&joined, &swapped, tolerance(dtype));
            }
        }
    }
}

#[test]
fn svd_has_orthogonal_factors() {
    for (m, n) in [(4, 4), (5, 3), (3, 5)] {
        let k = m.min(n) as usize;
        let data = matrices(2, m, n);
        for dtype in WIDE {
            for a in twins(&data, &[2, m, n], dtype) {
                // SAFETY: live handle.
                let [u, s, vt] = three(|[x, y, z]| unsafe { rlx_mlx_op_svd(a.0, x, y, z) });
                assert_eq!((dims(&u), dims(&s), dims(&vt)), (vec![2, m, m], vec![2, k as i32], vec![2, n, n]));
                let (u, s, vt) = (values(&u), values(&s), values(&vt));
                let us = fill(&[2, m, n], |c| if c[2] < k { at(&u, &[2, m, m], c) * s[c[0] * k + c[2]] } else { 0.0 });
                near(&product(&us, &vt, 2, m, n, n), &data, tolerance(dtype));
                let v = fill(&[2, n, n], |c| at(&vt, &[2, n, n], &[c[0], c[2], c[1]]));
                near(&product(&vt, &v, 2, n, n, n), &identity(2, n), tolerance(dtype));
                assert!(s.chunks(k).all(|row| row.windows(2).all(|p| p[0] >= p[1])));
                // SAFETY: live handle.
                near(&values(&ok(|out| unsafe { rlx_mlx_op_svdvals(a.0, out) })), &s, tolerance(dtype));
            }
        }
    }
    // diag(3i, 2): singular values 3 and 2.
    let c = complex(&[(0.0, 3.0), (0.0, 0.0), (0.0, 0.0), (2.0, 0.0)], &[2, 2]);
    // SAFETY: live handle.
    close(&ok(|out| unsafe { rlx_mlx_op_svdvals(c.0, out) }), &[3.0, 2.0], 1e-6, 0.0);
}

#[test]
fn eigenvectors_are_only_stretched() {
    let n = 4;
    let s = symmetric(2, n);
    for dtype in WIDE {
        for a in twins(&s, &[2, n, n], dtype) {
            for upper in [0, 1] {
                // SAFETY: live handle.
                let [w, v] = two(|x, y| unsafe { rlx_mlx_op_eigh(a.0, upper, x, y) });
                let (w, v) = (values(&w), values(&v));
                let stretched = fill(&[2, n, n], |c| at(&v, &[2, n, n], c) * w[c[0] * n as usize + c[2]]);
                near(&product(&s, &v, 2, n, n, n), &stretched, tolerance(dtype));
                assert!(w.chunks(n as usize).all(|row| row.windows(2).all(|p| p[0] <= p[1])));
                // SAFETY: live handle.
                near(&values(&ok(|out| unsafe { rlx_mlx_op_eigvalsh(a.0, upper, out) })), &w, tolerance(dtype));
            }
        }
    }
    // [[2, i], [-i, 2]] is Hermitian: 1 and 3.
    let h = complex(&[(2.0, 0.0), (0.0, 1.0), (0.0, -1.0), (2.0, 0.0)], &[2, 2]);
    // SAFETY: live handle.
    close(&ok(|out| unsafe { rlx_mlx_op_eigvalsh(h.0, 0, out) }), &[1.0, 3.0], 1e-6, 0.0);
    // Only the chosen triangle is read.
    let lopsided = array(&[2.0, 100.0, 1.0, 2.0], &[2, 2], RLX_MLX_DTYPE_F64);
    // SAFETY: live handle.
    near(&values(&ok(|out| unsafe { rlx_mlx_op_eigvalsh(lopsided.0, 0, out) })), &[1.0, 3.0], 1e-12);
}

#[test]
fn rotations_have_complex_eigenvalues() {
    for a in twins(&[0.0, -1.0, 1.0, 0.0], &[2, 2], RLX_MLX_DTYPE_F32) {
        // SAFETY: live handle.
        let [w, v] = two(|x, y| unsafe { rlx_mlx_op_eig(a.0, x, y) });
        let (w, v) = (complex_values(&w), complex_values(&v));
        for (i, &(re, im)) in w.iter().enumerate() {
            assert!(re.abs() < 1e-6 && (im.abs() - 1.0).abs() < 1e-6, "{w:?}");
            // A v = (-v1, v0) = w v.
            let (v0, v1) = (v[i], v[2 + i]);
            assert!((-v1.0 - (re * v0.0 - im * v0.1)).abs() < 1e-6 && (-v1.1 - (re * v0.1 + im * v0.0)).abs() < 1e-6);
        }
        // SAFETY: live handle.
        let again = complex_values(&ok(|out| unsafe { rlx_mlx_op_eigvals(a.0, out) }));
        assert!(again.iter().all(|w| (w.1.abs() - 1.0).abs() < 1e-6));
    }
}

#[test]
fn determinants() {
    // Two with determinants 11 and -2, and a singular one.
    let data = [4.0, 1.0, 1.0, 3.0, 1.0, 2.0, 3.0, 4.0, 1.0, 2.0, 2.0, 4.0];
    for dtype in WIDE {
        for a in twins(&data, &[3, 2, 2], dtype) {
            // SAFETY: live handle.
            close(&ok(|out| unsafe { rlx_mlx_op_det(a.0, out) }), &[11.0, -2.0, 0.0], tolerance(dtype), 0.0);
            // SAFETY: live handle.
            let [sign, log] = two(|x, y| unsafe { rlx_mlx_op_slogdet(a.0, x, y) });
            close(&sign, &[1.0, -1.0, 0.0], 0.0, 0.0);
            close(&log, &[11_f64.ln(), 2_f64.ln(), f64::NEG_INFINITY], tolerance(dtype), 0.0);
        }
        let m = matrices(1, 5, 5);
        // The product of the eigenvalues of a triangular matrix is that of its diagonal.
        let triangle = fill(&[5, 5], |c| if c[0] <= c[1] { m[c[0] * 5 + c[1]] } else { 0.0 });
        let expected: f64 = (0..5).map(|i| triangle[i * 6]).product();
        // SAFETY: live handle.
        close(
            &ok(|out| unsafe { rlx_mlx_op_det(array(&triangle, &[5, 5], dtype).0, out) }),
            &[expected],
            tolerance(dtype),
            0.0,
        );
    }
}

#[test]
fn singular_operands_fail_at_evaluation_only() {
    let zero = array(&[0.0; 4], &[2, 2], RLX_MLX_DTYPE_F32);
    // SAFETY: live handles.
    unsafe {
        for lazy in [
            ok(|out| rlx_mlx_op_solve(zero.0, zero.0, out)),
            ok(|out| rlx_mlx_op_solve_triangular(zero.0, zero.0, 0, out)),
            ok(|out| rlx_mlx_op_inv(zero.0, out)),
            ok(|out| rlx_mlx_op_tri_inv(zero.0, 1, out)),
        ] {
            assert_eq!(rlx_mlx_eval(&lazy.0, 1), RLX_MLX_ERR_GENERIC);
            assert!(error().starts_with("rlx_mlx_eval: "), "{}", error());
        }
    }
}

#[test]
fn empty_matrices_are_refused_and_empty_batches_are_not() {
    let (empty, none) = (array(&[], &[0, 0], RLX_MLX_DTYPE_F32), array(&[], &[0, 2, 2], RLX_MLX_DTYPE_F32));
    let half = array(&[1.0; 4], &[2, 2], RLX_MLX_DTYPE_F16);
    // SAFETY: live handles.
    unsafe {
        type Op = unsafe extern "C" fn(*mut rlx_mlx_array_t, *mut *mut rlx_mlx_array_t) -> i32;
        let ops: [Op; 6] =
            [rlx_mlx_op_inv, rlx_mlx_op_pinv, rlx_mlx_op_svdvals, rlx_mlx_op_eigvals, rlx_mlx_op_det, rlx_mlx_op_inv];
        for op in ops {
            assert_eq!(fails(|out| op(empty.0, out)), RLX_MLX_ERR_BAD_SHAPE);
            assert_eq!(fails(|out| op(half.0, out)), RLX_MLX_ERR_BAD_DTYPE);
            assert_eq!(dims(&ok(|out| op(none.0, out)))[0], 0);
        }
        assert_eq!(fails(|out| rlx_mlx_op_solve(empty.0, empty.0, out)), RLX_MLX_ERR_BAD_SHAPE);
        assert_eq!(fails(|out| rlx_mlx_op_tri_inv(empty.0, 0, out)), RLX_MLX_ERR_BAD_SHAPE);
        assert_eq!(fails(|out| rlx_mlx_op_cholesky_inv(empty.0, 0, out)), RLX_MLX_ERR_BAD_SHAPE);
    }
}

#[test]
fn norms_of_vectors_and_matrices() {
    let shape = [2, 3, 4];
    let data = fill(&shape, |c| ((c[0] * 5 + c[1] * 3 + c[2]) % 7) as f64 - 3.0);
    let vector = |ord: f64| {
        fill(&[2, 4], |c| {
            let column = (0..3).map(|i| at(&data, &shape, &[c[0], i, c[1]]).abs());
            match ord {
                0.0 => column.filter(|&x| x != 0.0).count() as f64,
                f64::INFINITY => column.fold(0.0, f64::max),
                f64::NEG_INFINITY => column.fold(f64::INFINITY, f64::min),
                _ => column.map(|x| x.powf(ord)).sum::<f64>().powf(1.0 / ord),
            }
        })
    };
    let rows = |b: usize| (0..3).map(move |i| (0..4).map(move |j| (b, i, j)));
    let sums = |b: usize| rows(b).map(|r| r.map(|(b, i, j)| at(&data, &shape, &[b, i, j]).abs()).sum::<f64>());
    let frobenius: Vec<f64> = data.chunks(12).map(|m| m.iter().map(|x| x * x).sum::<f64>().sqrt()).collect();
    let name = CString::new("fro").unwrap();
    for dtype in [
        RLX_MLX_DTYPE_F32,
        RLX_MLX_DTYPE_F16,
        RLX_MLX_DTYPE_BF16,
        RLX_MLX_DTYPE_F64,
        RLX_MLX_DTYPE_I32,
        RLX_MLX_DTYPE_I64,
    ] {
        // Roundings of sums and of powers, which go through exp and log.
        let t = 16.0 * eps(if eps(dtype) < 1e-6 { RLX_MLX_DTYPE_F32 } else { dtype });
        for a in twins(&data, &shape, dtype) {
            // SAFETY: live handle, lists of the counts given.
            unsafe {
                for ord in [0.0, 1.0, 2.0, 3.0, f64::INFINITY, f64::NEG_INFINITY] {
                    println!("ord {ord}, dtype {dtype}");
                    close(&ok(|out| rlx_mlx_op_norm(a.0, ord, [1].as_ptr(), 1, 0, out)), &vector(ord), t, t);
                }
                let infinity = ok(|out| rlx_mlx_op_norm(a.0, f64::INFINITY, [1, -1].as_ptr(), 2, 1, out));
                assert_eq!(dims(&infinity), [2, 1, 1]);
                let largest: Vec<f64> = (0..2).map(|b| sums(b).fold(0.0, f64::max)).collect();
                close(&infinity, &largest, t, t);
                close(
                    &ok(|out| rlx_mlx_op_norm_named(a.0, name.as_ptr(), [1, 2].as_ptr(), 2, 0, out)),
                    &frobenius,
                    t,
                    t,
                );
            }
        }
    }
    // Squares that neither i8 nor f16 holds.
    for (dtype, data, expected) in [(RLX_MLX_DTYPE_I8, [0.0, 100.0], 100.0), (RLX_MLX_DTYPE_F16, [300.0, 400.0], 500.0)]
    {
        let big = array(&data, &[2], dtype);
        // SAFETY: live handle.
        close(&ok(|out| unsafe { rlx_mlx_op_norm(big.0, 2.0, null(), 0, 0, out) }), &[expected], 1e-3, 0.0);
    }
    let d = array(&[3.0, 0.0, 0.0, -2.0], &[2, 2], RLX_MLX_DTYPE_F64);
    let nuclear = CString::new("nuc").unwrap();
    // SAFETY: live handle.
    unsafe {
        close(&ok(|out| rlx_mlx_op_norm(d.0, 2.0, null(), 0, 0, out)), &[3.0], 1e-12, 0.0);
        close(&ok(|out| rlx_mlx_op_norm(d.0, -2.0, null(), 0, 0, out)), &[2.0], 1e-12, 0.0);
        close(&ok(|out| rlx_mlx_op_norm_named(d.0, nuclear.as_ptr(), null(), 0, 0, out)), &[5.0], 1e-12, 0.0);
    }
}

#[test]
fn cross_products() {
    let (a, b) = ([1.0, 2.0, 3.0, -1.0, 0.0, 2.0], [0.0, 1.0, 2.0, 3.0, -2.0, 1.0]);
    let expected = [1.0, -2.0, 1.0, 4.0, 7.0, 2.0];
    for dtype in [
        RLX_MLX_DTYPE_F32,
        RLX_MLX_DTYPE_F16,
        RLX_MLX_DTYPE_BF16,
        RLX_MLX_DTYPE_F64,
        RLX_MLX_DTYPE_I32,
        RLX_MLX_DTYPE_I64,
    ] {
        for (x, y) in twins(&a, &[2, 3], dtype).iter().zip(&twins(&b, &[2, 3], dtype)) {
            // SAFETY: live handles.
            close(&ok(|out| unsafe { rlx_mlx_op_cross(x.0, y.0, 1, out) }), &expected, 0.0, 0.0);
        }
    }
}
