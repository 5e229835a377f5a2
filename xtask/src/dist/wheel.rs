//! A bundle as a Python wheel: with the package `rlx_host` and the command `rlx-run`, for machines without a compiler. The
//! same files give the same bytes.

use std::fs::{self, File};
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use base64ct::{Base64UrlUnpadded, Encoding};
use rlx_host_api::discovery::{MANIFEST_FILE, Manifest};
use rlx_mlx_vendor::Pins;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// The package in the wheel, and its folder in this repository.
const PACKAGE: &str = "rlx_host";
const PACKAGE_FOLDER: &str = "examples/python-host/rlx_host";

/// Where the bundle lies in the wheel: in `plugins` beside the program, where `rlx-run` looks.
const BUNDLE: &str = "rlx_host/bin/plugins/rlx_mlx";

/// What the program is in the wheel.
const PROGRAM: &str = "rlx_host/bin/rlx-run";

/// What a wheel is made of.
pub(crate) struct Parts<'a> {
    /// The root of this repository.
    pub(crate) root: &'a Path,
    /// The bundle's folder, of whatever target.
    pub(crate) bundle: &'a Path,
    /// The program `rlx-run` for the same target.
    pub(crate) rlx_run: &'a Path,
}

impl Parts<'_> {
    /// Writes the wheel into `folder` and gives its path.
    pub(crate) fn write(&self, folder: &Path) -> Result<PathBuf> {
        let manifest = Manifest::read(&self.bundle.join(MANIFEST_FILE))?;
        let tag = format!("py3-none-{}", platform(&manifest)?);
        for file in [self.rlx_run, &self.bundle.join(&manifest.plugin)] {
            check_run_time(file, &tag)?;
        }
        let version = &manifest.version;
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let path = folder.join(format!("rlx_mlx-{version}-{tag}.whl"));
        let fresh = path.with_extension("whl.new");
        let file = File::create(&fresh).with_context(|| format!("cannot create {}", fresh.display()))?;
        let mut wheel = Wheel { zip: ZipWriter::new(file), record: String::new() };
        wheel.package(&self.root.join(PACKAGE_FOLDER))?;
        wheel.file(PROGRAM, &read(self.rlx_run)?, 0o755)?;
        for name in manifest.files.iter().map(|file| file.path.as_str()).chain([MANIFEST_FILE]) {
            wheel.file(&format!("{BUNDLE}/{name}"), &read(&self.bundle.join(name))?, 0o644)?;
        }
        let info = format!("rlx_mlx-{version}.dist-info");
        for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
            wheel.file(&format!("{info}/licenses/{name}"), &read(&self.root.join(name))?, 0o644)?;
        }
        wheel.file(&format!("{info}/METADATA"), metadata(&manifest).as_bytes(), 0o644)?;
        wheel.file(&format!("{info}/WHEEL"), wheel_text(&tag).as_bytes(), 0o644)?;
        let commands = format!("[console_scripts]\nrlx-run = {PACKAGE}.command:main\n");
        wheel.file(&format!("{info}/entry_points.txt"), commands.as_bytes(), 0o644)?;
        wheel.finish(&format!("{info}/RECORD"))?;
        fs::rename(&fresh, &path).with_context(|| format!("cannot move {} into place", path.display()))?;
        Ok(path)
    }
}

/// A wheel in the making.
struct Wheel<W: Write + Seek> {
    zip: ZipWriter<W>,
    /// A line for each file: its name, hash and size.
    record: String,
}

impl<W: Write + Seek> Wheel<W> {
    /// The Python package: the sources directly in `folder`.
    fn package(&mut self, folder: &Path) -> Result<()> {
        let entries = fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
        let mut paths: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
        paths.sort();
        for path in paths.iter().filter(|path| path.is_file()) {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            self.file(&format!("{PACKAGE}/{name}"), &read(path)?, 0o644)?;
        }
        Ok(())
    }

    fn file(&mut self, name: &str, content: &[u8], mode: u32) -> Result<()> {
        let hash = Base64UrlUnpadded::encode_string(&Sha256::digest(content));
        self.record.push_str(&format!("{name},sha256={hash},{}\n", content.len()));
        self.add(name, content, mode)
    }

    fn add(&mut self, name: &str, content: &[u8], mode: u32) -> Result<()> {
        // The earliest time that a zip file can hold: when it was made does not matter.
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(DateTime::DEFAULT)
            .unix_permissions(mode);
        self.zip.start_file(name, options)?;
        self.zip.write_all(content).with_context(|| format!("cannot write {name}"))
    }

    /// Adds the record, which lists itself without a hash.
    fn finish(mut self, name: &str) -> Result<()> {
        let record = format!("{}{name},,\n", self.record);
        self.add(name, record.as_bytes(), 0o644)?;
        self.zip.finish()?.flush().context("cannot write the wheel")
    }
}

/// pip's platform tag: that of the MLX wheel that the bundle was made from.
fn platform(manifest: &Manifest) -> Result<String> {
    let target = &manifest.target;
    let pins = Pins::embedded()?;
    let wheels = &pins.package(&target.flavour)?.wheel;
    let wheel = wheels.iter().find(|wheel| wheel.os == target.os && wheel.arch == target.arch);
    let platform = wheel.and_then(|wheel| wheel.platform.clone());
    platform.with_context(|| format!("no wheel of MLX is pinned for {}-{}-{}", target.os, target.arch, target.flavour))
}

/// Whether `file` runs with the C library that the tag promises: the versions that it needs stand in it as text.
fn check_run_time(file: &Path, tag: &str) -> Result<()> {
    let Some(promised) = tag.split("manylinux_2_").nth(1) else { return Ok(()) };
    let promised: u32 = promised.split('_').next().unwrap_or_default().parse().context("the tag of MLX's wheel")?;
    let needed = newest_glibc(&read(file)?);
    if needed > promised {
        bail!(
            "{} needs glibc 2.{needed}, a wheel of {tag} may need 2.{promised}: build on an older system",
            file.display()
        );
    }
    Ok(())
}

/// The greatest N of `GLIBC_2.N` in a file.
fn newest_glibc(bytes: &[u8]) -> u32 {
    const MARK: &[u8] = b"GLIBC_2.";
    let number = |rest: &[u8]| {
        let digits: String = rest.iter().take_while(|b| b.is_ascii_digit()).map(|b| char::from(*b)).collect();
        digits.parse().ok()
    };
    bytes
        .windows(MARK.len())
        .enumerate()
        .filter(|(_, w)| *w == MARK)
        .filter_map(|(at, _)| number(&bytes[at + MARK.len()..]))
        .max()
        .unwrap_or(0)
}

fn metadata(manifest: &Manifest) -> String {
    format!(
        "Metadata-Version: 2.4\nName: rlx-mlx\nVersion: {}\nSummary: The {} backend of the ML compiler RLX as a plugin, a host in Python, and the command rlx-run\n\
         License-Expression: MIT OR Apache-2.0\nLicense-File: LICENSE-MIT\nLicense-File: LICENSE-APACHE\nRequires-Python: >=3.10\n\
         Provides-Extra: numpy\nRequires-Dist: numpy; extra == \"numpy\"\nDescription-Content-Type: text/markdown\n\n\
         `import rlx_host` runs `.rlxmodel` programs on {} {} from Python; `rlx-run --help` tells what the command does. The\n\
         licences of what lies beside the plugin are in `{BUNDLE}/licenses`.\n",
        manifest.version, manifest.engine, manifest.engine, manifest.engine_version,
    )
}

fn wheel_text(tag: &str) -> String {
    format!("Wheel-Version: 1.0\nGenerator: rlx-xtask\nRoot-Is-Purelib: false\nTag: {tag}\n")
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_of_the_c_library_is_found() {
        assert_eq!(newest_glibc(b"\0GLIBC_2.4\0GLIBC_2.34\0GLIBC_2.17\0GLIBC_PRIVATE\0GLIBCXX_3.4.30\0"), 34);
        assert_eq!(newest_glibc(b"GLIBC_2."), 0);
    }
}
