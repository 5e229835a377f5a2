//! `Op::QMatMul` and `Op::QConv2d` against exact integers.

use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::assert_same;
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices};

/// Zero points of x, w and the result, and the factor of sums.
type Scale = ([i32; 3], f32);

const SCALES: [Scale; 5] =
    [([0, 0, 0], 1.0), ([3, -2, 5], 0.01), ([-128, 127, -128], 3e-4), ([127, -128, 127], -0.37), ([1, 0, -7], 0.5)];

/// Rounded from the exact product of integers: the factor is `digits / 2^shift`.
fn rounded(sum: i128, ([_, _, zero], factor): Scale) -> f64 {
    let shift = 60;
    let digits = (f64::from(factor) * 2f64.powi(shift)) as i128;
    assert_eq!(digits as f64, f64::from(factor) * 2f64.powi(shift), "a factor without a rest");
    let product = sum * digits;
    let size = (product.abs() + (1 << (shift - 1))) >> shift;
    let value = if product < 0 { -size } else { size } + i128::from(zero);
    value.clamp(-128, 127) as f64
}

/// i8 values over the whole range.
fn bytes(dims: &[usize], seed: u64) -> Tensor {
    Tensor::random(dims, seed).map(|v| (v * 64.0).floor()).to(DType::I8)
}

fn biases(n: usize) -> Tensor {
    Tensor::random(&[n], 9).map(|v| (v * 5000.0).round()).to(DType::I32)
}

fn matmul(([x_zp, w_zp, out_zp], mult): Scale) -> Op {
    Op::QMatMul { x_zp, w_zp, out_zp, mult }
}

fn whole(value: f64, zero: i32) -> i128 {
    value as i128 - i128::from(zero)
}

fn exact_matmul(x: &Tensor, w: &Tensor, bias: &Tensor, scale: Scale) -> Vec<f64> {
    let (m, k, n) = (x.dims[0], x.dims[1], w.dims[1]);
    let element = |i: Vec<usize>| {
        let terms = (0..k).map(|p| whole(x.at(&[i[0], p]), scale.0[0]) * whole(w.at(&[p, i[1]]), scale.0[1]));
        rounded(terms.sum::<i128>() + bias.values[i[1]] as i128, scale)
    };
    indices(&[m, n]).map(element).collect()
}

#[test]
fn qmatmul_is_exact() {
    for [m, k, n] in [[3, 4, 5], [1, 1, 1], [2, 256, 3], [2, 257, 3], [4, 1000, 2], [2, 0, 3], [0, 3, 2]] {
        let (x, w, bias) = (bytes(&[m, k], 1), bytes(&[k, n], 2), biases(n));
        for scale in SCALES {
            let want = exact_matmul(&x, &w, &bias, scale);
            for layout in Layout::ALL {
                let got = run_one(&one_op(matmul(scale), &[&x, &w, &bias], layout, &[m, n], DType::I8));
                assert_same(&format!("{m} {k} {n} {scale:?} {layout:?}"), &got, &want);
            }
        }
    }
}

/// Sums that f32 cannot hold, and factors that bring the last digit of them to light.
#[test]
fn sums_beyond_f32_are_exact() {
    let k = 3000;
    let (x, w) = (Tensor::of(DType::I8, &[1, k], vec![-128.0; k]), Tensor::of(DType::I8, &[k, 1], vec![-128.0; k]));
    let sum = 255 * 255 * k as i32;
    for last in [-3, -1, 0, 1, 2, 5] {
        let bias = Tensor::of(DType::I32, &[1], [f64::from(last - sum)]);
        let scale = ([127, 127, 0], 1.0);
        let got = run_one(&one_op(matmul(scale), &[&x, &w, &bias], Layout::Dense, &[1, 1], DType::I8));
        assert_same("what the bias leaves", &got, &[f64::from(last)]);
    }
    // A sum beyond i32.
    let k = 40000;
    let (x, w) = (Tensor::of(DType::I8, &[1, k], vec![-128.0; k]), Tensor::of(DType::I8, &[k, 1], vec![-128.0; k]));
    let bias = Tensor::of(DType::I32, &[1], [0.0]);
    let scale = ([127, 127, 0], 2f32.powi(-26));
    let got = run_one(&one_op(matmul(scale), &[&x, &w, &bias], Layout::Dense, &[1, 1], DType::I8));
    assert_same("beyond i32", &got, &exact_matmul(&x, &w, &bias, scale));
}

/// Halves go away from zero, and factors of any size are what they are.
#[test]
fn rounding_and_factors_of_every_size() {
    let (x, w) = (
        Tensor::of(DType::I8, &[1, 1], [1.0]),
        Tensor::of(DType::I8, &[1, 8], [1.0, 2.0, 3.0, 5.0, -1.0, -2.0, -3.0, -5.0]),
    );
    let bias = Tensor::of(DType::I32, &[8], [0.0; 8]);
    let cases: [(f32, [f64; 8]); 8] = [
        (0.5, [1.0, 1.0, 2.0, 3.0, -1.0, -1.0, -2.0, -3.0]),
        (-0.5, [-1.0, -1.0, -2.0, -3.0, 1.0, 1.0, 2.0, 3.0]),
        (0.499_999_97, [0.0, 1.0, 1.0, 2.0, 0.0, -1.0, -1.0, -2.0]),
        (0.0, [0.0; 8]),
        (1e-45, [0.0; 8]),
        (1e-20, [0.0; 8]),
        (16_777_216.0, [127.0, 127.0, 127.0, 127.0, -128.0, -128.0, -128.0, -128.0]),
        (3e38, [127.0, 127.0, 127.0, 127.0, -128.0, -128.0, -128.0, -128.0]),
    ];
    for (factor, want) in cases {
        let got = run_one(&one_op(matmul(([0; 3], factor)), &[&x, &w, &bias], Layout::Dense, &[1, 8], DType::I8));
        assert_same(&format!("times {factor}"), &got, &want);
    }
}

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
    fn op(&self, ([x_zp, w_zp, out_zp], mult): Scale) -> Op {
        Op::QConv2d {
            kernel_size: self.kernel.to_vec(),
            stride: self.stride.to_vec(),
            padding: self.padding.to_vec(),
            dilation: self.dilation.to_vec(),
            groups: self.groups,
            x_zp,
            w_zp,
            out_zp,
            mult,
        }
    }

    fn w(&self) -> [usize; 4] {
        [self.c_out, self.x[1] / self.groups, self.kernel[0], self.kernel[1]]
    }

    fn out(&self) -> [usize; 4] {
        let extent = |axis: usize| {
            let reach = self.dilation[axis] * (self.kernel[axis] - 1) + 1;
            (self.x[2 + axis] + 2 * self.padding[axis] - reach) / self.stride[axis] + 1
        };
        [self.x[0], self.c_out, extent(0), extent(1)]
    }

    fn exact(&self, x: &Tensor, w: &Tensor, bias: &Tensor, scale: Scale) -> Vec<f64> {
        let (per_in, per_out) = (self.x[1] / self.groups, self.c_out / self.groups);
        let element = |i: Vec<usize>| {
            let mut sum = bias.values[i[1]] as i128;
            for tap in indices(&self.w()[1..]) {
                let place = |axis: usize| {
                    (i[2 + axis] * self.stride[axis] + tap[1 + axis] * self.dilation[axis])
                        .checked_sub(self.padding[axis])
                        .filter(|&p| p < self.x[2 + axis])
                };
                if let (Some(row), Some(column)) = (place(0), place(1)) {
                    let value = x.at(&[i[0], i[1] / per_out * per_in + tap[0], row, column]);
                    sum += whole(value, scale.0[0]) * whole(w.at(&[i[1], tap[0], tap[1], tap[2]]), scale.0[1]);
                }
            }
            rounded(sum, scale)
        };
        indices(&self.out()).map(element).collect()
    }
}

#[test]
fn qconv2d_is_exact() {
    let convs = [
        Conv {
            x: [1, 1, 1, 1],
            c_out: 1,
            kernel: [1, 1],
            stride: [1, 1],
            padding: [0, 0],
            dilation: [1, 1],
            groups: 1,
        },
        Conv {
            x: [2, 3, 5, 6],
            c_out: 4,
            kernel: [3, 2],
            stride: [1, 2],
            padding: [1, 0],
            dilation: [1, 1],
            groups: 1,
        },
        Conv {
            x: [2, 6, 7, 5],
            c_out: 4,
            kernel: [3, 3],
            stride: [2, 1],
            padding: [2, 1],
            dilation: [1, 2],
            groups: 2,
        },
        Conv {
            x: [1, 4, 4, 4],
            c_out: 8,
            kernel: [2, 2],
            stride: [1, 1],
            padding: [0, 1],
            dilation: [1, 1],
            groups: 4,
        },
        // More than 256 products a sum.
        Conv {
            x: [1, 40, 4, 4],
            c_out: 2,
            kernel: [3, 3],
            stride: [1, 1],
            padding: [1, 1],
            dilation: [1, 1],
            groups: 1,
        },
        Conv {
            x: [0, 2, 4, 4],
            c_out: 2,
            kernel: [3, 3],
            stride: [1, 1],
            padding: [0, 0],
            dilation: [1, 1],
            groups: 1,
        },
    ];
    for (n, conv) in convs.iter().enumerate() {
        let (x, w, bias) = (bytes(&conv.x, 1), bytes(&conv.w(), 2), biases(conv.c_out));
        for scale in SCALES {
            let want = conv.exact(&x, &w, &bias, scale);
            for layout in Layout::ALL {
                let got = run_one(&one_op(conv.op(scale), &[&x, &w, &bias], layout, &conv.out(), DType::I8));
                assert_same(&format!("convolution {n} {scale:?} {layout:?}"), &got, &want);
            }
        }
    }
}

#[test]
fn what_is_no_product_of_integers_is_named() {
    let (x, w, bias) = (bytes(&[2, 3], 1), bytes(&[3, 4], 2), biases(4));
    let plain = ([0; 3], 1.0);
    let says = |op: Op, operands: [&Tensor; 3], dims: &[usize], dtype: DType, part: &str| {
        let kind = format!("{:?}", op.kind());
        let error = refusal(&one_op(op, &operands, Layout::Dense, dims, dtype));
        assert!(error.message().contains(part) && error.message().contains(&kind), "{error}");
    };
    let (out, i8) = ([2, 4], DType::I8);
    says(matmul(([128, 0, 0], 1.0)), [&x, &w, &bias], &out, i8, "x_zp is 128; it is from -128 to 127");
    says(matmul(([0, 0, -129], 1.0)), [&x, &w, &bias], &out, i8, "out_zp is -129");
    says(matmul(plain), [&x.to(DType::U8), &w, &bias], &out, i8, "operand 0 is u8; it is i8");
    says(matmul(plain), [&x, &w, &bias.to(DType::F32)], &out, i8, "operand 2 is f32; it is i32");
    says(matmul(plain), [&x, &w, &bias], &out, DType::I32, "the declared dtype is i32; it is i8");
    says(matmul(plain), [&x, &w, &biases(3)], &out, i8, "the bias [3], which do not go together");
    says(matmul(plain), [&x, &bytes(&[2, 4], 1), &bias], &out, i8, "x is [2, 3], the weight [2, 4]");
    let conv = Conv {
        x: [1, 2, 4, 4],
        c_out: 2,
        kernel: [3, 3],
        stride: [1, 1],
        padding: [0, 0],
        dilation: [1, 1],
        groups: 1,
    };
    let (x, w, bias) = (bytes(&conv.x, 1), bytes(&conv.w(), 2), biases(2));
    says(conv.op(plain), [&x, &w, &bias], &[1, 2, 2, 3], i8, "the graph declares [1, 2, 2, 3]");
    says(conv.op(plain), [&x, &bytes(&[2, 2, 3, 2], 2), &bias], &conv.out(), i8, "1 groups of [3, 3]");
}
