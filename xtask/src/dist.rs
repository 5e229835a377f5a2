//! `cargo xtask dist`: a folder to drop in, with licences and a manifest that can be checked.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use rlx_host_api::abi::ABI_VERSION;
use rlx_mlx_vendor::{Flavour, MLX_VERSION};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::cargo::{self, Workspace};
use crate::provision::{self, Provisioned};
use crate::stage;

/// `manifest.toml`.
#[derive(Serialize)]
struct Manifest {
    name: &'static str,
    version: String,
    abi: String,
    engine: &'static str,
    engine_version: &'static str,
    os: String,
    arch: String,
    flavour: String,
    devices: &'static [&'static str],
    file: Vec<ManifestFile>,
}

#[derive(Serialize)]
struct ManifestFile {
    path: String,
    size: u64,
    sha256: String,
}

/// Makes the distribution folder and prints where it is and what it holds.
pub(crate) fn run(workspace: &Workspace, out: Option<PathBuf>) -> Result<()> {
    let libraries = provision::libraries(workspace)?;
    stage::build(workspace)?;
    let version = workspace.version("rlx-mlx-plugin")?;
    let name = format!("rlx_mlx-{version}-{}-{}", libraries.target, libraries.flavour);
    let out = match out {
        Some(out) if out.exists() => bail!("{} exists already: remove it, or choose another --out", out.display()),
        Some(out) => out,
        None => workspace.target_dir.join("dist").join(name),
    };
    stage::fill(workspace, &libraries, &out)?;
    strip(&out.join(stage::plugin_file()))?;
    copy_licences(workspace, &libraries, &out.join("licenses"))?;

    let files = files_below(&out)?;
    let total: u64 = files.iter().map(|file| file.size).sum();
    let manifest = Manifest {
        name: "mlx",
        version: version.to_owned(),
        abi: format!("{}.{}.{}", ABI_VERSION.major, ABI_VERSION.minor, ABI_VERSION.patch),
        engine: "MLX",
        engine_version: MLX_VERSION,
        os: libraries.target.os.clone(),
        arch: libraries.target.arch.clone(),
        flavour: libraries.flavour.to_string(),
        devices: devices(libraries.flavour),
        file: files,
    };
    let path = out.join("manifest.toml");
    fs::write(&path, toml::to_string(&manifest)?).with_context(|| format!("cannot write {}", path.display()))?;
    println!("{} ({} files, {:.1} MB)", out.display(), manifest.file.len() + 1, total as f64 / 1e6);
    Ok(())
}

/// The kinds of devices that a flavour of MLX computes on.
fn devices(flavour: Flavour) -> &'static [&'static str] {
    match flavour {
        Flavour::Cpu => &["cpu"],
        Flavour::Cuda12 | Flavour::Cuda13 | Flavour::Metal => &["cpu", "gpu"],
    }
}

/// Takes the debug information out of the plugin. Only on Linux: macOS keeps it elsewhere, and a stripped library
/// would have to be signed again.
fn strip(plugin: &Path) -> Result<()> {
    let has_strip = || Command::new("strip").arg("--version").output().is_ok_and(|output| output.status.success());
    if cfg!(target_os = "linux") && has_strip() {
        cargo::capture(Command::new("strip").arg("--strip-debug").arg(plugin))?;
    }
    Ok(())
}

fn copy_licences(workspace: &Workspace, libraries: &Provisioned, folder: &Path) -> Result<()> {
    for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
        stage::copy(&workspace.root.join(name), &folder.join(name))?;
    }
    let openblas = libraries.openblas.iter().flat_map(|openblas| &openblas.licences);
    for licence in libraries.mlx.licences.iter().chain(openblas) {
        stage::copy(&licence.from, &folder.join(&licence.to))?;
    }
    Ok(())
}

/// Every file below a folder with size and hash, sorted by path.
fn files_below(root: &Path) -> Result<Vec<ManifestFile>> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in entries {
            let path = entry.with_context(|| format!("cannot list {}", folder.display()))?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let (size, sha256) = measure(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let path = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            files.push(ManifestFile { path, size, sha256 });
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// Size in bytes and SHA-256 of a file.
fn measure(path: &Path) -> io::Result<(u64, String)> {
    let mut hasher = Sha256::new();
    let mut file = io::BufReader::with_capacity(1 << 20, File::open(path)?);
    let mut size = 0;
    loop {
        let chunk = io::BufRead::fill_buf(&mut file)?;
        if chunk.is_empty() {
            break;
        }
        hasher.update(chunk);
        let read = chunk.len();
        size += read as u64;
        io::BufRead::consume(&mut file, read);
    }
    Ok((size, hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_listed_with_size_and_hash() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(folder.path().join("b")).expect("created");
        fs::write(folder.path().join("b/c"), "abc").expect("written");
        fs::write(folder.path().join("a"), "").expect("written");
        let files = files_below(folder.path()).expect("listed");
        let listed: Vec<_> = files.iter().map(|file| (file.path.as_str(), file.size)).collect();
        assert_eq!(listed, [("a", 0), ("b/c", 3)]);
        assert!(files[1].sha256.starts_with("ba7816bf8f01cfea"));
    }
}
