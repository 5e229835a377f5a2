//! The C side of the wire ABI: `examples/c-host` as a user runs it, the header that it stands on, and a plugin in C.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

mod failures;
mod header;
mod kernels;
mod plugin;

use assert_cmd::Command;
use ndarray::{Array2, ArrayD};
use ndarray_npy::{ReadNpyExt, WriteNpyExt};
use rlx_mlx_tests::rlx_run;
use safetensors::tensor::{Dtype, TensorView};
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// What `cargo xtask test` says under `variable`.
pub(crate) fn given(variable: &str) -> PathBuf {
    match std::env::var_os(variable) {
        Some(path) => path.into(),
        None => panic!("{variable} is not set: run `cargo xtask test`, which compiles the C programs"),
    }
}

/// The staged MLX plugin.
pub(crate) fn mlx() -> PathBuf {
    rlx_mlx_tests::plugin::folder().join("rlx_mlx").join(format!("{DLL_PREFIX}rlx_mlx{DLL_SUFFIX}"))
}

/// The plugin of `tests/c`.
pub(crate) fn cplug() -> PathBuf {
    given("RLX_TEST_C_PLUGIN_DIR").join(format!("{DLL_PREFIX}rlx_cplug{DLL_SUFFIX}"))
}

/// A file of the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// The C host with these arguments and an empty environment.
pub(crate) fn host<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(given("RLX_TEST_C_HOST"));
    command.env_clear().args(args);
    command
}

/// What the host prints. It must succeed, without a word on standard error.
pub(crate) fn stdout(command: &mut Command) -> String {
    rlx_run::stdout(command)
}

/// One line of outputs: `name dtype[dims]: v v v`.
pub(crate) struct Output {
    name: String,
    shape: String,
    values: Vec<String>,
}

impl Output {
    fn f32(&self) -> Vec<f32> {
        self.values.iter().map(|v| v.parse().unwrap()).collect()
    }
}

/// The outputs, which come after the lines about the plugin.
pub(crate) fn outputs(text: &str) -> Vec<Output> {
    let about = ["plugin: ", "engine: ", "abi: ", "opset: ", "ops: ", "device: "];
    let lines = text.lines().filter(|line| !about.iter().any(|key| line.starts_with(key)));
    lines
        .map(|line| {
            let (head, values) = line.split_once(':').unwrap();
            let (name, shape) = head.split_once(' ').unwrap();
            Output {
                name: name.to_owned(),
                shape: shape.to_owned(),
                values: values.split_whitespace().map(str::to_owned).collect(),
            }
        })
        .collect()
}

/// probabilities = softmax(x · w + b), over rows.
const LAYER: &str = "\
rlxmodel 1
opset 1
graph @layer {
  %x = input : f32[5, 3]
  %w = param : f32[3, 4]
  %b = param : f32[4]
  %product = MatMul %x, %w : f32[5, 4]
  %logits = Binary(Add) %product, %b : f32[5, 4]
  %probabilities = Softmax{axis: -1} %logits : f32[5, 4]
  return %probabilities as probabilities, %logits
}
";

/// A folder with models and tensors, each tensor as the C host reads it (`NAME.bin`).
pub(crate) struct Files {
    folder: TempDir,
}

impl Files {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    fn write_bin(&self, name: &str, values: &[f32]) -> String {
        self.write(name, values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>())
    }
}

/// Values of no pattern that a mistake could hide in, between -1 and 1.
fn values(seed: u32, count: usize) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

#[test]
fn it_says_what_the_plugin_is() {
    let text = stdout(&mut host([mlx()]));
    let plugin = rlx_run::json(&mut rlx_run::command(["plugins", "--json"]))["plugins"][0].clone();
    let field = |key: &str| plugin[key].as_str().unwrap().to_owned();
    let expected = [
        format!("plugin: {} {} by {}", field("name"), field("version"), field("vendor")),
        format!("engine: {} {}", field("engine"), field("engine_version")),
        format!("abi: {}", field("abi")),
        format!("ops: {}", plugin["ops"].as_array().unwrap().len()),
        format!("device: cpu:0 {}", plugin["devices"][0]["name"].as_str().unwrap()),
    ];
    for line in expected {
        assert!(text.lines().any(|found| found == line), "`{line}` is not in\n{text}");
    }
}

/// Models without inputs: all of what rlx-run writes, to the last bit.
#[test]
fn the_example_models_give_what_rlx_run_gives() {
    for name in ["affine", "mlp"] {
        let model = repository(&format!("examples/models/{name}.rlxmodel"));
        let found = outputs(&stdout(host([mlx()]).arg(&model)));
        let files = Files::new();
        let report = rlx_run::json(
            rlx_run::command(["run", "--backend", "mlx", "--json", "--output-dir", &files.path("out")]).arg(&model),
        );
        let wanted = report["outputs"].as_array().unwrap();
        assert_eq!(found.len(), wanted.len(), "{name}");
        for (found, wanted) in found.iter().zip(wanted) {
            let shape: Vec<usize> = serde_json::from_value(wanted["shape"].clone()).unwrap();
            assert_eq!(found.name, wanted["name"].as_str().unwrap());
            assert_eq!(found.shape, format!("f32{shape:?}"));
            let file = File::open(wanted["file"].as_str().unwrap()).unwrap();
            assert_eq!(found.f32(), ArrayD::<f32>::read_npy(file).unwrap().into_raw_vec_and_offset().0);
        }
        if name == "affine" {
            assert_eq!(found[0].values, ["12.5", "19", "32.5", "15.5", "17", "37"]);
        } else {
            assert_eq!(found[1].values, ["0", "1", "1", "0"]);
        }
    }
}

#[test]
fn inputs_and_parameters_from_files_give_what_rlx_run_gives() {
    let files = Files::new();
    let (x, w, b) = (values(1, 15), values(2, 12), values(3, 4));
    let model = files.write("layer.rlxmodel", LAYER);
    let pair = |name: &str, values: &[f32]| format!("{name}={}", files.write_bin(&format!("{name}.bin"), values));
    let given = ["--input".to_owned(), pair("x", &x), "--param".to_owned(), pair("w", &w), "--param".to_owned()];
    let found = outputs(&stdout(host([mlx()]).arg(&model).args(given).arg(pair("b", &b))));

    let npy = files.path("x.npy");
    Array2::from_shape_vec((5, 3), x.clone()).unwrap().write_npy(File::create(&npy).unwrap()).unwrap();
    let bytes = |values: &[f32]| values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<_>>();
    let (w_bytes, b_bytes) = (bytes(&w), bytes(&b));
    let view = |dims: &[usize], data| TensorView::new(Dtype::F32, dims.to_vec(), data).unwrap();
    let params = [("w", view(&[3, 4], &w_bytes)), ("b", view(&[4], &b_bytes))];
    let params = files.write("params.safetensors", safetensors::serialize(params, None).unwrap());
    let out = files.path("out");
    let input = format!("x={npy}");
    let args = ["run", &model, "--backend", "mlx", "--params", &params, "--input", &input, "--output-dir", &out];
    rlx_run::stdout(&mut rlx_run::command(args));
    let read = |name: &str| -> Vec<f32> {
        let file = File::open(Path::new(&out).join(name)).unwrap();
        Array2::read_npy(file).unwrap().into_raw_vec_and_offset().0
    };
    // The second output has no name, so it goes by its index.
    let heads: Vec<(&str, &str)> = found.iter().map(|o| (o.name.as_str(), o.shape.as_str())).collect();
    assert_eq!(heads, [("probabilities", "f32[5, 4]"), ("1", "f32[5, 4]")]);
    assert_eq!(found[0].f32(), read("probabilities.npy"));
    assert_eq!(found[1].f32(), read("output_1.npy"));

    // And what the program means, in f64. Three products and a sum of magnitude 1 round four times.
    for (row, logits) in found[1].f32().chunks(4).enumerate() {
        for (column, &found) in logits.iter().enumerate() {
            let product: f64 = (0..3).map(|k| f64::from(x[row * 3 + k]) * f64::from(w[k * 4 + column])).sum();
            let want = product + f64::from(b[column]);
            assert!((f64::from(found) - want).abs() < 4.0 * f64::from(f32::EPSILON), "{found} is not {want}");
        }
    }
}

#[test]
fn numbers_on_the_command_line_serve_f32_i32_and_i64() {
    let files = Files::new();
    let double = |dtype: &str| {
        let text = format!(
            "rlxmodel 1\nopset 1\ngraph @double {{\n  %x = input : {dtype}[4]\n  \
             %y = Binary(Add) %x, %x : {dtype}[4]\n  return %y as y\n}}\n"
        );
        files.write(&format!("{dtype}.rlxmodel"), text)
    };
    let run = |dtype: &str, x: &str| {
        let found = outputs(&stdout(host([mlx()]).args([&double(dtype), "--input", &format!("x={x}")])));
        assert_eq!((found.len(), &*found[0].shape), (1, &*format!("{dtype}[4]")));
        found[0].values.join(" ")
    };
    assert_eq!(run("f32", "1,-2.5,.25,1e10"), "2 -5 0.5 2e+10");
    assert_eq!(run("f32", "0.1"), "0.200000003 0.200000003 0.200000003 0.200000003");
    assert_eq!(run("i32", "1,-2,1073741823,-1073741824"), "2 -4 2147483646 -2147483648");
    assert_eq!(run("i64", "1,-2,4611686018427387903,-4611686018427387904"), {
        "2 -4 9223372036854775806 -9223372036854775808"
    });
    // A dtype that C99 has no numbers for comes from a file and goes out as its bytes: 1.0 and 2.0 in half precision.
    let half = files.write("half.bin", [0x00, 0x3c].repeat(4));
    assert_eq!(run("f16", &half), "0040 0040 0040 0040");
}

#[test]
fn the_plugin_logs_at_the_level_that_the_host_asks_for() {
    let program = repository("tests/c/scale_add.rlxmodel");
    let run = |level: Option<&str>| {
        let mut command = host([cplug(), program.clone()]);
        command.args(["--input", "x=1,2,3,4", "--param", "w=2", "--param", "b=0.5,0,-1,8"]);
        level.map(|level| command.env("RLX_LOG", level));
        let output = command.assert().success().get_output().clone();
        let found = outputs(std::str::from_utf8(&output.stdout).unwrap());
        assert_eq!(found[0].values, ["2.5", "4", "5", "16"]);
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(run(None), "");
    assert_eq!(run(Some("info")), "");
    assert_eq!(run(Some("debug")), "[debug cplug] compiled scale_add\n");
}

/// rlx-run finds a plugin in C as any other.
#[test]
fn rlx_run_runs_the_plugin_in_c() {
    let files = Files::new();
    let npy = files.path("x.npy");
    ndarray::arr1(&[1f32, 2.0, 3.0, 4.0]).write_npy(File::create(&npy).unwrap()).unwrap();
    let bytes: Vec<u8> = [0.5f32, 2.0, -1.0, 0.0].iter().flat_map(|v| v.to_le_bytes()).collect();
    let view = || TensorView::new(Dtype::F32, vec![4], &bytes).unwrap();
    let params = safetensors::serialize([("w", view()), ("b", view())], None).unwrap();
    let params = files.write("params.safetensors", params);
    let input = format!("x={npy}");
    let args = ["run", "--backend", "cplug", "--json", "--params", &params, "--input", &input];
    let mut command = rlx_run::command(args);
    command.arg(repository("tests/c/scale_add.rlxmodel")).env("RLX_PLUGIN_PATH", given("RLX_TEST_C_PLUGIN_DIR"));
    let report = rlx_run::json(&mut command);
    assert_eq!(report["outputs"][0]["first"], serde_json::json!([1.0, 6.0, -4.0, 0.0]), "{report:#}");
    assert_eq!(report["plugin"]["engine"], "C 99");
}
