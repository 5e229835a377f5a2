//! Conversions between every two dtypes.

use super::dtypes::REALS;
use crate::case::{Cases, Operand};
use crate::fill::Fill;
use crate::oracle::unary;
use crate::tensor::is_float;
use rlx_ir::{DType, Op};

pub(super) fn cases(cases: &mut Cases) {
    for from in REALS {
        for to in REALS {
            let name = format!("to-{}", rlx_host_api::DType::from(to));
            let mut add = |dims: &'static [usize], fill| {
                let operand = Operand::new(from, dims, fill);
                cases.add(&name, Op::Cast { to }, vec![operand], (to, dims), move |x| unary::cast(&x[0], to));
            };
            // A float outside the range of an integer has no value there.
            let inside = if is_float(from) && !is_float(to) { Fill::Within(0.0, 120.0) } else { Fill::Spread };
            add(&[3, 7], inside.clone());
            add(&[0], inside);
            if !is_float(from) || is_float(to) || to == DType::Bool {
                add(&[26], Fill::Extremes);
                add(&[10], Fill::Special);
            } else if matches!(to, DType::I8 | DType::I16 | DType::I32 | DType::I64) {
                add(&[6], Fill::These(&[-1.5, 1.5, -0.9, 0.9, -100.0, 2.5]));
            }
        }
    }
}
