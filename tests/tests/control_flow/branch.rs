//! `If`.

use crate::{add, body, f32s, like_cpu, mul, number};
use rlx_ir::op::{Activation, BinaryOp};
use rlx_ir::{DType, Graph, NodeId, Op, Shape};
use rlx_mlx_tests::compare::assert_same;
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::{compile, input_bytes, run_one};
use rlx_mlx_tests::tensor::Tensor;

/// `a + b` or `a * b`.
fn sum_or_product(dims: &[usize]) -> Op {
    let captures = [f32s(dims), f32s(dims)];
    Op::If {
        then_branch: body(&captures, |g, v| vec![add(g, v[0], v[1])]),
        else_branch: body(&captures, |g, v| vec![mul(g, v[0], v[1])]),
    }
}

fn choice(predicate: &Tensor) -> Case {
    let mut case = Case::new();
    let p = case.input(predicate);
    let a = case.input(&Tensor::f32(&[3], [1.0, 2.0, 3.0]));
    let b = case.input(&Tensor::f32(&[3], [4.0, 5.0, 6.0]));
    let y = case.add(sum_or_product(&[3]), &[p, a, b], &[3], DType::F32);
    case.outputs(&[y])
}

#[test]
fn a_predicate_of_any_dtype_picks_a_branch() {
    let (sum, product) = ([5.0, 7.0, 9.0], [4.0, 10.0, 18.0]);
    let dtypes = [DType::Bool, DType::F32, DType::F16, DType::I32, DType::I64, DType::U8];
    for (dtype, dims) in dtypes.iter().flat_map(|&dtype| [(dtype, &[][..]), (dtype, &[1]), (dtype, &[1, 1])]) {
        for (value, want) in [(0.0, product), (1.0, sum)] {
            let what = format!("{value} of {dtype:?} {dims:?}");
            assert_same(&what, &run_one(&choice(&Tensor::of(dtype, dims, [value]))), &want);
        }
    }
    for (value, want) in [(-0.0, product), (0.25, sum), (-3.0, sum), (f64::NAN, sum), (f64::INFINITY, sum)] {
        assert_same(&format!("{value}"), &run_one(&choice(&Tensor::f32(&[1], [value]))), &want);
    }
    for value in [0.0, 1.0] {
        like_cpu(&format!("{value}"), &choice(&Tensor::f32(&[1], [value])));
    }
}

/// As RLX's own passes have it, which make a `Where` of both branches.
#[test]
fn a_predicate_of_several_elements_picks_each_element() {
    for (dims, values) in [(&[3][..], vec![1.0, 0.0, 1.0]), (&[2, 3], vec![1.0, 0.0, 0.0, 0.0, 1.0, 1.0])] {
        let mut case = Case::new();
        let p = case.input(&Tensor::f32(dims, values));
        let a = case.input(&Tensor::random(&[2, 3], 1));
        let b = case.input(&Tensor::random(&[2, 3], 2));
        let y = case.add(sum_or_product(&[2, 3]), &[p, a, b], &[2, 3], DType::F32);
        like_cpu(&format!("{dims:?}"), &case.outputs(&[y]));
    }
}

/// In eager mode each node of the branch counts as an evaluation.
#[test]
fn only_the_branch_that_is_taken_is_run() {
    let x = f32s(&[2]);
    let chain = |length: usize| {
        body(&[&x], |g, v| vec![(0..length).fold(v[0], |y, _| g.activation(Activation::Tanh, y, x.clone()))])
    };
    let mut case = Case::new();
    let p = case.input(&Tensor::f32(&[1], [0.0]));
    let a = case.input(&Tensor::f32(&[2], [0.5, -0.5]));
    let y = case.add(Op::If { then_branch: chain(12), else_branch: chain(2) }, &[p, a], &[2], DType::F32);
    let case = case.outputs(&[y]);
    let mut executable = compile(&case, "eager").unwrap();
    let mut cost = |predicate: f64| {
        let mut inputs = input_bytes(&case, &executable);
        inputs[0] = Tensor::f32(&[1], [predicate]).bytes();
        let before = executable.counters().unwrap().evaluations;
        executable.run_to_vec(&inputs.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
        executable.counters().unwrap().evaluations - before
    };
    assert_eq!(cost(1.0) - cost(0.0), 10);
}

/// A branch that is one of its captures, captures that a branch does not read, a constant, a predicate that is computed,
/// and outputs that are the same value.
#[test]
fn branches_of_every_form() {
    let x = f32s(&[2, 2]);
    let captures = [x.clone(), x.clone(), x.clone()];
    type Build = fn(&mut Graph, &[NodeId]) -> Vec<NodeId>;
    let forms: [(&str, Build); 4] = [
        ("a capture", |_, v| vec![v[2]]),
        ("the first capture, read twice", |g, v| vec![mul(g, v[0], v[0])]),
        ("all captures", |g, v| {
            let sum = add(g, v[0], v[1]);
            vec![add(g, sum, v[2])]
        }),
        ("a constant", |g, _| vec![crate::constant(g, &Tensor::f32(&[2, 2], [1.0, 2.0, 3.0, 4.0]))]),
    ];
    for (then_name, then) in forms {
        for (else_name, otherwise) in forms {
            for seed in [3, 4] {
                let mut case = Case::new();
                let inputs: Vec<NodeId> = (0..3).map(|i| case.input(&Tensor::random(&[2, 2], seed + i))).collect();
                let first = case.add(Op::Narrow { axis: 0, start: 0, len: 1 }, &[inputs[0]], &[1, 2], DType::F32);
                let first = case.add(Op::Narrow { axis: 1, start: 1, len: 1 }, &[first], &[1, 1], DType::F32);
                let zero = number(&mut case.graph, 0.0);
                let p = case.graph.binary(BinaryOp::Max, first, zero, f32s(&[1, 1]));
                let op = Op::If { then_branch: body(&captures, then), else_branch: body(&captures, otherwise) };
                let y = case.add(op, &[p, inputs[0], inputs[1], inputs[1]], &[2, 2], DType::F32);
                let z = add(&mut case.graph, y, inputs[2]);
                like_cpu(&format!("{then_name} or {else_name}, {seed}"), &case.outputs(&[y, z, inputs[0], y]));
            }
        }
    }
}

#[test]
fn a_parameter_means_the_same_in_a_branch_and_outside() {
    let shape = Shape::new(&[2], DType::F32);
    let mut graph = Graph::new("g");
    let p = graph.input("p", f32s(&[1]));
    let x = graph.input("x", shape.clone());
    let with = |name: &str| {
        body(&[&shape], |g, v| {
            let w = g.param(name, shape.clone());
            vec![mul(g, v[0], w)]
        })
    };
    let y = graph.add_node(Op::If { then_branch: with("w"), else_branch: with("u") }, vec![p, x], shape.clone());
    let w = graph.param("w", shape.clone());
    let y = add(&mut graph, y, w);
    graph.set_outputs(vec![y]);
    let text = rlx_ir::rlxmodel::to_text(&graph).unwrap();
    for mode in rlx_mlx_tests::plugin::MODES {
        let mut executable = rlx_mlx_tests::plugin::compile_text(&text, mode).unwrap();
        let names: Vec<&str> = executable.params().iter().map(|p| p.name.as_str()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        for (name, values) in [("w", [2.0, 3.0]), ("u", [10.0, 20.0])] {
            let data = Tensor::f32(&[2], values).bytes();
            executable.set_param(name, rlx_mlx_tests::bytes::view(&[2], &data)).unwrap();
        }
        for (predicate, want) in [(1.0, [2.0 + 2.0, 3.0 + 3.0]), (0.0, [10.0 + 2.0, 20.0 + 3.0])] {
            let inputs = [Tensor::f32(&[1], [predicate]).bytes(), Tensor::f32(&[2], [1.0, 1.0]).bytes()];
            let outputs = executable.run_to_vec(&[&inputs[0], &inputs[1]]).unwrap();
            assert_eq!(rlx_mlx_tests::bytes::floats(&outputs[0]), want.map(|v: f64| v as f32), "{mode}");
        }
    }
}
