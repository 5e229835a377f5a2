//! Programs, files and surroundings that are out to break `rlx-run`: each is one line and an exit code, and nothing is lost.

use crate::files::Files;
use rlx_mlx_tests::plugin::{self, MODES};
use rlx_mlx_tests::rlx_run::{command, error_line, json, program, stdout};
use serde_json::Value;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A program with the input `x` of `shape`, and these lines.
fn model(shape: &str, lines: &str) -> String {
    format!("rlxmodel 1\nopset 1\ngraph @g {{\n  %x = input : f32{shape}\n{lines}}}\n")
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// The start of a .npy file of version 2 with this dictionary. A header ends with a line break, without which a reader may
/// refuse it before it looks at the rest.
fn npy(dictionary: &str) -> Vec<u8> {
    let text = format!("{dictionary}\n");
    [b"\x93NUMPY\x02\x00", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
}

/// Both backends, and the plugin in each of its modes.
fn ways() -> Vec<Vec<&'static str>> {
    let modes = MODES.map(|mode| vec!["--backend", "mlx", "--mode", mode]);
    [vec!["--backend", "cpu"], vec!["--backend", "mlx"]].into_iter().chain(modes).collect()
}

/// Nothing that a terminal would obey, save line breaks.
#[track_caller]
fn assert_shown_escaped(printed: &[u8], escaped: &str) {
    let printed = std::str::from_utf8(printed).unwrap();
    assert!(!printed.contains(|c: char| c.is_control() && c != '\n'), "{printed:?}");
    assert!(printed.contains(escaped), "`{escaped}` is not in {printed}");
}

#[test]
fn an_allocation_that_the_graph_declares_is_an_error_when_there_is_no_memory_for_it() {
    let files = Files::new();
    files.write_npy("x.npy", &ndarray::arr2(&[[1.0]]));
    let (x, path) = (format!("x={}", text(&files.path("x.npy"))), files.path("big.rlxmodel"));
    for (dtype, size) in [("f32", "4398046511104"), ("bool", "1099511627776")] {
        let cast = format!("  %c = Cast{{to: {dtype}}} %x : {dtype}[1, 1]\n");
        let shape = "[1048576, 1048576]";
        let expand = format!("  %y = Expand{{target_shape: {shape}}} %c : {dtype}{shape}\n  return %y as y\n");
        files.write("big.rlxmodel", model("[1, 1]", &(cast + &expand)));
        for way in ways() {
            let line = error_line(command(["run", &text(&path), "--input", &x]).args(&way), 1);
            for part in ["out of memory", "`y`", dtype, size] {
                assert!(line.contains(part), "{way:?}: `{part}` is not in `{line}`");
            }
        }
    }
}

/// The first run fails, so that the others need not be waited for.
#[test]
fn an_allocation_for_the_times_of_a_trillion_runs_is_not_made() {
    let files = Files::new();
    let mut command = command(files.run("mlx"));
    let line = error_line(command.args(["--repeat", "1000000000000", "--memory-limit", "8"]), 1);
    assert!(line.contains("memory limit of 8"), "{line}");
}

#[test]
fn arithmetic_on_what_the_user_gives_ends_as_a_usage_error() {
    let files = Files::new();
    for number in ["18446744073709551613", "18446744073709551615", "18446744073709551616", "-1", "1e30"] {
        for args in [
            files.run("cpu"),
            files.run("mlx"),
            ["embed", "--backend", "cpu", "--model", "x", "y"].map(String::from).to_vec(),
        ] {
            let output = command(&args).arg(format!("--repeat={number}")).assert().code(2).get_output().clone();
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(stderr.contains("--repeat") && !stderr.contains("panicked"), "{number}: {stderr}");
        }
    }
    // As much as can be counted is no limit at all.
    json(command(files.run("mlx")).args([
        "--json",
        "--memory-limit",
        "18446744073709551615",
        "--cache-limit",
        "99999EiB",
    ]));
}

/// The exit code, with these places for what is printed.
fn exit_code(args: &[String], stdout: impl Into<Stdio>, stderr: impl Into<Stdio>) -> Option<i32> {
    let mut command = Command::new(program());
    command.env_clear().env("RLX_PLUGIN_PATH", plugin::folder()).env("RUST_LOG", "debug");
    command.args(args).stdin(Stdio::null()).stdout(stdout).stderr(stderr).status().unwrap().code()
}

#[test]
#[cfg(target_os = "linux")]
fn stderr_or_stdout_that_cannot_be_written_is_exit_code_1() {
    let files = Files::new();
    let full = || File::options().write(true).open("/dev/full").unwrap();
    let closed = || std::io::pipe().unwrap().1;
    let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
    for backend in ["cpu", "mlx"] {
        let nowhere = words(&format!("run /nowhere --backend {backend}"));
        assert_eq!(exit_code(&nowhere, Stdio::null(), full()), Some(1), "{backend}");
        assert_eq!(exit_code(&nowhere, Stdio::null(), closed()), Some(1), "{backend}");
        assert_eq!(exit_code(&nowhere, full(), full()), Some(1), "{backend}");
        for args in [files.run(backend), [files.run(backend), words("--json")].concat()] {
            assert_eq!(exit_code(&args, full(), Stdio::null()), Some(1), "{args:?}");
            assert_eq!(exit_code(&args, full(), full()), Some(1), "{args:?}");
            // What could be said is said, but for the log.
            assert_eq!(exit_code(&args, Stdio::null(), full()), Some(0), "{args:?}");
            assert_eq!(exit_code(&args, Stdio::null(), closed()), Some(0), "{args:?}");
            // As in `| head`.
            assert_eq!(exit_code(&args, closed(), Stdio::null()), Some(0), "{args:?}");
        }
    }
    for line in ["plugins", "plugins --json", "--help", "run --help", "--version"] {
        assert_eq!(exit_code(&words(line), full(), full()), Some(1), "{line}");
        assert_eq!(exit_code(&words(line), closed(), closed()), Some(0), "{line}");
    }
    assert_eq!(exit_code(&words("run --frobnicate"), full(), full()), Some(2));
}

/// Each output is a value of its own, so that a file tells which one it holds.
#[test]
fn output_names_that_would_be_one_file_are_all_kept() {
    let files = Files::new();
    files.write_npy("x.npy", &ndarray::arr2(&[[1.0]]));
    for names in [
        vec!["output_1", ""],
        vec!["", "output_0"],
        vec!["x/y", "x y"],
        vec!["x y", "x_y", "x/y", "x_y_0"],
        vec!["Y", "y"],
        vec!["..", ".", "/", "."],
    ] {
        let (mut lines, mut outputs, mut last) = (String::new(), Vec::new(), "x".to_owned());
        for (index, name) in names.iter().enumerate() {
            lines += &format!("  %o{index} = Binary(Add) %{last}, %x : f32[1, 1]\n");
            last = format!("o{index}");
            outputs.push(if name.is_empty() { format!("%{last}") } else { format!("%{last} as \"{name}\"") });
        }
        files.write("named.rlxmodel", model("[1, 1]", &format!("{lines}  return {}\n", outputs.join(", "))));
        for backend in ["cpu", "mlx"] {
            let folder = files.path("outputs");
            let args = ["run", &text(&files.path("named.rlxmodel")), "--backend", backend, "--json", "--output-dir"];
            let input = format!("x={}", text(&files.path("x.npy")));
            let report = json(command(args).arg(&folder).args(["--input", &input]));
            let rows = report["outputs"].as_array().unwrap();
            let mut lower = Vec::new();
            for (index, row) in rows.iter().enumerate() {
                let file = Path::new(row["file"].as_str().unwrap());
                assert_eq!(file.parent(), Some(&*folder), "{names:?}");
                assert_eq!(crate::read_npy(file)[[0, 0]], 2.0 + index as f32, "{names:?}: {report:#}");
                lower.push(file.to_string_lossy().to_lowercase());
            }
            lower.sort();
            lower.dedup();
            assert_eq!(lower.len(), names.len(), "{names:?}: {report:#}");
            assert_eq!(fs::read_dir(&folder).unwrap().count(), names.len(), "nothing else is there");
            fs::remove_dir_all(&folder).unwrap();
        }
    }
}

fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// No file may grow beyond a kilobyte or so, which the second output does.
#[test]
#[cfg(unix)]
fn output_files_are_whole_or_not_there_when_a_write_fails_half_way() {
    let files = Files::new();
    files.write_npy("x.npy", &ndarray::arr2(&[[1.0]]));
    let wide = "  %b = Expand{target_shape: [1, 4096]} %x : f32[1, 4096]\n  return %x as a, %b as b\n";
    files.write("wide.rlxmodel", model("[1, 1]", wide));
    let (folder, input) = (files.path("outputs"), format!("x={}", text(&files.path("x.npy"))));
    let run = |script: &str| {
        let mut run = assert_cmd::Command::new("/bin/sh");
        run.env_clear().env("RLX_PLUGIN_PATH", plugin::folder()).args(["-c", script]).arg(program()).arg("run");
        run.arg(files.path("wide.rlxmodel")).args(["--input", &input, "--backend", "cpu", "--output-dir"]).arg(&folder);
        run
    };
    let limited = "trap '' XFSZ; ulimit -f 2; exec \"$0\" \"$@\"";
    let line = error_line(&mut run(limited), 1);
    assert!(line.contains("cannot write") && line.contains("b.npy"), "{line}");
    assert_eq!(contents(&folder).len(), 0, "{:?}", contents(&folder).keys());

    stdout(&mut run("exec \"$0\" \"$@\""));
    let whole = contents(&folder);
    assert_eq!(whole.len(), 2);
    files.write_npy("x.npy", &ndarray::arr2(&[[2.0]]));
    error_line(&mut run(limited), 1);
    assert!(contents(&folder) == whole, "what an earlier run wrote is still there, and nothing else");

    // As any other file, an output can be read by whom the umask allows it.
    let mode = |path: &Path| std::os::unix::fs::PermissionsExt::mode(&fs::metadata(path).unwrap().permissions());
    assert_eq!(mode(&folder.join("a.npy")), mode(&files.path("x.npy")));
}

#[test]
fn control_characters_are_shown_escaped_wherever_they_come_from() {
    let files = Files::new();
    files.write_npy("x.npy", &ndarray::arr2(&[[1.0]]));
    let hostile = "a\u{1b}[2J\u{7}\rb\u{9b}c";
    let escaped = r"a\u{1b}[2J\u{7}\rb\u{9b}c";
    let in_json = r"a\u001b[2J\u0007\rb\u009bc";
    files.write("odd.rlxmodel", model("[1, 1]", &format!("  return %x as \"{hostile}\"\n")));
    let input = format!("x={}", text(&files.path("x.npy")));
    for backend in ["cpu", "mlx"] {
        // An output name, and a path that holds it.
        let folder = files.path(hostile);
        let args = ["run", &text(&files.path("odd.rlxmodel")), "--backend", backend, "--input", &input];
        let run = |more: &[&str]| {
            command(args).args(more).arg("--output-dir").arg(&folder).assert().success().get_output().clone()
        };
        assert_shown_escaped(&run(&[]).stdout, escaped);
        let report = run(&["--json"]).stdout;
        assert_shown_escaped(&report, in_json);
        let report: Value = serde_json::from_slice(&report).unwrap();
        assert_eq!(report["outputs"][0]["name"], hostile);
        assert!(Path::new(report["outputs"][0]["file"].as_str().unwrap()).is_file());
        // Paths, arguments and names in errors.
        let args = [files.run(backend), vec!["--input".to_owned(), format!("{hostile}=x.npy")]].concat();
        assert_shown_escaped(error_line(&mut command(args), 1).as_bytes(), escaped);
        let line = error_line(&mut command(["run", hostile, "--backend", backend]), 1);
        assert_shown_escaped(line.as_bytes(), escaped);
        // An op name, which the plugin's error text quotes.
        files.write("op.rlxmodel", model("[1, 1]", &format!("  %y = {hostile} %x : f32[1, 1]\n  return %y\n")));
        let args = ["run", &text(&files.path("op.rlxmodel")), "--backend", backend, "--input", &input];
        assert_shown_escaped(error_line(&mut command(args), 1).as_bytes(), "op.rlxmodel");
    }
    let line = error_line(&mut command(["run", "x", "--backend", hostile]), 2);
    assert_shown_escaped(line.as_bytes(), escaped);
    let refused = command(["run", "x", "--backend", "cpu", "--repeat", hostile]).assert().code(2).get_output().clone();
    assert_shown_escaped(&refused.stderr, "--repeat");
    // A text to embed, in a table.
    let model = rlx_mlx_tests::rlx_run::model();
    let embed = command(["embed", "--backend", "cpu", "--model"])
        .arg(model)
        .arg(hostile)
        .assert()
        .success()
        .get_output()
        .clone();
    assert_shown_escaped(&embed.stdout, r"a\u{1b}[2J");
    // The log, and a folder of plugins.
    let output = command(["plugins"])
        .env("RLX_PLUGIN_PATH", files.path("x.npy").join(hostile))
        .env("RUST_LOG", "debug")
        .assert();
    let output = output.success().get_output().clone();
    assert_shown_escaped(&output.stdout, escaped);
    assert_shown_escaped(&output.stderr, "");
}

#[test]
#[cfg(target_os = "linux")]
fn paths_that_are_not_utf_8_are_taken() {
    use std::os::unix::ffi::OsStrExt;
    let files = Files::new();
    let odd = files.path("").join(OsStr::from_bytes(b"o\xff\xfe"));
    fs::create_dir(&odd).unwrap();
    for name in ["model.rlxmodel", "params.safetensors", "x.npy"] {
        fs::copy(files.path(name), odd.join(name)).unwrap();
    }
    let mut input = std::ffi::OsString::from("x=");
    input.push(odd.join("x.npy"));
    for backend in ["cpu", "mlx"] {
        let run = || {
            let mut run = command(["run", "--backend", backend, "--params"]);
            run.arg(odd.join("params.safetensors")).arg("--input").arg(&input).arg(odd.join("model.rlxmodel"));
            run.arg("--output-dir").arg(odd.join("outputs"));
            run
        };
        assert!(stdout(&mut run()).contains("sum.npy"));
        let report = json(run().arg("--json"));
        assert!(report["outputs"][0]["file"].as_str().unwrap().ends_with("outputs/sum.npy"), "{report:#}");
        assert_eq!(crate::read_npy(&odd.join("outputs/sum.npy")), ndarray::arr2(&crate::SUM));
        fs::remove_dir_all(odd.join("outputs")).unwrap();
    }
    // A plugin by its path, and what is said where there is none.
    let line = error_line(command(["run", "model", "--backend"]).arg(odd.join("none.so")), 2);
    assert!(line.contains("none.so") && line.contains("no such file"), "{line}");
    let line = error_line(command(["run", "--backend", "cpu"]).arg(odd.join("none.rlxmodel")), 1);
    assert!(line.contains("none.rlxmodel"), "{line}");
}

/// The time that the old reader took doubled with each bracket. These would have taken it longer than anybody waits.
#[test]
fn npy_headers_nested_deep_are_refused_at_once() {
    let files = Files::new();
    for header in ["{".repeat(70), "[".repeat(70), "(".repeat(60_000), "{'shape': (".repeat(5000)] {
        files.write("x.npy", npy(&header));
        let line = error_line(command(files.run("cpu")).timeout(Duration::from_secs(60)), 1);
        assert!(line.contains("`x`") && line.contains("x.npy") && line.contains("expected"), "{line}");
    }
}

#[test]
fn a_npy_file_longer_than_its_header_says_is_refused_from_its_size() {
    let files = Files::new();
    // Holes; to read them would take hours.
    File::options().write(true).open(files.path("x.npy")).unwrap().set_len(1 << 43).unwrap();
    for backend in ["cpu", "mlx"] {
        let line = error_line(command(files.run(backend)).timeout(Duration::from_secs(60)), 1);
        assert!(line.contains("x.npy") && line.contains("8796093022080 bytes follow") && line.contains("24"), "{line}");
    }
}

#[test]
fn error_text_is_cut_to_a_sane_length() {
    let files = Files::new();
    let long = "x".repeat(50_000);
    for header in [long.clone(), format!("{{'descr': '{long}', 'fortran_order': False, 'shape': (2, 3), }}")] {
        files.write("x.npy", npy(&header));
        let line = error_line(&mut command(files.run("cpu")), 1);
        assert!(line.contains("x.npy") && line.len() < 600, "{} bytes: {line}", line.len());
    }
    files.write("model.rlxmodel", model("[1]", &format!("  %y = {long} %x : f32[1]\n  return %y\n")));
    for backend in ["cpu", "mlx"] {
        let line = error_line(&mut command(files.run(backend)), 1);
        assert!(line.contains("model.rlxmodel") && line.len() < 5000, "{} bytes: {line}", line.len());
    }
}
