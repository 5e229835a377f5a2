//! The licences of all that a bundle holds: whole texts, and one file that says what has which.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::linked::{Crate, CrateId, Linked};
use crate::cargo::Workspace;
use crate::provision::Provisioned;
use crate::stage;

/// The file that says what has which licence.
const INDEX: &str = "INDEX.txt";

/// The texts of the linked crates, in one file: hosts hash every file of a bundle before they open the plugin.
const CRATES: &str = "rust-crates.txt";

/// What the names of licence files begin with, in upper case.
const NAMES: [&str; 6] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];

/// Licences for crates that come without a text, and the files of the folder that have it.
const STANDARD: [(&str, &str); 3] =
    [("MIT", "LICENSE-MIT"), ("Apache-2.0", "LICENSE-APACHE"), ("Zlib", "LICENSE-ZLIB")];

/// Writes the folder `licenses` of a bundle.
pub(crate) fn write(workspace: &Workspace, libraries: &Provisioned, linked: &Linked, folder: &Path) -> Result<()> {
    for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
        stage::copy(&workspace.root.join(name), &folder.join(name))?;
    }
    fs::write(folder.join("LICENSE-ZLIB"), include_str!("LICENSE-ZLIB"))?;
    let openblas = libraries.openblas.iter().flat_map(|openblas| &openblas.licences);
    for licence in libraries.mlx.licences.iter().chain(openblas) {
        stage::copy(&licence.from, &folder.join(&licence.to))?;
    }
    let (table, texts) = crates(linked)?;
    let put = |name: &str, text: &str| {
        fs::write(folder.join(name), text).with_context(|| format!("cannot write {}", folder.join(name).display()))
    };
    put(CRATES, &texts)?;
    put(INDEX, &index(libraries, &table))
}

/// What has which licence.
fn index(libraries: &Provisioned, crates: &str) -> String {
    let mut text = String::from(
        "What is in this folder's bundle, and under which licences\n\n\
         The plugin itself: MIT OR Apache-2.0, at your choice; LICENSE-MIT, LICENSE-APACHE\n\
         MLX and the libraries that come with it: mlx/\n",
    );
    if libraries.openblas.is_some() {
        text.push_str("OpenBLAS, and the Fortran run-time inside it: openblas/\n");
    }
    text.push_str("Rust's standard library: MIT OR Apache-2.0\n\n");
    let _ = writeln!(text, "Rust crates that are linked into the plugin; their texts are in {CRATES}\n\n{crates}");
    text
}

/// A line for each crate that others wrote, and every distinct text with the crates that have it.
fn crates(linked: &Linked) -> Result<(String, String)> {
    let mut table = String::new();
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, about) in linked.crates.iter().filter(|(_, about)| about.sha256.is_some()) {
        let named = format!("{} {}", id.name, id.version);
        let own = texts_of(about).with_context(|| format!("the licence of {named}"))?;
        let remark = if own.is_empty() { without_text(id, about)? } else { String::new() };
        let _ = writeln!(table, "{named}: {}{remark}", about.licence);
        for text in own {
            texts.entry(text).or_default().push(named.clone());
        }
    }
    // By the first crate that has it.
    let mut texts: Vec<(String, Vec<String>)> = texts.into_iter().collect();
    texts.sort_by(|(_, a), (_, b)| a.cmp(b));
    let rule = "-".repeat(80);
    let parts = texts.iter().map(|(text, crates)| format!("{rule}\n{}\n{rule}\n\n{text}\n", crates.join(", ")));
    Ok((table, parts.collect::<Vec<_>>().join("\n")))
}

/// What follows the licence of a crate that has no text of its own: who wrote it, and where the text is. An error for a
/// licence of which there is none.
fn without_text(id: &CrateId, about: &Crate) -> Result<String> {
    let named: Vec<&str> = about.licence.split(" OR ").map(|licence| licence.trim_matches(['(', ')', ' '])).collect();
    match STANDARD.iter().find(|(licence, _)| named.contains(licence)) {
        Some((_, file)) => Ok(format!(", by {}; the text is that of {file}", about.authors.join(", "))),
        None => {
            bail!("{} {} comes without the text of its licence, {}: add it here", id.name, id.version, about.licence)
        }
    }
}

/// The texts in the folder of a crate.
fn texts_of(about: &Crate) -> Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(&about.folder).with_context(|| format!("cannot list {}", about.folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_uppercase();
        if NAMES.iter().any(|start| name.starts_with(start)) && path.is_file() {
            files.push(path);
        }
    }
    files.extend(about.licence_file.clone());
    files.sort();
    files.dedup();
    let read = |path: PathBuf| fs::read(&path).with_context(|| format!("cannot read {}", path.display()));
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).replace("\r\n", "\n").trim_end().to_owned();
    files.into_iter().map(|path| read(path).map(text)).collect()
}
