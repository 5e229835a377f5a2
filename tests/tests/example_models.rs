//! The models under examples/models, raw, on the plugin and on rlx-cpu.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

use rlx_ir::rlxmodel;
use rlx_mlx_tests::compare::{assert_same, assert_within, epsilon};
use rlx_mlx_tests::tensor::Tensor;
use rlx_mlx_tests::{oracle, plugin};
use std::path::PathBuf;

/// The longest chain is the encoder's: some 12 ops that sum at most 6 terms of order 1 each, through two norms.
const TOLERANCE: f64 = 12.0 * 6.0 * 2.0 * f32::EPSILON as f64;

fn read(name: &str) -> String {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../examples/models").join(name).with_extension("rlxmodel");
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The f32 outputs of the file's bytes as they are, equal in every mode, and within tolerance of rlx-cpu.
fn outputs(name: &str) -> Vec<Tensor> {
    let text = read(name);
    let graph = rlxmodel::from_text(&text).unwrap();
    let shapes: Vec<Vec<usize>> =
        graph.outputs.iter().map(|&id| graph.shape(id).dims().iter().map(|d| d.unwrap_static()).collect()).collect();
    let runs = plugin::MODES.map(|mode| {
        let mut executable = plugin::compile_text(&text, mode).unwrap();
        assert!(executable.inputs().is_empty() && executable.params().is_empty(), "{name} needs nothing but the file");
        executable.run_to_vec(&[]).unwrap()
    });
    assert!(runs.iter().all(|run| run == &runs[0]), "{name}: the modes differ");
    let found: Vec<Tensor> =
        runs[0].iter().zip(&shapes).map(|(data, dims)| Tensor::from_bytes(rlx_ir::DType::F32, dims, data)).collect();
    for (i, (found, want)) in found.iter().zip(oracle::run_graph(graph, &[])).enumerate() {
        assert_within(&format!("{name}, output {i}"), found, &want, |_, w| TOLERANCE * w.abs().max(1.0));
    }
    found
}

#[test]
fn affine() {
    assert_same("y", &outputs("affine")[0], &[12.5, 19.0, 32.5, 15.5, 17.0, 37.0]);
}

#[test]
fn mlp() {
    let [probabilities, class] = &outputs("mlp")[..] else { panic!("two outputs") };
    assert_same("class", class, &[0.0, 1.0, 1.0, 0.0]);
    // The logits are 2 and -2, or -2 and 2.
    let likely = 1.0 / (1.0 + (-4f64).exp());
    let want: Vec<f64> = class
        .values
        .iter()
        .flat_map(|&c| if c == 0.0 { [likely, 1.0 - likely] } else { [1.0 - likely, likely] })
        .collect();
    assert_within("probabilities", probabilities, &want, |_, _| 4.0 * epsilon(rlx_ir::DType::F32));
}

#[test]
fn encoder() {
    let [tokens, sentences] = &outputs("encoder")[..] else { panic!("two outputs") };
    assert_eq!(tokens.dims, [2, 3, 4]);
    for row in sentences.values.chunks(4) {
        let length: f64 = row.iter().map(|v| v * v).sum();
        assert!((length - 1.0).abs() < TOLERANCE, "length {length}");
    }
}
