//! `Op::GroupNormBackward{Input, Gamma, Beta}` against closed forms in f64.

use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon};
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices};

const EPS: f32 = 1e-3;

/// Normalized x and one over the deviation of its group, by index.
fn normalized(x: &Tensor, groups: usize) -> (Vec<f64>, Vec<f64>) {
    let per = x.dims[1] / groups;
    let group_of = |i: &[usize]| i[0] * groups + i[1] / per;
    let mut members = vec![Vec::new(); x.dims[0] * groups];
    for i in indices(&x.dims) {
        members[group_of(&i)].push(x.at(&i));
    }
    let moments: Vec<(f64, f64)> = members
        .iter()
        .map(|m| {
            let mean = m.iter().sum::<f64>() / m.len() as f64;
            let variance = m.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / m.len() as f64;
            (mean, 1.0 / (variance + f64::from(EPS)).sqrt())
        })
        .collect();
    indices(&x.dims)
        .map(|i| {
            let (mean, scale) = moments[group_of(&i)];
            ((x.at(&i) - mean) * scale, scale)
        })
        .unzip()
}

fn by_input(x: &Tensor, gamma: &Tensor, dy: &Tensor, groups: usize) -> Vec<f64> {
    let (normal, scale) = normalized(x, groups);
    let per = x.dims[1] / groups;
    let all: Vec<Vec<usize>> = indices(&x.dims).collect();
    let slope: Vec<f64> = all.iter().zip(&dy.values).map(|(i, dy)| dy * gamma.values[i[1]]).collect();
    let group_of = |i: &[usize]| i[0] * groups + i[1] / per;
    let size = (per * x.dims[2] * x.dims[3]) as f64;
    let mut sums = vec![(0.0, 0.0); x.dims[0] * groups];
    for (at, i) in all.iter().enumerate() {
        let sum = &mut sums[group_of(i)];
        sum.0 += slope[at] / size;
        sum.1 += slope[at] * normal[at] / size;
    }
    let value = |(at, i): (usize, &Vec<usize>)| {
        let (mean, along) = sums[group_of(i)];
        (slope[at] - mean - normal[at] * along) * scale[at]
    };
    all.iter().enumerate().map(value).collect()
}

/// The sum over all axes but the channels.
fn by_channel(values: &[f64], dims: &[usize]) -> Vec<f64> {
    let mut sums = vec![0.0; dims[1]];
    for (i, value) in indices(dims).zip(values) {
        sums[i[1]] += value;
    }
    sums
}

fn input_op(num_groups: usize) -> Op {
    Op::GroupNormBackwardInput { num_groups, eps: EPS }
}

fn gamma_op(num_groups: usize) -> Op {
    Op::GroupNormBackwardGamma { num_groups, eps: EPS }
}

fn beta_op(num_groups: usize) -> Op {
    Op::GroupNormBackwardBeta { num_groups, eps: EPS }
}

#[test]
fn group_norm_backward_beta_of_a_batch_of_two() {
    // The digits of the sums tell which elements they are of.
    let dy = Tensor::f32(&[2, 2, 1, 1], [1.0, 10.0, 100.0, 1000.0]);
    let x = Tensor::random(&dy.dims, 1);
    let y = run_one(&one_op(beta_op(1), &[&x, &dy], Layout::Dense, &[2], DType::F32));
    assert_same("beta", &y, &[101.0, 1010.0]);
}

#[test]
fn group_norm_backward_of_batches_groups_layouts_and_dtypes() {
    for (dims, groups) in
        [([1, 4, 2, 3], 2), ([3, 4, 2, 3], 2), ([2, 6, 5, 1], 1), ([2, 6, 1, 4], 6), ([5, 3, 4, 4], 3)]
    {
        for dtype in [DType::F32, DType::F16, DType::BF16, DType::F64] {
            let (x, dy) = (Tensor::random(&dims, 5).to(dtype), Tensor::random(&dims, 6).to(dtype));
            let gamma = Tensor::random(&dims[1..2], 7).to(dtype);
            let beta = gamma.map(|_| 0.25);
            let normal = normalized(&x, groups).0;
            let product: Vec<f64> = normal.iter().zip(&dy.values).map(|(n, dy)| n * dy).collect();
            for layout in Layout::ALL {
                let what = format!("{dims:?} in {groups} groups of {dtype:?}, {layout:?}");
                let count = (dims.iter().product::<usize>()) as f64;
                // Sums of so many terms of size 2; halves are rounded once, at the end.
                let work = epsilon(if dtype == DType::F64 { DType::F64 } else { DType::F32 }) * (8.0 * count + 64.0);
                let bound = |_: usize, w: f64| work + epsilon(dtype) * w.abs();
                let case = one_op(input_op(groups), &[&x, &gamma, &beta, &dy], layout, &dims, dtype);
                assert_within(&what, &run_one(&case), &by_input(&x, &gamma, &dy, groups), bound);
                let case = one_op(gamma_op(groups), &[&x, &dy], layout, &dims[1..2], dtype);
                assert_within(&what, &run_one(&case), &by_channel(&product, &dims), bound);
                let case = one_op(beta_op(groups), &[&x, &dy], layout, &dims[1..2], dtype);
                assert_within(&what, &run_one(&case), &by_channel(&dy.values, &dims), bound);
            }
        }
    }
}

/// By differences of the forward function, which knows nothing of the formulas above.
#[test]
fn the_closed_forms_are_gradients() {
    let (dims, groups, h) = ([2, 4, 2, 2], 2, 1e-5);
    let (x, dy) = (Tensor::random(&dims, 8).to(DType::F64), Tensor::random(&dims, 9).to(DType::F64));
    let gamma = Tensor::random(&[4], 10).to(DType::F64);
    let loss = |x: &Tensor, gamma: &Tensor| -> f64 {
        let normal = normalized(x, groups).0;
        let terms = indices(&dims).enumerate().map(|(at, i)| normal[at] * gamma.values[i[1]] * dy.values[at]);
        terms.sum()
    };
    let moved = |t: &Tensor, at: usize, by: f64| {
        let mut t = t.clone();
        t.values[at] += by;
        t
    };
    for (at, want) in by_input(&x, &gamma, &dy, groups).into_iter().enumerate() {
        let difference = (loss(&moved(&x, at, h), &gamma) - loss(&moved(&x, at, -h), &gamma)) / (2.0 * h);
        assert!((difference - want).abs() < 1e-6, "x at {at}: {difference} {want}");
    }
}

#[test]
fn empty_batches_give_zero_and_what_does_not_fit_is_refused() {
    let empty = Tensor::f32(&[0, 4, 2, 2], []);
    let y = run_one(&one_op(gamma_op(2), &[&empty, &empty], Layout::Dense, &[4], DType::F32));
    assert_same("gamma of nothing", &y, &[0.0; 4]);
    let x = Tensor::random(&[2, 4, 2, 2], 1);
    for groups in [0, 3] {
        let error = refusal(&one_op(beta_op(groups), &[&x, &x], Layout::Dense, &[4], DType::F32));
        assert!(error.message().contains("GroupNormBackwardBeta") && error.message().contains("groups"), "{error}");
    }
    let other = Tensor::random(&[4, 2, 2, 2], 1);
    let error = refusal(&one_op(gamma_op(2), &[&x, &other], Layout::Dense, &[4], DType::F32));
    assert!(error.message().contains("one shape"), "{error}");
}
