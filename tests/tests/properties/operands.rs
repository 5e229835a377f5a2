//! Operands in another order, and in another layout.

use crate::{any_values, cases, extents, float, number, small};
use proptest::prelude::*;
use rlx_ir::op::{Activation, BinaryOp, ReduceOp};
use rlx_ir::{DType, Op};
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon};
use rlx_mlx_tests::graph::{Case, Layout, one_op};
use rlx_mlx_tests::plugin::{run, run_one};
use rlx_mlx_tests::tensor::Tensor;

/// The same extents, of which those that the mask names are 1, and the first few are left out.
fn broadcastable(dims: &[usize], mask: u8, left_out: usize) -> Vec<usize> {
    let masked = dims.iter().enumerate().map(|(axis, &extent)| if mask >> axis & 1 == 1 { 1 } else { extent });
    masked.skip(left_out % (dims.len() + 1)).collect()
}

proptest! {
    #![proptest_config(cases(96))]

    /// Bit for bit, of every dtype, where one of the two is repeated.
    #[test]
    fn ops_that_commute_do(
        dims in extents(0), mask in any::<u8>(), left_out in 0usize..5, dtype in number(), seed in any::<u64>(),
        which in 0usize..7,
    ) {
        let op = [BinaryOp::Add, BinaryOp::Mul, BinaryOp::Max, BinaryOp::Min, BinaryOp::BitAnd, BinaryOp::BitOr, BinaryOp::BitXor][which];
        // Bits are those of integers, which floats may carry.
        let of = if which < 4 { any_values } else { small };
        let (a, b) = (of(&dims, seed, dtype), of(&broadcastable(&dims, mask, left_out), !seed, dtype));
        let mut case = Case::new();
        let (x, y) = (case.input(&a), case.input(&b));
        let one = case.add(Op::Binary(op), &[x, y], &dims, dtype);
        let other = case.add(Op::Binary(op), &[y, x], &dims, dtype);
        let outputs = run(&case.outputs(&[one, other]));
        prop_assert_eq!(outputs[0].bytes(), outputs[1].bytes(), "{:?} of {:?} {:?}", op, dims, dtype);
    }

    /// `(a b)ᵀ = bᵀ aᵀ`, the transposes being views.
    #[test]
    fn a_transposed_product_is_that_of_the_transposes(
        [m, k, n] in [0usize..8, 0usize..8, 0usize..8], batch in 1usize..3, dtype in float(), seed in any::<u64>(),
    ) {
        let (a, b) = (Tensor::random(&[batch, m, k], seed).to(dtype), Tensor::random(&[batch, k, n], !seed).to(dtype));
        let mut case = Case::new();
        let (x, y) = (case.input(&a), case.input(&b));
        let turn = |case: &mut Case, node, dims: [usize; 3]| case.add(Op::Transpose { perm: vec![0, 2, 1] }, &[node], &dims, dtype);
        let one = case.add(Op::MatMul, &[x, y], &[batch, m, n], dtype);
        let one = turn(&mut case, one, [batch, n, m]);
        let (right, left) = (turn(&mut case, y, [batch, n, k]), turn(&mut case, x, [batch, k, m]));
        let other = case.add(Op::MatMul, &[right, left], &[batch, n, m], dtype);
        let outputs = run(&case.outputs(&[one, other]));
        // k products below 4 are added in another order, then rounded.
        let sums = 4.0 * (k * k) as f64 * epsilon(if dtype == DType::F64 { dtype } else { DType::F32 });
        assert_within("a product", &outputs[0], &outputs[1].values, |_, w| 2.0 * sums + epsilon(dtype) * w.abs());
    }

    /// A view has the values of a dense array.
    #[test]
    fn the_layout_of_an_operand_is_not_seen(
        dims in extents(1), dtype in float(), seed in any::<u64>(), which in 0usize..9, pick in any::<prop::sample::Index>(),
    ) {
        let (x, axis) = (Tensor::random(&dims, seed).to(dtype), pick.index(dims.len()));
        let mut reduced = dims.clone();
        reduced[axis] = 1;
        let reduce = |op| (Op::Reduce { op, axes: vec![axis], keep_dim: true }, reduced.clone());
        let (op, result) = match which {
            0 => (Op::Activation(Activation::Gelu), dims.clone()),
            1 => (Op::Softmax { axis: axis as i32 }, dims.clone()),
            2 => reduce(ReduceOp::Sum),
            3 => reduce(ReduceOp::Max),
            4 => reduce(ReduceOp::Prod),
            5 => (Op::Cumsum { axis: axis as i32, exclusive: false }, dims.clone()),
            6 => (Op::Sort { axis, descending: true }, dims.clone()),
            7 => (Op::Reverse { axes: vec![axis] }, dims.clone()),
            _ => (Op::Cast { to: dtype }, dims.clone()),
        };
        let of = |layout| run_one(&one_op(op.clone(), &[&x], layout, &result, dtype));
        let dense = of(Layout::Dense);
        for layout in [Layout::Transposed, Layout::Narrowed] {
            assert_same(&format!("{op:?} of {dims:?} {dtype:?}, {layout:?}"), &of(layout), &dense.values);
        }
    }

    /// Of any number of pieces, of every dtype, along any axis.
    #[test]
    fn a_concat_of_narrows_is_the_identity(
        dims in extents(0), dtype in number(), seed in any::<u64>(), axis in any::<prop::sample::Index>(),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..4),
    ) {
        let (x, axis) = (any_values(&dims, seed, dtype), axis.index(dims.len()));
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(dims[axis] + 1)).collect();
        cuts.extend([0, dims[axis]]);
        cuts.sort_unstable();
        let mut case = Case::new();
        let whole = case.operand(&x, Layout::Transposed);
        let parts: Vec<_> = cuts
            .windows(2)
            .map(|cut| {
                let mut part = dims.clone();
                part[axis] = cut[1] - cut[0];
                case.add(Op::Narrow { axis, start: cut[0], len: part[axis] }, &[whole], &part, dtype)
            })
            .collect();
        let joined = case.add(Op::Concat { axis }, &parts, &dims, dtype);
        prop_assert_eq!(run_one(&case.outputs(&[joined])).bytes(), x.bytes());
    }
}
