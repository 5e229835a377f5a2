//! `examples/custom-kernel` as a user runs it: what it prints, in every mode, against an independent computation in f64.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

use assert_cmd::Command;
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
