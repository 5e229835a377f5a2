//! Convolutions.

use super::dtypes::FLOATS;
use crate::case::{Cases, Operand};
use crate::fill::Fill;
use crate::oracle::conv::{Steps, conv, transposed};
use rlx_ir::{DType, Op};

/// Extents of x and of the weights, stride, padding, dilation, groups.
type Shape = (&'static [usize], &'static [usize], usize, usize, usize, usize);

const FORWARD: [Shape; 9] = [
    (&[1, 1, 1], &[1, 1, 1], 1, 0, 1, 1),
    (&[2, 3, 9], &[4, 3, 3], 1, 1, 1, 1),
    (&[1, 4, 11], &[4, 2, 3], 2, 0, 2, 2),
    (&[2, 3, 6, 7], &[4, 3, 3, 2], 1, 0, 1, 1),
    (&[1, 3, 7, 7], &[2, 3, 3, 3], 2, 1, 1, 1),
    (&[1, 4, 6, 6], &[4, 1, 3, 3], 1, 1, 1, 4),
    (&[1, 2, 8, 8], &[3, 2, 3, 3], 1, 2, 2, 1),
    (&[0, 3, 5, 5], &[2, 3, 3, 3], 1, 1, 1, 1),
    (&[1, 2, 5, 5], &[2, 2, 1, 1], 1, 0, 1, 1),
];
const TRANSPOSED: [Shape; 4] = [
    (&[1, 2, 3, 4], &[2, 3, 2, 2], 1, 0, 1, 1),
    (&[1, 3, 3, 3], &[3, 2, 3, 3], 2, 1, 1, 1),
    (&[1, 4, 3, 3], &[4, 2, 3, 3], 2, 0, 1, 2),
    (&[2, 1, 1, 1], &[1, 1, 1, 1], 1, 0, 1, 1),
];

pub(super) fn cases(cases: &mut Cases) {
    for dtype in FLOATS {
        for shape in FORWARD {
            let (x, w, steps, name) = parts(shape);
            let dims = [&[x[0], w[0]], &steps.space(&x[2..], &w[2..])[..]].concat();
            let op = Op::Conv {
                kernel_size: w[2..].to_vec(),
                stride: steps.stride.clone(),
                padding: steps.padding.clone(),
                dilation: steps.dilation.clone(),
                groups: steps.groups,
            };
            let out = dims.clone();
            cases.add(&format!("conv/{name}"), op, operands(dtype, x, w), (dtype, &dims), move |operands| {
                conv(&operands[0], &operands[1], &steps, &out)
            });
        }
        for shape in TRANSPOSED {
            let (x, w, steps, name) = parts(shape);
            let space = steps.transposed_space(&x[2..], &w[2..], &[0, 0]);
            let dims = [&[x[0], w[1] * steps.groups], &space[..]].concat();
            let op = Op::ConvTranspose2d {
                kernel_size: w[2..].to_vec(),
                stride: steps.stride.clone(),
                padding: steps.padding.clone(),
                dilation: steps.dilation.clone(),
                output_padding: vec![0, 0],
                groups: steps.groups,
            };
            let out = dims.clone();
            cases.add(&format!("convtranspose2d/{name}"), op, operands(dtype, x, w), (dtype, &dims), move |operands| {
                transposed(&operands[0], &operands[1], &steps, &out)
            });
        }
    }
}

fn parts((x, w, stride, padding, dilation, groups): Shape) -> (&'static [usize], &'static [usize], Steps, String) {
    let each = |value| vec![value; x.len() - 2];
    let steps = Steps { stride: each(stride), padding: each(padding), dilation: each(dilation), groups };
    (x, w, steps, format!("stride{stride}/pad{padding}/dilation{dilation}/groups{groups}"))
}

fn operands(dtype: DType, x: &[usize], w: &[usize]) -> Vec<Operand> {
    vec![Operand::new(dtype, x, Fill::Spread), Operand::new(dtype, w, Fill::Spread)]
}
