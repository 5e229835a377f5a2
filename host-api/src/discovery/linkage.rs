//! What the parsers of all formats read from and make: bytes of a library, how it is linked, and why it is damaged.

use super::refusal::Refusal;
use object::read::ReadCache;
use std::ffi::OsString;
use std::fs::File;

/// A library's bytes, read as they are asked for: a plugin may be hundreds of megabytes, its headers are not. It is not
/// mapped, because a file that is cut short under a mapping kills the process.
pub(super) type Bytes<'f> = &'f ReadCache<File>;

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

/// The refusal of a damaged library.
pub(super) fn damaged(detail: impl Into<String>) -> Refusal {
    Refusal::Damaged { detail: detail.into() }
}

/// Refuses a library as damaged unless `sound`.
pub(super) fn ensure(sound: bool, detail: impl FnOnce() -> String) -> Result<(), Refusal> {
    if sound { Ok(()) } else { Err(damaged(detail())) }
}
