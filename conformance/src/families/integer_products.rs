//! Products of 8-bit integers that are scaled back to 8 bits.

use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::conv::Steps;
use crate::oracle::integer_products::{Scale, conv, matmul};
use rlx_ir::{DType, Op};

/// Zero points and factors: none; uneven ones; one that ends at the limits; a negative one; halves, which go away from 0.
const SCALES: [(&str, Scale); 5] = [
    ("plain", Scale { x: 0, w: 0, out: 0, factor: 0.001 }),
    ("zeros", Scale { x: 3, w: -7, out: 11, factor: 0.002 }),
    ("limits", Scale { x: -128, w: 127, out: -128, factor: 2.0 }),
    ("negative", Scale { x: 1, w: 2, out: -3, factor: -0.004 }),
    ("halves", Scale { x: 0, w: 0, out: 0, factor: 0.5 }),
];

pub(super) fn cases(cases: &mut Cases) {
    for (name, scale) in SCALES {
        for fill in [Fill::Spread, Fill::Extremes] {
            for layout in [Layout::Dense, Layout::Transposed, Layout::Params] {
                for [m, k, n] in [[1, 1, 1], [3, 5, 4], [0, 3, 2], [2, 0, 3], [4, 700, 3]] {
                    let Scale { x, w, out, factor } = scale;
                    let op = Op::QMatMul { x_zp: x, w_zp: w, out_zp: out, mult: factor };
                    let operands = operands(&[m, k], &[k, n], n, &fill);
                    cases.add_in(layout, &format!("qmatmul/{name}"), op, operands, (DType::I8, &[m, n]), move |x| {
                        matmul(x, scale)
                    });
                }
            }
            for layout in [Layout::Dense, Layout::Params] {
                convolutions(cases, name, scale, &fill, layout);
            }
        }
    }
}

fn operands(x: &[usize], w: &[usize], channels: usize, fill: &Fill) -> Vec<Operand> {
    vec![
        Operand::new(DType::I8, x, fill.clone()),
        Operand::new(DType::I8, w, fill.clone()),
        Operand::new(DType::I32, &[channels], Fill::Within(-500.0, 500.0)),
    ]
}

fn convolutions(cases: &mut Cases, name: &str, scale: Scale, fill: &Fill, layout: Layout) {
    for (x, w, stride, padding, dilation, groups) in [
        (&[1, 1, 1, 1][..], &[1, 1, 1, 1][..], [1, 1], [0, 0], [1, 1], 1),
        (&[2, 3, 5, 6], &[4, 3, 3, 2], [1, 1], [1, 0], [1, 1], 1),
        (&[1, 4, 6, 5], &[4, 2, 2, 3], [2, 1], [0, 1], [1, 2], 2),
        (&[0, 2, 3, 3], &[2, 2, 2, 2], [1, 1], [0, 0], [1, 1], 1),
    ] {
        let steps = Steps { stride: stride.to_vec(), padding: padding.to_vec(), dilation: dilation.to_vec(), groups };
        let dims = [&[x[0], w[0]], &steps.space(&x[2..], &w[2..])[..]].concat();
        let op = Op::QConv2d {
            kernel_size: w[2..].to_vec(),
            stride: stride.to_vec(),
            padding: padding.to_vec(),
            dilation: dilation.to_vec(),
            groups,
            x_zp: scale.x,
            w_zp: scale.w,
            out_zp: scale.out,
            mult: scale.factor,
        };
        let (operands, out) = (operands(x, w, w[0], fill), dims.clone());
        let name = format!("qconv2d/{name}/groups{groups}");
        cases.add_in(layout, &name, op, operands, (DType::I8, &dims), move |x| conv(x, scale, &steps, &out));
    }
}
