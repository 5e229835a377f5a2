//! Elementwise nodes that read one another: computed in one pass, they give what each gives for itself. Eager mode computes each
//! for itself, so `plugin::run` compares the two bit for bit; the values are those of the formula.

use rlx_ir::op::{Activation, BinaryOp, CmpOp};
use rlx_ir::{DType, NodeId, Op};
use rlx_mlx_tests::compare::{assert_same, assert_within};
use rlx_mlx_tests::graph::{Case, Layout};
use rlx_mlx_tests::plugin::{run, run_one};
use rlx_mlx_tests::tensor::{Tensor, indices};

fn f32_node(case: &mut Case, op: Op, inputs: &[NodeId], dims: &[usize]) -> NodeId {
    case.add(op, inputs, dims, DType::F32)
}

/// What `value` is at a place of an array of `dims`, to which it broadcasts.
fn repeated(value: &Tensor, dims: &[usize]) -> Vec<f64> {
    indices(dims).map(|index| value.broadcast_at(&index)).collect()
}

/// Small quarters, of which sums and products of a few are exact.
fn quarters(dims: &[usize], seed: u64) -> Tensor {
    Tensor::random(dims, seed).map(|v| (v * 16.0).round() / 4.0)
}

#[test]
fn a_chain_is_its_nodes_whatever_broadcasts() {
    let cases: [(&[usize], &[usize], &[usize]); 9] = [
        (&[], &[], &[]),
        (&[7], &[], &[1]),
        (&[3, 5], &[5], &[3, 1]),
        (&[3, 5], &[1, 5], &[3, 5]),
        (&[2, 3, 4], &[3, 1], &[2, 1, 4]),
        (&[2, 3, 4, 5], &[2, 1, 4, 1], &[5]),
        (&[2, 1, 3, 2, 1, 3], &[3, 1, 1, 3], &[2, 1, 1, 2, 1, 1]),
        (&[0, 4], &[4], &[1, 1]),
        (&[37, 1000], &[1000], &[37, 1]),
    ];
    for (dims, first, second) in cases {
        for layout in Layout::ALL {
            let [x, a, b] = [(dims, 1), (first, 2), (second, 3)].map(|(dims, seed)| quarters(dims, seed));
            let mut case = Case::new();
            let ids = [&x, &a, &b].map(|value| case.operand(value, layout));
            // ((x a - b) > 0 ? x a - b : b) clamped, times itself.
            let product = f32_node(&mut case, Op::Binary(BinaryOp::Mul), &[ids[0], ids[1]], dims);
            let rest = f32_node(&mut case, Op::Binary(BinaryOp::Sub), &[product, ids[2]], dims);
            let zero = case.input(&Tensor::f32(&[], [0.0]));
            let is_above = case.add(Op::Compare(CmpOp::Gt), &[rest, zero], dims, DType::Bool);
            let chosen = f32_node(&mut case, Op::Where, &[is_above, rest, ids[2]], dims);
            let within = f32_node(&mut case, Op::Clamp { min: -3.0, max: 5.0 }, &[chosen], dims);
            let square = f32_node(&mut case, Op::Binary(BinaryOp::Mul), &[within, within], dims);
            let got = run_one(&case.outputs(&[square]));
            let (a, b) = (repeated(&a, dims), repeated(&b, dims));
            let want: Vec<f64> = (x.values.iter().zip(&a).zip(&b))
                .map(|((x, a), b)| {
                    let rest = x * a - b;
                    (if rest > 0.0 { rest } else { *b }).clamp(-3.0, 5.0).powi(2)
                })
                .collect();
            assert_same(&format!("{dims:?} {first:?} {second:?} {layout:?}"), &got, &want);
        }
    }
}

#[test]
fn every_activation_is_the_same_within_a_chain() {
    for kind in Activation::ALL {
        let x = Tensor::f32(
            &[6, 70],
            indices(&[6, 70]).map(|at| (at[0] * 70 + at[1]) as f64 / 41.0 + 0.25).collect::<Vec<_>>(),
        );
        let mut case = Case::new();
        let input = case.input(&x);
        let half = case.input(&Tensor::f32(&[], [0.5]));
        let scaled = f32_node(&mut case, Op::Binary(BinaryOp::Mul), &[input, half], &[6, 70]);
        let mapped = f32_node(&mut case, Op::Activation(kind), &[scaled], &[6, 70]);
        let sum = f32_node(&mut case, Op::Binary(BinaryOp::Add), &[mapped, input], &[6, 70]);
        let alone = f32_node(&mut case, Op::Activation(kind), &[scaled], &[6, 70]);
        let outputs = run(&case.outputs(&[sum, alone]));
        let want: Vec<f64> = outputs[1].values.iter().zip(&x.values).map(|(y, x)| f64::from((y + x) as f32)).collect();
        assert_same(&format!("{kind:?}"), &outputs[0], &want);
    }
}

#[test]
fn expanded_operands_are_read_where_they_are() {
    let (dims, x, row, column) = ([5, 300], quarters(&[5, 300], 1), quarters(&[300], 2), quarters(&[5, 1], 3));
    let mut case = Case::new();
    let ids = [&x, &row, &column].map(|value| case.input(value));
    let expand = |case: &mut Case, id| {
        f32_node(case, Op::Expand { target_shape: dims.map(|extent| extent as i64).to_vec() }, &[id], &dims)
    };
    let rows = expand(&mut case, ids[1]);
    let columns = expand(&mut case, ids[2]);
    let sum = f32_node(&mut case, Op::Binary(BinaryOp::Add), &[rows, columns], &dims);
    let product = f32_node(&mut case, Op::Binary(BinaryOp::Mul), &[ids[0], columns], &dims);
    // The expanded row is an output as well.
    let outputs = run(&case.outputs(&[sum, product, rows]));
    let (row, column) = (repeated(&row, &dims), repeated(&column, &dims));
    let want =
        |f: fn(f64, f64) -> f64, a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| f(*a, *b)).collect::<Vec<_>>();
    assert_same("sum", &outputs[0], &want(|a, b| a + b, &row, &column));
    assert_same("product", &outputs[1], &want(|a, b| a * b, &x.values, &column));
    assert_same("row", &outputs[2], &row);
}

/// What a chain reads is there at its end, whoever else has read it by then, and what others read inside of it is a value of its
/// own.
#[test]
fn values_that_others_read_in_between_are_there() {
    let dims = [40, 8];
    let (x, w, other) = (quarters(&dims, 1), quarters(&[8, 8], 2), quarters(&dims, 3));
    let mut case = Case::new();
    let [x_id, w_id, other_id] = [&x, &w, &other].map(|value| case.input(value));
    let twice = f32_node(&mut case, Op::Binary(BinaryOp::Add), &[other_id, other_id], &dims);
    // A product's chain, and a group: both read `twice`, which a node between them and their ends reads last.
    let product = f32_node(&mut case, Op::MatMul, &[x_id, w_id], &dims);
    let sum = f32_node(&mut case, Op::Binary(BinaryOp::Add), &[product, twice], &dims);
    let rest = f32_node(&mut case, Op::Binary(BinaryOp::Sub), &[x_id, twice], &dims);
    let turned = f32_node(&mut case, Op::Reverse { axes: vec![0] }, &[twice], &dims);
    let positive = f32_node(&mut case, Op::Activation(Activation::Relu), &[sum], &dims);
    let magnitude = f32_node(&mut case, Op::Activation(Activation::Abs), &[rest], &dims);
    let outputs = run(&case.outputs(&[positive, magnitude, turned]));
    let twice = other.map(|v| 2.0 * v);
    let product = |row: usize, column: usize| (0..8).map(|p| x.at(&[row, p]) * w.at(&[p, column])).sum::<f64>();
    let sums = indices(&dims).map(|at| (product(at[0], at[1]) + twice.at(&at)).max(0.0)).collect::<Vec<_>>();
    assert_same("product", &outputs[0], &sums);
    assert_same(
        "group",
        &outputs[1],
        &x.values.iter().zip(&twice.values).map(|(a, b)| (a - b).abs()).collect::<Vec<_>>(),
    );
    assert_same("reversed", &outputs[2], &indices(&dims).map(|at| twice.at(&[39 - at[0], at[1]])).collect::<Vec<_>>());
}

#[test]
fn numbers_of_no_value_go_through_chains() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let a = Tensor::f32(&[9], [nan, 1.0, nan, -0.0, 0.0, inf, -inf, inf, 3.0]);
    let b = Tensor::f32(&[9], [1.0, nan, nan, 0.0, -0.0, -inf, inf, inf, 3.0]);
    for (op, want) in [
        (BinaryOp::Max, [nan, nan, nan, 0.0, 0.0, inf, inf, inf, 3.0]),
        (BinaryOp::Min, [nan, nan, nan, 0.0, 0.0, -inf, -inf, inf, 3.0]),
        (BinaryOp::Add, [nan, nan, nan, 0.0, 0.0, nan, nan, inf, 6.0]),
        (BinaryOp::Div, [nan, nan, nan, nan, nan, nan, nan, nan, 1.0]),
    ] {
        let mut case = Case::new();
        let ids = [&a, &b].map(|value| case.input(value));
        let value = f32_node(&mut case, Op::Binary(op), &ids, &[9]);
        let back = f32_node(&mut case, Op::Activation(Activation::Neg), &[value], &[9]);
        let flags = case.add(Op::Compare(CmpOp::Ne), &[back, back], &[9], DType::Bool);
        let count = f32_node(&mut case, Op::Cast { to: DType::F32 }, &[flags], &[9]);
        let outputs = run(&case.outputs(&[back, count]));
        assert_within(&format!("{op:?}"), &outputs[0], &want.map(|v: f64| -v), |_, _| 0.0);
        assert_same("NaN", &outputs[1], &want.map(|v| f64::from(u8::from(v.is_nan()))));
    }
}
