//! `cargo xtask models`: real models, which nobody here wrote, as programs. What translates them is tests/models.

use std::path::PathBuf;

use anyhow::Result;

use crate::cargo::{self, Workspace};
use crate::provision;
use crate::python::python_with;

/// What the tests and benchmarks of real models need.
pub(crate) struct Models {
    /// A folder for each model, with `model.rlxmodel` and `weights.safetensors`.
    pub(crate) folder: PathBuf,
    /// The Python packages that hold the models as they were published, and what reads them.
    pub(crate) site: PathBuf,
}

/// Fetches the models and translates them into `target/models`.
pub(crate) fn run(workspace: &Workspace) -> Result<Models> {
    let models = Models { folder: workspace.target_dir.join("models"), site: provision::models_site(workspace)? };
    let mut command = python_with(workspace, Some(&models.site))?;
    cargo::run(command.args(["tests/models", "translate"]).arg(&models.folder))?;
    Ok(models)
}
