//! Every function of the headers has a binding and is tested in C, every file is small, every header is in the umbrella
//! and has a source and a C test of its name.
//!
//! The bindings themselves are checked where they are used: `cargo xtask bindings --check` compares the whole file.
#![allow(clippy::unwrap_used, clippy::expect_used)] // a test that panics has failed

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The most lines of a header or source.
const LONGEST: usize = 600;

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|found| found == extension));
    files.sort();
    assert!(!files.is_empty());
    files
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// C text without its comments.
fn code(text: &str) -> String {
    let mut rest = text;
    let mut code = String::new();
    while let Some((before, comment)) = rest.split_once("/*") {
        code.push_str(before);
        rest = comment.split_once("*/").expect("an end of the comment").1;
    }
    code + rest
}

/// The functions that a header declares, each with whether it returns an error code.
fn functions(header: &Path) -> BTreeMap<String, bool> {
    let text = code(&read(header));
    // Preprocessor lines and the macros around the declarations end no statement, so they go first.
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.starts_with("RLX_MLX_C_"));
    let text = lines.collect::<Vec<_>>().join(" ");
    let mut found = BTreeMap::new();
    for statement in text.split(';') {
        let Some((head, _)) = statement.split_once('(') else { continue };
        let words: Vec<&str> = head.split_whitespace().collect();
        if let [.., function] = words.as_slice()
            && function.starts_with("rlx_mlx_")
            && words[0] != "typedef"
        {
            found.insert((*function).to_owned(), words[0] == "int");
        }
    }
    found
}

/// All functions, with the header that declares each.
fn declared() -> Vec<(PathBuf, String, bool)> {
    let headers = files("include/rlx_mlx", "h");
    headers.iter().flat_map(|h| functions(h).into_iter().map(|(f, fallible)| (h.clone(), f, fallible))).collect()
}

#[test]
fn every_function_has_a_binding() {
    let bindings = read(&files("src", "rs")[0]);
    for (header, function, _) in declared() {
        assert!(bindings.contains(&format!("pub fn {function}(")), "{}: {function}", header.display());
    }
}

/// Functions that take nothing which could be wrong.
const CANNOT_FAIL: [&str; 8] = [
    "rlx_mlx_memory_clear_cache",
    "rlx_mlx_memory_reset_peak",
    "rlx_mlx_memory_set_cache_limit",
    "rlx_mlx_memory_set_limit",
    "rlx_mlx_memory_set_wired_limit",
    "rlx_mlx_random_seed",
    "rlx_mlx_stream_enter",
    "rlx_mlx_synchronize",
];

/// A valid call of each, and for those that can fail a bad one whose code, text and NULL result are checked.
#[test]
fn every_function_is_called_in_c_validly_and_badly() {
    // Preprocessed, since tests may reach a function through macros of their own.
    let tests: Vec<String> = files("tests/c", "c").iter().map(|path| preprocessed(path)).collect();
    let mut missing = Vec::new();
    for (header, function, fallible) in declared() {
        // Each file has one mention more: the declaration.
        let called = tests.iter().any(|test| test.matches(&format!("{function}(")).count() > 1);
        // CHECK_FAILS compares the error text with the function's name.
        let bad = tests.iter().any(|test| test.contains(&format!("\"{function}\" \": \"")));
        let exempt = !fallible || CANNOT_FAIL.contains(&function.as_str());
        if !called || (!exempt && !bad) {
            missing.push(format!("{}: {function}: {}", name(&header), if called { "no bad call" } else { "no call" }));
        }
    }
    assert!(missing.is_empty(), "{} without a test:\n{}", missing.len(), missing.join("\n"));
}

fn preprocessed(test: &Path) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let mut command = std::process::Command::new(compiler);
    command.args(["-std=c99", "-E", "-P", "-Iinclude", "-Itests/c"]).arg(test).current_dir(root);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn every_header_is_in_the_umbrella_and_has_a_source_and_a_c_test_of_its_name() {
    let umbrella = read(&files("include", "h")[0]);
    let shim = Path::new(env!("CARGO_MANIFEST_DIR"));
    let main = read(&shim.join("tests/c/main.c"));
    for header in files("include/rlx_mlx", "h") {
        let header_name = name(&header);
        assert!(umbrella.contains(&format!("#include \"rlx_mlx/{header_name}\"")), "{header_name} is not included");
        let family = header_name.trim_end_matches(".h");
        if family != "types" {
            assert!(main.contains(&format!("X({family})")), "main.c does not run {family}");
            for file in [format!("src/{family}.cpp"), format!("tests/c/{family}.c")] {
                assert!(shim.join(&file).is_file(), "{file} is missing");
            }
        }
    }
}

#[test]
fn no_file_is_long() {
    let folders = [("include/rlx_mlx", "h"), ("include", "h"), ("src", "cpp"), ("src", "h")];
    for path in folders.iter().flat_map(|(folder, extension)| files(folder, extension)) {
        let lines = read(&path).lines().count();
        assert!(lines <= LONGEST, "{}: {lines} lines", path.display());
    }
}

#[test]
fn declarations_are_found() {
    let header = Path::new(env!("CARGO_MANIFEST_DIR")).join("include/rlx_mlx/compile.h");
    let found = functions(&header);
    assert_eq!(found.get("rlx_mlx_compile"), Some(&true));
    assert_eq!(found.get("rlx_mlx_compiled_free"), Some(&false));
    assert_eq!(found.get("rlx_mlx_compile_output_cap"), Some(&false));
    assert_eq!(found.len(), 6);
}
