//! `rlx-run check` and `rlx-run ops`: what is chosen, what is printed, and the exit code.

use rlx_mlx_tests::rlx_run::{command, error_line, json, keys, stdout};
use serde_json::Value;
use std::env;

const CASE: &str = "random/uniform/key2/f32/3x5x7/seed7";

fn check(options: &[&str]) -> assert_cmd::Command {
    let mut command = command(["check", "--backend", "mlx"]);
    command.args(options);
    command
}

/// rlx-cpu as a plugin, which has neither modes nor claims nor counters.
fn on_reference(arguments: &[&str]) -> assert_cmd::Command {
    let mut command = command(arguments);
    let folder = env::var_os("RLX_TEST_REFERENCE_DIR").expect("`cargo xtask test` stages the reference plugin");
    command.args(["--backend", "reference"]).env("RLX_PLUGIN_PATH", folder).env("RLX_PLUGIN_ALLOW_UNTRUSTED", "1");
    command.env("RUST_LOG", "off");
    command
}

#[test]
fn a_family_is_checked_and_told_by_the_numbers() {
    for mode in [None, Some("eager"), Some("lazy"), Some("compiled")] {
        let mut options = vec!["--family", "random", "--json"];
        options.extend(mode.iter().flat_map(|mode| ["--mode", *mode]));
        let report = json(&mut check(&options));
        assert_eq!(keys(&report), ["device", "failures", "families", "mode", "plugin", "seed", "unsupported"]);
        assert_eq!((&report["seed"], &report["mode"]), (&7.into(), &mode.unwrap_or("compiled").into()));
        let family = &report["families"][0];
        let expected = ["cases", "failed", "family", "passed", "unsupported", "worst_case", "worst_ulps"];
        assert_eq!(keys(family), expected);
        assert_eq!((&family["family"], &family["failed"]), (&"random".into(), &0.into()), "{family}");
        assert!(family["passed"].as_u64() > Some(20) && family["passed"] == family["cases"], "{family}");
        assert_eq!(report["families"].as_array().map(Vec::len), Some(1));
    }
    let text = stdout(&mut check(&["--op", "RngNormal", "--seed", "9"]));
    assert!(text.contains("random") && text.contains("worst ulps"), "{text}");
}

#[test]
fn a_case_runs_again_by_its_name_and_shows_its_values() {
    let names = json(&mut check(&["--family", "random", "--list", "--json"]));
    assert!(names.as_array().unwrap().contains(&CASE.into()), "{names}");
    let text = stdout(&mut check(&["--case", CASE]));
    for part in ["RngUniform", "expected: F32[3, 5, 7]", "found: F32[3, 5, 7]", "allowed: 0.5 ulps", "passed"] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
    let report = json(&mut check(&["--case", CASE, "--json"]));
    assert_eq!((&report["families"][0]["passed"], &report["seed"]), (&1.into(), &Value::Null), "{report:#}");
    let text = stdout(&mut check(&["--case", "binary/add/f32/3x5,3x5/spread/transposed/seed11"]));
    assert!(text.contains("x0: F32[5, 3]") && text.contains("Transpose"), "{text}");
}

#[test]
fn what_the_plugin_lacks_is_no_failure() {
    let report = json(&mut check(&["--op", "Cholesky", "--json"]));
    let family = &report["families"][0];
    let counts = |key: &str| family[key].as_u64().unwrap();
    assert_eq!(counts("failed") + counts("passed") + counts("unsupported"), counts("cases"), "{family}");
    assert_eq!(counts("failed"), 0);
}

/// The reference plugin stands for a backend with faults: rlx-cpu has its own, and the kit has to find them.
#[test]
fn failures_end_in_exit_code_1_and_are_named() {
    let output = on_reference(&["check", "--family", "pool", "--json"]).assert().code(1).get_output().clone();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let failures = report["failures"].as_array().unwrap();
    assert_eq!(report["families"][0]["failed"], failures.len());
    assert_eq!(report["mode"], Value::Null, "it has no modes");
    let (name, reason) = (failures[0]["case"].as_str().unwrap(), failures[0]["reason"].as_str().unwrap());
    assert!(name.starts_with("pool/") && name.ends_with("/seed7") && !reason.is_empty(), "{name}: {reason}");
    let output = on_reference(&["check", "--case", name]).assert().code(1).get_output().clone();
    assert!(String::from_utf8_lossy(&output.stdout).contains("expected: "), "{name}");
    let output = on_reference(&["check", "--family", "pool"]).assert().code(1).get_output().clone();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains(&format!("failed: {name}")) && text.contains("--case"), "{text}");
}

#[test]
fn mistakes_are_told_with_what_there_is() {
    for (options, part) in [
        (["--family", "nonsense"], "linalg"),
        (["--op", "Frobnicate"], "Frobnicate"),
        (["--op", "GaussianSplatRender"], "no such case"),
        (["--case", "random/seed7"], "--list"),
    ] {
        let line = error_line(&mut check(&options), 2);
        assert!(line.contains(part), "{line}");
    }
    let line = error_line(&mut command(["check", "--backend", "cpu"]), 2);
    assert!(line.contains("built in"), "{line}");
}

#[test]
fn every_op_of_the_ir_is_listed() {
    let report = json(&mut command(["ops", "--backend", "mlx", "--json"]));
    assert_eq!(keys(&report), ["device", "ops", "plugin", "supported"]);
    let ops = report["ops"].as_array().unwrap();
    assert!(ops.len() > 190, "{} ops", ops.len());
    let op = |name: &str| ops.iter().find(|op| op["op"] == name).unwrap();
    assert_eq!(keys(op("MatMul")), ["cases", "dtypes", "how", "limits", "op", "supported"]);
    assert_eq!((&op("MatMul")["how"], &op("MatMul")["supported"]), (&serde_json::json!(["graph"]), &true.into()));
    assert_eq!(op("Input")["how"], serde_json::json!(["leaf"]));
    assert_eq!(op("Scan")["how"], serde_json::json!(["control flow"]));
    assert_eq!(op("RngUniform")["how"], serde_json::json!(["host"]));
    assert!(op("Cast")["dtypes"].as_array().unwrap().contains(&"i64".into()));
    let splat = op("GaussianSplatRender");
    assert_eq!((&splat["supported"], &splat["dtypes"]), (&false.into(), &serde_json::json!([])));
    let supported = ops.iter().filter(|op| op["supported"] == true).count();
    assert_eq!(report["supported"], supported);
    let text = stdout(&mut command(["ops", "--backend", "mlx"]));
    assert!(text.contains("MatMul") && text.contains(&format!("{supported} of {} ops", ops.len())), "{text}");
}

/// A plugin that does not say how a node runs still says which kinds it has.
#[test]
fn a_plugin_without_claims_lists_its_kinds() {
    let text = stdout(&mut on_reference(&["ops"]));
    assert!(text.contains("180 of 191 ops"), "{text}");
}
