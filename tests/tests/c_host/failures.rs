//! What goes wrong with the C host is one line that names the thing: exit code 2 for usage and a plugin that cannot be
//! used, 1 for the rest.

use crate::{Files, cplug, given, host, mlx, repository};
use std::fs::File;
use std::process::{Command, Stdio};

/// The error line. The plugin's description may come before it, on standard output.
#[track_caller]
pub(crate) fn assert_fails(args: &[&str], code: i32, parts: &[&str]) {
    let output = host(args).assert().code(code).get_output().clone();
    let stderr = String::from_utf8(output.stderr).unwrap();
    let line = stderr.strip_prefix("error: ").and_then(|rest| rest.strip_suffix('\n'));
    let Some(line) = line.filter(|line| !line.contains('\n')) else { panic!("{args:?}: not one line:\n{stderr}") };
    for part in parts {
        assert!(line.contains(part), "`{part}` is not in `{line}`, of {args:?}");
    }
}

#[test]
fn wrong_usage_is_told_how_to_do_it() {
    let plugin = cplug().display().to_string();
    let wrong: [&[&str]; 6] = [
        &[],
        &[&plugin, "model", "--input"],
        &[&plugin, "model", "--input", "x"],
        &[&plugin, "model", "--frobnicate", "x=1"],
        &[&plugin, "model", "x=1"],
        &[&plugin, "model", "--input", "x=1", "--param"],
    ];
    for args in wrong {
        assert_fails(args, 2, &["usage:", "PLUGIN", "--param NAME=VALUE", "--input NAME=VALUE"]);
    }
}

#[test]
fn a_file_that_is_no_plugin_is_named() {
    let files = Files::new();
    let text = files.write("librlx_text.so", "not a library");
    assert_fails(&[&text, "model"], 2, &[&text]);
    assert_fails(&[&files.path("librlx_none.so")], 2, &[&files.path("librlx_none.so"), "No such file"]);
    assert_fails(&[&files.path("")], 2, &[files.path("").trim_end_matches('/')]);
}

/// A library in C of this source.
pub(crate) fn library(files: &Files, name: &str, source: &str) -> String {
    let (text, library) = (files.write(&format!("{name}.c"), source), files.path(&format!("librlx_{name}.so")));
    let mut command = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
    command.args(["-shared", "-fPIC", "-o", &library, &text, "-I"]).arg(repository("host-api/include"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    library
}

#[test]
fn a_plugin_that_the_host_cannot_use_is_named() {
    let files = Files::new();
    let none = library(&files, "none", "int other(void) { return 0; }\n");
    assert_fails(&[&none], 2, &[&none, "no plugin", "rlx_backend_entry"]);

    let entry = |name: &str, body: &str| {
        let source = format!(
            "#include \"rlx_backend.h\"\n#include <stddef.h>\nstatic void keep(RlxError *error) {{ (void)error; }}\n\
             RlxError *rlx_backend_entry(const RlxEntryRequest *request, RlxEntryResponse *response) {{\n\
             (void)request, (void)response;\n{body}\n}}\n"
        );
        library(&files, name, &source)
    };
    let refusal = "static RlxError error = {sizeof error, RLX_ERROR_VERSION_MISMATCH, 0, RLX_STR(\"I speak ABI 7\"), \
                   NULL, 0, keep};\nreturn &error;";
    let refuses = entry("refuses", refusal);
    assert_fails(&[&refuses], 2, &[&refuses, "I speak ABI 7"]);
    let (silent, version) =
        (entry("silent", "return keep, NULL;"), "response->abi_selected = (RlxVersion)RLX_ABI_VERSION;");
    assert_fails(&[&silent], 2, &[&silent, "table"]);
    let empty = format!(
        "static const RlxBackendApi api = {{sizeof api}};\n{version}\nresponse->api = &api;\nreturn keep, NULL;"
    );
    let empty = entry("empty", &empty);
    assert_fails(&[&empty], 2, &[&empty, "table"]);
    let short = "static const uint64_t api[16] = {8};\nresponse->api = (const RlxBackendApi *)api;\nreturn keep, NULL;";
    let short = entry("short", &format!("{version}\n{short}"));
    assert_fails(&[&short], 2, &[&short, "table"]);
}

#[test]
fn a_model_that_cannot_be_compiled_is_named() {
    let files = Files::new();
    let plugin = mlx().display().to_string();
    let none = files.path("none.rlxmodel");
    assert_fails(&[&plugin, &none], 1, &[&none, "No such file"]);
    let folder = files.path("");
    assert_fails(&[&plugin, &folder], 1, &[&folder, "directory"]);
    let empty = files.write("empty.rlxmodel", "");
    assert_fails(&[&plugin, &empty], 1, &[&empty]);
    let affine = std::fs::read_to_string(repository("examples/models/affine.rlxmodel")).unwrap();
    let cut = files.write("cut.rlxmodel", &affine[..affine.len() / 2]);
    assert_fails(&[&plugin, &cut], 1, &[&cut]);
    let odd = files.write("odd.rlxmodel", affine.replace("MatMul", "Frobnicate"));
    assert_fails(&[&plugin, &odd], 1, &[&odd, "Frobnicate"]);
    let binary = files.write("binary.rlxmodel", [0xFF, 0xFE, 0x00]);
    assert_fails(&[&plugin, &binary], 1, &[&binary, "UTF-8"]);
    // The plugin in C knows one program, and says so.
    let foreign = cplug().display().to_string();
    assert_fails(&[&foreign, &odd], 1, &[&odd, "scale_add"]);
}

#[test]
fn tensors_that_are_missing_or_wrong_are_named() {
    let files = Files::new();
    let plugin = cplug().display().to_string();
    let program = repository("tests/c/scale_add.rlxmodel").display().to_string();
    let fails = |x: &str, w: &str, more: &[&str], parts: &[&str]| {
        let b = "b=0";
        let given = [&plugin, &program, "--input", x, "--param", w, "--param", b];
        assert_fails(&[&given[..], more].concat(), 1, parts);
    };
    assert_fails(&[&plugin, &program], 1, &["--param w", "missing", "f32[4]"]);
    assert_fails(&[&plugin, &program, "--param", "w=1", "--param", "b=1"], 1, &["--input x", "missing", "f32[4]"]);
    fails("x=1", "w=1", &["--input", "z=1"], &["--input z"]);
    fails("x=1", "w=1", &["--param", "x=1"], &["--param x"]);
    fails("x=1,2", "w=1", &[], &["1,2", "4 numbers"]);
    fails("x=1,2,3,4,5", "w=1", &[], &["1,2,3,4,5", "4 numbers"]);
    fails("x=1", "w=1,,1,1", &[], &["`,1,1`"]);
    fails("x=1", "w=1,2,3,4,", &[], &["number", "f32"]);
    fails("x=1", "w=", &[], &["number", "f32"]);
    fails("x=1", "w=1e400", &[], &["1e400", "f32"]);
    let short = files.write("short.bin", [0; 12]);
    fails(&format!("x={short}"), "w=1", &[], &[&short, "12 bytes", "`x`", "f32[4]", "16"]);
    let none = files.path("none.bin");
    fails("x=1", &format!("w={none}"), &[], &[&none, "No such file"]);
}

#[test]
fn numbers_that_a_dtype_cannot_hold_are_refused() {
    let files = Files::new();
    let plugin = mlx().display().to_string();
    let fails = |dtype: &str, x: &str, parts: &[&str]| {
        let text = format!(
            "rlxmodel 1\nopset 1\ngraph @same {{\n  %x = input : {dtype}[1]\n  \
             %y = Binary(Add) %x, %x : {dtype}[1]\n  return %y as y\n}}\n"
        );
        let model = files.write("model.rlxmodel", text);
        assert_fails(&[&plugin, &model, "--input", &format!("x={x}")], 1, parts);
    };
    fails("i32", "2147483648", &["2147483648", "i32"]);
    fails("i32", "1.5", &["1.5", "i32"]);
    fails("i64", "9223372036854775808", &["9223372036854775808", "i64"]);
    fails("f16", "1", &["a file"]);
}

#[test]
fn an_allocation_that_the_graph_declares_is_an_error_when_there_is_no_memory_for_it() {
    let files = Files::new();
    let plugin = mlx().display().to_string();
    let shape = "[1048576, 1048576]";
    let text = format!(
        "rlxmodel 1\nopset 1\ngraph @g {{\n  %x = input : f32[1, 1]\n  \
         %y = Expand{{target_shape: {shape}}} %x : f32{shape}\n  return %y as y\n}}\n"
    );
    let model = files.write("big.rlxmodel", text);
    assert_fails(
        &[&plugin, &model, "--input", "x=1"],
        1,
        &["out of memory", "`y` f32[1048576, 1048576]", "4398046511104"],
    );
    let text = format!("rlxmodel 1\nopset 1\ngraph @g {{\n  %x = input : f32{shape}\n  return %x as y\n}}\n");
    let model = files.write("big.rlxmodel", text);
    assert_fails(&[&plugin, &model, "--input", "x=1"], 1, &["out of memory", "`x` f32[1048576, 1048576]"]);
}

#[test]
fn a_file_of_another_size_is_refused_before_it_is_read() {
    let files = Files::new();
    let plugin = cplug().display().to_string();
    let program = repository("tests/c/scale_add.rlxmodel").display().to_string();
    let long = files.write("long.bin", []);
    // Holes, more than there is memory.
    File::options().write(true).open(&long).unwrap().set_len(1 << 43).unwrap();
    let given = ["--param", "w=1", "--param", "b=1", "--input", &format!("x={long}")];
    assert_fails(&[&[&*plugin, &program], &given[..]].concat(), 1, &[&long, "8796093022208 bytes", "`x` f32[4]", "16"]);
}

#[test]
fn control_characters_are_shown_escaped() {
    let files = Files::new();
    let hostile = "a\u{1b}[2J\u{7}\rb\u{9b}c\u{7f}";
    let escaped = r"a\x1b[2J\x07\x0db\xc2\x9bc\x7f";
    let shown = |printed: &[u8]| {
        let printed = std::str::from_utf8(printed).unwrap();
        assert!(!printed.contains(|c: char| c.is_control() && c != '\n'), "{printed:?}");
        assert!(printed.contains(escaped), "`{escaped}` is not in {printed}");
    };
    // The name of an output, of a missing file, and of what the command line has.
    let text = format!("rlxmodel 1\nopset 1\ngraph @g {{\n  %x = input : f32[1]\n  return %x as \"{hostile}\"\n}}\n");
    let model = files.write("model.rlxmodel", text);
    let mlx = mlx().display().to_string();
    shown(&host([&*mlx, &model, "--input", "x=1"]).assert().success().get_output().stdout);
    shown(&host([&mlx, hostile]).assert().code(1).get_output().stderr);
    shown(&host([&*mlx, &model, "--input", &format!("{hostile}=1")]).assert().code(1).get_output().stderr);
    shown(&host([hostile]).assert().code(2).get_output().stderr);
    // What a plugin in C says of itself, in its errors and in its log.
    let source = std::fs::read_to_string(repository("tests/c/plugin.c")).unwrap();
    let in_c = r#"a\033[2J\007\rb\302\233c\177"#;
    let source = source.replace("processor", in_c).replace("scale_add", in_c).replace("compiled ", &format!("{in_c} "));
    let odd = library(&files, "odd", &source);
    shown(&host([&*odd]).assert().success().get_output().stdout);
    shown(&host([&*odd, &model, "--input", "x=1"]).assert().code(1).get_output().stderr);
}

#[test]
#[cfg(target_os = "linux")]
fn stderr_or_stdout_that_cannot_be_written_is_exit_code_1() {
    let code = |args: &[&str], stdout: Stdio, stderr: Stdio| {
        let mut command = Command::new(given("RLX_TEST_C_HOST"));
        command.env_clear().args(args).stdout(stdout).stderr(stderr).status().unwrap().code()
    };
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    let closed = || Stdio::from(std::io::pipe().unwrap().1);
    let (mlx, affine) =
        (mlx().display().to_string(), repository("examples/models/affine.rlxmodel").display().to_string());
    for args in [&[&*mlx][..], &[&mlx, &affine]] {
        assert_eq!(code(args, full(), full()), Some(1));
        assert_eq!(code(args, closed(), Stdio::null()), Some(1));
        assert_eq!(code(args, Stdio::null(), full()), Some(0));
    }
    assert_eq!(code(&[&mlx, "/nowhere"], Stdio::null(), full()), Some(1));
    assert_eq!(code(&[&mlx, "/nowhere"], Stdio::null(), closed()), Some(1));
}
