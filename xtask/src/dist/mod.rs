//! `cargo xtask dist`: a folder to drop in, with licences and a manifest that can be checked, and the program rlx-run in a
//! folder of its own beside it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};
use rlx_mlx_vendor::Target;

use crate::cargo::{self, Workspace};
use crate::cross::Platform;
use crate::provision::{self, Provisioned};
use crate::{manifest, stage, symbols};

/// The licences of what is built here.
const LICENCES: [&str; 2] = ["LICENSE-MIT", "LICENSE-APACHE"];

/// Makes the distribution folder for a machine, this one if none is named, and prints where it is and what it holds. Gives
/// where rlx-run is.
pub(crate) fn run(workspace: &Workspace, platform: Option<Platform>, out: Option<PathBuf>) -> Result<PathBuf> {
    let libraries = provision::libraries_for(workspace, platform.map_or_else(Target::host, Platform::target))?;
    let version = workspace.version("rlx-mlx-plugin")?;
    let out = match out {
        Some(out) if out.exists() => bail!("{} exists already: remove it, or choose another --out", out.display()),
        Some(out) => out,
        None => {
            let name = format!("rlx_mlx-{version}-{}-{}", libraries.target, libraries.flavour);
            workspace.target_dir.join("dist").join(name)
        }
    };
    let build = |package: &str, file: &str| match platform {
        None => workspace.build(package).map(|()| workspace.built(file)),
        Some(other) => other.build(workspace, package).map(|()| other.built(workspace, file)),
    };
    let plugin = manifest::plugin_file(&libraries.target);
    let built = build("rlx-mlx-plugin", plugin)?;
    let mut files = Vec::new();
    stage::fill(&built, &libraries, &out, |folder| {
        strip(&folder.join(plugin), platform)?;
        copy_licences(workspace, &libraries, &folder.join("licenses"))?;
        files = manifest::write(workspace, &libraries, folder)?.files;
        Ok(())
    })?;
    let total: u64 = files.iter().map(|file| file.size).sum();
    println!("{} ({} files, {:.1} MB)", out.display(), files.len() + 1, total as f64 / 1e6);

    let plugin = out.join(plugin);
    match platform {
        // Continuous integration checks it.
        None => {}
        Some(Platform::LinuxAarch64) => {
            symbols::check_plugin(&plugin, &libraries)?;
            symbols::check_privacy(&plugin, &libraries)?;
        }
    }

    let beside = out.with_file_name(format!("rlx-run-{version}-{}", libraries.target));
    let program = beside.join("rlx-run");
    stage::copy(&build("rlx-run", "rlx-run")?, &program)?;
    strip(&program, platform)?;
    for name in LICENCES {
        stage::copy(&workspace.root.join(name), &beside.join("licenses").join(name))?;
    }
    println!("{}", program.display());
    Ok(program)
}

/// Takes the debug information out of a file. Not on macOS, which keeps it elsewhere,
/// and where a stripped file would have to be signed again.
fn strip(file: &Path, platform: Option<Platform>) -> Result<()> {
    let program = platform.map_or(cfg!(target_os = "linux").then_some("strip"), |platform| Some(platform.strip()));
    let is_there = |program: &&str| Command::new(program).arg("--version").output().is_ok_and(|o| o.status.success());
    if let Some(program) = program.filter(is_there) {
        cargo::capture(Command::new(program).arg("--strip-debug").arg(file))?;
    }
    Ok(())
}

fn copy_licences(workspace: &Workspace, libraries: &Provisioned, folder: &Path) -> Result<()> {
    for name in LICENCES {
        stage::copy(&workspace.root.join(name), &folder.join(name))?;
    }
    let openblas = libraries.openblas.iter().flat_map(|openblas| &openblas.licences);
    for licence in libraries.mlx.licences.iter().chain(openblas) {
        stage::copy(&licence.from, &folder.join(&licence.to))?;
    }
    Ok(())
}
