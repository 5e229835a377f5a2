//! `Op::Conv2dBackwardWeight` against loops in f64.

use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon};
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices};

struct Conv {
    x: [usize; 4],
    c_out: usize,
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
    dilation: [usize; 2],
    groups: usize,
}

impl Conv {
    fn op(&self) -> Op {
        Op::Conv2dBackwardWeight {
            kernel_size: self.kernel.to_vec(),
            stride: self.stride.to_vec(),
            padding: self.padding.to_vec(),
            dilation: self.dilation.to_vec(),
            groups: self.groups,
        }
    }

    fn out(&self, axis: usize) -> usize {
        let reach = self.dilation[axis] * (self.kernel[axis] - 1) + 1;
        (self.x[2 + axis] + 2 * self.padding[axis] - reach) / self.stride[axis] + 1
    }

    fn dy(&self) -> [usize; 4] {
        [self.x[0], self.c_out, self.out(0), self.out(1)]
    }

    fn dw(&self) -> [usize; 4] {
        [self.c_out, self.x[1] / self.groups, self.kernel[0], self.kernel[1]]
    }

    fn exact(&self, x: &Tensor, dy: &Tensor) -> Vec<f64> {
        let (per_in, per_out) = (self.x[1] / self.groups, self.c_out / self.groups);
        let place = |axis: usize, window: usize, tap: usize| {
            let at = (window * self.stride[axis] + tap * self.dilation[axis]).checked_sub(self.padding[axis])?;
            (at < self.x[2 + axis]).then_some(at)
        };
        let element = |i: Vec<usize>| {
            let channel = i[0] / per_out * per_in + i[1];
            let terms = indices(&self.dy()).filter(|j| j[1] == i[0]).filter_map(|j| {
                let (row, column) = (place(0, j[2], i[2])?, place(1, j[3], i[3])?);
                Some(x.at(&[j[0], channel, row, column]) * dy.at(&j))
            });
            terms.sum()
        };
        indices(&self.dw()).map(element).collect()
    }
}

const CONVS: [Conv; 7] = [
    Conv { x: [1, 1, 4, 4], c_out: 1, kernel: [3, 3], stride: [1, 1], padding: [0, 0], dilation: [1, 1], groups: 1 },
    Conv { x: [2, 3, 5, 6], c_out: 4, kernel: [3, 2], stride: [1, 1], padding: [1, 0], dilation: [1, 1], groups: 1 },
    Conv { x: [3, 2, 8, 7], c_out: 2, kernel: [3, 3], stride: [2, 3], padding: [1, 2], dilation: [1, 1], groups: 1 },
    Conv { x: [2, 2, 9, 9], c_out: 3, kernel: [2, 3], stride: [2, 1], padding: [0, 1], dilation: [3, 2], groups: 1 },
    Conv { x: [2, 6, 5, 5], c_out: 4, kernel: [3, 3], stride: [1, 2], padding: [1, 1], dilation: [1, 1], groups: 2 },
    Conv { x: [2, 4, 6, 5], c_out: 8, kernel: [3, 1], stride: [1, 1], padding: [0, 0], dilation: [2, 1], groups: 4 },
    // One spatial axis, as codecs have it.
    Conv { x: [2, 3, 40, 1], c_out: 5, kernel: [7, 1], stride: [3, 1], padding: [3, 0], dilation: [1, 1], groups: 1 },
];

#[test]
fn conv2d_backward_weight_of_strides_dilations_groups_and_batches() {
    for (n, conv) in CONVS.iter().enumerate() {
        for dtype in [DType::F32, DType::F16, DType::BF16, DType::F64] {
            let (x, dy) = (Tensor::random(&conv.x, 1).to(dtype), Tensor::random(&conv.dy(), 2).to(dtype));
            let want = conv.exact(&x, &dy);
            let terms = (conv.x[0] * conv.out(0) * conv.out(1)) as f64;
            let work = epsilon(if dtype == DType::F64 { DType::F64 } else { DType::F32 }) * 4.0 * (terms + 4.0);
            for layout in Layout::ALL {
                let case = one_op(conv.op(), &[&x, &dy], layout, &conv.dw(), dtype);
                let bound = |_: usize, w: f64| work + epsilon(dtype) * w.abs();
                assert_within(&format!("conv {n} of {dtype:?}, {layout:?}"), &run_one(&case), &want, bound);
            }
        }
    }
}

/// The runtime's rewrite needed more than 20 GiB for a codec of such layers.
#[test]
fn conv2d_backward_weight_of_a_codec_is_one_op() {
    let conv = Conv {
        x: [2, 32, 4800, 1],
        c_out: 32,
        kernel: [7, 1],
        stride: [1, 1],
        padding: [3, 0],
        dilation: [1, 1],
        groups: 1,
    };
    let (x, dy) = (Tensor::random(&conv.x, 1), Tensor::random(&conv.dy(), 2));
    let y = run_one(&one_op(conv.op(), &[&x, &dy], Layout::Dense, &conv.dw(), DType::F32));
    // One element by hand: output channel 3, input channel 5, tap 6.
    let sum = (0..2).flat_map(|n| (0..4797).map(move |at| (n, at)));
    let want: f64 = sum.map(|(n, at)| x.at(&[n, 5, at + 3, 0]) * dy.at(&[n, 3, at, 0])).sum();
    assert!((y.at(&[3, 5, 6, 0]) - want).abs() < 1e-2, "{} {want}", y.at(&[3, 5, 6, 0]));
}

#[test]
fn an_empty_batch_gives_zero_and_what_does_not_fit_is_refused() {
    let conv = Conv { x: [0, 2, 4, 4], ..CONVS[0] };
    let (x, dy) = (Tensor::f32(&conv.x, []), Tensor::f32(&conv.dy(), []));
    let y = run_one(&one_op(conv.op(), &[&x, &dy], Layout::Dense, &conv.dw(), DType::F32));
    assert_same("nothing", &y, &[0.0; 18]);
    let conv = &CONVS[1];
    let (x, dy) = (Tensor::random(&conv.x, 1), Tensor::random(&[2, 4, 5, 6], 1));
    let error = refusal(&one_op(conv.op(), &[&x, &dy], Layout::Dense, &conv.dw(), DType::F32));
    assert!(error.message().contains("Conv2dBackwardWeight") && error.message().contains("gives [5, 5]"), "{error}");
    let bad = Conv { groups: 2, ..CONVS[1] };
    let error = refusal(&one_op(bad.op(), &[&x, &dy], Layout::Dense, &conv.dw(), DType::F32));
    assert!(error.message().contains("groups"), "{error}");
}
