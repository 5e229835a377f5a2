//! What `Registry::find` says when it finds nothing that can be used, and that it looks no further than it must.

use crate::folder::{Folder, assert_not_mapped};
use rlx_host_api::discovery::{PLUGIN_PATH, Registry, SearchPath};
use rlx_host_api::{Error, ErrorKind};

#[track_caller]
fn assert_says(error: &Error, kind: ErrorKind, words: &[&str]) {
    assert_eq!(error.kind(), kind, "{error}");
    assert!(!error.message().contains('\n'), "{error}");
    for word in words {
        assert!(error.message().contains(word), "`{word}` is not in `{error}`");
    }
}

#[test]
fn nothing_found_names_the_file_and_every_folder() {
    let folder = Folder::new();
    let missing = folder.path("missing");
    let registry = Registry::new(SearchPath::new([folder.root().to_path_buf(), missing.clone()]));
    let error = registry.find("absent").unwrap_err();
    let folders = [folder.root().to_str().unwrap(), missing.to_str().unwrap()];
    assert_says(&error, ErrorKind::NotFound, &["`absent`", "librlx_absent.so", folders[0], folders[1], PLUGIN_PATH]);
}

#[test]
fn everything_refused_gives_the_reason_of_each() {
    let folder = Folder::new();
    let text = folder.write("librlx_sad.so", "text");
    folder.subfolder("bundle");
    let empty = folder.write("bundle/librlx_sad.so", "");
    let silent = folder.plugin("librlx_sad-2.so", "name=sad lie=info.error");
    folder.plugin("librlx_unrelated.so", "name=unrelated lie=info.error");
    let error = folder.registry().find("sad").unwrap_err();
    let [text, empty, silent] = [&text, &empty, &silent].map(|path| path.to_str().unwrap());
    let words = [text, "not a shared library", empty, "the file is empty", silent, "the engine did not start"];
    assert_says(&error, ErrorKind::NotFound, &words);
    assert!(!error.message().contains("unrelated"), "{error}");
    assert_not_mapped(&folder.path("librlx_unrelated.so"));
    assert_not_mapped(&folder.path("librlx_good.so"));
}

#[test]
fn a_version_that_is_not_there_names_those_that_are() {
    let folder = Folder::new();
    for version in ["1.2.3", "1.4.0"] {
        folder.plugin(&format!("librlx_dated-{version}.so"), &format!("name=dated version={version}"));
    }
    let error = folder.registry().find("dated@1.3").unwrap_err();
    let path = folder.path("librlx_dated-1.2.3.so");
    assert_says(&error, ErrorKind::NotFound, &["`dated@1.3`", "1.2.3", "1.4.0", path.to_str().unwrap()]);
}

#[test]
fn a_malformed_selector_is_answered_with_the_forms_there_are() {
    let registry = Folder::new().registry();
    for selector in ["", "Good", "good plugin", "good@", "good@latest", "@1.0", "good@1.x.y"] {
        let error = registry.find(selector).unwrap_err();
        assert_says(&error, ErrorKind::InvalidArgument, &[&format!("`{selector}`"), "`mlx`", "`mlx@0.2`", "path"]);
    }
}

#[test]
fn a_path_is_refused_like_any_candidate() {
    let folder = Folder::new();
    let registry = folder.registry();
    let find = |path: &std::path::Path| registry.find(path.to_str().unwrap()).unwrap_err();
    let nowhere = folder.path("librlx_nowhere.so");
    assert_says(&find(&nowhere), ErrorKind::NotFound, &[nowhere.to_str().unwrap(), "no such file"]);
    let text = folder.write("whatever-name", "text");
    assert_says(&find(&text), ErrorKind::InvalidArgument, &[text.to_str().unwrap(), "not a shared library"]);
    assert_says(&find(folder.root()), ErrorKind::InvalidArgument, &["a folder"]);
    // A path needs no name of a fixed form.
    let named = folder.plugin("any.name", "name=any");
    crate::fixture::assert_runs(&registry.find(named.to_str().unwrap()).unwrap());
}
