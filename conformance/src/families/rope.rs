//! Rotary position embedding.

use super::dtypes::FLOATS;
use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::rope;
use rlx_ir::op::RopeStyle;
use rlx_ir::{DType, Op};

pub(super) fn cases(cases: &mut Cases) {
    for dtype in FLOATS {
        axial(cases, dtype);
        for style in [RopeStyle::NeoX, RopeStyle::GptJ] {
            for (layout, dims, head_dim, n_rot) in [
                (Layout::Dense, &[1, 1, 2][..], 2, 2),
                (Layout::Dense, &[5, 8], 8, 8),
                (Layout::Dense, &[2, 5, 24], 8, 8),
                (Layout::Dense, &[2, 5, 24], 8, 4),
                (Layout::Dense, &[2, 3, 5, 8], 8, 6),
                (Layout::Narrowed, &[2, 5, 8], 8, 8),
                (Layout::Transposed, &[2, 5, 8], 8, 8),
            ] {
                let seq = dims[dims.len() - 2];
                let table = || Operand::new(dtype, &[seq, n_rot / 2], Fill::Within(-1.0, 1.0));
                let operands = vec![Operand::new(dtype, dims, Fill::Spread), table(), table()];
                let name = format!("{}/{n_rot}of{head_dim}", format!("{style:?}").to_lowercase());
                cases.add_in(layout, &name, Op::Rope { head_dim, n_rot, style }, operands, (dtype, dims), move |x| {
                    rope::rope(&x[0], &x[1], &x[2], head_dim, n_rot, style)
                });
            }
        }
    }
}

/// Tokens that are cells of a grid.
fn axial(cases: &mut Cases, dtype: DType) {
    for (layout, batch, [columns, rows, repeat], [head_dim, heads], theta) in [
        (Layout::Dense, 1, [1, 1, 1], [4, 1], 1e4),
        (Layout::Dense, 2, [3, 2, 1], [8, 2], 1e4),
        (Layout::Dense, 1, [2, 4, 3], [12, 1], 100.0),
        (Layout::Dense, 1, [5, 5, 1], [4, 3], 1e4),
        (Layout::Dense, 0, [2, 2, 1], [4, 1], 1e4),
        (Layout::Transposed, 2, [3, 2, 2], [8, 2], 1e4),
        (Layout::Narrowed, 2, [3, 2, 2], [8, 2], 1e4),
    ] {
        let dims = [batch, columns * rows * repeat, head_dim * heads];
        let op =
            Op::AxialRope2d { end_x: columns, end_y: rows, head_dim, num_heads: heads, theta, repeat_factor: repeat };
        let name = format!("axial/{columns}x{rows}x{repeat}/{heads}of{head_dim}/theta{theta}");
        let operand = Operand::new(dtype, &dims, Fill::Spread);
        cases.add_in(layout, &name, op, vec![operand], (dtype, &dims), move |x| {
            rope::axial(&x[0], [columns, repeat], head_dim, theta)
        });
    }
}
