//! What the plugin exports and needs, and what the host links, read with `nm`, `readelf` and `ldd`.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};
use rlx_mlx_vendor::BundleFile;

use crate::cargo::{self, Workspace};
use crate::provision::Provisioned;

/// The one symbol that a plugin exports.
const ENTRY: &str = "rlx_backend_entry";

/// `mlx::core::allocator::allocator()`, which the plugin puts before that of a libmlx of its own.
const ALLOCATOR: &str = "_ZN3mlx4core9allocator9allocatorEv";

/// The prefix of every symbol of the pinned OpenBLAS.
const OPENBLAS_PREFIX: &str = "scipy_";

/// Fails if the plugin exports anything but its entry, the BLAS functions that it forwards and the allocator that it checks,
/// or lacks one of them.
///
/// A forwarder is due for every function that libmlx imports and OpenBLAS has: one less, and MLX would silently use
/// its slow reference BLAS.
pub(crate) fn check_plugin(plugin: &Path, libraries: &Provisioned) -> Result<()> {
    let mut expected = BTreeSet::from([ENTRY.to_owned()]);
    if !libraries.mlx.files.is_empty() {
        expected.insert(ALLOCATOR.to_owned());
    }
    if let Some(openblas) = &libraries.openblas {
        let offered: BTreeSet<String> = dynamic(&openblas.library, "--defined-only")?
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
    println!("{}: {ENTRY} and {} forwarders, nothing else", plugin.display(), expected.len() - 1);
    Ok(())
}

/// Fails if another copy of one of the libraries in the process could stand in for the bundled one: the plugin needs
/// libmlx by its private name, and no symbol is of the binding that is unique across a process.
pub(crate) fn check_privacy(plugin: &Path, libraries: &Provisioned) -> Result<()> {
    if libraries.mlx.link_name == "mlx" {
        println!("{}: built with RLX_MLX_PREFIX, whose libraries keep their names", plugin.display());
        return Ok(());
    }
    let bundled: Vec<&BundleFile> =
        libraries.mlx.files.iter().chain(libraries.openblas.iter().flat_map(|openblas| &openblas.files)).collect();
    // Headers go with those that need them.
    let bundled: Vec<&Path> = bundled.iter().map(|file| file.from.as_path()).filter(|file| is_library(file)).collect();
    for file in std::iter::once(plugin).chain(bundled.iter().copied()) {
        let table = cargo::capture(Command::new("nm").args(["-D", "--defined-only", "--format=posix"]).arg(file))?;
        let mut symbols = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
        if let Some(symbol) = symbols.find(|words| words.get(1) == Some(&"u")) {
            bail!("{} has the unique symbol {}", file.display(), symbol[0]);
        }
    }
    let needed = cargo::capture(Command::new("readelf").args(["--dynamic", "--wide"]).arg(plugin))?;
    let needs = |library: &Path| {
        let name = library.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let line = format!("[{name}]");
        (needed.lines().any(|entry| entry.contains("(NEEDED)") && entry.contains(&line)), name)
    };
    if let (false, name) = needs(&libraries.mlx.library) {
        bail!("{} does not need {name}", plugin.display());
    }
    // The plugin loads it itself, without threads; by its private name, which is a part of the plugin.
    if let Some((true, name)) = libraries.openblas.as_ref().map(|openblas| needs(&openblas.library)) {
        bail!("{} needs {name}, so the linker would load it with threads of its own", plugin.display());
    }
    println!("{}: needs its own libraries, no unique symbols in {} files", plugin.display(), bundled.len() + 1);
    Ok(())
}

/// Fails if an instruction on vectors is a function of its own: kernels would call it for each of them, which makes them some
/// fifty times slower and is seen by no other test. It comes of a closure or function in a kernel that is not inlined into the
/// one that is compiled for the processor at hand (`#[inline(always)]`).
pub(crate) fn check_kernels(plugin: &Path) -> Result<()> {
    let table = cargo::capture(Command::new("nm").args(["--demangle", "--format=posix"]).arg(plugin))?;
    let is_vector = |name: &str| ["::_mm_", "::_mm256_", "::_mm512_"].iter().any(|part| name.contains(part));
    let called: Vec<_> = table.lines().filter(|line| line.contains("core_arch") && is_vector(line)).collect();
    if !called.is_empty() {
        bail!("{} has kernels that are not inlined: {}", plugin.display(), called.join(", "));
    }
    println!("{}: kernels are inlined", plugin.display());
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

fn is_library(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name.to_string_lossy().contains(".so"))
}

/// The names in a library's dynamic symbol table, without versions.
fn dynamic(library: &Path, which: &str) -> Result<BTreeSet<String>> {
    let table = cargo::capture(Command::new("nm").args(["-D", which, "--format=posix"]).arg(library))?;
    let names = table.lines().filter_map(|line| line.split_whitespace().next());
    Ok(names.map(|name| name.split('@').next().unwrap_or(name).to_owned()).collect())
}
