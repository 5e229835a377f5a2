//! Texts that are refused: the error says line and node, whatever is wrong with it and wherever it stands.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]

use super::*;

fn refusal(program: &str) -> String {
    let request = CompileRequest { program, graph: None, options: Vec::new() };
    request.read_graph().unwrap_err().message().to_owned()
}

fn graph(lines: &[&str]) -> String {
    format!("rlxmodel 1\nopset 1\ngraph @g {{\n{}\n}}\n", lines.join("\n"))
}

const X: &str = "  %x = input : f32[2, 3]";

/// Nodes that are text of the format and no nodes of the IR, with words of what is told.
const WRONG: [(&str, &str); 10] = [
    ("Narrow{axis: -1, start: 0, len: 1} %x : f32[2, 1]", "-1"),
    ("Narrow{axis: 1.5, start: 0, len: 1} %x : f32[2, 1]", "1.5"),
    ("Narrow{axis: \"one\", start: 0, len: 1} %x : f32[2, 1]", "a string"),
    ("Narrow{axis: 99999999999999999999999, start: 0, len: 1} %x : f32[2, 1]", ""),
    ("Narrow{start: 0, len: 1} %x : f32[2, 1]", "axis"),
    ("Frobnicate %x : f32[2, 3]", "Frobnicate"),
    ("Activation(Sparkle) %x : f32[2, 3]", "Sparkle"),
    ("Transpose{perm: 1} %x : f32[3, 2]", ""),
    ("Clamp{min: none, max: 1} %x : f32[2, 3]", ""),
    ("Cast{to: f99} %x : f32[2, 3]", "f99"),
];

#[test]
fn an_attribute_of_a_wrong_type_or_range_is_told_with_its_node_and_line() {
    for (wrong, word) in WRONG {
        let y = format!("  %y = {wrong}");
        let text = graph(&[
            X,
            "  %1 = Activation(Relu) %x : f32[2, 3]",
            &y,
            "  %z = Activation(Relu) %y : f32[2, 3]",
            "  return %z",
        ]);
        let refusal = refusal(&text);
        assert!(refusal.contains("line 6, node %y: ") && refusal.contains(word), "{wrong}: {refusal}");
        assert!(!refusal.contains("graph at"), "{refusal}");
    }
}

#[test]
fn what_is_wrong_in_a_shape_or_with_the_text_is_told_with_its_node_and_line() {
    for (wrong, word) in [
        ("Activation(Relu) %x : f99[2, 3]", "f99"),
        ("Activation(Relu) %x : f32[-2, 3]", "-2"),
        ("Activation(Relu) %x : f32[rows, 3]", "`rows` is not declared"),
        ("Narrow{axis: cols, start: 0, len: 1} %x : f32[2, 1]", ""),
        ("Activation(Relu) %nowhere : f32[2, 3]", "%nowhere"),
        ("Activation(Relu %x : f32[2, 3]", "%x"),
        ("const [1.0, 2.0] : f32[3]", "2 values"),
    ] {
        let refusal = refusal(&graph(&[X, &format!("  %1 = {wrong}"), "  return %1"]));
        assert!(refusal.contains("line 5, node %1: ") && refusal.contains(word), "{wrong}: {refusal}");
    }
}

#[test]
fn a_node_of_a_nested_graph_is_told() {
    let branch = |op: &str| format!("graph @branch {{\n %a = input : f32[2]\n %b = {op} %a : f32[2]\n return %b\n}}");
    let (good, bad) = ("Activation(Relu)", "Activation(Sparkle)");
    let text = |then: &str, other: &str| {
        let (then, other) = (branch(then), branch(other));
        let node = format!(" %y = If{{then_branch: {then},\n else_branch: {other}}} %p, %x : f32[2]");
        graph(&[" %p = input : bool[1]", " %x = input : f32[2]", &node, " return %y"])
    };
    assert!(CompileRequest { program: &text(good, good), graph: None, options: Vec::new() }.read_graph().is_ok());
    assert!(refusal(&text(bad, good)).contains("line 8, node %b: "), "{}", refusal(&text(bad, good)));
    assert!(refusal(&text(good, bad)).contains("line 13, node %b: "), "{}", refusal(&text(good, bad)));
    assert!(refusal(&text(bad, bad)).contains("node %"), "{}", refusal(&text(bad, bad)));
}

#[test]
fn the_graph_of_a_module_is_told_apart() {
    let good = " %0 = Input{name: \"x\"} : f32[1]\n return %0\n}\n";
    let text = format!(
        "rlxmodel 1\nopset 1\ngraph @a {{\n{good}graph @b {{\n %0 = Frob : f32[1]\n return %0\n}}\ngraph @c {{\n{good}"
    );
    assert!(refusal(&text).contains("line 8, node %0: "), "{}", refusal(&text));
}

#[test]
fn what_is_wrong_elsewhere_is_told_as_the_parser_tells_it() {
    assert!(refusal("rlxmodel 1\nopset 1\nmodel [\n").contains("4:1"), "{}", refusal("rlxmodel 1\nopset 1\nmodel [\n"));
    assert!(refusal("").contains("1:1"));
    // A graph where none can be, behind the last statement.
    let stray = graph(&[X, "  %y = Frob %x : f32[2, 3]", "  return %y graph @b { %0 = Frob : f32[1] }"]);
    assert!(refusal(&stray).contains("6:"), "{}", refusal(&stray));
    assert!(refusal(&graph(&[X, "  return %y"])).contains("5:"), "{}", refusal(&graph(&[X, "  return %y"])));
    assert!(refusal(&"(".repeat(1000)).contains("256 deep"));
}
