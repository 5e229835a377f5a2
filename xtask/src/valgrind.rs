//! `cargo xtask valgrind`: memcheck over the example models and some grown programs. Fails at the first error that
//! tests/valgrind.supp does not explain, and when something is lost.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::cargo::{self, Workspace};
use crate::python::python;
use crate::{c_programs, stage};

/// How many grown programs; a program takes a fifth of a second.
const PROGRAMS: usize = 200;

/// What counts: errors, and what nothing points to any more. A block that is still pointed to is not lost.
const MEMCHECK: [&str; 8] = [
    "--tool=memcheck",
    "--quiet",
    "--error-exitcode=9",
    "--error-limit=no",
    "--num-callers=40",
    "--leak-check=full",
    "--show-leak-kinds=definite,indirect,possible",
    "--errors-for-leak-kinds=definite,indirect,possible",
];

/// Stages the plugin and runs all of it in one process.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    check_installed()?;
    let plugin = stage::run(workspace)?.plugin;
    let host = c_programs::build_many(workspace)?;
    let folders = workspace.target_dir.join("grown");
    if folders.exists() {
        fs::remove_dir_all(&folders).with_context(|| format!("cannot remove {}", folders.display()))?;
    }
    let mut dump = python(workspace)?;
    dump.arg("tests/grown").arg(&plugin).args(["--programs", &PROGRAMS.to_string(), "--dump"]).arg(&folders);
    cargo::run(&mut dump)?;

    let mut command = Command::new("valgrind");
    command.args(MEMCHECK);
    command.arg(format!("--suppressions={}", workspace.root.join("tests/valgrind.supp").display()));
    // Valgrind knows no AVX-512, for which OpenBLAS would choose kernels on a machine that has it.
    command.env("OPENBLAS_CORETYPE", "Haswell");
    command.arg(host).arg(plugin).args(models(workspace)?);
    command.args((0..PROGRAMS).map(|number| folders.join(format!("program-{number}"))));
    eprintln!("$ valgrind … over the example models and {PROGRAMS} programs");
    let status = command.status().context("cannot run valgrind")?;
    if !status.success() {
        bail!("valgrind found errors ({status})");
    }
    Ok(())
}

fn check_installed() -> Result<()> {
    let found = Command::new("valgrind").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !found.is_ok_and(|status| status.success()) {
        bail!("valgrind is not installed: it is the package `valgrind` of Debian, Ubuntu and Fedora");
    }
    Ok(())
}

/// The example models, which need no inputs.
fn models(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let folder = workspace.root.join("examples/models");
    let entries = fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut models = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    models.retain(|path| path.extension().is_some_and(|extension| extension == "rlxmodel"));
    models.sort();
    Ok(models)
}
