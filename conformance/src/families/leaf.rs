//! Inputs, parameters and constants, which are what they are given.

use super::dtypes::REALS;
use crate::case::{Cases, Layout, Operand};
use crate::compare::Expected;
use crate::fill::Fill;
use rlx_ir::{DType, Op};

pub(super) fn cases(cases: &mut Cases) {
    for dtype in REALS.into_iter().chain([DType::C64]) {
        for dims in [&[][..], &[0, 3], &[1], &[2, 3, 5], &[257]] {
            for fill in [Fill::Special, Fill::Extremes] {
                cases.add_leaf(Layout::Dense, "input", Operand::new(dtype, dims, fill.clone()));
                cases.add_leaf(Layout::Params, "param", Operand::new(dtype, dims, fill.clone()));
                let value = fill.tensor(dtype, dims, 3);
                let name = format!("constant/{}", fill.name());
                cases.add(&name, Op::Constant { data: value.bytes() }, vec![], (dtype, dims), move |_| {
                    Expected::exact(value.clone())
                });
            }
        }
    }
}
