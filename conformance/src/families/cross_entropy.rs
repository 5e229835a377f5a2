//! Losses of rows of logits.

use super::dtypes::FLOATS;
use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::cross_entropy;
use rlx_ir::{DType, Op};

pub(super) fn cases(cases: &mut Cases) {
    for dtype in FLOATS {
        for (rows, classes) in [(1, 1), (3, 5), (2, 1027), (0, 4), (17, 2)] {
            let dims = [rows, classes];
            for layout in [Layout::Dense, Layout::Narrowed] {
                for fill in [Fill::Spread, Fill::Within(-80.0, 80.0), Fill::All(1000.0)] {
                    let logits = || Operand::new(dtype, &dims, fill.clone());
                    for (name, targets) in
                        [("soft", Fill::Within(0.0, 0.5)), ("hot", Fill::These(&[1.0, 0.0])), ("signed", Fill::Spread)]
                    {
                        let operands = vec![logits(), Operand::new(dtype, &dims, targets)];
                        let result = (dtype, &[rows][..]);
                        cases.add_in(
                            layout,
                            &format!("dense/{name}"),
                            Op::SoftmaxCrossEntropy,
                            operands,
                            result,
                            |x| cross_entropy::dense(&x[0], &x[1]),
                        );
                    }
                    for labels in [DType::F32, DType::I32, DType::I64] {
                        let label = Operand::new(labels, &[rows], labels_of(classes));
                        let (op, result) = (Op::SoftmaxCrossEntropyWithLogits, (dtype, &[rows][..]));
                        cases.add_in(layout, "labels", op, vec![logits(), label], result, |x| {
                            cross_entropy::labelled(&x[0], &x[1])
                        });
                    }
                }
            }
        }
    }
}

/// Some of the classes' numbers, the last among them where there are few.
fn labels_of(classes: usize) -> Fill {
    Fill::Wholes(match classes {
        1 => &[0],
        2 => &[1, 0, 1],
        _ => &[3, 0, 2],
    })
}
