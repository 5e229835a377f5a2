//! The reference plugin's folder: one file, without a manifest.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::cargo::Workspace;
use crate::packages::WITH_RLX_CPU;
use crate::stage;

/// Builds the reference plugin and stages it in `target/stage/reference`, which is what it returns.
pub(crate) fn run(workspace: &Workspace) -> Result<PathBuf> {
    // With all that the tests load and link, so that it is built for them already.
    workspace.build_together(&WITH_RLX_CPU)?;
    let folder = workspace.target_dir.join("stage/reference");
    let name = format!("{DLL_PREFIX}rlx_reference{DLL_SUFFIX}");
    let (fresh, place) = (folder.join(format!("{name}.new")), folder.join(&name));
    stage::copy(&workspace.built(&name), &fresh)?;
    // Moved into place, so that a process which has the old file open keeps it.
    fs::rename(&fresh, &place).with_context(|| format!("cannot move {} into place", place.display()))?;
    Ok(folder)
}
