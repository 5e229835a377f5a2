//! `rlx-run` as a user meets it: what it prints, what it writes, and how it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

mod bench;
mod conformance;
mod errors;
mod files;
mod hostile;
mod plugins;

use files::{Files, PRODUCT, SUM};
use ndarray::{Array2, arr2};
use ndarray_npy::ReadNpyExt;
use rlx_mlx_tests::plugin::MODES;
use rlx_mlx_tests::rlx_run::{command, json, keys, stdout};
use serde_json::Value;
use std::fs::{self, File};
use std::path::Path;

/// The backend and the options of each way to run a program.
fn ways() -> Vec<(&'static str, Vec<&'static str>)> {
    let plain = [("cpu", vec![]), ("cpu", vec!["--device", "cpu"]), ("mlx", vec![]), ("mlx", vec!["--device", "cpu"])];
    plain.into_iter().chain(MODES.map(|mode| ("mlx", vec!["--mode", mode]))).collect()
}

fn read_npy(path: &Path) -> Array2<f32> {
    Array2::read_npy(File::open(path).unwrap()).unwrap()
}

#[test]
fn run_computes_the_same_on_every_backend_and_in_every_mode() {
    let files = Files::new();
    for (backend, options) in ways() {
        let outputs = files.path("outputs");
        let report = json(command(files.run(backend)).args(&options).args(["--json", "--output-dir"]).arg(&outputs));
        let context = format!("{backend} {options:?}: {report:#}");
        assert_eq!(read_npy(&outputs.join("sum.npy")), arr2(&SUM), "{context}");
        assert_eq!(read_npy(&outputs.join("output_1.npy")), arr2(&PRODUCT), "{context}");
        assert_eq!(fs::read_dir(&outputs).unwrap().count(), 2, "{context}");
        fs::remove_dir_all(&outputs).unwrap();

        let shown = |index: usize, key: &str| report["outputs"][index][key].clone();
        assert_eq!(shown(0, "first"), serde_json::json!([32.0, 8.0, 59.0, 44.0]), "{context}");
        assert_eq!((shown(0, "name"), shown(1, "name")), ("sum".into(), "".into()), "{context}");
        assert_eq!((shown(1, "min"), shown(1, "max"), shown(1, "mean")), (22.0.into(), 64.0.into(), 40.75.into()));
        assert_eq!(shown(0, "file"), outputs.join("sum.npy").display().to_string(), "{context}");
    }
}

#[test]
fn run_reports_every_key_as_json() {
    let files = Files::new();
    let timings = ["compile_ms", "first_run_ms", "load_ms", "median_ms", "params_ms"];
    for backend in ["cpu", "mlx"] {
        let report = json(command(files.run(backend)).args(["--json", "--repeat", "5"]));
        let mut expected = [&timings[..], &["backend", "device", "memory", "outputs", "plugin", "runs"]].concat();
        expected.sort_unstable();
        assert_eq!(keys(&report), expected);
        let output = &report["outputs"][0];
        assert_eq!(keys(output), ["dtype", "file", "first", "index", "max", "mean", "min", "name", "shape"]);
        assert_eq!((&output["dtype"], &output["shape"]), (&"f32".into(), &serde_json::json!([2, 2])));
        assert_eq!(output["file"], Value::Null, "nothing was written");
        assert_eq!(
            (&report["backend"], &report["device"], &report["runs"]),
            (&backend.into(), &"cpu".into(), &5.into())
        );
        for key in timings {
            assert!(report[key].as_f64().is_some_and(|ms| ms >= 0.0), "{key}: {report:#}");
        }
        assert!(report["first_run_ms"].as_f64() > Some(0.0), "{report:#}");
        if backend == "cpu" {
            assert_eq!((&report["plugin"], &report["memory"]), (&Value::Null, &Value::Null));
        } else {
            let plugin = &report["plugin"];
            assert_eq!(keys(plugin), ["abi", "engine", "name", "version"]);
            assert_eq!(plugin["abi"], rlx_host_api::abi::ABI_VERSION.to_string());
            assert_eq!(plugin["name"], "mlx");
            assert!(plugin["engine"].as_str().unwrap().starts_with("MLX "), "{plugin}");
        }
    }
}

#[test]
fn run_prints_tables_for_people() {
    let files = Files::new();
    for backend in ["cpu", "mlx"] {
        let text = stdout(command(files.run(backend)).arg("--output-dir").arg(files.path("outputs")));
        for part in ["sum", "[2, 2]", "32.000000 8.000000", "median ms", "output_1.npy"] {
            assert!(text.contains(part), "`{part}` is not in\n{text}");
        }
    }
}

/// The same numbers on both backends for a seed, others for another, and 42 where none is given.
#[test]
fn a_seed_decides_the_random_numbers() {
    let files = Files::new();
    files.write(
        "random.rlxmodel",
        "rlxmodel 1
opset 1
graph @random {
  %numbers = RngUniform{low: 0.0, high: 1.0, key: 5, op_seed: none} : f32[4]
  return %numbers
}
",
    );
    let drawn = |backend: &str, seed: Option<&str>| {
        let mut run = command(["run".to_owned(), files.path("random.rlxmodel").display().to_string()]);
        run.args(["--backend", backend, "--json"]).args(seed.map(|seed| format!("--seed={seed}")));
        json(&mut run)["outputs"][0]["first"].clone()
    };
    let default = drawn("mlx", None);
    assert_eq!(default.as_array().map(Vec::len), Some(4));
    assert_eq!(drawn("mlx", Some("42")), default);
    let other = drawn("mlx", Some("18446744073709551615"));
    assert_ne!(other, default);
    assert_eq!((drawn("cpu", None), drawn("cpu", Some("18446744073709551615"))), (default, other));
}

#[test]
fn memory_is_told_and_limited() {
    const MIB: u64 = 1 << 20;
    let files = Files::new();
    let figure = |report: &Value, key: &str| report["memory"][key].as_u64().unwrap();
    let limits = ["--memory-limit", "512MiB", "--cache-limit", "0"];
    let report = json(command(files.run("mlx")).arg("--json").args(limits));
    let expected = ["active_bytes", "cache_bytes", "cache_limit_bytes", "limit_bytes", "peak_bytes"];
    assert_eq!(keys(&report["memory"]), expected);
    assert_eq!((figure(&report, "limit_bytes"), figure(&report, "cache_limit_bytes")), (512 * MIB, 0));
    assert_eq!(figure(&report, "cache_bytes"), 0, "nothing may be kept");
    let (active, peak) = (figure(&report, "active_bytes"), figure(&report, "peak_bytes"));
    assert!(active <= peak && (1..MIB).contains(&peak), "{active} in use, {peak} at most");
    let text = stdout(command(files.run("mlx")).args(limits));
    for part in ["memory in use", "512.0 MiB"] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
}

#[test]
fn an_output_name_never_leaves_the_folder() {
    let files = Files::new();
    files.write("model.rlxmodel", files::AFFINE.replace("as sum", "as \"../../sum\""));
    for backend in ["cpu", "mlx"] {
        let outputs = files.path("deep/outputs");
        let report = json(command(files.run(backend)).args(["--json", "--output-dir"]).arg(&outputs));
        let file = Path::new(report["outputs"][0]["file"].as_str().unwrap());
        assert_eq!(file.parent(), Some(&*outputs));
        assert_eq!(read_npy(file), arr2(&SUM));
    }
}

/// The plugin says in its log for which mode it compiled; its records come out of the host's logger.
#[test]
fn the_mode_reaches_the_plugin_and_its_log_reaches_the_host() {
    let files = Files::new();
    for mode in MODES {
        let output =
            command(files.run("mlx")).args(["--mode", mode]).env("RUST_LOG", "rlx_mlx=debug").assert().success();
        let log = String::from_utf8(output.get_output().stderr.clone()).unwrap();
        let line = format!("rlx_mlx::executable] compiled `affine` for {mode} mode");
        assert!(log.to_lowercase().contains(&line), "{line}:\n{log}");
    }
}
