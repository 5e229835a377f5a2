//! `cargo xtask test` and `cargo xtask bench`: cargo with what the tests need already built and named.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::process::Command;

use anyhow::Result;

use crate::cargo::{self, Workspace};
use crate::{bare, c_programs, next_abi, provision, reference, shim, stage};

/// Runs all tests of the workspace, documentation tests and the shim's C tests included, or what `args` select.
pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result<()> {
    if args.is_empty() {
        shim::run(workspace)?;
    }
    // Cargo ignores a choice of packages beside `--workspace`.
    let mut own = args.iter().take_while(|arg| *arg != "--");
    let chosen = own.any(|arg| arg.starts_with("-p") || arg.starts_with("--package"));
    let whole: &[&str] = if chosen { &[] } else { &["--workspace"] };
    let next_abi = next_abi::run(workspace)?;
    let mut command = prepared(workspace, &[&["test", "--release"], whole].concat(), args)?;
    cargo::run(command.env("RLX_TEST_NEXT_ABI_DIR", next_abi))
}

/// Runs the benchmarks of the workspace's test crate.
pub(crate) fn bench(workspace: &Workspace, args: &[String]) -> Result<()> {
    let bare = bare::build(workspace)?;
    cargo::run(prepared(workspace, &["bench", "-p", "rlx-mlx-tests"], args)?.env("RLX_BENCH_BARE_ADD", bare))
}

/// Tests load the plugin and start the hosts as a user would, so all are built first; environment variables say where
/// they are.
fn prepared(workspace: &Workspace, command: &[&str], args: &[String]) -> Result<Command> {
    let staged = stage::run(workspace)?;
    let reference = reference::run(workspace)?;
    workspace.build("rlx-run")?;
    let c = c_programs::build(workspace)?;
    workspace.build("rlx-fixture-plugin")?;
    let model = provision::model(workspace)?;
    let python_site = provision::python_site(workspace)?;
    let command = command.iter().copied().chain(args.iter().map(String::as_str));
    let mut command = workspace.cargo(command);
    command
        .env("RLX_TEST_PLUGIN_DIR", staged.plugins)
        .env("RLX_TEST_REFERENCE_DIR", reference)
        .env("RLX_TEST_MODEL_DIR", model)
        .env("RLX_TEST_C_HOST", c.host)
        .env("RLX_TEST_C_PLUGIN_DIR", c.plugins)
        .env("RLX_TEST_FIXTURE", workspace.built(&format!("{DLL_PREFIX}rlx_fixture{DLL_SUFFIX}")))
        .env("RLX_TEST_PYTHON_SITE", python_site)
        .env("RLX_TEST_RLX_RUN", workspace.built("rlx-run"));
    Ok(command)
}
