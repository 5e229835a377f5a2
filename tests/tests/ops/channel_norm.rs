//! Normalization by channels against closed forms in f64.

use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_within, epsilon};
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::{refusal, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices};

const DTYPES: [DType; 4] = [DType::F32, DType::F16, DType::BF16, DType::F64];

/// Values around an offset, so that what is taken from them counts.
fn offset(dims: &[usize], seed: u64, dtype: DType) -> Tensor {
    let values: Vec<f64> = Tensor::random(dims, seed).values.iter().map(|v| v + 30.0).collect();
    Tensor::of(dtype, dims, values)
}

fn weights(len: usize, dtype: DType) -> [Tensor; 2] {
    [7, 8].map(|seed| Tensor::random(&[len], seed).to(dtype))
}

/// Those of `group` from the mean, over the deviation.
fn normalize(x: f64, group: &[f64], eps: f64) -> f64 {
    let mean = group.iter().sum::<f64>() / group.len() as f64;
    let variance = group.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / group.len() as f64;
    (x - mean) / (variance + eps).sqrt()
}

fn check(op: Op, x: &Tensor, weights: &[&Tensor], closed: impl Fn(&[usize]) -> f64) {
    for layout in Layout::ALL {
        let operands: Vec<&Tensor> = std::iter::once(x).chain(weights.iter().copied()).collect();
        let y = run_one(&one_op(op.clone(), &operands, layout, &x.dims, x.dtype));
        let want: Vec<f64> = indices(&x.dims).map(|i| closed(&i)).collect();
        let what = format!("{op:?} of {:?} {:?}, {layout:?}", x.dims, x.dtype);
        assert_within(&what, &y, &want, |_, w| epsilon(x.dtype) * w.abs() + 1e-14);
    }
}

#[test]
fn group_norm() {
    let eps = 1e-3f32;
    for (dims, groups) in
        [(vec![2, 6, 3, 5], 3), (vec![1, 4, 2, 2], 1), (vec![3, 4, 7], 4), (vec![2, 4], 2), (vec![2, 2, 300], 1)]
    {
        for dtype in DTYPES {
            let (x, [gamma, beta]) = (offset(&dims, 3, dtype), weights(dims[1], dtype));
            let size = dims[1] / groups;
            check(Op::GroupNorm { num_groups: groups, eps }, &x, &[&gamma, &beta], |i| {
                let same = indices(&dims).filter(|j| j[0] == i[0] && j[1] / size == i[1] / size);
                let group: Vec<f64> = same.map(|j| x.at(&j)).collect();
                normalize(x.at(i), &group, eps.into()) * gamma.values[i[1]] + beta.values[i[1]]
            });
        }
    }
}

#[test]
fn layer_norm_2d() {
    let eps = 1e-5f32;
    for dims in [vec![2, 6, 3, 5], vec![1, 300, 1, 2], vec![2, 4]] {
        for dtype in DTYPES {
            let (x, [gamma, beta]) = (offset(&dims, 4, dtype), weights(dims[1], dtype));
            check(Op::LayerNorm2d { eps }, &x, &[&gamma, &beta], |i| {
                let same = indices(&dims).filter(|j| j[0] == i[0] && j[2..] == i[2..]);
                let group: Vec<f64> = same.map(|j| x.at(&j)).collect();
                normalize(x.at(i), &group, eps.into()) * gamma.values[i[1]] + beta.values[i[1]]
            });
        }
    }
}

#[test]
fn batch_norm_inference() {
    let eps = 1e-5f32;
    for dims in [vec![2, 3, 5], vec![7], vec![0, 4], vec![2, 300]] {
        for dtype in DTYPES {
            let channels = dims[dims.len() - 1];
            let (x, [gamma, beta]) = (offset(&dims, 5, dtype), weights(channels, dtype));
            let mean = offset(&[channels], 9, dtype);
            let variance = Tensor::of(dtype, &[channels], (0..channels).map(|i| i as f64 * 0.25).collect::<Vec<_>>());
            check(Op::BatchNormInference { eps }, &x, &[&gamma, &beta, &mean, &variance], |i| {
                let c = i[i.len() - 1];
                let factor = gamma.values[c] / (variance.values[c] + f64::from(eps)).sqrt();
                (x.at(i) - mean.values[c]) * factor + beta.values[c]
            });
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let (x, [gamma, beta]) = (Tensor::random(&[2, 6, 3], 1), weights(6, DType::F32));
    let op = Op::GroupNorm { num_groups: 4, eps: 1e-5 };
    let error = refusal(&one_op(op, &[&x, &gamma, &beta], Layout::Dense, &x.dims, DType::F32));
    assert!(error.message().contains("6 channels do not divide into 4 groups"), "{error}");
    let short = Tensor::random(&[5], 1);
    let op = Op::LayerNorm2d { eps: 1e-5 };
    let error = refusal(&one_op(op, &[&x, &gamma, &short], Layout::Dense, &x.dims, DType::F32));
    assert!(error.message().contains("LayerNorm2d"), "{error}");
}
