//! Hosts and plugins of other versions of the ABI: the fixtures of tests/next-abi, built against the host API of this
//! workspace and against edited copies of it.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX};
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::cargo::{self, Workspace};
use crate::stage;

/// The fixtures' packages.
const PACKAGES: [&str; 2] = ["rlx-next-plugin", "rlx-next-host"];

/// Library name of the plugin in this workspace.
const LIBRARY: &str = "rlx_next";

/// Their folders, as members of a workspace.
const MEMBERS: &str = "members = [\"features\", \"host-api\", \"tests/next-abi/host\", \"tests/next-abi/plugin\"]";

/// A copy of the host API as another version has it.
struct Edition {
    /// Folder of what it builds.
    name: &'static str,
    /// Version of its crates, far from this workspace's: only that of the ABI may count. Each has its own, because cargo
    /// tells packages of one name in one target folder apart by it.
    crates: &'static str,
    /// Replacements in abi.rs, each of a text that occurs once.
    edits: &'static [(&'static str, &'static str)],
    /// Whether each struct that may grow has a field more.
    grown: bool,
}

impl Edition {
    /// Library name of the plugin: what cargo writes a `cdylib` to depends on nothing else.
    fn library(&self) -> String {
        format!("{LIBRARY}_{}", self.name.replace(['.', '-'], "_"))
    }
}

const EDITIONS: [Edition; 4] = [
    Edition { name: "1.0-other-crate", crates: "9.0.0", edits: &[], grown: false },
    Edition {
        name: "1.0-swapped",
        crates: "9.1.0",
        edits: &[(
            "    pub dtype: u32,\n    /// Number of entries of `dims`.\n    pub rank: u32,\n",
            "    pub rank: u32,\n    /// One of `RLX_DTYPE_*`.\n    pub dtype: u32,\n",
        )],
        grown: false,
    },
    Edition {
        name: "1.1",
        crates: "9.2.0",
        edits: &[("RLX_ABI_MINOR: u32 = 0;", "RLX_ABI_MINOR: u32 = 1;")],
        grown: true,
    },
    Edition {
        name: "2.0",
        crates: "9.3.0",
        edits: &[
            ("RLX_ABI_MAJOR: u32 = 1;", "RLX_ABI_MAJOR: u32 = 2;"),
            ("ABI_OLDEST: RlxVersion = RlxVersion { major: 1,", "ABI_OLDEST: RlxVersion = RlxVersion { major: 2,"),
        ],
        grown: false,
    },
];

/// Builds plugin and host of every edition. Gives the folder that has them as `1.0/librlx_next.so`,
/// `1.0/rlx-next-host`, `1.1/librlx_next.so`, ...
pub(crate) fn run(workspace: &Workspace) -> Result<PathBuf> {
    let folder = workspace.target_dir.join("next-abi");
    let built = folder.join("built");
    build(workspace, &workspace.root, LIBRARY, &built.join("1.0"))?;
    for edition in &EDITIONS {
        let source = folder.join("source").join(edition.name);
        write(workspace, edition, &source)?;
        build(workspace, &source, &edition.library(), &built.join(edition.name))?;
    }
    Ok(built)
}

/// Builds the fixtures of the workspace at `source` in the target folder of this one, which has their dependencies.
fn build(workspace: &Workspace, source: &Path, library: &str, to: &Path) -> Result<()> {
    let mut command = workspace.cargo(["build", "--release", "--manifest-path"]);
    command.arg(source.join("Cargo.toml")).env("CARGO_TARGET_DIR", &workspace.target_dir);
    cargo::run(command.args(cargo::choice("-p", &PACKAGES)))?;
    // All of them have the name by which a host looks for the backend.
    let file = |name: &str| format!("{DLL_PREFIX}{name}{DLL_SUFFIX}");
    stage::copy(&workspace.built(&file(library)), &to.join(file(LIBRARY)))?;
    let host = format!("rlx-next-host{EXE_SUFFIX}");
    stage::copy(&workspace.built(&host), &to.join(&host))
}

/// Writes a workspace of the edited host API and the fixtures. Files that are right already stay untouched, so that
/// cargo builds nothing anew.
fn write(workspace: &Workspace, edition: &Edition, to: &Path) -> Result<()> {
    let root = &workspace.root;
    let mut manifest = read(&root.join("Cargo.toml"))?;
    let members = section(&manifest, "members = [", "]")?;
    manifest.replace_range(members, MEMBERS);
    // The packages that it names are none of this workspace's; cargo would say so for each, at every build.
    let settings = section(&manifest, "[profile.release.package]\n", "\n\n")?;
    manifest.replace_range(settings, "");
    let own = workspace.version("rlx-host-api")?;
    let version = |number| format!("[workspace.package]\nversion = \"{number}\"");
    replace(&mut manifest, &version(own), &version(edition.crates))?;
    put(&to.join("Cargo.toml"), &manifest)?;
    put(&to.join("Cargo.lock"), &read(&root.join("Cargo.lock"))?)?;

    let listed = read(&root.join("host-api/src/growable.rs"))?;
    let growable = growable_structs(&listed)?;
    let mut grown = 0;
    let mut sources = Vec::new();
    for folder in ["features", "host-api", "tests/next-abi"] {
        sources.extend(files(&root.join(folder))?);
        remove_others(&to.join(folder), &root.join(folder))?;
    }
    for path in sources {
        let mut text = read(&path)?;
        if path.ends_with("host-api/src/abi.rs") {
            for (old, new) in edition.edits {
                replace(&mut text, old, new)?;
            }
        }
        // Extension tables stand in files of their own.
        if edition.grown
            && path
                .strip_prefix(root.join("host-api/src"))
                .is_ok_and(|path| path.starts_with("abi.rs") || path.starts_with("abi"))
        {
            grown += grow(&mut text, &growable)?;
        }
        if path.ends_with("next-abi/plugin/Cargo.toml") {
            let name = |library: &str| format!("name = \"{library}\"");
            replace(&mut text, &name(LIBRARY), &name(&edition.library()))?;
        }
        put(&to.join(path.strip_prefix(root)?), &text)?;
    }
    ensure!(
        !edition.grown || grown == growable.len(),
        "{grown} of the {} structs of growable.rs are in abi",
        growable.len()
    );
    Ok(())
}

/// The structs that growable.rs lists.
fn growable_structs(source: &str) -> Result<Vec<&str>> {
    let names = source.lines().filter_map(|line| Some(line.trim().split_once(" ends with ")?.0));
    let names: Vec<&str> = names.filter(|name| name.chars().all(char::is_alphanumeric)).collect();
    ensure!(names.len() > 1, "growable.rs lists no structs as `Name ends with field,`");
    Ok(names)
}

/// Adds a field to each of these structs that `abi` declares, and gives their number.
fn grow(abi: &mut String, growable: &[&str]) -> Result<usize> {
    let mut count = 0;
    for name in growable {
        let start = format!("pub struct {name} {{\n");
        if abi.contains(&start) {
            let body = section(abi, &start, "\n}\n")?;
            abi.insert_str(body.end - "}\n".len(), "    /// What the next version adds.\n    pub next_field: u64,\n");
            count += 1;
        }
    }
    Ok(count)
}

/// Where the only `start` is, with all up to the next `end`.
fn section(text: &str, start: &str, end: &str) -> Result<Range<usize>> {
    let [from] = text.match_indices(start).map(|(at, _)| at).collect::<Vec<_>>()[..] else {
        bail!("xtask/src/next_abi.rs expects `{}` once, adapt it", start.escape_debug());
    };
    let behind = from + start.len();
    let length = text[behind..].find(end).with_context(|| format!("`{}` does not end", start.escape_debug()))?;
    Ok(from..behind + length + end.len())
}

/// Replaces the only `old`.
fn replace(text: &mut String, old: &str, new: &str) -> Result<()> {
    let at = section(text, old, "")?;
    text.replace_range(at, new);
    Ok(())
}

/// All files below a folder.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    Ok(found)
}

/// Removes the files below `copy` that are not below `original` any more.
fn remove_others(copy: &Path, original: &Path) -> Result<()> {
    let copied = if copy.is_dir() { files(copy)? } else { Vec::new() };
    for path in copied {
        if !original.join(path.strip_prefix(copy)?).exists() {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Makes `path` hold `text`.
fn put(path: &Path, text: &str) -> Result<()> {
    if fs::read_to_string(path).is_ok_and(|now| now == text) {
        return Ok(());
    }
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_a_last_field_of_the_listed_structs_alone() {
        let field = |name: &str| format!("pub struct {name} {{\n    pub struct_size: u64,\n}}\n");
        let mut abi = ["A", "B", "Ab"].map(field).concat();
        let listed = "growable! {\n    A ends with struct_size,\n    B ends with struct_size,\n}\n";
        let listed = growable_structs(listed).unwrap();
        assert_eq!(grow(&mut abi, &[&listed[..], &["Elsewhere"]].concat()).unwrap(), 2);
        let grown = |name: &str| {
            field(name).replace("\n}", "\n    /// What the next version adds.\n    pub next_field: u64,\n}")
        };
        assert_eq!(abi, [grown("A"), grown("B"), field("Ab")].concat());
        assert!(growable_structs("nothing").is_err());
    }

    #[test]
    fn a_text_is_replaced_where_it_occurs_once() {
        let mut text = "one two two".to_owned();
        replace(&mut text, "one", "1").unwrap();
        assert_eq!(text, "1 two two");
        assert!(replace(&mut text, "two", "2").is_err() && replace(&mut text, "three", "3").is_err());
    }
}
