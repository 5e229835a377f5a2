//! Reads a shared library, a plugin or one that a plugin needs, whatever its format.

use super::file::Closed;
use super::linkage::Linkage;
use super::refusal::Refusal;
use super::{elf, file, macho, pe};
use object::ReadRef;
use object::read::ReadCache;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

/// Checks the shared library at `path`, plugin or not, and reads how it is linked.
///
/// # Errors
/// The first reason for which it cannot be loaded.
pub(super) fn read(path: &Path) -> Result<Linkage, Refusal> {
    let file = ReadCache::new(open(path)?);
    let unreadable = || Refusal::Unreadable { path: path.to_owned(), reason: "its bytes cannot be read".to_owned() };
    let size = (&file).len().map_err(|()| unreadable())?;
    if size == 0 {
        return Err(Refusal::Empty);
    }
    let start = (&file).read_bytes_at(0, size.min(8)).map_err(|()| unreadable())?;
    let format =
        Format::of(start).ok_or_else(|| Refusal::NotALibrary { magic: format!("`{}`", start.escape_ascii()) })?;
    if format != Format::NATIVE {
        let (found, expected) = (format.to_string(), Format::NATIVE.to_string());
        return Err(Refusal::WrongFormat { found, expected });
    }
    match format {
        Format::Elf => elf::read(&file),
        Format::MachO => macho::read(&file),
        Format::Pe => pe::read(&file),
    }
}

/// Opens a regular file on a disk, and never anything else.
pub(super) fn open(path: &Path) -> Result<File, Refusal> {
    let entry = path.symlink_metadata().map_err(|e| unreadable(path, &e))?;
    match file::open(path) {
        Ok((file, _)) => Ok(file),
        Err(Closed::NotAFile(what)) => Err(Refusal::NotAFile { what }),
        Err(Closed::System(e)) if entry.is_symlink() && path.metadata().is_err() => match e.kind() {
            ErrorKind::PermissionDenied => Err(unreadable(path, &e)),
            _ => Err(Refusal::DanglingLink { target: path.read_link().unwrap_or_default() }),
        },
        Err(Closed::System(e)) => Err(unreadable(path, &e)),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Refusal {
    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) {
        return Refusal::NotFound;
    }
    // When not even the name can be looked up, it is a folder that denies it: the deepest one that can still be seen.
    let seen = path.ancestors().find(|p| p.symlink_metadata().is_ok()).unwrap_or(path);
    Refusal::Unreadable { path: seen.to_owned(), reason: error.to_string() }
}

/// A format of shared libraries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Elf,
    MachO,
    Pe,
}

impl Format {
    /// That of this process.
    pub(super) const NATIVE: Self = if cfg!(target_vendor = "apple") {
        Self::MachO
    } else if cfg!(windows) {
        Self::Pe
    } else {
        Self::Elf
    };

    /// The format of a file that begins with `start`.
    pub(super) fn of(start: &[u8]) -> Option<Self> {
        match *start {
            [0x7f, b'E', b'L', b'F', ..] => Some(Self::Elf),
            [b'M', b'Z', ..] => Some(Self::Pe),
            [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => Some(Self::MachO),
            // Java classes begin with the same word, followed by a version of 45 or more where universal binaries have
            // the number of their architectures.
            [0xca, 0xfe, 0xba, 0xbe | 0xbf, 0, 0, 0, count] if count < 45 => Some(Self::MachO),
            _ => None,
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Elf => "ELF (Linux)",
            Self::MachO => "Mach-O (macOS)",
            Self::Pe => "PE (Windows)",
        })
    }
}
