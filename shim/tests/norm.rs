//! Layer norm and RMS norm against plain loops in f64.

mod support;

use rlx_mlx_shim::*;
use std::ptr::null_mut;
use support::*;

#[test]
fn norms_normalise_the_last_axis() {
    let shape = [3, 8];
    let (data, gamma, beta) = (quarters(&shape, 1), quarters(&[8], 2), quarters(&[8], 3));
    let eps_value = 0.125;
    for dtype in FLOATS {
        let (g, b) = (array(&gamma, &[8], dtype), array(&beta, &[8], dtype));
        let row = |r: usize| &data[r * 8..r * 8 + 8];
        let mean = |r: usize| row(r).iter().sum::<f64>() / 8.0;
        let variance = |r: usize| row(r).iter().map(|x| (x - mean(r)).powi(2)).sum::<f64>() / 8.0;
        let square = |r: usize| row(r).iter().map(|x| x * x).sum::<f64>() / 8.0;
        let layer = fill(&shape, |c| {
            (row(c[0])[c[1]] - mean(c[0])) / (variance(c[0]) + eps_value).sqrt() * gamma[c[1]] + beta[c[1]]
        });
        let rms = fill(&shape, |c| row(c[0])[c[1]] / (square(c[0]) + eps_value).sqrt() * gamma[c[1]]);
        let bare = fill(&shape, |c| (row(c[0])[c[1]] - mean(c[0])) / (variance(c[0]) + eps_value).sqrt());
        for x in twins(&data, &shape, dtype) {
            // A few roundings at magnitudes up to 3.
            let t = 8.0 * eps(if dtype == RLX_MLX_DTYPE_F64 { RLX_MLX_DTYPE_F32 } else { dtype });
            let e = eps_value as f32;
            // SAFETY: live handles.
            unsafe {
                close(&ok(|out| rlx_mlx_op_layernorm(x.0, g.0, b.0, e, out)), &layer, t, t);
                close(&ok(|out| rlx_mlx_op_layernorm(x.0, null_mut(), null_mut(), e, out)), &bare, t, t);
                close(&ok(|out| rlx_mlx_op_rmsnorm(x.0, g.0, e, out)), &rms, t, t);
            }
        }
    }
}
