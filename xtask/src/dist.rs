//! `cargo xtask dist`: a folder to drop in, with licences and a manifest that can be checked.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::cargo::{self, Workspace};
use crate::provision::{self, Provisioned};
use crate::{manifest, stage};

/// Makes the distribution folder and prints where it is and what it holds.
pub(crate) fn run(workspace: &Workspace, out: Option<PathBuf>) -> Result<()> {
    let libraries = provision::libraries(workspace)?;
    stage::build(workspace)?;
    let version = workspace.version("rlx-mlx-plugin")?;
    let name = format!("rlx_mlx-{version}-{}-{}", libraries.target, libraries.flavour);
    let out = match out {
        Some(out) if out.exists() => bail!("{} exists already: remove it, or choose another --out", out.display()),
        Some(out) => out,
        None => workspace.target_dir.join("dist").join(name),
    };
    let mut files = Vec::new();
    stage::fill(workspace, &libraries, &out, |folder| {
        strip(&folder.join(manifest::plugin_file()))?;
        copy_licences(workspace, &libraries, &folder.join("licenses"))?;
        files = manifest::write(workspace, &libraries, folder)?.files;
        Ok(())
    })?;
    let total: u64 = files.iter().map(|file| file.size).sum();
    println!("{} ({} files, {:.1} MB)", out.display(), files.len() + 1, total as f64 / 1e6);
    Ok(())
}

/// Takes the debug information out of the plugin. Only on Linux: macOS keeps it elsewhere, and a stripped library
/// would have to be signed again.
fn strip(plugin: &Path) -> Result<()> {
    let has_strip = || Command::new("strip").arg("--version").output().is_ok_and(|output| output.status.success());
    if cfg!(target_os = "linux") && has_strip() {
        cargo::capture(Command::new("strip").arg("--strip-debug").arg(plugin))?;
    }
    Ok(())
}

fn copy_licences(workspace: &Workspace, libraries: &Provisioned, folder: &Path) -> Result<()> {
    for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
        stage::copy(&workspace.root.join(name), &folder.join(name))?;
    }
    let openblas = libraries.openblas.iter().flat_map(|openblas| &openblas.licences);
    for licence in libraries.mlx.licences.iter().chain(openblas) {
        stage::copy(&licence.from, &folder.join(&licence.to))?;
    }
    Ok(())
}
