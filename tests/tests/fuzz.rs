//! Each parser of other people's files on mutations of its corpus, for `RLX_FUZZ_SECONDS` seconds (default 1); and sessions
//! that have to fail, because a fault was planted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

use rlx_mlx_tests::fuzz::TARGETS;
use std::path::Path;
use std::process::{Command, Output};

fn fuzz(arguments: &[&str]) -> Output {
    // To name the functions of a backtrace takes seconds, which would pass for a hang.
    Command::new(env!("CARGO_BIN_EXE_fuzz")).args(arguments).env("RUST_BACKTRACE", "0").output().unwrap()
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn no_mutation_of_a_corpus_ends_or_stops_its_parser() {
    let seconds = std::env::var("RLX_FUZZ_SECONDS").unwrap_or_else(|_| "1".to_owned());
    for target in &TARGETS {
        let output = fuzz(&[target.name, "--seconds", &seconds]);
        assert!(output.status.success(), "{}", text(&output));
        assert!(text(&output).contains("none failed"), "{}", text(&output));
    }
}

/// Sound files are there: a corpus of files that are all refused at their first byte would try nothing.
#[test]
fn every_corpus_has_a_file_that_its_parser_takes() {
    use rlx_host_api::author::CompileRequest;
    use rlx_host_api::discovery::{Manifest, parsers};
    let takes = |name: &str, takes: &dyn Fn(&Path) -> bool| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
        let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        assert!(files.into_iter().any(|file| takes(&file)), "{name}");
    };
    takes("rlxmodel", &|file| {
        let program = &std::fs::read_to_string(file).unwrap();
        CompileRequest { program, graph: None, options: Vec::new() }.read_graph().is_ok()
    });
    takes("manifest", &|file| Manifest::read(file).is_ok());
    takes("npy", &|file| rlx_run::npy::Header::read(&mut std::fs::File::open(file).unwrap()).is_ok());
    takes("safetensors", &|file| rlx_run::params::index(&std::fs::read(file).unwrap()).is_ok());
    if cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        takes("elf", &|file| parsers::elf(file).is_ok());
        takes("macho", &|file| parsers::macho(file).is_ok());
    }
}

#[track_caller]
fn assert_noticed(target: &str, what: &str) {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().to_str().unwrap();
    let output = fuzz(&[target, "--seconds", "60", "--seed", "7", "--patience", "3", "--failures", kept]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(what) && said.contains("of seed 7, kept as "), "{said}");
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [file] = &files[..] else { panic!("one input is kept: {files:?}") };
    let file = file.to_str().unwrap();
    assert!(said.contains(file), "{said}");
    // The input is the one that fails, and the corpus alone does not.
    let again = fuzz(&[target, "--input", file, "--patience", "3"]);
    assert_eq!(again.status.code(), Some(1), "{}", text(&again));
    let sound = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/planted/text");
    assert!(fuzz(&[target, "--input", sound.to_str().unwrap()]).status.success());
}

#[test]
fn a_planted_panic_is_noticed() {
    assert_noticed("planted-panic", "exit status: 101");
}

#[test]
fn a_planted_abort_is_noticed() {
    assert_noticed("planted-abort", "signal: 6");
}

#[test]
fn a_planted_hang_is_noticed() {
    assert_noticed("planted-hang", "not done after 3s");
}

#[test]
fn a_planted_allocation_of_more_memory_than_there_may_be_is_noticed() {
    assert_noticed("planted-allocation", "signal: 6");
}
