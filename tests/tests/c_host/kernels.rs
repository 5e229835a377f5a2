//! The kernels of the C host, `examples/c-host/kernels.c`: a C function and one that is composed of array operations.

use crate::failures::assert_fails;
use crate::{Files, host, mlx, outputs, repository, stdout};
use rlx_mlx_tests::plugin::MODES;

#[test]
fn they_compute_custom_ops_in_every_mode() {
    let model = repository("examples/models/custom.rlxmodel");
    for mode in MODES {
        let found = outputs(&stdout(host([mlx(), model.clone()]).env("RLX_MLX_MODE", mode)));
        assert_eq!((found.len(), &*found[0].name, &*found[0].shape), (1, "y", "f32[2, 3]"), "{mode}");
        // x w is [[0, -1, 6], [2, 2, 0]]; its positive part squared and x is [[1, -2, 36.5], [6, 4, 1]].
        assert_eq!(found[0].values, ["1", "-1.5", "35.75", "6", "7", "4.5"], "{mode}");
    }
}

/// Shapes and values that the example does not have, in turn with an ordinary op.
#[test]
fn they_take_tensors_of_any_rank_and_size() {
    let files = Files::new();
    let run = |shape: &str, attribute: &str, x: &str| {
        let text = format!(
            "rlxmodel 1\nopset 1\ngraph @g {{\n  %x = input : f32[{shape}]\n  \
             %a = Custom{{name: \"example.recurrence\", num_inputs: 1, attrs: b64\"{attribute}\"}} %x : f32[{shape}]\n  \
             %b = Custom{{name: \"example.squared_relu\", num_inputs: 1, attrs: b64\"\"}} %a : f32[{shape}]\n  \
             %y = Binary(Sub) %b, %x : f32[{shape}]\n  return %y as y, %a as a\n}}\n"
        );
        let model = files.write("model.rlxmodel", text);
        let found = outputs(&stdout(host([mlx()]).args([&model, "--input", &format!("x={x}")])));
        [found[1].values.join(" "), found[0].values.join(" ")]
    };
    // -2 and 1 as f32.
    assert_eq!(run("", "AAAAwA==", "3"), ["3", "6"]);
    assert_eq!(run("5", "AAAAwA==", "1,2,3,4,5"), ["1 0 3 -2 9", "0 -2 6 -4 76"]);
    assert_eq!(run("2, 1, 2", "AACAPw==", "1,2,3,4"), ["1 3 3 7", "0 7 6 45"]);
    assert_eq!(run("4, 0", "AACAPw==", "1"), ["", ""]);
}

#[test]
fn their_errors_name_node_and_kernel() {
    let files = Files::new();
    let plugin = mlx().display().to_string();
    let fails = |op: &str, attribute: &str, from: &str, to: &str, parts: &[&str]| {
        let text = format!(
            "rlxmodel 1\nopset 1\ngraph @g {{\n  %x = input : {from}\n  \
             %y = Custom{{name: \"{op}\", num_inputs: 1, attrs: b64\"{attribute}\"}} %x : {to}\n  return %y as y\n}}\n"
        );
        let model = files.write("model.rlxmodel", text);
        assert_fails(&[&plugin, &model, "--input", "x=1"], 1, parts);
    };
    let (function, composed) = ("example.recurrence", "example.squared_relu");
    let kernel = |op: &str| format!("kernel `{op}`");
    fails(function, "", "f32[3]", "f32[3]", &["run: ", "`y`", &kernel(function), "attributes are not one f32"]);
    fails(function, "AAAAPw==", "i32[3]", "i32[3]", &["run: ", "`y`", &kernel(function), "f32 alone"]);
    fails(composed, "", "f32[3]", "f32[4]", &["`y`", &kernel(composed), "f32[3]", "f32[4]"]);
    fails("example.nobody", "", "f32[3]", "f32[3]", &["no kernel", "`example.nobody`"]);
}

/// A node may declare what it likes of a custom op: a result that is smaller than the operand, larger, or of another dtype.
#[test]
fn a_kernel_that_would_have_to_trust_sizes_refuses() {
    let files = Files::new();
    let plugin = mlx().display().to_string();
    for mode in MODES {
        for to in
            ["f32[2, 0]", "f32[2, 1]", "f32[2, 4]", "f32[3, 2]", "f32[6]", "f32[2, 1000000]", "f32[0]", "i32[2, 3]"]
        {
            let text = format!(
                "rlxmodel 1\nopset 1\ngraph @g {{\n  %x = input : f32[2, 3]\n  %y = Custom{{name: \
                 \"example.recurrence\", num_inputs: 1, attrs: b64\"AAAAPw==\"}} %x : {to}\n  return %y as y\n}}\n"
            );
            let model = files.write("model.rlxmodel", text);
            let output = host([&plugin, &model, "--input", "x=1"]).env("RLX_MLX_MODE", mode).assert().code(1);
            let stderr = String::from_utf8(output.get_output().stderr.clone()).unwrap();
            for part in ["error: ", "`y`", "`example.recurrence`", "dtype and shape of its operand"] {
                assert!(stderr.contains(part), "{mode}, {to}: `{part}` is not in {stderr}");
            }
        }
    }
    for op in ["example.recurrence", "example.squared_relu"] {
        for operands in ["", " %x, %x"] {
            let count = operands.matches('x').count();
            let text = format!(
                "rlxmodel 1\nopset 1\ngraph @g {{\n  %x = input : f32[2, 3]\n  %y = Custom{{name: \"{op}\", \
                 num_inputs: {count}, attrs: b64\"AAAAPw==\"}}{operands} : f32[2, 3]\n  return %y as y, %x as x\n}}\n"
            );
            let model = files.write("model.rlxmodel", text);
            assert_fails(&[&plugin, &model, "--input", "x=1"], 1, &["`y`", op, "one operand"]);
        }
    }
}
