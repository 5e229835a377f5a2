//! Elements written by index.

use super::dtypes::{FLOATS, INTEGERS};
use crate::case::{Cases, Operand};
use crate::fill::Fill;
use crate::oracle::scatter;
use rlx_ir::op::ScatterNdReduction::{self, *};
use rlx_ir::{DType, Op};

const WAYS: [ScatterNdReduction; 5] = [None, Add, Mul, Max, Min];

pub(super) fn cases(cases: &mut Cases) {
    for dtype in FLOATS.into_iter().chain(INTEGERS) {
        for at in [DType::F32, DType::I32, DType::I64] {
            for how in WAYS {
                written(cases, dtype, at, how);
            }
            for (updates, axis, dims) in [(&[4, 3][..], 0, &[5, 3][..]), (&[2, 4], 1, &[2, 3]), (&[0, 3], 0, &[2, 3])] {
                let operands = vec![
                    Operand::new(dtype, updates, Fill::Spread),
                    Operand::new(at, &[updates[axis]], Fill::Wholes(&[2, 0, 2, 1])),
                ];
                cases.add(
                    &format!("scatteradd/axis{axis}"),
                    Op::ScatterAdd { axis },
                    operands,
                    (dtype, dims),
                    move |x| scatter::scatter_add(&x[0], &x[1], axis, dims),
                );
            }
        }
    }
}

fn written(cases: &mut Cases, dtype: DType, at: DType, how: ScatterNdReduction) {
    let way = format!("{how:?}").to_lowercase();
    // Each place once where the last write would win, which is nobody's promise.
    let rows = || if how == None { Fill::Wholes(&[2, 0, 3, 1]) } else { Fill::Wholes(&[2, 0, 2, 1]) };
    for (data, indices, updates) in
        [(&[5, 3][..], &[4, 1][..], &[4, 3][..]), (&[5], &[3, 1], &[3]), (&[5, 3], &[0, 1], &[0, 3])]
    {
        let operands = vec![
            Operand::new(dtype, data, Fill::Spread),
            Operand::new(at, indices, rows()),
            Operand::new(dtype, updates, Fill::Spread),
        ];
        let op = Op::ScatterNd { reduction: how };
        cases.add(&format!("scatternd/{way}"), op, operands, (dtype, data), move |x| {
            scatter::scatter_nd(&x[0], &x[1], &x[2], how)
        });
    }
    for (data, updates, axis) in [(&[2, 5][..], &[2, 4][..], 1), (&[5], &[4], -1), (&[5, 2], &[0, 2], 0)] {
        let operands = vec![
            Operand::new(dtype, data, Fill::Spread),
            Operand::new(at, updates, rows()),
            Operand::new(dtype, updates, Fill::Spread),
        ];
        let along = if axis < 0 { data.len() - 1 } else { axis as usize };
        let op = Op::ScatterElements { axis, reduction: how };
        cases.add(&format!("scatterelements/{way}/axis{axis}"), op, operands, (dtype, data), move |x| {
            scatter::scatter_elements(&x[0], &x[1], &x[2], along, how)
        });
    }
}
