//! The crates that are linked into what cargo builds, as cargo tells it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context, Result};
use rlx_mlx_vendor::Target;
use serde::Deserialize;

use crate::cargo::{self, Workspace};

/// The crates that a package links, itself included.
pub(crate) struct Linked {
    /// By name and version.
    pub(crate) crates: BTreeMap<CrateId, Crate>,
}

/// Name and version of a crate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct CrateId {
    pub(crate) name: String,
    pub(crate) version: String,
}

/// What is known of a crate.
#[derive(Debug)]
pub(crate) struct Crate {
    /// An SPDX expression.
    pub(crate) licence: String,
    /// Who wrote it.
    pub(crate) authors: Vec<String>,
    /// The file that it names as its licence.
    pub(crate) licence_file: Option<PathBuf>,
    /// Its folder.
    pub(crate) folder: PathBuf,
    /// SHA-256 of its package; none for a member of this workspace.
    pub(crate) sha256: Option<String>,
    /// What it links itself.
    pub(crate) dependencies: BTreeSet<CrateId>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    #[serde(flatten)]
    id: CrateId,
    authors: Vec<String>,
    license: Option<String>,
    license_file: Option<PathBuf>,
    manifest_path: PathBuf,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    #[serde(flatten)]
    id: CrateId,
    checksum: Option<String>,
}

impl Linked {
    /// The crates of `package` on `target`, with the features that it has when it is built alone. Procedural macros and what
    /// build scripts use is no part of it.
    pub(crate) fn into(workspace: &Workspace, package: &str, target: &Target) -> Result<Self> {
        let triple = triple(target);
        let mut command = workspace.cargo(["tree", "--locked", "--edges=normal,no-proc-macro", "--prefix=depth"]);
        let edges = tree(&cargo::capture(command.args(["--format= {p}", "-p", package, "--target", &triple]))?)?;
        let mut command = workspace.cargo(["metadata", "--locked", "--format-version=1", "--filter-platform", &triple]);
        let metadata = cargo::capture(&mut command)?;
        let metadata: Metadata = serde_json::from_str(&metadata).context("cannot read what cargo metadata says")?;
        let mut packages: BTreeMap<CrateId, Package> =
            metadata.packages.into_iter().map(|p| (p.id.clone(), p)).collect();
        let lock: Lock = toml::from_str(&std::fs::read_to_string(workspace.root.join("Cargo.lock"))?)?;
        let mut sums: BTreeMap<CrateId, Option<String>> =
            lock.package.into_iter().map(|p| (p.id, p.checksum)).collect();
        let mut crates = BTreeMap::new();
        for (id, dependencies) in edges {
            let unknown = || format!("cargo metadata does not know {} {}", id.name, id.version);
            let package = packages.remove(&id).with_context(unknown)?;
            let licence = package.license.with_context(|| format!("{} {} names no licence", id.name, id.version))?;
            let folder = package.manifest_path.parent().with_context(unknown)?.to_path_buf();
            let about = Crate {
                // Before SPDX, a slash stood for a choice.
                licence: licence.replace('/', " OR ").replace("  ", " "),
                authors: package.authors,
                licence_file: package.license_file.map(|file| folder.join(file)),
                folder,
                sha256: sums.remove(&id).flatten(),
                dependencies,
            };
            crates.insert(id, about);
        }
        Ok(Self { crates })
    }
}

/// The target in cargo's words.
fn triple(Target { os, arch }: &Target) -> String {
    format!("{arch}-{}", if os == "macos" { "apple-darwin" } else { "unknown-linux-gnu" })
}

/// What each crate links, from lines such as `2 libc v0.2.180`: its depth, its name, its version.
fn tree(text: &str) -> Result<BTreeMap<CrateId, BTreeSet<CrateId>>> {
    let mut edges: BTreeMap<CrateId, BTreeSet<CrateId>> = BTreeMap::new();
    let mut above: Vec<CrateId> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let mut words = line.split_whitespace();
        let mut word = || words.next().with_context(|| format!("cargo tree wrote `{line}`"));
        let depth: usize = word()?.parse().with_context(|| format!("cargo tree wrote `{line}`"))?;
        let (name, version) = (word()?.to_owned(), word()?.trim_start_matches('v').to_owned());
        let id = CrateId { name, version };
        above.truncate(depth);
        if let Some(user) = above.last() {
            edges.entry(user.clone()).or_default().insert(id.clone());
        }
        edges.entry(id.clone()).or_default();
        above.push(id);
    }
    Ok(edges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tree_says_who_links_whom() {
        let id = |name: &str, version: &str| CrateId { name: name.to_owned(), version: version.to_owned() };
        let edges =
            tree("0 a v1.0.0 (/a)\n1 b v2.0.0\n2 c v0.1.0\n1 c v0.1.0\n1 d v3.0.0+x\n2 b v2.0.0 (*)\n").unwrap();
        let of = |name: &str, version: &str| edges[&id(name, version)].iter().map(|id| &*id.name).collect::<Vec<_>>();
        assert_eq!(of("a", "1.0.0"), ["b", "c", "d"]);
        assert_eq!(of("b", "2.0.0"), ["c"]);
        assert_eq!(of("d", "3.0.0+x"), ["b"]);
        assert!(of("c", "0.1.0").is_empty());
        assert!(tree("x y z").is_err());
    }
}
