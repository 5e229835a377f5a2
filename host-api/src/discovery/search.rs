//! Where plugins are looked for, and which files there look like one.

use super::refusal::show_path;
use super::trust;
use std::collections::HashSet;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The environment variable that lists plugin folders.
pub const PLUGIN_PATH: &str = "RLX_PLUGIN_PATH";

/// The folders to search, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchPath {
    folders: Vec<PathBuf>,
}

/// A folder of a [`SearchPath`] as it is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folder {
    /// The folder.
    pub path: PathBuf,
    /// Whether it can be searched.
    pub state: FolderState,
}

/// Whether a folder can be searched. `Display` is a short text for people.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FolderState {
    /// It is there.
    Found,
    /// It is not there, which is no mistake.
    Missing,
    /// Something is there that cannot be listed.
    Unreadable {
        /// The system's text.
        reason: String,
    },
}

impl fmt::Display for FolderState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found => f.write_str("found"),
            Self::Missing => f.write_str("missing"),
            Self::Unreadable { reason } => write!(f, "unreadable: {reason}"),
        }
    }
}

/// Something with the name of a plugin file, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Below `root`, as it was found.
    pub(super) path: PathBuf,
    /// The folder of the search path.
    pub(super) root: PathBuf,
    /// The backend that the file name states; none where the user chose the file.
    pub(super) backend: Option<String>,
    /// Whether its folder holds this one plugin and what belongs to it.
    pub(super) in_bundle: bool,
}

impl SearchPath {
    /// The documented folders of this process.
    pub fn from_env() -> Self {
        let elevated = trust::elevated();
        if elevated {
            log::info!("elevated privileges: {PLUGIN_PATH} and the user's plugin folder are not searched");
        }
        Self::of(set_variable, std::env::current_exe().ok(), elevated)
    }

    fn of(variable: impl Fn(&str) -> Option<OsString>, executable: Option<PathBuf>, elevated: bool) -> Self {
        let mut folders = Vec::new();
        if !elevated {
            let list = variable(PLUGIN_PATH).unwrap_or_default();
            for folder in std::env::split_paths(&list).filter(|_| !list.is_empty()) {
                if folder.is_absolute() {
                    folders.push(folder);
                } else {
                    log::warn!("{PLUGIN_PATH}: ignored `{}`, which is not an absolute path", show_path(&folder));
                }
            }
            folders.extend(user_folder(variable));
        }
        folders.extend(executable.and_then(|exe| Some(exe.parent()?.join("plugins"))));
        folders.extend(system_folder());
        Self { folders }
    }

    /// Where plugins of this user belong, if the environment says where that is; a process with elevated privileges has no
    /// such place.
    pub fn of_user() -> Option<PathBuf> {
        if trust::elevated() { None } else { user_folder(set_variable) }
    }

    /// These folders alone.
    pub fn new(folders: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { folders: folders.into_iter().map(|folder| std::path::absolute(&folder).unwrap_or(folder)).collect() }
    }

    /// The folders, in order.
    pub fn folders(&self) -> &[PathBuf] {
        &self.folders
    }

    /// The folders in order, as they are on disk now; one that is listed twice is given once.
    pub fn survey(&self) -> Vec<Folder> {
        self.listings().map(|(path, listing)| Folder { path, state: state(&listing) }).collect()
    }

    /// Everything that is named like a plugin file, in search order. The same file is given once for a backend name.
    pub(super) fn files(&self) -> Vec<Found> {
        let mut seen = HashSet::new();
        let mut found = Vec::new();
        for (root, listing) in self.listings() {
            if let FolderState::Unreadable { reason } = state(&listing) {
                log::warn!("the plugin folder {} cannot be read: {reason}", show_path(&root));
            }
            let entries = listing.unwrap_or_default();
            let bundles = entries.iter().filter(|entry| backend_of(entry).is_none() && entry.is_dir());
            let nested = bundles.flat_map(|bundle| {
                entries_of(bundle).unwrap_or_else(|error| {
                    log::warn!("the plugin folder {} cannot be read: {error}", show_path(bundle));
                    Vec::new()
                })
            });
            let own = entries.iter().map(|path| (path.clone(), false));
            for (path, in_bundle) in own.chain(nested.map(|path| (path, true))) {
                let Some(backend) = backend_of(&path) else { continue };
                // A link under another backend's name must not hide the file itself.
                if seen.insert((real(&path), backend.clone())) {
                    found.push(Found { path, root: root.clone(), backend: Some(backend), in_bundle });
                }
            }
        }
        found
    }

    /// The file at `path`, which the user chose.
    pub(super) fn chosen(&self, path: &Path) -> Found {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let root = path.parent().unwrap_or(&path).to_path_buf();
        let here = real(&root);
        Found { in_bundle: !self.folders.iter().any(|folder| real(folder) == here), backend: None, path, root }
    }

    /// The entries of each folder, the same folder once.
    fn listings(&self) -> impl Iterator<Item = (PathBuf, io::Result<Vec<PathBuf>>)> + '_ {
        let mut seen = HashSet::new();
        let distinct = self.folders.iter().filter(move |folder| seen.insert(real(folder)));
        distinct.map(|folder| (folder.clone(), entries_of(folder)))
    }
}

/// An environment variable that is not empty.
fn set_variable(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// The path without links, or the path itself where it leads nowhere.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// The entries of a folder, by name.
fn entries_of(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut entries =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<PathBuf>>>()?;
    entries.sort();
    Ok(entries)
}

fn state(listing: &io::Result<Vec<PathBuf>>) -> FolderState {
    match listing {
        Ok(_) => FolderState::Found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => FolderState::Missing,
        Err(error) => FolderState::Unreadable { reason: error.to_string() },
    }
}

/// The backend that a file name states, if it is that of a plugin: `mlx` for `librlx_mlx.so` and `librlx_mlx-0.2.0.so`.
fn backend_of(path: &Path) -> Option<String> {
    let name = path.file_name().map(OsStr::to_string_lossy)?;
    let stem = name.strip_prefix(DLL_PREFIX)?.strip_prefix("rlx_")?.strip_suffix(DLL_SUFFIX)?;
    Some(stem.split('-').next().unwrap_or(stem).to_owned())
}

/// The file name of a plugin without a version.
pub(super) fn file_name(backend: &str) -> String {
    format!("{DLL_PREFIX}rlx_{backend}{DLL_SUFFIX}")
}

fn user_folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = if cfg!(target_os = "macos") {
        absolute("HOME")?.join("Library/Application Support")
    } else if cfg!(windows) {
        absolute("LOCALAPPDATA")?
    } else {
        absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")))?
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

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]
mod tests {
    use super::*;
    use std::fs;

    fn names(found: &[Found], root: &Path) -> Vec<(String, String, bool)> {
        let row = |f: &Found| {
            let path = f.path.strip_prefix(root).unwrap().display().to_string();
            (path, f.backend.clone().unwrap(), f.in_bundle)
        };
        found.iter().map(row).collect()
    }

    fn search(folders: &[&Path]) -> Vec<Found> {
        SearchPath::new(folders.iter().map(|folder| folder.to_path_buf())).files()
    }

    #[test]
    #[cfg(all(unix, not(target_os = "macos")))]
    fn the_documented_folders_are_searched_in_the_documented_order() {
        let variable = |name: &str| match name {
            PLUGIN_PATH => Some("/one::relative:/two".into()),
            "XDG_DATA_HOME" => Some("/data".into()),
            "HOME" => Some("/home/me".into()),
            _ => None,
        };
        let paths = |variable: &dyn Fn(&str) -> Option<OsString>, elevated| {
            let search = SearchPath::of(variable, Some("/opt/app/bin".into()), elevated);
            search.folders().iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>()
        };
        let (beside, system) = ("/opt/app/plugins", "/usr/local/lib/rlx/plugins");
        assert_eq!(paths(&variable, false), ["/one", "/two", "/data/rlx/plugins", beside, system]);
        assert_eq!(paths(&variable, true), [beside, system], "the environment is not the user's own");
        let home = |name: &str| variable(name).filter(|_| name == "HOME");
        assert_eq!(paths(&home, false), ["/home/me/.local/share/rlx/plugins", beside, system]);
        let relative = |name: &str| (name != PLUGIN_PATH).then(|| OsString::from("here"));
        assert_eq!(paths(&relative, false), [beside, system], "never below the current directory");
    }

    #[test]
    fn files_come_before_bundles_and_each_by_name() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        let [one, two, old] = ["one", "two", "one-0.1"].map(file_name);
        for folder in ["b", "a/deeper"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        for file in [&two, &one, &old, "readme.txt", "libother.so"] {
            fs::write(at(file), "").unwrap();
        }
        fs::write(at("b").join(&one), "").unwrap();
        fs::write(at("a").join(&two), "").unwrap();
        fs::write(at("a/deeper").join(&two), "").unwrap();
        let row = |path: String, backend: &str, in_bundle| (path, backend.to_owned(), in_bundle);
        let expected = [
            row(old, "one", false),
            row(one.clone(), "one", false),
            row(two.clone(), "two", false),
            row(format!("a/{two}"), "two", true),
            row(format!("b/{one}"), "one", true),
        ];
        assert_eq!(names(&search(&[root.path()]), root.path()), expected);
    }

    #[test]
    #[cfg(unix)]
    fn whatever_has_the_name_of_a_plugin_is_given_and_the_same_file_once() {
        use std::os::unix::fs::symlink;
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(file_name(name));
        fs::create_dir(at("folder")).unwrap();
        fs::write(at("folder").join(file_name("inside")), "").unwrap();
        symlink("nowhere", at("dangling")).unwrap();
        fs::write(at("real"), "").unwrap();
        symlink(at("real"), at("real-latest")).unwrap();
        symlink(at("real"), at("another")).unwrap();
        let found = search(&[root.path(), &root.path().join(".")]);
        let backends: Vec<_> = names(&found, root.path()).into_iter().map(|(path, ..)| path).collect();
        assert_eq!(backends, ["another", "dangling", "folder", "real-latest"].map(file_name), "`-` sorts before `.`");
    }

    #[test]
    fn every_folder_has_a_state_and_is_searched_once() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        let folders = [root.path().to_path_buf(), root.path().join("none"), file.clone(), root.path().join("./")];
        let survey = SearchPath::new(folders.clone()).survey();
        assert_eq!(survey.iter().map(|folder| &folder.path).collect::<Vec<_>>(), [&folders[0], &folders[1], &file]);
        assert_eq!((&survey[0].state, &survey[1].state), (&FolderState::Found, &FolderState::Missing));
        let FolderState::Unreadable { reason } = &survey[2].state else { panic!("{survey:?}") };
        assert!(survey[2].state.to_string().contains(reason) && !reason.is_empty());
    }

    #[test]
    fn a_chosen_file_lies_in_a_bundle_unless_its_folder_is_searched() {
        let root = tempfile::tempdir().unwrap();
        let search = SearchPath::new([root.path().to_path_buf()]);
        let chosen = search.chosen(&root.path().join("x.so"));
        assert_eq!((chosen.in_bundle, &*chosen.root, chosen.backend), (false, root.path(), None));
        assert!(search.chosen(&root.path().join("bundle/x.so")).in_bundle);
        assert!(search.chosen(Path::new("x.so")).path.is_absolute());
    }
}
