//! Control flow: branches, loops and scans over nested graphs.

use super::dtypes::FLOATS;
use crate::case::{Cases, Operand};
use crate::compare::Expected;
use crate::fill::Fill;
use crate::tensor::Tensor;
use crate::tolerance::{EXACT, ROUNDED};
use rlx_ir::op::{BinaryOp, CmpOp};
use rlx_ir::{DType, Graph, NodeId, Op, Shape};

pub(super) fn cases(cases: &mut Cases) {
    for dtype in FLOATS {
        branches(cases, dtype);
        loops(cases, dtype);
        scans(cases, dtype);
        functions(cases, dtype);
    }
}

/// A nested graph of inputs of these shapes.
fn body(inputs: &[Shape], build: impl FnOnce(&mut Graph, &[NodeId]) -> Vec<NodeId>) -> Box<Graph> {
    let mut graph = Graph::new("body");
    let ids: Vec<NodeId> =
        inputs.iter().enumerate().map(|(at, shape)| graph.input(format!("v{at}"), shape.clone())).collect();
    let outputs = build(&mut graph, &ids);
    graph.set_outputs(outputs);
    Box::new(graph)
}

fn binary(graph: &mut Graph, op: BinaryOp, a: NodeId, b: NodeId) -> NodeId {
    let shape = graph.shape(a).clone();
    graph.add_node(Op::Binary(op), vec![a, b], shape)
}

fn number(graph: &mut Graph, dtype: DType, value: f64) -> NodeId {
    let data = Tensor::real(dtype, &[1], vec![value]).bytes();
    graph.add_node(Op::Constant { data }, vec![], Shape::new(&[1], dtype))
}

/// The sum or the product of two operands, as a predicate says.
fn branches(cases: &mut Cases, dtype: DType) {
    let shapes = [Shape::new(&[5], dtype), Shape::new(&[5], dtype)];
    for (name, predicate) in [("true", 1.0), ("false", 0.0)] {
        let op = Op::If {
            then_branch: body(&shapes, |graph, v| vec![binary(graph, BinaryOp::Add, v[0], v[1])]),
            else_branch: body(&shapes, |graph, v| vec![binary(graph, BinaryOp::Mul, v[0], v[1])]),
        };
        let operands = vec![
            Operand::new(DType::Bool, &[1], Fill::All(predicate)),
            Operand::new(dtype, &[5], Fill::Spread),
            Operand::new(dtype, &[5], Fill::Spread),
        ];
        cases.add(&format!("if/{name}"), op, operands, (dtype, &[5]), move |x| {
            let pairs = x[1].reals().into_iter().zip(x[2].reals());
            let values = pairs.map(|(a, b)| if predicate == 1.0 { a + b } else { a * b }).collect();
            Expected::real(dtype, &[5], values, ROUNDED)
        });
    }
}

/// Doubles a value as often as a counter says.
fn loops(cases: &mut Cases, dtype: DType) {
    let carried = [Shape::new(&[3], dtype), Shape::new(&[1], dtype)];
    for (limit, most, times) in [(0.0, None, 0), (1.0, None, 1), (7.0, Some(20), 7), (7.0, Some(4), 4)] {
        let cond = body(&carried, |graph, v| {
            let limit = number(graph, dtype, limit);
            vec![graph.add_node(Op::Compare(CmpOp::Lt), vec![v[1], limit], Shape::new(&[1], DType::Bool))]
        });
        let step = body(&carried, |graph, v| {
            let one = number(graph, dtype, 1.0);
            vec![binary(graph, BinaryOp::Add, v[0], v[0]), binary(graph, BinaryOp::Add, v[1], one)]
        });
        let op = Op::While { cond, body: step, max_iterations: most };
        let operands = vec![Operand::new(dtype, &[3], Fill::Spread), Operand::new(dtype, &[1], Fill::All(0.0))];
        let name = format!("while/{times}{}", most.map_or_else(String::new, |most| format!("of{most}")));
        cases.add(&name, op, operands, (dtype, &[3]), move |x| {
            let values = x[0].reals().into_iter().map(|value| value * f64::from(1 << times)).collect();
            Expected::real(dtype, &[3], values, EXACT)
        });
    }
}

/// A carry that each row of an operand is multiplied into; powers of two, so that nothing is rounded.
fn scans(cases: &mut Cases, dtype: DType) {
    for (length, trajectory) in [(1usize, false), (4, false), (4, true), (70, true)] {
        let shapes = [Shape::new(&[2], dtype), Shape::new(&[2], dtype)];
        let op = Op::Scan {
            body: body(&shapes, |graph, v| vec![binary(graph, BinaryOp::Mul, v[0], v[1])]),
            length: length as u32,
            save_trajectory: trajectory,
            num_bcast: 0,
            num_xs: 1,
            num_checkpoints: 0,
        };
        let operands = vec![
            Operand::new(dtype, &[2], Fill::Spread),
            Operand::new(dtype, &[length, 2], Fill::These(&[2.0, 0.5, 0.5, -2.0])),
        ];
        let dims = if trajectory { vec![length, 2] } else { vec![2] };
        let shape = dims.clone();
        let name = format!("scan/{length}{}", if trajectory { "kept" } else { "" });
        cases.add(&name, op, operands, (dtype, &dims), move |x| {
            let (mut carry, factors) = (x[0].reals(), x[1].reals());
            let mut rows = Vec::new();
            for row in factors.chunks(2) {
                carry.iter_mut().zip(row).for_each(|(carry, factor)| *carry *= factor);
                rows.extend(&carry);
            }
            Expected::real(dtype, &shape, if trajectory { rows } else { carry }, EXACT)
        });
    }
}

/// A function of two operands, and one that calls another.
fn functions(cases: &mut Cases, dtype: DType) {
    let call = |inner: Box<Graph>| Op::CustomFn { fwd_body: inner, vjp_body: None, jvp_body: None, num_inputs: 2 };
    for dims in [&[][..], &[0, 3], &[5], &[2, 3, 4]] {
        let shape = Shape::new(dims, dtype);
        let shapes = [shape.clone(), shape.clone()];
        let difference = || body(&shapes, |graph, v| vec![binary(graph, BinaryOp::Sub, v[0], v[1])]);
        let around = body(&shapes, |graph, v| {
            let found = graph.add_node(call(difference()), vec![v[1], v[0]], shape.clone());
            vec![graph.add_node(Op::Activation(rlx_ir::op::Activation::Abs), vec![found], shape.clone())]
        });
        for (name, inner) in [("plain", difference()), ("nested", around)] {
            let operands = vec![Operand::new(dtype, dims, Fill::Spread), Operand::new(dtype, dims, Fill::Spread)];
            cases.add(&format!("customfn/{name}"), call(inner), operands, (dtype, dims), move |x| {
                let pairs = x[0].reals().into_iter().zip(x[1].reals());
                let values = pairs.map(|(a, b)| if name == "plain" { a - b } else { (b - a).abs() }).collect();
                Expected::real(dtype, &x[0].dims, values, ROUNDED)
            });
        }
    }
}
