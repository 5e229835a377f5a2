//! The nearest element along three axes of space.

use super::dtypes::REALS;
use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::shape::moved;
use rlx_ir::Op;

pub(super) fn cases(cases: &mut Cases) {
    for dtype in REALS {
        for (layout, own, size) in [
            (Layout::Dense, [1, 1, 1, 1, 1], [1, 1, 1]),
            (Layout::Dense, [2, 3, 2, 3, 4], [2, 3, 4]),
            (Layout::Dense, [1, 2, 2, 3, 2], [4, 6, 4]),
            (Layout::Dense, [1, 1, 5, 4, 7], [2, 3, 3]),
            (Layout::Dense, [1, 2, 3, 2, 3], [7, 1, 10]),
            (Layout::Dense, [0, 2, 2, 2, 2], [3, 3, 3]),
            (Layout::Transposed, [2, 1, 3, 2, 4], [5, 2, 3]),
            (Layout::Narrowed, [2, 1, 3, 2, 4], [5, 2, 3]),
        ] {
            let dims = [own[0], own[1], size[0], size[1], size[2]];
            let operand = Operand::new(dtype, &own, Fill::Extremes);
            let op = Op::Interpolate3d { size: size.to_vec() };
            let name = format!("interpolate3d/{}x{}x{}", size[0], size[1], size[2]);
            cases.add_in(layout, &name, op, vec![operand], (dtype, &dims), move |x| {
                moved(&x[0], &dims, |index| (0..5).map(|axis| index[axis] * own[axis] / dims[axis]).collect())
            });
        }
    }
}
