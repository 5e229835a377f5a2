//! `manifest.toml`: what a plugin folder says of itself, readable without opening any library.
//!
//! ```toml
//! manifest = 1
//! name = "mlx"
//! version = "0.2.0"
//! plugin = "librlx_mlx.so"
//! engine = "MLX"
//! engine_version = "0.32.4"
//! commit = "3f786850e387550fdab836ed7e6dc881de23001b"
//! devices = ["cpu"]
//!
//! [abi]
//! oldest = "1.0.0"
//! newest = "1.0.0"
//!
//! [target]
//! os = "linux"
//! arch = "x86_64"
//! flavour = "cpu"
//!
//! [[file]]
//! path = "librlx_mlx.so"
//! size = 37122312
//! sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
//! ```
//!
//! It applies to the plugin beside it that `plugin` names, and lists that file and every other file of the folder.

mod files;
mod verify;

pub use files::MANIFEST_FILE;

use super::{Refusal, file};
use crate::abi::RlxVersion;
use crate::negotiate::VersionRange;
use crate::{DeviceKind, Error, ErrorKind};
use semver::Version;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

/// What a plugin folder says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this format, [`Manifest::FORMAT`].
    #[serde(rename = "manifest")]
    pub format: u32,
    /// Backend name.
    pub name: String,
    /// Version of the plugin.
    pub version: Version,
    /// File name of the plugin.
    pub plugin: String,
    /// The engine underneath.
    pub engine: String,
    /// Version of the engine, as it reports itself.
    pub engine_version: String,
    /// The commit that it was built from, where nothing had been changed since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Kinds of devices that it may offer; a machine need not have them.
    #[serde(with = "device_kinds")]
    pub devices: Vec<DeviceKind>,
    /// ABI versions that it speaks.
    #[serde(with = "abi_range")]
    pub abi: VersionRange,
    /// What it was built for.
    pub target: Target,
    /// Every file of the folder save the manifest.
    #[serde(rename = "file", default)]
    pub files: Vec<ListedFile>,
}

/// What a plugin was built for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// Operating system, in the words of [`std::env::consts::OS`].
    pub os: String,
    /// Processor, in the words of [`std::env::consts::ARCH`].
    pub arch: String,
    /// Which build for that machine, in the words of the plugin's author; may be empty.
    #[serde(default)]
    pub flavour: String,
}

/// A file that belongs to a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedFile {
    /// Path below the folder, with `/` between its parts.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 in lowercase hexadecimal digits.
    pub sha256: String,
}

/// No manifest is longer; a file that is was not made as one.
const MAX_BYTES: u64 = 1 << 20;

impl Manifest {
    /// The newest version of the format that this crate reads, and the one it writes. Keys that it does not know are
    /// left alone, so a format may grow without a new version.
    pub const FORMAT: u32 = 1;

    /// Reads a manifest and checks that it is one; whether it is true is not looked at.
    ///
    /// # Errors
    /// [`Refusal::BadManifest`] when it is missing, unreadable or malformed, [`Refusal::NewerManifest`] when this crate
    /// is too old for it.
    pub fn read(path: &Path) -> Result<Self, Refusal> {
        let bad = |reason: String| Refusal::BadManifest { path: path.to_path_buf(), reason };
        let text = read_text(path).map_err(bad)?;
        let parse_error = |error: toml::de::Error| {
            let line = error.span().map(|span| text[..span.start.min(text.len())].lines().count().max(1));
            bad(line.map_or_else(String::new, |line| format!("line {line}: ")) + &one_line(error.message()))
        };

        /// What every version of the format has.
        #[derive(Deserialize)]
        struct Head {
            manifest: u32,
        }
        let head: Head = toml::from_str(&text).map_err(parse_error)?;
        if head.manifest > Self::FORMAT {
            let (format, known) = (head.manifest, Self::FORMAT);
            return Err(Refusal::NewerManifest { path: path.to_path_buf(), format, known });
        }
        let manifest: Self = toml::from_str(&text).map_err(parse_error)?;
        manifest.check().map_err(bad)?;
        Ok(manifest)
    }

    /// The manifest that governs the plugin file `plugin` (a path without links): the one beside it.
    pub(super) fn of(plugin: &Path, in_bundle: bool) -> Result<Option<Self>, Refusal> {
        let path = plugin.with_file_name(MANIFEST_FILE);
        if path.symlink_metadata().is_err() {
            return Ok(None);
        }
        let manifest = Self::read(&path)?;
        if plugin.file_name().is_some_and(|name| name == manifest.plugin.as_str()) {
            return Ok(Some(manifest));
        }
        // In a folder of many plugins, it is another's.
        if !in_bundle {
            return Ok(None);
        }
        let file = plugin.file_name().unwrap_or_default().to_string_lossy();
        Err(Refusal::BadManifest { reason: format!("it describes {}, not {file}", manifest.plugin), path })
    }

    /// The same manifest with all files below `folder` listed, each read once.
    ///
    /// # Errors
    /// When a file cannot be read or its name is not UTF-8, or the result is no valid manifest.
    pub fn describe_folder(mut self, folder: &Path) -> Result<Self, Error> {
        let paths = files::below(folder)?;
        let full: Vec<PathBuf> = paths.iter().map(|path| folder.join(path)).collect();
        let measured = files::measure(&full);
        self.files.clear();
        for ((path, full), measured) in paths.into_iter().zip(full).zip(measured) {
            let (size, sha256) = measured.map_err(|e| files::error("read", &full, &e))?;
            self.files.push(ListedFile { path, size, sha256 });
        }
        self.check().map_err(|reason| Error::invalid(format!("the manifest of {}: {reason}", folder.display())))?;
        Ok(self)
    }

    /// Writes the manifest into `folder`.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Error> {
        let path = folder.join(MANIFEST_FILE);
        let text = toml::to_string(self).map_err(|e| Error::new(ErrorKind::InvalidArgument, e.to_string()))?;
        std::fs::write(&path, text).map_err(|e| files::error("write", &path, &e))
    }

    /// Whether `file`, relative to the manifest's folder, is listed.
    pub(super) fn lists(&self, file: &Path) -> bool {
        self.files.iter().any(|listed| Path::new(&listed.path) == file)
    }

    /// The rules that the types do not express.
    fn check(&self) -> Result<(), String> {
        if Path::new(&self.plugin).file_name().is_none_or(|name| name != self.plugin.as_str()) {
            return Err(format!("`plugin = \"{}\"` is not a file name", self.plugin));
        }
        let mut seen = HashSet::new();
        for ListedFile { path, sha256, .. } in &self.files {
            let inside = Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
            if path.is_empty() || !inside {
                return Err(format!("the listed file `{path}` is not below its folder"));
            }
            if !seen.insert(path) {
                return Err(format!("it lists {path} twice"));
            }
            if sha256.len() != 64 || !sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
                return Err(format!("the SHA-256 of {path} is not 64 lowercase hexadecimal digits"));
            }
        }
        if !self.lists(Path::new(&self.plugin)) {
            return Err(format!("it does not list {} itself", self.plugin));
        }
        Ok(())
    }
}

fn read_text(path: &Path) -> Result<String, String> {
    let (file, size) = file::open(path).map_err(|e| e.to_string())?;
    if size > MAX_BYTES {
        return Err(format!("it is longer than {MAX_BYTES} bytes"));
    }
    let mut text = String::new();
    file.take(size).read_to_string(&mut text).map_err(|e| e.to_string())?;
    Ok(text)
}

fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

/// A range as two versions in text.
mod abi_range {
    use super::*;
    use serde::de::Error as _;
    use serde::{Deserializer, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Text {
        oldest: Version,
        newest: Version,
    }

    pub(super) fn serialize<S: Serializer>(range: &VersionRange, to: S) -> Result<S::Ok, S::Error> {
        Text { oldest: range.oldest.into(), newest: range.newest.into() }.serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<VersionRange, D::Error> {
        let part = |n: u64| u32::try_from(n).map_err(|_| D::Error::custom(format!("{n} is no part of an ABI version")));
        let version =
            |v: Version| Ok(RlxVersion { major: part(v.major)?, minor: part(v.minor)?, patch: part(v.patch)? });
        let text = Text::deserialize(from)?;
        Ok(VersionRange { oldest: version(text.oldest)?, newest: version(text.newest)? })
    }
}

/// Kinds by name; one that this host does not know is an accelerator, as on the wire.
mod device_kinds {
    use super::*;
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(kinds: &[DeviceKind], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(kinds.iter().map(ToString::to_string))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<DeviceKind>, D::Error> {
        let kind = |name: String| match &*name {
            "cpu" => DeviceKind::Cpu,
            "gpu" => DeviceKind::Gpu,
            _ => DeviceKind::Accelerator,
        };
        Ok(Vec::<String>::deserialize(from)?.into_iter().map(kind).collect())
    }
}

#[cfg(test)]
mod tests;
