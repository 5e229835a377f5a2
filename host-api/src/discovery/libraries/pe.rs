//! The search of the Windows loader as plugins are opened here: the folder of the library, then the system's.

use super::search::{Found, Node, Search, in_folder};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

pub(super) struct Loader {
    system: PathBuf,
}

impl Default for Loader {
    fn default() -> Self {
        let windows = std::env::var_os("SystemRoot").map_or_else(|| PathBuf::from(r"C:\Windows"), PathBuf::from);
        Self { system: windows.join("System32") }
    }
}

impl Search for Loader {
    fn find(&self, name: &OsStr, nodes: &[Node], index: usize) -> Found {
        // API sets are names that the loader maps to libraries of the system.
        let lower = name.to_ascii_lowercase();
        if ["api-ms-", "ext-ms-"].iter().any(|set| lower.as_encoded_bytes().starts_with(set.as_bytes())) {
            return Found::Provided;
        }
        let executable = std::env::current_exe().ok();
        // The plugin's folder serves what its libraries need, too.
        let folders = [
            nodes.first().map(Node::folder),
            nodes.get(index).map(Node::folder),
            executable.as_deref().and_then(Path::parent),
            Some(self.system.as_path()),
        ];
        let found = folders.into_iter().flatten().find_map(|folder| in_folder(folder, name));
        found.map_or(Found::Nowhere, Found::File)
    }

    fn is_loaded(&self, _name: &OsStr) -> bool {
        // Only symbol versions ask, and PE has none.
        false
    }
}
