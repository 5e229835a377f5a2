//! Folders and files whose names are not what people type: no text, or text that a terminal would obey.

use crate::bundle::{BESIDE, boxed};
use crate::fixture;
use crate::folder::{Folder, assert_not_mapped, assert_verdict, find};
use crate::manifest::text;
use rlx_host_api::discovery::{Candidate, Registry, SearchPath};
use rlx_host_api::printable;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

/// Bytes that are no UTF-8.
const NO_TEXT: &[u8] = b"plug\xff\xfein";

#[test]
fn a_plugin_folder_whose_name_is_not_utf_8_is_found_with_the_library_beside_it() {
    for with_manifest in [false, true] {
        let folder = Folder::new();
        boxed(&folder, "bytes");
        if with_manifest {
            text(&folder, "bytes");
        }
        let renamed = folder.root().join(OsStr::from_bytes(NO_TEXT));
        fs::rename(folder.path("bytes"), &renamed).unwrap();
        let candidates = folder.registry().scan();
        let candidate = find(&candidates, &renamed.join("librlx_bytes.so"));
        assert_verdict(candidate, "ok", &[]);
        assert_eq!(candidate.manifest.is_some(), with_manifest);
        fixture::assert_runs(candidate.plugin().unwrap());
    }
}

/// The folder that is searched, a library's own name, and the path that a user chose.
#[test]
fn other_names_that_are_not_utf_8_are_found() {
    let folder = Folder::new();
    boxed(&folder, "outer");
    let root = folder.root().join(OsStr::from_bytes(NO_TEXT));
    fs::create_dir(&root).unwrap();
    fs::rename(folder.path("outer"), root.join("outer")).unwrap();
    let registry = Registry::new(SearchPath::new([root.clone()]));
    fixture::assert_runs(&registry.find("outer").unwrap());

    let chosen = root.join(OsStr::from_bytes(b"librlx_chosen-\xff.so"));
    fs::write(&chosen, fixture::bytes("name=chosen")).unwrap();
    fixture::assert_runs(&registry.load(&chosen).unwrap());
    assert_eq!(registry.find("chosen").unwrap().path(), chosen.canonicalize().unwrap());
}

/// What a scan tells of the candidates is fit for a terminal, whatever they are called.
#[test]
fn control_characters_in_what_discovery_tells_are_shown_escaped() {
    const HOSTILE: &str = "\u{1b}[2J\u{7}\r\u{9b}x";
    let folder = Folder::new();
    let hostile = |name: &str| format!("{name}{HOSTILE}");
    // A missing library, a damaged one, and a manifest that is none, all of that name or below it.
    boxed(&folder, &hostile("missing"));
    fs::remove_file(folder.path(&hostile("missing")).join(BESIDE)).unwrap();
    boxed(&folder, &hostile("bad"));
    folder.write(&format!("{}/{BESIDE}", hostile("bad")), "no library");
    boxed(&folder, &hostile("text"));
    folder.write(&format!("{}/manifest.toml", hostile("text")), format!("a = \"{}\"", "\\u001b[2J"));
    std::os::unix::fs::symlink(hostile("nowhere"), folder.path("librlx_link.so")).unwrap();
    boxed(&folder, "listed");
    folder.write(&format!("listed/{HOSTILE}"), "");
    text(&folder, "listed");
    fs::remove_file(folder.path("listed").join(HOSTILE)).unwrap();

    let candidates = folder.registry().inspect();
    let reason = |candidate: &Candidate| candidate.verdict.reason();
    let reasons: Vec<String> = candidates.iter().filter_map(reason).collect();
    assert_eq!(reasons.len(), 5, "{reasons:?}");
    for reason in &reasons {
        assert_eq!(printable(reason), *reason);
        assert!(reason.contains(r"\u{1b}[2J\u{7}\r\u{9b}x"), "{reason}");
    }
    let error = folder.registry().find("link").unwrap_err();
    assert_eq!(printable(error.message()), error.message());
    assert_not_mapped(&folder.path("listed"));

    let output = Command::new(env!("CARGO_BIN_EXE_inspect-plugins")).arg(folder.root()).output().unwrap();
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.lines().all(|line| !line.replace('\t', "").contains(char::is_control)), "{told:?}");
}
