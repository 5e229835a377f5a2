//! A row alone is computed as in a batch.

use crate::{cases, float};
use proptest::prelude::*;
use rlx_ir::op::{Activation, MaskKind, ReduceOp};
use rlx_ir::{DType, NodeId, Op};
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon};
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::run;
use rlx_mlx_tests::tensor::Tensor;

/// Runs a function of a batch, and of its row `at` alone; gives the row of the first result and the second one.
fn both(
    x: &Tensor,
    at: usize,
    function: impl Fn(&mut Case, NodeId, &[usize]) -> (NodeId, Vec<usize>),
) -> (Vec<f64>, Tensor) {
    let mut case = Case::new();
    let whole = case.input(x);
    let mut one = x.dims.clone();
    one[0] = 1;
    let row = case.add(Op::Narrow { axis: 0, start: at, len: 1 }, &[whole], &one, x.dtype);
    let (whole, dims) = function(&mut case, whole, &x.dims);
    let (row, _) = function(&mut case, row, &one);
    let mut outputs = run(&case.outputs(&[whole, row]));
    let len: usize = dims[1..].iter().product();
    let of_batch = outputs[0].values[at * len..][..len].to_vec();
    (of_batch, outputs.remove(1))
}

/// The extents of a batch of rows, and which row.
fn batch() -> impl Strategy<Value = (Vec<usize>, usize)> {
    ((2usize..6), prop::collection::vec(1usize..7, 1..3)).prop_flat_map(|(rows, rest)| {
        let dims = [&[rows][..], &rest].concat();
        (Just(dims), 0..rows)
    })
}

proptest! {
    #![proptest_config(cases(64))]

    /// Ops along other axes than the batch's: bit for bit.
    #[test]
    fn what_is_along_a_row_is_the_same_alone((dims, at) in batch(), dtype in float(), seed in any::<u64>(), which in 0usize..9) {
        let (x, last) = (Tensor::random(&dims, seed).to(dtype), dims.len() - 1);
        let (of_batch, alone) = both(&x, at, |case, x, dims| {
            let mut weight = |seed: u64| case.input(&Tensor::random(&[dims[last]], seed).to(dtype));
            let mut result = dims.to_vec();
            let (op, operands) = match which {
                0 => (Op::Activation(Activation::Silu), vec![x]),
                1 => (Op::Softmax { axis: -1 }, vec![x]),
                2 => (Op::LayerNorm { axis: -1, eps: 1e-5 }, vec![x, weight(1), weight(2)]),
                3 => (Op::RmsNorm { axis: -1, eps: 1e-5 }, vec![x, weight(1), weight(2)]),
                4 => {
                    result.pop();
                    (Op::Reduce { op: ReduceOp::Mean, axes: vec![last], keep_dim: false }, vec![x])
                }
                5 => (Op::Cumsum { axis: last as i32, exclusive: true }, vec![x]),
                6 => (Op::Sort { axis: last, descending: false }, vec![x]),
                7 => (Op::CumProd { axis: last as i32, exclusive: false }, vec![x]),
                _ => (Op::Reverse { axes: vec![last] }, vec![x]),
            };
            let y = case.add(op, &operands, &result, dtype);
            (y, result)
        });
        assert_same(&format!("{which} of {dims:?} {dtype:?}"), &alone, &of_batch);
    }

    /// Products, of which one row goes by another routine than several: their sums may be in another order.
    #[test]
    fn a_product_of_a_row_is_that_of_the_batch(
        [rows, k, n] in [2usize..9, 1usize..40, 1usize..20], at in any::<prop::sample::Index>(), dtype in float(), seed in any::<u64>(),
    ) {
        let (x, at) = (Tensor::random(&[rows, k], seed).to(dtype), at.index(rows));
        let (of_batch, alone) = both(&x, at, |case, x, dims| {
            let w = case.input(&Tensor::random(&[k, n], 7).to(dtype));
            let y = case.add(Op::MatMul, &[x, w], &[dims[0], n], dtype);
            (y, vec![dims[0], n])
        });
        let sums = 4.0 * (k * k) as f64 * epsilon(if dtype == DType::F64 { dtype } else { DType::F32 });
        assert_within("a product", &alone, &of_batch, |_, w| sums + epsilon(dtype) * w.abs());
    }

    /// Attention: each batch has its own keys.
    #[test]
    fn attention_of_one_is_that_of_the_batch(
        [batch, heads, s] in [2usize..4, 1usize..4, 1usize..7], at in any::<prop::sample::Index>(),
        dtype in prop::sample::select(&[DType::F32, DType::F16, DType::BF16][..]), seed in any::<u64>(), causal in any::<bool>(),
    ) {
        let (x, at) = (Tensor::random(&[batch, heads, s, 8], seed).to(dtype), at.index(batch));
        let (of_batch, alone) = both(&x, at, |case, x, dims| {
            let op = Op::Attention {
                num_heads: heads,
                head_dim: 8,
                v_head_dim: None,
                mask_kind: if causal { MaskKind::Causal } else { MaskKind::None },
                score_scale: None,
                attn_logit_softcap: None,
            };
            (case.add(op, &[x, x, x], dims, dtype), dims.to_vec())
        });
        // Scores are sums of eight products below 4, and move weights by as much, relatively.
        let scores = 2.0 * 32.0 * 8.0 * epsilon(DType::F32);
        assert_within("attention", &alone, &of_batch, |_, w| 4.0 * scores + epsilon(dtype) * w.abs());
    }

    /// A convolution of one image is that of the batch.
    #[test]
    fn a_convolution_of_one_is_that_of_the_batch(
        [batch, channels, side] in [2usize..4, 1usize..4, 3usize..8], at in any::<prop::sample::Index>(), dtype in float(), seed in any::<u64>(),
    ) {
        let (x, at) = (Tensor::random(&[batch, channels, side, side], seed).to(dtype), at.index(batch));
        let (of_batch, alone) = both(&x, at, |case, x, dims| {
            let w = case.input(&Tensor::random(&[2, channels, 3, 3], 5).to(dtype));
            let op = Op::Conv {
                kernel_size: vec![3, 3],
                stride: vec![1, 1],
                padding: vec![1, 1],
                dilation: vec![1, 1],
                groups: 1,
            };
            let result = vec![dims[0], 2, side, side];
            (case.add(op, &[x, w], &result, dtype), result)
        });
        let terms = (9 * channels) as f64;
        let sums = 4.0 * terms * terms * epsilon(if dtype == DType::F64 { dtype } else { DType::F32 });
        assert_within("a convolution", &alone, &of_batch, |_, w| sums + epsilon(dtype) * w.abs());
    }
}
