//! The interpreter that runs the repository's Python, with the packages that it imports.

use std::env;
use std::process::Command;

use anyhow::Result;

use crate::cargo::Workspace;
use crate::compiler::compiler;
use crate::provision;

/// Python, which finds NumPy and the Python host, and nothing else of the user's.
pub(crate) fn python(workspace: &Workspace) -> Result<Command> {
    let mut command = Command::new(compiler("RLX_PYTHON", "python3"));
    let path = env::join_paths([provision::python_site(workspace)?, workspace.root.join("examples/python-host")])?;
    command.env("PYTHONPATH", path).env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONNOUSERSITE", "1");
    command.current_dir(&workspace.root);
    Ok(command)
}
