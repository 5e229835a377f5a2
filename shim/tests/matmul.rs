//! Matrix products and contractions against plain loops in f64.

mod support;

use rlx_mlx_shim::*;
use std::ffi::CString;
use std::ptr::null_mut;
use support::*;

/// Small integers: every product and sum here is exact in all float dtypes (in bf16 up to 256).
fn numbers(dims: &[i32], salt: usize) -> Vec<f64> {
    let mut i = salt * 3;
    fill(dims, |_| {
        i += 1;
        ((i * 5 + i / 4) % 7) as f64 - 3.0
    })
}

/// a [m,k] times b [k,n].
fn product(a: &[f64], b: &[f64], m: usize, k: usize, n: usize) -> Vec<f64> {
    fill(&[m as i32, n as i32], |c| (0..k).map(|j| a[c[0] * k + j] * b[j * n + c[1]]).sum())
}

#[test]
fn matmul_broadcasts_batches_and_takes_vectors() {
    let (a, b) = (numbers(&[2, 1, 3, 4], 1), numbers(&[5, 4, 2], 2));
    let expected = fill(&[2, 5, 3, 2], |c| {
        (0..4).map(|k| at(&a, &[2, 1, 3, 4], &[c[0], 0, c[2], k]) * at(&b, &[5, 4, 2], &[c[1], k, c[3]])).sum()
    });
    for dtype in FLOATS {
        for (x, y) in twins(&a, &[2, 1, 3, 4], dtype).iter().zip(&twins(&b, &[5, 4, 2], dtype)) {
            // SAFETY: live handles.
            let z = ok(|out| unsafe { rlx_mlx_op_matmul(x.0, y.0, out) });
            assert_eq!((dims(&z), support::dtype(&z)), (vec![2, 5, 3, 2], dtype));
            close(&z, &expected, 0.0, 0.0);
        }
        let (row, m) = (array(&a[..4], &[4], dtype), array(&b[..8], &[4, 2], dtype));
        // SAFETY: live handles.
        close(&ok(|out| unsafe { rlx_mlx_op_matmul(row.0, m.0, out) }), &product(&a[..4], &b[..8], 1, 4, 2), 0.0, 0.0);
    }
    // f16 with bf16 promotes to f32; integers have no product.
    let (h, w) = (array(&a[..4], &[2, 2], RLX_MLX_DTYPE_F16), array(&a[..4], &[2, 2], RLX_MLX_DTYPE_BF16));
    // SAFETY: live handles.
    assert_eq!(support::dtype(&ok(|out| unsafe { rlx_mlx_op_matmul(h.0, w.0, out) })), RLX_MLX_DTYPE_F32);
    for dtype in [RLX_MLX_DTYPE_I32, RLX_MLX_DTYPE_I64, RLX_MLX_DTYPE_BOOL] {
        let i = array(&a[..4], &[2, 2], dtype);
        // SAFETY: live handle.
        assert_eq!(fails(|out| unsafe { rlx_mlx_op_matmul(i.0, i.0, out) }), RLX_MLX_ERR_BAD_DTYPE);
    }
}

#[test]
fn complex_products() {
    let x = complex(&[(1.0, 2.0), (0.0, 1.0), (3.0, 0.0), (1.0, -1.0)], &[2, 2]);
    let turn = [1, 0];
    // SAFETY: live handles.
    unsafe {
        let y = ok(|out| rlx_mlx_op_matmul(x.0, x.0, out));
        assert_eq!(complex_values(&y), [(-3.0, 7.0), (-1.0, 2.0), (6.0, 3.0), (0.0, 1.0)]);
        let t = ok(|out| rlx_mlx_op_transpose(x.0, turn.as_ptr(), 2, out));
        let y = ok(|out| rlx_mlx_op_matmul(t.0, t.0, out));
        assert_eq!(complex_values(&y), [(-3.0, 7.0), (6.0, 3.0), (-1.0, 2.0), (0.0, 1.0)]);
        let d = ok(|out| rlx_mlx_op_vecdot(x.0, x.0, -1, out));
        assert_eq!(complex_values(&d), [(6.0, 0.0), (11.0, 0.0)]);
    }
}

#[test]
fn addmm_scales_both_terms() {
    let (a, b, c) = (numbers(&[3, 4], 1), numbers(&[4, 2], 2), numbers(&[2], 3));
    let expected = fill(&[3, 2], |i| 2.0 * product(&a, &b, 3, 4, 2)[i[0] * 2 + i[1]] - 0.5 * c[i[1]]);
    for dtype in FLOATS {
        for (x, y) in twins(&a, &[3, 4], dtype).iter().zip(&twins(&b, &[4, 2], dtype)) {
            let z = array(&c, &[2], dtype);
            // SAFETY: live handles.
            let found = ok(|out| unsafe { rlx_mlx_op_addmm(z.0, x.0, y.0, 2.0, -0.5, out) });
            close(&found, &expected, 0.0, 0.0);
        }
    }
}

#[test]
fn contractions_over_named_axes() {
    let (da, db) = ([2, 3, 4], [4, 2, 5]);
    let (a, b) = (numbers(&da, 1), numbers(&db, 2));
    let expected = fill(&[3, 5], |c| {
        (0..2)
            .flat_map(|i| (0..4).map(move |k| (i, k)))
            .map(|(i, k)| at(&a, &da, &[i, c[0], k]) * at(&b, &db, &[k, i, c[1]]))
            .sum()
    });
    let text = CString::new("ijk,kil->jl").unwrap();
    for dtype in FLOATS {
        for (x, y) in twins(&a, &da, dtype).iter().zip(&twins(&b, &db, dtype)) {
            let list = [x.0, y.0];
            // SAFETY: live handles and lists.
            unsafe {
                let found = ok(|out| rlx_mlx_op_tensordot(x.0, y.0, [0, -1].as_ptr(), [1, 0].as_ptr(), 2, out));
                close(&found, &expected, 0.0, 0.0);
                let found = ok(|out| rlx_mlx_op_einsum(text.as_ptr(), list.as_ptr(), 2, out));
                close(&found, &expected, 0.0, 0.0);
                let twice = fails(|out| rlx_mlx_op_tensordot(x.0, y.0, [0, 0].as_ptr(), [1, 0].as_ptr(), 2, out));
                assert_eq!(twice, RLX_MLX_ERR_BAD_SHAPE);
            }
        }
    }
}

#[test]
fn inner_outer_and_vecdot() {
    let (a, b) = (numbers(&[2, 4], 1), numbers(&[3, 4], 2));
    let inner = fill(&[2, 3], |c| (0..4).map(|k| a[c[0] * 4 + k] * b[c[1] * 4 + k]).sum());
    for dtype in FLOATS {
        for (x, y) in twins(&a, &[2, 4], dtype).iter().zip(&twins(&b, &[3, 4], dtype)) {
            // SAFETY: live handles.
            close(&ok(|out| unsafe { rlx_mlx_op_inner(x.0, y.0, out) }), &inner, 0.0, 0.0);
        }
    }
    let (u, v) = ([1.0, 0.0, 1.0, 1.0], [1.0, 1.0, 0.0, 1.0]);
    let outer = fill(&[4, 4], |c| u[c[0]] * v[c[1]]);
    for dtype in [
        RLX_MLX_DTYPE_F32,
        RLX_MLX_DTYPE_F16,
        RLX_MLX_DTYPE_BF16,
        RLX_MLX_DTYPE_I32,
        RLX_MLX_DTYPE_I64,
        RLX_MLX_DTYPE_BOOL,
    ] {
        for (x, y) in twins(&u, &[2, 2], dtype).iter().zip(&twins(&v, &[2, 2], dtype)) {
            // SAFETY: live handles.
            unsafe {
                close(&ok(|out| rlx_mlx_op_outer(x.0, y.0, out)), &outer, 0.0, 0.0);
                close(&ok(|out| rlx_mlx_op_vecdot(x.0, y.0, 1, out)), &[1.0, 1.0], 0.0, 0.0);
            }
        }
    }
}

#[test]
fn gather_mm_picks_an_expert_for_each_row() {
    let (a, b) = (numbers(&[4, 3], 1), numbers(&[3, 3, 2], 2));
    // 7 and -9 are out of range and clamped, -1 is the last expert.
    let (picks, used) = ([2.0, 7.0, -1.0, -9.0], [2, 2, 2, 0]);
    let expected =
        fill(&[4, 2], |c| (0..3).map(|k| a[c[0] * 3 + k] * at(&b, &[3, 3, 2], &[used[c[0]], k, c[1]])).sum());
    for dtype in FLOATS {
        for index in [RLX_MLX_DTYPE_I32, RLX_MLX_DTYPE_I64, RLX_MLX_DTYPE_F32] {
            let idx = array(&picks, &[4], index);
            for (x, y) in twins(&a, &[4, 3], dtype).iter().zip(&twins(&b, &[3, 3, 2], dtype)) {
                // SAFETY: live handles.
                let z = ok(|out| unsafe { rlx_mlx_op_gather_mm(x.0, y.0, idx.0, out) });
                assert_eq!((dims(&z), support::dtype(&z)), (vec![4, 2], dtype));
                close(&z, &expected, 0.0, 0.0);
            }
        }
    }
}

#[test]
fn gather_mm_general_indexes_both_sides() {
    let (da, db) = ([2, 3, 2, 4], [5, 4, 2]);
    let (a, b) = (numbers(&da, 1), numbers(&db, 2));
    let (left, right) = ([5_usize, 0, 3], [4_usize, 4, 1]);
    let as_f64 = |v: &[usize]| v.iter().map(|&i| i as f64).collect::<Vec<_>>();
    let expected = fill(&[3, 2, 2], |c| {
        (0..4)
            .map(|k| at(&a, &da, &[left[c[0]] / 3, left[c[0]] % 3, c[1], k]) * at(&b, &db, &[right[c[0]], k, c[2]]))
            .sum()
    });
    let natural =
        fill(&[2, 3, 2, 2], |c| (0..4).map(|k| at(&a, &da, &[c[0], c[1], c[2], k]) * at(&b, &db, &[1, k, c[3]])).sum());
    for dtype in FLOATS {
        let (l, r) = (array(&as_f64(&left), &[3], RLX_MLX_DTYPE_U32), array(&as_f64(&right), &[3], RLX_MLX_DTYPE_I64));
        let one = array(&[1.0], &[], RLX_MLX_DTYPE_I32);
        for (x, y) in twins(&a, &da, dtype).iter().zip(&twins(&b, &db, dtype)) {
            // SAFETY: live handles.
            unsafe {
                let z = ok(|out| rlx_mlx_op_gather_mm_general(x.0, y.0, l.0, r.0, 0, out));
                close(&z, &expected, 0.0, 0.0);
                let z = ok(|out| rlx_mlx_op_gather_mm_general(x.0, y.0, null_mut(), one.0, 0, out));
                assert_eq!(dims(&z), [2, 3, 2, 2]);
                close(&z, &natural, 0.0, 0.0);
            }
        }
    }
}

#[test]
fn segmented_mm_cuts_the_inner_axis() {
    let (a, b) = (numbers(&[3, 6], 1), numbers(&[6, 2], 2));
    // The third segment ends before it starts, the last one runs over the end.
    let bounds = [0.0, 2.0, 2.0, 6.0, 5.0, 3.0, 4.0, 99.0];
    let ranges = [0..2, 2..6, 0..0, 4..6];
    let expected = fill(&[4, 3, 2], |c| ranges[c[0]].clone().map(|k| a[c[1] * 6 + k] * b[k * 2 + c[2]]).sum());
    for dtype in FLOATS {
        for index in [RLX_MLX_DTYPE_I32, RLX_MLX_DTYPE_U32, RLX_MLX_DTYPE_I64] {
            let segments = array(&bounds, &[4, 2], index);
            for (x, y) in twins(&a, &[3, 6], dtype).iter().zip(&twins(&b, &[6, 2], dtype)) {
                // SAFETY: live handles.
                let z = ok(|out| unsafe { rlx_mlx_op_segmented_mm(x.0, y.0, segments.0, out) });
                assert_eq!(dims(&z), [4, 3, 2]);
                close(&z, &expected, 0.0, 0.0);
            }
        }
    }
}

#[test]
fn block_masks_switch_blocks_off() {
    let (m, k, n) = (40, 70, 33);
    let (a, b) = (numbers(&[m, k], 1), numbers(&[k, n], 2));
    // Blocks of 32: 2 x 3 of a, 3 x 2 of b, 2 x 2 of the product.
    let (lhs, rhs, product) = ([1.0, 0.0, 1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, 0.0, 0.0, 1.0], [1.0, 1.0, 0.0, 1.0]);
    let expected = fill(&[m, n], |c| {
        let (i, j) = (c[0] / 32, c[1] / 32);
        let term =
            |p: usize| lhs[i * 3 + p / 32] * a[c[0] * k as usize + p] * rhs[p / 32 * 2 + j] * b[p * n as usize + c[1]];
        product[i * 2 + j] * (0..k as usize).map(term).sum::<f64>()
    });
    for dtype in NARROW {
        for mask in [RLX_MLX_DTYPE_BOOL, RLX_MLX_DTYPE_F32] {
            let masks = [array(&product, &[2, 2], mask), array(&lhs, &[2, 3], mask), array(&rhs, &[3, 2], mask)];
            for (x, y) in twins(&a, &[m, k], dtype).iter().zip(&twins(&b, &[k, n], dtype)) {
                // SAFETY: live handles.
                let z = ok(|out| unsafe {
                    rlx_mlx_op_block_masked_mm(x.0, y.0, 32, masks[0].0, masks[1].0, masks[2].0, out)
                });
                // Sums above 256 are rounded once in bf16.
                close(&z, &expected, eps(dtype), 0.0);
            }
        }
    }
    let wide = array(&a, &[m, k], RLX_MLX_DTYPE_F64);
    let none = null_mut();
    // SAFETY: live handles.
    let code = fails(|out| unsafe { rlx_mlx_op_block_masked_mm(wide.0, wide.0, 32, none, none, none, out) });
    assert_eq!(code, RLX_MLX_ERR_BAD_DTYPE);
}
