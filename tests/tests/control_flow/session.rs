//! The same graphs through `Session` on `Device::Mlx`, where the runtime's passes come first.

use crate::{add, below, binary, body, f32s, number};
use rlx_host_api::runtime::{prepare, register};
use rlx_host_api::{BackendOptions, CompileOptions, DeviceKind};
use rlx_ir::op::BinaryOp;
use rlx_ir::{DType, Graph, Op, OpKind, Shape};
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::backend;
use rlx_mlx_tests::tensor::Tensor;
use rlx_runtime::{Device, PrecisionPolicy, Session};
use std::sync::Once;

fn mlx() -> Session {
    static REGISTER: Once = Once::new();
    REGISTER.call_once(|| {
        let options = BackendOptions::new().device(DeviceKind::Cpu);
        register(backend().plugin(), &options, &CompileOptions::new()).unwrap();
    });
    Session::new(Device::Mlx)
}

/// The outputs of an f32 case.
pub(crate) fn run(case: &Case) -> Vec<Vec<f64>> {
    let mut compiled = mlx().compile(case.graph.clone());
    let names: Vec<String> = (0..case.inputs.len()).map(|i| format!("x{i}")).collect();
    let data: Vec<Vec<f32>> = case.inputs.iter().map(|t| t.values.iter().map(|&v| v as f32).collect()).collect();
    let inputs: Vec<(&str, &[f32])> = names.iter().map(String::as_str).zip(data.iter().map(Vec::as_slice)).collect();
    compiled.run(&inputs).into_iter().map(|values| values.into_iter().map(f64::from).collect()).collect()
}

fn kinds(graph: Graph) -> Vec<OpKind> {
    let prepared = prepare(backend().plugin(), graph, &rlx_runtime::CompileOptions::baseline()).unwrap();
    rlx_ir::rlxmodel::from_text(&prepared.program).unwrap().nodes().iter().map(|n| n.op.kind()).collect()
}

/// The runtime unrolls a scan as long as its option says, 64 steps by default, and leaves the rest to the plugin.
#[test]
fn loops_reach_the_plugin_as_loops() {
    let mut case = Case::new();
    let x = case.input(&Tensor::f32(&[1], [1.5]));
    let double = |carry: &[Shape]| body(carry, |g, v| vec![add(g, v[0], v[0])]);
    let op = Op::While { cond: below(&[f32s(&[1])], 100.0), body: double(&[f32s(&[1])]), max_iterations: None };
    let y = case.add(op, &[x], &[1], DType::F32);
    let y = case.graph.scan(y, *double(&[f32s(&[1])]), 65);
    let graph = case.outputs(&[y]).graph;
    let kinds = kinds(graph);
    assert!(kinds.contains(&OpKind::While) && kinds.contains(&OpKind::Scan), "{kinds:?}");
}

/// The runtime's passes do not enter nested graphs; the adapter rewrites there what the plugin lacks.
#[test]
fn an_op_that_the_plugin_lacks_is_rewritten_inside_a_loop() {
    let carry = f32s(&[3]);
    let constant = |g: &mut Graph, dims: &[usize], values: &[f32]| {
        g.add_node(Op::Constant { data: values.iter().flat_map(|v| v.to_le_bytes()).collect() }, vec![], f32s(dims))
    };
    // relu(w x + b) moves the carry up by one, halves it, and puts a 1 in front.
    let shift = body(&[&carry], |g, v| {
        let row = f32s(&[1, 1, 3]);
        let x = g.add_node(Op::Reshape { new_shape: vec![1, 1, 3] }, vec![v[0]], row.clone());
        let w = constant(g, &[3, 3], &[0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.5, 0.0]);
        let u = constant(g, &[3, 3], &[0.0; 9]);
        let b = constant(g, &[3], &[1.0, 0.0, 0.0]);
        let op = Op::Rnn { hidden_size: 3, num_layers: 1, bidirectional: false, carry: false, relu: true };
        let y = g.add_node(op, vec![x, w, u, b], row);
        vec![g.add_node(Op::Reshape { new_shape: vec![3] }, vec![y], carry.clone())]
    });
    let mut case = Case::new();
    let x = case.input(&Tensor::f32(&[3], [1.0, -2.0, 4.0]));
    let y = case.graph.scan(x, *shift, 2000);
    let case = case.outputs(&[y]);
    assert_eq!(run(&case), [[1.0, 0.5, 0.25]]);
    assert!(!kinds(case.graph).contains(&OpKind::Rnn));
}

/// A policy changes the dtypes around a loop, which the passes do not enter; the loop itself stays as it is declared.
#[test]
fn a_precision_policy_stops_at_a_loop() {
    let mut case = Case::new();
    let x = case.input(&Tensor::f32(&[1], [1.0]));
    let pi = number(&mut case.graph, 3.125);
    let start = binary(&mut case.graph, BinaryOp::Mul, x, pi);
    let shape = f32s(&[1]);
    let step = || {
        body(&[&shape], |g, v| {
            let little = number(g, 0.0001);
            vec![add(g, v[0], little)]
        })
    };
    let op = Op::While { cond: below(&[&shape], 3.2), body: step(), max_iterations: Some(500) };
    let y = case.add(op, &[start], &[1], DType::F32);
    let z = case.graph.scan(y, *step(), 500);
    let op = Op::If { then_branch: step(), else_branch: step() };
    let y = case.add(op, &[x, z], &[1], DType::F32);
    let case = case.outputs(&[y]);
    for policy in [PrecisionPolicy::AlwaysF16, PrecisionPolicy::AutoMixed, PrecisionPolicy::AutoMixedBf16] {
        let mut compiled = mlx().with_policy(policy.clone()).compile(case.graph.clone());
        let got = compiled.run(&[("x0", &[1.0])])[0][0];
        // Steps of 0.0001 are lost in halves of this size, and only the last result is rounded to one.
        assert!((got - 3.2251).abs() < 0.01, "{policy:?}: {got}");
    }
}
