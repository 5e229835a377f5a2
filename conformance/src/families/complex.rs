//! Complex numbers by their parts.

use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::complex;
use rlx_ir::{DType, Op};

pub(super) fn cases(cases: &mut Cases) {
    for dims in [&[][..], &[0, 2], &[1], &[2, 3, 5], &[129]] {
        for fill in [Fill::Spread, Fill::Special, Fill::Within(-1e18, 1e18)] {
            let z = || Operand::new(DType::C64, dims, fill.clone());
            cases.add("conjugate", Op::Conjugate, vec![z()], (DType::C64, dims), |x| complex::conjugate(&x[0]));
            cases.add("normsq", Op::ComplexNormSq, vec![z()], (DType::F32, dims), |x| complex::squared_norm(&x[0]));
            let operands = || vec![z(), Operand::new(DType::F32, dims, Fill::Spread)];
            for layout in [Layout::Dense, Layout::Params] {
                let op = Op::ComplexNormSqBackward;
                cases.add_in(layout, "normsqbackward", op, operands(), (DType::C64, dims), |x| {
                    complex::scaled(&x[0], &x[1])
                });
            }
        }
    }
}
