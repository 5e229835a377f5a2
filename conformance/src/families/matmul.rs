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
        grouped(cases, dtype);
        lora(cases, dtype);
    }
    let long =
        [Operand::new(DType::F16, &[1, 5000], Fill::All(1.0)), Operand::new(DType::F16, &[5000, 1], Fill::All(1.0))];
    cases.add("matmul", Op::MatMul, long.to_vec(), (DType::F16, &[1, 1]), |x| matmul::matmul(&x[0], &x[1], &[1, 1]));
}

/// Rows that are multiplied with a matrix of their own choice.
fn grouped(cases: &mut Cases, dtype: DType) {
    for at in [DType::F32, DType::I32, DType::I64] {
        for (layout, [m, k, n, experts]) in [
            (Layout::Dense, [1, 1, 1, 1]),
            (Layout::Dense, [7, 3, 4, 3]),
            (Layout::Dense, [9, 65, 5, 4]),
            (Layout::Dense, [0, 3, 4, 2]),
            (Layout::Dense, [4, 0, 3, 2]),
            (Layout::Transposed, [7, 3, 4, 3]),
            (Layout::Params, [7, 3, 4, 3]),
        ] {
            let chosen: &[i128] = if experts == 1 { &[0] } else { &[1, 0, 1, 1] };
            let operands = vec![
                Operand::new(dtype, &[m, k], Fill::Spread),
                Operand::new(dtype, &[experts, k, n], Fill::Spread),
                Operand::new(at, &[m], Fill::Wholes(if experts > 2 { &[2, 0, 2, 1, 0] } else { chosen })),
            ];
            cases.add_in(layout, "grouped", Op::GroupedMatMul, operands, (dtype, &[m, n]), matmul::grouped);
        }
    }
}

/// A product and a narrow one beside it.
fn lora(cases: &mut Cases, dtype: DType) {
    for scale in [1.0, 0.125, -3.0] {
        for (layout, [m, k, n, r]) in [
            (Layout::Dense, [1, 1, 1, 1]),
            (Layout::Dense, [5, 7, 6, 2]),
            (Layout::Dense, [3, 65, 9, 4]),
            (Layout::Dense, [0, 3, 4, 2]),
            (Layout::Transposed, [5, 7, 6, 2]),
            (Layout::Params, [5, 7, 6, 2]),
        ] {
            let operands =
                [[m, k], [k, n], [k, r], [r, n]].map(|dims| Operand::new(dtype, &dims, Fill::Spread)).to_vec();
            let name = format!("lora/{scale}");
            cases.add_in(layout, &name, Op::LoraMatMul { scale }, operands, (dtype, &[m, n]), move |x| {
                matmul::lora(x, scale)
            });
        }
    }
}
