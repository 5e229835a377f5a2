//! Convolutions over three axes, attributes that differ by axis, windows as rows, and the gradient by the weight.

use super::dtypes::{FLOATS, REALS};
use crate::case::{Cases, Layout, Operand};
use crate::fill::Fill;
use crate::oracle::conv::{Steps, backward_weight, conv, rows, transposed};
use rlx_ir::{DType, Op};

/// Stride, padding, dilation.
type Three = [[usize; 3]; 3];
/// The same over two axes.
type Two = [[usize; 2]; 3];

const PLAIN: Three = [[1; 3], [0; 3], [1; 3]];

/// Extents of x and of the weights, attributes, groups.
const FORWARD: [(&[usize], &[usize], Three, usize); 6] = [
    (&[1, 1, 1, 1, 1], &[1, 1, 1, 1, 1], PLAIN, 1),
    (&[2, 3, 4, 5, 3], &[2, 3, 2, 3, 2], PLAIN, 1),
    (&[1, 2, 5, 6, 7], &[2, 2, 3, 3, 3], [[2, 1, 3], [1, 0, 2], [1, 2, 1]], 1),
    (&[1, 4, 3, 4, 4], &[6, 2, 2, 2, 2], [[1, 2, 1], [0, 1, 1], [1, 1, 2]], 2),
    (&[1, 3, 3, 3, 3], &[3, 1, 3, 3, 3], [[1; 3], [1; 3], [1; 3]], 3),
    (&[0, 2, 3, 3, 3], &[2, 2, 2, 2, 2], PLAIN, 1),
];

/// The same of a transposed convolution, and what its result has more behind.
type Transposed = (&'static [usize], &'static [usize], Three, [usize; 3], usize);

const TRANSPOSED: [Transposed; 6] = [
    (&[1, 1, 1, 1, 1], &[1, 1, 1, 1, 1], PLAIN, [0; 3], 1),
    (&[2, 2, 2, 3, 2], &[2, 3, 2, 1, 3], PLAIN, [0; 3], 1),
    (&[1, 2, 3, 2, 3], &[2, 2, 3, 3, 2], [[2, 3, 1], [1, 0, 1], [1, 1, 2]], [1, 2, 0], 1),
    (&[1, 4, 2, 2, 2], &[4, 1, 2, 2, 2], [[2; 3], [0; 3], [1; 3]], [1, 0, 1], 2),
    (&[1, 1, 2, 2, 2], &[1, 1, 2, 2, 2], [[3; 3], [1; 3], [2; 3]], [2, 1, 0], 1),
    (&[0, 2, 2, 2, 2], &[2, 2, 2, 2, 2], PLAIN, [0; 3], 1),
];

const PLANES: [(&[usize], &[usize], Two, usize); 6] = [
    (&[1, 1, 1, 1], &[1, 1, 1, 1], [[1; 2], [0; 2], [1; 2]], 1),
    (&[2, 3, 5, 6], &[4, 3, 3, 2], [[1; 2], [0; 2], [1; 2]], 1),
    (&[2, 2, 7, 6], &[3, 2, 3, 3], [[2, 1], [1, 2], [1; 2]], 1),
    (&[1, 4, 8, 7], &[4, 2, 2, 3], [[1, 2], [0, 1], [3, 1]], 2),
    (&[1, 3, 5, 5], &[3, 1, 3, 3], [[1; 2], [1; 2], [1; 2]], 3),
    (&[0, 2, 4, 4], &[2, 2, 2, 2], [[1; 2], [0; 2], [1; 2]], 1),
];

pub(super) fn cases(cases: &mut Cases) {
    for dtype in FLOATS {
        for layout in [Layout::Dense, Layout::Params] {
            over_space(cases, dtype, layout);
            uneven(cases, dtype, layout);
        }
        weights(cases, dtype);
    }
    for dtype in REALS {
        windows(cases, dtype);
    }
}

fn steps<const N: usize>([stride, padding, dilation]: [[usize; N]; 3], groups: usize) -> (Steps, String) {
    let text = |values: [usize; N]| values.map(|value| value.to_string()).join("+");
    let name = format!("stride{}/pad{}/dilation{}/groups{groups}", text(stride), text(padding), text(dilation));
    (Steps { stride: stride.to_vec(), padding: padding.to_vec(), dilation: dilation.to_vec(), groups }, name)
}

fn operands(dtype: DType, first: &[usize], second: &[usize]) -> Vec<Operand> {
    vec![Operand::new(dtype, first, Fill::Spread), Operand::new(dtype, second, Fill::Spread)]
}

fn over_space(cases: &mut Cases, dtype: DType, layout: Layout) {
    for (x, w, attributes, groups) in FORWARD {
        let ((steps, name), [stride, padding, dilation]) = (steps(attributes, groups), attributes);
        let dims = [&[x[0], w[0]], &steps.space(&x[2..], &w[2..])[..]].concat();
        let (op, out) = (Op::Conv3d { stride, padding, dilation, groups }, dims.clone());
        let given = operands(dtype, x, w);
        cases.add_in(layout, &format!("conv3d/{name}"), op, given, (dtype, &dims), move |x| {
            conv(&x[0], &x[1], &steps, &out)
        });
    }
    for (x, w, attributes, output_padding, groups) in TRANSPOSED {
        let ((steps, name), [stride, padding, dilation]) = (steps(attributes, groups), attributes);
        let space = steps.transposed_space(&x[2..], &w[2..], &output_padding);
        let dims = [&[x[0], w[1] * groups], &space[..]].concat();
        let op = Op::ConvTranspose3d { stride, padding, dilation, output_padding, groups };
        let (given, out) = (operands(dtype, x, w), dims.clone());
        let more = output_padding.map(|more| more.to_string()).join("+");
        cases.add_in(layout, &format!("convtranspose3d/{name}/more{more}"), op, given, (dtype, &dims), move |x| {
            transposed(&x[0], &x[1], &steps, &out)
        });
    }
}

/// Over two axes with other attributes for each.
fn uneven(cases: &mut Cases, dtype: DType, layout: Layout) {
    for (x, w, attributes, groups) in PLANES {
        let (steps, name) = steps(attributes, groups);
        let dims = [&[x[0], w[0]], &steps.space(&x[2..], &w[2..])[..]].concat();
        let op = Op::Conv {
            kernel_size: w[2..].to_vec(),
            stride: steps.stride.clone(),
            padding: steps.padding.clone(),
            dilation: steps.dilation.clone(),
            groups,
        };
        let (given, out) = (operands(dtype, x, w), dims.clone());
        cases.add_in(layout, &format!("uneven/{name}"), op, given, (dtype, &dims), move |x| {
            conv(&x[0], &x[1], &steps, &out)
        });
    }
    for (x, w, attributes, more) in [
        (&[1, 2, 3, 2][..], &[2, 3, 2, 3][..], [[2, 3], [1, 0], [1, 2]], [1, 2]),
        (&[2, 2, 2, 2], &[2, 1, 3, 1], [[3, 2], [0, 0], [2, 1]], [0, 1]),
    ] {
        let (steps, name) = steps(attributes, 1);
        let space = steps.transposed_space(&x[2..], &w[2..], &more);
        let dims = [&[x[0], w[1]], &space[..]].concat();
        let op = Op::ConvTranspose2d {
            kernel_size: w[2..].to_vec(),
            stride: steps.stride.clone(),
            padding: steps.padding.clone(),
            dilation: steps.dilation.clone(),
            output_padding: more.to_vec(),
            groups: 1,
        };
        let (given, out) = (operands(dtype, x, w), dims.clone());
        cases.add_in(layout, &format!("uneventransposed/{name}"), op, given, (dtype, &dims), move |x| {
            transposed(&x[0], &x[1], &steps, &out)
        });
    }
}

fn weights(cases: &mut Cases, dtype: DType) {
    for (x, w, attributes, groups) in PLANES {
        let (steps, name) = steps(attributes, groups);
        let dy = [&[x[0], w[0]], &steps.space(&x[2..], &w[2..])[..]].concat();
        let op = Op::Conv2dBackwardWeight {
            kernel_size: w[2..].to_vec(),
            stride: steps.stride.clone(),
            padding: steps.padding.clone(),
            dilation: steps.dilation.clone(),
            groups,
        };
        let name = format!("conv2dbackwardweight/{name}");
        cases.add(&name, op, operands(dtype, x, &dy), (dtype, w), move |x| backward_weight(&x[0], &x[1], &steps, w));
    }
}

fn windows(cases: &mut Cases, dtype: DType) {
    for (x, w, attributes, _) in PLANES {
        let (steps, name) = steps(attributes, 1);
        let space = steps.space(&x[2..], &w[2..]);
        let kernel = [w[2], w[3]];
        let dims = [x[0] * space[0] * space[1], x[1] * kernel[0] * kernel[1]];
        let op = Op::Im2Col {
            kernel_size: kernel.to_vec(),
            stride: steps.stride.clone(),
            padding: steps.padding.clone(),
            dilation: steps.dilation.clone(),
        };
        let operand = Operand::new(dtype, x, Fill::Extremes);
        let name = format!("im2col/{}x{}/{name}", kernel[0], kernel[1]);
        cases.add(&name, op, vec![operand], (dtype, &dims), move |x| rows(&x[0], &steps, kernel, &space));
    }
}
