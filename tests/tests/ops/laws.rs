//! Laws that hold for any shape and data, over random ones.

use proptest::prelude::*;
use rlx_ir::op::{Activation, BinaryOp};
use rlx_ir::{DType, NodeId, Op};
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon};
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::{run, run_one};
use rlx_mlx_tests::tensor::Tensor;

/// A tensor of rank 1 to 4 with extents from 0.
fn tensor() -> impl Strategy<Value = Tensor> {
    (prop::collection::vec(0usize..6, 1..5), any::<u64>()).prop_map(|(dims, seed)| Tensor::random(&dims, seed))
}

fn few() -> ProptestConfig {
    // Each case runs in three modes. Failures are printed whole, so no file of seeds is kept.
    ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(few())]

    #[test]
    fn a_transpose_and_its_inverse_are_the_identity(x in tensor(), shuffle in any::<prop::sample::Index>()) {
        let rank = x.dims.len();
        // Some rotation, then a swap of the first two axes: reaches permutations that are not their own inverse.
        let mut perm: Vec<usize> = (0..rank).map(|i| (i + shuffle.index(rank)) % rank).collect();
        if rank > 2 {
            perm.swap(0, 1);
        }
        let mut inverse = vec![0; rank];
        for (i, &p) in perm.iter().enumerate() {
            inverse[p] = i;
        }
        let turned: Vec<usize> = perm.iter().map(|&p| x.dims[p]).collect();
        let mut case = Case::new();
        let node = case.input(&x);
        let node = case.add(Op::Transpose { perm }, &[node], &turned, DType::F32);
        let node = case.add(Op::Transpose { perm: inverse }, &[node], &x.dims, DType::F32);
        assert_same("transposed twice", &run_one(&case.outputs(&[node])), &x.values);
    }

    #[test]
    fn a_reverse_is_its_own_inverse(x in tensor(), mask in any::<u8>()) {
        let axes: Vec<usize> = (0..x.dims.len()).filter(|i| mask >> i & 1 == 1).collect();
        let mut case = Case::new();
        let mut node = case.input(&x);
        for _ in 0..2 {
            node = case.add(Op::Reverse { axes: axes.clone() }, &[node], &x.dims, DType::F32);
        }
        assert_same("reversed twice", &run_one(&case.outputs(&[node])), &x.values);
    }

    #[test]
    fn the_concat_of_its_narrows_is_the_tensor(x in tensor(), axis in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>()) {
        let axis = axis.index(x.dims.len());
        let cut = cut.index(x.dims[axis] + 1);
        let mut case = Case::new();
        let whole = case.input(&x);
        let mut piece = |start: usize, len: usize| {
            let mut dims = x.dims.clone();
            dims[axis] = len;
            case.add(Op::Narrow { axis, start, len }, &[whole], &dims, DType::F32)
        };
        let parts = [piece(0, cut), piece(cut, x.dims[axis] - cut)];
        let joined = case.add(Op::Concat { axis }, &parts, &x.dims, DType::F32);
        assert_same("cut and joined", &run_one(&case.outputs(&[joined])), &x.values);
    }

    #[test]
    fn gathering_every_row_in_order_is_the_identity(x in tensor(), axis in any::<prop::sample::Index>()) {
        let axis = axis.index(x.dims.len());
        let rows = x.dims[axis];
        let order = Tensor::f32(&[rows], (0..rows).map(|i| i as f64).collect::<Vec<_>>());
        let mut case = Case::new();
        let (table, order) = (case.input(&x), case.input(&order));
        let node = case.add(Op::Gather { axis }, &[table, order], &x.dims, DType::F32);
        assert_same("every row", &run_one(&case.outputs(&[node])), &x.values);
    }

    #[test]
    fn softmax_rows_sum_to_one_and_ignore_a_shift(rows in 1usize..5, n in 1usize..40, seed in any::<u64>(), shift in -8i8..8) {
        let x = Tensor::random(&[rows, n], seed).map(|v| v * 4.0);
        let mut case = Case::new();
        let input = case.input(&x);
        let by = case.input(&Tensor::f32(&[1], [shift.into()]));
        let moved = case.add(Op::Binary(BinaryOp::Add), &[input, by], &x.dims, DType::F32);
        let plain = case.add(Op::Softmax { axis: -1 }, &[input], &x.dims, DType::F32);
        let shifted = case.add(Op::Softmax { axis: -1 }, &[moved], &x.dims, DType::F32);
        let outputs = run(&case.outputs(&[plain, shifted]));
        for row in outputs[0].values.chunks(n) {
            let sum: f64 = row.iter().sum();
            prop_assert!((sum - 1.0).abs() <= (n + 8) as f64 * epsilon(DType::F32), "a row sums to {sum}");
        }
        // The shifted scores, up to 16, are rounded, which moves each weight by as much, relatively.
        assert_within("shifted", &outputs[1], &outputs[0].values, |_, w| w * (2.0 * 16.0 + n as f64) * epsilon(DType::F32));
    }

    #[test]
    fn a_cast_to_a_wider_type_and_back_loses_nothing(x in tensor(), pair in 0usize..6) {
        let (narrow, wide) = [
            (DType::F16, DType::F32),
            (DType::BF16, DType::F32),
            (DType::F32, DType::F64),
            (DType::I8, DType::F16),
            (DType::I32, DType::I64),
            (DType::U8, DType::F32),
        ][pair];
        let x = x.map(|v| (v * 31.0).abs()).to(narrow);
        let mut case = Case::new();
        let node = case.input(&x);
        let node = case.add(Op::Cast { to: wide }, &[node], &x.dims, wide);
        let node = case.add(Op::Cast { to: narrow }, &[node], &x.dims, narrow);
        assert_same("there and back", &run_one(&case.outputs(&[node])), &x.values);
    }

    /// `run` compares the modes bit for bit; common subexpressions and dead nodes arise by chance.
    #[test]
    fn modes_agree_on_random_graphs(
        steps in prop::collection::vec((0usize..12, any::<prop::sample::Index>(), any::<prop::sample::Index>()), 1..24),
        seed in any::<u64>(),
    ) {
        let mut case = Case::new();
        let shapes: [&[usize]; 3] = [&[3, 4], &[1, 4], &[3, 1]];
        let mut nodes: Vec<NodeId> = (0..3).map(|i| case.input(&Tensor::random(shapes[i], seed ^ i as u64))).collect();
        let first = case.add(Op::Expand { target_shape: vec![3, 4] }, &[nodes[1]], &[3, 4], DType::F32);
        nodes.push(first);
        let mut results = vec![first];
        for (kind, a, b) in steps {
            let (a, b) = (nodes[a.index(nodes.len())], results[b.index(results.len())]);
            let (op, operands) = match kind {
                0 => (Op::Binary(BinaryOp::Add), vec![a, b]),
                1 => (Op::Binary(BinaryOp::Sub), vec![a, b]),
                2 => (Op::Binary(BinaryOp::Mul), vec![a, b]),
                3 => (Op::Binary(BinaryOp::Div), vec![a, b]),
                4 => (Op::Binary(BinaryOp::Max), vec![a, b]),
                5 => (Op::Activation(Activation::Tanh), vec![b]),
                6 => (Op::Activation(Activation::Gelu), vec![b]),
                7 => (Op::Activation(Activation::Neg), vec![b]),
                8 => (Op::Activation(Activation::Exp), vec![b]),
                9 => (Op::Reverse { axes: vec![1] }, vec![b]),
                10 => (Op::Clamp { min: -1.0, max: 1.0 }, vec![b]),
                _ => (Op::Softmax { axis: 0 }, vec![b]),
            };
            let node = case.add(op, &operands, &[3, 4], DType::F32);
            nodes.push(node);
            results.push(node);
        }
        let last = results[results.len() - 1];
        // The last value twice, and one that others read: outputs may repeat and may be inner nodes.
        let outputs = run(&case.outputs(&[last, results[results.len() / 2], last]));
        assert_same("a repeated output", &outputs[2], &outputs[0].values);
    }
}
