//! The search of dyld. The system's own libraries are in its shared cache and have no files.

use super::{Found, Node, Search, in_folder};
use std::path::{Path, PathBuf};

pub(super) struct Dyld;

impl Search for Dyld {
    fn find(&self, name: &str, nodes: &[Node], index: usize) -> Found {
        let Some(node) = nodes.get(index) else { return Found::Nowhere };
        if name.starts_with("/usr/lib/") || name.starts_with("/System/") {
            return Found::Provided;
        }
        let found = match name.strip_prefix("@rpath/") {
            Some(rest) => run_path(nodes, index).iter().find_map(|folder| file(&folder.join(rest))),
            None => file(&expand(name, node.folder())),
        };
        found.map_or(Found::Nowhere, Found::File)
    }

    fn is_loaded(&self, _name: &str) -> bool {
        // Only symbol versions ask, and Mach-O has none.
        false
    }
}

fn file(path: &Path) -> Option<PathBuf> {
    in_folder(path.parent()?, path.file_name()?.to_str()?)
}

/// `LC_RPATH` of the library and of those that need it.
fn run_path(nodes: &[Node], index: usize) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let mut next = nodes.get(index);
    while let Some(node) = next {
        folders.extend(node.linkage.rpath.iter().map(|entry| expand(entry, node.folder())));
        next = node.loader.and_then(|loader| nodes.get(loader));
    }
    folders
}

/// Resolves the words that stand for folders.
fn expand(path: &str, loader: &Path) -> PathBuf {
    if let Some(rest) = path.strip_prefix("@loader_path") {
        return loader.join(rest.trim_start_matches('/'));
    }
    if let Some(rest) = path.strip_prefix("@executable_path")
        && let Some(folder) = std::env::current_exe().ok().as_deref().and_then(Path::parent)
    {
        return folder.join(rest.trim_start_matches('/'));
    }
    PathBuf::from(path)
}
