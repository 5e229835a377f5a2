//! What the plugin says of the nodes of a program, and that it is what a compilation then does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use rlx_host_api::kernel::{Kernel, Language, Launch, SourceCode};
use rlx_host_api::{Backend, Claim, CompileOptions, Error, ErrorKind, How};
use rlx_ir::op::{Activation, BinaryOp};
use rlx_ir::{DType, Graph, Op, Shape};
use rlx_mlx_tests::plugin::{backend, with_kernels};
use rlx_mlx_tests::runtime::{mlx, panic_text};
use std::path::Path;

/// A program of one graph with this body.
fn program(body: &str) -> String {
    format!("rlxmodel 1\nopset 1\ngraph @main {{\n{body}\n}}\n")
}

fn ask(backend: &Backend, text: &str) -> Result<Vec<Claim>, Error> {
    backend.claims(text.as_bytes(), &CompileOptions::new())
}

/// Op, depth and how of every node, all of which are taken.
fn taken(claims: &[Claim]) -> Vec<(&str, u32, How)> {
    claims.iter().map(|claim| (claim.op.as_str(), claim.depth, claim.answer.clone().unwrap())).collect()
}

/// Why the only node that is refused is, and its op.
fn refused(claims: &[Claim]) -> (&str, &str) {
    let refused: Vec<_> =
        claims.iter().filter_map(|claim| Some((claim.op.as_str(), claim.answer.as_ref().err()?.as_str()))).collect();
    assert_eq!(refused.len(), 1, "{claims:#?}");
    refused[0]
}

fn f32s(dims: &[usize]) -> Shape {
    Shape::new(dims, DType::F32)
}

/// A graph of one input, `x`, and what `build` makes of it.
fn graph(name: &str, build: impl FnOnce(&mut Graph, rlx_ir::NodeId) -> rlx_ir::NodeId) -> Graph {
    let mut graph = Graph::new(name);
    let x = graph.input("x", f32s(&[2]));
    let y = build(&mut graph, x);
    graph.set_outputs(vec![y]);
    graph
}

fn negated(graph: &mut Graph, x: rlx_ir::NodeId) -> rlx_ir::NodeId {
    graph.activation(Activation::Neg, x, f32s(&[2]))
}

fn reversed(graph: &mut Graph, x: rlx_ir::NodeId) -> rlx_ir::NodeId {
    graph.add_node(Op::Reverse { axes: vec![0] }, vec![x], f32s(&[2]))
}

/// By what a node is computed is found out where the host asks for it, and nothing else may be asked so.
#[test]
fn explanations_are_given_to_those_who_ask() {
    let softmax = graph("softmax", |g, x| g.add_node(Op::Softmax { axis: -1 }, vec![x], f32s(&[2])));
    for (graph, plain, how, by) in [
        (softmax, How::Graph, How::Host, "own rounding"),
        (graph("reversed", reversed), How::Graph, How::Graph, "one operation of MLX"),
    ] {
        let text = rlx_ir::rlxmodel::to_text(&graph).unwrap();
        let claims = |options: &CompileOptions| backend().claims(text.as_bytes(), options).unwrap();
        for options in [CompileOptions::new(), CompileOptions::new().set(Claim::EXPLAIN, false)] {
            let last = claims(&options).pop().unwrap();
            assert_eq!((last.answer, &*last.by), (Ok(plain), ""), "{}", graph.name);
        }
        let last = claims(&CompileOptions::new().set(Claim::EXPLAIN, true).set("mode", "lazy")).pop().unwrap();
        assert_eq!(last.answer, Ok(how), "{}", last.by);
        assert!(last.by.contains(by), "{}", last.by);
        let wrong = backend().claims(text.as_bytes(), &CompileOptions::new().set(Claim::EXPLAIN, "yes")).unwrap_err();
        assert!(wrong.kind() == ErrorKind::InvalidArgument && wrong.message().contains("explain"), "{wrong}");
        let wrong = backend().compile(text.as_bytes(), &CompileOptions::new().set(Claim::EXPLAIN, true)).unwrap_err();
        assert!(wrong.message().contains("unknown compile option `explain`"), "{wrong}");
    }
}

#[test]
fn every_node_is_told_of_with_those_of_nested_graphs_behind_theirs() {
    let function = |fwd_body, vjp_body| Op::CustomFn { fwd_body, vjp_body, jvp_body: None, num_inputs: 1 };
    let derivative = graph("vjp", |g, x| g.add_node(Op::ReluBackward, vec![x, x], f32s(&[2])));
    let inner = function(Box::new(graph("inner", negated)), Some(Box::new(derivative)));
    let outer = graph("outer", |g, x| {
        let y = g.scan(x, graph("body", |g, x| g.add_node(inner.clone(), vec![x], f32s(&[2]))), 3);
        let p = g.param("p", f32s(&[2]));
        g.binary(BinaryOp::Add, y, p, f32s(&[2]))
    });
    let whole = graph("whole", |g, x| g.add_node(function(Box::new(outer), None), vec![x], f32s(&[2])));
    let text = rlx_ir::rlxmodel::to_text(&whole).unwrap();
    let wanted = [
        ("Input", 0, How::Leaf),
        ("CustomFn", 0, How::ControlFlow),
        ("Input", 1, How::Leaf),
        ("Scan", 1, How::ControlFlow),
        ("Input", 2, How::Leaf),
        ("CustomFn", 2, How::Graph),
        ("Input", 3, How::Leaf),
        ("Activation", 3, How::Graph),
        ("Input", 3, How::Unused),
        ("ReluBackward", 3, How::Unused),
        ("Param", 1, How::Leaf),
        ("Binary", 1, How::Graph),
    ];
    assert_eq!(taken(&ask(backend(), &text).unwrap()), wanted);
    backend().compile(text.as_bytes(), &CompileOptions::new()).unwrap();
}

#[test]
fn the_kernels_that_are_registered_now_say_how_a_custom_op_runs() {
    let text = |op: &str| {
        let op = Op::Custom { name: op.into(), num_inputs: 1, attrs: Vec::new() };
        rlx_ir::rlxmodel::to_text(&graph("g", |g, x| g.add_node(op, vec![x], f32s(&[2])))).unwrap()
    };
    let composed = || Kernel::composed_fn("composed", |_, ops, inputs| ops.add(inputs[0], inputs[0]));
    let host = Kernel::host_fn("host", |_, _, _| Ok(()));
    let source = |op: &str| {
        let code = SourceCode::new(&["x"], &["y"], "y[0] = x[0];");
        Kernel::source(op, |_| Ok(Launch::default())).code(Language::Metal, code)
    };
    let own = with_kernels([composed(), host, source("source").fallback(composed()).into(), source("metal").into()]);
    for (op, how) in [("composed", How::Graph), ("host", How::Host), ("source", How::Graph)] {
        assert_eq!(ask(&own, &text(op)).unwrap()[1].answer, Ok(how), "{op}");
    }
    let claims = ask(&own, &text("metal")).unwrap();
    let (op, reason) = refused(&claims);
    assert!(op == "Custom" && reason.contains("register it with a fallback"), "{op}: {reason}");

    own.unregister_kernel("host").unwrap();
    let claims = ask(&own, &text("host")).unwrap();
    assert!(refused(&claims).1.contains("no kernel for custom op `host`"), "{claims:?}");
}

#[test]
fn what_is_refused_has_a_reason_and_does_not_compile() {
    let cases = [
        ("%x = input : f32[2]\n%y = Fft{inverse: false, norm: Backward} %x : f32[2]\nreturn %y", "Fft", "no op Fft"),
        (
            "%x = input : f32[2]\n%y = Cast{to: c128} %x : c128[2]\n%z = Cast{to: f32} %x : f32[2]\nreturn %z",
            "Cast",
            "c128",
        ),
        ("%x = input : f32[?0]\nreturn %x", "Input", "dynamic"),
        // Nothing reads it, and still it does not compile.
        ("%x = input : f32[2]\n%y = Fft{inverse: true, norm: Ortho} %x : f32[2]\nreturn %x", "Fft", "no op Fft"),
    ];
    for (body, op, reason) in cases {
        let text = program(body);
        let claims = ask(backend(), &text).unwrap_or_else(|e| panic!("{e}\n{text}"));
        let (refused_op, why) = refused(&claims);
        assert!(refused_op == op && why.contains(reason) && !why.contains('\n'), "{refused_op}: {why}");
        assert!(backend().compile(text.as_bytes(), &CompileOptions::new()).is_err(), "{text}");
    }
}

/// As [`Backend::compile`] refuses it.
#[test]
fn what_is_no_program_is_an_error() {
    let options = CompileOptions::new();
    let says = |result: Result<Vec<Claim>, Error>, part: &str| {
        let error = result.unwrap_err();
        assert!(error.kind() == ErrorKind::InvalidArgument && error.message().contains(part), "{error}");
    };
    says(ask(backend(), "nonsense"), "rlxmodel");
    says(ask(backend(), &program("%x = input : f32[1]\n%y = Frobnicate %x : f32[1]\nreturn %y")), "Frobnicate");
    says(backend().claims(program("%x = input : f32[1]\nreturn %x").as_bytes(), &options.set("mode", "fast")), "fast");
}

#[test]
fn all_of_the_example_models_is_taken() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/models");
    let mut models = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        // Its ops have the kernels of a host.
        if path.ends_with("custom.rlxmodel") {
            continue;
        }
        let claims = ask(backend(), &std::fs::read_to_string(&path).unwrap()).unwrap();
        assert!(taken(&claims).iter().all(|(_, _, how)| matches!(how, How::Leaf | How::Graph)), "{}", path.display());
        models += 1;
    }
    assert!(models >= 3);
}

/// The adapter asks, too: the kind is claimed, this one is not, and the reason is the plugin's.
#[test]
fn a_node_that_the_plugin_refuses_is_refused_by_name_with_its_reason() {
    let cast = Op::Cast { to: DType::C128 };
    let wide = graph("wide", |g, x| {
        let y = g.append_node(cast, vec![x], Shape::new(&[2], DType::C128), Some("it".into()));
        g.add_node(Op::Cast { to: DType::F32 }, vec![y], f32s(&[2]))
    });
    let text = panic_text(|| mlx().compile(wide));
    for part in ["`it` (Cast)", "refuses this one (MLX has no dtype c128)", "no rewrite"] {
        assert!(text.contains(part) && !text.contains('\n'), "{text}");
    }
}
