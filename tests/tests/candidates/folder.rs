//! A plugin folder of a test: the good plugin, and what is put beside it.

use crate::fixture;
use rlx_host_api::Plugin;
use rlx_host_api::discovery::{Candidate, Registry, SearchPath, Verdict};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// File name of the good plugin.
const GOOD: &str = "librlx_good.so";

/// One bad candidate: its file, the verdict, and words of the reason.
pub(crate) type Case<'a> = (&'a str, &'a str, &'a [&'a str]);

pub(crate) struct Folder {
    temp: TempDir,
}

impl Folder {
    /// A folder with the good plugin in it.
    pub(crate) fn new() -> Self {
        let folder = Self { temp: tempfile::tempdir().unwrap() };
        folder.plugin(GOOD, "");
        folder
    }

    pub(crate) fn root(&self) -> &Path {
        self.temp.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// Makes a folder that this user alone can write.
    pub(crate) fn subfolder(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(&path).unwrap();
        set_mode(&path, 0o755);
        path
    }

    /// Writes a file that this user alone can write, whatever the umask.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        set_mode(&path, 0o644);
        path
    }

    /// Writes the fixture with these settings.
    pub(crate) fn plugin(&self, name: &str, settings: &str) -> PathBuf {
        self.write(name, fixture::bytes(settings))
    }

    pub(crate) fn registry(&self) -> Registry {
        Registry::new(SearchPath::new([self.root().to_path_buf()]))
    }

    /// Asserts what a scan says of the candidates: each of `cases` as it says, the good one fit to run, and no other.
    #[track_caller]
    pub(crate) fn assert_refused(&self, cases: &[Case<'_>]) {
        let candidates = self.registry().scan();
        self.assert_verdicts(&candidates, cases);
        fixture::assert_runs(self.good(&candidates));
    }

    /// Likewise, for what is refused before it is opened: looking alone says the same, and nothing is mapped.
    #[track_caller]
    pub(crate) fn assert_refused_unopened(&self, cases: &[Case<'_>]) {
        let candidates = self.registry().inspect();
        self.assert_verdicts(&candidates, cases);
        assert!(matches!(find(&candidates, &self.path(GOOD)).verdict, Verdict::Loadable));
        assert_not_mapped(self.root());
        self.assert_refused(cases);
        for (name, ..) in cases {
            assert_not_mapped(&self.path(name));
        }
    }

    #[track_caller]
    fn assert_verdicts(&self, candidates: &[Candidate], cases: &[Case<'_>]) {
        let listed: Vec<_> = candidates.iter().map(|c| c.path.strip_prefix(self.root()).unwrap()).collect();
        assert_eq!(listed.len(), cases.len() + 1, "{listed:?}");
        for (name, code, words) in cases {
            let candidate = find(candidates, &self.path(name));
            assert_verdict(candidate, code, words);
            assert!(candidate.plugin().is_none(), "{name} is refused");
        }
    }

    /// The good plugin, which the scan selected.
    #[track_caller]
    pub(crate) fn good<'a>(&self, candidates: &'a [Candidate]) -> &'a Plugin {
        let candidate = find(candidates, &self.path(GOOD));
        assert_eq!((candidate.verdict.code(), candidate.verdict.reason()), ("ok", None));
        candidate.plugin().expect("a selected plugin")
    }
}

#[track_caller]
pub(crate) fn find<'a>(candidates: &'a [Candidate], path: &Path) -> &'a Candidate {
    match candidates.iter().find(|candidate| candidate.path == path) {
        Some(candidate) => candidate,
        None => panic!("{} is not a candidate: {candidates:#?}", path.display()),
    }
}

/// Asserts the verdict, and that its reason is one line that says `words`.
#[track_caller]
pub(crate) fn assert_verdict(candidate: &Candidate, code: &str, words: &[&str]) {
    let path = candidate.path.display();
    let reason = candidate.verdict.reason().unwrap_or_default();
    assert_eq!(candidate.verdict.code(), code, "{path}: {reason}");
    assert!(!reason.contains('\n'), "{path}: not one line: {reason}");
    for word in words {
        assert!(reason.contains(word), "{path}: `{word}` is not in `{reason}`");
    }
}

/// Asserts that no file at or below `path` is part of this process.
#[track_caller]
pub(crate) fn assert_not_mapped(path: &Path) {
    let maps = mapped();
    let path = path.to_str().unwrap();
    // A name may be the start of another's.
    let mapped = maps.lines().filter_map(|line| line.split_once(path)).any(|(_, rest)| !rest.starts_with(['.', '-']));
    assert!(!mapped, "{path} is opened");
}

/// What is mapped into this process. Some of the files have names that are no text.
pub(crate) fn mapped() -> String {
    String::from_utf8_lossy(&fs::read("/proc/self/maps").unwrap()).into_owned()
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}
