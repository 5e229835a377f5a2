//! Programs grown op by op (tests/grown): the same bits in every mode, NumPy's values, no signal and no hang.
//!
//! `cargo xtask grown` runs 20,000 of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

use rlx_mlx_tests::plugin;
use rlx_mlx_tests::python::{self, repository};
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};

/// `tests/grown` with arguments: its exit code and what it prints.
fn grown(args: &[&str], hang_seconds: &str) -> (i32, String) {
    let plugin = plugin::folder().join(format!("rlx_mlx/{DLL_PREFIX}rlx_mlx{DLL_SUFFIX}"));
    let mut command = python::command([repository().join("tests/grown")]);
    command.arg(plugin).args(args).env("GROWN_HANG_SECONDS", hang_seconds);
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap_or(-1), text + &String::from_utf8(output.stderr).unwrap())
}

#[test]
fn grown_programs_give_the_same_bits_in_three_modes_and_the_values_of_numpy() {
    let (code, text) = grown(&["--programs", "2000"], "120");
    assert_eq!(code, 0, "{text}");
    assert!(text.starts_with("2000 programs of seed 0"), "{text}");
}

/// A fault in program 3 of 4 is found, named, and leaves the others as they are.
fn finds(plant: &str, finding: &str) {
    let (code, text) = grown(&["--programs", "4", "--jobs", "1", "--plant", plant], "10");
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("program 3: ") && text.contains(finding), "{text}");
    assert!(text.contains("4 programs of seed 0") && text.contains("1 with findings"), "{text}");
    assert!(text.contains("one alone: --seed 0 --only 3"), "{text}");
}

#[test]
fn a_wrong_value_is_found() {
    finds("value", "elements are wrong");
}

#[test]
fn other_bits_in_one_run_of_one_mode_are_found() {
    finds("bits", "mode compiled, run 2: 1 bytes differ");
}

#[test]
fn a_signal_is_found() {
    finds("signal", "ended by SIGILL");
}

#[test]
fn a_read_of_the_page_behind_an_operand_is_found() {
    finds("guard", "ended by SIGSEGV");
}

#[test]
fn a_hang_is_found() {
    finds("hang", "hangs: no answer in 10 s");
}

/// A row whose reason no op of the generator cites would hide nothing, or something else.
#[test]
fn every_exclusion_is_one_that_an_op_cites() {
    let script = "import pathlib, sys; sys.path.insert(0, 'tests/grown')
from exclusions import REASONS
text = ''.join(path.read_text() for path in pathlib.Path('tests/grown').glob('ops_*.py'))
print([name for name in REASONS if f'\"{name}\"' not in text])";
    let output = python::command(["-c", script]).current_dir(repository()).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), "[]");
}

/// MLX looks at what lies in front of a buffer; before the first byte of a page there may be nothing.
#[test]
fn a_parameter_that_begins_at_a_page_which_may_not_be_touched_is_read_from_its_first_byte_on() {
    let script = "import os, sys; sys.path.insert(0, 'tests/grown')
import check, numpy, ops_control, rlx_host
from program import Program
check.begins_at_page = lambda node: True
backend = rlx_host.load(os.environ['PLUGIN']).create()
for seed in range(20):
    program = Program(numpy.random.default_rng(seed))
    x = program.leaf('f32', (2,), place='input')
    program.chance = lambda share, seed=seed: seed % 2 == 0
    program.leaf('f32', (2, 2), place='param'), program.leaf('f32', (1, 2), place='param')
    program.leaf('f32', (65, 2), place='param')
    node = ops_control.scan(program)
    print(check.findings(backend, program, [node]))";
    let plugin = plugin::folder().join(format!("rlx_mlx/{DLL_PREFIX}rlx_mlx{DLL_SUFFIX}"));
    let output = python::command(["-c", script]).current_dir(repository()).env("PLUGIN", plugin).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "[]\n".repeat(20), "{:?}", output.status);
}
