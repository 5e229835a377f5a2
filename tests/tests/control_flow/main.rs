//! `If`, `While`, `Scan` and `CustomFn` in every mode, and through a session of rlx-runtime, against rlx-cpu and closed
//! forms.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

mod branch;
mod counters;
mod function;
mod nesting;
mod refusals;
mod scan;
mod session;
mod while_loop;

use rlx_ir::op::{BinaryOp, CmpOp};
use rlx_ir::{DType, Graph, NodeId, Op, Shape};
use rlx_mlx_tests::compare::assert_within;
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::tensor::Tensor;
use rlx_mlx_tests::{oracle, plugin};
use std::borrow::Borrow;

fn f32s(dims: &[usize]) -> Shape {
    Shape::new(dims, DType::F32)
}

/// A nested graph of inputs `v0`, `v1`, … of these shapes.
fn body<S: Borrow<Shape>>(inputs: &[S], build: impl FnOnce(&mut Graph, &[NodeId]) -> Vec<NodeId>) -> Box<Graph> {
    let mut graph = Graph::new("body");
    let ids: Vec<NodeId> =
        inputs.iter().enumerate().map(|(i, shape)| graph.input(format!("v{i}"), shape.borrow().clone())).collect();
    let outputs = build(&mut graph, &ids);
    graph.set_outputs(outputs);
    Box::new(graph)
}

/// `a op b`, of the shape of `a`.
fn binary(graph: &mut Graph, op: BinaryOp, a: NodeId, b: NodeId) -> NodeId {
    let shape = graph.shape(a).clone();
    graph.add_node(Op::Binary(op), vec![a, b], shape)
}

fn add(graph: &mut Graph, a: NodeId, b: NodeId) -> NodeId {
    binary(graph, BinaryOp::Add, a, b)
}

fn mul(graph: &mut Graph, a: NodeId, b: NodeId) -> NodeId {
    binary(graph, BinaryOp::Mul, a, b)
}

/// Whether `a op b`, of the extents of `a`.
fn compare(graph: &mut Graph, op: CmpOp, a: NodeId, b: NodeId) -> NodeId {
    let shape = graph.shape(a).clone().with_dtype(DType::Bool);
    graph.add_node(Op::Compare(op), vec![a, b], shape)
}

fn constant(graph: &mut Graph, value: &Tensor) -> NodeId {
    graph.add_node(Op::Constant { data: value.bytes() }, vec![], value.shape())
}

/// An f32 of shape `[1]`.
fn number(graph: &mut Graph, value: f64) -> NodeId {
    constant(graph, &Tensor::f32(&[1], [value]))
}

/// A loop over `[1]`-shaped counter `v0` and other carried values: while `v0 < limit`.
fn below<S: Borrow<Shape>>(carried: &[S], limit: f64) -> Box<Graph> {
    body(carried, |graph, values| {
        let limit = number(graph, limit);
        vec![compare(graph, CmpOp::Lt, values[0], limit)]
    })
}

/// Runs an f32 case in all modes and through a session on the plugin, which must agree with rlx-cpu; gives the outputs.
fn like_cpu(what: &str, case: &Case) -> Vec<Tensor> {
    let want = oracle::run(case);
    let got = plugin::run(case);
    let through_session = session::run(case);
    for (i, want) in want.iter().enumerate() {
        let close = |_, w: f64| 1e-5 * (1.0 + w.abs());
        assert_within(&format!("{what}, output {i}"), &got[i], want, close);
        let session = Tensor::f32(&got[i].dims, through_session[i].clone());
        assert_within(&format!("{what}, output {i} of a session"), &session, want, close);
    }
    assert_eq!((got.len(), through_session.len()), (want.len(), want.len()));
    got
}
