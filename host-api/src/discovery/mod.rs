//! Where plugins are looked for, what was found there, which one is used, and why another is not.
//!
//! # Search order
//! 1. the folders listed in `RLX_PLUGIN_PATH`,
//! 2. `rlx/plugins` in the user's data folder: `$XDG_DATA_HOME` or `~/.local/share` on Linux,
//!    `~/Library/Application Support` on macOS, `%LOCALAPPDATA%` on Windows,
//! 3. `plugins/` beside the executable,
//! 4. the system folder: `/usr/local/lib/rlx/plugins`, on macOS `/Library/Application Support/rlx/plugins`.
//!
//! Only absolute paths count, so the current directory is never searched. A process with elevated privileges leaves out
//! the first two. In each folder its own files come first, then those of its bundle folders, each in the order of their
//! names; nothing deeper is looked at.
//!
//! # File names
//! `librlx_<name>.so` (on macOS `.dylib`, on Windows `rlx_<name>.dll`), where `<name>` is that of the backend. Text
//! after a `-` is free, so `librlx_mlx-0.2.0.so` and `librlx_mlx-0.3.0.so` can share a folder.
//!
//! # Which one is used
//! [`Registry`] finds, checks, ranks and loads; [`Selector`] says how a user chooses. [`Manifest`] is the file beside a
//! plugin that lets it be checked before it is opened. Every candidate that is not used has a [`Verdict`] with a reason.

mod candidate;
mod elf;
mod examine;
mod file;
mod inspect;
mod libraries;
mod library;
mod linkage;
mod macho;
mod manifest;
#[doc(hidden)]
pub mod parsers;
mod pe;
mod ranking;
mod refusal;
mod registry;
mod search;
mod selector;
mod trust;

pub use candidate::{Candidate, Verdict};
pub use manifest::{ListedFile, MANIFEST_FILE, Manifest, Target};
pub use ranking::Precedence;
pub use refusal::{MissingLibrary, Refusal};
pub use registry::{ALLOW_UNTRUSTED, Registry};
pub use search::{Folder, FolderState, PLUGIN_PATH, SearchPath};
pub use selector::Selector;
