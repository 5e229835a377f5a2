//! The libraries that a plugin needs, found the way the system's loader will find them.

mod elf;
mod macho;
mod pe;
mod search;
mod vendors;

use super::library;
use super::linkage::{Linkage, damaged};
use super::refusal::{MissingLibrary, Refusal};
use search::{Found, Node, Search, file_name};
use std::collections::HashSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// A library that a plugin needs, directly or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Library {
    /// Its name, as needed.
    pub(super) name: OsString,
    /// Its file; `None` when the system provides it without one, or has it loaded already.
    pub(super) path: Option<PathBuf>,
    /// Whether it lies in the plugin's folder or in a folder of that.
    pub(super) in_bundle: bool,
}

/// All libraries that the plugin at `path` needs, in the order in which they are met. Libraries of the system are found
/// and not walked: they are the system's business.
///
/// # Errors
/// What is missing, all of it; or a library in the plugin's folder that cannot be loaded.
pub(super) fn closure(path: &Path, linkage: Linkage) -> Result<Vec<Library>, Refusal> {
    let search: Box<dyn Search> = if cfg!(target_vendor = "apple") {
        Box::new(macho::Dyld)
    } else if cfg!(windows) {
        Box::new(pe::Loader::default())
    } else {
        Box::new(elf::Ld::default())
    };
    // The plugin is opened by its real path.
    let file = path.canonicalize().map_err(|_| Refusal::NotFound)?;
    closure_with(search.as_ref(), file, linkage)
}

fn closure_with(search: &dyn Search, file: PathBuf, linkage: Linkage) -> Result<Vec<Library>, Refusal> {
    let mut nodes = vec![Node { file, linkage, loader: None }];
    let bundle = nodes[0].folder().to_owned();
    let mut met: HashSet<OsString> = nodes[0].linkage.name.iter().cloned().collect();
    let (mut libraries, mut missing) = (Vec::new(), Vec::new());
    let mut index = 0;
    while index < nodes.len() {
        for name in nodes[index].linkage.needed.clone() {
            if !met.insert(name.clone()) {
                continue;
            }
            let path = match search.find(&name, &nodes, index) {
                Found::File(path) => Some(path),
                Found::Provided => None,
                Found::Nowhere => {
                    let name = name.to_string_lossy().into_owned();
                    missing.push(MissingLibrary { name, needed_by: file_name(&nodes[index].file), source: None });
                    continue;
                }
            };
            let in_bundle = path.as_ref().is_some_and(|p| p.starts_with(&bundle));
            if let Some(file) = path.clone().filter(|_| in_bundle) {
                let linkage = library::read(&file)
                    .map_err(|reason| Refusal::BadLibrary { path: file.clone(), reason: Box::new(reason) })?;
                met.extend(linkage.name.clone());
                nodes.push(Node { file, linkage, loader: Some(index) });
            }
            libraries.push(Library { name, path, in_bundle });
        }
        index += 1;
    }
    if !missing.is_empty() {
        let needed: Vec<_> =
            nodes.iter().flat_map(|node| &node.linkage.needed).filter_map(|name| name.to_str()).collect();
        for library in &mut missing {
            library.source = vendors::source_of(&library.name, &needed);
        }
        return Err(Refusal::MissingLibraries { missing });
    }
    check_versions(search, &nodes, &met)?;
    Ok(libraries)
}

/// A library of which symbol versions are needed has to be loaded by then: ld.so aborts the process when it is not.
fn check_versions(search: &dyn Search, nodes: &[Node], met: &HashSet<OsString>) -> Result<(), Refusal> {
    for node in nodes {
        let unmet = node.linkage.version_files.iter().find(|name| !met.contains(*name) && !search.is_loaded(name));
        let Some(name) = unmet else { continue };
        let reason =
            damaged(format!("it needs symbol versions of {}, which it does not need as a library", name.display()));
        return Err(match node.loader {
            None => reason,
            Some(_) => Refusal::BadLibrary { path: node.file.clone(), reason: Box::new(reason) },
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
