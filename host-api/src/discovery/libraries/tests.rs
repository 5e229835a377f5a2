//! Bundles of hand-made libraries; on Linux the system's loader says whether the verdict is right.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]

use super::*;
use std::ffi::OsStr;

fn node(file: &Path, rpath: &[&str], loader: Option<usize>) -> Node {
    let rpath = rpath.iter().map(OsString::from).collect();
    Node { file: file.to_owned(), linkage: Linkage { rpath, ..Linkage::default() }, loader }
}

fn found(search: &dyn Search, name: &str, nodes: &[Node], index: usize) -> Option<PathBuf> {
    match search.find(OsStr::new(name), nodes, index) {
        Found::File(path) => Some(path),
        Found::Provided => Some(PathBuf::from("provided")),
        Found::Nowhere => None,
    }
}

#[test]
fn dyld_follows_its_words_for_folders() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    std::fs::create_dir(root.join("lib")).unwrap();
    for file in ["beside.dylib", "lib/below.dylib"] {
        std::fs::write(root.join(file), b"").unwrap();
    }
    let nodes =
        [node(&root.join("plugin.dylib"), &["@loader_path/lib"], None), node(&root.join("a.dylib"), &[], Some(0))];
    let search = macho::Dyld;
    assert_eq!(found(&search, "@loader_path/beside.dylib", &nodes, 0), Some(root.join("beside.dylib")));
    // The run path of whoever needs a library serves that library, too.
    assert_eq!(found(&search, "@rpath/below.dylib", &nodes, 1), Some(root.join("lib/below.dylib")));
    assert_eq!(found(&search, "@rpath/beside.dylib", &nodes, 0), None);
    assert_eq!(found(&search, "beside.dylib", &nodes, 0), None, "the current folder is never searched");
    assert_eq!(found(&search, "/usr/lib/libSystem.B.dylib", &nodes, 0), Some("provided".into()));
}

#[test]
fn windows_looks_beside_the_library() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    std::fs::write(root.join("beside.dll"), b"").unwrap();
    let nodes = [node(&root.join("rlx_a.dll"), &[], None)];
    let search = pe::Loader::default();
    assert_eq!(found(&search, "beside.dll", &nodes, 0), Some(root.join("beside.dll")));
    assert_eq!(found(&search, "API-MS-Win-crt-heap-l1-1-0.dll", &nodes, 0), Some("provided".into()));
    assert_eq!(found(&search, "absent.dll", &nodes, 0), None);
}

/// Has everything, loaded or not.
struct Everything {
    loaded: &'static str,
}

impl Search for Everything {
    fn find(&self, _name: &OsStr, _nodes: &[Node], _index: usize) -> Found {
        Found::Provided
    }

    fn is_loaded(&self, name: &OsStr) -> bool {
        name == self.loaded
    }
}

#[test]
fn versions_of_a_library_that_is_not_needed_are_refused() {
    let closure = |versions: &[&str], loaded| {
        let version_files = versions.iter().map(OsString::from).collect();
        let linkage = Linkage { needed: vec!["liba.so".into()], version_files, ..Linkage::default() };
        closure_with(&Everything { loaded }, PathBuf::from("/bundle/plugin.so"), linkage)
    };
    assert_eq!(closure(&["liba.so"], "").unwrap().len(), 1);
    assert_eq!(closure(&["libb.so"], "libb.so").unwrap().len(), 1);
    match closure(&["liba.so", "libb.so"], "").unwrap_err() {
        Refusal::Damaged { detail } => assert!(detail.contains("libb.so"), "{detail}"),
        other => panic!("{other}"),
    }
}

#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod bundles {
    use super::*;
    use crate::discovery::elf::sample::Sample;
    use crate::discovery::inspect::inspect;
    use libloading::os::unix::{Library as Loaded, RTLD_LOCAL, RTLD_NOW};

    const PLUGIN: &str = "plugin.so";

    struct Bundle {
        root: tempfile::TempDir,
        name: OsString,
    }

    impl Bundle {
        fn new(files: &[(&str, Sample<'_>)]) -> Self {
            let bundle = Self { root: tempfile::tempdir().unwrap(), name: "bundle".into() };
            for (name, sample) in files {
                let exports = (*name == PLUGIN).then_some("rlx_backend_entry");
                let file = bundle.path(name);
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                std::fs::write(file, Sample { exports, ..sample.clone() }.build()).unwrap();
            }
            bundle
        }

        fn path(&self, name: &str) -> PathBuf {
            self.root.path().canonicalize().unwrap().join(&self.name).join(name)
        }

        fn inspect(&self) -> Result<Vec<Library>, Refusal> {
            Ok(inspect(&self.path(PLUGIN))?.libraries)
        }

        /// Names of the libraries that are found; the loader has to agree.
        fn names(&self) -> Vec<String> {
            let libraries = self.inspect().unwrap_or_else(|e| panic!("{e}"));
            self.opens().unwrap();
            libraries.into_iter().map(|l| l.name.into_string().unwrap()).collect()
        }

        /// Names of the libraries that are missing, with who needs each; the loader has to agree.
        fn missing(&self) -> Vec<(String, String)> {
            assert!(self.opens().is_err());
            match self.inspect() {
                Err(Refusal::MissingLibraries { missing }) => {
                    missing.into_iter().map(|m| (m.name, m.needed_by)).collect()
                }
                other => panic!("{other:?}"),
            }
        }

        fn opens(&self) -> Result<Loaded, libloading::Error> {
            // SAFETY: samples have no initialisers.
            unsafe { Loaded::open(Some(self.path(PLUGIN)), RTLD_NOW | RTLD_LOCAL) }
        }
    }

    fn needs<'a>(needed: &'a [&'a str]) -> Sample<'a> {
        Sample { needed, ..Sample::default() }
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
    }

    #[test]
    fn a_run_path_serves_what_is_needed_further_on() {
        let plugin = Sample { rpath: Some("$ORIGIN"), ..needs(&["libt1_a.so", "libc.so.6"]) };
        let bundle = Bundle::new(&[
            (PLUGIN, plugin),
            ("libt1_a.so", needs(&["libt1_b.so"])),
            ("libt1_b.so", needs(&["libt1_a.so"])),
        ]);
        assert_eq!(bundle.names(), ["libt1_a.so", "libc.so.6", "libt1_b.so"]);
        let libraries = bundle.inspect().unwrap();
        let in_bundle: Vec<bool> = libraries.iter().map(|l| l.in_bundle).collect();
        assert_eq!(in_bundle, [true, false, true]);
        assert_eq!(libraries[0].path, Some(bundle.path("libt1_a.so")));
    }

    #[test]
    fn a_newer_run_path_serves_only_its_own_library() {
        let plugin = Sample { runpath: Some("${ORIGIN}"), ..needs(&["libt2_a.so"]) };
        let bundle =
            Bundle::new(&[(PLUGIN, plugin), ("libt2_a.so", needs(&["libt2_b.so"])), ("libt2_b.so", needs(&[]))]);
        assert_eq!(bundle.missing(), pairs(&[("libt2_b.so", "libt2_a.so")]));
    }

    #[test]
    fn a_newer_run_path_replaces_the_older() {
        let plugin = Sample { rpath: Some("$ORIGIN"), ..needs(&["libt3_a.so"]) };
        let a = Sample { runpath: Some("/nowhere"), ..needs(&["libt3_b.so"]) };
        let bundle = Bundle::new(&[(PLUGIN, plugin), ("libt3_a.so", a), ("libt3_b.so", needs(&[]))]);
        assert_eq!(bundle.missing(), pairs(&[("libt3_b.so", "libt3_a.so")]));
    }

    /// Bytes that are no text stand for themselves.
    #[test]
    fn a_bundle_in_a_folder_whose_name_is_not_utf_8_is_found() {
        use std::os::unix::ffi::OsStrExt;
        let plugin = Sample { rpath: Some("$ORIGIN"), ..needs(&["libt9_a.so"]) };
        let a = Sample { runpath: Some("${ORIGIN}/below"), ..needs(&["libt9_b.so"]) };
        let mut bundle = Bundle::new(&[(PLUGIN, plugin), ("libt9_a.so", a), ("below/libt9_b.so", needs(&[]))]);
        bundle.name = OsStr::from_bytes(b"plug\xff\xfein").to_owned();
        std::fs::rename(bundle.root.path().join("bundle"), bundle.root.path().join(&bundle.name)).unwrap();
        assert_eq!(bundle.names(), ["libt9_a.so", "libt9_b.so"]);
        assert!(bundle.inspect().unwrap().iter().all(|library| library.in_bundle));
    }

    #[test]
    fn everything_that_is_missing_is_named() {
        let plugin = Sample { rpath: Some("$ORIGIN"), ..needs(&["libt4_x.so", "libt4_a.so", "./libt4_a.so"]) };
        let bundle = Bundle::new(&[(PLUGIN, plugin), ("libt4_a.so", needs(&["libt4_y.so", "libt4_x.so"]))]);
        let expected = [("libt4_x.so", PLUGIN), ("./libt4_a.so", PLUGIN), ("libt4_y.so", "libt4_a.so")];
        assert_eq!(bundle.missing(), pairs(&expected));
    }

    #[test]
    fn folders_below_belong_to_the_bundle_and_others_do_not() {
        let plugin = Sample { rpath: Some("$ORIGIN/lib:$ORIGIN/../other"), ..needs(&["libt5_a.so", "libt5_b.so"]) };
        let bundle =
            Bundle::new(&[(PLUGIN, plugin), ("lib/libt5_a.so", needs(&[])), ("../other/libt5_b.so", needs(&[]))]);
        assert_eq!(bundle.names(), ["libt5_a.so", "libt5_b.so"]);
        let libraries = bundle.inspect().unwrap();
        assert_eq!((libraries[0].in_bundle, libraries[1].in_bundle), (true, false));
        let other = bundle.root.path().canonicalize().unwrap().join("other/libt5_b.so");
        assert_eq!(libraries[1].path.as_deref(), Some(other.as_path()));
    }

    #[test]
    fn a_library_is_known_by_the_name_that_it_states() {
        let plugin = Sample { rpath: Some("$ORIGIN"), ..needs(&["libt6_a.so", "libt6_b.so"]) };
        let a = Sample { name: Some("libt6_b.so"), ..needs(&[]) };
        let bundle = Bundle::new(&[(PLUGIN, plugin), ("libt6_a.so", a)]);
        assert_eq!(bundle.names(), ["libt6_a.so"]);
    }

    #[test]
    fn a_bad_library_in_the_bundle_is_named() {
        let plugin = Sample { rpath: Some("$ORIGIN"), ..needs(&["libt7_a.so"]) };
        let bundle = Bundle::new(&[(PLUGIN, plugin), ("libt7_a.so", needs(&[]))]);
        let file = bundle.path("libt7_a.so");
        let bytes = std::fs::read(&file).unwrap();
        for (bytes, code) in [(&bytes[..bytes.len() - 1], "damaged"), (b"text", "not-a-library"), (b"", "empty")] {
            std::fs::write(&file, bytes).unwrap();
            match bundle.inspect().unwrap_err() {
                Refusal::BadLibrary { path, reason } => assert_eq!((path, reason.code()), (file.clone(), code)),
                other => panic!("{other}"),
            }
        }
    }

    #[test]
    fn libraries_of_the_system_are_not_missing() {
        let needed = ["libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1"];
        let needed = if cfg!(target_env = "gnu") { &needed[..] } else { &["libc.so"] };
        let bundle = Bundle::new(&[(PLUGIN, needs(needed))]);
        assert_eq!(bundle.names(), needed);
        assert!(bundle.inspect().unwrap().iter().all(|l| !l.in_bundle));
    }

    #[test]
    fn names_of_loaded_libraries_are_known() {
        let search = elf::Ld::default();
        assert!(search.is_loaded(OsStr::new(if cfg!(target_env = "gnu") { "libc.so.6" } else { "libc.so" })));
        assert!(!search.is_loaded(OsStr::new("libt8_absent.so")));
    }
}
