//! Products of matrices.

use super::dtypes::FLOATS;
use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::matmul;
use rlx_ir::{DType, Op};

type Contraction = (&'static [usize], &'static [usize], [&'static [usize]; 4], &'static [usize]);

const SHAPES: [(&[usize], &[usize], &[usize]); 9] = [
    (&[1, 1], &[1, 1], &[1, 1]),
    (&[2, 3], &[3, 4], &[2, 4]),
    (&[5, 0], &[0, 4], &[5, 4]),
    (&[0, 3], &[3, 4], &[0, 4]),
    (&[1, 257], &[257, 1], &[1, 1]),
    (&[33, 65], &[65, 17], &[33, 17]),
    (&[2, 3, 5], &[2, 5, 4], &[2, 3, 4]),
    (&[2, 1, 3, 5], &[4, 5, 2], &[2, 4, 3, 2]),
    (&[3, 2, 4], &[4, 5], &[3, 2, 5]),
];

/// Shapes, contracting and batch axes of both sides, and the result.
const CONTRACTIONS: [Contraction; 5] = [
    (&[2, 3], &[3, 4], [&[1], &[0], &[], &[]], &[2, 4]),
    (&[2, 3, 5], &[4, 5, 2], [&[2], &[1], &[0], &[2]], &[2, 3, 4]),
    (&[3, 4, 5], &[5, 4, 2], [&[1, 2], &[1, 0], &[], &[]], &[3, 2]),
    (&[3], &[4], [&[], &[], &[], &[]], &[3, 4]),
    (&[2, 0], &[0, 3], [&[1], &[0], &[], &[]], &[2, 3]),
];

pub(super) fn cases(cases: &mut Cases) {
    for dtype in FLOATS {
        let mut add = |layout, (a, b, dims): (&[usize], &[usize], &'static [usize]), fill: Fill| {
            let operands = vec![Operand::new(dtype, a, fill.clone()), Operand::new(dtype, b, fill)];
            cases.add_in(layout, "matmul", Op::MatMul, operands, (dtype, dims), move |x| {
                matmul::matmul(&x[0], &x[1], dims)
            });
        };
        for shapes in SHAPES {
            add(Layout::Dense, shapes, Fill::Spread);
        }
        for layout in [Layout::Transposed, Layout::Narrowed] {
            add(layout, (&[2, 3, 5], &[2, 5, 4], &[2, 3, 4]), Fill::Spread);
        }
        add(Layout::Dense, (&[3, 5], &[5, 3], &[3, 3]), Fill::Special);
        // The sum exceeds the range of f16 though no product does, and cancels.
        add(Layout::Dense, (&[3, 64], &[64, 3], &[3, 3]), Fill::Within(-200.0, 200.0));
        for (a, b, [left, right, left_batch, right_batch], dims) in CONTRACTIONS {
            let op = Op::DotGeneral {
                lhs_contracting: left.to_vec(),
                rhs_contracting: right.to_vec(),
                lhs_batch: left_batch.to_vec(),
                rhs_batch: right_batch.to_vec(),
            };
            let operands = vec![Operand::new(dtype, a, Fill::Spread), Operand::new(dtype, b, Fill::Spread)];
            cases.add("dotgeneral", op, operands, (dtype, dims), move |x| {
                matmul::dot_general(&x[0], &x[1], (left, right), (left_batch, right_batch), dims)
            });
        }
    }
    let long =
        [Operand::new(DType::F16, &[1, 5000], Fill::All(1.0)), Operand::new(DType::F16, &[5000, 1], Fill::All(1.0))];
    cases.add("matmul", Op::MatMul, long.to_vec(), (DType::F16, &[1, 1]), |x| matmul::matmul(&x[0], &x[1], &[1, 1]));
}
