//! Fake quantization.

use super::dtypes::FLOATS;
use crate::case::{Cases, Operand};
use crate::fill::Fill;
use crate::oracle::quantized;
use rlx_ir::op::{ScaleMode, SteKind};
use rlx_ir::{DType, Op};

/// Of 8 bits and a largest value of 31.75 a step is a quarter; these stay clear of the middle between two.
const QUARTERS: &[f64] = &[31.75, -3.1, 0.1, 7.35, -20.85, 0.0, -31.75, 12.5];

pub(super) fn cases(cases: &mut Cases) {
    for dtype in [DType::F32, DType::F64] {
        for (dims, axis) in [(&[8][..], None), (&[3, 8], Some(0)), (&[2, 8], None), (&[1, 1], None)] {
            let op = Op::FakeQuantize { bits: 8, axis, ste: SteKind::Identity, scale_mode: ScaleMode::PerBatch };
            let operand = Operand::new(dtype, dims, Fill::These(QUARTERS));
            let name = format!("perbatch/8bits{}", axis.map_or_else(String::new, |axis| format!("/axis{axis}")));
            cases.add(&name, op, vec![operand], (dtype, dims), move |x| quantized::fake_quantize(&x[0], None, 8, axis));
        }
    }
    for dtype in FLOATS {
        for (bits, axis, count) in [(8, None, 1), (4, None, 1), (2, Some(1), 3)] {
            let op = Op::FakeQuantize { bits, axis, ste: SteKind::Identity, scale_mode: ScaleMode::Fixed };
            // A quarter again, so that no value of any dtype is near the middle between two steps.
            let values = Fill::These(&[0.0, 0.3125, -0.3125, 0.6875, -5.0625, 40.0, -40.0, 1.1875]);
            let operands = vec![Operand::new(dtype, &[4, 3], values), Operand::new(dtype, &[count], Fill::All(0.25))];
            cases.add(&format!("fixed/{bits}bits"), op, operands, (dtype, &[4, 3]), move |x| {
                quantized::fake_quantize(&x[0], Some(&x[1]), bits, axis)
            });
        }
    }
}
