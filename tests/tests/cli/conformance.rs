//! `rlx-run check` and `rlx-run ops`: what is chosen, what is printed, and the exit code.

use rlx_mlx_tests::faulty;
use rlx_mlx_tests::plugin::MODES;
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
        assert_eq!(keys(&report), ["device", "failures", "families", "modes", "plugin", "refused", "seed"]);
        assert_eq!(report["seed"], 7);
        let family = &report["families"][0];
        let expected = ["cases", "failed", "family", "passed", "refused", "worst_case", "worst_ulps"];
        assert_eq!(keys(family), expected);
        assert_eq!((&family["family"], &family["failed"]), (&"random".into(), &0.into()), "{family}");
        assert!(family["passed"].as_u64() > Some(20) && family["passed"] == family["cases"], "{family}");
        assert_eq!(report["families"].as_array().map(Vec::len), Some(1));
        // Every mode without a wish, each with all the cases.
        let modes = report["modes"].as_array().unwrap();
        assert!(
            modes.iter().map(|row| row["mode"].as_str().unwrap()).eq(mode
                .map_or(&MODES[..], |mode| match mode {
                    "eager" => &MODES[..1],
                    "lazy" => &MODES[1..2],
                    _ => &MODES[2..],
                })
                .iter()
                .copied()),
            "{report:#}"
        );
        let cases: u64 = modes.iter().map(|row| row["cases"].as_u64().unwrap()).sum();
        assert_eq!(family["cases"], cases, "{report:#}");
        assert_eq!(keys(&modes[0]), ["cases", "failed", "mode", "passed", "refused"]);
    }
    let text = stdout(&mut check(&["--op", "RngNormal", "--seed", "9"]));
    for part in ["random", "worst ulps", "refused", "mode eager: ", "mode compiled: ", "/seed9"] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
}

#[test]
fn a_case_runs_again_by_its_name_and_shows_its_values() {
    let names = json(&mut check(&["--family", "random", "--list", "--json"]));
    assert!(names.as_array().unwrap().contains(&CASE.into()), "{names}");
    let text = stdout(&mut check(&["--case", CASE]));
    for part in
        ["RngUniform", "expected: F32[3, 5, 7]", "found: F32[3, 5, 7]", "allowed: 0.5 ulps", "mode lazy", "passed"]
    {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
    assert_eq!(text.matches("found: ").count(), MODES.len(), "{text}");
    let report = json(&mut check(&["--case", CASE, "--json"]));
    assert_eq!((&report["families"][0]["passed"], &report["seed"]), (&3.into(), &Value::Null), "{report:#}");
    let text = stdout(&mut check(&["--case", "binary/add/f32/3x5,3x5/spread/transposed/seed11"]));
    assert!(text.contains("x0: F32[5, 3]") && text.contains("Transpose"), "{text}");
}

/// Every mode runs all of them.
#[test]
fn there_are_thousands_of_cases() {
    let names = json(&mut check(&["--list", "--json"]));
    assert!(names.as_array().unwrap().len() >= 3000, "{} cases", names.as_array().unwrap().len());
}

/// What a plugin refuses is counted, and told with its reason.
#[test]
fn what_the_plugin_lacks_is_no_failure() {
    let options = ["check", "--case", "binary/add/i16/5x6,5x6/spread/seed7"];
    let report = json(&mut on_reference(&[&options[..], &["--json"]].concat()));
    let family = &report["families"][0];
    assert_eq!((&family["refused"], &family["failed"]), (&1.into(), &0.into()), "{report:#}");
    let refused = &report["refused"][0];
    assert_eq!(keys(refused), ["cases", "op", "reason"]);
    assert_eq!((&refused["op"], &refused["cases"][0]), (&"Binary".into(), &options[2].into()));
    assert!(refused["reason"].as_str().unwrap().contains("no i16"), "{refused}");
    let text = stdout(&mut on_reference(&options));
    assert!(text.contains("refused: ") && text.contains("no i16"), "{text}");
}

/// The reference plugin stands for a backend with faults: rlx-cpu has its own, and the kit has to find them.
#[test]
fn failures_end_in_exit_code_1_and_are_named() {
    let output = on_reference(&["check", "--family", "pool", "--json"]).assert().code(1).get_output().clone();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let failures = report["failures"].as_array().unwrap();
    assert_eq!(report["families"][0]["failed"], failures.len());
    assert_eq!(report["modes"].as_array().map(Vec::len), Some(1), "{report:#}");
    assert_eq!(report["modes"][0]["mode"], Value::Null, "it has no modes");
    let (name, reason) = (failures[0]["case"].as_str().unwrap(), failures[0]["reason"].as_str().unwrap());
    assert!(name.starts_with("pool/") && name.ends_with("/seed7") && !reason.is_empty(), "{name}: {reason}");
    let output = on_reference(&["check", "--case", name]).assert().code(1).get_output().clone();
    assert!(String::from_utf8_lossy(&output.stdout).contains("expected: "), "{name}");
    let output = on_reference(&["check", "--family", "pool"]).assert().code(1).get_output().clone();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains(&format!("failed: {name}")) && text.contains("--case"), "{text}");
}

/// A plugin that ends its process, in one way or another, fails the case at hand and no other.
#[test]
fn a_case_that_ends_its_process_fails_alone() {
    for (fault, part, cases) in [
        ("aborts", "it ends its process: killed by SIGABRT", 4),
        ("exits", "it ends its process: exit code 0", 4),
        ("hangs", "it hangs: no result within 5 s, and its process was killed", 1),
    ] {
        let options = ["--family", "binary", "--mode", "lazy", "--limit", "5", "--json"];
        let output = faulty::check(fault, &options).assert().code(1).get_output().clone();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let failures = report["failures"].as_array().unwrap();
        assert_eq!(failures.len(), cases, "{fault}: {failures:#?}");
        for failure in failures {
            assert!(failure["case"].as_str().unwrap().contains("/scalar,scalar/"), "{failure}");
            assert_eq!(failure["reason"], part);
        }
        let family = &report["families"][0];
        let passed = family["passed"].as_u64().unwrap();
        assert!(passed > 500 && passed + cases as u64 == family["cases"], "{family}");
    }
    // One alone, with what it was to compute.
    let mut one = faulty::check("aborts", &["--case", "binary/add/f32/scalar,scalar/spread/seed7", "--mode", "eager"]);
    let output = one.assert().code(1).get_output().clone();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("expected: F32[]") && text.contains("killed by SIGABRT"), "{text}");
}

/// What a plugin prints is none of the results, which stay whole.
#[test]
fn a_plugin_may_print() {
    let mut command = faulty::check("prints", &["--family", "binary", "--mode", "lazy", "--json"]);
    let output = command.assert().success().get_output().clone();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["families"][0]["failed"], 0);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("adding") && !stderr.contains('\u{1}'), "{stderr}");
}

#[test]
fn a_plugin_that_cannot_be_loaded_is_one_line() {
    let line = error_line(&mut faulty::check("nonsense", &["--family", "rope"]), 1);
    assert!(line.contains("there is no fault `nonsense`"), "{line}");
    let line = error_line(&mut command(["check", "--backend", "nobody"]), 2);
    assert!(line.contains("nobody"), "{line}");
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
    assert_eq!(keys(&report), ["device", "host", "ops", "plugin", "supported"]);
    let ops = report["ops"].as_array().unwrap();
    assert!(ops.len() > 190, "{} ops", ops.len());
    let op = |name: &str| ops.iter().find(|op| op["op"] == name).unwrap();
    assert_eq!(keys(op("MatMul")), ["by", "cases", "dtypes", "how", "limits", "op", "supported"]);
    assert_eq!(
        (&op("MatMul")["how"], &op("MatMul")["supported"]),
        (&serde_json::json!(["graph", "host"]), &true.into())
    );
    assert_eq!(op("Input")["how"], serde_json::json!(["leaf"]));
    assert_eq!(op("Scan")["how"], serde_json::json!(["control flow"]));
    assert_eq!(op("RngUniform")["how"], serde_json::json!(["host"]));
    let by = |name: &str| serde_json::to_string(&op(name)["by"]).unwrap();
    assert_eq!(
        op("MatMul")["by"][0],
        serde_json::json!({"how": "graph", "what": "one operation of MLX"}),
        "{}",
        by("MatMul")
    );
    assert!(by("DotGeneral").contains("several operations of MLX"), "{}", by("DotGeneral"));
    // Code of the processor always has its reason.
    let host: Vec<&Value> = ops.iter().filter(|op| op["how"].as_array().unwrap().contains(&"host".into())).collect();
    assert_eq!(report["host"], host.len());
    assert!(host.len() > 10, "{} ops with code of the processor", host.len());
    for op in &host {
        let reasons = op["by"].as_array().unwrap().iter().filter(|by| by["how"] == "host");
        assert!(reasons.clone().count() > 0 && reasons.clone().all(|by| by["what"] != ""), "{op}");
    }
    assert!(by("RngUniform").contains("bit for bit") && by("Softmax").contains("own rounding"), "{}", by("Softmax"));
    assert!(op("Cast")["dtypes"].as_array().unwrap().contains(&"i64".into()));
    let splat = op("GaussianSplatRender");
    assert_eq!((&splat["supported"], &splat["dtypes"]), (&false.into(), &serde_json::json!([])));
    let supported = ops.iter().filter(|op| op["supported"] == true).count();
    assert_eq!(report["supported"], supported);
    let text = stdout(&mut command(["ops", "--backend", "mlx"]));
    assert!(text.contains("MatMul") && text.contains(&format!("{supported} of {} ops", ops.len())), "{text}");
    assert!(text.contains("host: Softmax: ") && text.contains(&format!("{} of them", host.len())), "{text}");
}

/// A plugin that does not say how a node runs still says which kinds it has.
#[test]
fn a_plugin_without_claims_lists_its_kinds() {
    let text = stdout(&mut on_reference(&["ops"]));
    assert!(text.contains("180 of 191 ops"), "{text}");
}
