//! Softmax and cross-entropy against plain loops in f64.

mod support;

use rlx_mlx_shim::*;
use support::*;

#[test]
fn softmax_sums_to_one_along_any_axis() {
    let shape = [2, 3, 4];
    let data = quarters(&shape, 0);
    for dtype in FLOATS {
        for axis in [0_i32, 1, 2, -1] {
            let at_axis = axis.rem_euclid(3) as usize;
            let expected = fill(&shape, |c| {
                let other = |j: usize| {
                    let mut d = c.to_vec();
                    d[at_axis] = j;
                    at(&data, &shape, &d).exp()
                };
                at(&data, &shape, c).exp() / (0..shape[at_axis] as usize).map(other).sum::<f64>()
            });
            for a in twins(&data, &shape, dtype) {
                // SAFETY: live handle.
                let b = ok(|out| unsafe { rlx_mlx_op_softmax(a.0, axis, out) });
                assert_eq!(support::dtype(&b), dtype);
                // One exp, one sum in f32 and one rounding; f64 is computed with f32's exp.
                close(
                    &b,
                    &expected,
                    4.0 * eps(if dtype == RLX_MLX_DTYPE_F64 { RLX_MLX_DTYPE_F32 } else { dtype }),
                    0.0,
                );
            }
        }
    }
    for dtype in [RLX_MLX_DTYPE_I32, RLX_MLX_DTYPE_I64, RLX_MLX_DTYPE_BOOL] {
        for a in twins(&[0.0, 1.0, 1.0, 1.0], &[2, 2], dtype) {
            // SAFETY: live handle.
            let b = ok(|out| unsafe { rlx_mlx_op_softmax(a.0, 0, out) });
            let e = std::f64::consts::E;
            close(&b, &[1.0 / (1.0 + e), 0.5, e / (1.0 + e), 0.5], 1e-6, 0.0);
        }
    }
}

#[test]
fn cross_entropy_clamps_its_targets() {
    let shape = [4, 5];
    let logits = quarters(&shape, 5);
    let (targets, inside) = ([0.0, 4.0, -1.0, 99.0], [0, 4, 4, 4]);
    let expected = fill(&[4], |c| {
        let row = &logits[c[0] * 5..c[0] * 5 + 5];
        row.iter().map(|x| x.exp()).sum::<f64>().ln() - row[inside[c[0]]]
    });
    for dtype in NARROW {
        for index in [RLX_MLX_DTYPE_I32, RLX_MLX_DTYPE_I64] {
            let t = array(&targets, &[4], index);
            for x in twins(&logits, &shape, dtype) {
                // SAFETY: live handles.
                let loss = ok(|out| unsafe { rlx_mlx_op_cross_entropy(x.0, t.0, out) });
                // A logarithm and a difference of numbers up to 3.
                close(&loss, &expected, 4.0 * eps(dtype), 8.0 * eps(dtype));
            }
        }
    }
}
