//! Pooling.

use super::dtypes::FLOATS;
use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::pool::{Window, pool};
use rlx_ir::Op;
use rlx_ir::op::ReduceOp;

pub(super) fn cases(cases: &mut Cases) {
    for dtype in FLOATS {
        for kind in [ReduceOp::Max, ReduceOp::Min, ReduceOp::Mean, ReduceOp::Sum] {
            for (layout, dims, size, stride, padding, out) in [
                (Layout::Dense, &[2, 3, 6, 6][..], [2, 2], [2, 2], [0, 0], &[2, 3, 3, 3][..]),
                (Layout::Dense, &[1, 2, 5, 7], [3, 2], [2, 1], [0, 0], &[1, 2, 2, 6]),
                (Layout::Dense, &[1, 2, 5, 5], [3, 3], [2, 2], [1, 1], &[1, 2, 3, 3]),
                (Layout::Dense, &[1, 1, 1, 1], [1, 1], [1, 1], [0, 0], &[1, 1, 1, 1]),
                (Layout::Dense, &[0, 2, 4, 4], [2, 2], [2, 2], [0, 0], &[0, 2, 2, 2]),
                (Layout::Narrowed, &[1, 2, 4, 4], [2, 2], [2, 2], [0, 0], &[1, 2, 2, 2]),
            ] {
                // What a mean divides by at the edges is said nowhere.
                if kind == ReduceOp::Mean && padding != [0, 0] {
                    continue;
                }
                let window = Window { size: size.to_vec(), stride: stride.to_vec(), padding: padding.to_vec() };
                let op =
                    Op::Pool { kind, kernel_size: size.to_vec(), stride: stride.to_vec(), padding: padding.to_vec() };
                let name = format!("{}/{}x{}", format!("{kind:?}").to_lowercase(), size[0], size[1]);
                let operand = Operand::new(dtype, dims, Fill::Spread);
                cases.add_in(layout, &name, op, vec![operand], (dtype, out), move |x| pool(kind, &x[0], &window, out));
            }
        }
    }
}
