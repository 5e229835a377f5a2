//! Plugin folders with libraries of their own: a small one around the fixture, and copies of the staged MLX plugin.

use crate::elf::replaced;
use crate::fixture;
use crate::folder::{Folder, set_mode};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A system library that every Rust program loads and the fixture needs.
const SYSTEM: &str = "libgcc_s.so.1";

/// The name under which the fixture of [`boxed`] needs it, as long as the other.
pub(crate) const BESIDE: &str = "libbesides.so";

/// File of the system library that the fixture needs.
pub(crate) fn system_library() -> PathBuf {
    let maps = crate::folder::mapped();
    let mut paths = maps.lines().filter_map(|line| line.split_whitespace().nth(5));
    paths.find(|path| path.contains("/libgcc_s.so")).unwrap().into()
}

/// The fixture with these settings, made to need the library `name` instead of the system's.
pub(crate) fn needing(name: &str, settings: &str) -> Vec<u8> {
    let text = |name: &str| format!("{name}\0").into_bytes();
    replaced(fixture::bytes(settings), &text(SYSTEM), &text(name))
}

/// Makes the bundle `<name>/` in `folder`: the plugin of backend `name` with the library [`BESIDE`] and a data file.
/// Gives the plugin's path below `folder`.
pub(crate) fn boxed(folder: &Folder, name: &str) -> String {
    folder.subfolder(name);
    folder.write(&format!("{name}/{BESIDE}"), fs::read(system_library()).unwrap());
    folder.write(&format!("{name}/data.bin"), "weights");
    let plugin = format!("{name}/librlx_{name}.so");
    folder.write(&plugin, needing(BESIDE, &format!("name={name}")));
    plugin
}

/// The staged MLX plugin, in a search folder of its own whose files can be changed.
pub(crate) struct Mlx {
    temp: TempDir,
}

impl Mlx {
    /// Hard links to the staged files: for adding and removing, not for writing.
    pub(crate) fn linked() -> Self {
        Self::with(|from, to| fs::hard_link(from, to).unwrap())
    }

    /// Copies.
    pub(crate) fn copied() -> Self {
        Self::with(|from, to| assert_ne!(fs::copy(from, to).unwrap(), 0))
    }

    fn with(place: impl Fn(&Path, &Path)) -> Self {
        let staged = rlx_mlx_tests::plugin::folder();
        // In the same file system, so that links can be made.
        let temp = tempfile::tempdir_in(staged.parent().unwrap()).unwrap();
        let mlx = Self { temp };
        fs::create_dir(mlx.folder()).unwrap();
        set_mode(&mlx.folder(), 0o755);
        for entry in fs::read_dir(staged.join("rlx_mlx")).unwrap() {
            let from = entry.unwrap().path();
            place(&from, &mlx.file(from.file_name().unwrap().to_str().unwrap()));
        }
        mlx
    }

    /// The search folder.
    pub(crate) fn root(&self) -> &Path {
        self.temp.path()
    }

    /// The plugin's folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.root().join("rlx_mlx")
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// File names but that of the manifest, sorted.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder()).unwrap();
        let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != rlx_host_api::discovery::MANIFEST_FILE);
        names.sort();
        names
    }
}
