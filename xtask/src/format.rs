//! `cargo xtask format`: all Rust with rustfmt, all C and C++ with the pinned clang-format.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cargo::{self, Workspace};
use crate::provision;

/// The folders that have C or C++. Headers that are written by a command are elsewhere.
const FOLDERS: [&str; 3] = ["examples", "shim", "tests"];

/// What clang-format formats.
const EXTENSIONS: [&str; 3] = ["c", "cpp", "h"];

/// Formats all files in place; with `check`, only fails if one would change.
pub(crate) fn run(workspace: &Workspace, check: bool) -> Result<()> {
    let flag = |flag| check.then_some(flag);
    cargo::run(workspace.cargo(["fmt", "--all"]).args(flag("--check")))?;
    let mut files = Vec::new();
    for folder in FOLDERS {
        collect(&workspace.root.join(folder), &mut files)?;
    }
    let mut command = Command::new(provision::clang_format(workspace)?);
    command.args(if check { ["--dry-run", "--Werror"] } else { ["-i", "--Werror"] }).args(&files);
    eprintln!("$ clang-format ({} files)", files.len());
    let status = command.status().context("cannot run clang-format")?;
    ensure!(status.success(), "C or C++ is not formatted: run `cargo xtask format`");
    Ok(())
}

/// Adds the files below a folder, sorted. What a program made is left out: hidden folders and cargo's.
fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.sort();
    for path in paths {
        let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if path.is_dir() && !hidden && !path.join("CACHEDIR.TAG").exists() {
            collect(&path, found)?;
        } else if path.is_file() && EXTENSIONS.iter().any(|known| path.extension().is_some_and(|it| it == *known)) {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_found_and_what_was_built_is_not() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["b/x.cpp", "a.c", "b/notes.md", ".venv/y.h", "target/CACHEDIR.TAG", "target/z.h"] {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let mut found = Vec::new();
        collect(folder.path(), &mut found).unwrap();
        assert_eq!(found, [folder.path().join("a.c"), folder.path().join("b/x.cpp")]);
    }
}
