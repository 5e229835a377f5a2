//! The conformance kit on a plugin in which one fault is planted.

use crate::rlx_run::command;
use assert_cmd::Command;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::path::PathBuf;

/// The name of no fault.
pub const NONE: &str = "none";

/// `rlx-run check` on the staged plugin with `fault` planted in it.
pub fn check(fault: &str, options: &[&str]) -> Command {
    let faulty: PathBuf = match std::env::var_os("RLX_TEST_FAULTY") {
        Some(file) => file.into(),
        None => panic!("RLX_TEST_FAULTY is not set: run `cargo xtask test`, which builds the faulty plugin"),
    };
    let plugin = crate::plugin::folder().join("rlx_mlx").join(format!("{DLL_PREFIX}rlx_mlx{DLL_SUFFIX}"));
    let mut command = command(["check", "--allow-untrusted-plugins", "--backend"]);
    command.arg(faulty).args(options).env("RLX_FAULTY_OF", plugin).env("RLX_FAULTY_WITH", fault);
    command
}
