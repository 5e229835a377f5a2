//! Running sums, products and maxima.

use super::dtypes::{FLOATS, INTEGERS};
use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::scan::{Running, running};
use rlx_ir::Op;

pub(super) fn cases(cases: &mut Cases) {
    for what in [Running::Sum, Running::Product, Running::Max] {
        for exclusive in [false, true] {
            let mut add = |layout, dtype, dims: &[usize], axis: i32, fill| {
                let (name, op) = match what {
                    Running::Sum => ("cumsum", Op::Cumsum { axis, exclusive }),
                    Running::Product => ("cumprod", Op::CumProd { axis, exclusive }),
                    Running::Max => ("cummax", Op::CumMax { axis, exclusive }),
                };
                let name = format!("{name}/axis{axis}{}", if exclusive { "exclusive" } else { "" });
                let at = if axis < 0 { dims.len() - 1 } else { axis as usize };
                cases.add_in(layout, &name, op, vec![Operand::new(dtype, dims, fill)], (dtype, dims), move |x| {
                    running(what, &x[0], at, exclusive)
                });
            };
            for dtype in FLOATS {
                for (layout, dims, axis, fill) in [
                    (Layout::Dense, &[1][..], 0, Fill::Spread),
                    (Layout::Dense, &[0], 0, Fill::Spread),
                    (Layout::Dense, &[17], -1, Fill::Spread),
                    (Layout::Dense, &[3, 7], 0, Fill::Spread),
                    (Layout::Dense, &[2, 3, 5], 1, Fill::Spread),
                    (Layout::Transposed, &[4, 5], -1, Fill::Spread),
                    (Layout::Narrowed, &[4, 5], -1, Fill::Spread),
                    (Layout::Dense, &[2, 10], -1, Fill::Special),
                ] {
                    add(layout, dtype, dims, axis, fill);
                }
                if what == Running::Sum {
                    // As halves it would stop at 2048 or 256.
                    add(Layout::Dense, dtype, &[2500], 0, Fill::All(1.0));
                }
            }
            for dtype in INTEGERS {
                add(Layout::Dense, dtype, &[2, 6], -1, Fill::Spread);
                add(Layout::Dense, dtype, &[12], 0, Fill::Extremes);
            }
        }
    }
}
