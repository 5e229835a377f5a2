//! The search of ld.so: run paths, `LD_LIBRARY_PATH`, the system's folders, and what is loaded already.

use super::search::{Found, Node, Search, file_name, in_folder};
use crate::discovery::linkage::name_of;
use crate::discovery::{elf, library, trust};
use object::read::ReadCache;
use std::cell::OnceCell;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// The loader's configuration; its cache is made from the folders that this lists.
const CONFIGURATION: &str = "/etc/ld.so.conf";
/// How deep its files may include each other.
const INCLUDE_DEPTH: usize = 8;

/// ld.so, of glibc and of musl.
#[derive(Default)]
pub(super) struct Ld {
    system: OnceCell<Vec<PathBuf>>,
    loaded: OnceCell<HashSet<OsString>>,
}

impl Search for Ld {
    fn find(&self, name: &OsStr, nodes: &[Node], index: usize) -> Found {
        let Some(node) = nodes.get(index) else { return Found::Nowhere };
        if name.as_encoded_bytes().contains(&b'/') {
            let file = expand(name, node.folder());
            let parts = file.parent().zip(file.file_name());
            let found = parts.and_then(|(folder, name)| in_folder(folder, name));
            return found.map_or(Found::Nowhere, Found::File);
        }
        let found = run_path(nodes, index)
            .into_iter()
            .chain(environment())
            .chain(after_environment(node))
            .find_map(|folder| in_folder(&folder, name))
            .or_else(|| self.system().iter().find_map(|folder| in_folder(folder, name).filter(|file| fits(file))));
        match found {
            Some(file) => Found::File(file),
            None if self.is_loaded(name) => Found::Provided,
            None => Found::Nowhere,
        }
    }

    fn is_loaded(&self, name: &OsStr) -> bool {
        // musl has all of these inside itself.
        let of_musl = cfg!(target_env = "musl")
            && ["libc.", "libpthread.", "librt.", "libm.", "libdl.", "libutil.", "libxnet."]
                .iter()
                .any(|own| name.as_encoded_bytes().starts_with(own.as_bytes()));
        of_musl || self.loaded.get_or_init(loaded_names).contains(name)
    }
}

impl Ld {
    fn system(&self) -> &[PathBuf] {
        self.system.get_or_init(system_folders)
    }
}

/// `DT_RPATH` of the library and of those that need it. A library with `DT_RUNPATH` uses that alone; its loaders'
/// `DT_RPATH` is skipped with its own.
fn run_path(nodes: &[Node], index: usize) -> Vec<PathBuf> {
    let mut folders = Vec::new();
    let mut next = nodes.get(index).filter(|node| node.linkage.runpath.is_none());
    while let Some(node) = next {
        if node.linkage.runpath.is_none() {
            folders.extend(node.linkage.rpath.iter().map(|entry| expand(entry, node.folder())));
        }
        next = node.loader.and_then(|loader| nodes.get(loader));
    }
    folders
}

fn after_environment(node: &Node) -> impl Iterator<Item = PathBuf> {
    node.linkage.runpath.iter().flatten().map(|entry| expand(entry, node.folder()))
}

/// `LD_LIBRARY_PATH`, which the loader ignores in a process with elevated privileges.
fn environment() -> Vec<PathBuf> {
    let list = if trust::elevated() { None } else { std::env::var_os("LD_LIBRARY_PATH") };
    let list = list.unwrap_or_default();
    let entries = list.as_encoded_bytes().split(|byte| matches!(byte, b':' | b';'));
    entries.filter(|entry| !entry.is_empty()).map(|entry| name_of(entry).into()).collect()
}

/// Puts the library's folder in the place of `$ORIGIN`.
fn expand(entry: &OsStr, origin: &Path) -> PathBuf {
    let mut rest = entry.as_encoded_bytes();
    let mut path = Vec::with_capacity(rest.len());
    while let Some((&byte, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(b"${ORIGIN}").or_else(|| rest.strip_prefix(b"$ORIGIN")) {
            path.extend_from_slice(origin.as_os_str().as_encoded_bytes());
            rest = after;
        } else {
            path.push(byte);
            rest = after;
        }
    }
    name_of(&path).into()
}

/// Whether the file is for this processor: folders of several processors may be configured side by side.
fn fits(file: &Path) -> bool {
    library::open(file).is_ok_and(|file| elf::fits(&ReadCache::new(file)))
}

fn system_folders() -> Vec<PathBuf> {
    let triplet = format!("{}-linux-gnu", std::env::consts::ARCH);
    let mut folders = Vec::new();
    configured(Path::new(CONFIGURATION), INCLUDE_DEPTH, &mut folders);
    for root in ["/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64"] {
        folders.push(Path::new(root).join(&triplet));
        folders.push(PathBuf::from(root));
    }
    // Where the C library lies in a folder of its own, so do the libraries that belong to it.
    folders.extend(mapped_files().iter().filter(|f| is_c_library(f)).filter_map(|f| Some(f.parent()?.to_owned())));
    let mut seen = HashSet::new();
    folders.retain(|folder| folder.is_absolute() && seen.insert(folder.clone()));
    folders
}

fn is_c_library(file: &Path) -> bool {
    let name = file_name(file);
    name.starts_with("libc.so") || name.starts_with("libc-") || name.starts_with("ld-")
}

/// Adds the folders that a configuration file lists. What cannot be read lists none.
fn configured(file: &Path, depth: usize, folders: &mut Vec<PathBuf>) {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        let mut words = line.split([' ', '\t', ',', ':']).filter(|word| !word.is_empty());
        match words.next() {
            None | Some("hwcap") => {}
            Some("include") if depth > 0 => {
                for pattern in words {
                    let base = file.parent().unwrap_or(Path::new("/etc"));
                    matching(&base.join(pattern)).iter().for_each(|f| configured(f, depth - 1, folders));
                }
            }
            Some("include") => {}
            // `folder=kind` is an old way to say for what it is.
            Some(first) => folders
                .extend(std::iter::once(first).chain(words).filter_map(|f| Some(PathBuf::from(f.split('=').next()?)))),
        }
    }
}

/// The files that `pattern` names: its last part may hold one `*`.
fn matching(pattern: &Path) -> Vec<PathBuf> {
    let name = file_name(pattern);
    let (Some((start, end)), Some(folder)) = (name.split_once('*'), pattern.parent()) else {
        return vec![pattern.to_owned()];
    };
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let fits = |path: &PathBuf| {
        let name = file_name(path);
        name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
    };
    let mut found: Vec<PathBuf> = entries.filter(fits).collect();
    found.sort();
    found
}

/// Names under which the libraries of this process are needed: their file names, and the names that they state.
fn loaded_names() -> HashSet<OsString> {
    let files = mapped_files();
    let stated = files.iter().filter_map(|file| library::read(file).ok()?.name);
    stated.chain(files.iter().filter_map(|file| Some(file.file_name()?.to_owned()))).collect()
}

/// Files that are mapped into this process, where the system tells.
fn mapped_files() -> Vec<PathBuf> {
    let maps = std::fs::read("/proc/self/maps").unwrap_or_default();
    let mut seen = HashSet::new();
    // Five columns come before the path, which may hold blanks.
    let lines = maps.split(|byte| *byte == b'\n');
    let paths = lines.filter_map(|line| Some(&line[line.iter().position(|byte| *byte == b'/')?..]));
    let libraries = paths.filter(|path| path.windows(3).any(|part| part == b".so") && seen.insert(*path));
    libraries.map(|path| name_of(path).into()).collect()
}
