//! What finding a library takes, whatever the system.

use crate::discovery::linkage::Linkage;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// Where a needed library is.
pub(super) enum Found {
    File(PathBuf),
    /// Part of the system, or loaded in this process.
    Provided,
    Nowhere,
}

/// A library whose needs are walked: the plugin, and what lies in its folder.
pub(super) struct Node {
    pub(super) file: PathBuf,
    pub(super) linkage: Linkage,
    /// The node that needs it; `None` for the plugin.
    pub(super) loader: Option<usize>,
}

impl Node {
    /// `$ORIGIN`, `@loader_path`.
    pub(super) fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new("/"))
    }
}

/// How this system finds libraries.
pub(super) trait Search {
    /// Finds the library that `nodes[index]` needs as `name`.
    fn find(&self, name: &OsStr, nodes: &[Node], index: usize) -> Found;
    /// Whether a library of this name is loaded in this process.
    fn is_loaded(&self, name: &OsStr) -> bool;
}

pub(super) fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// The file `name` of `folder`, if it is there. The folder is given by its real path, so that it compares with the
/// plugin's; the file keeps its name, by which the loader opens it.
pub(super) fn in_folder(folder: &Path, name: &OsStr) -> Option<PathBuf> {
    let file = folder.join(name);
    if !folder.is_absolute() || !file.is_file() {
        return None;
    }
    Some(file.parent()?.canonicalize().ok()?.join(file.file_name()?))
}
