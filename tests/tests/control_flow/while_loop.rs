//! `While`.

use crate::{add, below, binary, body, compare, constant, f32s, like_cpu, mul, number, session};
use rlx_ir::op::{BinaryOp, CmpOp};
use rlx_ir::{DType, NodeId, Op, Shape};
use rlx_mlx_tests::compare::assert_same;
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::{run, run_one};
use rlx_mlx_tests::tensor::Tensor;

/// Doubles a sum while a counter from 0 is below `limit`; the node's value is `[counter, sum...]` by turns.
fn doubling(limit: f64, max_iterations: Option<usize>, counter_first: bool) -> Case {
    let mut case = Case::new();
    let counter = case.input(&Tensor::f32(&[1], [0.0]));
    let sum = case.input(&Tensor::f32(&[2, 2], [1.0, -0.5, 0.25, 3.0]));
    let (carried, inputs) = if counter_first {
        ([f32s(&[1]), f32s(&[2, 2])], [counter, sum])
    } else {
        ([f32s(&[2, 2]), f32s(&[1])], [sum, counter])
    };
    let at = usize::from(!counter_first);
    let cond = body(&carried, |g, v| {
        let limit = number(g, limit);
        vec![compare(g, CmpOp::Lt, v[at], limit)]
    });
    let step = body(&carried, |g, v| {
        let one = number(g, 1.0);
        let mut next = [add(g, v[0], v[0]), add(g, v[1], v[1])];
        next[at] = add(g, v[at], one);
        next.to_vec()
    });
    let dims: &[usize] = if counter_first { &[1] } else { &[2, 2] };
    let y = case.add(Op::While { cond, body: step, max_iterations }, &inputs, dims, DType::F32);
    case.outputs(&[y])
}

#[test]
fn it_runs_as_often_as_its_condition_and_its_limit_say() {
    for (limit, max, iterations) in [
        (0.0, None, 0),
        (0.0, Some(5), 0),
        (1.0, None, 1),
        (13.0, None, 13),
        (13.0, Some(100), 13),
        (13.0, Some(13), 13),
        (13.0, Some(4), 4),
        (13.0, Some(0), 0),
        (100.0, Some(1), 1),
    ] {
        let what = format!("below {limit}, at most {max:?}");
        let counter = like_cpu(&what, &doubling(limit, max, true));
        assert_same(&what, &counter[0], &[f64::from(iterations)]);
        let sum = like_cpu(&what, &doubling(limit, max, false));
        let want = [1.0, -0.5, 0.25, 3.0].map(|v: f64| v * 2f64.powi(iterations));
        assert_same(&what, &sum[0], &want);
    }
}

/// The greatest common divisor, by subtraction of the smaller from the larger: three carried values, a condition over
/// two of them, integers throughout.
#[test]
fn integers_are_carried_as_integers() {
    for dtype in [DType::I32, DType::I64, DType::U32] {
        for (a, b, want) in
            [(48.0, 36.0, 12.0), (17.0, 5.0, 1.0), (9.0, 9.0, 9.0), (16_777_217.0, 16_777_217.0 * 3.0, 16_777_217.0)]
        {
            let one = Shape::new(&[1], dtype);
            let carried = [one.clone(), one.clone(), one.clone()];
            // It reads the first two of the three carried values.
            let cond = body(&carried[..2], |g, v| vec![compare(g, CmpOp::Ne, v[0], v[1])]);
            let step = body(&carried, |g, v| {
                let larger = binary(g, BinaryOp::Max, v[0], v[1]);
                let smaller = binary(g, BinaryOp::Min, v[0], v[1]);
                let difference = binary(g, BinaryOp::Sub, larger, smaller);
                let one = constant(g, &Tensor::of(dtype, &[1], [1.0]));
                vec![difference, smaller, add(g, v[2], one)]
            });
            let mut case = Case::new();
            let inputs: Vec<NodeId> = [a, b, 0.0].map(|v| case.input(&Tensor::of(dtype, &[1], [v]))).to_vec();
            let y = case.add(Op::While { cond, body: step, max_iterations: None }, &inputs, &[1], dtype);
            let case = case.outputs(&[y]);
            assert_same(&format!("{dtype:?} {a} {b}"), &run_one(&case), &[want]);
            if dtype == DType::I32 && b < 1e6 {
                // Not against rlx-cpu, which computes 0 here.
                assert_eq!(session::run(&case), [[want]]);
            }
        }
    }
}

/// Newton's square root of a captured value, until it is close, with the value itself carried along unchanged.
#[test]
fn it_stops_when_the_condition_computed_from_its_values_fails() {
    for (a, max) in [(2.0, None), (1e6, None), (1e6, Some(3))] {
        let carried = [f32s(&[1]), f32s(&[1])];
        let cond = body(&carried, |g, v| {
            let square = mul(g, v[0], v[0]);
            let error = binary(g, BinaryOp::Sub, square, v[1]);
            let relative = binary(g, BinaryOp::Div, error, v[1]);
            let bound = number(g, 1e-5);
            vec![compare(g, CmpOp::Gt, relative, bound)]
        });
        let step = body(&carried, |g, v| {
            let quotient = binary(g, BinaryOp::Div, v[1], v[0]);
            let sum = add(g, v[0], quotient);
            let half = number(g, 0.5);
            vec![mul(g, sum, half), v[1]]
        });
        let mut case = Case::new();
        let value = case.input(&Tensor::f32(&[1], [a]));
        let y = case.add(Op::While { cond, body: step, max_iterations: max }, &[value, value], &[1], DType::F32);
        let got = like_cpu(&format!("sqrt {a}, {max:?}"), &case.outputs(&[y]));
        assert_eq!((got[0].values[0] - f64::sqrt(a)).abs() < 1e-3 * a.sqrt(), max.is_none());
    }
}

/// A condition of another dtype than Bool holds where it is not zero, and its value may be a carried one.
#[test]
fn a_condition_may_be_a_carried_value() {
    for dtype in [DType::Bool, DType::F32, DType::F16, DType::I32, DType::U8] {
        for on in [0.0, 1.0] {
            let carried = [f32s(&[2]), Shape::new(&[], dtype)];
            let cond = body(&carried, |_, v| vec![v[1]]);
            // Doubles once, then stops.
            let step = body(&carried, |g, v| {
                let off = constant(g, &Tensor::of(dtype, &[], [0.0]));
                vec![add(g, v[0], v[0]), off]
            });
            let mut case = Case::new();
            let x = case.input(&Tensor::f32(&[2], [1.0, -3.0]));
            let flag = case.input(&Tensor::of(dtype, &[], [on]));
            let y = case.add(Op::While { cond, body: step, max_iterations: None }, &[x, flag], &[2], DType::F32);
            let want = [1.0, -3.0].map(|v| v * (1.0 + on));
            assert_same(&format!("{dtype:?} {on}"), &run_one(&case.outputs(&[y])), &want);
        }
    }
}

/// As when RLX unrolls the loop.
#[test]
fn a_carried_value_keeps_its_dtype() {
    let carried = [Shape::new(&[1], DType::I32)];
    let cond = body(&carried, |g, v| {
        let limit = constant(g, &Tensor::of(DType::I32, &[1], [1000.0]));
        vec![compare(g, CmpOp::Lt, v[0], limit)]
    });
    let step = body(&carried, |g, v| {
        let x = g.add_node(Op::Cast { to: DType::F32 }, vec![v[0]], f32s(&[1]));
        let factor = number(g, 2.75);
        vec![mul(g, x, factor)]
    });
    let mut case = Case::new();
    let x = case.input(&Tensor::of(DType::I32, &[1], [3.0]));
    let y = case.add(Op::While { cond, body: step, max_iterations: None }, &[x], &[1], DType::I32);
    // 3, 8.25, 22, 60.5, 165, 453.75, 1245.75, rounded down at each turn.
    assert_same("times 2.75", &run_one(&case.outputs(&[y])), &[1245.0]);
}

/// Each iteration is evaluated, also what the condition does not depend on, so nothing grows with their number.
#[test]
fn a_loop_may_be_long() {
    let carried = [f32s(&[1]), f32s(&[4])];
    let step = body(&carried, |g, v| {
        let one = number(g, 1.0);
        let next = constant(g, &Tensor::f32(&[4], [1.0, 2.0, 3.0, 4.0]));
        vec![add(g, v[0], one), add(g, v[1], next)]
    });
    let mut case = Case::new();
    let zero = case.input(&Tensor::f32(&[1], [0.0]));
    let sum = case.input(&Tensor::f32(&[4], [0.0; 4]));
    let op = Op::While { cond: below(&carried, 3000.0), body: step, max_iterations: None };
    let y = case.add(op, &[zero, sum], &[1], DType::F32);
    assert_same("3000", &run(&case.outputs(&[y]))[0], &[3000.0]);
}
