//! f64 through `Session`: what the session does to it before the adapter sees the graph, and what helps.

use rlx_ir::op::BinaryOp;
use rlx_ir::{DType, Graph, GraphModule, Op, Shape};
use rlx_mlx_tests::runtime::{mlx, panic_text};
use rlx_runtime::{CompiledGraph, Device, Session};

const VALUES: [f64; 6] = [f64::INFINITY, f64::NEG_INFINITY, 1e300, 0.1, -0.0, 1.0 + f64::EPSILON];

/// Moves values, and computes nothing.
fn moves() -> Graph {
    let mut g = Graph::new("moves");
    let x = g.input("x", Shape::new(&[2, 3], DType::F64));
    let y = g.add_node(Op::Transpose { perm: vec![1, 0] }, vec![x], Shape::new(&[3, 2], DType::F64));
    let y = g.add_node(Op::Transpose { perm: vec![1, 0] }, vec![y], Shape::new(&[2, 3], DType::F64));
    g.set_outputs(vec![y]);
    g
}

fn adds() -> Graph {
    let mut g = Graph::new("adds");
    let x = g.input("x", Shape::new(&[2, 3], DType::F64));
    let y = g.add_node(Op::Binary(BinaryOp::Add), vec![x, x], Shape::new(&[2, 3], DType::F64));
    g.set_outputs(vec![y]);
    g
}

fn run(mut compiled: CompiledGraph) -> Vec<f64> {
    let data: Vec<u8> = VALUES.iter().flat_map(|v| v.to_le_bytes()).collect();
    let outputs = compiled.run_typed(&[("x", &data, DType::F64)]);
    let (data, dtype) = &outputs[0];
    assert_eq!(*dtype, DType::F64);
    data.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect()
}

fn same_bits(got: &[f64], want: &[f64]) -> bool {
    got.iter().map(|v| v.to_bits()).eq(want.iter().map(|v| v.to_bits()))
}

#[test]
fn f64_as_a_module_is_computed_in_f64() {
    let module = |g| mlx().compile_module(GraphModule::from_graph(g)).unwrap();
    let got = run(module(moves()));
    assert!(same_bits(&got, &VALUES), "{got:?}");
    let got = run(module(adds()));
    assert!(same_bits(&got, &VALUES.map(|v| v + v)), "{got:?}");
}

/// The session asks for no op that the plugin lacks here only because the plugin does not claim `DoubleSingle`.
#[test]
fn f64_that_is_computed_with_is_not_split_by_a_session() {
    let got = run(mlx().compile(adds()));
    assert!(same_bits(&got, &VALUES.map(|v| v + v)), "{got:?}");
}

/// What the module's documentation says of it.
#[test]
fn f64_that_is_only_moved_is_split_by_a_session() {
    let got = run(mlx().compile(moves()));
    assert!(
        got[..3].iter().all(|v| v.is_nan()) && got[3] != VALUES[3],
        "{got:?}: trust regained: rlx-runtime no longer splits f64, so say so in the documentation of the adapter"
    );
    assert!(same_bits(&run(Session::new(Device::Cpu).compile(moves())), &VALUES));
}

#[test]
fn f64_constants_that_a_split_destroys_are_refused() {
    for value in [f64::INFINITY, f64::NEG_INFINITY, 1e300] {
        let mut g = Graph::new("constant");
        let data = [1.0, value].into_iter().flat_map(f64::to_le_bytes).collect();
        let c = g.add_node(Op::Constant { data }, vec![], Shape::new(&[2], DType::F64));
        let x = g.input("x", Shape::new(&[2], DType::F64));
        let y = g.add_node(Op::Concat { axis: 0 }, vec![x, c], Shape::new(&[4], DType::F64));
        g.set_outputs(vec![y]);
        let text = panic_text(|| mlx().compile(g.clone()));
        assert!(text.contains("(Constant)") && text.contains("compile_module"), "{value}: {text}");
        assert!(!text.contains('\n'), "{text}");
        mlx().compile_module(GraphModule::from_graph(g)).unwrap();
    }
    // Infinities and NaN of an f32 graph's own, other than such pairs, are nobody's business.
    let mut g = Graph::new("f32");
    let data = [f32::INFINITY, 1.0, f32::NAN, f32::INFINITY].into_iter().flat_map(f32::to_le_bytes).collect();
    let c = g.add_node(Op::Constant { data }, vec![], Shape::new(&[2, 2], DType::F32));
    let x = g.input("x", Shape::new(&[2, 2], DType::F32));
    let y = g.add_node(Op::Concat { axis: 0 }, vec![x, c], Shape::new(&[4, 2], DType::F32));
    g.set_outputs(vec![y]);
    mlx().compile(g);
}
