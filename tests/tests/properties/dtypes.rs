//! Dtypes: halves beside f32, and rows of probabilities in each.

use crate::{cases, extents, float};
use proptest::prelude::*;
use rlx_ir::op::{Activation, BinaryOp, ReduceOp};
use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_within, epsilon};
use rlx_mlx_tests::graph::{Layout, one_op};
use rlx_mlx_tests::plugin::run_one;
use rlx_mlx_tests::tensor::{Tensor, indices};

/// An op of one, two or three operands of one shape, by its number, and the shape of its result.
fn pointwise(which: usize, dims: &[usize], axis: usize) -> (Op, usize, Vec<usize>) {
    let mut reduced = dims.to_vec();
    reduced[axis] = 1;
    let reduce = |op| (Op::Reduce { op, axes: vec![axis], keep_dim: true }, 1, reduced.clone());
    let unary = |kind| (Op::Activation(kind), 1, dims.to_vec());
    let binary = |op| (Op::Binary(op), 2, dims.to_vec());
    match which {
        0 => unary(Activation::Gelu),
        1 => unary(Activation::Silu),
        2 => unary(Activation::Tanh),
        3 => unary(Activation::Exp),
        4 => unary(Activation::Sigmoid),
        5 => unary(Activation::Softplus),
        6 => unary(Activation::Mish),
        7 => binary(BinaryOp::Add),
        8 => binary(BinaryOp::Mul),
        9 => binary(BinaryOp::Div),
        10 => binary(BinaryOp::Sub),
        11 => reduce(ReduceOp::Sum),
        12 => reduce(ReduceOp::Mean),
        13 => reduce(ReduceOp::Prod),
        14 => (Op::Softmax { axis: axis as i32 }, 1, dims.to_vec()),
        15 => (Op::Cumsum { axis: axis as i32, exclusive: false }, 1, dims.to_vec()),
        16 => (Op::GatedResidual, 3, dims.to_vec()),
        _ => (Op::Where, 3, dims.to_vec()),
    }
}

const POINTWISE: usize = 18;

proptest! {
    #![proptest_config(cases(128))]

    /// The op in f32 over the halves' values is the real number nearly; rounded once to the half it is the half's own result.
    #[test]
    fn halves_are_within_their_own_rounding_of_f32(
        dims in extents(1), pick in any::<prop::sample::Index>(), is_brain in any::<bool>(), seed in any::<u64>(), which in 0..POINTWISE,
    ) {
        let (half, axis) = (if is_brain { DType::BF16 } else { DType::F16 }, pick.index(dims.len()));
        let (op, count, result) = pointwise(which, &dims, axis);
        let halves: Vec<Tensor> = (0..count as u64).map(|i| Tensor::random(&dims, seed ^ i).to(half)).collect();
        let of = |dtype: DType| {
            let operands: Vec<Tensor> = halves.iter().map(|x| x.to(dtype)).collect();
            run_one(&one_op(op.clone(), &operands.iter().collect::<Vec<_>>(), Layout::Dense, &result, dtype))
        };
        let (got, wide) = (of(half), of(DType::F32));
        // Half of the last bit, and what f32 itself is off by; differences of sums keep the size of what was added.
        assert_within(&format!("{op:?} {dims:?} {half:?}"), &got, &wide.values, |_, w| {
            0.501 * epsilon(half) * w.abs() + 32.0 * epsilon(DType::F32)
        });
    }

    /// Products of halves too, whose sums are in f32.
    #[test]
    fn products_of_halves_are_within_their_own_rounding_of_f32(
        [m, k, n] in [1usize..6, 1usize..80, 1usize..6], is_brain in any::<bool>(), seed in any::<u64>(),
    ) {
        let half = if is_brain { DType::BF16 } else { DType::F16 };
        let (a, b) = (Tensor::random(&[m, k], seed).to(half), Tensor::random(&[k, n], !seed).to(half));
        let of = |dtype| run_one(&one_op(Op::MatMul, &[&a.to(dtype), &b.to(dtype)], Layout::Dense, &[m, n], dtype));
        let (got, wide) = (of(half), of(DType::F32));
        let sums = 4.0 * (k * k) as f64 * epsilon(DType::F32);
        assert_within("a product", &got, &wide.values, |_, w| 0.501 * epsilon(half) * w.abs() + 2.0 * sums);
    }

    /// Along any axis, of scores far apart and close together. Each is rounded once, so their sum is off by as much for each.
    #[test]
    fn softmax_rows_sum_to_one(
        dims in extents(1), pick in any::<prop::sample::Index>(), dtype in float(), seed in any::<u64>(),
        size in prop::sample::select(&[0.01, 1.0, 30.0, 1000.0][..]),
    ) {
        let (x, axis) = (Tensor::random(&dims, seed).map(|v| v * size).to(dtype), pick.index(dims.len()));
        let y = run_one(&one_op(Op::Softmax { axis: axis as i32 - dims.len() as i32 }, &[&x], Layout::Dense, &dims, dtype));
        let mut rows = dims.clone();
        rows[axis] = 1;
        for row in indices(&rows) {
            let mut at = row.clone();
            let mut sum = 0.0;
            for j in 0..dims[axis] {
                at[axis] = j;
                let value = y.at(&at);
                prop_assert!((0.0..=1.0).contains(&value), "{value}");
                sum += value;
            }
            prop_assert!((sum - 1.0).abs() <= 0.51 * epsilon(dtype) + dims[axis] as f64 * 4e-16, "{:?} {:?}: {sum}", dims, dtype);
        }
    }
}
