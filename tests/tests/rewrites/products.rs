//! General products through the runtime, whose own passes panic on most of them and misread some.

use rlx_ir::{DType, Graph, NodeId, Op, Shape};
use rlx_mlx_tests::compare::{assert_within, epsilon};
use rlx_mlx_tests::runtime::{mlx, panic_text};
use rlx_mlx_tests::tensor::{Tensor, indices};

/// Contracted axes of both operands, then batch axes of both.
type Pairs = [&'static [usize]; 4];

fn product(dims: [&[usize]; 2], [lhs_contracting, rhs_contracting, lhs_batch, rhs_batch]: Pairs, y: Shape) -> Graph {
    let mut graph = Graph::new("product");
    let inputs: Vec<NodeId> =
        dims.iter().zip(["a", "b"]).map(|(dims, name)| graph.input(name, Shape::new(dims, y.dtype()))).collect();
    let op = Op::DotGeneral {
        lhs_contracting: lhs_contracting.to_vec(),
        rhs_contracting: rhs_contracting.to_vec(),
        lhs_batch: lhs_batch.to_vec(),
        rhs_batch: rhs_batch.to_vec(),
    };
    let node = graph.append_node(op, inputs, y, Some("it".into()));
    graph.set_outputs(vec![node]);
    graph
}

/// Each program with its result's shape and with an index of each operand for one of the result and one of the
/// contraction, written out by hand.
struct Written {
    operands: [&'static [usize]; 2],
    axes: Pairs,
    result: &'static [usize],
    terms: &'static [usize],
    places: fn(&[usize], &[usize]) -> [Vec<usize>; 2],
}

const PRODUCTS: [Written; 7] = [
    Written {
        operands: [&[3, 2], &[4, 3]],
        axes: [&[0], &[1], &[], &[]],
        result: &[2, 4],
        terms: &[3],
        places: |i, j| [vec![j[0], i[0]], vec![i[1], j[0]]],
    },
    // For one of matrices it would be over the last axis, which is as long.
    Written {
        operands: [&[2, 3, 3], &[3, 4]],
        axes: [&[1], &[0], &[], &[]],
        result: &[2, 3, 4],
        terms: &[3],
        places: |i, j| [vec![i[0], j[0], i[1]], vec![j[0], i[2]]],
    },
    Written {
        operands: [&[2, 3, 4], &[5, 4, 2]],
        axes: [&[2], &[1], &[0], &[2]],
        result: &[2, 3, 5],
        terms: &[4],
        places: |i, j| [vec![i[0], i[1], j[0]], vec![i[2], j[0], i[0]]],
    },
    Written {
        operands: [&[2, 3, 4], &[4, 5, 3]],
        axes: [&[1, 2], &[2, 0], &[], &[]],
        result: &[2, 5],
        terms: &[3, 4],
        places: |i, j| [vec![i[0], j[0], j[1]], vec![j[1], i[1], j[0]]],
    },
    Written {
        operands: [&[2], &[3]],
        axes: [&[], &[], &[], &[]],
        result: &[2, 3],
        terms: &[],
        places: |i, _| [vec![i[0]], vec![i[1]]],
    },
    Written {
        operands: [&[2, 3], &[3, 2]],
        axes: [&[0, 1], &[1, 0], &[], &[]],
        result: &[],
        terms: &[2, 3],
        places: |_, j| [vec![j[0], j[1]], vec![j[1], j[0]]],
    },
    // The extents are those of the first operand, in another order of 1 and 3.
    Written {
        operands: [&[1, 3], &[1, 1]],
        axes: [&[0], &[0], &[], &[]],
        result: &[3, 1],
        terms: &[1],
        places: |i, j| [vec![j[0], i[0]], vec![j[0], i[1]]],
    },
];

#[test]
fn general_products_reach_the_plugin_whatever_their_axes() {
    for Written { operands, axes, result, terms, places } in PRODUCTS {
        for dtype in [DType::F32, DType::F16, DType::BF16] {
            let [a, b] = [0, 1].map(|at: usize| Tensor::random(operands[at], at as u64).to(dtype));
            let (want, sizes): (Vec<f64>, Vec<f64>) = indices(result)
                .map(|i| {
                    let terms = indices(terms).map(|j| {
                        let [left, right] = places(&i, &j);
                        a.at(&left) * b.at(&right)
                    });
                    terms.fold((0.0, 0.0), |(sum, size), term: f64| (sum + term, size + term.abs()))
                })
                .unzip();
            let mut compiled = mlx().compile(product(operands, axes, Shape::new(result, dtype)));
            let outputs = compiled.run_typed(&[("a", &a.bytes(), dtype), ("b", &b.bytes(), dtype)]);
            assert_eq!(outputs[0].1, dtype);
            let got = Tensor::from_bytes(dtype, result, &outputs[0].0);
            let once = if dtype == DType::F32 { 0.0 } else { 0.51 * epsilon(dtype) };
            assert_within(&format!("{operands:?} {axes:?} {dtype:?}"), &got, &want, |i, w| {
                16.0 * epsilon(DType::F32) * sizes[i] + once * w.abs()
            });
        }
    }
}

/// Between other ops, read twice, with both operands one node.
#[test]
fn a_general_product_amid_others_keeps_its_place() {
    let f32s = |dims: &[usize]| Shape::new(dims, DType::F32);
    let mut graph = Graph::new("square");
    let x = graph.input("x", f32s(&[3, 2]));
    let op =
        Op::DotGeneral { lhs_contracting: vec![0], rhs_contracting: vec![0], lhs_batch: vec![], rhs_batch: vec![] };
    let square = graph.add_node(op, vec![x, x], f32s(&[2, 2]));
    let sum = graph.add_node(Op::Binary(rlx_ir::op::BinaryOp::Add), vec![square, square], f32s(&[2, 2]));
    graph.set_outputs(vec![sum, square]);
    let got = mlx().compile(graph).run(&[("x", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])]);
    assert_eq!(got, [[70.0, 88.0, 88.0, 112.0], [35.0, 44.0, 44.0, 56.0]]);
}

/// Steps of a scan over axis 1 of its carry, which its last axis is as long as: each takes rows for columns and turns them round.
#[test]
fn general_products_in_a_loop_are_read_as_they_say() {
    let f32s = |dims: &[usize]| Shape::new(dims, DType::F32);
    // Fewer than what the runtime unrolls, and more.
    for length in [3, 100] {
        let mut body = Graph::new("step");
        let (carry, w) = (body.input("carry", f32s(&[2, 3, 3])), body.input("w", f32s(&[3, 3])));
        let op =
            Op::DotGeneral { lhs_contracting: vec![1], rhs_contracting: vec![0], lhs_batch: vec![], rhs_batch: vec![] };
        let next = body.append_node(op, vec![carry, w], f32s(&[2, 3, 3]), Some("inner".into()));
        body.set_outputs(vec![next]);
        let mut graph = Graph::new("loop");
        let (x, w) = (graph.input("x", f32s(&[2, 3, 3])), graph.input("w", f32s(&[3, 3])));
        let y = graph.scan_with_bcasts_and_xs(x, &[w], &[], body, length);
        graph.set_outputs(vec![y]);
        let start: Vec<f32> = (0..18).map(|i| i as f32).collect();
        // Column n of the product is row (n + 1) % 3.
        let turn = [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0];
        let mut want = start.clone();
        for _ in 0..length {
            let before = want.clone();
            for (at, value) in want.iter_mut().enumerate() {
                let (batch, row, column) = (at / 9, at / 3 % 3, at % 3);
                *value = before[batch * 9 + (column + 1) % 3 * 3 + row];
            }
        }
        let got = mlx().compile(graph).run(&[("x", &start), ("w", &turn)]);
        assert_eq!(got, [want], "{length} steps");
    }
}

#[test]
fn what_is_no_product_is_an_error_that_names_it() {
    let f32s = |dims: &[usize]| Shape::new(dims, DType::F32);
    for (axes, y, part) in [
        ([&[1][..], &[1], &[], &[]], &[2, 3][..], "the contracted axes are [3]"),
        ([&[0], &[7], &[], &[]], &[3, 4], "axis 7 of the second operand"),
        ([&[1], &[0], &[], &[]], &[4, 2], "declares shape [4, 2], but the operands give [2, 4]"),
    ] {
        let text = panic_text(|| mlx().compile(product([&[2, 3], &[3, 4]], axes, f32s(y))));
        assert!(text.contains("`it` (DotGeneral)") && text.contains(part) && !text.contains('\n'), "{text}");
    }
    let whole = Shape::new(&[3, 4], DType::I32);
    let text = panic_text(|| mlx().compile(product([&[2, 3], &[2, 4]], [&[0], &[0], &[], &[]], whole)));
    assert!(text.contains("`it` (DotGeneral)") && text.contains("i32"), "{text}");
}
