//! The interpreter that runs the repository's Python, with the packages that it imports.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::cargo::Workspace;
use crate::compiler::compiler;
use crate::provision;

/// Python, which finds NumPy and the Python host, and nothing else of the user's.
pub(crate) fn python(workspace: &Workspace) -> Result<Command> {
    python_with(workspace, None)
}

/// The same, which also finds the packages in a folder.
pub(crate) fn python_with(workspace: &Workspace, site: Option<&Path>) -> Result<Command> {
    let mut command = Command::new(compiler("RLX_PYTHON", "python3"));
    let own = [provision::python_site(workspace)?, workspace.root.join("examples/python-host")];
    let path = env::join_paths(own.iter().map(PathBuf::as_path).chain(site))?;
    command.env("PYTHONPATH", path).env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONNOUSERSITE", "1");
    command.current_dir(&workspace.root);
    Ok(command)
}
