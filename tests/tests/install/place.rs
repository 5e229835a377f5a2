//! A user's home with a plugin folder, and commands in it.

use assert_cmd::Command;
use rlx_host_api::discovery::{Candidate, Registry, SearchPath, Verdict};
use rlx_mlx_tests::rlx_run;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A user's home.
pub(crate) struct Home {
    temp: TempDir,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self { temp: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.temp.path().join(name)
    }

    /// The user's plugin folder.
    pub(crate) fn plugins(&self) -> PathBuf {
        self.path("data/rlx/plugins")
    }

    /// `rlx-run plugins` and what follows, for this user, with no other plugins.
    pub(crate) fn command<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = rlx_run::command(["plugins"]);
        command.env_remove("RLX_PLUGIN_PATH").env("XDG_DATA_HOME", self.path("data")).args(args);
        command
    }

    pub(crate) fn install(&self, source: &Path) -> Command {
        self.command(["install".as_ref(), source.as_os_str()])
    }

    /// The candidates of the plugin folder, of which none is opened.
    pub(crate) fn candidates(&self) -> Vec<Candidate> {
        Registry::new(SearchPath::new([self.plugins()])).inspect()
    }

    /// The versions in the plugin folder; every one of them is whole.
    #[track_caller]
    pub(crate) fn whole_versions(&self) -> Vec<String> {
        let version = |candidate: Candidate| {
            assert!(matches!(candidate.verdict, Verdict::Loadable), "{candidate:#?}");
            candidate.manifest.unwrap().version.to_string()
        };
        self.candidates().into_iter().map(version).collect()
    }

    /// Everything in the plugin folder by its path, but the lock.
    pub(crate) fn contents(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut contents = BTreeMap::new();
        collect(&self.plugins(), &mut contents);
        contents.retain(|path, _| !path.ends_with(".rlx-install/lock"));
        contents
    }
}

fn collect(folder: &Path, into: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, into);
        } else {
            into.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
}
