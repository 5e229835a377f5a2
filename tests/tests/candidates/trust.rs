//! Files that others could have changed.

use crate::bundle::{BESIDE, boxed};
use crate::folder::{Folder, assert_not_mapped, assert_verdict, find, set_mode};
use crate::user::{self, STRANGER};
use crate::{fixture, log_capture};
use rlx_host_api::discovery::Verdict;
use std::fs;
use std::os::unix::fs::{chown, lchown, symlink};

#[test]
fn what_everyone_can_write_is_refused() {
    let folder = Folder::new();
    let outside = tempfile::tempdir().unwrap();
    set_mode(&folder.plugin("librlx_file.so", "name=file"), 0o646);
    for name in ["open", "library", "sticky", "manifest"] {
        boxed(&folder, name);
    }
    set_mode(&folder.path("open"), 0o757);
    set_mode(&folder.path("library").join(BESIDE), 0o666);
    // Nobody can replace what is in a sticky folder, but anyone can put a library there.
    set_mode(&folder.path("sticky"), 0o1777);
    fs::write(outside.path().join("librlx_linked.so"), fixture::bytes("name=linked")).unwrap();
    symlink(outside.path().join("librlx_linked.so"), folder.path("librlx_linked.so")).unwrap();
    set_mode(outside.path(), 0o777);
    set_mode(&folder.write("manifest/manifest.toml", crate::manifest::text(&folder, "manifest")), 0o666);

    let code = "writable-by-others";
    let outside = outside.path().to_str().unwrap();
    folder.assert_refused_unopened(&[
        ("librlx_file.so", code, &["librlx_file.so", "everyone", "646", "chmod go-w", "allow untrusted"]),
        ("open/librlx_open.so", code, &["/open can be written", "everyone", "757"]),
        ("library/librlx_library.so", code, &[BESIDE, "everyone", "666"]),
        ("sticky/librlx_sticky.so", code, &["/sticky can be written", "everyone"]),
        ("librlx_linked.so", code, &[outside, "everyone"]),
        ("manifest/librlx_manifest.so", code, &["manifest.toml", "everyone"]),
    ]);
}

#[test]
fn in_a_search_folder_that_everyone_can_write_nothing_is_trusted() {
    let folder = Folder::new();
    set_mode(folder.root(), 0o777);
    let candidates = folder.registry().scan();
    let good = find(&candidates, &folder.path("librlx_good.so"));
    assert_verdict(good, "writable-by-others", &[folder.root().to_str().unwrap(), "everyone"]);
    assert_not_mapped(folder.root());
}

#[test]
fn untrusted_plugins_that_are_allowed_are_warned_about() {
    log_capture::start();
    let folder = Folder::new();
    set_mode(&folder.plugin("librlx_allowed.so", "name=allowed"), 0o666);
    let path = folder.path("librlx_allowed.so");
    let registry = folder.registry().allow_untrusted(true);
    let candidates = registry.scan();
    assert_verdict(find(&candidates, &path), "ok", &[]);
    fixture::assert_runs(&registry.find("allowed").unwrap());
    let lines = log_capture::lines_with(path.to_str().unwrap());
    let warned = |(level, _, text): &log_capture::Line| *level == log::Level::Warn && text.contains("by everyone");
    assert!(lines.iter().any(warned), "{lines:?}");
    fixture::assert_runs(folder.good(&candidates));
}

/// A group is trusted when it is root's, or the user's private one, which has the user's number.
#[test]
fn what_another_group_can_write_is_refused() {
    let folder = Folder::new();
    let path = folder.plugin("librlx_group.so", "name=group");
    let group = if user::is_root() { STRANGER } else { user::own() };
    let given = chown(&path, None, Some(group));
    set_mode(&path, 0o664);
    if user::is_root() {
        given.unwrap();
        let words = ["librlx_group.so", "group 12345", "664"];
        folder.assert_refused_unopened(&[("librlx_group.so", "writable-by-others", &words)]);
    } else if given.is_ok() {
        assert_verdict(find(&folder.registry().scan(), &path), "ok", &[]);
    }
}

/// As root, the owners are changed. Another user cannot give files away, but has root's to look at.
#[test]
fn what_belongs_to_another_user_is_refused_and_what_belongs_to_root_is_not() {
    let folder = Folder::new();
    if !user::is_root() {
        symlink(crate::bundle::system_library(), folder.path("librlx_rooted.so")).unwrap();
        folder.assert_refused_unopened(&[("librlx_rooted.so", "no-entry-symbol", &[])]);
        return;
    }
    let plugins = ["kept", "given", "library"].map(|name| boxed(&folder, name));
    chown(folder.path(&plugins[0]), Some(STRANGER), None).unwrap();
    chown(folder.path("given"), Some(STRANGER), None).unwrap();
    chown(folder.path("library").join(BESIDE), Some(STRANGER), None).unwrap();
    symlink("librlx_good.so", folder.path("librlx_link.so")).unwrap();
    lchown(folder.path("librlx_link.so"), Some(STRANGER), None).unwrap();
    let code = "foreign-owner";
    let remedy = "copy the plugin as this user";
    folder.assert_refused_unopened(&[
        (&plugins[0], code, &["librlx_kept.so belongs to user 12345", "this user (0)", remedy]),
        (&plugins[1], code, &["/given belongs to user 12345", remedy]),
        (&plugins[2], code, &["libbesides.so belongs to user 12345", remedy]),
        ("librlx_link.so", code, &["librlx_link.so belongs to user 12345", remedy]),
    ]);
}

/// Looked at as a user without privileges: what cannot be read says so, root's files are trusted, one's own too.
#[test]
fn a_file_or_folder_that_cannot_be_read_is_a_verdict() {
    let folder = Folder::new();
    folder.plugin("librlx_own.so", "name=own");
    folder.plugin("librlx_shut.so", "name=shut");
    folder.plugin("librlx_strange.so", "name=strange");
    boxed(&folder, "closed");
    symlink(folder.path("closed/librlx_closed.so"), folder.path("librlx_closed.so")).unwrap();
    let visitor = if user::is_root() { 54321 } else { user::own() };
    if user::is_root() {
        for name in ["", "librlx_own.so", "librlx_shut.so", "closed"] {
            chown(folder.path(name), Some(visitor), Some(visitor)).unwrap();
        }
        lchown(folder.path("librlx_closed.so"), Some(visitor), None).unwrap();
        chown(folder.path("librlx_strange.so"), Some(STRANGER), None).unwrap();
    }
    set_mode(&folder.path("librlx_shut.so"), 0);
    set_mode(&folder.path("closed"), 0);
    let look = || folder.registry().inspect();
    let candidates = if user::is_root() { user::run_as(visitor, look) } else { look() };
    set_mode(&folder.path("closed"), 0o755);
    let verdict = |name: &str| &find(&candidates, &folder.path(name)).verdict;
    assert!(matches!(verdict("librlx_own.so"), Verdict::Loadable), "{:?}", verdict("librlx_own.so"));
    assert!(matches!(verdict("librlx_good.so"), Verdict::Loadable), "{:?}", verdict("librlx_good.so"));
    let expect = |name, code, words: &[&str]| assert_verdict(find(&candidates, &folder.path(name)), code, words);
    expect("librlx_shut.so", "unreadable", &["librlx_shut.so", "ermission"]);
    expect("librlx_closed.so", "unreadable", &["librlx_closed.so", "ermission"]);
    if user::is_root() {
        expect("librlx_strange.so", "foreign-owner", &["user 12345", "this user (54321)"]);
    }
}
