//! What the adapter refuses before any pass has run, on every way into it.

use rlx_host_api::runtime::prepare;
use rlx_ir::fft::{FftAlgo, FftNorm};
use rlx_ir::hir::HirModule;
use rlx_ir::{DType, Graph, GraphModule, NodeId, Op, Shape};
use rlx_mlx_tests::plugin::backend;
use rlx_mlx_tests::runtime::{bare, mlx, panic_text};
use rlx_opt::pass::Pass;
use rlx_runtime::{CompileOptions, Device, stages};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};

/// How often a pass of the runtime's pipeline ran.
static RUNS: AtomicUsize = AtomicUsize::new(0);

/// For tests that count.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Counts its runs, and changes nothing.
struct Counting;

impl Pass for Counting {
    fn name(&self) -> &str {
        "counting"
    }

    fn run(&self, graph: Graph) -> Graph {
        RUNS.fetch_add(1, Ordering::SeqCst);
        graph
    }
}

/// What `call` gives, and how often the pass ran meanwhile.
fn counted<T>(call: impl FnOnce() -> T) -> (T, usize) {
    static REGISTER: Once = Once::new();
    REGISTER.call_once(|| rlx_opt::pass::register_ir_pass(Arc::new(Counting)));
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let before = RUNS.load(Ordering::SeqCst);
    let value = call();
    (value, RUNS.load(Ordering::SeqCst) - before)
}

fn f32s(dims: &[usize]) -> Shape {
    Shape::new(dims, DType::F32)
}

fn inputs(graph: &mut Graph, dims: &[&[usize]]) -> Vec<NodeId> {
    dims.iter().enumerate().map(|(i, dims)| graph.input(format!("x{i}"), f32s(dims))).collect()
}

/// One op, named `it`.
fn graph(op: Op, operands: &[&[usize]], dims: &[usize]) -> Graph {
    let mut graph = Graph::new("g");
    let inputs = inputs(&mut graph, operands);
    let node = graph.append_node(op, inputs, f32s(dims), Some("it".into()));
    graph.set_outputs(vec![node]);
    graph
}

fn lstm(carry: bool) -> Graph {
    let op = Op::Lstm { hidden_size: 2, num_layers: 1, bidirectional: false, carry };
    let operands: [&[usize]; 6] = [&[1, 3, 2], &[8, 2], &[8, 2], &[8], &[1, 1, 2], &[1, 1, 2]];
    graph(op, &operands[..if carry { 6 } else { 4 }], &[1, 3, 2])
}

fn gru(state: &[usize]) -> Graph {
    let op = Op::Gru { hidden_size: 2, num_layers: 1, bidirectional: false, carry: true };
    graph(op, &[&[1, 3, 2], &[6, 2], &[6, 2], &[6], &[6], state], &[1, 3, 2])
}

fn rnn() -> Graph {
    let op = Op::Rnn { hidden_size: 2, num_layers: 1, bidirectional: false, carry: true, relu: false };
    graph(op, &[&[1, 3, 2], &[2, 2], &[2, 2], &[2], &[1, 1, 2]], &[1, 3, 2])
}

fn unclaimed() -> Op {
    Op::Fft { inverse: false, norm: FftNorm::default(), algo: FftAlgo::default() }
}

/// That compiling panics with one line that has all `parts`, before any pass has run.
#[track_caller]
fn assert_refused(graph: &Graph, parts: &[&str]) {
    let session = mlx();
    let (text, passes) = counted(|| panic_text(|| session.compile(graph.clone())));
    assert!(parts.iter().all(|part| text.contains(part)) && !text.contains('\n'), "{text}");
    assert_eq!(passes, 0, "{text}");
}

#[test]
fn lstm_with_carry_is_refused_by_name() {
    assert_refused(
        &lstm(true),
        &["`it` (Lstm)", "with carry", "not write the final states back", "fed to the next run"],
    );
}

#[test]
fn gru_with_carry_is_refused_by_name_whatever_the_shape_of_its_state() {
    for state in [&[1, 1, 2][..], &[1, 2], &[2]] {
        assert_refused(&gru(state), &["`it` (Gru)", "with carry", "fed to the next run"]);
    }
}

#[test]
fn rnn_with_carry_is_refused_by_name() {
    assert_refused(&rnn(), &["`it` (Rnn)", "with carry", "fed to the next run"]);
}

#[test]
fn an_op_that_nothing_lowers_is_refused_by_name() {
    assert_refused(
        &graph(unclaimed(), &[&[4, 4]], &[4, 4]),
        &["`it` (Fft)", "no rewrite", "use a plugin that claims it"],
    );
}

/// What is let pass has a pass run, so counting them shows something.
#[test]
fn passes_run_for_what_is_let_pass() {
    let session = mlx();
    let (compiled, passes) = counted(|| session.compile(lstm(false)));
    drop(compiled);
    assert!(passes > 0);
}

#[test]
fn a_forward_op_without_a_rewrite_is_refused_first_though_backward_ops_are_there() {
    let mut g = Graph::new("codec");
    let x = g.input("x", f32s(&[1, 16, 4800, 1]));
    let w = g.input("w", f32s(&[16, 16, 7, 1]));
    let op = Op::Conv2dBackwardInput {
        kernel_size: vec![7, 1],
        stride: vec![1, 1],
        padding: vec![3, 0],
        dilation: vec![1, 1],
        groups: 1,
    };
    let dx = g.add_node(op, vec![x, w], f32s(&[1, 16, 4800, 1]));
    let a = g.input("a", f32s(&[4, 4]));
    let factor = g.append_node(unclaimed(), vec![a], f32s(&[4, 4]), Some("it".into()));
    g.set_outputs(vec![dx, factor]);
    assert_refused(&g, &["`it` (Fft)"]);
}

#[test]
fn an_op_inside_a_nested_graph_is_refused_with_the_way_to_it() {
    let mut outer = Graph::new("outer");
    let x = outer.input("x", f32s(&[4, 4]));
    let y = outer.scan(x, graph(unclaimed(), &[&[4, 4]], &[4, 4]), 3);
    outer.set_outputs(vec![y]);
    assert_refused(&outer, &["`it` (Fft) in node %1 (Scan)"]);
}

#[test]
fn an_op_that_no_output_needs_is_not_refused() {
    let mut g = graph(unclaimed(), &[&[4, 4]], &[4, 4]);
    g.set_outputs(vec![NodeId(0)]);
    mlx().compile(g);
}

#[test]
fn every_way_into_the_backend_refuses() {
    let options = CompileOptions::baseline();
    let wanted = |text: String| assert!(text.contains("(Lstm)") && text.contains("with carry"), "{text}");
    wanted(panic_text(|| bare(lstm(true))));
    wanted(prepare(backend().plugin(), lstm(true), &options).unwrap_err().to_string());
    let session = mlx();
    wanted(panic_text(|| session.compile_hir(HirModule::wrap_mir_graph(lstm(true)))));
    wanted(panic_text(|| session.compile_module(GraphModule::from_hir(HirModule::wrap_mir_graph(lstm(true))))));
    wanted(panic_text(|| session.compile_module(GraphModule::from_graph(lstm(true)))));
    let lir = || stages::compile_graph_stages(Device::Cpu, lstm(true), &options).lir;
    wanted(panic_text(|| session.compile_module(GraphModule::from_lir(lir()))));
    let plugin = rlx_runtime::backend_for(Device::Mlx).expect("registered");
    wanted(panic_text(|| plugin.compile_lir(lir(), &options)));
}

#[test]
fn the_backend_is_usable_after_a_refusal() {
    assert_refused(&lstm(true), &["(Lstm)"]);
    let mut g = Graph::new("double");
    let x = g.input("x", f32s(&[2]));
    let y = g.add_node(Op::Binary(rlx_ir::op::BinaryOp::Add), vec![x, x], f32s(&[2]));
    g.set_outputs(vec![y]);
    assert_eq!(mlx().compile(g).run(&[("x", &[1.0, 2.0])]), [[2.0, 4.0]]);
}
