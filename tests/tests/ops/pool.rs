//! `Op::Pool` and MaxPool2dBackward against loops in f64.

use rlx_ir::op::ReduceOp;
use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon};
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::{compile, refusal, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices, offset};

/// Window, stride and padding, each along the two axes.
type Pooling = [[usize; 2]; 3];

fn op([kernel, stride, padding]: Pooling) -> Op {
    Op::MaxPool2dBackward { kernel_size: kernel.to_vec(), stride: stride.to_vec(), padding: padding.to_vec() }
}

/// Extents of the pooled tensor.
fn pooled(x: &[usize], [kernel, stride, padding]: Pooling) -> Vec<usize> {
    let out = |axis: usize| (x[2 + axis] + 2 * padding[axis] - kernel[axis]) / stride[axis] + 1;
    vec![x[0], x[1], out(0), out(1)]
}

/// The definition, and for each element the sum of the sizes of what it is made of.
fn gradient(x: &Tensor, dy: &Tensor, [kernel, stride, padding]: Pooling) -> (Vec<f64>, Vec<f64>) {
    let mut dx = vec![0.0; x.values.len()];
    let mut sizes = dx.clone();
    for at in indices(&dy.dims) {
        let mut winner: Option<(f64, usize)> = None;
        for i in 0..kernel[0] {
            for j in 0..kernel[1] {
                let (row, column) = (at[2] * stride[0] + i, at[3] * stride[1] + j);
                let inside = (padding[0]..padding[0] + x.dims[2]).contains(&row)
                    && (padding[1]..padding[1] + x.dims[3]).contains(&column);
                if inside {
                    let place = [at[0], at[1], row - padding[0], column - padding[1]];
                    let value = x.at(&place);
                    if winner.is_none_or(|(best, _)| value > best || (value.is_nan() && !best.is_nan())) {
                        winner = Some((value, offset(&x.dims, &place)));
                    }
                }
            }
        }
        let (_, place) = winner.unwrap();
        dx[place] += dy.at(&at);
        sizes[place] += dy.at(&at).abs();
    }
    (dx, sizes)
}

fn check(x: &Tensor, pooling: Pooling, layout: Layout) {
    let dy = Tensor::random(&pooled(&x.dims, pooling), 7).to(x.dtype);
    let (want, sizes) = gradient(x, &dy, pooling);
    let got = run_one(&one_op(op(pooling), &[x, &dy], layout, &x.dims, x.dtype));
    // A few additions in f32, and one rounding to the dtype.
    assert_within(&format!("{pooling:?} of {:?} {:?}", x.dtype, x.dims), &got, &want, |i, w| {
        4.0 * epsilon(DType::F32) * sizes[i] + epsilon(x.dtype) * w.abs()
    });
}

const POOLINGS: [Pooling; 5] = [
    [[2, 2], [2, 2], [0, 0]],
    [[3, 3], [1, 1], [1, 1]],
    [[3, 2], [2, 1], [1, 0]],
    [[2, 3], [3, 2], [0, 1]],
    [[1, 1], [1, 1], [0, 0]],
];

#[test]
fn gradients_go_to_the_winners() {
    for pooling in POOLINGS {
        for (dims, layout) in
            [([1, 1, 4, 4], Layout::Dense), ([2, 3, 7, 5], Layout::Dense), ([2, 2, 5, 6], Layout::Transposed)]
        {
            check(&Tensor::random(&dims, 3), pooling, layout);
        }
        for dtype in [DType::F16, DType::BF16, DType::F64] {
            check(&Tensor::random(&[1, 2, 6, 5], 5).to(dtype), pooling, Layout::Dense);
        }
    }
}

#[test]
fn the_first_hit_wins() {
    for value in [0.0, -1.0, f64::NEG_INFINITY] {
        let x = Tensor::f32(&[1, 1, 3, 3], [value; 9]);
        check(&x, [[3, 3], [1, 1], [0, 0]], Layout::Dense);
        check(&x, [[2, 2], [1, 1], [1, 1]], Layout::Dense);
    }
    let x = Tensor::f32(&[1, 1, 2, 4], [1.0, 5.0, f64::NAN, 9.0, 5.0, 2.0, 3.0, f64::NAN]);
    let dy = Tensor::f32(&[1, 1, 1, 2], [2.0, 3.0]);
    let got = run_one(&one_op(op([[2, 2], [2, 2], [0, 0]]), &[&x, &dy], Layout::Dense, &[1, 1, 2, 4], DType::F32));
    assert_same("the first of equals, and the first NaN", &got, &[0.0, 2.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn nothing_has_no_gradient() {
    let x = Tensor::f32(&[0, 2, 4, 4], []);
    let dy = Tensor::f32(&[0, 2, 2, 2], []);
    let got = run_one(&one_op(op([[2, 2], [2, 2], [0, 0]]), &[&x, &dy], Layout::Dense, &[0, 2, 4, 4], DType::F32));
    assert!(got.values.is_empty());
}

#[test]
fn numbers_that_do_not_fit_are_named() {
    let x = Tensor::random(&[1, 1, 4, 4], 1);
    let cases: [(Op, [usize; 4], &str); 4] = [
        (op([[2, 2], [2, 2], [0, 0]]), [1, 1, 3, 3], "dy is [1, 1, 3, 3]"),
        (op([[2, 2], [2, 2], [2, 0]]), [1, 1, 4, 2], "padding [2, 0]"),
        (op([[2, 2], [0, 2], [0, 0]]), [1, 1, 2, 2], "stride is [0, 2]"),
        (
            Op::MaxPool2dBackward { kernel_size: vec![2], stride: vec![2, 2], padding: vec![0, 0] },
            [1, 1, 2, 2],
            "kernel_size is [2]",
        ),
    ];
    for (op, dy, part) in cases {
        let error = refusal(&one_op(op, &[&x, &Tensor::random(&dy, 2)], Layout::Dense, &[1, 1, 4, 4], DType::F32));
        assert!(error.message().contains(part) && error.message().contains("MaxPool2dBackward"), "{error}");
    }
}

const KINDS: [ReduceOp; 5] = [ReduceOp::Sum, ReduceOp::Mean, ReduceOp::Max, ReduceOp::Min, ReduceOp::Prod];

/// A pooling of x over as many axes as the lists have.
struct Pool {
    x: &'static [usize],
    kernel: &'static [usize],
    stride: &'static [usize],
    padding: &'static [usize],
    /// The number of windows that the graph declares.
    out: &'static [usize],
}

impl Pool {
    fn op(&self, kind: ReduceOp) -> Op {
        let Self { kernel, stride, padding, .. } = self;
        Op::Pool { kind, kernel_size: kernel.to_vec(), stride: stride.to_vec(), padding: padding.to_vec() }
    }

    fn dims(&self) -> Vec<usize> {
        [&self.x[..2], self.out].concat()
    }

    /// What each window sees.
    fn seen(&self, x: &Tensor) -> Vec<Vec<f64>> {
        let window = |i: Vec<usize>| -> Vec<f64> {
            let element = |j: Vec<usize>| {
                let mut at = i[..2].to_vec();
                for (axis, &inside) in j.iter().enumerate() {
                    let place = (i[2 + axis] * self.stride[axis] + inside).checked_sub(self.padding[axis])?;
                    at.push(Some(place).filter(|&place| place < x.dims[2 + axis])?);
                }
                Some(x.at(&at))
            };
            indices(self.kernel).filter_map(element).collect()
        };
        indices(&self.dims()).map(window).collect()
    }

    fn exact(&self, kind: ReduceOp, x: &Tensor) -> Vec<f64> {
        let volume = self.kernel.iter().product::<usize>();
        let all = |seen: Vec<f64>| match kind {
            ReduceOp::Sum => seen.iter().sum(),
            ReduceOp::Mean => {
                let count = if self.kernel.len() == 3 { volume } else { seen.len().max(1) };
                seen.iter().sum::<f64>() / count as f64
            }
            ReduceOp::Prod => seen.iter().product(),
            // Unlike `f64::max`, NaN wins.
            ReduceOp::Max => seen.iter().fold(f64::NEG_INFINITY, |a, &b| if a > b || a.is_nan() { a } else { b }),
            ReduceOp::Min => seen.iter().fold(f64::INFINITY, |a, &b| if a < b || a.is_nan() { a } else { b }),
        };
        self.seen(x).into_iter().map(all).collect()
    }
}

/// One to three axes, overlapping windows, gaps, padding, and numbers of windows that are rounded up.
const POOLS: [Pool; 11] = [
    Pool { x: &[2, 3, 9], kernel: &[3], stride: &[2], padding: &[1], out: &[5] },
    Pool { x: &[1, 1, 5], kernel: &[2], stride: &[3], padding: &[0], out: &[2] },
    Pool { x: &[1, 1, 1, 1], kernel: &[1, 1], stride: &[1, 1], padding: &[0, 0], out: &[1, 1] },
    Pool { x: &[2, 3, 6, 5], kernel: &[2, 2], stride: &[2, 2], padding: &[0, 0], out: &[3, 2] },
    Pool { x: &[2, 2, 7, 6], kernel: &[3, 2], stride: &[1, 2], padding: &[1, 1], out: &[7, 4] },
    // Windows of many elements.
    Pool { x: &[1, 2, 45], kernel: &[20], stride: &[7], padding: &[3], out: &[5] },
    Pool { x: &[1, 2, 3, 40], kernel: &[2, 17], stride: &[1, 9], padding: &[1, 0], out: &[4, 3] },
    // Rounded up: the last window along both axes is not whole.
    Pool { x: &[1, 2, 7, 6], kernel: &[2, 4], stride: &[2, 4], padding: &[0, 0], out: &[4, 2] },
    Pool { x: &[1, 2, 3, 2], kernel: &[4, 5], stride: &[4, 1], padding: &[0, 2], out: &[1, 2] },
    Pool { x: &[1, 2, 4, 5, 3], kernel: &[2, 3, 2], stride: &[2, 1, 1], padding: &[0, 1, 1], out: &[2, 5, 4] },
    Pool { x: &[2, 1, 5, 3, 3], kernel: &[2, 2, 3], stride: &[2, 2, 1], padding: &[0, 0, 0], out: &[3, 2, 1] },
];

#[test]
fn pool_of_every_kind_over_one_to_three_axes() {
    for (n, pool) in POOLS.iter().enumerate() {
        for dtype in [DType::F32, DType::F16, DType::BF16, DType::F64] {
            let x = Tensor::random(pool.x, 3).to(dtype);
            let sizes: Vec<f64> = pool.seen(&x).iter().map(|seen| seen.iter().map(|v| v.abs()).sum()).collect();
            for kind in KINDS {
                let want = pool.exact(kind, &x);
                for layout in if dtype == DType::F32 { &Layout::ALL[..] } else { &[Layout::Dense] } {
                    let got = run_one(&one_op(pool.op(kind), &[&x], *layout, &pool.dims(), dtype));
                    let what = format!("pool {n} by {kind:?} {dtype:?} {layout:?}");
                    let work = epsilon(if dtype == DType::F64 { DType::F64 } else { DType::F32 });
                    let terms = pool.kernel.iter().product::<usize>() as f64;
                    let rounding = if matches!(dtype, DType::F16 | DType::BF16) { 0.51 * epsilon(dtype) } else { 0.0 };
                    match kind {
                        ReduceOp::Max | ReduceOp::Min => assert_same(&what, &got, &want),
                        ReduceOp::Prod => assert_within(&what, &got, &want, |_, w| (terms * work + rounding) * w.abs()),
                        ReduceOp::Sum => {
                            assert_within(&what, &got, &want, |i, w| terms * work * sizes[i] + rounding * w.abs());
                        }
                        ReduceOp::Mean => {
                            assert_within(&what, &got, &want, |i, w| work * sizes[i] + (work + rounding) * w.abs());
                        }
                    }
                }
            }
        }
    }
}

/// Extremes of the type reach the result, so nothing was a float on the way, and padding is none of them.
#[test]
fn pool_of_integers_is_exact() {
    let kinds = [ReduceOp::Sum, ReduceOp::Max, ReduceOp::Min, ReduceOp::Prod];
    for (dtype, low, high) in [
        (DType::I8, -128.0, 127.0),
        (DType::U8, 0.0, 255.0),
        (DType::I16, -32768.0, 32767.0),
        (DType::I32, -2147483648.0, 2147483647.0),
        (DType::U32, 0.0, 4294967295.0),
    ] {
        let pool = &POOLS[4];
        let x = Tensor::random(pool.x, 3).map(|v| (v * 2.0).round().clamp(low, 4.0)).to(dtype);
        let ends = x.map(|v| if v > 0.0 { high } else { low });
        let modulus = high - low + 1.0;
        for kind in kinds {
            let want: Vec<f64> = pool.exact(kind, &x).iter().map(|v| (v - low).rem_euclid(modulus) + low).collect();
            let got = run_one(&one_op(pool.op(kind), &[&x], Layout::Dense, &pool.dims(), dtype));
            assert_same(&format!("{kind:?} {dtype:?}"), &got, &want);
            if matches!(kind, ReduceOp::Max | ReduceOp::Min) {
                let got = run_one(&one_op(pool.op(kind), &[&ends], Layout::Dense, &pool.dims(), dtype));
                assert_same(&format!("ends, {kind:?} {dtype:?}"), &got, &pool.exact(kind, &ends));
            }
        }
    }
    // 2^53 + 1 is no f64, so the bytes are compared.
    let odd = (1i64 << 53) + 1;
    for (kind, want) in [(ReduceOp::Max, odd), (ReduceOp::Min, -odd), (ReduceOp::Sum, -1)] {
        let x = Tensor::of(DType::I64, &[1, 1, 3], [0.0; 3]);
        let op = Op::Pool { kind, kernel_size: vec![3], stride: vec![1], padding: vec![0] };
        let case = one_op(op, &[&x], Layout::Dense, &[1, 1, 1], DType::I64);
        let data: Vec<u8> = [odd, -odd, -1].iter().flat_map(|v| v.to_le_bytes()).collect();
        let outputs = compile(&case, "compiled").unwrap().run_to_vec(&[&data]).unwrap();
        assert_eq!(outputs, [want.to_le_bytes()], "{kind:?}");
    }
}

#[test]
fn pool_of_truth_values_is_any_or_all() {
    let pool = &POOLS[4];
    let x = Tensor::random(pool.x, 3).map(|v| f64::from(v > 0.3)).to(DType::Bool);
    for kind in [ReduceOp::Max, ReduceOp::Min] {
        let got = run_one(&one_op(pool.op(kind), &[&x], Layout::Dense, &pool.dims(), DType::Bool));
        assert_same(&format!("{kind:?}"), &got, &pool.exact(kind, &x));
    }
}

#[test]
fn nan_wins_a_pool_and_padding_never_does() {
    let pool = Pool { x: &[1, 1, 6], kernel: &[2], stride: &[2], padding: &[1], out: &[4] };
    let x = Tensor::f32(&[1, 1, 6], [f64::NEG_INFINITY, f64::NAN, 1.0, -5.0, -7.0, f64::INFINITY]);
    for kind in KINDS {
        let got = run_one(&one_op(pool.op(kind), &[&x], Layout::Dense, &pool.dims(), DType::F32));
        assert_same(&format!("{kind:?}"), &got, &pool.exact(kind, &x));
    }
}

#[test]
fn a_window_of_padding_alone_sees_nothing() {
    let pool = Pool { x: &[1, 1, 2], kernel: &[2], stride: &[1], padding: &[3], out: &[7] };
    let x = Tensor::f32(&[1, 1, 2], [-3.0, 4.0]);
    for kind in KINDS {
        let want = pool.exact(kind, &x);
        assert!(want[0] == if kind == ReduceOp::Mean { 0.0 } else { pool.exact(kind, &x.map(|_| 0.5))[0] });
        let got = run_one(&one_op(pool.op(kind), &[&x], Layout::Dense, &pool.dims(), DType::F32));
        assert_same(&format!("{kind:?}"), &got, &want);
    }
}

#[test]
fn a_pool_of_nothing_is_nothing() {
    let pool = Pool { x: &[0, 2, 4, 4], kernel: &[2, 2], stride: &[2, 2], padding: &[0, 0], out: &[2, 2] };
    for kind in KINDS {
        let got = run_one(&one_op(pool.op(kind), &[&Tensor::f32(pool.x, [])], Layout::Dense, &pool.dims(), DType::F32));
        assert!(got.values.is_empty());
    }
}

#[test]
fn what_is_no_pool_is_named() {
    let x = Tensor::random(&[1, 1, 5, 5], 1);
    let says = |op: Op, x: &Tensor, dims: &[usize], dtype: DType, part: &str| {
        let error = refusal(&one_op(op, &[x], Layout::Dense, dims, dtype));
        assert!(error.message().contains(part) && error.message().contains("Pool"), "{error}");
    };
    let op = |kind, kernel: &[usize], stride: &[usize], padding: &[usize]| Op::Pool {
        kind,
        kernel_size: kernel.to_vec(),
        stride: stride.to_vec(),
        padding: padding.to_vec(),
    };
    let max = |kernel: &[usize], stride: &[usize], padding: &[usize]| op(ReduceOp::Max, kernel, stride, padding);
    let square = max(&[2, 2], &[2, 2], &[0, 0]);
    let (f32, i32) = (DType::F32, DType::I32);
    says(max(&[0, 2], &[2, 2], &[0, 0]), &x, &[1, 1, 2, 2], f32, "kernel_size is [0, 2]");
    says(max(&[2, 2], &[2, 0], &[0, 0]), &x, &[1, 1, 2, 2], f32, "stride is [2, 0]");
    says(max(&[2, 2], &[2, 2], &[0, 0, 1]), &x, &[1, 1, 2, 2], f32, "padding is [0, 0, 1]");
    // Two windows or three, and no other number.
    for out in [[1, 1, 1, 2], [1, 1, 2, 4]] {
        says(square.clone(), &x, &out, f32, "this pooling of [1, 1, 5, 5] gives [2, 2]");
    }
    says(square.clone(), &x, &[1, 2, 2, 2], f32, "the same channels");
    says(square.clone(), &x.reshaped(&[5, 5]), &[2, 2], f32, "one to three spatial axes");
    let integers = x.map(|v| v.round()).to(i32);
    says(op(ReduceOp::Mean, &[2, 2], &[2, 2], &[0, 0]), &integers, &[1, 1, 2, 2], i32, "pooling of i32 by Mean");
    says(square, &integers, &[1, 1, 2, 2], f32, "gives i32, and the graph declares f32");
    let truth = x.map(|v| f64::from(v > 0.0)).to(DType::Bool);
    says(op(ReduceOp::Sum, &[2, 2], &[2, 2], &[0, 0]), &truth, &[1, 1, 2, 2], DType::Bool, "pooling of bool by Sum");
}
