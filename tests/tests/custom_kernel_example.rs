//! `examples/custom-kernel` as a user runs it: what it prints, in every mode, against an independent computation in f64.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

#[path = "../../examples/custom-kernel/src/kernels.rs"]
#[allow(dead_code, reason = "the example's own main uses the rest")]
mod kernels;

use assert_cmd::Command;
use rlx_host_api::CompileOptions;
use rlx_mlx_tests::plugin::{self, MODES};
use rlx_mlx_tests::rlx_run::{error_line, json, stdout};
use serde_json::Value;

/// The program with nothing of this process's environment but the staged plugin's folder.
fn program() -> Command {
    let Some(path) = std::env::var_os("RLX_TEST_CUSTOM_KERNEL") else {
        panic!("RLX_TEST_CUSTOM_KERNEL is not set: run `cargo xtask test`, which builds the example")
    };
    let mut command = Command::new(path);
    command.env_clear().env("RLX_PLUGIN_PATH", plugin::folder());
    command
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// y = gate(recurrence(relu(x w)² + x), x) - x, whole: rounding of every step has gone into the last.
fn expected(x: &[f64], w: &[f64], decay: f64) -> Vec<f64> {
    let mut y = Vec::new();
    for row in x.chunks(4) {
        let mut sum = 0.0;
        for (column, x) in row.iter().enumerate() {
            let product: f64 = row.iter().zip(w.iter().skip(column).step_by(4)).map(|(x, w)| x * w).sum();
            sum = if product > 0.0 { product * product } else { 0.0 } + x + decay * sum;
            y.push(sum / (1.0 + (-x).exp()) - x);
        }
    }
    y
}

#[test]
fn a_kernel_of_each_kind_computes_its_part_in_every_mode() {
    for mode in MODES {
        let report = json(program().arg("--json").env("RLX_MLX_MODE", mode));
        let steps = report["steps"].as_array().unwrap();
        let by: Vec<[&str; 2]> = steps.iter().map(|step| ["op", "by"].map(|key| step[key].as_str().unwrap())).collect();
        let kernels = [
            ["MatMul", "engine"],
            ["example.squared_relu", "composed"],
            ["Add", "engine"],
            ["example.recurrence", "host"],
            // The plugin that the tests build runs on the CPU.
            ["example.gate", "fallback, composed"],
            ["Sub", "engine"],
        ];
        assert_eq!(by, kernels, "{mode}");
        let (x, w) = (numbers(&report["x"]), numbers(&report["w"]));
        let want = expected(&x, &w, report["decay"].as_f64().unwrap());
        let found = numbers(&steps[5]["values"]);
        assert_eq!((found.len(), want.len()), (8, 8));
        // Some ten roundings, of terms of magnitude 16 at most.
        for (found, want) in found.iter().zip(want) {
            assert!((found - want).abs() < 10.0 * 16.0 * f64::from(f32::EPSILON), "{mode}: {found} is not {want}");
        }
    }
}

#[test]
fn it_prints_a_table() {
    let text = stdout(&mut program());
    for part in ["example.recurrence", "host", "example.gate", "fallback", "Plain Rust gives the same"] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
}

#[test]
fn what_goes_wrong_is_one_line() {
    let empty = tempfile::tempdir().unwrap();
    let nothing = error_line(program().env("RLX_PLUGIN_PATH", empty.path()).env("HOME", empty.path()), 1);
    assert!(nothing.contains("mlx") && nothing.contains(&*empty.path().to_string_lossy()), "{nothing}");
    assert!(error_line(program().arg("--frobnicate"), 2).contains("--json"));
}

/// A node may declare what it likes of a custom op, and each of the example's kernels is called with it.
#[test]
fn a_kernel_that_would_have_to_trust_sizes_refuses() {
    let backend = plugin::backend();
    for kernel in kernels::all() {
        backend.register_kernel(kernel).unwrap();
    }
    let x = 1f32.to_le_bytes().repeat(6);
    let fails = |op: &str, operands: &[&str], to: &str, mode: &str| {
        let given = operands.iter().map(|name| format!("%{name}")).collect::<Vec<_>>().join(", ");
        let program = format!(
            "rlxmodel 1\nopset 1\ngraph @g {{\n  %x = input : f32[2, 3]\n  %s = Reshape{{new_shape: [3, 2]}} %x : \
             f32[3, 2]\n  %y = Custom{{name: \"{op}\", num_inputs: {}, attrs: b64\"AAAAPw==\"}} {given} : {to}\n  \
             return %y as y, %s as s\n}}\n",
            operands.len()
        );
        let compiled = backend.compile(program.as_bytes(), &CompileOptions::new().set("mode", mode));
        let error = compiled.and_then(|mut program| program.run_to_vec(&[&x])).unwrap_err();
        for part in ["`y`", op] {
            assert!(error.message().contains(part), "{mode}, {op} {operands:?} to {to}: `{part}` is not in `{error}`");
        }
        assert!(!error.message().contains("panic"), "{error}");
        error.message().to_owned()
    };
    for mode in MODES {
        for to in ["f32[2, 0]", "f32[2, 1]", "f32[2, 4]", "f32[3, 2]", "f32[0]", "f32[2, 100000]"] {
            for (op, operands) in
                [(kernels::SQUARED_RELU, &["x"][..]), (kernels::RECURRENCE, &["x"]), (kernels::GATE, &["x", "x"])]
            {
                let message = fails(op, operands, to, mode);
                assert!(message.contains("f32[2, 3]") && message.contains(to), "{message}");
            }
        }
        // An operand that is not like the others, and another number of them.
        fails(kernels::GATE, &["x", "s"], "f32[2, 3]", mode);
        for (op, wrong) in
            [(kernels::SQUARED_RELU, 2), (kernels::RECURRENCE, 2), (kernels::GATE, 1), (kernels::GATE, 3)]
        {
            let message = fails(op, &["x"; 3][..wrong], "f32[2, 3]", mode);
            assert!(message.contains(&format!("operands, not {wrong}")), "{message}");
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn stderr_or_stdout_that_cannot_be_written_is_exit_code_1() {
    use std::process::Stdio;
    let full = || Stdio::from(std::fs::File::options().write(true).open("/dev/full").unwrap());
    let code = |args: &[&str], stdout: Stdio| {
        let mut command = std::process::Command::new(std::env::var_os("RLX_TEST_CUSTOM_KERNEL").unwrap());
        command.env_clear().env("RLX_PLUGIN_PATH", plugin::folder()).args(args);
        command.stdout(stdout).stderr(full()).status().unwrap().code()
    };
    assert_eq!(code(&[], full()), Some(1));
    assert_eq!(code(&["--json"], full()), Some(1));
    assert_eq!(code(&[], Stdio::from(std::io::pipe().unwrap().1)), Some(0), "as in `| head`");
    assert_eq!(code(&["--frobnicate"], Stdio::null()), Some(2));
}
