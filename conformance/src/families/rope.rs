//! Rotary position embedding.

use super::dtypes::FLOATS;
use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::rope;
use rlx_ir::Op;
use rlx_ir::op::RopeStyle;

pub(super) fn cases(cases: &mut Cases) {
    for dtype in FLOATS {
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
