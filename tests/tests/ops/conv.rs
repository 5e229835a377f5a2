//! Convolutions, transposed ones and `Op::Im2Col` against loops in f64.

use rlx_host_api::TensorView;
use rlx_ir::op::Activation;
use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon};
use rlx_mlx_tests::graph::{Case, Layout, one_op};
use rlx_mlx_tests::plugin::{compile, refusal, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices};

const FLOATS: [DType; 4] = [DType::F32, DType::F16, DType::BF16, DType::F64];

/// A convolution of x `[n, c_in, spatial..]`, forward or transposed, over as many axes as the lists have.
#[derive(Clone)]
struct Conv {
    x: Vec<usize>,
    c_out: usize,
    kernel: Vec<usize>,
    stride: Vec<usize>,
    padding: Vec<usize>,
    dilation: Vec<usize>,
    groups: usize,
}

fn conv(x: &[usize], c_out: usize, [kernel, stride, padding, dilation]: [&[usize]; 4], groups: usize) -> Conv {
    let (kernel, stride, padding, dilation) = (kernel.to_vec(), stride.to_vec(), padding.to_vec(), dilation.to_vec());
    Conv { x: x.to_vec(), c_out, kernel, stride, padding, dilation, groups }
}

/// Sums of products, and for each the sum of the sizes of its terms.
struct Sums {
    values: Vec<f64>,
    sizes: Vec<f64>,
}

impl Conv {
    fn axes(&self) -> usize {
        self.kernel.len()
    }

    fn op(&self) -> Op {
        let Self { kernel, stride, padding, dilation, groups, .. } = self.clone();
        if self.axes() == 3 {
            let [stride, padding, dilation] = [stride, padding, dilation].map(|list| list.try_into().unwrap());
            return Op::Conv3d { stride, padding, dilation, groups };
        }
        Op::Conv { kernel_size: kernel, stride, padding, dilation, groups }
    }

    fn fused(&self, activation: Option<Activation>, has_residual: bool) -> Op {
        let Self { kernel, stride, padding, dilation, groups, .. } = self.clone();
        Op::FusedConvBiasAct { kernel_size: kernel, stride, padding, dilation, groups, activation, has_residual }
    }

    fn w(&self) -> Vec<usize> {
        [&[self.c_out, self.x[1] / self.groups], self.kernel.as_slice()].concat()
    }

    fn out(&self) -> Vec<usize> {
        let extent = |axis: usize| {
            let reach = self.dilation[axis] * (self.kernel[axis] - 1) + 1;
            (self.x[2 + axis] + 2 * self.padding[axis] - reach) / self.stride[axis] + 1
        };
        [&[self.x[0], self.c_out][..], &(0..self.axes()).map(extent).collect::<Vec<_>>()].concat()
    }

    /// Each element of `out` as the definition has it: products of taps with the elements below them.
    fn exact(&self, x: &Tensor, w: &Tensor, out: &[usize]) -> Sums {
        let (per_in, per_out) = (self.x[1] / self.groups, self.c_out / self.groups);
        let taps: Vec<Vec<usize>> = indices(&self.w()[1..]).collect();
        let terms = |i: &[usize]| -> Vec<f64> {
            let term = |tap: &Vec<usize>| {
                let mut at = vec![i[0], i[1] / per_out * per_in + tap[0]];
                for axis in 0..self.axes() {
                    let place = i[2 + axis] * self.stride[axis] + tap[1 + axis] * self.dilation[axis];
                    at.push(place.checked_sub(self.padding[axis]).filter(|&p| p < self.x[2 + axis])?);
                }
                Some(x.at(&at) * w.at(&[&[i[1]], tap.as_slice()].concat()))
            };
            taps.iter().filter_map(term).collect()
        };
        sums(out, terms)
    }
}

fn sums(out: &[usize], terms: impl Fn(&[usize]) -> Vec<f64>) -> Sums {
    let each = indices(out).map(|i| {
        let terms = terms(&i);
        (terms.iter().sum::<f64>(), terms.iter().map(|term| term.abs()).sum::<f64>())
    });
    let (values, sizes) = each.unzip();
    Sums { values, sizes }
}

/// `n` terms added in f32, or in f64, and one rounding to the dtype.
fn assert_sums(what: &str, got: &Tensor, want: &Sums, n: usize) {
    let work = epsilon(if got.dtype == DType::F64 { DType::F64 } else { DType::F32 }) * (n + 1) as f64;
    // Half an epsilon is one rounding: two would show.
    let rounding = if matches!(got.dtype, DType::F16 | DType::BF16) { 0.51 } else { 0.0 } * epsilon(got.dtype);
    assert_within(what, got, &want.values, |i, w| work * want.sizes[i] + rounding * w.abs());
}

/// One to three axes, strides, dilations, padding, groups, depthwise, kernels as large as the padded array.
fn convs() -> Vec<Conv> {
    vec![
        conv(&[1, 1, 4], 1, [&[3], &[1], &[0], &[1]], 1),
        conv(&[2, 3, 9], 4, [&[3], &[2], &[1], &[2]], 1),
        conv(&[2, 4, 8], 8, [&[4], &[1], &[3], &[1]], 4),
        conv(&[1, 1, 1, 1], 1, [&[1, 1], &[1, 1], &[0, 0], &[1, 1]], 1),
        conv(&[2, 3, 5, 6], 4, [&[3, 2], &[1, 1], &[1, 0], &[1, 1]], 1),
        conv(&[3, 2, 8, 7], 3, [&[3, 3], &[2, 3], &[1, 2], &[1, 1]], 1),
        conv(&[2, 2, 9, 9], 3, [&[2, 3], &[2, 1], &[0, 1], &[3, 2]], 1),
        conv(&[2, 6, 5, 5], 4, [&[3, 3], &[1, 2], &[1, 1], &[1, 1]], 2),
        conv(&[2, 4, 6, 5], 8, [&[3, 1], &[1, 1], &[0, 0], &[2, 1]], 4),
        conv(&[2, 3, 3, 2], 5, [&[5, 4], &[1, 1], &[1, 1], &[1, 1]], 1),
        conv(&[1, 2, 1, 7], 3, [&[1, 3], &[1, 2], &[0, 1], &[1, 1]], 1),
        conv(&[1, 2, 4, 3, 5], 3, [&[2, 3, 2], &[1, 1, 2], &[1, 1, 0], &[2, 1, 1]], 1),
        conv(&[2, 4, 3, 4, 3], 6, [&[2, 2, 3], &[1, 2, 1], &[0, 1, 1], &[1, 1, 1]], 2),
    ]
}

#[test]
fn conv_of_strides_dilations_padding_and_groups() {
    for (n, conv) in convs().iter().enumerate() {
        for dtype in FLOATS {
            let (x, w) = (Tensor::random(&conv.x, 1).to(dtype), Tensor::random(&conv.w(), 2).to(dtype));
            let want = conv.exact(&x, &w, &conv.out());
            for layout in if dtype == DType::F32 { &Layout::ALL[..] } else { &[Layout::Dense] } {
                let got = run_one(&one_op(conv.op(), &[&x, &w], *layout, &conv.out(), dtype));
                assert_sums(
                    &format!("convolution {n} {dtype:?} {layout:?}"),
                    &got,
                    &want,
                    conv.w()[1..].iter().product(),
                );
            }
        }
    }
}

/// One that is computed as it would be in the wider dtype.
#[test]
fn operands_of_two_dtypes_meet_in_the_wider_one() {
    let conv = &convs()[4];
    for (dtypes, declared) in [([DType::F16, DType::F32], DType::F32), ([DType::F32, DType::F32], DType::F64)] {
        let (x, w) = (Tensor::random(&conv.x, 1).to(dtypes[0]), Tensor::random(&conv.w(), 2).to(dtypes[1]));
        let got = run_one(&one_op(conv.op(), &[&x, &w], Layout::Dense, &conv.out(), declared));
        assert_sums(&format!("{dtypes:?}"), &got, &conv.exact(&x, &w, &conv.out()), 18);
    }
}

/// The importers' three spellings of a convolution over one axis.
#[test]
fn a_convolution_over_one_axis_has_three_spellings() {
    for (stride, padding, dilation) in [(1, 1, 1), (2, 0, 1), (1, 2, 2), (3, 1, 1)] {
        let plain = conv(&[2, 3, 11], 4, [&[3], &[stride], &[padding], &[dilation]], 1);
        let (x, w) = (Tensor::random(&plain.x, 1), Tensor::random(&plain.w(), 2));
        let want = plain.exact(&x, &w, &plain.out());
        let out = plain.out()[2];
        let first = |value: usize, neutral: usize| vec![value, neutral];
        let spelled = |kernel: [usize; 2], order: fn(Vec<usize>) -> Vec<usize>| Op::Conv {
            kernel_size: kernel.to_vec(),
            stride: order(first(stride, 1)),
            padding: order(first(padding, 0)),
            dilation: order(first(dilation, 1)),
            groups: 1,
        };
        let reversed = |mut list: Vec<usize>| {
            list.reverse();
            list
        };
        for (op, w) in [
            (spelled([3, 1], |list| list), w.reshaped(&[4, 3, 3, 1])),
            (spelled([1, 3], reversed), w.reshaped(&[4, 3, 1, 3])),
        ] {
            let case = one_op(op, &[&x.reshaped(&[2, 3, 1, 11]), &w], Layout::Dense, &[2, 4, 1, out], DType::F32);
            assert_sums(&format!("stride {stride}"), &run_one(&case), &want, 9);
        }
    }
    // A kernel of one element takes the stride of the axis that the graph's shape says.
    let (x, w) = (Tensor::random(&[1, 2, 1, 7], 1), Tensor::random(&[3, 2, 1, 1], 2));
    let plain = conv(&[1, 2, 1, 7], 3, [&[1, 1], &[1, 2], &[0, 0], &[1, 1]], 1);
    let op =
        Op::Conv { kernel_size: vec![1, 1], stride: vec![2, 1], padding: vec![0, 0], dilation: vec![1, 1], groups: 1 };
    let got = run_one(&one_op(op, &[&x, &w], Layout::Dense, &[1, 3, 1, 4], DType::F32));
    assert_sums("one element", &got, &plain.exact(&x, &w, &[1, 3, 1, 4]), 2);
}

/// What the shape does not fit is no convolution over one axis, but over two.
#[test]
fn a_tall_kernel_over_one_row_is_as_the_shape_says() {
    let tall = conv(&[1, 2, 1, 6], 3, [&[3, 1], &[1, 1], &[2, 0], &[1, 1]], 1);
    assert_eq!(tall.out(), [1, 3, 3, 6]);
    let (x, w) = (Tensor::random(&tall.x, 1), Tensor::random(&tall.w(), 2));
    let got = run_one(&one_op(tall.op(), &[&x, &w], Layout::Dense, &tall.out(), DType::F32));
    assert_sums("tall", &got, &tall.exact(&x, &w, &tall.out()), 6);
}

/// A graph that declares fewer windows has less padding behind.
#[test]
fn unequal_padding_is_told_by_the_declared_shape() {
    let padded = conv(&[1, 2, 7, 8], 3, [&[3, 4], &[1, 2], &[2, 3], &[1, 1]], 1);
    assert_eq!(padded.out()[2..], [9, 6]);
    let (x, w) = (Tensor::random(&padded.x, 1), Tensor::random(&padded.w(), 2));
    for out in [[9, 5], [8, 6], [7, 4]] {
        let out = [1, 3, out[0], out[1]];
        let got = run_one(&one_op(padded.op(), &[&x, &w], Layout::Dense, &out, DType::F32));
        assert_sums(&format!("{out:?}"), &got, &padded.exact(&x, &w, &out), 24);
    }
    for out in [[6, 6], [10, 6], [9, 3]] {
        let error = refusal(&one_op(padded.op(), &[&x, &w], Layout::Dense, &[1, 3, out[0], out[1]], DType::F32));
        assert!(error.message().contains("1, 3 and [9, 6]") && error.message().contains("Conv"), "{error}");
    }
}

#[test]
fn nan_and_infinity_reach_the_windows_that_see_them() {
    let plain = conv(&[1, 1, 6], 1, [&[3], &[1], &[1], &[1]], 1);
    let x = Tensor::f32(&[1, 1, 6], [1.0, f64::NAN, 1.0, 1.0, 1.0, f64::INFINITY]);
    let w = Tensor::f32(&[1, 1, 3], [1.0, 2.0, 3.0]);
    let got = run_one(&one_op(plain.op(), &[&x, &w], Layout::Dense, &[1, 1, 6], DType::F32));
    assert_same("convolution", &got, &[f64::NAN, f64::NAN, f64::NAN, 6.0, f64::INFINITY, f64::INFINITY]);
}

#[test]
fn nothing_convolves_to_nothing_or_zeros() {
    for (x, c_out, groups) in [([0, 2, 4, 4], 3, 1), ([2, 2, 4, 4], 0, 1), ([2, 0, 4, 4], 3, 1)] {
        let empty = conv(&x, c_out, [&[3, 3], &[1, 1], &[1, 1], &[1, 1]], groups);
        let (x, w) = (Tensor::random(&empty.x, 1), Tensor::random(&empty.w(), 2));
        let got = run_one(&one_op(empty.op(), &[&x, &w], Layout::Dense, &empty.out(), DType::F32));
        assert_same("nothing", &got, &vec![0.0; empty.out().iter().product()]);
    }
}

/// A parameter's layout is changed when it is bound, with the same result.
#[test]
fn a_weight_that_is_a_parameter() {
    let conv = &convs()[7];
    let (x, w) = (Tensor::random(&conv.x, 1), Tensor::random(&conv.w(), 2));
    let mut case = Case::new();
    let input = case.input(&x);
    let param = case.graph.param("w", w.shape());
    let y = case.add(conv.op(), &[input, param], &conv.out(), DType::F32);
    let case = case.outputs(&[y]);
    let as_input = run_one(&one_op(conv.op(), &[&x, &w], Layout::Dense, &conv.out(), DType::F32));
    for mode in rlx_mlx_tests::plugin::MODES {
        let mut executable = compile(&case, mode).unwrap();
        let dims: Vec<i64> = w.dims.iter().map(|&extent| extent as i64).collect();
        let data = w.bytes();
        executable.set_param("w", TensorView { dtype: rlx_host_api::DType::F32, dims: &dims, data: &data }).unwrap();
        for _ in 0..2 {
            let outputs = executable.run_to_vec(&[&x.bytes()]).unwrap();
            assert_eq!(Tensor::from_bytes(DType::F32, &conv.out(), &outputs[0]), as_input, "{mode}");
        }
    }
}

#[test]
fn fused_conv_bias_act_rounds_once() {
    for (n, conv) in [&convs()[1], &convs()[4], &convs()[7]].into_iter().enumerate() {
        for dtype in FLOATS {
            let operands: Vec<Tensor> = [conv.x.clone(), conv.w(), vec![conv.c_out], conv.out()]
                .iter()
                .enumerate()
                .map(|(i, dims)| Tensor::random(dims, i as u64).to(dtype))
                .collect();
            for (activation, has_residual) in
                [(None, false), (Some(Activation::Relu), false), (None, true), (Some(Activation::Relu), true)]
            {
                let mut want = conv.exact(&operands[0], &operands[1], &conv.out());
                for (at, i) in indices(&conv.out()).enumerate() {
                    let residual = if has_residual { operands[3].at(&i) } else { 0.0 };
                    want.values[at] += operands[2].values[i[1]] + residual;
                    want.sizes[at] += operands[2].values[i[1]].abs() + residual.abs();
                    if activation.is_some() {
                        want.values[at] = want.values[at].max(0.0);
                    }
                }
                let used: Vec<&Tensor> = operands.iter().take(if has_residual { 4 } else { 3 }).collect();
                let op = conv.fused(activation, has_residual);
                let got = run_one(&one_op(op, &used, Layout::Dense, &conv.out(), dtype));
                let terms = conv.w()[1..].iter().product::<usize>() + 2;
                assert_sums(&format!("fused {n} {dtype:?} {activation:?} {has_residual}"), &got, &want, terms);
            }
        }
    }
}

/// A transposed convolution, of the same attributes and more elements behind.
struct Transposed {
    conv: Conv,
    more: Vec<usize>,
}

impl Transposed {
    fn op(&self) -> Op {
        let Conv { kernel, stride, padding, dilation, groups, .. } = self.conv.clone();
        let output_padding = self.more.clone();
        if kernel.len() == 3 {
            let [stride, padding, dilation, output_padding] =
                [stride, padding, dilation, output_padding].map(|list| list.try_into().unwrap());
            return Op::ConvTranspose3d { stride, padding, dilation, output_padding, groups };
        }
        Op::ConvTranspose2d { kernel_size: kernel, stride, padding, dilation, output_padding, groups }
    }

    fn w(&self) -> Vec<usize> {
        [&[self.conv.x[1], self.conv.c_out / self.conv.groups], self.conv.kernel.as_slice()].concat()
    }

    fn out(&self) -> Vec<usize> {
        let Conv { x, kernel, stride, padding, dilation, .. } = &self.conv;
        let extent = |axis: usize| {
            (x[2 + axis] - 1) * stride[axis] + dilation[axis] * (kernel[axis] - 1) + self.more[axis] + 1
                - 2 * padding[axis]
        };
        [&[x[0], self.conv.c_out][..], &(0..kernel.len()).map(extent).collect::<Vec<_>>()].concat()
    }

    /// Each element is spread over the kernel: the definition, summed by where its products go.
    fn exact(&self, x: &Tensor, w: &Tensor) -> Sums {
        let Conv { kernel, stride, padding, dilation, groups, .. } = &self.conv;
        let (per_in, per_out) = (x.dims[1] / groups, self.conv.c_out / groups);
        let sources: Vec<Vec<usize>> = indices(&[&[per_in], kernel.as_slice()].concat()).collect();
        sums(&self.out(), |i| {
            let term = |source: &Vec<usize>| {
                let channel = i[1] / per_out * per_in + source[0];
                let mut at = vec![i[0], channel];
                for axis in 0..kernel.len() {
                    let place = (i[2 + axis] + padding[axis]).checked_sub(source[1 + axis] * dilation[axis])?;
                    let inside = place % stride[axis] == 0 && place / stride[axis] < x.dims[2 + axis];
                    at.push(inside.then_some(place / stride[axis])?);
                }
                Some(x.at(&at) * w.at(&[&[channel, i[1] % per_out], &source[1..]].concat()))
            };
            sources.iter().filter_map(term).collect()
        })
    }
}

fn transposed(conv: Conv, more: &[usize]) -> Transposed {
    Transposed { conv, more: more.to_vec() }
}

#[test]
fn conv_transpose_of_strides_dilations_padding_groups_and_output_padding() {
    let cases = [
        transposed(conv(&[2, 3, 5], 2, [&[4], &[2], &[1], &[1]], 1), &[1]),
        transposed(conv(&[1, 1, 3, 3], 1, [&[1, 1], &[1, 1], &[0, 0], &[1, 1]], 1), &[0, 0]),
        transposed(conv(&[2, 3, 4, 5], 4, [&[3, 2], &[2, 1], &[1, 0], &[1, 1]], 1), &[1, 0]),
        transposed(conv(&[1, 4, 3, 4], 6, [&[3, 3], &[2, 3], &[2, 1], &[1, 2]], 2), &[0, 2]),
        transposed(conv(&[2, 4, 5, 1], 4, [&[4, 1], &[2, 1], &[1, 0], &[1, 1]], 4), &[0, 0]),
        // Padding beyond what the kernel adds cuts elements off; here nothing but output padding is left at the end.
        transposed(conv(&[1, 2, 6, 5], 2, [&[2, 1], &[1, 2], &[2, 1], &[1, 1]], 1), &[0, 1]),
        transposed(conv(&[1, 1, 1, 1], 1, [&[1, 1], &[4, 4], &[1, 1], &[1, 1]], 1), &[3, 3]),
        transposed(conv(&[1, 2, 3, 2, 3], 3, [&[2, 3, 2], &[2, 1, 2], &[1, 1, 0], &[1, 2, 1]], 1), &[1, 0, 1]),
        transposed(conv(&[2, 4, 2, 3, 2], 2, [&[3, 2, 2], &[1, 2, 1], &[0, 0, 1], &[1, 1, 2]], 2), &[0, 1, 0]),
    ];
    for (n, case) in cases.iter().enumerate() {
        for dtype in FLOATS {
            let (x, w) = (Tensor::random(&case.conv.x, 1).to(dtype), Tensor::random(&case.w(), 2).to(dtype));
            let want = case.exact(&x, &w);
            for layout in if dtype == DType::F32 { &Layout::ALL[..] } else { &[Layout::Dense] } {
                let got = run_one(&one_op(case.op(), &[&x, &w], *layout, &case.out(), dtype));
                let terms = case.w().iter().product::<usize>();
                assert_sums(&format!("transposed {n} {dtype:?} {layout:?}"), &got, &want, terms);
            }
        }
    }
}

#[test]
fn im2col_moves_elements_of_every_dtype() {
    let cases = [
        conv(&[2, 3, 5, 4], 1, [&[3, 2], &[1, 1], &[1, 0], &[1, 1]], 1),
        conv(&[1, 2, 6, 7], 1, [&[2, 3], &[2, 3], &[1, 2], &[2, 1]], 1),
        conv(&[1, 1, 1, 1], 1, [&[1, 1], &[1, 1], &[0, 0], &[1, 1]], 1),
        conv(&[0, 2, 3, 3], 1, [&[2, 2], &[1, 1], &[0, 0], &[1, 1]], 1),
    ];
    let dtypes = [DType::F32, DType::F16, DType::F64, DType::I64, DType::U8, DType::Bool];
    for conv in &cases {
        let (out, c) = (conv.out(), conv.x[1]);
        let rows = [out[0], out[2], out[3]];
        let columns = [c, conv.kernel[0], conv.kernel[1]];
        let op = Op::Im2Col {
            kernel_size: conv.kernel.clone(),
            stride: conv.stride.clone(),
            padding: conv.padding.clone(),
            dilation: conv.dilation.clone(),
        };
        for dtype in dtypes {
            let x = Tensor::random(&conv.x, 1).map(|v| (v * 20.0).round()).to(dtype);
            let element = |i: &[usize], j: &[usize]| {
                let place = |axis: usize| {
                    (i[1 + axis] * conv.stride[axis] + j[1 + axis] * conv.dilation[axis])
                        .checked_sub(conv.padding[axis])
                        .filter(|&p| p < conv.x[2 + axis])
                };
                place(0).zip(place(1)).map_or(0.0, |(row, column)| x.at(&[i[0], j[0], row, column]))
            };
            let want: Vec<f64> =
                indices(&rows).flat_map(|i| indices(&columns).map(|j| element(&i, &j)).collect::<Vec<_>>()).collect();
            let dims = [rows.iter().product(), columns.iter().product()];
            for layout in Layout::ALL {
                let got = run_one(&one_op(op.clone(), &[&x], layout, &dims, dtype));
                assert_same(&format!("Im2Col {dtype:?} {layout:?}"), &got, &want);
            }
        }
    }
}

#[test]
fn what_is_no_convolution_is_named() {
    let (x, w) = (Tensor::random(&[1, 4, 5, 5], 1), Tensor::random(&[2, 4, 3, 3], 2));
    let says = |op: Op, operands: &[&Tensor], dims: &[usize], part: &str| {
        let error = refusal(&one_op(op, operands, Layout::Dense, dims, operands[0].dtype));
        assert!(error.message().contains(part) && error.message().contains("Conv"), "{error}");
    };
    let plain = conv(&x.dims, 2, [&[3, 3], &[1, 1], &[0, 0], &[1, 1]], 1);
    let with = |change: &dyn Fn(&mut Conv)| {
        let mut changed = plain.clone();
        change(&mut changed);
        changed.op()
    };
    let out = [1, 2, 3, 3];
    says(with(&|c| c.stride = vec![0, 1]), &[&x, &w], &out, "stride is [0, 1]: give 2 numbers of at least 1");
    says(with(&|c| c.dilation = vec![1, 1, 2]), &[&x, &w], &out, "dilation is [1, 1, 2]");
    says(with(&|c| c.kernel = vec![2, 3]), &[&x, &w], &out, "kernel_size is [2, 3], and the weight is [2, 4, 3, 3]");
    says(with(&|c| c.groups = 3), &[&x, &w], &out, "with 3 groups");
    says(with(&|c| c.groups = 0), &[&x, &w], &out, "with 0 groups");
    says(plain.op(), &[&x, &w.reshaped(&[2, 4, 9])], &out, "the same one to three spatial axes");
    says(plain.op(), &[&x, &w], &[1, 2, 4, 3], "the graph declares [1, 2, 4, 3]");
    let of = |dtype| [x.map(|v| v.round()).to(dtype), w.map(|v| v.round()).to(dtype)];
    let [xi, wi] = of(DType::I32);
    says(plain.op(), &[&xi, &wi], &out, "operand 0 is i32; it takes f16, bf16, f32 and f64");
    says(plain.fused(None, false), &[&x, &w, &Tensor::random(&[3], 3)], &out, "the bias is [3]; there are 2 channels");
    let residual = Tensor::random(&[1, 2, 3, 1], 4);
    let operands = [&x, &w, &Tensor::random(&[2], 3), &residual];
    says(plain.fused(None, true), &operands, &out, "the residual is [1, 2, 3, 1], and y is [1, 2, 3, 3]");
    let turned = Transposed { conv: plain.clone(), more: vec![0, 0] };
    says(turned.op(), &[&x, &w], &[1, 4, 7, 7], "x is [1, 4, 5, 5] and the weight is [2, 4, 3, 3]");
    let cut = Transposed { conv: conv(&x.dims, 2, [&[1, 1], &[1, 1], &[3, 0], &[1, 1]], 1), more: vec![0, 0] };
    says(cut.op(), &[&x, &Tensor::random(&[4, 2, 1, 1], 2)], &[1, 2, 1, 5], "of 5 elements gives -1");
}
