//! The second operand of a product in panels.

use pulp::{Arch, Simd, WithSimd};

/// Columns of a panel: two vectors of this processor.
pub fn panel_width() -> usize {
    struct Width;
    impl WithSimd for Width {
        type Output = usize;

        fn with_simd<S: Simd>(self, _: S) -> usize {
            2 * S::F32_LANES
        }
    }
    Arch::new().dispatch(Width)
}

/// How many elements a packed matrix `[k, n]` has on this processor.
pub fn packed_len(k: usize, n: usize) -> usize {
    let width = panel_width();
    n.div_ceil(width) * width * k
}

/// Packs w[k, n], whose rows and columns are `strides` elements apart: panels of [`panel_width`] columns, the last filled up
/// with zeros, each with its rows one behind the other.
///
/// # Panics
/// If a slice is too short for the extents.
pub fn pack([k, n]: [usize; 2], w: &[f32], strides: [usize; 2], to: &mut [f32]) {
    let width = panel_width();
    let [down, across] = strides;
    if k == 0 || n == 0 {
        return;
    }
    for (panel, first) in to[..packed_len(k, n)].chunks_exact_mut(k * width).zip((0..n).step_by(width)) {
        let columns = width.min(n - first);
        if across == 1 {
            for (p, row) in panel.chunks_exact_mut(width).enumerate() {
                let from = p * down + first;
                row[..columns].copy_from_slice(&w[from..from + columns]);
                row[columns..].fill(0.0);
            }
        } else {
            transpose(panel, width, k, columns, &w[first * across..], strides);
        }
    }
}

/// The inverse of [`pack`]: w[k, n], dense.
///
/// # Panics
/// If a slice is too short for the extents.
pub fn unpack([k, n]: [usize; 2], packed: &[f32], w: &mut [f32]) {
    let width = panel_width();
    if k == 0 || n == 0 {
        return;
    }
    for (panel, first) in packed[..packed_len(k, n)].chunks_exact(k * width).zip((0..n).step_by(width)) {
        let columns = width.min(n - first);
        for (p, row) in panel.chunks_exact(width).enumerate() {
            let to = p * n + first;
            w[to..to + columns].copy_from_slice(&row[..columns]);
        }
    }
}

/// Elements of a column that are read in one go: a line of the cache.
const LINE: usize = 16;

/// A panel of columns whose elements lie side by side, as of a transposed matrix.
fn transpose(panel: &mut [f32], width: usize, k: usize, columns: usize, w: &[f32], [down, across]: [usize; 2]) {
    for start in (0..k).step_by(LINE) {
        let rows = start..(start + LINE).min(k);
        for column in 0..columns {
            for p in rows.clone() {
                panel[p * width + column] = w[p * down + column * across];
            }
        }
        for p in rows {
            panel[p * width + columns..(p + 1) * width].fill(0.0);
        }
    }
}
