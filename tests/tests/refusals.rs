//! Programs that the plugin must refuse, written by hand: each with one line that names what is wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use rlx_host_api::{CompileOptions, Error, ErrorKind};
use rlx_mlx_tests::plugin::{MODES, backend, compile_text};

/// A program of one graph with this body.
fn program(body: &str) -> String {
    format!("rlxmodel 1\nopset 1\ngraph @main {{\n{body}\n}}\n")
}

/// The error of a program that no mode compiles.
fn refused(text: &str) -> Error {
    let [.., error] = MODES.map(|mode| match compile_text(text, mode) {
        Ok(_) => panic!("{mode} accepted\n{text}"),
        Err(error) => error,
    });
    assert!(!error.message().contains('\n'), "not one line: {error}");
    error
}

fn assert_says(error: &Error, kind: ErrorKind, words: &[&str]) {
    assert_eq!(error.kind(), kind, "{error}");
    for word in words {
        assert!(error.message().contains(word), "`{word}` is missing in: {error}");
    }
}

#[test]
fn an_op_that_the_ir_does_not_know() {
    let error = refused(&program("  %x = input : f32[2]\n  %1 = Frobnicate %x : f32[2]\n  return %1"));
    assert_says(&error, ErrorKind::InvalidArgument, &["Frobnicate"]);
}

#[test]
fn ops_that_the_plugin_lacks_are_all_named() {
    let error = refused(&program(
        "  %x = input : f32[2]\n  %a = Fft{inverse: false, norm: Backward} %x : f32[2]\n  %b = LogMel %a, %a : f32[2]\n  return %b",
    ));
    assert_says(&error, ErrorKind::Unsupported, &["Fft", "`a`", "LogMel", "`b`"]);
}

#[test]
fn a_dynamic_dim() {
    let error = refused(&program("  %x = input : f32[?0, 2]\n  %y = Activation(Relu) %x : f32[?0, 2]\n  return %y"));
    assert_says(&error, ErrorKind::InvalidArgument, &["`x`", "dynamic"]);
}

#[test]
fn one_name_with_two_shapes() {
    let error =
        refused(&program("  %0 = Input{name: \"x\"} : f32[2]\n  %1 = Input{name: \"x\"} : f32[3]\n  return %0, %1"));
    assert_says(&error, ErrorKind::InvalidArgument, &["`x`", "f32[2]", "f32[3]"]);
}

#[test]
fn one_name_with_one_shape_is_one_input() {
    let text = program(
        "  %0 = Input{name: \"x\"} : f32[1]\n  %1 = Input{name: \"x\"} : f32[1]\n  %2 = Binary(Add) %0, %1 : f32[1]\n  return %2",
    );
    for mode in MODES {
        let mut executable = compile_text(&text, mode).unwrap();
        assert_eq!(executable.inputs().len(), 1);
        assert_eq!(executable.run_to_vec(&[&1.5f32.to_le_bytes()]).unwrap(), [3f32.to_le_bytes()]);
    }
}

#[test]
fn graphs_that_are_no_dag() {
    for body in [
        "  %0 = Activation(Relu) %1 : f32[2]\n  %1 = Activation(Relu) %0 : f32[2]\n  return %1",
        "  %0 = Activation(Relu) %0 : f32[2]\n  return %0",
        "  %x = input : f32[2]\n  %1 = Activation(Relu) %7 : f32[2]\n  return %1",
        "  %x = input : f32[2]\n  return %9",
    ] {
        assert_says(&refused(&program(body)), ErrorKind::InvalidArgument, &["%"]);
    }
}

#[test]
fn too_few_or_too_many_operands() {
    for body in [
        "  %x = input : f32[2]\n  %1 = Binary(Add) %x : f32[2]\n  return %1",
        "  %x = input : f32[2]\n  %1 = Activation(Relu) %x, %x : f32[2]\n  return %1",
        "  %x = input : f32[2]\n  %1 = Where %x, %x : f32[2]\n  return %1",
        "  %0 = Concat{axis: 0} : f32[0]\n  return %0",
    ] {
        // The variadic concat has no arity for the verifier to check; lowering does, which lazy modes do at the run.
        let error = compile_text(&program(body), "compiled").expect_err(body);
        assert_says(&error, ErrorKind::InvalidArgument, &[]);
    }
    let error = refused(&program("  %x = input : f32[2]\n  %1 = MatMul %x : f32[2]\n  return %1"));
    assert_says(&error, ErrorKind::InvalidArgument, &["matmul", "2", "1"]);
}

/// Attributes and shapes that the operands cannot meet: the error names node and op.
#[test]
fn attributes_that_do_not_fit() {
    for (node, word) in [
        ("Transpose{perm: [0, 0]} %x : f32[2, 3]", "Transpose"),
        ("Transpose{perm: [0]} %x : f32[2, 3]", "Transpose"),
        ("Reshape{new_shape: [7]} %x : f32[7]", "Reshape"),
        ("Reduce{op: Sum, axes: [5], keep_dim: false} %x : f32[2]", "Reduce"),
        ("Reduce{op: Sum, axes: [0, 0], keep_dim: false} %x : f32[3]", "Reduce"),
        ("Softmax{axis: 2} %x : f32[2, 3]", "Softmax"),
        ("Softmax{axis: -3} %x : f32[2, 3]", "Softmax"),
        ("Cumsum{axis: 9, exclusive: false} %x : f32[2, 3]", "Cumsum"),
        ("ArgMax{axis: 2, keep_dim: false} %x : f32[2]", "ArgMax"),
        ("Concat{axis: 2} %x, %x : f32[2, 6]", "Concat"),
        ("Gather{axis: 2} %x, %x : f32[2, 3]", "Gather"),
        ("Narrow{axis: 0, start: 1, len: 2} %x : f32[2, 3]", "Narrow"),
        ("Binary(Add) %x, %x : f32[3, 2]", "Binary"),
        ("Reverse{axes: [2]} %x : f32[2, 3]", "Reverse"),
        ("Constant{data: b64\"AAAA\"} : f32[2]", "Constant"),
        ("Cast{to: C128} %x : c128[2, 3]", "Cast"),
    ] {
        let text = program(&format!("  %x = input : f32[2, 3]\n  %y = {node}\n  return %y"));
        let error = compile_text(&text, "compiled").expect_err(node);
        assert!(error.message().contains(word) && error.message().contains("`y`"), "{node}: {error}");
        assert!(!error.message().contains('\n'), "{node}: {error}");
    }
}

/// Before anything is traced: the node that is named is the first of the chain, and the others are counted.
#[test]
fn a_chain_of_a_dtype_that_mlx_lacks_is_refused_at_its_first_node() {
    let chain = "  %a = Cast{to: C128} %x : c128[2]\n  %b = Binary(Mul) %a, %a : c128[2]\n  %c = Reshape{new_shape: [7]} %b : c128[7]";
    let error = refused(&program(&format!("  %x = input : f32[2]\n{chain}\n  return %c")));
    assert_says(&error, ErrorKind::Unsupported, &["no dtype c128", "`a` (Cast)", "2 more"]);
    // Also a leaf that nothing reads, and a node of a nested graph.
    let error = refused(&program("  %x = input : f32[2]\n  %z = input : c128[2]\n  return %x"));
    assert_says(&error, ErrorKind::Unsupported, &["no dtype c128", "`z` (Input)"]);
    let branch = |op: &str| format!("graph @b {{ %a = input : f32[1] %y = {op} %a : f32[1] return %y }}");
    let (good, bad) = (branch("Activation(Relu)"), branch("Cast{to: C128}"));
    let body = format!(
        "  %p = input : bool[1]\n  %x = input : f32[1]\n  %i = If{{then_branch: {good}, else_branch: {bad}}} %p, %x : f32[1]\n  return %i"
    );
    assert_says(
        &refused(&program(&body)),
        ErrorKind::Unsupported,
        &["no dtype c128", "`y` (Cast) in node", "`i` (If)"],
    );
}

#[test]
fn an_attribute_out_of_its_range_is_told_with_its_node_and_line() {
    let body = "  %x = input : f32[2, 3]\n  %y = Narrow{axis: -1, start: 0, len: 1} %x : f32[2, 1]\n  return %y";
    assert_says(&refused(&program(body)), ErrorKind::InvalidArgument, &["line 5, node %y: ", "-1"]);
}

#[test]
fn shapes_beyond_any_memory() {
    for dims in ["4294967296", "65536, 65536, 65536, 65536", "2147483648"] {
        let error = refused(&program(&format!("  %x = input : f32[{dims}]\n  return %x")));
        assert_says(&error, ErrorKind::InvalidArgument, &["`x`", "too large"]);
    }
}

#[test]
fn a_graph_of_a_module_is_named() {
    let graph = |name: &str, by: f32| {
        format!(
            "graph @{name} {{\n  %x = input : f32[1]\n  %by = const {by:?} : f32[1]\n  %y = Binary(Mul) %x, %by : f32[1]\n  return %y\n}}\n"
        )
    };
    let text = format!("rlxmodel 1\nopset 1\n{}{}", graph("double", 2.0), graph("triple", 3.0));
    for (name, want) in [("double", 8f32), ("triple", 12.0)] {
        let mut executable = backend().compile(text.as_bytes(), &CompileOptions::new().graph(name)).unwrap();
        assert_eq!(executable.run_to_vec(&[&4f32.to_le_bytes()]).unwrap(), [want.to_le_bytes()]);
    }
    assert_says(&refused(&text), ErrorKind::InvalidArgument, &["double, triple"]);
    let error = backend().compile(text.as_bytes(), &CompileOptions::new().graph("half")).unwrap_err();
    assert_says(&error, ErrorKind::NotFound, &["`half`", "double, triple"]);
    assert_says(&refused("rlxmodel 1\nopset 1\n"), ErrorKind::InvalidArgument, &["graph"]);
}

#[test]
fn newer_files() {
    let body = program("  %x = input : f32[1]\n  return %x");
    for (old, new) in [("rlxmodel 1", "rlxmodel 99"), ("opset 1", "opset 99"), ("opset 1", "opset 1\nrequires 99.0.0")]
    {
        assert_says(&refused(&body.replace(old, new)), ErrorKind::Unsupported, &["99"]);
    }
}

/// A cut anywhere is an error, never a panic or another program.
#[test]
fn truncated_files() {
    let text = include_str!("../../examples/models/mlp.rlxmodel").trim_end();
    for end in (0..text.len()).step_by(7) {
        let error = refused(&text[..end]);
        assert_says(&error, ErrorKind::InvalidArgument, &[]);
    }
}

#[test]
fn bytes_that_are_no_text() {
    let error = backend().compile(&[0xFF, 0xFE, 0x00], &CompileOptions::new()).unwrap_err();
    assert_says(&error, ErrorKind::InvalidArgument, &["UTF-8"]);
}

#[test]
fn a_program_that_nests_without_end() {
    // Deep enough to exhaust the stack of a recursive parser, which no error could report.
    let nested = format!("  %x = input : f32[2]\n  %y = Reshape{{new_shape: {}}} %x : f32[2]", "[".repeat(1_000_000));
    assert_says(&refused(&program(&nested)), ErrorKind::InvalidArgument, &["nests brackets"]);
    // Brackets in comments and names are no nesting.
    let brackets = "(".repeat(1000);
    let text = program(&format!("  // {brackets} \"\n  %x = Input{{name: \"\\\"{brackets}\"}} : f32[1]\n  return %x"));
    for mode in MODES {
        compile_text(&text, mode).unwrap();
    }
}
