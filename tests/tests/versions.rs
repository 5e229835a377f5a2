//! Hosts and plugins of different versions of the ABI. The older side is this workspace's or a copy of its host API; the
//! newer one is a copy with a field more in each struct that may grow, and with an extension. Each host is a program of
//! its own.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

#[path = "cli/files.rs"]
mod files;

use files::{Files, PRODUCT, SUM};
use rlx_mlx_tests::{plugin, rlx_run};
use serde_json::{Value, json};
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What the fixtures put into fields that ABI 1.0 does not have: the letters `next`.
const MARK: u64 = 0x6E65_7874;

/// Structs of the host that a plugin reads in a run, and structs that it fills.
const WRITTEN_BY_HOST: [&str; 6] =
    ["RlxEntryRequest", "RlxHostServices", "RlxCreateArgs", "RlxCompileArgs", "RlxParamArgs", "RlxRunArgs"];
const FILLED_BY_PLUGIN: [&str; 4] = ["RlxEntryResponse", "RlxBackendInfo", "RlxDeviceInfo", "RlxExecutableInfo"];

/// What `cargo xtask test` built as `edition`.
fn folder(edition: &str) -> PathBuf {
    match std::env::var_os("RLX_TEST_NEXT_ABI_DIR") {
        Some(folder) => Path::new(&folder).join(edition),
        None => panic!("RLX_TEST_NEXT_ABI_DIR is not set: run `cargo xtask test`, which builds the fixtures"),
    }
}

/// The fixture plugin of an edition.
fn next(edition: &str) -> PathBuf {
    folder(edition).join(format!("{DLL_PREFIX}rlx_next{DLL_SUFFIX}"))
}

/// What the host of an edition reports of a plugin and the graph of [`Files`].
fn report(host: &str, plugin: &Path) -> Value {
    let files = Files::new();
    let mut command = Command::new(folder(host).join(format!("rlx-next-host{EXE_SUFFIX}")));
    command.arg(plugin).arg(files.path("model.rlxmodel")).args(["x=1,2,3,4,5,6", "w=1,2,3,4,5,6", "b=10,-20"]);
    let output = command.env_clear().output().expect("the fixture host");
    assert!(output.status.success(), "{host}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// The line with which a host refuses a plugin.
fn refusal(host: &str, plugin: &str, verdict: &str) -> String {
    let report = report(host, &next(plugin));
    let refused = &report["refused"];
    assert_eq!(refused["details"]["verdict"], verdict, "{report:#}");
    assert_eq!(refused["kind"], "VersionMismatch", "{report:#}");
    refused["message"].as_str().unwrap().to_owned()
}

/// The numbers of the graph of [`Files`], worked out by hand.
fn expected() -> Value {
    json!([
        { "name": "sum", "values": SUM.concat() },
        { "name": "", "values": PRODUCT.concat() },
    ])
}

/// A side's fields beyond ABI 1.0, if it knows any.
fn surplus(edition: &str, value: u64) -> Vec<u64> {
    if edition == "1.1" { vec![value] } else { vec![] }
}

#[test]
fn any_minor_of_the_host_runs_the_graph_on_any_minor_of_the_plugin() {
    for host in ["1.0", "1.1"] {
        for plugin in ["1.0", "1.1"] {
            let report = report(host, &next(plugin));
            let abi = |edition| format!("{edition}.0");
            assert_eq!((&report["abi"], &report["plugin"]["abi"]), (&json!(abi(host)), &json!(abi(plugin))));
            assert_eq!(report["safe"]["outputs"], expected(), "{host}, {plugin}: {report:#}");
            assert_eq!(report["raw"]["outputs"], expected(), "{host}, {plugin}: {report:#}");

            // A field that the other side lacks reads as zero; one that both have arrives.
            let mark = if host == plugin { MARK } else { 0 };
            let lines = |value| -> Vec<String> {
                let line = |name| format!("{name} {:?}", surplus(plugin, value));
                WRITTEN_BY_HOST
                    .iter()
                    .flat_map(|&name| vec![line(name); if name == "RlxParamArgs" { 2 } else { 1 }])
                    .collect()
            };
            assert_eq!(report["safe"]["plugin_saw"], json!(lines(0)), "{host}, {plugin}: {report:#}");
            assert_eq!(report["raw"]["plugin_saw"], json!(lines(mark)), "{host}, {plugin}: {report:#}");
            for name in FILLED_BY_PLUGIN {
                assert_eq!(report["raw"]["host_saw"][name], json!(surplus(host, mark)), "{host}, {plugin}: {report:#}");
            }
        }
    }
}

#[test]
fn the_real_plugin_runs_under_a_newer_host_and_a_newer_plugin_under_the_real_host() {
    let mlx = plugin::folder().join("rlx_mlx").join(format!("{DLL_PREFIX}rlx_mlx{DLL_SUFFIX}"));
    let report = report("1.1", &mlx);
    assert_eq!((&report["abi"], &report["plugin"]["abi"]), (&json!("1.1.0"), &json!("1.0.0")), "{report:#}");
    assert_eq!((&report["safe"]["outputs"], &report["raw"]["outputs"]), (&expected(), &expected()), "{report:#}");
    for name in FILLED_BY_PLUGIN {
        assert_eq!(report["raw"]["host_saw"][name], json!([0]), "{report:#}");
    }

    let files = Files::new();
    let mut command = rlx_run::command(files.run("next"));
    let report = rlx_run::json(command.arg("--json").env("RLX_PLUGIN_PATH", folder("1.1")));
    assert_eq!(report["plugin"]["abi"], "1.1.0", "{report:#}");
    let first = |output: usize| &report["outputs"][output]["first"];
    assert_eq!((first(0), first(1)), (&json!(SUM.concat()), &json!(PRODUCT.concat())), "{report:#}");
}

#[test]
fn an_extension_that_the_plugin_lacks_is_unsupported() {
    for host in ["1.0", "1.1"] {
        let lacking = &report(host, &next("1.0"))["extension"];
        assert_eq!((&lacking["kind"], &lacking["details"]["extension"]), (&json!("Unsupported"), &json!("next/1")));
        let message = lacking["message"].as_str().unwrap();
        for part in ["`next` 1.0.0", "`next/1`", "update the plugin"] {
            assert!(message.contains(part), "`{part}` is not in `{message}`");
        }
        assert_eq!(report(host, &next("1.1"))["extension"], json!({ "answer": 42 }), "{host}");
    }
}

#[test]
fn another_major_is_refused_in_both_directions_with_both_versions() {
    for (host, plugin, older) in [("1.0", "2.0", "host"), ("2.0", "1.0", "plugin")] {
        let line = refusal(host, plugin, "abi-mismatch");
        let expected = format!("it speaks ABI {plugin}.0, this host speaks ABI {host}.0; update the {older}");
        assert!(line.ends_with(&expected), "{line}");
    }
    for (host, plugin, older) in [("1.1", "2.0", "host"), ("2.0", "1.1", "plugin")] {
        let line = refusal(host, plugin, "abi-mismatch");
        let range = |edition| if edition == "1.1" { "1.0.0 to 1.1.0" } else { "2.0.0" };
        let (theirs, ours) = (range(plugin), range(host));
        let expected = format!("it speaks ABI {theirs}, this host speaks ABI {ours}; update the {older}");
        assert!(line.ends_with(&expected), "{line}");
    }
    assert_eq!(report("2.0", &next("2.0"))["safe"]["outputs"], expected(), "the fixtures themselves work");
}

#[test]
fn a_struct_whose_fields_are_swapped_is_refused_by_name() {
    for host in ["1.0", "1.1"] {
        let line = refusal(host, "1.0-swapped", "layout-differs");
        for part in ["RlxTensor", "field `dtype` is `rank` in the plugin", "ABI 1.0.0"] {
            assert!(line.contains(part), "`{part}` is not in `{line}`");
        }
    }
    assert_eq!(
        report("1.0-swapped", &next("1.0-swapped"))["safe"]["outputs"],
        expected(),
        "the fixtures themselves work"
    );
}

/// The ABI has a version of its own: a plugin may be built with another release of the crate.
#[test]
fn the_version_of_the_host_api_crate_does_not_matter() {
    for (host, plugin) in [("1.0", "1.0-other-crate"), ("1.0-other-crate", "1.0")] {
        assert_eq!(report(host, &next(plugin))["safe"]["outputs"], expected(), "{host}, {plugin}");
    }
}
