//! Orders of the elements along an axis.

use super::dtypes::{FLOATS, INTEGERS};
use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::sort;
use rlx_ir::{DType, Op};

pub(super) fn cases(cases: &mut Cases) {
    const TIES: &[f64] = &[2.0, 1.0, 2.0, 0.0, 1.0, 2.0];
    for dtype in FLOATS.into_iter().chain(INTEGERS) {
        for descending in [false, true] {
            let order = if descending { "descending" } else { "ascending" };
            for (layout, dims, axis, fill) in [
                (Layout::Dense, &[1][..], 0, Fill::Distinct),
                (Layout::Dense, &[0], 0, Fill::Distinct),
                (Layout::Dense, &[3, 7], 1, Fill::Distinct),
                (Layout::Dense, &[7, 3], 0, Fill::These(TIES)),
                (Layout::Transposed, &[4, 5], 1, Fill::Distinct),
                (Layout::Dense, &[61], 0, Fill::Extremes),
            ] {
                let operand = || vec![Operand::new(dtype, dims, fill.clone())];
                let name = format!("sort/axis{axis}/{order}");
                cases.add_in(layout, &name, Op::Sort { axis, descending }, operand(), (dtype, dims), move |x| {
                    sort::sort(&x[0], axis, descending)
                });
                for to in [DType::F32, DType::I64] {
                    let name = format!("argsort/axis{axis}/{order}/to-{}", rlx_host_api::DType::from(to));
                    cases.add_in(layout, &name, Op::ArgSort { axis, descending }, operand(), (to, dims), move |x| {
                        sort::arg_sort(&x[0], axis, descending, (to, dims))
                    });
                }
            }
        }
        for (dims, k, fill) in [
            (&[9][..], 3, Fill::Distinct),
            (&[9], 9, Fill::Distinct),
            (&[4, 7], 1, Fill::Distinct),
            (&[3, 6], 4, Fill::These(TIES)),
            (&[0, 6], 2, Fill::Distinct),
        ] {
            let mut out = dims.to_vec();
            let last = out.len() - 1;
            out[last] = k;
            for to in [DType::F32, DType::I64] {
                let name = format!("topk/{k}/to-{}", rlx_host_api::DType::from(to));
                let (operand, shape) = (Operand::new(dtype, dims, fill.clone()), out.clone());
                cases.add(&name, Op::TopK { k }, vec![operand], (to, &out), move |x| {
                    sort::arg_sort(&x[0], last, true, (to, &shape))
                });
            }
        }
    }
    for dtype in FLOATS {
        let operand = Operand::new(dtype, &[11], Fill::Special);
        cases.add(
            "sort/axis0/ascending",
            Op::Sort { axis: 0, descending: false },
            vec![operand],
            (dtype, &[11]),
            |x| sort::sort(&x[0], 0, false),
        );
    }
}
