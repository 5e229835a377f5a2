//! `cargo xtask grown`: programs grown op by op, on the plugin and on NumPy. The program that does it is tests/grown.

use std::ffi::OsString;

use anyhow::Result;

use crate::cargo::{self, Workspace};
use crate::python::python;
use crate::stage;

/// As many as make it likely that every op has met every kind of operand.
const PROGRAMS: &str = "20000";

/// Stages the plugin and runs the programs; `args` are those of tests/grown.
pub(crate) fn run(workspace: &Workspace, args: &[OsString]) -> Result<()> {
    let plugin = stage::run(workspace)?.plugin;
    let mut command = python(workspace)?;
    command.arg("tests/grown").arg(plugin).args(["--programs", PROGRAMS]);
    cargo::run(command.args(args))
}
