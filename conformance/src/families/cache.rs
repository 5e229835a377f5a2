//! Rows written behind others, and at a place that is known when the program runs.

use super::dtypes::REALS;
use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::scatter;
use rlx_ir::{DType, Op};

pub(super) fn cases(cases: &mut Cases) {
    for dtype in REALS {
        for (layout, cache, axis, pos) in [
            (Layout::Dense, &[4][..], 0, 0),
            (Layout::Dense, &[4], 0, 3),
            (Layout::Dense, &[2, 5, 3], 1, 2),
            (Layout::Dense, &[3, 4], 1, 1),
            (Layout::Dense, &[2, 0, 5, 3], 2, 3),
            (Layout::Transposed, &[2, 5, 3], 1, 4),
        ] {
            let with = |extent| {
                let mut dims = cache.to_vec();
                dims[axis] = extent;
                dims
            };
            let dims = with(pos + 1);
            let operands =
                vec![Operand::new(dtype, cache, Fill::Extremes), Operand::new(dtype, &with(1), Fill::Spread)];
            let name = format!("kvappend/axis{axis}at{pos}");
            let out = dims.clone();
            cases.add_in(layout, &name, Op::KvAppend { axis, pos }, operands, (dtype, &dims), move |x| {
                scatter::append(&x[0], &x[1], axis, &out)
            });
        }
        for at in [DType::F32, DType::I32, DType::I64] {
            for (layout, dims, update, axis) in [
                (Layout::Dense, &[5][..], &[2][..], 0),
                (Layout::Dense, &[2, 6, 3], &[2, 1, 3], 1),
                (Layout::Dense, &[3, 4], &[3, 4], 1),
                (Layout::Dense, &[0, 4], &[0, 2], 1),
                (Layout::Transposed, &[4, 6], &[1, 6], 0),
            ] {
                // The last starts are behind the end, as far as the dtype goes that all have.
                for start in [&[0][..], &[1], &[3], &[1000], &[16_777_216]] {
                    let operands = vec![
                        Operand::new(dtype, dims, Fill::Extremes),
                        Operand::new(dtype, update, Fill::Spread),
                        Operand::new(at, &[1], Fill::Wholes(start)),
                    ];
                    let op = Op::DynamicUpdateSlice { axis };
                    let name = format!("dynamicupdateslice/axis{axis}at{}", start[0]);
                    cases.add_in(layout, &name, op, operands, (dtype, dims), move |x| {
                        scatter::update_at(&x[0], &x[1], &x[2], axis)
                    });
                }
            }
        }
    }
}
