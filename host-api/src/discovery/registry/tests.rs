//! Everything that a registry decides before it opens a file; what it opens is tested with real plugins.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]

use super::*;
use crate::ErrorKind;
use crate::discovery::{MANIFEST_FILE, Manifest, Target};
use crate::negotiate::VersionRange;
use std::env::consts::{ARCH, OS};
use std::fs;
use tempfile::TempDir;

/// A bundle folder of backend `mlx` whose plugin is a text file, with a manifest that is true of it.
fn bundle(root: &TempDir, folder: &str, version: &str) -> PathBuf {
    let folder = root.path().join(folder);
    fs::create_dir_all(&folder).unwrap();
    let plugin = folder.join(file_name("mlx"));
    fs::write(&plugin, "text").unwrap();
    let manifest = Manifest {
        format: Manifest::FORMAT,
        name: "mlx".to_owned(),
        version: Version::parse(version).unwrap(),
        plugin: file_name("mlx"),
        engine: "MLX".to_owned(),
        engine_version: "0".to_owned(),
        commit: None,
        devices: Vec::new(),
        abi: VersionRange::OURS,
        target: Target { os: OS.to_owned(), arch: ARCH.to_owned(), flavour: String::new() },
        files: Vec::new(),
    };
    manifest.describe_folder(&folder).unwrap().write(&folder).unwrap();
    plugin
}

fn registry(root: &TempDir) -> Registry {
    Registry::new(SearchPath::new([root.path().to_path_buf()]))
}

/// The codes of all candidates, which must be the same whether or not they are opened.
fn codes(registry: &Registry) -> Vec<&'static str> {
    let codes = |candidates: Vec<Candidate>| candidates.iter().map(|c| c.verdict.code()).collect::<Vec<_>>();
    let inspected = codes(registry.inspect());
    assert_eq!(codes(registry.scan()), inspected);
    inspected
}

#[track_caller]
fn assert_not_found(registry: &Registry, selector: &str, parts: &[&str], without: &[&str]) {
    let error = registry.find(selector).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    for part in parts {
        assert!(error.message().contains(part), "`{part}` is not in `{error}`");
    }
    for part in without {
        assert!(!error.message().contains(part), "`{part}` is in `{error}`");
    }
}

#[test]
fn nothing_found_names_the_file_the_folders_and_the_remedy() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().display().to_string();
    assert_not_found(&registry(&root), "mlx", &["`mlx`", &file_name("mlx"), &folder, PLUGIN_PATH], &["not usable"]);
    assert_eq!(registry(&root).find("no such").unwrap_err().kind(), ErrorKind::InvalidArgument);
    assert!(registry(&root).inspect().is_empty() && registry(&root).scan().is_empty());
}

#[test]
fn what_is_refused_has_a_reason_and_other_names_are_not_touched() {
    let root = tempfile::tempdir().unwrap();
    for name in ["mlx", "mlx-0.2.0", "other"] {
        fs::write(root.path().join(file_name(name)), "text").unwrap();
    }
    assert_eq!(codes(&registry(&root)), ["not-a-library"; 3]);
    let parts = ["not usable", &file_name("mlx"), &file_name("mlx-0.2.0"), "not a shared library"];
    assert_not_found(&registry(&root), "mlx", &parts, &[&file_name("other")]);
}

#[test]
fn a_version_that_no_manifest_has_is_refused_without_a_look_at_the_files() {
    let root = tempfile::tempdir().unwrap();
    let (old, new) = (bundle(&root, "old", "0.2.0"), bundle(&root, "new", "0.10.0"));
    let [old, new] = [&old, &new].map(|path| path.display().to_string());
    let versions = format!("0.2.0 ({old}), 0.10.0 ({new})");
    assert_not_found(&registry(&root), "mlx@1", &["`mlx@1`", &versions], &["not usable", "not a shared library"]);
    assert_not_found(&registry(&root), "mlx@0.2", &["0.10.0", "not usable", &format!("{old}: it is not")], &[]);
}

#[test]
fn the_manifest_goes_before_the_inside_of_the_library() {
    let root = tempfile::tempdir().unwrap();
    let plugin = bundle(&root, "bundle", "0.2.0");
    assert_eq!(codes(&registry(&root)), ["not-a-library"], "the manifest is true");
    fs::write(&plugin, "test").unwrap();
    assert_eq!(codes(&registry(&root)), ["listed-file-differs"]);
    let candidates = registry(&root).inspect();
    assert_eq!(candidates[0].manifest.as_ref().map(|m| m.version.to_string()).as_deref(), Some("0.2.0"));
    assert_eq!(registry(&root).load(&plugin).unwrap_err().code(), "listed-file-differs");
    fs::write(plugin.with_file_name(MANIFEST_FILE), "manifest = 1").unwrap();
    assert_eq!(codes(&registry(&root)), ["bad-manifest"]);
    fs::remove_file(plugin.with_file_name(MANIFEST_FILE)).unwrap();
    assert_eq!(codes(&registry(&root)), ["not-a-library"]);
}

#[test]
fn a_chosen_file_need_not_have_the_name_of_a_plugin() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("plugin");
    assert_eq!(registry(&root).load(&file).unwrap_err(), Refusal::NotFound);
    fs::write(&file, "").unwrap();
    assert_eq!(registry(&root).load(&file).unwrap_err(), Refusal::Empty);
    let error = registry(&root).find(&file.display().to_string()).unwrap_err();
    assert!(error.message().starts_with(&file.display().to_string()), "{error}");
    assert_eq!(registry(&root).load(root.path()).unwrap_err().code(), "not-a-file");
}

#[test]
#[cfg(unix)]
fn trust_goes_before_the_manifest() {
    use std::os::unix::fs::PermissionsExt;
    let root = tempfile::tempdir().unwrap();
    let plugin = bundle(&root, "bundle", "0.2.0");
    let set = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let both = || (codes(&registry(&root))[0], codes(&registry(&root).allow_untrusted(true))[0]);
    fs::write(&plugin, "test").unwrap();
    set(&plugin, 0o666);
    assert_eq!(both(), ("writable-by-others", "listed-file-differs"));
    assert_eq!(registry(&root).load(&plugin).unwrap_err().code(), "writable-by-others");
    set(&plugin, 0o644);
    set(plugin.parent().unwrap(), 0o777);
    assert_eq!(both(), ("writable-by-others", "listed-file-differs"));
}

#[test]
fn a_registry_serves_many_threads() {
    let root = tempfile::tempdir().unwrap();
    bundle(&root, "bundle", "0.2.0");
    let registry = registry(&root);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| registry.find("mlx").unwrap_err())).collect();
        let errors: Vec<Error> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert!(errors.iter().all(|error| *error == errors[0]), "{errors:?}");
    });
}
