//! Rotary position embedding against plain loops in f64.

mod support;

use rlx_mlx_shim::*;
use std::ptr::null_mut;
use support::*;

#[test]
fn rope_turns_pairs_by_their_position() {
    let shape = [2, 2, 3, 6];
    let dims = 4_usize;
    let data = quarters(&shape, 4);
    let reference = |traditional: bool, scale: f64, offset: &dyn Fn(usize) -> f64, w: &dyn Fn(usize) -> f64| {
        fill(&shape, |c| {
            let (b, t, d) = (c[0], c[2], c[3]);
            if d >= dims {
                return at(&data, &shape, c);
            }
            let half = dims / 2;
            let (pair, first) = if traditional { (d / 2, d % 2 == 0) } else { (d % half, d < half) };
            let partner = match (traditional, first) {
                (true, true) => d + 1,
                (true, false) => d - 1,
                (false, true) => d + half,
                (false, false) => d - half,
            };
            let angle = scale * (t as f64 + offset(b)) / w(pair);
            let (x, y) = (at(&data, &shape, c), at(&data, &shape, &[c[0], c[1], t, partner]));
            if first { x * angle.cos() - y * angle.sin() } else { x * angle.cos() + y * angle.sin() }
        })
    };
    let power = |i: usize| 100_f64.powf(2.0 * i as f64 / dims as f64);
    let freqs = [2.0, 8.0];
    for dtype in NARROW {
        let f = array(&freqs, &[2], RLX_MLX_DTYPE_F32);
        for x in twins(&data, &shape, dtype) {
            // A rounded sine and cosine at magnitudes up to 2.2; angles are f32 and at most 8.
            let t = 8.0 * eps(dtype);
            for traditional in [false, true] {
                let flag = i32::from(traditional);
                // SAFETY: live handles.
                unsafe {
                    let base = ok(|out| rlx_mlx_op_rope(x.0, 4, flag, 100.0, 0.5, 3, null_mut(), out));
                    close(&base, &reference(traditional, 0.5, &|_| 3.0, &power), t, t);
                    let given = ok(|out| rlx_mlx_op_rope(x.0, 4, flag, 7.0, 1.0, 5, f.0, out));
                    close(&given, &reference(traditional, 1.0, &|_| 5.0, &|i| freqs[i]), t, t);
                    for index in [RLX_MLX_DTYPE_I32, RLX_MLX_DTYPE_I64] {
                        let offsets = array(&[1.0, 4.0], &[2], index);
                        let each =
                            ok(|out| rlx_mlx_op_rope_offsets(x.0, 4, flag, 100.0, 1.0, offsets.0, null_mut(), out));
                        close(&each, &reference(traditional, 1.0, &|b| [1.0, 4.0][b], &power), t, t);
                    }
                }
            }
        }
    }
}
