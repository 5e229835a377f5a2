//! The Python host under examples/python-host, and a Python process that holds two MLX libraries.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

use assert_cmd::Command;
use ndarray::{ArrayD, IxDyn};
use ndarray_npy::{read_npy, write_npy};
use rlx_mlx_tests::python::{self, repository, site, staged_plugin};
use rlx_mlx_tests::rlx_run::{error_line, stdout};
use rlx_mlx_tests::{plugin, rlx_run};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// y = x w, with a shape that a transposed or strided array would get wrong.
const LINEAR: &str = "rlxmodel 1\nopset 1\ngraph @linear {\n  %x = input : f32[2, 3]\n  %w = param : f32[3, 4]\n  \
                      %y = MatMul %x, %w : f32[2, 4]\n  return %y as y\n}\n";

fn model(name: &str) -> PathBuf {
    repository().join("examples/models").join(name).with_extension("rlxmodel")
}

fn host<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = python::command(["-m".as_ref(), "rlx_host".as_ref(), staged_plugin().as_os_str()]);
    command.args(args);
    command
}

/// Code that finds the plugin's path in `PLUGIN` and the text of `LINEAR` in `PROGRAM`.
fn code(code: &str) -> Command {
    let mut command = python::command(["-c", &format!("import os, rlx_host\nimport numpy as np\n{code}")]);
    command.env("PLUGIN", staged_plugin()).env("PROGRAM", LINEAR);
    command
}

/// The f32 arrays of a folder by file name.
fn arrays(folder: &Path) -> BTreeMap<String, ArrayD<f32>> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    files.map(|file| (file.file_name().into_string().unwrap(), read_npy(file.path()).unwrap())).collect()
}

/// The outputs of a model on rlx-run, by file name.
fn on_rlx_run<S: AsRef<OsStr>>(
    model: &Path,
    folder: &Path,
    args: impl IntoIterator<Item = S>,
) -> BTreeMap<String, ArrayD<f32>> {
    let out = folder.join("rlx-run");
    let mut command = rlx_run::command(["run", "--backend", "mlx", "--output-dir"]);
    stdout(command.arg(&out).arg(model).args(args));
    arrays(&out)
}

/// LINEAR with its data in a folder: `x.npy`, `w.npy`, and `w` again in `params.safetensors` and `params.npz`.
fn linear() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let values = |n: u8, scale: f32| (0..n).map(|i| f32::from(i) * scale - 1.0).collect::<Vec<f32>>();
    let w = values(12, 0.3);
    write_npy(folder.path().join("x.npy"), &ArrayD::from_shape_vec(IxDyn(&[2, 3]), values(6, 0.7)).unwrap()).unwrap();
    write_npy(folder.path().join("w.npy"), &ArrayD::from_shape_vec(IxDyn(&[3, 4]), w.clone()).unwrap()).unwrap();
    let bytes: Vec<u8> = w.iter().flat_map(|value| value.to_le_bytes()).collect();
    let view = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![3, 4], &bytes).unwrap();
    safetensors::serialize_to_file([("w", view)], None, &folder.path().join("params.safetensors")).unwrap();
    stdout(
        code("np.savez('params.npz', other=np.zeros(1), w=np.asfortranarray(np.load('w.npy')))").current_dir(&folder),
    );
    let model = folder.path().join("linear.rlxmodel");
    std::fs::write(&model, LINEAR).unwrap();
    (folder, model)
}

#[test]
fn the_example_models_give_the_numbers_of_rlx_run() {
    for name in ["affine", "mlp", "encoder"] {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("python");
        stdout(&mut host([model(name).as_os_str(), "--save".as_ref(), out.as_ref()]));
        let found = arrays(&out);
        assert!(!found.is_empty());
        assert_eq!(found, on_rlx_run(&model(name), folder.path(), [""; 0]), "{name}");
    }
    let printed = stdout(host([model("affine")]).args(["--option", "mode=eager"]));
    assert!(printed.contains("y f32[2, 3]\n[[12.5 19.  32.5]\n [15.5 17.  37. ]]"), "{printed}");
    assert!(printed.starts_with("mlx ") && printed.contains(": MLX ") && printed.contains("device 0: "), "{printed}");
}

#[test]
fn inputs_and_parameters_come_from_npy_and_npz() {
    let (folder, model) = linear();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let expected = on_rlx_run(
        &model,
        folder.path(),
        ["--input", &format!("x={}", at("x.npy")), "--params", &at("params.safetensors")],
    );
    for params in ["w.npy", "params.npz"] {
        let out = folder.path().join(params).with_extension("out");
        let mut command = host([model.as_os_str(), "--save".as_ref(), out.as_ref()]);
        stdout(command.args(["--input", &format!("x={}", at("x.npy")), "--param", &format!("w={}", at(params))]));
        assert_eq!(arrays(&out), expected, "{params}");
    }
}

#[test]
fn a_mistake_is_one_line_with_the_message_of_the_plugin() {
    let (folder, model) = linear();
    let x = format!("x={}", folder.path().join("x.npy").display());
    let model = model.display().to_string();
    // The host says what the plugin is before it does anything else.
    let failure = |args: &[&str]| {
        let output = host(args).assert().code(1).get_output().clone();
        let text = String::from_utf8(output.stderr).unwrap();
        let line = text.strip_prefix("error: ").unwrap_or_else(|| panic!("{text}")).trim_end().to_owned();
        assert!(!line.contains('\n'), "{line}");
        line
    };
    assert_eq!(failure(&[&model, "--input", &x]), "1 of 1 parameters are not set: w");
    let line = failure(&[&model, "--param", "w=none.npy"]);
    assert!(line.contains("none.npy"), "{line}");
    let other = format!("w={}", folder.path().join("x.npy").display());
    let line = failure(&[&model, "--input", &x, "--param", &other]);
    assert_eq!(line, "`w` is f32[3, 4], but float32[2, 3] was given");
    let line = failure(&[&model, "--input", &format!("x={model}")]);
    assert!(line.contains("is no .npy file"), "{line}");
    assert_eq!(failure(&[&model, "--option", "mode=fast"]), "unknown mode `fast`; known: eager, lazy, compiled");
    let half = folder.path().join("half.rlxmodel");
    std::fs::write(&half, LINEAR.replace("f32", "bf16").replace("param", "input")).unwrap();
    let w = x.replacen('x', "w", 1);
    let line = failure(&[&half.display().to_string(), "--input", &x, "--input", &w]);
    assert_eq!(line, "`x` is bf16[2, 3], and NumPy has no bfloat16: cast to f32 in the program");
    let no_plugin = error_line(&mut python::command(["-m", "rlx_host", "none.so"]), 1);
    assert!(no_plugin.contains("none.so"), "{no_plugin}");
}

/// Inputs are read and outputs written where NumPy has them; a parameter is kept until the plugin gives it back.
#[test]
fn arrays_cross_without_a_copy_and_are_kept_as_long_as_needed() {
    let printed = stdout(&mut code(
        "import gc, threading, weakref
program = rlx_host.load(os.environ['PLUGIN']).create().compile(os.environ['PROGRAM'])
x = np.arange(6, dtype='f4').reshape(2, 3)
w = np.ones((3, 4), 'f4')
program.set_param('w', w)
kept = weakref.ref(w)
del w
gc.collect()
y = np.zeros((2, 4), 'f4')
(same,) = program.run({'x': x}, [y])
print(same is y, y.tolist())
x += 1
print(program.run({'x': x}, [None]), program.run({'x': x}, [y])[0].tolist())
results = []
run = lambda: results.append(program.run({'x': x})[0].tolist())
threads = [threading.Thread(target=run) for _ in range(4)]
[thread.start() for thread in threads], [thread.join() for thread in threads]
print(results == 4 * [y.tolist()])
y.flags.writeable = False
for inputs, out in [({'x': x}, [y]), ({'x': x.T.copy().T}, None), ({'x': x.astype('f8')}, None), ({}, None)]:
    try:
        program.run(inputs, out)
    except (KeyError, TypeError) as error:
        print(error.args[0])
del program
gc.collect()
print(kept(), rlx_host.SHARED)",
    ));
    assert_eq!(
        printed.lines().collect::<Vec<_>>(),
        [
            "True [[3.0, 3.0, 3.0, 3.0], [12.0, 12.0, 12.0, 12.0]]",
            "[None] [[6.0, 6.0, 6.0, 6.0], [15.0, 15.0, 15.0, 15.0]]",
            "True",
            "the array for `y` is read-only, or not dense and row-major: pass a copy",
            "the array for `x` is read-only, or not dense and row-major: pass a copy",
            "`x` is f32[2, 3], but float64[2, 3] was given",
            "the program takes the inputs `x` f32[2, 3], but none were given",
            "None {}",
        ]
    );
}

/// Arrays of another library, and tensors without NumPy: the same memory on both sides, for as long as anyone needs it.
#[test]
fn arrays_of_other_libraries_cross_through_dlpack() {
    let printed = stdout(&mut code(
        "import gc
from rlx_host import Tensor, arrays
class Other:  # of which nothing is known but that it speaks DLPack
    def __init__(self, array): self.array = array
    def __dlpack__(self, **how): return self.array.__dlpack__(**how)
    def __dlpack_device__(self): return self.array.__dlpack_device__()
program = rlx_host.load(os.environ['PLUGIN']).create().compile(os.environ['PROGRAM'])
(info,) = program.inputs
array = np.ones((2, 3), 'f4')
print(info.memory(Other(array)).address == array.ctypes.data == info.memory(array).address)
tensor = Tensor('f32', (2, 3), range(6))
seen = np.from_dlpack(tensor)
tensor.view[0] = 7
print(seen.tolist(), len(arrays.EXPORTED))
del seen
tensor.__dlpack__()  # nobody takes it
gc.collect()
print(len(arrays.EXPORTED))
program.set_param('w', Tensor('f32', (3, 4), [1] * 12))
y, z = np.zeros((2, 4), 'f4'), Tensor('f32', (2, 4))
program.run({'x': Other(array)}, [Other(y)])
print(y.tolist(), program.run({'x': tensor}, [z])[0] is z, z.tolist())
for bad in [Other(np.ones((3, 2), 'f4').T), Other(np.ones((2, 3), 'f8')), Tensor('bf16', (2, 3)), [1.0]]:
    try:
        program.run({'x': bad})
    except TypeError as error:
        print(error)
half = rlx_host.load(os.environ['PLUGIN']).create().compile(os.environ['PROGRAM'].replace('f32', 'bf16'))
half.set_param('w', Tensor('bf16', (3, 4)))
(out,) = half.run({'x': Tensor('bf16', (2, 3))})
print(out.dtype, out.shape, out.nbytes)",
    ));
    assert_eq!(
        printed.lines().collect::<Vec<_>>(),
        [
            "True",
            "[[7.0, 1.0, 2.0], [3.0, 4.0, 5.0]] 1",
            "0",
            "[[3.0, 3.0, 3.0, 3.0], [3.0, 3.0, 3.0, 3.0]] True [[10.0, 10.0, 10.0, 10.0], [12.0, 12.0, 12.0, 12.0]]",
            "the array for `x` is read-only, or not dense and row-major: pass a copy",
            "`x` is f32[2, 3], but f64[2, 3] was given",
            "`x` is f32[2, 3], but bf16[2, 3] was given",
            "`x` is f32[2, 3], but list was given: an array of NumPy, or one with DLPack",
            "bf16 (2, 4) 16",
        ]
    );
}

#[test]
fn the_log_of_the_plugin_goes_to_logging() {
    let mut command = host([model("affine")]);
    let output = command.args(["--log", "debug"]).assert().success().get_output().clone();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(log.contains("DEBUG rlx_mlx.executable: compiled `affine`"), "{log}");
}

/// Every field in the Python source lies where the ABI has it. The ABI may have more: it grows at the end.
#[test]
fn the_structs_have_the_layout_of_the_abi() {
    let printed = stdout(&mut code(
        "import ctypes
for kind in vars(rlx_host.abi).values():
    if isinstance(kind, type) and issubclass(kind, ctypes.Structure) and kind is not ctypes.Structure:
        for name, _ in kind._fields_:
            field = getattr(kind, name)
            print(f'{kind.__name__}.{name} offset {field.offset} size {field.size}')",
    ));
    let golden = std::fs::read_to_string(repository().join("host-api/abi.golden")).unwrap();
    let golden: BTreeSet<&str> = golden.lines().collect();
    assert!(printed.contains("RlxBackendApi.shutdown "), "the last slot of the table is among them: {printed}");
    for field in printed.lines() {
        assert!(golden.contains(field), "not in the ABI: {field}");
    }
}

/// A report of tests/python/two_mlx.py.
#[cfg(target_os = "linux")]
fn two_mlx(order: &str) -> Value {
    let script = repository().join("tests/python/two_mlx.py");
    rlx_run::json(python::command([script]).arg(order).arg(staged_plugin()).arg(model("mlp")))
}

/// Whichever comes first, each MLX stays itself: files, symbols, versions, numbers, random state and defaults.
#[test]
#[cfg(target_os = "linux")]
fn a_process_with_another_mlx_has_two() {
    let folder = tempfile::tempdir().unwrap();
    let expected = on_rlx_run(&model("mlp"), folder.path(), [""; 0]);
    let engine = &plugin::backend().plugin().info().engine_version;
    let alone = two_mlx("alone");
    let version = alone["mlx_version"].as_str().unwrap();
    assert!(site().join(format!("mlx-{version}.dist-info")).is_dir(), "{version}");
    for order in ["mlx", "plugin"] {
        let report = two_mlx(order);
        assert_eq!(report["plugin_engine_version"], engine.as_str());
        assert_ne!(engine, version, "two of one release would be hard to tell apart");
        for key in ["mlx_version", "numbers", "defaults"] {
            assert_eq!(report[key], alone[key], "{order} first: {key}");
        }
        assert_eq!(report["defaults"][0], report["defaults"][1]);
        let outputs = report["outputs"].as_array().unwrap();
        assert!(outputs.len() >= 2);
        for output in outputs {
            for (values, name) in output.as_array().unwrap().iter().zip(["probabilities.npy", "class.npy"]) {
                let values: Vec<f32> = values.as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect();
                assert_eq!(values, expected[name].iter().copied().collect::<Vec<_>>(), "{order} first: {name}");
            }
        }
        let libraries: Vec<&Path> =
            report["libraries"].as_array().unwrap().iter().map(|path| Path::new(path.as_str().unwrap())).collect();
        assert_eq!(libraries.len(), 2, "{libraries:?}");
        for folder in [staged_plugin().parent().unwrap(), &site()] {
            assert!(libraries.iter().any(|library| library.starts_with(folder)), "{folder:?}: {libraries:?}");
        }
        assert_eq!(report["shared"], serde_json::json!([]), "{order} first");
    }
}

/// A library that was loaded for all to see comes before the plugin's own: nothing can be done but to say so.
#[test]
#[cfg(target_os = "linux")]
fn an_mlx_that_hides_the_bundled_one_is_an_error() {
    let other = site().join("mlx/lib/libmlx.so");
    let printed = stdout(
        code(
            "import ctypes
ctypes.CDLL(os.environ['OTHER'], ctypes.RTLD_GLOBAL)
try:
    rlx_host.load(os.environ['PLUGIN'])
except rlx_host.PluginError as error:
    print(f'{error.kind}: {error}')",
        )
        .env("OTHER", &other),
    );
    let begin = format!("failed precondition: MLX would come from {}, not from ", other.display());
    assert!(printed.starts_with(&begin) && printed.contains("RTLD_GLOBAL"), "{printed}");
}

/// What a host run prints on standard error when it fails: one line.
fn failure(command: &mut Command) -> String {
    let output = command.assert().code(1).get_output().clone();
    let text = String::from_utf8(output.stderr).unwrap();
    let line = text.strip_prefix("error: ").and_then(|rest| rest.strip_suffix('\n'));
    line.filter(|line| !line.contains('\n')).unwrap_or_else(|| panic!("not one line:\n{text}")).to_owned()
}

#[test]
fn npy_headers_that_numpy_trips_over_are_one_line() {
    let (folder, model) = linear();
    let bad = folder.path().join("bad.npy");
    let dictionary = |shape: &str| format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}");
    let w = format!("w={}", folder.path().join("w.npy").display());
    let mut headers: Vec<String> =
        ["(2, 3", "(2, 3", "(18446744073709551616,)", "(18446744073709551616, 2)", "(4611686018427387904,)"]
            .map(dictionary)
            .into();
    headers.extend(["(", "{", "[", "{'a':"].map(|bracket| bracket.repeat(400)));
    headers.extend(["\0", "'", "{'descr': ", "\"\"\"", "1_", "{**1}"].map(str::to_owned));
    for (index, header) in headers.iter().enumerate() {
        // NumPy reads headers of version 1, which may come from Python 2, in another way than those of version 3.
        let (version, length) = (if index == 0 { 3 } else { 1 }, (header.len() as u32).to_le_bytes());
        let length = if version == 1 { &length[..2] } else { &length };
        std::fs::write(&bad, [b"\x93NUMPY", &[version, 0][..], length, header.as_bytes(), &[0; 64]].concat()).unwrap();
        let line = failure(host([&model]).args(["--input", &format!("x={}", bad.display()), "--param", &w]));
        assert!(line.contains("bad.npy") || line.contains("emory"), "{header:?}: {line}");
    }
}

#[test]
fn an_allocation_that_the_graph_declares_is_an_error_when_there_is_no_memory_for_it() {
    let (folder, _) = linear();
    let model = folder.path().join("big.rlxmodel");
    let shape = "[1048576, 1048576]";
    let text = format!(
        "rlxmodel 1\nopset 1\ngraph @g {{\n  %w = input : f32[1, 1]\n  \
         %y = Expand{{target_shape: {shape}}} %w : f32{shape}\n  return %y as y\n}}\n"
    );
    std::fs::write(&model, text).unwrap();
    let one = folder.path().join("one.npy");
    write_npy(&one, &ArrayD::from_elem(IxDyn(&[1, 1]), 1f32)).unwrap();
    let line = failure(host([&model]).args(["--input", &format!("w={}", one.display())]));
    assert!(line.contains("out of memory: `y` f32[1048576, 1048576]"), "{line}");
}

#[test]
#[cfg(target_os = "linux")]
fn stderr_or_stdout_that_cannot_be_written_is_exit_code_1() {
    use std::process::Stdio;
    let full = || Stdio::from(std::fs::File::options().write(true).open("/dev/full").unwrap());
    let closed = || Stdio::from(std::io::pipe().unwrap().1);
    let run = |model: &str, stdout: Stdio, stderr: Stdio| {
        let assembled = host([model]);
        let mut command = std::process::Command::new(assembled.get_program());
        // Most users have their output buffered, so that what cannot be written is noticed at the end.
        command.args(assembled.get_args()).env_remove("PYTHONUNBUFFERED").stdout(stdout).stderr(stderr);
        for (key, value) in assembled.get_envs() {
            command.env(key, value.unwrap());
        }
        let output = command.spawn().unwrap().wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let affine = model("affine").display().to_string();
    for stdout in [full(), closed()] {
        let (code, stderr) = run(&affine, stdout, Stdio::piped());
        assert!(code == Some(1) && stderr.starts_with("error: ") && stderr.lines().count() == 1, "{code:?}: {stderr}");
    }
    assert_eq!(run(&affine, full(), full()).0, Some(1));
    assert_eq!(run("/nowhere", Stdio::null(), full()).0, Some(1));
    assert_eq!(run("/nowhere", closed(), closed()).0, Some(1));
    assert_eq!(run(&affine, Stdio::null(), full()).0, Some(0));
}

/// The names that rlx-run gives the files, and a write that cannot be finished.
#[test]
#[cfg(unix)]
fn output_files_are_all_kept_and_whole_or_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let one = folder.path().join("one.npy");
    write_npy(&one, &ArrayD::from_elem(IxDyn(&[1, 1]), 1f32)).unwrap();
    let input = format!("x={}", one.display());
    let wide = folder.path().join("wide.rlxmodel");
    let outputs = "%x as output_1, %b, %x as \"x/y\", %b as \"x y\", %x as Y, %b as y, %x as \"..\", %x as \"a/y\"";
    let text = "rlxmodel 1\nopset 1\ngraph @g {\n  %x = input : f32[1, 1]\n  %b = Expand{target_shape: [1, 4096]} %x : \
                f32[1, 4096]\n  return OUTPUTS\n}\n";
    std::fs::write(&wide, text.replace("OUTPUTS", outputs)).unwrap();
    let save = |out: &Path| {
        let mut command = host([wide.as_os_str(), "--save".as_ref(), out.as_os_str()]);
        command.args(["--input", &input]);
        command
    };
    let out = folder.path().join("python");
    stdout(&mut save(&out));
    let written = arrays(&out);
    assert_eq!(written.len(), 8, "{:?}", written.keys());
    assert_eq!(written, on_rlx_run(&wide, folder.path(), ["--input", &input]));

    let unlimited = save(&folder.path().join("limited"));
    let mut limited = Command::new("/bin/sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 2; exec \"$0\" \"$@\""]).arg(unlimited.get_program());
    limited.args(unlimited.get_args());
    for (key, value) in unlimited.get_envs() {
        limited.env(key, value.unwrap());
    }
    failure(&mut limited);
    assert_eq!(arrays(&folder.path().join("limited")).len(), 0);
}

#[test]
fn control_characters_are_shown_escaped() {
    let folder = tempfile::tempdir().unwrap();
    let hostile = "a\u{1b}[2J\u{7}\rb\u{9b}c";
    let escaped = r"a\x1b[2J\x07\rb\x9bc";
    let shown = |printed: &[u8]| {
        let printed = std::str::from_utf8(printed).unwrap();
        assert!(!printed.contains(|c: char| c.is_control() && c != '\n'), "{printed:?}");
        assert!(printed.contains(escaped), "`{escaped}` is not in {printed}");
    };
    let odd = folder.path().join("odd.rlxmodel");
    let text = format!("rlxmodel 1\nopset 1\ngraph @g {{\n  %x = input : f32[1]\n  return %x as \"{hostile}\"\n}}\n");
    std::fs::write(&odd, text).unwrap();
    let x = folder.path().join("x.npy");
    write_npy(&x, &ArrayD::from_elem(IxDyn(&[1]), 1f32)).unwrap();
    let odd = odd.display().to_string();
    shown(&host([&*odd, "--input", &format!("x={}", x.display())]).assert().success().get_output().stdout);
    shown(failure(&mut host([&*odd, "--input", &format!("{hostile}={}", x.display())])).as_bytes());
    // The plugin has escaped what it quotes.
    let line = failure(&mut host([&*odd, "--option", &format!("mode={hostile}")]));
    assert!(line.contains(r"a\u{1b}[2J\u{7}\rb\u{9b}c"), "{line}");
    shown(&host([&*odd, "x", hostile]).assert().code(2).get_output().stderr);
    // What a plugin logs.
    let logged = code(
        "from rlx_host.__main__ import Formatter, logging
handler = logging.StreamHandler()
handler.setFormatter(Formatter('%(message)s'))
logging.basicConfig(handlers=[handler])
logging.warning(os.environ['TEXT'])",
    )
    .env("TEXT", hostile)
    .assert()
    .success();
    shown(&logged.get_output().stderr);
}

/// `tests/c/plugin.c`, whose shutdown fails as one does that gets no thread.
#[test]
fn a_failing_shutdown_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let source = std::fs::read_to_string(repository().join("tests/c/plugin.c")).unwrap();
    let good = "shut_down(void) {\n    return NULL;";
    let broken = good.replace("NULL", "error(RLX_ERROR_PLUGIN_FAULT, \"no thread to\\nstop with\")");
    assert!(source.contains(good));
    let source = source.replace(good, &broken);
    std::fs::write(folder.path().join("plugin.c"), source).unwrap();
    let library = folder.path().join("librlx_cplug.so");
    let mut compiler = std::process::Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    compiler.args(["-shared", "-fPIC", "-w", "-I"]).arg(repository().join("host-api/include")).arg("-o").arg(&library);
    assert!(compiler.arg(folder.path().join("plugin.c")).status().unwrap().success());

    let line = failure(&mut python::command(["-m".as_ref(), "rlx_host".as_ref(), library.as_os_str()]));
    assert!(line.contains("no thread to"), "{line}");
    // Where nobody asks for it, at exit.
    let at_exit = code("rlx_host.load(os.environ['BROKEN'])").env("BROKEN", &library).assert().success();
    let stderr = String::from_utf8(at_exit.get_output().stderr.clone()).unwrap();
    assert!(stderr.starts_with("error: shutdown: no thread to") && stderr.lines().count() == 1, "{stderr}");
}
