//! Builds for others: the same commit gives the same bytes, in whichever folder it was built, and none of its paths is in
//! them.
//!
//! This is a profile of its own, because other flags would build everything anew each time one changes between `dist` and
//! the rest; its dependencies are kept in `target/bundle`.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::cargo::{self, Workspace};
use crate::cross::Platform;

/// The profile, and the name of its folder under cargo's target directory.
const PROFILE: &str = "bundle";

/// A file that [`build`] built.
pub(crate) fn built(workspace: &Workspace, platform: Option<Platform>, file: &str) -> PathBuf {
    let target_dir = platform.map_or_else(|| workspace.target_dir.clone(), |other| other.target_dir(workspace));
    target_dir.join(PROFILE).join(file)
}

/// Builds a package for a machine, this one if none is named.
pub(crate) fn build(workspace: &Workspace, platform: Option<Platform>, package: &str) -> Result<()> {
    let mut command = workspace.cargo(["build", "--profile", PROFILE, "-p", package]);
    if let Some(other) = platform {
        other.choose(&mut command)?;
    }
    let names = names(workspace)?;
    let rust = names.iter().map(|(path, name)| joined(&["--remap-path-prefix=", path, "=", name]));
    let own = env::var_os("CARGO_ENCODED_RUSTFLAGS").into_iter().chain(flags_of("RUSTFLAGS"));
    // cargo takes flags with spaces in them apart by this character.
    command.env("CARGO_ENCODED_RUSTFLAGS", own.chain(rust).collect::<Vec<_>>().join("\u{1f}".as_ref()));
    for variable in ["CFLAGS", "CXXFLAGS"] {
        let maps = names.iter().map(|(path, name)| joined(&["-ffile-prefix-map=", path, "=", name]));
        command.env(variable, flags_of(variable).chain(maps).collect::<Vec<_>>().join(" ".as_ref()));
    }
    cargo::run(&mut command)
}

/// What stands for each folder of this machine. The last that fits counts, so the folders inside others come last.
fn names(workspace: &Workspace) -> Result<Vec<(String, &'static str)>> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| Some(env::home_dir()?.join(".cargo")));
    let registry = home.context("there is neither CARGO_HOME nor a home folder")?.join("registry/src");
    let mut names = vec![(text(&workspace.root)?, "."), (text(&workspace.target_dir)?, "target")];
    // One folder a registry, whose name depends on its address.
    for folder in fs::read_dir(&registry).into_iter().flatten() {
        names.push((text(&folder?.path())?, "registry"));
    }
    Ok(names)
}

fn text(path: &Path) -> Result<String> {
    let text = path.to_str().map(str::to_owned);
    text.with_context(|| {
        format!("the path {} is not UTF-8, so compilers cannot be told to leave it out", path.display())
    })
}

/// The flags of a variable that the user has set.
fn flags_of(variable: &str) -> impl Iterator<Item = OsString> {
    let flags = env::var(variable).unwrap_or_default();
    flags.split_whitespace().map(OsString::from).collect::<Vec<_>>().into_iter()
}

fn joined(parts: &[&str]) -> OsString {
    parts.concat().into()
}
