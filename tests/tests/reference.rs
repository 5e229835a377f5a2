//! The reference plugin, examples/reference-plugin, loaded as a host loads it: the same numbers as rlx-cpu in this process,
//! errors that say what is wrong, and a library that exports one symbol.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

use rlx_host_api::{
    Backend, BackendOptions, CompileOptions, DType, DeviceKind, Error, ErrorKind, Executable, Plugin, TensorInfo,
    TensorView, Threading,
};
use rlx_ir::rlxmodel::{self, OPSET, RLX_VERSION};
use rlx_mlx_tests::tensor::Tensor;
use rlx_runtime::{Device, Session, backend_for};
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

fn library() -> PathBuf {
    match std::env::var_os("RLX_TEST_REFERENCE_DIR") {
        Some(folder) => Path::new(&folder).join(format!("{DLL_PREFIX}rlx_reference{DLL_SUFFIX}")),
        None => panic!("RLX_TEST_REFERENCE_DIR is not set: run `cargo xtask test`, which builds the reference plugin"),
    }
}

fn plugin() -> Plugin {
    Plugin::load(&library()).unwrap()
}

fn backend() -> &'static Backend {
    static BACKEND: LazyLock<Backend> = LazyLock::new(|| plugin().create(&BackendOptions::new()).unwrap());
    &BACKEND
}

/// A program of one graph with this body.
fn program(body: &str) -> String {
    format!("rlxmodel 1\nopset 1\ngraph @main {{\n{body}\n}}\n")
}

fn compile(text: &str) -> Result<Executable, Error> {
    backend().compile(text.as_bytes(), &CompileOptions::new())
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn run(executable: &mut Executable, inputs: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, Error> {
    executable.run_to_vec(&inputs.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

#[track_caller]
fn assert_says<T>(result: Result<T, Error>, kind: ErrorKind, words: &[&str]) {
    let error = result.err().expect("an error");
    assert_eq!(error.kind(), kind, "{error}");
    for word in words {
        assert!(error.message().contains(word), "`{word}` is missing in: {error}");
    }
    assert!(!error.message().contains('\n'), "not one line: {error}");
}

#[test]
fn it_says_what_it_is() {
    let plugin = plugin();
    let info = plugin.info();
    assert_eq!(
        (info.name.as_str(), info.engine.as_str(), info.engine_version.as_str()),
        ("reference", "rlx-cpu", RLX_VERSION)
    );
    assert_eq!((info.opset.clone(), info.threading), (1..=OPSET, Threading::Concurrent));
    let ops: Vec<String> =
        backend_for(Device::Cpu).unwrap().supported_ops().iter().map(|op| format!("{op:?}")).collect();
    assert_eq!(info.ops, ops);
    let devices = plugin.devices().unwrap();
    assert_eq!(devices.iter().map(|device| device.kind).collect::<Vec<_>>(), [DeviceKind::Cpu]);
    assert!(plugin.extension("kernels", 1).is_none());
}

/// The file's program with its f32 constants made inputs and parameters, in turn.
fn opened(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/models").join(name).with_extension("rlxmodel");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut leaves = ["input", "param"].iter().cycle();
    let mut pieces = text.split("= const [");
    let mut out = pieces.next().unwrap().to_owned();
    for piece in pieces {
        match piece.split_once("] : ") {
            Some((_, rest)) if rest.starts_with("f32") => out += &format!("= {} : {rest}", leaves.next().unwrap()),
            _ => out += &format!("= const [{piece}"),
        }
    }
    out
}

/// Random f32 values for each tensor of a list.
fn random(list: &[TensorInfo], seed: u64) -> Vec<(String, Vec<f32>)> {
    let values = |(i, info): (usize, &TensorInfo)| {
        let values = Tensor::random(&[info.elements()], seed + i as u64).values;
        (info.name.clone(), values.iter().map(|&v| v as f32).collect())
    };
    list.iter().enumerate().map(values).collect()
}

/// The outputs of an f32 program on the plugin, which must be those of rlx-cpu in this process to the last bit: it is the
/// same code on the same values.
fn run_both(text: &str, executable: &mut Executable, seed: u64) -> Vec<Vec<u8>> {
    let (inputs, params) = (random(executable.inputs(), seed), random(executable.params(), seed + 1000));
    let mut session = Session::new(Device::Cpu).compile(rlxmodel::from_text(text).unwrap());
    for (name, values) in &params {
        session.set_param(name, values);
        let dims = executable.params().iter().find(|p| p.name == *name).unwrap().dims.clone();
        let view = TensorView { dtype: DType::F32, dims: &dims, data: &bytes(values) };
        executable.set_param(name, view).unwrap();
    }
    let named: Vec<(&str, &[f32])> = inputs.iter().map(|(name, values)| (name.as_str(), values.as_slice())).collect();
    let want: Vec<Vec<u8>> = session.run(&named).iter().map(|values| bytes(values)).collect();
    let inputs: Vec<Vec<u8>> = inputs.iter().map(|(_, values)| bytes(values)).collect();
    let found = run(executable, &inputs).unwrap();
    assert_eq!(found, want);
    found
}

#[test]
fn the_example_models_give_the_numbers_of_rlx_cpu() {
    for name in ["affine", "mlp", "encoder"] {
        let text = opened(name);
        let mut executable = compile(&text).unwrap();
        assert!(executable.inputs().len() > 1 && !executable.params().is_empty(), "{name} was opened");
        let runs = [1, 2, 1].map(|seed| run_both(&text, &mut executable, seed));
        assert_eq!(runs[0], runs[2], "{name}: a run leaves no trace in the next");
        assert_ne!(runs[0], runs[1], "{name}: the values matter");
    }
}

#[test]
fn the_example_models_as_they_are() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/models/affine.rlxmodel");
    let mut executable = compile(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(run(&mut executable, &[]).unwrap(), [bytes(&[12.5, 19.0, 32.5, 15.5, 17.0, 37.0])]);
}

/// Each dtype as input, parameter and output, with values that it holds exactly.
#[test]
fn every_dtype_but_i16_goes_in_and_out() {
    use rlx_ir::DType as Ir;
    let cases: [(Ir, [f64; 3]); 10] = [
        (Ir::F32, [1.5, -2.25, 1e30]),
        (Ir::F16, [1.5, -2.25, 65504.0]),
        (Ir::BF16, [1.5, -2.25, 256.0]),
        (Ir::F64, [1.5, -2.25, 1e300]),
        (Ir::I8, [1.0, -128.0, 127.0]),
        (Ir::I32, [1.0, -2.0, 2147483647.0]),
        (Ir::I64, [1.0, -2.0, (1_i64 << 52) as f64]),
        (Ir::U8, [1.0, 0.0, 255.0]),
        (Ir::U32, [1.0, 0.0, 4294967295.0]),
        (Ir::Bool, [1.0, 0.0, 1.0]),
    ];
    for (ir, values) in cases {
        let (dtype, value) = (DType::from(ir), Tensor::of(ir, &[3], values));
        let text = program(&format!(
            "  %x = input : {dtype}[3]\n  %p = param : {dtype}[3]\n  %f = Cast{{to: F32}} %x : f32[3]\n  \
             return %x, %p, %f"
        ));
        let mut executable = compile(&text).unwrap_or_else(|e| panic!("{dtype}: {e}"));
        let other = Tensor::of(ir, &[3], [values[2], values[1], values[0]]);
        let view = TensorView { dtype, dims: &[3], data: &other.bytes() };
        executable.set_param("p", view).unwrap();
        let outputs = run(&mut executable, &[value.bytes()]).unwrap();
        let as_f32: Vec<f32> = value.values.iter().map(|&v| v as f32).collect();
        assert_eq!(outputs, [value.bytes(), other.bytes(), bytes(&as_f32)], "{dtype}");
    }
    assert_says(compile(&program("  %x = input : i16[2]\n  return %x")), ErrorKind::Unsupported, &["i16", "`x`"]);
}

#[test]
fn computing_with_narrow_and_wide_dtypes() {
    let text = program(
        "  %a = input : f32[4]\n  %b = input : f32[4]\n  %n = input : i64[4]\n  %m = input : bool[4]\n  \
         %less = Compare(Lt) %a, %b : bool[4]\n  %twice = Binary(Add) %n, %n : i64[4]\n  \
         %picked = Where %m, %a, %b : f32[4]\n  %small = Cast{to: U8} %a : u8[4]\n  \
         return %less, %twice, %picked, %small",
    );
    let mut executable = compile(&text).unwrap();
    let inputs = [
        bytes(&[1.0, 5.0, 3.0, 200.0]),
        bytes(&[2.0, 4.0, 3.0, 7.0]),
        [1_i64, -2, 1 << 40, 0].iter().flat_map(|v| v.to_le_bytes()).collect(),
        vec![1, 0, 1, 0],
    ];
    let outputs = run(&mut executable, &inputs).unwrap();
    let twice: Vec<u8> = [2_i64, -4, 1 << 41, 0].iter().flat_map(|v| v.to_le_bytes()).collect();
    assert_eq!(outputs, [vec![1, 0, 0, 0], twice, bytes(&[1.0, 4.0, 3.0, 7.0]), vec![1, 5, 3, 200]]);
}

const AFFINE: &str = "  %x = input : f32[1, 2]\n  %w = param : f32[2, 2]\n  %b = param : f32[2]\n  \
    %product = MatMul %x, %w : f32[1, 2]\n  %y = Binary(Add) %product, %b : f32[1, 2]\n  \
    %z = Activation(Relu) %y : f32[1, 2]\n  return %y as y, %z as z";

fn set(executable: &mut Executable, name: &str, dims: &[i64], values: &[f32]) -> Result<(), Error> {
    executable.set_param(name, TensorView { dtype: DType::F32, dims, data: &bytes(values) })
}

/// `y = x + b` and `z = relu(y)`.
fn affine(b: [f32; 2]) -> Executable {
    let mut executable = compile(&program(AFFINE)).unwrap();
    set(&mut executable, "w", &[2, 2], &[1.0, 0.0, 0.0, 1.0]).unwrap();
    set(&mut executable, "b", &[2], &b).unwrap();
    executable
}

#[track_caller]
fn assert_runs(executable: &mut Executable, x: [f32; 2], want: [f32; 4]) {
    let [y, z] = [bytes(&want[..2]), bytes(&want[2..])];
    assert_eq!(run(executable, &[bytes(&x)]).unwrap(), [y, z]);
}

#[test]
fn what_goes_in_and_out_is_described() {
    let executable = affine([0.0; 2]);
    let names = |list: &[TensorInfo]| -> Vec<String> { list.iter().map(|t| format!("{} {t}", t.name)).collect() };
    assert_eq!(names(executable.inputs()), ["x f32[1, 2]"]);
    assert_eq!(names(executable.params()), ["w f32[2, 2]", "b f32[2]"]);
    assert_eq!(names(executable.outputs()), ["y f32[1, 2]", "z f32[1, 2]"]);
}

#[test]
fn all_missing_parameters_are_named() {
    let mut executable = compile(&program(AFFINE)).unwrap();
    let x = [bytes(&[1.0, 2.0])];
    assert_says(run(&mut executable, &x), ErrorKind::FailedPrecondition, &["not set: w, b"]);
    set(&mut executable, "w", &[2, 2], &[1.0, 0.0, 0.0, 1.0]).unwrap();
    assert_says(run(&mut executable, &x), ErrorKind::FailedPrecondition, &["not set: b"]);
    set(&mut executable, "b", &[2], &[0.0, -5.0]).unwrap();
    assert_runs(&mut executable, [1.0, 2.0], [1.0, -3.0, 1.0, 0.0]);
}

#[test]
fn a_parameter_can_be_bound_again_and_its_owner_is_released() {
    struct Owner(Vec<u8>, Arc<AtomicUsize>);
    impl Drop for Owner {
        fn drop(&mut self) {
            self.1.fetch_add(1, Ordering::SeqCst);
        }
    }
    let mut executable = affine([0.0; 2]);
    assert_runs(&mut executable, [1.0, 2.0], [1.0, 2.0, 1.0, 2.0]);
    let drops = Arc::new(AtomicUsize::new(0));
    let owner = Arc::new(Owner(bytes(&[10.0, -10.0]), Arc::clone(&drops)));
    executable.set_param_shared("b", owner, |o| TensorView { dtype: DType::F32, dims: &[2], data: &o.0 }).unwrap();
    assert_eq!(drops.load(Ordering::SeqCst), 1, "the plugin copies");
    assert_runs(&mut executable, [1.0, 2.0], [11.0, -8.0, 11.0, 0.0]);
}

#[test]
fn an_output_can_be_skipped() {
    let mut executable = affine([0.0, -5.0]);
    let mut z = vec![0; 8];
    executable.run(&[&bytes(&[1.0, 2.0])], &mut [None, Some(&mut z)]).unwrap();
    assert_eq!(z, bytes(&[1.0, 0.0]));
}

#[test]
fn wrong_calls_are_refused_and_the_executable_stays_usable() {
    let mut executable = affine([0.0; 2]);
    let x = [bytes(&[1.0, 2.0])];
    assert_says(run(&mut executable, &[bytes(&[1.0])]), ErrorKind::InvalidArgument, &["`x`", "8 bytes", "4 bytes"]);
    assert_says(run(&mut executable, &[]), ErrorKind::InvalidArgument, &["1 inputs", "0 were given"]);
    let mut short = [0; 4];
    let result = executable.run(&[&x[0]], &mut [Some(&mut short), None]);
    assert_says(result, ErrorKind::InvalidArgument, &["`y`", "8 bytes", "4 bytes"]);
    assert_says(set(&mut executable, "b", &[1, 2], &[0.0; 2]), ErrorKind::InvalidArgument, &["`b`", "f32[1, 2]"]);
    assert_says(set(&mut executable, "bias", &[2], &[0.0; 2]), ErrorKind::NotFound, &["`bias`"]);
    assert_runs(&mut executable, [1.0, 2.0], [1.0, 2.0, 1.0, 2.0]);
}

#[test]
fn unknown_options_are_refused() {
    let created = plugin().create(&BackendOptions::new().set("threads", 4i64));
    assert_says(created, ErrorKind::InvalidArgument, &["`threads`", "`reference`"]);
    let compiled = backend().compile(program(AFFINE).as_bytes(), &CompileOptions::new().set("mode", "fast"));
    assert_says(compiled, ErrorKind::InvalidArgument, &["`mode`", "`reference`"]);
    let device = plugin().create(&BackendOptions::new().device(DeviceKind::Gpu));
    assert_says(device, ErrorKind::NotFound, &["gpu:0", "cpu:0"]);
}

#[test]
fn programs_that_it_refuses() {
    let refuse = |body: &str, kind, words: &[&str]| assert_says(compile(&program(body)), kind, words);
    let invalid = ErrorKind::InvalidArgument;
    refuse("  %x = input : f32[2]\n  %y = Frobnicate %x : f32[2]\n  return %y", invalid, &["Frobnicate"]);
    refuse("  %x = input : f32[2]\n  %y = Binary(Add) %x : f32[2]\n  return %y", invalid, &["expects 2 inputs"]);
    refuse("  %x = input : f32[2]\n  %y = Binary(Add) %x, %x : f32[3]\n  return %y", invalid, &["[3]", "[2]"]);
    refuse("  %x = input : f32[?0]\n  return %x", invalid, &["`x`", "dynamic"]);
    refuse(
        "  %x = input : f32[2, 2]\n  %y = FusedMatMulResidual %x, %x, %x : f32[2, 2]\n  return %y",
        ErrorKind::Unsupported,
        &["FusedMatMulResidual", "`y`"],
    );
    // 2^62 elements: the process must not die of a request that no machine can meet.
    refuse("  %x = param : f32[1048576, 1048576, 4194304]\n  return %x", ErrorKind::OutOfMemory, &["`main`"]);
    // An allocation that could be counted, but not had.
    refuse("  %x = param : f32[1048576, 1048576]\n  return %x", ErrorKind::OutOfMemory, &["`main`", "4398046511104"]);
    assert_says(compile("once upon a time"), invalid, &["rlxmodel"]);
    assert_says(compile(&program(AFFINE)[..60]), invalid, &[]);
    assert_says(compile(&program(AFFINE).replace("opset 1", "opset 99")), ErrorKind::Unsupported, &["99"]);
    assert_says(backend().compile(&[0xFF, 0xFE], &CompileOptions::new()), invalid, &["UTF-8"]);
    // Deep enough to exhaust the stack of a recursive parser, which no error could report.
    let nested = format!("  %x = input : f32[2]\n  %y = Reshape{{new_shape: {}}} %x : f32[2]", "[".repeat(1_000_000));
    refuse(&nested, invalid, &["nests brackets"]);
}

#[test]
fn a_graph_of_a_module_is_named() {
    let graph = |name: &str, by: f32| {
        format!(
            "graph @{name} {{\n  %x = input : f32[1]\n  %by = const {by:?} : f32[1]\n  %y = Binary(Mul) %x, %by : f32[1]\n  return %y\n}}\n"
        )
    };
    let text = format!("rlxmodel 1\nopset 1\n{}{}", graph("double", 2.0), graph("triple", 3.0));
    for (name, want) in [("double", 8.0), ("triple", 12.0)] {
        let mut executable = backend().compile(text.as_bytes(), &CompileOptions::new().graph(name)).unwrap();
        assert_eq!(run(&mut executable, &[bytes(&[4.0])]).unwrap(), [bytes(&[want])]);
    }
    assert_says(compile(&text), ErrorKind::InvalidArgument, &["double, triple"]);
    let half = backend().compile(text.as_bytes(), &CompileOptions::new().graph("half"));
    assert_says(half, ErrorKind::NotFound, &["`half`", "double, triple"]);
}

/// rlx-cpu panics on a singular matrix when it runs, and on an unknown custom op when it compiles.
#[test]
fn a_panic_of_the_engine_is_an_error_and_the_executable_stays_usable() {
    let solve = "  %a = input : f32[2, 2]\n  %b = input : f32[2]\n  %x = DenseSolve %a, %b : f32[2]\n  return %x";
    let mut executable = compile(&program(solve)).unwrap();
    for _ in 0..3 {
        let singular = run(&mut executable, &[bytes(&[0.0; 4]), bytes(&[1.0, 2.0])]);
        assert_says(singular, ErrorKind::PluginFault, &["panicked", "singular"]);
        let solved = run(&mut executable, &[bytes(&[2.0, 0.0, 0.0, 4.0]), bytes(&[1.0, 2.0])]).unwrap();
        assert_eq!(solved, [bytes(&[0.5, 0.5])]);
    }
    let custom = "  %a = input : f32[2]\n  %x = Custom{name: \"nobody\", attrs: b64\"\", num_inputs: 1} %a : f32[2]\n  return %x";
    assert_says(compile(&program(custom)), ErrorKind::PluginFault, &["panicked", "nobody"]);
    assert_runs(&mut affine([0.0; 2]), [1.0, 2.0], [1.0, 2.0, 1.0, 2.0]);
}

#[test]
fn threads_with_executables_of_their_own() {
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for round in 0..5 {
                    let b = (thread * 10 + round + 1) as f32;
                    let mut executable = affine([b, -b]);
                    for i in 0..50 {
                        let x = i as f32;
                        assert_runs(&mut executable, [x, x], [x + b, x - b, x + b, (x - b).max(0.0)]);
                    }
                }
            });
        }
    });
}

#[test]
#[cfg(target_os = "linux")]
fn it_exports_one_symbol() {
    let output =
        std::process::Command::new("nm").args(["-D", "--defined-only", "--format=posix"]).arg(library()).output();
    let output = output.expect("nm runs: it comes with every C++ compiler");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = String::from_utf8(output.stdout).unwrap();
    let names: Vec<&str> = table.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, ["rlx_backend_entry"]);
}
