//! `rlx-run plugins install` and `remove`: what was done, and which plugin is used now.

use crate::UsageError;
use crate::cli::{InstallArgs, RemoveArgs};
use crate::report;
use anyhow::{Result, anyhow};
use rlx_host_api::discovery::{Candidate, Registry, SearchPath};
use rlx_host_api::{Error, ErrorKind};
use rlx_plugin_install::{Installed, Origin, PluginFolder, Source};
use serde::Serialize;
use std::path::{Path, PathBuf};

/// What an installation comes to.
#[derive(Serialize)]
struct InstallReport {
    name: String,
    version: String,
    target: String,
    flavour: String,
    folder: String,
    origin: Origin,
    replaced: bool,
    /// Whether hosts look where it was put.
    searched: bool,
    used: Vec<Used>,
}

#[derive(Serialize)]
struct RemoveReport {
    name: String,
    version: String,
    folder: String,
    used: Vec<Used>,
}

/// One of the plugins of the name, and why it is the one that the name selects, or not.
#[derive(Serialize)]
struct Used {
    path: String,
    verdict: &'static str,
    reason: Option<String>,
}

impl From<&Candidate> for Used {
    fn from(candidate: &Candidate) -> Self {
        let (path, verdict) = (candidate.path.display().to_string(), &candidate.verdict);
        Self { path, verdict: verdict.code(), reason: verdict.reason() }
    }
}

/// Installs a bundle.
pub(super) fn install(args: &InstallArgs) -> Result<()> {
    let registry = args.trust.registry();
    let folder = folder(args.to.as_ref())?;
    let Installed { manifest, folder, origin, replaced, .. } =
        folder.install(&Source::from(&args.source), &registry).map_err(wrong_usage)?;
    let candidates = named(&registry, &manifest.name);
    let report = InstallReport {
        name: manifest.name,
        version: manifest.version.to_string(),
        target: format!("{}-{}", manifest.target.os, manifest.target.arch),
        flavour: manifest.target.flavour,
        searched: candidates.iter().any(|candidate| lies_in(&candidate.path, &folder)),
        used: candidates.iter().map(Used::from).collect(),
        folder: folder.display().to_string(),
        origin,
        replaced,
    };
    if args.output.json {
        return report::print_json(&report);
    }
    let InstallReport { name, version, folder, .. } = &report;
    let instead = if replaced { ", in the place of another build of that version" } else { "" };
    report::print(&format!("{name} {version} is installed in {folder}{instead}"))?;
    if !report.searched {
        report::print("hosts do not look there: name the folder above it in RLX_PLUGIN_PATH")?;
    }
    print_used(name, &report.used)
}

/// Removes a version.
pub(super) fn remove(args: &RemoveArgs) -> Result<()> {
    let (name, version) = &args.plugin;
    let folder = folder(args.from.as_ref())?;
    let removed = folder.remove(name, version, args.flavour.as_deref()).map_err(wrong_usage)?;
    let used: Vec<Used> = named(&args.trust.registry(), name).iter().map(Used::from).collect();
    let report =
        RemoveReport { name: name.clone(), version: version.clone(), folder: removed.display().to_string(), used };
    if args.output.json {
        return report::print_json(&report);
    }
    report::print(&format!("{name} {version} is removed: {}", report.folder))?;
    print_used(name, &report.used)
}

/// The folder that the command line names, else this user's.
fn folder(named: Option<&PathBuf>) -> Result<PluginFolder> {
    let folder = named.cloned().or_else(SearchPath::of_user);
    folder.map(PluginFolder::new).ok_or_else(|| {
        anyhow!(UsageError("there is no plugin folder of this user, as HOME is not set: name one".to_owned()))
    })
}

/// What is not there is a mistake of the command line.
fn wrong_usage(error: Error) -> anyhow::Error {
    match error.kind() {
        ErrorKind::NotFound => UsageError(error.to_string()).into(),
        _ => error.into(),
    }
}

/// The candidates of a backend's name, each with its verdict.
fn named(registry: &Registry, name: &str) -> Vec<Candidate> {
    let is_named = |candidate: &Candidate| match (candidate.plugin(), &candidate.manifest) {
        (Some(plugin), _) => plugin.info().name == name,
        (None, Some(manifest)) => manifest.name == name,
        (None, None) => false,
    };
    registry.scan().into_iter().filter(is_named).collect()
}

fn lies_in(file: &Path, folder: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    file.parent().is_some_and(|parent| real(parent).is_some() && real(parent) == real(folder))
}

/// Which one is used, and of the others why they are not.
fn print_used(name: &str, plugins: &[Used]) -> Result<()> {
    match plugins.iter().find(|plugin| plugin.reason.is_none()) {
        Some(plugin) => report::print(&format!("`{name}` selects {}", plugin.path))?,
        None => report::print(&format!("`{name}` selects nothing now"))?,
    }
    for plugin in plugins {
        if let Some(reason) = &plugin.reason {
            report::print(&format!("  {}: {reason}", plugin.path))?;
        }
    }
    Ok(())
}
