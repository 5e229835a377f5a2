//! Looks at a candidate's file without executing anything of it: is it a plugin that this process can open?

use super::file::Closed;
use super::libraries::{self, Library};
use super::refusal::Refusal;
use super::{elf, file, macho, pe};
use object::ReadRef;
use object::read::ReadCache;
use std::ffi::OsString;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

/// A library's bytes, read as they are asked for: a plugin may be hundreds of megabytes, its headers are not. It is not
/// mapped, because a file that is cut short under a mapping kills the process.
pub(super) type Bytes<'f> = &'f ReadCache<File>;

/// What inspection learned about a plugin that can be opened.
#[derive(Debug)]
pub(super) struct Inspection {
    /// The libraries that it needs, and those that they need, in the order in which the system's loader meets them.
    pub(super) libraries: Vec<Library>,
}

/// How a library is linked. Names and folders are bytes of any kind, as the system's own are.
#[derive(Debug, Default)]
pub(super) struct Linkage {
    /// Names of the libraries that it needs.
    pub(super) needed: Vec<OsString>,
    /// The name under which others need it, when it states one.
    pub(super) name: Option<OsString>,
    /// Folders to search for what it, and what it needs, needs: `DT_RPATH`, `LC_RPATH`.
    pub(super) rpath: Vec<OsString>,
    /// Folders to search for what it needs: `DT_RUNPATH`. It replaces `rpath`.
    pub(super) runpath: Option<Vec<OsString>>,
    /// Libraries of which it needs certain symbol versions.
    pub(super) version_files: Vec<OsString>,
    /// Whether it exports the plugin entry.
    pub(super) has_entry: bool,
}

/// A name or path as a library's bytes spell it.
pub(super) fn name_of(bytes: &[u8]) -> OsString {
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        std::ffi::OsStr::from_bytes(bytes).to_owned()
    }
    #[cfg(not(unix))]
    {
        String::from_utf8_lossy(bytes).into_owned().into()
    }
}

/// Inspects the candidate at `path`: file, format, processor, soundness, entry symbol, needed libraries.
///
/// # Errors
/// The first reason for which it cannot be used.
pub(super) fn inspect(path: &Path) -> Result<Inspection, Refusal> {
    let linkage = read(path)?;
    if !linkage.has_entry {
        return Err(Refusal::NoEntrySymbol);
    }
    Ok(Inspection { libraries: libraries::closure(path, linkage)? })
}

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
enum Format {
    Elf,
    MachO,
    Pe,
}

impl Format {
    /// That of this process.
    const NATIVE: Self = if cfg!(target_vendor = "apple") {
        Self::MachO
    } else if cfg!(windows) {
        Self::Pe
    } else {
        Self::Elf
    };

    /// The format of a file that begins with `start`.
    fn of(start: &[u8]) -> Option<Self> {
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

/// The refusal of a damaged library.
pub(super) fn damaged(detail: impl Into<String>) -> Refusal {
    Refusal::Damaged { detail: detail.into() }
}

/// Refuses a library as damaged unless `sound`.
pub(super) fn ensure(sound: bool, detail: impl FnOnce() -> String) -> Result<(), Refusal> {
    if sound { Ok(()) } else { Err(damaged(detail())) }
}

#[cfg(test)]
mod tests;
