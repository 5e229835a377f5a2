//! Graphs that no mode compiles: the error names the node, what encloses it, and what is wrong.

use crate::{add, below, body, compare, f32s, number};
use rlx_host_api::ErrorKind;
use rlx_ir::op::{CmpOp, ReduceOp};
use rlx_ir::{DType, Graph, NodeId, Op, Shape};
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::{MODES, compile, refusal};
use rlx_mlx_tests::tensor::Tensor;

type Build<'a> = &'a dyn Fn(&mut Graph, &[NodeId]) -> Vec<NodeId>;

/// A node over inputs of shape `[2]` and `[1]`, of shape `[2]`.
fn over_two(op: Op) -> Case {
    let mut case = Case::new();
    let inputs = [case.input(&Tensor::f32(&[2], [1.0, 2.0])), case.input(&Tensor::f32(&[1], [0.0]))];
    let y = case.add(op, &inputs, &[2], DType::F32);
    case.outputs(&[y])
}

#[track_caller]
fn assert_refused(case: &Case, kind: ErrorKind, message: &str) {
    let error = refusal(case);
    assert_eq!((error.kind(), error.message()), (kind, message));
}

fn carried() -> [Shape; 2] {
    [f32s(&[2]), f32s(&[1])]
}

fn looping(cond: Build<'_>, step: Build<'_>) -> Case {
    over_two(Op::While { cond: body(&carried(), cond), body: body(&carried(), step), max_iterations: None })
}

fn scanning(step: Build<'_>, inputs: &[Shape], length: u32, num_bcast: u32, num_xs: u32) -> Case {
    let op =
        Op::Scan { body: body(inputs, step), length, save_trajectory: false, num_bcast, num_xs, num_checkpoints: 0 };
    over_two(op)
}

fn holds(g: &mut Graph, v: &[NodeId]) -> Vec<NodeId> {
    let limit = number(g, 1.0);
    vec![compare(g, CmpOp::Lt, v[1], limit)]
}

fn same(_: &mut Graph, v: &[NodeId]) -> Vec<NodeId> {
    v.to_vec()
}

#[test]
fn what_a_loop_carries() {
    let wide =
        |g: &mut Graph, v: &[NodeId]| vec![g.add_node(Op::Concat { axis: 0 }, vec![v[0], v[1]], f32s(&[3])), v[1]];
    assert_refused(
        &looping(&holds, &wide),
        ErrorKind::InvalidArgument,
        "node %2 (While): body: node %2 (Concat), output 0, is [3] f32, but what it must give is [2] f32",
    );
}

#[test]
fn a_condition_is_one_value() {
    let each = |g: &mut Graph, v: &[NodeId]| vec![compare(g, CmpOp::Lt, v[0], v[1])];
    assert_refused(
        &looping(&each, &same),
        ErrorKind::InvalidArgument,
        "node %2 (While): cond gives [2] bool, which is not one element",
    );
}

#[test]
fn an_op_that_the_plugin_lacks() {
    let backward = |g: &mut Graph, v: &[NodeId]| vec![g.add_node(Op::ReluBackward, vec![v[0], v[0]], f32s(&[2])), v[1]];
    assert_refused(
        &looping(&holds, &backward),
        ErrorKind::Unsupported,
        "unsupported op ReluBackward at %2 in node %2 (While)",
    );
}

/// Told by the trace, which names each node on the way to the one that failed.
#[test]
fn an_op_that_cannot_be_lowered() {
    let reduced = |g: &mut Graph, v: &[NodeId]| {
        let op = Op::Reduce { op: ReduceOp::Sum, axes: vec![0], keep_dim: false };
        let sum = g.add_node(op, vec![v[0]], f32s(&[2]));
        vec![add(g, sum, v[0])]
    };
    let step = |g: &mut Graph, v: &[NodeId]| vec![g.scan(v[0], *body(&[f32s(&[2])], reduced), 1000), v[1]];
    assert_refused(
        &looping(&holds, &step),
        ErrorKind::InvalidArgument,
        "node %2 (While): node %2 (Scan): node %1 (Reduce): the graph declares shape [2], but the operands give []",
    );
}

#[test]
fn what_a_scan_takes() {
    let first = |_: &mut Graph, v: &[NodeId]| vec![v[0]];
    let one = f32s(&[1]);
    let cases: [(Case, &str); 4] = [
        (
            scanning(&first, &[f32s(&[2]), one.clone()], 0, 1, 0),
            "node %2 (Scan): a scan of length 0: it takes at least one step",
        ),
        (
            scanning(&first, &[f32s(&[2]), one.clone()], 3, 0, 1),
            "node %2 (Scan): per-step operand 0 is [1] f32, which has not 3 rows",
        ),
        (
            scanning(&first, &[f32s(&[2]), f32s(&[])], 3, 1, 0),
            "node %2 (Scan): body: node %1 `v1` (Input), input 1, is [] f32, but the value for it is [1] f32",
        ),
        (
            scanning(&first, &[Shape::new(&[2], DType::F16), one], 3, 1, 0),
            "node %2 (Scan): body: node %0 `v0` (Input), input 0, is [2] f16, but the value for it is [2] f32",
        ),
    ];
    for (case, message) in cases {
        assert_refused(&case, ErrorKind::InvalidArgument, message);
    }
}

#[test]
fn what_branches_take_and_give() {
    let mut case = Case::new();
    let p = case.input(&Tensor::f32(&[2], [1.0, 0.0]));
    let x = case.input(&Tensor::f32(&[3], [1.0, 2.0, 3.0]));
    let branch = |shape: Shape| body(&[shape], |_, v| vec![v[0]]);
    let op = |then, otherwise| Op::If { then_branch: branch(then), else_branch: branch(otherwise) };
    let with = |op, predicate| {
        let mut case = case.clone();
        let y = case.add(op, &[predicate, x], &[3], DType::F32);
        case.outputs(&[y])
    };
    assert_refused(
        &with(op(f32s(&[3]), f32s(&[3])), p),
        ErrorKind::InvalidArgument,
        "node %2 (If): a predicate [2] f32 selects neither a branch nor elements of [3] f32",
    );
    assert_refused(
        &with(op(f32s(&[3]), f32s(&[1, 3])), x),
        ErrorKind::InvalidArgument,
        "node %2 (If): else: node %0 `v0` (Input), input 0, is [1, 3] f32, but the value for it is [3] f32",
    );
}

#[test]
fn too_deep_a_nesting() {
    let shape = f32s(&[1]);
    let nested = |depth: usize| {
        let mut innermost = body(&[&shape], |g, v| vec![add(g, v[0], v[0])]);
        for _ in 1..depth {
            let inner = innermost;
            innermost = body(&[&shape], |g, v| {
                let op = Op::While { cond: below(&[&shape], 1e3), body: inner, max_iterations: None };
                vec![g.add_node(op, vec![v[0]], shape.clone())]
            });
        }
        let mut case = Case::new();
        let x = case.input(&Tensor::f32(&[1], [1.0]));
        let op = Op::While { cond: below(&[&shape], 1e3), body: innermost, max_iterations: None };
        let y = case.add(op, &[x], &[1], DType::F32);
        case.outputs(&[y])
    };
    assert_eq!(rlx_mlx_tests::plugin::run_one(&nested(32)).values, [1024.0]);
    assert_refused(
        &nested(33),
        ErrorKind::Unsupported,
        "node %1 (While): node %1 (While): graphs are nested more than 32 deep",
    );
}

/// Told before the run starts, as for any value.
#[test]
fn a_trajectory_that_does_not_fit() {
    let mut case = Case::new();
    let x = case.input(&Tensor::f32(&[1024], vec![1.0; 1024]));
    let length = 1 << 30;
    let op = Op::Scan {
        body: body(&[f32s(&[1024])], |g, v| vec![add(g, v[0], v[0])]),
        length,
        save_trajectory: true,
        num_bcast: 0,
        num_xs: 0,
        num_checkpoints: 0,
    };
    let y = case.add(op, &[x], &[length as usize, 1024], DType::F32);
    let case = case.outputs(&[y]);
    for mode in MODES {
        let mut executable = compile(&case, mode).unwrap();
        let error = executable.run(&[&case.inputs[0].bytes()], &mut [None]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutOfMemory);
        let start = "graph `case` computes a value of 4398046511104 bytes, more than the memory limit of ";
        assert!(error.message().starts_with(start), "{error}");
    }
}
