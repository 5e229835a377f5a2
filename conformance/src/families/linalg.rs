//! Factorisations, solves and determinants of matrices that are far from singular.

use crate::case::{Cases, Operand};
use crate::fill::Fill;
use crate::oracle::linalg;
use rlx_ir::{DType, Op};

pub(super) fn cases(cases: &mut Cases) {
    for dtype in [DType::F64, DType::F32] {
        for n in [1, 2, 5, 17] {
            let a = || Operand::new(dtype, &[n, n], Fill::Definite);
            cases.add("cholesky", Op::Cholesky, vec![a()], (dtype, &[n, n]), |x| linalg::cholesky(&x[0]));
            cases.add("det", Op::Det, vec![a()], (dtype, &[]), |x| linalg::determinant(&x[0], false));
            cases.add("logdet", Op::LogDet, vec![a()], (dtype, &[]), |x| linalg::determinant(&x[0], true));
            for b in [vec![n], vec![n, 3]] {
                let operands = || vec![a(), Operand::new(dtype, &b, Fill::Spread)];
                cases.add("densesolve", Op::DenseSolve, operands(), (dtype, &b), |x| {
                    linalg::solve(&x[0], &x[1], |i, j| Some((i, j)))
                });
                for (lower, transpose) in [(true, false), (true, true), (false, false), (false, true)] {
                    let (side, turn) =
                        (if lower { "lower" } else { "upper" }, if transpose { "transposed" } else { "plain" });
                    let op = Op::TriangularSolve { lower, transpose };
                    cases.add(&format!("triangularsolve/{side}/{turn}"), op, operands(), (dtype, &b), move |x| {
                        linalg::solve(&x[0], &x[1], |i, j| {
                            let (i, j) = if transpose { (j, i) } else { (i, j) };
                            (if lower { j <= i } else { j >= i }).then_some((i, j))
                        })
                    });
                }
            }
        }
    }
}
