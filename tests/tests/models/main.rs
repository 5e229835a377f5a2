//! Real models that nobody here wrote, from their packages, and ResNet-50 with made-up weights: the plugin and rlx-cpu give
//! what onnxruntime does (tests/models).
//!
//! `cargo xtask models` translates them. Each has twenty inputs. A result may be off by 1e-4, one larger than 1 by as much of
//! itself; nearly all are probabilities.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

mod runtime;

use ndarray::ArrayD;
use ndarray_npy::ReadNpyExt;
use rlx_ir::rlxmodel;
use rlx_mlx_tests::plugin::MODES;
use rlx_mlx_tests::python::{command_for_models, repository, staged_plugin};
use rlx_mlx_tests::rlx_run::{command, json};
use rlx_mlx_tests::{oracle, plugin};
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// The models, with the names of their inputs.
const MODELS: [(&str, &[&str]); 6] = [
    ("magika", &["bytes"]),
    ("silero-vad", &["input", "state"]),
    ("ocr-detection", &["x"]),
    ("ocr-classification", &["x"]),
    ("ocr-recognition", &["x"]),
    ("resnet-50", &["x"]),
];

/// Where `cargo xtask test` has put the translated models.
fn translated() -> PathBuf {
    match std::env::var_os("RLX_TEST_MODELS") {
        Some(folder) => folder.into(),
        None => panic!("RLX_TEST_MODELS is not set: run `cargo xtask test`, which translates the models"),
    }
}

/// The plugin that is rlx-cpu.
fn rlx_cpu() -> PathBuf {
    let folder = std::env::var_os("RLX_TEST_REFERENCE_DIR").expect("run `cargo xtask test`, which builds rlx-cpu");
    Path::new(&folder).join(format!("{DLL_PREFIX}rlx_reference{DLL_SUFFIX}")).canonicalize().unwrap()
}

/// `tests/models` with arguments: its exit code and what it prints.
fn program<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> (i32, String) {
    let output = command_for_models([repository().join("tests/models")]).args(args).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap_or(-1), text + &String::from_utf8(output.stderr).unwrap())
}

/// A folder of its own in `scratch` with an input of a model, and what onnxruntime gives for it.
fn example(model: &str, scratch: &Path) -> PathBuf {
    let folder = scratch.join(model);
    assert_eq!(program(["example".as_ref(), model.as_ref(), folder.as_os_str()]), (0, String::new()));
    folder
}

/// The comparison of a model on a plugin with onnxruntime.
fn check(model: &str, plugin: &Path, more: &[&str]) -> (i32, String) {
    let folder = translated();
    let args = ["check".as_ref(), model.as_ref(), folder.as_os_str(), plugin.as_os_str()];
    program(args.into_iter().chain(more.iter().map(OsStr::new)))
}

/// Equal bits in all modes, near enough to onnxruntime; and rlx-cpu as near.
fn agrees(model: &str) {
    agrees_on_the_plugin(model);
    let (code, text) = check(model, &rlx_cpu(), &[]);
    assert_eq!(code, 0, "rlx-cpu: {text}");
}

fn agrees_on_the_plugin(model: &str) {
    let modes: Vec<&str> = ["--modes"].into_iter().chain(MODES).collect();
    let (code, text) = check(model, &staged_plugin(), &modes);
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with(&format!("{model}: 20 inputs, 0 findings")), "{text}");
}

#[test]
fn magika_knows_files_as_in_onnxruntime() {
    agrees("magika");
}

/// rlx-cpu computes no convolution of rank 3: what it gives is zero.
#[test]
fn silero_vad_hears_speech_as_in_onnxruntime() {
    agrees_on_the_plugin("silero-vad");
}

/// Why silero-vad is not compared with rlx-cpu. Once this fails, it can be.
#[test]
fn rlx_cpu_gives_zeros_for_a_convolution_of_rank_3() {
    let text = "rlxmodel 1\nopset 1\ngraph @main {
      %x = const [1.0, 2.0, 3.0] : f32[1, 1, 3]
      %w = const [1.0, 4.0] : f32[1, 1, 2]
      %y = Conv{kernel_size: [2], stride: [1], padding: [0], dilation: [1], groups: 1} %x, %w : f32[1, 1, 2]
      return %y\n}\n";
    assert_eq!(oracle::run_graph(rlxmodel::from_text(text).unwrap(), &[]), [[0.0, 0.0]]);
    for mode in MODES {
        let outputs = plugin::compile_text(text, mode).unwrap().run_to_vec(&[]).unwrap();
        assert_eq!(outputs, [[9f32.to_le_bytes(), 14f32.to_le_bytes()].concat()], "mode {mode}");
    }
}

#[test]
fn text_is_detected_as_in_onnxruntime() {
    agrees("ocr-detection");
}

#[test]
fn the_direction_of_text_is_told_as_in_onnxruntime() {
    agrees("ocr-classification");
}

#[test]
fn text_is_read_as_in_onnxruntime() {
    agrees("ocr-recognition");
}

/// Two inputs: rlx-cpu takes its time.
#[test]
fn resnet_50_is_computed_as_in_onnxruntime() {
    let modes: Vec<&str> = ["--inputs", "2", "--modes"].into_iter().chain(MODES).collect();
    for (plugin, more) in [(staged_plugin(), &modes[..]), (rlx_cpu(), &["--inputs", "2"])] {
        let (code, text) = check("resnet-50", &plugin, more);
        assert_eq!(code, 0, "{text}");
        assert!(text.starts_with("resnet-50: 2 inputs, 0 findings"), "{text}");
    }
}

/// A comparison that no fault could fail would say nothing.
#[test]
fn a_weight_that_is_a_tenth_off_is_found() {
    for (model, _) in MODELS {
        let (code, text) = check(model, &staged_plugin(), &["--modes", "compiled", "--inputs", "2", "--plant"]);
        assert_eq!(code, 1, "{text}");
        assert!(text.contains("is off by") && !text.contains(" 0 findings"), "{text}");
    }
}

/// The inputs are of the kinds that the models tell apart, and onnxruntime does tell them apart.
#[test]
fn the_inputs_mean_what_they_should() {
    let (code, text) = program(["meaning"]);
    assert_eq!(code, 0, "{text}");
}

/// As any other program, from files.
#[test]
fn rlx_run_takes_the_models() {
    let scratch = tempfile::tempdir().unwrap();
    for (model, inputs) in MODELS {
        let (given, taken) = (example(model, scratch.path()), scratch.path().join(format!("{model}-outputs")));
        let folder = translated().join(model);
        let mut run = command(["run", "--backend", "mlx", "--json", "--output-dir"]);
        run.arg(&taken).arg(folder.join("model.rlxmodel")).arg("--params").arg(folder.join("weights.safetensors"));
        for name in inputs {
            run.arg("--input").arg(format!("{name}={}", given.join(format!("{name}.npy")).display()));
        }
        let report = json(&mut run);
        let outputs = report["outputs"].as_array().unwrap();
        assert_eq!(fs::read_dir(&given).unwrap().count(), inputs.len() + outputs.len(), "{report:#}");
        for (number, output) in outputs.iter().enumerate() {
            let read = |path: &Path| ArrayD::<f32>::read_npy(File::open(path).unwrap()).unwrap();
            let found = read(Path::new(output["file"].as_str().unwrap()));
            let wanted = read(&given.join(format!("output_{number}.npy")));
            assert_eq!(found.shape(), wanted.shape(), "{report:#}");
            for (found, wanted) in found.iter().zip(&wanted) {
                assert!((found - wanted).abs() <= 1e-4 * wanted.abs().max(1.0), "{model}: {found}, not {wanted}");
            }
        }
    }
}

/// What the translation of a model of one node says.
fn translation(node: &str) -> String {
    let script = format!(
        "import sys; sys.path.insert(0, 'tests/models')
from onnx import TensorProto, helper
from program import Unsupported
from translate import translate
x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in 'xy')
k = helper.make_tensor('k', TensorProto.INT64, [2], [1, 1])
node = {node}
model = helper.make_model(helper.make_graph([node], 'main', [x], [y], [k]), opset_imports=[helper.make_opsetid('', 17)])
try:
    print(translate('main', model, {{'x': (2, 3, 4)}}).text())
except Unsupported as error:
    print(error)"
    );
    let output = command_for_models(["-c", &script]).current_dir(repository()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_is_not_translated_is_an_error_that_names_op_and_node() {
    let cases = [
        ("helper.make_node('Det', ['x'], ['y'], 'area')", "Det `area`: no such op is translated\n"),
        ("helper.make_node('Relu', ['x'], ['y'])", "  %y = Activation(Relu) %x : f32[2, 3, 4]\n"),
        ("helper.make_node('Relu', ['x'], ['y'], domain='mine')", "Relu `y`: the domain mine\n"),
        (
            "helper.make_node('Softmax', ['x'], ['y'], 's', axis=1)",
            "Softmax `s`: along axis 1, which is not the last\n",
        ),
        (
            "helper.make_node('Relu', ['x'], ['y'], 'r', slope=2)",
            "Relu `r`: 1 operands, attributes {'slope': 2}: got an unexpected keyword argument 'slope'\n",
        ),
        ("helper.make_node('Gather', ['x', 'k'], ['y'], 'g')", "Gather `g`: of several elements\n"),
        ("helper.make_node('Identity', ['k'], ['y'], 'i')", "output `y` does not depend on an input\n"),
    ];
    for (node, wanted) in cases {
        let text = translation(node);
        assert!(text.contains(wanted), "{node}: {text}");
    }
}
