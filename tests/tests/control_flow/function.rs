//! `CustomFn`.

use crate::{add, below, body, f32s, like_cpu, mul, number};
use rlx_ir::op::Activation;
use rlx_ir::{DType, Op};
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::tensor::Tensor;

/// Its forward body is what it computes; its derivatives, which here need an op that no backend has to have, are not
/// looked at.
#[test]
fn a_function_is_its_forward_body() {
    let shape = f32s(&[2, 3]);
    let forward = body(&[&shape, &shape], |g, v| {
        let product = mul(g, v[0], v[1]);
        let half = number(g, 0.5);
        let scaled = mul(g, product, half);
        vec![g.activation(Activation::Tanh, scaled, shape.clone())]
    });
    let derivative = body(&[&shape, &shape], |g, v| {
        let backward = g.add_node(Op::ReluBackward, vec![v[0], v[1]], shape.clone());
        vec![backward, backward]
    });
    let mut case = Case::new();
    let a = case.input(&Tensor::random(&[2, 3], 1));
    let b = case.input(&Tensor::random(&[2, 3], 2));
    let f = Op::CustomFn { fwd_body: forward, vjp_body: Some(derivative), jvp_body: None, num_inputs: 2 };
    let y = case.add(f.clone(), &[a, b], &[2, 3], DType::F32);
    let z = case.add(f, &[y, a], &[2, 3], DType::F32);
    let sum = add(&mut case.graph, z, b);
    like_cpu("twice", &case.outputs(&[sum, y]));
}

/// Functions in functions, and a loop inside one.
#[test]
fn functions_nest_and_may_loop() {
    let shape = f32s(&[1]);
    let function = |forward, num_inputs| Op::CustomFn { fwd_body: forward, vjp_body: None, jvp_body: None, num_inputs };
    let double = || function(body(&[&shape], |g, v| vec![add(g, v[0], v[0])]), 1);
    let quadruple = || {
        let forward = body(&[&shape], |g, v| {
            let twice = g.add_node(double(), vec![v[0]], shape.clone());
            vec![g.add_node(double(), vec![twice], shape.clone())]
        });
        function(forward, 1)
    };
    let looping = body(&[&shape, &shape], |g, v| {
        let step = body(&[&shape], |g, v| vec![g.add_node(quadruple(), vec![v[0]], shape.clone())]);
        let op = Op::While { cond: below(&[&shape], 50.0), body: step, max_iterations: Some(8) };
        let y = g.add_node(op, vec![v[0]], shape.clone());
        vec![add(g, y, v[1])]
    });
    let mut case = Case::new();
    let a = case.input(&Tensor::f32(&[1], [1.5]));
    let b = case.input(&Tensor::f32(&[1], [0.25]));
    let y = case.add(quadruple(), &[a], &[1], DType::F32);
    let z = case.add(function(looping, 2), &[a, b], &[1], DType::F32);
    let got = like_cpu("nested", &case.outputs(&[y, z]));
    assert_eq!((got[0].values[0], got[1].values[0]), (6.0, 96.25));
}
