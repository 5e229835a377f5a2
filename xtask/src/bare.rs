//! The C++ half of the benchmark `hot_path`: what MLX takes without the plugin, built against the same library.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo::Workspace;
use crate::compiler::{compiler, quietly};
use crate::{provision, shim};

/// Builds `tests/benches/bare_add.cpp` and returns the program.
pub(crate) fn build(workspace: &Workspace) -> Result<PathBuf> {
    let mlx = provision::libraries(workspace)?.mlx;
    let folder = workspace.target_dir.join("bare");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let program = folder.join("bare_add");
    let mut command = Command::new(compiler("CXX", "c++"));
    command.args(["-std=c++20", "-O3", "-Wall", "-Wextra", "-isystem"]).arg(&mlx.include);
    command.arg(workspace.root.join("tests/benches/bare_add.cpp")).arg("-o").arg(&program);
    shim::link_mlx(&mut command, &mlx);
    quietly(&mut command)?;
    Ok(program)
}
