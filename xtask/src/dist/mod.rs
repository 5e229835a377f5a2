//! `cargo xtask dist`: a folder to drop in, with licences, a bill of materials and a manifest that can be checked, and the program
//! rlx-run in a folder of its own beside it; and what is made of them, an archive and a Python wheel.

mod archive;
mod licences;
mod linked;
mod rebuild;
mod sbom;
pub(crate) mod wheel;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use rlx_mlx_vendor::Target;

use self::linked::Linked;
use crate::cargo::Workspace;
use crate::cross::Platform;
use crate::provision::{self, Provisioned};
use crate::{commit, manifest, stage, symbols};

/// What is made, and where.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Options {
    /// Where to make the folder [default: target/dist/rlx_mlx-VERSION-OS-ARCH-FLAVOUR]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// The machine that it is for [default: this one]
    #[arg(long, value_name = "TRIPLE")]
    target: Option<Platform>,
    /// Pack it beside itself as NAME.tar.zst, with NAME.tar.zst.sha256
    #[arg(long)]
    archive: bool,
}

/// What a wheel is made of.
#[derive(Debug, clap::Args)]
pub(crate) struct WheelOptions {
    /// A bundle's folder, of whatever target [default: what `dist` makes, in target/dist]
    #[arg(long, value_name = "DIR", requires = "rlx_run")]
    bundle: Option<PathBuf>,
    /// The program rlx-run for the same target [default: what `dist` makes]
    #[arg(long, value_name = "FILE", requires = "bundle")]
    rlx_run: Option<PathBuf>,
}

/// What is made of one commit for one machine.
pub(crate) struct Made {
    /// The plugin's folder.
    bundle: PathBuf,
    /// The program.
    pub(crate) rlx_run: PathBuf,
}

/// Makes the distribution folder and what else is wanted, and prints where it is and what it holds.
pub(crate) fn run(workspace: &Workspace, options: Options) -> Result<()> {
    let made = make(workspace, options.target, options.out)?;
    if options.archive {
        println!("{}", archive::write(&made.bundle)?.display());
    }
    Ok(())
}

/// Makes the Python wheel in target/dist and prints where it is.
pub(crate) fn make_wheel(workspace: &Workspace, options: WheelOptions) -> Result<()> {
    let (bundle, rlx_run) = match (options.bundle, options.rlx_run) {
        (Some(bundle), Some(rlx_run)) => (bundle, rlx_run),
        _ => {
            let Made { bundle, rlx_run } = make(workspace, None, None)?;
            (bundle, rlx_run)
        }
    };
    let parts = wheel::Parts { root: &workspace.root, bundle: &bundle, rlx_run: &rlx_run };
    println!("{}", parts.write(&workspace.target_dir.join("dist"))?.display());
    Ok(())
}

/// Builds the plugin and rlx-run for a machine, this one if none is named, so that the folder in which they were built does not
/// matter, and makes a folder of each.
pub(crate) fn make(workspace: &Workspace, platform: Option<Platform>, out: Option<PathBuf>) -> Result<Made> {
    let libraries = provision::libraries_for(workspace, platform.map_or_else(Target::host, Platform::target))?;
    let about = manifest::about(workspace, &libraries, commit::clean_head(workspace)?)?;
    let out = match out {
        Some(out) if out.exists() => bail!("{} exists already: remove it, or choose another --out", out.display()),
        Some(out) => out,
        None => workspace.target_dir.join("dist").join(manifest::bundle_name(&about)),
    };
    rebuild::build(workspace, platform, "rlx-mlx-plugin")?;
    let file = manifest::plugin_file(&libraries.target);
    let beside = out.with_file_name(format!("rlx-run-{}-{}", about.version, libraries.target));
    let mut files = Vec::new();
    stage::fill(&rebuild::built(workspace, platform, file), &libraries, &out, |folder| {
        complete(workspace, &libraries, folder)?;
        files = manifest::write(about, folder)?.files;
        Ok(())
    })?;
    let total: u64 = files.iter().map(|file| file.size).sum();
    println!("{} ({} files, {:.1} MB)", out.display(), files.len() + 1, total as f64 / 1e6);
    if libraries.target.os == "linux" {
        symbols::check_plugin(&out.join(file), &libraries)?;
        symbols::check_privacy(&out.join(file), &libraries)?;
    }

    rebuild::build(workspace, platform, "rlx-run")?;
    let rlx_run = beside.join("rlx-run");
    stage::copy(&rebuild::built(workspace, platform, "rlx-run"), &rlx_run)?;
    for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
        stage::copy(&workspace.root.join(name), &beside.join("licenses").join(name))?;
    }
    println!("{}", rlx_run.display());
    Ok(Made { bundle: out, rlx_run })
}

/// Adds what a bundle that is given away needs beside the libraries.
fn complete(workspace: &Workspace, libraries: &Provisioned, folder: &Path) -> Result<()> {
    let linked = Linked::into(workspace, "rlx-mlx-plugin", &libraries.target)?;
    licences::write(workspace, libraries, &linked, &folder.join("licenses"))?;
    sbom::write(workspace, libraries, &linked, folder)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use serde_json::Value;

    use super::*;

    /// A crate that comes without a licence fails here, not when a bundle is made.
    #[test]
    fn a_bundle_says_what_is_in_it_and_under_which_licence() {
        let workspace = Workspace::find().unwrap();
        let libraries = provision::libraries(&workspace).unwrap();
        let folder = tempfile::tempdir().unwrap();
        complete(&workspace, &libraries, folder.path()).unwrap();

        let bill = fs::read_to_string(folder.path().join("sbom.cdx.json")).unwrap();
        let bill: Value = serde_json::from_str(&bill).unwrap();
        let components = bill["components"].as_array().unwrap();
        let listed = components.iter().chain([&bill["metadata"]["component"]]);
        let listed: BTreeSet<&str> = listed.map(|component| component["bom-ref"].as_str().unwrap()).collect();
        assert_eq!(listed.len(), components.len() + 1, "each once");
        let starts = |start: &str| listed.iter().any(|name| name.starts_with(start));
        assert!(starts("pkg:cargo/rlx-ir@") && starts("pkg:pypi/mlx-") && starts("pkg:pypi/scipy-openblas32@"));
        assert!(!starts("pkg:cargo/clap@"), "{listed:?}: that is not linked into the plugin");
        let dependencies = bill["dependencies"].as_array().unwrap();
        assert_eq!(dependencies.len(), listed.len());
        for used in dependencies.iter().flat_map(|dependency| dependency["dependsOn"].as_array().unwrap()) {
            assert!(listed.contains(used.as_str().unwrap()), "{used} is no component");
        }

        let licences = folder.path().join("licenses");
        let index = fs::read_to_string(licences.join("INDEX.txt")).unwrap();
        for component in components.iter().filter(|component| component["hashes"].is_array()) {
            let (name, version) = (component["name"].as_str().unwrap(), component["version"].as_str().unwrap());
            let is_crate = component["purl"].as_str().unwrap().starts_with("pkg:cargo/");
            assert!(
                !is_crate || index.contains(&format!("{name} {version}: ")),
                "{name} {version} is not in INDEX.txt"
            );
        }
        assert!(fs::read_to_string(licences.join("rust-crates.txt")).unwrap().contains("Permission is hereby granted"));
        assert!(licences.join("mlx").is_dir() && licences.join("openblas").is_dir());
    }
}
