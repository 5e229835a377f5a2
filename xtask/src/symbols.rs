//! What the plugin exports and what the host links, read with `nm` and `ldd`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::cargo::{self, Workspace};
use crate::provision::Provisioned;

/// The one symbol that a plugin exports.
const ENTRY: &str = "rlx_backend_entry";

/// The prefix of every symbol of the pinned OpenBLAS.
const OPENBLAS_PREFIX: &str = "scipy_";

/// Fails if the plugin exports anything but its entry and the BLAS functions that it forwards, or lacks one of them.
///
/// A forwarder is due for every function that libmlx imports and OpenBLAS has: one less, and MLX would silently use
/// its slow reference BLAS.
pub(crate) fn check_plugin(plugin: &Path, libraries: &Provisioned) -> Result<()> {
    let mut expected = BTreeSet::from([ENTRY.to_owned()]);
    if let Some(openblas) = &libraries.openblas {
        let offered: BTreeSet<String> = dynamic(&openblas.lib.join("libscipy_openblas.so"), "--defined-only")?
            .iter()
            .filter_map(|symbol| Some(symbol.strip_prefix(OPENBLAS_PREFIX)?.to_owned()))
            .collect();
        let imported = dynamic(&libraries.mlx.library, "--undefined-only")?;
        expected.extend(imported.intersection(&offered).cloned());
    }
    let exported = dynamic(plugin, "--defined-only")?;
    let list = |symbols: &mut dyn Iterator<Item = &String>| symbols.cloned().collect::<Vec<_>>().join(" ");
    let (extra, missing) = (list(&mut exported.difference(&expected)), list(&mut expected.difference(&exported)));
    if !extra.is_empty() {
        bail!("{} exports more than it should: {extra}", plugin.display());
    }
    if !missing.is_empty() {
        bail!("{} does not export: {missing}", plugin.display());
    }
    println!("{}: {ENTRY} and {} BLAS forwarders, nothing else", plugin.display(), expected.len() - 1);
    Ok(())
}

/// Fails if the host program needs MLX: it must only ever meet it inside a plugin.
pub(crate) fn check_host(workspace: &Workspace) -> Result<()> {
    let host = workspace.built("rlx-run");
    let needs = cargo::capture(Command::new("ldd").arg(&host))?;
    let symbols = dynamic(&host, "--undefined-only")?;
    // Only file names count: the checkout's own path may well contain the word.
    let libraries = needs.lines().filter_map(|line| line.split_whitespace().next());
    let names = libraries.chain(symbols.iter().map(String::as_str));
    if let Some(name) = names.into_iter().find(|name| name.to_lowercase().contains("mlx")) {
        bail!("{} links MLX: {name}", host.display());
    }
    println!("{}: links no MLX", host.display());
    Ok(())
}

/// The names in a library's dynamic symbol table, without versions.
fn dynamic(library: &Path, which: &str) -> Result<BTreeSet<String>> {
    let table = cargo::capture(Command::new("nm").args(["-D", which, "--format=posix"]).arg(library))?;
    let names = table.lines().filter_map(|line| line.split_whitespace().next());
    Ok(names.map(|name| name.split('@').next().unwrap_or(name).to_owned()).collect())
}
