//! Failures: one line that names the thing, on both backends; 1 for what failed, 2 for usage and a missing backend.

use crate::files::{AFFINE, Files};
use ndarray::{Array2, arr2};
use ndarray_npy::WriteNpyExt;
use rlx_mlx_tests::rlx_run::{command, error_line};
use std::fs::{self, File};

/// Asserts that the command fails with exit code 1 and a line that holds all `parts`.
#[track_caller]
fn assert_fails(args: Vec<String>, parts: &[&str]) {
    let line = error_line(&mut command(&args), 1);
    for part in parts {
        assert!(line.contains(part), "`{part}` is not in `{line}`, of {args:?}");
    }
    assert!(line.len() < 600, "too long to read: {line}");
}

const BACKENDS: [&str; 2] = ["cpu", "mlx"];

#[test]
fn a_truncated_model_is_named() {
    let files = Files::new();
    // Before the closing brace of the graph: what is left is never a whole model.
    let end = AFFINE.trim_end().len();
    for backend in BACKENDS {
        for cut in [0, end / 4, end / 2, end * 3 / 4, end - 1] {
            files.write("cut.rlxmodel", &AFFINE[..cut]);
            assert_fails(
                files.run_with(backend, "cut.rlxmodel", "params.safetensors", &["x=x.npy"]),
                &["cut.rlxmodel"],
            );
        }
        files.write("binary.rlxmodel", [0xFF, 0xFE, 0x00]);
        assert_fails(
            files.run_with(backend, "binary.rlxmodel", "params.safetensors", &["x=x.npy"]),
            &["binary.rlxmodel", "UTF-8"],
        );
        assert_fails(files.run_with(backend, "no.rlxmodel", "params.safetensors", &[]), &["no.rlxmodel"]);
    }
}

#[test]
fn limits_of_memory_are_kept_and_belong_to_plugins() {
    let files = Files::new();
    let with = |backend, limit: &[&str]| [files.run(backend), limit.iter().map(ToString::to_string).collect()].concat();
    assert_fails(with("mlx", &["--memory-limit", "8"]), &["memory limit of 8"]);
    let line = error_line(&mut command(with("cpu", &["--cache-limit", "1MiB"])), 2);
    assert!(line.contains("--cache-limit") && line.contains("`cpu`"), "{line}");
}

#[test]
fn weights_that_are_missing_or_of_another_shape_are_named() {
    let files = Files::new();
    files.write_params("missing.safetensors", &[("w", &[3, 2], &[0.0; 6])]);
    files.write_params("shape.safetensors", &[("w", &[2, 3], &[0.0; 6]), ("b", &[2], &[0.0; 2])]);
    let whole = fs::read(files.path("params.safetensors")).unwrap();
    files.write("cut.safetensors", &whole[..whole.len() - 4]);
    files.write("empty.safetensors", "");
    for backend in BACKENDS {
        let run = |params| files.run_with(backend, "model.rlxmodel", params, &["x=x.npy"]);
        assert_fails(run("missing.safetensors"), &["missing.safetensors", "`b`", "f32[2]"]);
        assert_fails(run("shape.safetensors"), &["shape.safetensors", "`w`", "f32[2, 3]", "f32[3, 2]"]);
        assert_fails(run("cut.safetensors"), &["cut.safetensors"]);
        assert_fails(run("empty.safetensors"), &["empty.safetensors"]);
        assert_fails(run("no.safetensors"), &["no.safetensors"]);
        let mut without = run("params.safetensors");
        let at = without.iter().position(|arg| arg == "--params").unwrap();
        without.drain(at..at + 2);
        assert_fails(without, &["--params", "`w` f32[3, 2]", "`b` f32[2]"]);
    }
}

#[test]
fn an_op_that_nobody_knows_is_named() {
    let files = Files::new();
    files.write("odd.rlxmodel", AFFINE.replace("MatMul", "Frobnicate"));
    for backend in BACKENDS {
        let run = files.run_with(backend, "odd.rlxmodel", "params.safetensors", &["x=x.npy"]);
        assert_fails(run, &["odd.rlxmodel", "`Frobnicate`", "unknown op"]);
    }
}

#[test]
fn an_op_that_the_plugin_lacks_is_named_with_its_node() {
    let files = Files::new();
    // An op of the IR from Riemannian geometry, which MLX has nothing for.
    let model = "rlxmodel 1\nopset 1\ngraph @odd {\n  %x = input : f32[2, 2]\n  \
                 %moved = SpdExpMap %x, %x : f32[2, 2]\n  return %moved\n}\n";
    files.write("odd.rlxmodel", model);
    files.write_npy("x.npy", &arr2(&[[1.0, 0.0], [0.0, 1.0]]));
    let run = files.run_with("mlx", "odd.rlxmodel", "params.safetensors", &["x=x.npy"]);
    assert_fails(run, &["odd.rlxmodel", "unsupported op SpdExpMap", "`moved`"]);
}

#[test]
fn shapes_that_do_not_fit_together_are_named() {
    let files = Files::new();
    files.write("odd.rlxmodel", AFFINE.replace("f32[3, 2]", "f32[4, 2]"));
    files.write_params("params.safetensors", &[("w", &[4, 2], &[0.0; 8]), ("b", &[2], &[0.0; 2])]);
    for backend in BACKENDS {
        let run = files.run_with(backend, "odd.rlxmodel", "params.safetensors", &["x=x.npy"]);
        assert_fails(run, &["odd.rlxmodel", "MatMul"]);
    }
}

#[test]
fn wrong_missing_and_unknown_inputs_are_named() {
    let files = Files::new();
    files.write_npy("small.npy", &Array2::zeros((2, 2)));
    let doubles: Array2<f64> = Array2::zeros((2, 3));
    doubles.write_npy(File::create(files.path("f64.npy")).unwrap()).unwrap();
    let whole = fs::read(files.path("x.npy")).unwrap();
    files.write("cut.npy", &whole[..whole.len() - 4]);
    files.write("text.npy", "1 2 3");
    for backend in BACKENDS {
        let run = |inputs: &[&str]| files.run_with(backend, "model.rlxmodel", "params.safetensors", inputs);
        assert_fails(run(&["x=small.npy"]), &["`x`", "small.npy", "[2, 2]", "[2, 3]"]);
        assert_fails(run(&["x=f64.npy"]), &["`x`", "f64.npy", "f32"]);
        assert_fails(run(&["x=cut.npy"]), &["`x`", "cut.npy", "20 bytes", "24"]);
        assert_fails(run(&["x=text.npy"]), &["`x`", "text.npy"]);
        assert_fails(run(&["x=no.npy"]), &["`x`", "no.npy"]);
        assert_fails(run(&[]), &["`x`", "missing", "f32[2, 3]"]);
        assert_fails(run(&["x=x.npy", "y=x.npy"]), &["--input y", "no input `y`", "`x` f32[2, 3]"]);
        assert_fails(run(&["x=x.npy", "x=x.npy"]), &["--input x", "twice"]);
    }
}

#[test]
fn an_output_folder_that_cannot_be_made_is_named() {
    let files = Files::new();
    files.write("file", "in the way");
    for backend in BACKENDS {
        let mut args = files.run(backend);
        args.extend(["--output-dir".to_owned(), files.path("file/outputs").display().to_string()]);
        assert_fails(args, &["file/outputs"]);
    }
}

#[test]
fn wrong_usage_exits_with_2() {
    let files = Files::new();
    let with =
        |backend: &str, more: &[&str]| [files.run(backend), more.iter().map(|s| (*s).to_owned()).collect()].concat();
    // What clap refuses, with its own text and more than a line.
    let refused = [
        with("mlx", &["--mode", "fast"]),
        with("mlx", &["--device", "tpu"]),
        with("mlx", &["--repeat", "0"]),
        with("mlx", &["--input", "x"]),
        with("mlx", &["--frobnicate"]),
        vec!["run".to_owned(), "model.rlxmodel".to_owned()],
        vec!["embed".to_owned(), "text".to_owned()],
        vec!["frobnicate".to_owned()],
        vec![],
    ];
    for args in refused {
        let output = command(&args).assert().code(2).get_output().clone();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains("Usage:") || stderr.contains("--help"), "{args:?}: {stderr}");
        assert!(output.stdout.is_empty() && !stderr.contains("panicked"), "{args:?}: {stderr}");
    }
    let refuses = |args: Vec<String>, part: &str| {
        let line = error_line(&mut command(args), 2);
        assert!(line.contains(part), "{line}");
    };
    refuses(with("cpu", &["--mode", "lazy"]), "--mode");
    refuses(with("cpu", &["--device", "gpu"]), "--device");
    refuses(files.run("no-such-backend"), "`no-such-backend`");
}

/// The backend is there, so this is a failure and no usage error.
#[test]
fn a_device_that_is_not_there_is_named() {
    let devices = rlx_mlx_tests::plugin::backend().plugin().devices().unwrap();
    if devices.iter().any(|device| device.kind == rlx_host_api::DeviceKind::Gpu) {
        return;
    }
    let files = Files::new();
    let args = [files.run("mlx"), vec!["--device".to_owned(), "gpu".to_owned()]].concat();
    assert_fails(args, &["`mlx`", "gpu", "cpu:0"]);
}
