//! `rlx-run bench`, `--profile`, `--trace`, `--threads`, `picture`: what they print and write, never how long things take.

use crate::files::Files;
use rlx_mlx_tests::plugin::MODES;
use rlx_mlx_tests::rlx_run::{command, error_line, json, keys, model, stdout};
use serde_json::Value;
use std::fs;

/// `rlx-run bench model` of the small model on `backend`, with a few runs.
fn bench(files: &Files, backend: &str) -> Vec<String> {
    let run = files.run(backend);
    let mut args = vec!["bench".to_owned(), "model".to_owned()];
    args.extend(run.into_iter().skip(1));
    args.extend(["--repeat", "12", "--warmup", "1"].map(str::to_owned));
    args
}

fn bench_for_people(files: &Files) -> assert_cmd::Command {
    command(bench(files, "mlx"))
}

#[test]
fn backends_are_timed_side_by_side() {
    let files = Files::new();
    let report = json(command(bench(&files, "mlx")).args(["--against", "cpu", "--threads", "1,2", "--json"]));
    assert_eq!(keys(&report), ["cells", "load_after", "machine", "notes"]);
    assert_eq!(keys(&report["machine"]), ["cores", "load", "processor"]);
    assert!(report["machine"]["cores"].as_u64() > Some(0));
    let cells = report["cells"].as_array().unwrap();
    assert_eq!(cells.iter().map(|cell| cell["threads"].as_u64()).collect::<Vec<_>>(), [Some(1), Some(2)]);
    for cell in cells {
        assert_eq!(keys(cell), ["at_once", "beside", "profile", "rows", "shape", "threads"]);
        let rows = cell["rows"].as_array().unwrap();
        assert_eq!(rows.iter().map(|row| row["backend"].as_str().unwrap()).collect::<Vec<_>>(), ["mlx", "cpu"]);
        for row in rows {
            let times = ["min_ms", "p50_ms", "p90_ms", "p99_ms", "mean_ms", "first_run_ms", "load_ms", "ratio"];
            for key in times {
                assert!(row[key].as_f64() > Some(0.0), "{key}: {row}");
            }
            let in_order = ["min_ms", "p50_ms", "p90_ms", "p99_ms"].map(|key| row[key].as_f64().unwrap());
            assert!(in_order.is_sorted(), "{row}");
            assert_eq!(
                (&row["runs"], &row["weights_bytes"], &row["difference"]),
                (&12.into(), &32.into(), &0.0.into())
            );
            assert!(!cfg!(target_os = "linux") || row["peak_bytes"].as_u64() > Some(1 << 20), "{row}");
        }
        assert_eq!(rows[0]["ratio"], 1.0);
        assert!(rows.iter().all(|row| row["other_bits"] == 0 && row["checksum"] == rows[0]["checksum"]), "{cell}");
    }
}

#[test]
fn programs_run_at_once_and_beside_busy_processes_with_the_bits_of_one() {
    let files = Files::new();
    let mut bench = command(bench(&files, "mlx"));
    bench.args(["--at-once", "3", "--beside", "1", "--seconds", "0.2"]);
    let report = json(bench.arg("--json"));
    let cell = &report["cells"][0];
    assert_eq!((&cell["beside"], &cell["rows"][0]["other_bits"]), (&1.into(), &0.into()));
    let at_once = &cell["at_once"];
    assert_eq!((&at_once["programs"], &at_once["other_bits"]), (&3.into(), &0.into()));
    assert!(at_once["at_once"].as_f64() > Some(0.0) && at_once["in_turn"].as_f64() > Some(0.0), "{at_once}");
    let text = stdout(bench_for_people(&files).args(["--at-once", "2", "--beside", "2", "--seconds", "0.1"]));
    for part in ["beside 2 busy processes", "2 programs from as many threads"] {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
    bench_for_people(&files).args(["--at-once", "0"]).assert().code(2);
}

/// Samples with seed 0 are others in every run, which is told and no error.
#[test]
fn runs_that_give_other_bits_are_counted() {
    let files = Files::new();
    let program = "rlxmodel 1\nopset 1\ngraph @sample {\n  %x = input : f32[64, 100]\n  \
        %y = Sample{top_k: 0, top_p: 1.0, temperature: 1.0, seed: 0} %x : f32[64]\n  return %y\n}\n";
    files.write("sample.rlxmodel", program);
    let mut bench = command(["bench", "model"]);
    bench.arg(files.path("sample.rlxmodel")).args(["--backend", "mlx", "--repeat", "5", "--warmup", "0"]);
    assert_eq!(json(bench.arg("--json"))["cells"][0]["rows"][0]["other_bits"], 5);
}

#[test]
fn an_encoder_has_a_cell_for_each_shape_and_a_table_for_people() {
    let folder = model();
    let encoder = |options: &[&str]| {
        let mut bench = command(["bench", "embed"]);
        bench.arg(&folder).args(["--backend", "mlx", "--repeat", "1", "--warmup", "0"]).args(options);
        bench
    };
    let text = stdout(&mut encoder(&["--shapes", "1x8,2x5", "--profile", "--top", "3"]));
    for part in
        ["1 x 8 tokens", "2 x 5 tokens", "p99", "first run", "peak memory", "load ", "kernel", "GF/s", "(MatMul)"]
    {
        assert!(text.contains(part), "`{part}` is not in\n{text}");
    }
    let report = json(&mut encoder(&["--shapes", "1x8", "--dtype", "bf16", "--json"]));
    let row = &report["cells"][0]["rows"][0];
    assert_eq!(
        (&report["cells"][0]["shape"], &report["cells"][0]["threads"]),
        (&serde_json::json!([1, 8]), &Value::Null)
    );
    // Half of the bytes that it reads of the file.
    assert_eq!(row["weights_bytes"], 45_130_752);
    let line = error_line(&mut encoder(&["--shapes", "1x513"]), 2);
    assert!(line.contains("513 tokens") && line.contains("512"), "{line}");
}

#[test]
fn what_cannot_be_timed_is_named() {
    let files = Files::new();
    files.write("model.onnx", "no graph");
    let refused = |options: &[&str], code| error_line(command(bench(&files, "mlx")).args(options), code);
    let cases: [(&[&str], i32, &[&str]); 7] = [
        (&["--against", "onnxruntime", "--python", "/no/python3"], 2, &["`/no/python3`", "pip install onnxruntime"]),
        (&["--against", "onnxruntime", "--onnx", "/no/such.onnx"], 2, &["/no/such.onnx", "--onnx"]),
        (&["--against", "nobody"], 2, &["nobody"]),
        (&["--threads", "0"], 2, &["--threads"]),
        (&["--threads", "1,2", "--trace", "/tmp/never"], 2, &["--trace", "one number of threads"]),
        (&["--repeat", "0"], 2, &["--repeat"]),
        (&["--seconds", "0"], 2, &["--seconds"]),
    ];
    for (options, code, parts) in cases {
        let line = if code == 2 && parts[0].starts_with("--") && parts.len() == 1 {
            // clap's own texts have several lines.
            let output = command(bench(&files, "mlx")).args(options).assert().code(2).get_output().clone();
            String::from_utf8(output.stderr).unwrap()
        } else {
            refused(options, code)
        };
        for part in parts {
            assert!(line.contains(part), "`{part}` is not in `{line}`");
        }
    }
    let run = |options: &[&str]| error_line(command(files.run("cpu")).args(options), 2);
    assert!(run(&["--profile"]).contains("`cpu` notes no times"));
    assert!(run(&["--threads", "1"]).contains("RLX_WORKERS"));
}

/// A Python without the package is told how to get it. Where no Python is at all, the case before stands for it.
#[test]
fn a_missing_package_is_named_with_its_remedy() {
    let files = Files::new();
    files.write("model.onnx", "no graph");
    files.write("onnxruntime.py", "raise ImportError('No module named onnxruntime, as ordered')");
    let Some(path) = std::env::var_os("PATH") else { return };
    if !std::env::split_paths(&path).any(|folder| folder.join("python3").is_file()) {
        return;
    }
    let mut bench = command(bench(&files, "mlx"));
    bench.args(["--against", "onnxruntime"]).env("PATH", path).env("PYTHONPATH", files.path(""));
    let line = error_line(&mut bench, 1);
    assert!(line.contains("as ordered") && line.contains("pip install onnxruntime"), "{line}");
}

#[test]
fn a_profile_names_nodes_and_kernels_in_every_mode() {
    let files = Files::new();
    for mode in MODES {
        let trace = files.path("trace.json");
        let mut run = command(files.run("mlx"));
        run.args(["--mode", mode, "--repeat", "5", "--profile", "--json", "--trace"]).arg(&trace);
        let report = json(&mut run);
        let profile = &report["profile"];
        assert_eq!(keys(profile), ["kernels", "lost", "nodes", "outside_ms", "runs", "total_ms"], "{mode}");
        assert_eq!((&profile["runs"], &profile["lost"]), (&4.into(), &0.into()), "{mode}: without the first");
        for rows in ["nodes", "kernels"] {
            let rows = profile[rows].as_array().unwrap();
            assert!(!rows.is_empty(), "{mode}");
            for row in rows {
                assert_eq!(keys(row), ["calls", "gbytes", "gflops", "name", "share", "total_ms"]);
                assert_eq!(row["calls"].as_u64().unwrap() % 4, 0, "{mode}: as often in each run: {row}");
            }
        }
        let names = profile["nodes"].to_string();
        assert!(names.contains("(MatMul)") || names.contains("(Binary)"), "{mode}: {names}");

        let events: Value = serde_json::from_str(&fs::read_to_string(&trace).unwrap()).unwrap();
        let events = events.as_array().unwrap();
        let mut runs = 0;
        for event in events {
            assert_eq!(keys(event), ["args", "dur", "name", "ph", "pid", "tid", "ts"]);
            assert_eq!(event["ph"], "X");
            assert!(event["ts"].as_f64() >= Some(0.0) && event["dur"].as_f64() >= Some(0.0), "{event}");
            assert_eq!(event["name"], event["args"]["kernel"]);
            runs += u32::from(event["name"] == "run");
        }
        assert_eq!(runs, 4, "{mode}");
        assert!(events.iter().any(|event| event["args"]["node"].as_str() != Some("")), "{mode}");

        let picture = files.path("trace.svg");
        stdout(command(["picture"]).arg(&trace).arg("--output").arg(&picture));
        let svg = fs::read_to_string(&picture).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("one run of"), "{mode}: {svg}");
    }
    files.write("empty.json", "[]");
    files.write("broken.json", "{");
    for (file, part) in [("empty.json", "no run"), ("broken.json", "not a trace file"), ("none.json", "cannot read")] {
        let line = error_line(command(["picture"]).arg(files.path(file)).args(["--output", "/dev/null"]), 1);
        assert!(line.contains(part) && line.contains(file), "{line}");
    }
}

/// Of a model whose kernels are large enough to be dealt out, bit for bit.
#[test]
fn embeddings_are_the_same_on_any_number_of_threads() {
    let mut expected: Option<Value> = None;
    for mode in MODES {
        for threads in ["1", "2", "3", "8"] {
            let mut embed = command(["embed", "--model"]);
            embed.arg(model()).args(["--backend", "mlx", "--mode", mode, "--threads", threads, "--json"]);
            embed.args([
                "The quick brown fox jumps over the lazy dog.",
                "Packs my box with five dozen liquor jugs, again.",
            ]);
            let found = json(embed.env("RLX_NUM_THREADS", "8"))["embeddings"].take();
            assert!(found[1][0].is_number());
            let expected = expected.get_or_insert_with(|| found.clone());
            assert!(found == *expected, "{mode}, {threads} threads");
        }
    }
}

/// Threads beside those that an executable may use are never started, whichever thread its kernels are called on.
#[cfg(target_os = "linux")]
#[test]
fn a_limit_holds_on_every_thread() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    for mode in MODES {
        for (limit, started) in [(Some("1"), 0), (None, 2)] {
            let mut worker = Command::new(rlx_mlx_tests::rlx_run::program());
            worker.env_clear().env("RLX_PLUGIN_PATH", rlx_mlx_tests::plugin::folder()).env("RLX_NUM_THREADS", "3");
            worker
                .args(["bench-worker", "--backend", "mlx", "--mode", mode, "--shape", "2x32", "--encoder"])
                .arg(model());
            worker.args(limit.map(|limit| format!("--threads={limit}")));
            let mut worker = worker.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            let mut ready = String::new();
            BufReader::new(worker.stdout.take().unwrap()).read_line(&mut ready).unwrap();
            assert!(ready.contains("Ready"), "{ready}");
            let tasks = fs::read_dir(format!("/proc/{}/task", worker.id())).unwrap();
            let names = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("comm")).unwrap_or_default());
            let helpers = names.filter(|name| name.starts_with("rlx-mlx-")).count();
            worker.kill().unwrap();
            worker.wait().unwrap();
            assert_eq!(helpers, started, "{mode}, {limit:?}");
        }
    }
}
