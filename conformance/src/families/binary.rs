//! Binary ops, comparisons, and the choice between two values.

use super::dtypes::{FLOATS, INTEGERS, REALS};
use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::binary;
use rlx_ir::op::BinaryOp::{self, *};
use rlx_ir::op::CmpOp;
use rlx_ir::{DType, Op};

const ARITHMETIC: [BinaryOp; 9] = [Add, Sub, Mul, Div, Max, Min, Pow, Mod, Atan2];
const COMPARISONS: [CmpOp; 6] = [CmpOp::Eq, CmpOp::Ne, CmpOp::Lt, CmpOp::Le, CmpOp::Gt, CmpOp::Ge];

/// Meets the special values of the other operand in every pairing.
const SPECIAL: &[f64] = &[1.0, f64::INFINITY, -2.0, f64::NAN, 0.0, f64::NEG_INFINITY, -0.0, 0.5, 3.0, -1.0, 2.0];

/// Two shapes and what they broadcast to.
const SHAPES: [(&[usize], &[usize], &[usize]); 7] = [
    (&[], &[], &[]),
    (&[1], &[1], &[1]),
    (&[2, 3, 5], &[2, 3, 5], &[2, 3, 5]),
    (&[3, 1], &[1, 4], &[3, 4]),
    (&[2, 3, 4], &[4], &[2, 3, 4]),
    (&[], &[5], &[5]),
    (&[0, 3], &[1, 3], &[0, 3]),
];

pub(super) fn cases(cases: &mut Cases) {
    floats(cases);
    integers(cases);
    for op in COMPARISONS {
        for dtype in REALS {
            let name = format!("{op:?}").to_lowercase();
            let mut add = |layout, (a, b, dims): (&[usize], &[usize], &'static [usize]), first, second| {
                let operands = vec![Operand::new(dtype, a, first), Operand::new(dtype, b, second)];
                cases.add_in(layout, &name, Op::Compare(op), operands, (DType::Bool, dims), move |x| {
                    binary::compare(op, &x[0], &x[1], dims)
                });
            };
            add(Layout::Dense, (&[30], &[30], &[30]), Fill::Special, Fill::These(SPECIAL));
            add(Layout::Dense, (&[3, 1], &[1, 4], &[3, 4]), Fill::Within(0.0, 3.0), Fill::Within(0.0, 3.0));
            add(Layout::Transposed, (&[3, 4], &[3, 4], &[3, 4]), Fill::Within(0.0, 2.0), Fill::Within(0.0, 2.0));
            if dtype == DType::I64 {
                let (near, nearer) = (&[1 << 53, (1 << 53) + 1, -(1 << 62)], &[(1 << 53) + 1]);
                add(Layout::Dense, (&[3], &[3], &[3]), Fill::Wholes(near), Fill::Wholes(nearer));
            }
        }
    }
    selections(cases);
}

fn floats(cases: &mut Cases) {
    for op in ARITHMETIC {
        for dtype in FLOATS {
            let name = format!("{op:?}").to_lowercase();
            let mut add = |layout, (a, b, dims): (&[usize], &[usize], &'static [usize]), first, second| {
                let operands = vec![Operand::new(dtype, a, first), Operand::new(dtype, b, second)];
                cases.add_in(layout, &name, Op::Binary(op), operands, (dtype, dims), move |x| {
                    binary::binary(op, &x[0], &x[1], dims)
                });
            };
            // A power of a negative number is NaN more often than not.
            let base = || if op == Pow { Fill::Within(0.1, 4.0) } else { Fill::Spread };
            for shapes in SHAPES {
                add(Layout::Dense, shapes, base(), Fill::Spread);
            }
            for layout in [Layout::Transposed, Layout::Narrowed] {
                add(layout, (&[3, 5], &[3, 5], &[3, 5]), base(), Fill::Spread);
            }
            add(Layout::Dense, (&[1027], &[1027], &[1027]), base(), Fill::Within(-7.0, 7.0));
            add(Layout::Dense, (&[110], &[110], &[110]), Fill::Special, Fill::These(SPECIAL));
            add(Layout::Dense, (&[143], &[143], &[143]), Fill::Extremes, Fill::These(SPECIAL));
        }
    }
    // Floats carry whole numbers, too.
    for (op, second) in [(BitAnd, 255.0), (BitOr, 255.0), (BitXor, 255.0), (Shl, 4.0), (Shr, 4.0)] {
        for (dtype, first) in
            [(DType::F32, Fill::Within(0.0, 200.0)), (DType::F32, Fill::These(&[3e9, 2147483648.0, 5.0]))]
        {
            if matches!(op, Shl | Shr) && first != Fill::Within(0.0, 200.0) {
                continue;
            }
            let operands = vec![Operand::new(dtype, &[9], whole(first)), Operand::new(dtype, &[9], Fill::All(second))];
            let name = format!("{op:?}").to_lowercase();
            cases.add(&name, Op::Binary(op), operands, (dtype, &[9]), move |x| binary::binary(op, &x[0], &x[1], &[9]));
        }
    }
}

/// Whole numbers in floats.
fn whole(fill: Fill) -> Fill {
    if matches!(fill, Fill::Within(..)) { Fill::These(&[0.0, 1.0, 7.0, 64.0, 85.0, 170.0, 199.0]) } else { fill }
}

fn integers(cases: &mut Cases) {
    let ops = [Add, Sub, Mul, Div, Max, Min, Pow, Mod, BitAnd, BitOr, BitXor, Shl, Shr];
    for op in ops {
        for dtype in INTEGERS {
            let name = format!("{op:?}").to_lowercase();
            let second = match op {
                Div | Mod => Fill::Wholes(&[3, 1, 7, 2, 100]),
                Pow => Fill::Within(0.0, 3.0),
                Shl | Shr => Fill::Within(0.0, 7.0),
                _ => Fill::Spread,
            };
            let mut add = |first, second: &Fill| {
                let operands = vec![Operand::new(dtype, &[5, 6], first), Operand::new(dtype, &[5, 6], second.clone())];
                cases.add(&name, Op::Binary(op), operands, (dtype, &[5, 6]), move |x| {
                    binary::binary(op, &x[0], &x[1], &[5, 6])
                });
            };
            add(Fill::Spread, &second);
            add(Fill::Extremes, &second);
            let signed = !matches!(dtype, DType::U8 | DType::U32);
            match op {
                Div | Mod if signed => add(Fill::Spread, &Fill::Wholes(&[-3, 2, -7, 5, -1, 4])),
                Pow if signed => add(Fill::Wholes(&[1, -1, 1, -1]), &Fill::Wholes(&[-1, -1, -3, -2])),
                Shl | Shr => add(Fill::Wholes(&[1, -8, 127]), &Fill::Wholes(&[8, 16, 32, 64, 100])),
                _ => {}
            }
        }
    }
    for op in [BitAnd, BitOr, BitXor] {
        let operands = vec![
            Operand::new(DType::Bool, &[4], Fill::Wholes(&[0, 0, 1, 1])),
            Operand::new(DType::Bool, &[4], Fill::Wholes(&[0, 1])),
        ];
        let name = format!("{op:?}").to_lowercase();
        cases
            .add(&name, Op::Binary(op), operands, (DType::Bool, &[4]), move |x| binary::binary(op, &x[0], &x[1], &[4]));
    }
}

fn selections(cases: &mut Cases) {
    for dtype in REALS {
        for (condition, a, b, dims) in [
            (&[3, 4][..], &[3, 4][..], &[3, 4][..], &[3, 4][..]),
            (&[3, 1], &[1, 4], &[], &[3, 4]),
            (&[], &[2, 0], &[2, 0], &[2, 0]),
        ] {
            let operands = vec![
                Operand::new(DType::Bool, condition, Fill::Spread),
                Operand::new(dtype, a, Fill::Special),
                Operand::new(dtype, b, Fill::Extremes),
            ];
            cases.add("where", Op::Where, operands, (dtype, dims), move |x| binary::select(&x[0], &x[1], &x[2], dims));
        }
    }
}
