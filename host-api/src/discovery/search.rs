//! Where plugins are looked for, and what was found there.
//!
//! Folders, in order: `RLX_PLUGIN_PATH` (a path list), the user's data folder (`rlx/plugins`), `plugins/` beside the
//! executable, the system folder. In each, a plugin is a file `librlx_<name>.so` (`.dylib`, `rlx_<name>.dll`) in the
//! folder itself or one bundle folder deep, in the order of their names. The current directory is never searched.

use crate::{Error, Plugin};
use std::path::{Path, PathBuf};

/// The environment variable that lists plugin folders.
pub const PLUGIN_PATH: &str = "RLX_PLUGIN_PATH";

/// The folders to search, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPath {
    folders: Vec<PathBuf>,
}

impl SearchPath {
    /// The documented folders of this process.
    pub fn from_env() -> Self {
        let mut folders: Vec<PathBuf> = std::env::var_os(PLUGIN_PATH)
            .map(|list| std::env::split_paths(&list).filter(|p| !p.as_os_str().is_empty()).collect())
            .unwrap_or_default();
        folders.extend(user_folder());
        folders.extend(std::env::current_exe().ok().and_then(|exe| Some(exe.parent()?.join("plugins"))));
        folders.extend(system_folder());
        Self { folders }
    }

    /// These folders alone.
    pub fn new(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { folders: folders.into_iter().collect() }
    }

    /// The folders, in order.
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }
}

fn user_folder() -> Option<PathBuf> {
    let home = || std::env::var_os("HOME").filter(|h| !h.is_empty()).map(PathBuf::from);
    let data = if cfg!(target_os = "macos") {
        home()?.join("Library/Application Support")
    } else if cfg!(windows) {
        PathBuf::from(std::env::var_os("LOCALAPPDATA")?)
    } else {
        match std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|p| p.is_absolute()) {
            Some(data) => data,
            None => home()?.join(".local/share"),
        }
    };
    Some(data.join("rlx/plugins"))
}

fn system_folder() -> Option<PathBuf> {
    let folder = if cfg!(target_os = "macos") {
        "/Library/Application Support/rlx/plugins"
    } else if cfg!(unix) {
        "/usr/local/lib/rlx/plugins"
    } else {
        return None;
    };
    Some(folder.into())
}

/// A file that looks like a plugin, and what came of loading it.
#[derive(Debug)]
pub struct Candidate {
    /// The file.
    pub path: PathBuf,
    /// The plugin, or why it does not load.
    pub verdict: Result<Plugin, Error>,
}

/// Loads every candidate, in search order. One that fails does not disturb the others.
pub fn scan(search: &SearchPath) -> Vec<Candidate> {
    search
        .folders
        .iter()
        .flat_map(|folder| files(folder))
        .map(|path| Candidate { verdict: Plugin::load(&path), path })
        .collect()
}

/// The first plugin of backend `name` that loads.
///
/// # Errors
/// Not found, with the folders that were searched and, where a file of that name was there, why it does not load.
pub fn find(name: &str, search: &SearchPath) -> Result<Plugin, Error> {
    let file = file_name(name);
    let mut failures = Vec::new();
    for path in search.folders.iter().flat_map(|folder| files(folder)) {
        if path.file_name().is_some_and(|f| f == file.as_str()) {
            match Plugin::load(&path) {
                Ok(plugin) if plugin.info().name == name => return Ok(plugin),
                Ok(plugin) => failures.push(format!("{}: it is backend `{}`", path.display(), plugin.info().name)),
                Err(e) => failures.push(e.to_string()),
            }
        }
    }
    let folders: Vec<String> = search.folders.iter().map(|f| f.display().to_string()).collect();
    let mut message = format!(
        "no plugin for backend `{name}`: looked for {file} in {}; copy the plugin folder into one of them or set {PLUGIN_PATH}",
        folders.join(", ")
    );
    if !failures.is_empty() {
        message.push_str("; not usable: ");
        message.push_str(&failures.join("; "));
    }
    Err(Error::not_found(message).with("backend", name))
}

fn file_name(backend: &str) -> String {
    format!("{}rlx_{backend}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX)
}

/// Plugin files of one folder: its own first, then those of its bundle folders, each sorted by name.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = |dir: &Path| -> Vec<PathBuf> {
        let mut found: Vec<PathBuf> =
            std::fs::read_dir(dir).into_iter().flatten().filter_map(|e| Some(e.ok()?.path())).collect();
        found.sort();
        found
    };
    let prefix = format!("{}rlx_", std::env::consts::DLL_PREFIX);
    let is_plugin = |path: &PathBuf| {
        path.file_name()
            .and_then(|f| f.to_str())
            .is_some_and(|f| f.starts_with(&prefix) && f.ends_with(std::env::consts::DLL_SUFFIX))
            && path.is_file()
    };
    let top = entries(folder);
    let nested = top.iter().filter(|p| p.is_dir()).flat_map(|p| entries(p)).filter(is_plugin);
    top.iter().filter(|p| is_plugin(p)).cloned().chain(nested.collect::<Vec<_>>()).collect()
}
