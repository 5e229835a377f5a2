//! The search of dyld. The system's own libraries are in its shared cache and have no files.

use super::search::{Found, Node, Search, in_folder};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

pub(super) struct Dyld;

impl Search for Dyld {
    fn find(&self, name: &OsStr, nodes: &[Node], index: usize) -> Found {
        let Some(node) = nodes.get(index) else { return Found::Nowhere };
        let path = Path::new(name);
        if path.starts_with("/usr/lib") || path.starts_with("/System") {
            return Found::Provided;
        }
        let found = match path.strip_prefix("@rpath") {
            Ok(rest) => run_path(nodes, index).iter().find_map(|folder| file(&folder.join(rest))),
            Err(_) => file(&expand(path, node.folder())),
        };
        found.map_or(Found::Nowhere, Found::File)
    }

    fn is_loaded(&self, _name: &OsStr) -> bool {
        // Only symbol versions ask, and Mach-O has none.
        false
    }
}

fn file(path: &Path) -> Option<PathBuf> {
    in_folder(path.parent()?, path.file_name()?)
}

/// `LC_RPATH` of the library and of those that need it.
fn run_path(nodes: &[Node], index: usize) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let mut next = nodes.get(index);
    while let Some(node) = next {
        folders.extend(node.linkage.rpath.iter().map(|entry| expand(Path::new(entry), node.folder())));
        next = node.loader.and_then(|loader| nodes.get(loader));
    }
    folders
}

/// Resolves the words that stand for folders.
fn expand(path: &Path, loader: &Path) -> PathBuf {
    if let Ok(rest) = path.strip_prefix("@loader_path") {
        return loader.join(rest);
    }
    if let Ok(rest) = path.strip_prefix("@executable_path")
        && let Some(folder) = std::env::current_exe().ok().as_deref().and_then(Path::parent)
    {
        return folder.join(rest);
    }
    path.to_owned()
}
