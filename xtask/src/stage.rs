//! The plugin's folder: the plugin with MLX's libraries beside it, as a user drops it in.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cargo::Workspace;
use crate::manifest::{self, plugin_file};
use crate::provision::{self, Provisioned};

/// A plugin folder for the demo and the tests.
pub(crate) struct Staged {
    /// The folder of plugin folders, for `RLX_PLUGIN_PATH`.
    pub(crate) plugins: PathBuf,
    /// The plugin inside it.
    pub(crate) plugin: PathBuf,
    /// What it was built from.
    pub(crate) libraries: Provisioned,
}

/// Provisions, builds and stages the plugin in `target/stage/plugins/rlx_mlx`.
pub(crate) fn run(workspace: &Workspace) -> Result<Staged> {
    let libraries = provision::libraries(workspace)?;
    build(workspace)?;
    place(workspace, libraries)
}

/// Stages the plugin, which has been built.
pub(crate) fn place(workspace: &Workspace, libraries: Provisioned) -> Result<Staged> {
    let plugins = workspace.target_dir.join("stage/plugins");
    let folder = plugins.join("rlx_mlx");
    let about = manifest::about(workspace, &libraries, None)?;
    let plugin = workspace.built(plugin_file(&libraries.target));
    fill(&plugin, &libraries, &folder, |fresh| manifest::write(about, fresh).map(drop))?;
    Ok(Staged { plugin: folder.join(plugin_file(&libraries.target)), plugins, libraries })
}

/// Builds the plugin alone: together with a host that uses rlx-runtime, cargo would give it what only such hosts need.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    workspace.build("rlx-mlx-plugin")
}

/// Makes `folder` hold `plugin`, its libraries and what `finish` adds to the folder that it is given, nothing else.
pub(crate) fn fill(
    plugin: &Path,
    libraries: &Provisioned,
    folder: &Path,
    finish: impl FnOnce(&Path) -> Result<()>,
) -> Result<()> {
    // Filled beside its place and moved in, so that a process which has the old files open keeps them.
    let mut fresh = folder.as_os_str().to_owned();
    fresh.push(".new");
    let fresh = PathBuf::from(fresh);
    remove(&fresh)?;
    fs::create_dir_all(&fresh).with_context(|| format!("cannot create {}", fresh.display()))?;
    copy(plugin, &fresh.join(plugin_file(&libraries.target)))?;
    let openblas = libraries.openblas.iter().flat_map(|openblas| &openblas.files);
    for file in libraries.mlx.files.iter().chain(openblas) {
        copy(&file.from, &fresh.join(&file.to))?;
    }
    finish(&fresh)?;
    remove(folder)?;
    fs::rename(&fresh, folder).with_context(|| format!("cannot move {} into place", folder.display()))
}

/// Copies a file; the folder of `to` is made if it is missing.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(parent) = to.parent() {
        fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    }
    fs::copy(from, to).map(drop).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}
