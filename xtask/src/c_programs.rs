//! The C of the repository that stands on the wire ABI's header: the example host, and a plugin that the tests load.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo::Workspace;
use crate::compiler::{STRICT_C, compiler, quietly};

/// What was built.
pub(crate) struct CPrograms {
    /// `examples/c-host`, as its README builds it.
    pub(crate) host: PathBuf,
    /// A plugin folder with the plugin of `tests/c`, for `RLX_PLUGIN_PATH`.
    pub(crate) plugins: PathBuf,
}

/// Compiles both.
pub(crate) fn build(workspace: &Workspace) -> Result<CPrograms> {
    let out = workspace.target_dir.join("c");
    let built = CPrograms { host: out.join("rlx-c-host"), plugins: out.join("plugins") };
    fs::create_dir_all(&built.plugins).with_context(|| format!("cannot create {}", built.plugins.display()))?;
    let plugin = built.plugins.join(format!("{DLL_PREFIX}rlx_cplug{DLL_SUFFIX}"));
    compile(workspace, &["examples/c-host/main.c", "examples/c-host/kernels.c"], &built.host, &["-O2"], &["-ldl"])?;
    compile(workspace, &["tests/c/plugin.c"], &plugin, &["-O2", "-shared", "-fPIC", "-fvisibility=hidden"], &[])?;
    Ok(built)
}

/// Compiles the host that runs many programs in one process, for valgrind.
pub(crate) fn build_many(workspace: &Workspace) -> Result<PathBuf> {
    let out = workspace.target_dir.join("c");
    fs::create_dir_all(&out).with_context(|| format!("cannot create {}", out.display()))?;
    let host = out.join("rlx-many");
    let flags = ["-O1", "-g", "-I", "examples/c-host"];
    compile(workspace, &["tests/c/many.c", "examples/c-host/kernels.c"], &host, &flags, &["-ldl"])?;
    Ok(host)
}

fn compile(workspace: &Workspace, sources: &[&str], out: &Path, flags: &[&str], libraries: &[&str]) -> Result<()> {
    let mut command = Command::new(compiler("CC", "cc"));
    command.current_dir(&workspace.root).args(STRICT_C).args(flags).args(["-I", "host-api/include"]).args(sources);
    quietly(command.arg("-o").arg(out).args(libraries))
}
