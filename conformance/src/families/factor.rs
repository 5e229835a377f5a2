//! Factors of matrices, by the laws that they follow.

use super::dtypes::FLOATS;
use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::factor;
use crate::oracle::linalg;
use rlx_ir::Op;
use rlx_ir::op::{QrPart, SvdPart};

pub(super) fn cases(cases: &mut Cases) {
    for dtype in FLOATS {
        for [m, n] in [[1, 1], [3, 3], [5, 2], [2, 5], [4, 1], [1, 4], [9, 6]] {
            let k = m.min(n);
            let a = || vec![Operand::new(dtype, &[m, n], Fill::Spread)];
            for (part, name, dims) in [(QrPart::Q, "q", [m, k]), (QrPart::R, "r", [k, n])] {
                let name = format!("qr/{name}");
                cases.add_with_laws(
                    &name,
                    Op::Qr { part },
                    a(),
                    (dtype, &dims),
                    move |x| factor::of_qr(part, &x[0]),
                    move |x, found| factor::qr_laws(part, &x[0], found),
                );
            }
            for (part, name, dims) in [(SvdPart::U, "u", [m, k]), (SvdPart::Vt, "vt", [k, n])] {
                let name = format!("svd/{name}");
                cases.add_with_laws(
                    &name,
                    Op::Svd { part },
                    a(),
                    (dtype, &dims),
                    move |x| factor::of_svd(&x[0]),
                    move |x, found| factor::svd_laws(part, &x[0], found),
                );
            }
            let part = SvdPart::S;
            cases.add("svd/s", Op::Svd { part }, a(), (dtype, &[k]), |x| factor::singular_values(&x[0]));
        }
        solves(cases, dtype);
    }
}

/// Several systems in one node.
fn solves(cases: &mut Cases, dtype: rlx_ir::DType) {
    for n in [1, 2, 5, 17] {
        for (batch, right) in [(3, vec![]), (2, vec![4]), (1, vec![1]), (0, vec![2])] {
            let dims = [&[batch, n], &right[..]].concat();
            let layouts: &[Layout] = if batch == 2 { &[Layout::Dense, Layout::Transposed] } else { &[Layout::Dense] };
            for &layout in layouts {
                let operands =
                    vec![Operand::new(dtype, &[batch, n, n], Fill::Definite), Operand::new(dtype, &dims, Fill::Spread)];
                cases.add_in(layout, "batcheddensesolve", Op::BatchedDenseSolve, operands, (dtype, &dims), |x| {
                    linalg::solve_each(&x[0], &x[1])
                });
            }
        }
    }
}
