//! Control flow inside control flow, and several of it in one graph.

use crate::{add, below, binary, body, compare, f32s, like_cpu, mul, number};
use rlx_ir::op::{BinaryOp, CmpOp};
use rlx_ir::{DType, Graph, NodeId, Op};
use rlx_mlx_tests::compare::assert_same;
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::run;
use rlx_mlx_tests::tensor::Tensor;

/// Steps of the Collatz sequence: a loop whose body branches, and whose condition is computed.
#[test]
fn a_branch_in_a_loop() {
    for (start, steps) in [(1.0, 0.0), (6.0, 8.0), (27.0, 111.0)] {
        let one = f32s(&[1]);
        let carried = [one.clone(), one.clone()];
        let cond = body(&carried, |g, v| {
            let end = number(g, 1.0);
            vec![compare(g, CmpOp::Ne, v[1], end)]
        });
        let step = body(&carried, |g, v| {
            let (two, three, plus) = (number(g, 2.0), number(g, 3.0), number(g, 1.0));
            let half = binary(g, BinaryOp::Div, v[1], two);
            let whole = g.add_node(Op::Cast { to: DType::I32 }, vec![half], rlx_ir::Shape::new(&[1], DType::I32));
            let whole = g.add_node(Op::Cast { to: DType::F32 }, vec![whole], one.clone());
            let is_odd = compare(g, CmpOp::Ne, whole, half);
            let op = Op::If {
                then_branch: body(&carried, |g, v| {
                    let (three, one) = (number(g, 3.0), number(g, 1.0));
                    let tripled = mul(g, v[0], three);
                    vec![add(g, tripled, one)]
                }),
                else_branch: body(&carried, |_, v| vec![v[1]]),
            };
            let next = g.add_node(op, vec![is_odd, v[1], half], one.clone());
            // Computed before the branch, used after it.
            let rest = binary(g, BinaryOp::Sub, three, two);
            let count = mul(g, plus, rest);
            vec![add(g, v[0], count), next]
        });
        let mut case = Case::new();
        let count = case.input(&Tensor::f32(&[1], [0.0]));
        let value = case.input(&Tensor::f32(&[1], [start]));
        let y = case.add(Op::While { cond, body: step, max_iterations: None }, &[count, value], &[1], DType::F32);
        assert_same(&format!("{start}"), &run(&case.outputs(&[y]))[0], &[steps]);
    }
}

/// `carry + row`, doubled until it is at least 10, for each row.
fn doubling_scan(graph: &mut Graph, inputs: &[NodeId], length: u32) -> NodeId {
    let one = f32s(&[1]);
    let step = body(&[&one, &one], |g, v| {
        let sum = add(g, v[0], v[1]);
        let doubled = body(&[&one], |g, v| vec![add(g, v[0], v[0])]);
        let op = Op::While { cond: below(&[&one], 10.0), body: doubled, max_iterations: Some(20) };
        let large = g.add_node(op, vec![sum], one.clone());
        let tenth = number(g, 0.1);
        vec![mul(g, large, tenth)]
    });
    graph.scan_with_xs(inputs[0], &inputs[1..], *step, length)
}

#[test]
fn a_loop_in_a_scan() {
    for length in [3, 400] {
        let mut case = Case::new();
        let init = case.input(&Tensor::f32(&[1], [0.5]));
        let xs = case.input(&Tensor::random(&[length, 1], 5).map(|v| v.abs() + 0.1));
        let y = doubling_scan(&mut case.graph, &[init, xs], length as u32);
        let got = case.outputs(&[y]);
        // Rounding differs between the machines, and a sum next to 10 would be doubled once more on one of them.
        assert_same("itself", &run(&got)[0], &expected(&got, length));
    }
}

/// The same in f32.
fn expected(case: &Case, length: usize) -> Vec<f64> {
    let mut carry = case.inputs[0].values[0] as f32;
    for row in 0..length {
        carry += case.inputs[1].values[row] as f32;
        while carry < 10.0 {
            carry += carry;
        }
        carry *= 0.1;
    }
    vec![carry.into()]
}

/// Two loops that do not depend on each other, computations between and behind them, and outputs of every origin.
#[test]
fn several_in_one_graph() {
    let shape = f32s(&[2]);
    let one = f32s(&[1]);
    let mut case = Case::new();
    let x = case.input(&Tensor::f32(&[2], [0.5, -0.25]));
    let y = case.input(&Tensor::f32(&[2], [1.5, 2.5]));
    let zero = case.input(&Tensor::f32(&[1], [0.0]));
    let early = mul(&mut case.graph, x, y);
    let grow = body(&[&shape, &shape], |g, v| vec![add(g, v[0], v[1])]);
    let first = case.graph.scan_with_bcasts_and_xs(x, &[early], &[], *grow.clone(), 5);
    let second = case.graph.scan_with_bcasts_and_xs(y, &[x], &[], *grow, 300);
    let carried = [one.clone(), shape.clone()];
    let step = body(&carried, |g, v| {
        let one = number(g, 1.0);
        vec![add(g, v[0], one), mul(g, v[1], v[1])]
    });
    let count = case.add(
        Op::While { cond: below(&carried, 3.0), body: step, max_iterations: None },
        &[zero, first],
        &[1],
        DType::F32,
    );
    let joined = add(&mut case.graph, first, second);
    let late = add(&mut case.graph, joined, early);
    let scaled = mul(&mut case.graph, late, count);
    let branch = Op::If {
        then_branch: body(&[&shape, &shape], |g, v| vec![binary(g, BinaryOp::Sub, v[0], v[1])]),
        else_branch: body(&[&shape, &shape], |_, v| vec![v[0]]),
    };
    let end = case.add(branch, &[count, scaled, x], &[2], DType::F32);
    like_cpu("several", &case.outputs(&[end, x, first, early, late, count, first]));
}
