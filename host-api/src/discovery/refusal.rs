//! Why a candidate is not used: one variant a reason, each with a code for programs and a line for people.

use crate::negotiate::VersionRange;
use crate::{Error, ErrorKind, printable};
use std::path::{Path, PathBuf};

/// Why a plugin candidate is refused. `Display` is one line that says what is wrong and what to do; it does not repeat
/// the candidate's path.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    // --- the file, before anything is opened ---
    /// The path names nothing.
    #[error("there is no such file; copy the plugin there or correct the path")]
    NotFound,
    /// The path is a symbolic link to nothing, or to itself.
    #[error(
        "the link points to {target}, which leads nowhere; remove or correct the link",
        target = show_path(target)
    )]
    DanglingLink {
        /// Where the link points.
        target: PathBuf,
    },
    /// The path is a folder, device, socket or pipe.
    #[error("it is a {what}, not a file; give the path of the shared library itself")]
    NotAFile {
        /// What it is.
        what: &'static str,
    },
    /// The file or a folder on the way to it cannot be read.
    #[error(
        "{path} cannot be read: {reason}; give this user permission to read it",
        path = show_path(path),
        reason = printable(reason)
    )]
    Unreadable {
        /// What cannot be read.
        path: PathBuf,
        /// The system's text.
        reason: String,
    },
    /// The file has no bytes.
    #[error("the file is empty; copy the plugin again")]
    Empty,
    /// Neither ELF, Mach-O nor PE.
    #[error(
        "it is not a shared library (its first bytes are {magic}); remove it or copy the plugin again",
        magic = printable(magic)
    )]
    NotALibrary {
        /// The first bytes, printable.
        magic: String,
    },
    /// A library of this format, but cut short or damaged.
    #[error("the library is damaged: {detail}; copy the plugin again", detail = printable(detail))]
    Damaged {
        /// What is wrong inside.
        detail: String,
    },
    /// A library of another operating system.
    #[error(
        "it is built for another system: {found}, this process needs {expected}; get the plugin for {expected}",
        found = printable(found),
        expected = printable(expected)
    )]
    WrongFormat {
        /// Format of the file, such as `Mach-O`.
        found: String,
        /// Format of this process.
        expected: String,
    },
    /// A library for another processor.
    #[error(
        "it is built for {found}, this process runs on {expected}; get the plugin for {expected}",
        found = printable(found),
        expected = printable(expected)
    )]
    WrongArchitecture {
        /// Architecture of the file.
        found: String,
        /// Architecture of this process.
        expected: String,
    },
    /// An executable, object or core file.
    #[error("it is {found}, not a shared library; a plugin is built as a `cdylib`", found = printable(found))]
    NotShared {
        /// What it is.
        found: String,
    },
    /// The library is no plugin.
    #[error(
        "it does not export `rlx_backend_entry`, so it is not an RLX plugin; remove it or build it with `export_plugin!`"
    )]
    NoEntrySymbol,
    /// Libraries that it, or a library it needs, names are not found along the run paths and system folders.
    #[error("it needs {}; copy the whole plugin folder, or install what is missing", missing.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    MissingLibraries {
        /// What is missing.
        missing: Vec<MissingLibrary>,
    },
    /// A library that it needs is itself not loadable.
    #[error("the needed library {path}: {reason}", path = show_path(path))]
    BadLibrary {
        /// The library.
        path: PathBuf,
        /// Why it cannot be used.
        reason: Box<Refusal>,
    },

    // --- trust ---
    /// The file, a folder above it or a library beside it can be changed by other users.
    #[error(
        "{path} can be written by {who} (mode {mode:03o}); run `chmod go-w` on it, or allow untrusted plugins explicitly",
        path = show_path(path),
        who = printable(who)
    )]
    WritableByOthers {
        /// What can be written.
        path: PathBuf,
        /// `everyone` or `group N`.
        who: String,
        /// Permission bits.
        mode: u32,
    },
    /// The file, a folder above it or a library beside it belongs to another user.
    #[error(
        "{path} belongs to user {owner}, neither to root nor to this user ({user}); copy the plugin as this user, or allow untrusted plugins explicitly",
        path = show_path(path)
    )]
    ForeignOwner {
        /// What belongs to another.
        path: PathBuf,
        /// Its owner's id.
        owner: u32,
        /// The id of this process's user.
        user: u32,
    },

    // --- the manifest, before anything is opened ---
    /// `manifest.toml` beside the plugin is not readable as one.
    #[error(
        "{path} is not a plugin manifest: {reason}; copy the plugin folder again",
        path = show_path(path),
        reason = printable(reason)
    )]
    BadManifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// `manifest.toml` has a format that this host does not know.
    #[error(
        "{path} has manifest format {format}, this host reads up to {known}; update the host",
        path = show_path(path)
    )]
    NewerManifest {
        /// The manifest.
        path: PathBuf,
        /// Its format.
        format: u32,
        /// The newest format of this host.
        known: u32,
    },
    /// A file that the manifest lists is missing.
    #[error("the manifest lists {file}, which is missing; copy the whole plugin folder", file = printable(file))]
    ListedFileMissing {
        /// As listed.
        file: String,
    },
    /// A file is not the one that the manifest lists.
    #[error(
        "{file} is not the file that the manifest lists: {difference}; copy the plugin folder again",
        file = printable(file),
        difference = printable(difference)
    )]
    ListedFileDiffers {
        /// As listed.
        file: String,
        /// Size or hash, both values.
        difference: String,
    },
    /// A needed library lies in the bundle without being listed.
    #[error(
        "{file} lies in the plugin's folder but not in its manifest; remove it, or copy the plugin folder again",
        file = printable(file)
    )]
    UnlistedLibrary {
        /// File name.
        file: String,
    },
    /// The manifest is for another system or processor.
    #[error(
        "the manifest says it is for {found}, this process is {expected}; get the plugin for {expected}",
        found = printable(found),
        expected = printable(expected)
    )]
    OtherTarget {
        /// Operating system and architecture of the manifest.
        found: String,
        /// Those of this process.
        expected: String,
    },

    // --- opening and negotiation ---
    /// The system's loader refused.
    #[error("the system cannot load it: {reason}", reason = printable(reason))]
    OpenFailed {
        /// The loader's text.
        reason: String,
    },
    /// No ABI version in common.
    #[error("it speaks ABI {plugin}, this host speaks ABI {host}; update the {older}")]
    AbiMismatch {
        /// The plugin's range.
        plugin: VersionRange,
        /// This host's range.
        host: VersionRange,
        /// `plugin` or `host`: which side is older.
        older: &'static str,
    },
    /// The entry answered outside the rules: no table, a version outside both ranges.
    #[error("its entry broke the rules: {reason}; report it to the plugin's author", reason = printable(reason))]
    BadEntry {
        /// What it did.
        reason: String,
    },
    /// The entry gave an error.
    #[error("its entry failed: {error}")]
    EntryFailed {
        /// The plugin's error.
        error: Error,
    },
    /// The function table is shorter than its version has it.
    #[error(
        "its function table has {found} bytes, ABI {version} has {expected}; rebuild the plugin",
        version = printable(version)
    )]
    ShortTable {
        /// Stated size.
        found: u64,
        /// Size in the ABI.
        expected: u64,
        /// The table's version.
        version: String,
    },
    /// Slots of the function table are NULL.
    #[error("its function table lacks {}; report it to the plugin's author", slots.join(", "))]
    EmptySlots {
        /// Their names.
        slots: Vec<&'static str>,
    },
    /// A struct of the ABI has another layout in the plugin.
    #[error(
        "its structs have another layout than ABI {version}: {difference}; rebuild the plugin with rlx-host-api {version}",
        version = printable(version),
        difference = printable(difference)
    )]
    LayoutDiffers {
        /// The table's version.
        version: String,
        /// Where they differ.
        difference: String,
    },
    /// The plugin cannot describe itself: its engine does not start, for example.
    #[error("it cannot start: {error}")]
    InitFailed {
        /// The plugin's error.
        error: Error,
    },
    /// The plugin's description of itself is nonsense: no name, impossible counts, a version that is none.
    #[error("its description is not valid: {reason}; report it to the plugin's author", reason = printable(reason))]
    BadDescription {
        /// What is wrong.
        reason: String,
    },
    /// The plugin's devices cannot be listed.
    #[error("its devices cannot be listed: {error}")]
    DevicesFailed {
        /// The plugin's error.
        error: Error,
    },

    // --- after loading ---
    /// The plugin is another backend than its file name says.
    #[error(
        "the file name says backend `{file}`, the plugin says `{plugin}`; name the file after the backend",
        file = printable(file),
        plugin = printable(plugin)
    )]
    OtherName {
        /// From the file name.
        file: String,
        /// From the plugin.
        plugin: String,
    },
    /// The plugin and its manifest disagree.
    #[error(
        "the manifest says {field} {manifest}, the plugin says {plugin}; copy the plugin folder again",
        manifest = printable(manifest),
        plugin = printable(plugin)
    )]
    ManifestDisagrees {
        /// Which field.
        field: &'static str,
        /// The manifest's value.
        manifest: String,
        /// The plugin's.
        plugin: String,
    },
}

/// A library that is needed and not found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingLibrary {
    /// Name as needed, such as `libmlx.so`.
    pub name: String,
    /// File name of the library that needs it.
    pub needed_by: String,
    /// Who has it, where that is known: a driver, or a package that nobody else may carry.
    pub source: Option<String>,
}

impl std::fmt::Display for MissingLibrary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { name, needed_by, source } = self;
        write!(f, "the missing library {} (needed by {}", printable(name), printable(needed_by))?;
        if let Some(source) = source {
            write!(f, "; {}", printable(source))?;
        }
        f.write_str(")")
    }
}

impl Refusal {
    /// A short stable name for programs: `rlx-run plugins --json` gives it as `verdict`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::DanglingLink { .. } => "dangling-link",
            Self::NotAFile { .. } => "not-a-file",
            Self::Unreadable { .. } => "unreadable",
            Self::Empty => "empty",
            Self::NotALibrary { .. } => "not-a-library",
            Self::Damaged { .. } => "damaged",
            Self::WrongFormat { .. } => "wrong-format",
            Self::WrongArchitecture { .. } => "wrong-architecture",
            Self::NotShared { .. } => "not-shared",
            Self::NoEntrySymbol => "no-entry-symbol",
            Self::MissingLibraries { .. } => "missing-library",
            Self::BadLibrary { .. } => "bad-library",
            Self::WritableByOthers { .. } => "writable-by-others",
            Self::ForeignOwner { .. } => "foreign-owner",
            Self::BadManifest { .. } => "bad-manifest",
            Self::NewerManifest { .. } => "newer-manifest",
            Self::ListedFileMissing { .. } => "listed-file-missing",
            Self::ListedFileDiffers { .. } => "listed-file-differs",
            Self::UnlistedLibrary { .. } => "unlisted-library",
            Self::OtherTarget { .. } => "other-target",
            Self::OpenFailed { .. } => "open-failed",
            Self::AbiMismatch { .. } => "abi-mismatch",
            Self::BadEntry { .. } => "bad-entry",
            Self::EntryFailed { .. } => "entry-failed",
            Self::ShortTable { .. } => "short-table",
            Self::EmptySlots { .. } => "empty-slots",
            Self::LayoutDiffers { .. } => "layout-differs",
            Self::InitFailed { .. } => "init-failed",
            Self::BadDescription { .. } => "bad-description",
            Self::DevicesFailed { .. } => "devices-failed",
            Self::OtherName { .. } => "other-name",
            Self::ManifestDisagrees { .. } => "manifest-disagrees",
        }
    }

    /// The class of failure that the refusal is as an [`Error`].
    pub const fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound | Self::DanglingLink { .. } => ErrorKind::NotFound,
            Self::NewerManifest { .. }
            | Self::AbiMismatch { .. }
            | Self::ShortTable { .. }
            | Self::LayoutDiffers { .. } => ErrorKind::VersionMismatch,
            Self::BadEntry { .. }
            | Self::EntryFailed { .. }
            | Self::EmptySlots { .. }
            | Self::InitFailed { .. }
            | Self::BadDescription { .. }
            | Self::DevicesFailed { .. } => ErrorKind::PluginFault,
            _ => ErrorKind::InvalidArgument,
        }
    }

    /// The refusal of the candidate at `path` as an error, with the details `path` and `verdict`.
    pub fn into_error(self, path: &Path) -> Error {
        let path = path.display().to_string();
        Error::new(self.kind(), format!("{path}: {self}")).with("verdict", self.code()).with("path", path)
    }
}

/// A path for people: one line that no terminal obeys.
pub(super) fn show_path(path: &Path) -> String {
    printable(&path.to_string_lossy()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Text that a terminal would obey, as it can stand in the name of a file or in a manifest.
    const HOSTILE: &str = "a\u{1b}[2J\u{7}\r\n\u{202e}b";

    /// Every refusal that quotes text, with hostile text in each place.
    fn hostile() -> Vec<Refusal> {
        let (text, path) = (|| HOSTILE.to_owned(), || PathBuf::from(HOSTILE));
        vec![
            Refusal::DanglingLink { target: path() },
            Refusal::Unreadable { path: path(), reason: text() },
            Refusal::NotALibrary { magic: text() },
            Refusal::Damaged { detail: text() },
            Refusal::WrongFormat { found: text(), expected: text() },
            Refusal::WrongArchitecture { found: text(), expected: text() },
            Refusal::NotShared { found: text() },
            Refusal::MissingLibraries {
                missing: vec![MissingLibrary { name: text(), needed_by: text(), source: Some(text()) }],
            },
            Refusal::BadLibrary { path: path(), reason: Box::new(Refusal::Damaged { detail: text() }) },
            Refusal::WritableByOthers { path: path(), who: text(), mode: 0 },
            Refusal::ForeignOwner { path: path(), owner: 1, user: 2 },
            Refusal::BadManifest { path: path(), reason: text() },
            Refusal::NewerManifest { path: path(), format: 2, known: 1 },
            Refusal::ListedFileMissing { file: text() },
            Refusal::ListedFileDiffers { file: text(), difference: text() },
            Refusal::UnlistedLibrary { file: text() },
            Refusal::OtherTarget { found: text(), expected: text() },
            Refusal::OpenFailed { reason: text() },
            Refusal::BadEntry { reason: text() },
            Refusal::ShortTable { found: 1, expected: 2, version: text() },
            Refusal::LayoutDiffers { version: text(), difference: text() },
            Refusal::BadDescription { reason: text() },
            Refusal::OtherName { file: text(), plugin: text() },
            Refusal::ManifestDisagrees { field: "name", manifest: text(), plugin: text() },
        ]
    }

    #[test]
    fn control_characters_in_what_a_refusal_quotes_are_shown_escaped() {
        let refusals = hostile();
        for refusal in &refusals {
            let shown = refusal.to_string();
            assert_eq!(printable(&shown), shown, "{}", refusal.code());
            assert!(shown.contains(r"\u{1b}[2J"), "{shown}");
        }
        // The fields of this very file, as many as there are: a new one belongs into the list above.
        let source = include_str!("refusal.rs");
        let (variants, _) = source.split_once("\n}\n").unwrap();
        let quoting = variants.split("#[error(").skip(1).filter(|variant| {
            ["String,", "PathBuf,", "Vec<MissingLibrary>", "Box<Refusal>"]
                .iter()
                .any(|kind| variant.contains(&format!(": {kind}")))
        });
        assert_eq!(quoting.count(), refusals.len(), "each variant that quotes text");
    }
}
