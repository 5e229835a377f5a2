//! Sentence embeddings of all-MiniLM-L6-v2 through `rlx-run embed`: on MLX and on the CPU, against an independent NumPy
//! forward pass (`reference/minilm_numpy.py`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

use assert_cmd::Command;
use rlx_mlx_tests::plugin::MODES;
use rlx_mlx_tests::rlx_run::{command, error_line, json, keys, model, stdout};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// How far two implementations of the model may be apart in one element of a unit vector.
const TOLERANCE: f64 = 1e-4;

/// How far one implementation may be apart from itself under another batching. What padding adds is multiplied by a
/// weight of exactly 0, so only the order of BLAS's sums differs: a few f32 epsilons (1.2e-7) in a unit vector.
const BATCHING: f64 = 1e-6;

const BACKENDS: [&str; 2] = ["mlx", "cpu"];

fn reference(file: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("reference").join(file)).unwrap()
}

fn sentences() -> Vec<String> {
    reference("sentences.txt").lines().map(str::to_owned).collect()
}

/// `rlx-run embed` without texts.
fn embed(backend: &str, options: &[&str]) -> Command {
    let mut command = command(["embed", "--backend", backend]);
    command.arg("--model").arg(model()).args(options);
    command
}

fn vectors(report: &Value) -> Vec<Vec<f64>> {
    serde_json::from_value(report["embeddings"].clone()).expect("vectors of finite numbers")
}

/// The embeddings of the four sentences.
fn embeddings(backend: &str, options: &[&str]) -> Vec<Vec<f64>> {
    vectors(&json(embed(backend, options).arg("--json").args(sentences())))
}

#[track_caller]
fn assert_near(what: &str, a: &[Vec<f64>], b: &[Vec<f64>], tolerance: f64) {
    assert_eq!(
        a.iter().map(Vec::len).collect::<Vec<_>>(),
        b.iter().map(Vec::len).collect::<Vec<_>>(),
        "{what}: shapes"
    );
    let differences = a.iter().flatten().zip(b.iter().flatten()).map(|(a, b)| (a - b).abs());
    let largest = differences.fold(0.0, f64::max);
    assert!(largest <= tolerance, "{what}: {largest:.2e} apart, allowed {tolerance:.0e}");
}

#[test]
fn mlx_and_cpu_agree_with_each_other_and_with_numpy() {
    let reference: Value = serde_json::from_str(&reference("minilm.json")).unwrap();
    assert_eq!(reference["sentences"], serde_json::json!(sentences()));
    let numpy = vectors(&reference);
    let [mlx, cpu] = BACKENDS.map(|backend| embeddings(backend, &[]));
    assert_eq!((mlx.len(), mlx[0].len()), (4, 384));
    assert_near("mlx and cpu", &mlx, &cpu, TOLERANCE);
    assert_near("mlx and NumPy", &mlx, &numpy, TOLERANCE);
    assert_near("cpu and NumPy", &cpu, &numpy, TOLERANCE);
    for vector in &mlx {
        let norm = vector.iter().map(|v| v * v).sum::<f64>().sqrt();
        assert!((norm - 1.0).abs() < 1e-5, "norm {norm}");
    }
    let cosine = |a: usize, b: usize| mlx[a].iter().zip(&mlx[b]).map(|(a, b)| a * b).sum::<f64>();
    assert!(cosine(0, 1) > cosine(0, 2) && cosine(2, 3) > cosine(1, 3), "pairs of one meaning are nearer");
}

#[test]
fn every_mode_gives_the_same_bits() {
    let [eager, lazy, compiled] = MODES.map(|mode| embeddings("mlx", &["--mode", mode]));
    assert_near("eager and lazy", &eager, &lazy, 0.0);
    assert_near("eager and compiled", &eager, &compiled, 0.0);
}

#[test]
fn the_batch_size_does_not_change_the_embeddings() {
    for backend in BACKENDS {
        let whole = embeddings(backend, &[]);
        for batch in ["1", "3"] {
            let split = embeddings(backend, &["--batch", batch]);
            assert_near(&format!("{backend}, --batch {batch}"), &whole, &split, BATCHING);
        }
    }
}

/// The plugin says in its log when it compiles a program: once for each shape of a batch. Without padding the sentences
/// have 9, 10, 11 and 11 tokens.
#[test]
fn batches_are_as_large_as_asked_for() {
    for (batch, shapes) in [("1", 3), ("3", 2), ("4", 1)] {
        let mut command = embed("mlx", &["--batch", batch, "--mode", "compiled"]);
        let output = command.args(sentences()).env("RUST_LOG", "rlx_mlx=debug").assert().success();
        let log = String::from_utf8(output.get_output().stderr.clone()).unwrap();
        assert_eq!(log.matches("compiled `sentence_encoder`").count(), shapes, "--batch {batch}:\n{log}");
    }
}

#[test]
fn the_report_has_every_key() {
    let mut names: Vec<&str> =
        "backend plugin device embeddings shape load_ms compile_ms params_ms first_run_ms median_ms runs memory"
            .split(' ')
            .collect();
    names.sort_unstable();
    for backend in BACKENDS {
        let report = json(embed(backend, &["--json", "--repeat", "3"]).args(sentences()));
        assert_eq!(keys(&report), names);
        assert_eq!(report["shape"], serde_json::json!([4, 384]));
        assert_eq!(
            (&report["backend"], &report["device"], &report["runs"]),
            (&backend.into(), &"cpu".into(), &3.into())
        );
        for key in names.iter().filter(|name| name.ends_with("_ms")) {
            assert!(report[key].as_f64() > Some(0.0), "{backend}: {key} is {}", report[key]);
        }
        match backend {
            "cpu" => assert_eq!(report["plugin"], Value::Null),
            _ => assert_eq!(keys(&report["plugin"]), ["abi", "engine", "name", "version"]),
        }
    }
}

#[test]
fn texts_come_from_standard_input_when_there_are_no_arguments() {
    for backend in BACKENDS {
        let lines = json(embed(backend, &["--json"]).write_stdin(reference("sentences.txt")));
        assert_near(backend, &vectors(&lines), &embeddings(backend, &[]), 0.0);
        let line = error_line(embed(backend, &[]).write_stdin(""), 2);
        assert!(line.contains("no text"), "{line}");
    }
}

#[test]
fn people_get_a_table() {
    for backend in BACKENDS {
        let text = stdout(embed(backend, &[]).args(sentences()));
        for part in ["guitar on stage", "cosine", "1.0000", "median ms"] {
            assert!(text.contains(part), "`{part}` is not in\n{text}");
        }
    }
}

#[test]
fn long_texts_are_cut_and_a_limit_that_the_model_cannot_keep_is_refused() {
    let words = |count: usize| vec!["music"; count].join(" ");
    for backend in BACKENDS {
        // [CLS], [SEP] and 3 words fit in 5 tokens.
        let cut = vectors(&json(embed(backend, &["--json", "--max-length", "5"]).args([words(3), words(40)])));
        assert_near(backend, &cut[..1], &cut[1..], BATCHING);
        let whole = vectors(&json(embed(backend, &["--json"]).args([words(3), words(400)])));
        assert_near(backend, &cut[..1], &whole[..1], BATCHING);
        assert!(whole[0].iter().zip(&whole[1]).any(|(a, b)| (a - b).abs() > 1e-3), "400 words embed like 3");
        for length in ["2", "513"] {
            let line = error_line(embed(backend, &["--max-length", length]).arg("text"), 2);
            assert!(line.contains(length) && line.contains("--max-length"), "{line}");
        }
    }
}

#[test]
fn a_model_folder_that_is_not_whole_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut present = Vec::new();
    for file in ["config.json", "sentence_bert_config.json", "tokenizer.json", "model.safetensors"] {
        let line = error_line(command(["embed", "--backend", "cpu", "text", "--model"]).arg(folder.path()), 1);
        assert!(line.contains(file), "with {present:?}: {line}");
        // Half a file is as good as none, but the message has to say which one it is.
        let whole: PathBuf = model().join(file);
        let content = std::fs::read(&whole).unwrap();
        std::fs::write(folder.path().join(file), &content[..content.len() / 2]).unwrap();
        let line = error_line(command(["embed", "--backend", "cpu", "text", "--model"]).arg(folder.path()), 1);
        assert!(line.contains(file), "half of it, with {present:?}: {line}");
        std::fs::copy(whole, folder.path().join(file)).unwrap();
        present.push(file);
    }
}
