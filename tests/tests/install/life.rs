//! Bundles that are installed, replaced, found and removed.

use crate::archive::{DATA, Tar, bundle, bundle_of, edit_manifest};
use crate::place::Home;
use rlx_mlx_tests::rlx_run::{error_line, json, stdout};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

#[test]
fn versions_lie_side_by_side_and_the_newest_is_used() {
    let home = Home::new();
    let old = Tar::of(&bundle(&home.path(""), "1.9.0", b"old")).write(&home.path("boxed-1.9.0.tar.zst"));
    let new = Tar::of(&bundle(&home.path(""), "1.10.0", b"new")).write(&home.path("boxed-1.10.0.tar.zst"));

    let first = json(home.install(&old).arg("--json"));
    let folder =
        home.plugins().join(format!("rlx_boxed-1.9.0-{}-{}-plain", std::env::consts::OS, std::env::consts::ARCH));
    assert_eq!(first["folder"], folder.display().to_string());
    assert_eq!((&first["replaced"], &first["searched"]), (&false.into(), &true.into()), "{first:#}");
    assert_eq!(first["used"][0]["verdict"], "ok", "{first:#}");

    let upgraded = stdout(&mut home.install(&new));
    assert!(upgraded.contains("boxed 1.10.0 is installed in"), "{upgraded}");
    assert!(upgraded.contains("it is newer (1.10.0); `boxed@1.9.0` selects this one"), "{upgraded}");

    let downgraded = json(home.install(&old).arg("--json"));
    assert_eq!(downgraded["replaced"], true, "{downgraded:#}");
    let verdicts: Vec<_> =
        downgraded["used"].as_array().unwrap().iter().map(|used| used["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["ok", "shadowed"], "the newer one stays in use: {downgraded:#}");

    let listed = json(&mut home.command(["--json"]));
    let rows = listed["plugins"].as_array().unwrap();
    let origin = |version: &str| rows.iter().find(|row| row["version"] == version).unwrap()["origin"].clone();
    assert_eq!(origin("1.9.0")["source"], "boxed-1.9.0.tar.zst");
    assert_eq!(origin("1.9.0"), downgraded["origin"]);
    assert_eq!(origin("1.9.0")["sha256"].as_str().unwrap().len(), 64);
    let text = stdout(&mut home.command([""; 0]));
    assert!(text.contains("installed from boxed-1.10.0.tar.zst, SHA-256 "), "{text}");

    let removed = stdout(&mut home.command(["remove", "boxed@1.10.0"]));
    assert!(removed.contains("boxed 1.10.0 is removed") && removed.contains("`boxed` selects"), "{removed}");
    assert_eq!(home.whole_versions(), ["1.9.0"]);
    let missing = error_line(&mut home.command(["remove", "boxed@1.10.0"]), 2);
    assert!(missing.contains("boxed@1.10.0 is not in") && missing.contains("there is boxed@1.9.0"), "{missing}");
    let emptied = json(&mut home.command(["remove", "boxed@1.9.0", "--json"]));
    assert_eq!(emptied["used"].as_array().map(Vec::len), Some(0), "{emptied:#}");
    assert!(home.contents().is_empty());
}

#[test]
fn another_build_of_a_version_takes_its_place() {
    let home = Home::new();
    for (data, replaced) in [(b"first", false), (b"other", true)] {
        let archive = Tar::of(&bundle(&home.path(""), "1.0.0", data)).write(&home.path("boxed.tar.zst"));
        assert_eq!(json(home.install(&archive).arg("--json"))["replaced"], replaced);
        let contents = home.contents();
        assert_eq!(contents.iter().find(|(path, _)| path.ends_with(DATA)).unwrap().1, data);
        assert_eq!(contents.len(), 4, "the plugin, its data, manifest and origin: {:?}", contents.keys());
    }
}

#[test]
fn folders_and_urls_of_files_are_installed_too() {
    let home = Home::new();
    let folder = bundle(&home.path(""), "1.0.0", b"data");
    fs::write(folder.join("notes.txt"), "of the user's").unwrap();
    let report = json(home.install(&folder).arg("--json"));
    assert_eq!(report["origin"]["source"], folder.canonicalize().unwrap().display().to_string());
    assert!(!home.contents().keys().any(|path| path.ends_with("notes.txt")), "only what the manifest lists");
    let archive = Tar::of(&folder).write(&home.path("a b.tar.zst"));
    let url = format!("file://{}", archive.display()).replace(' ', "%20");
    assert_eq!(json(&mut home.command(["install", "--json", &url]))["origin"]["source"], "a b.tar.zst");
    let remote = error_line(&mut home.command(["install", "https://example.org/boxed.tar.zst"]), 1);
    assert!(remote.contains("download it"), "{remote}");
}

#[test]
fn a_folder_that_nobody_searches_is_said_to_be_one() {
    let home = Home::new();
    let to = home.path("elsewhere");
    let source = bundle(&home.path(""), "1.0.0", b"");
    let text = stdout(home.install(&source).arg("--to").arg(&to));
    assert!(text.contains("name the folder above it in RLX_PLUGIN_PATH"), "{text}");
    let found = stdout(home.command([""; 0]).env("RLX_PLUGIN_PATH", &to));
    assert!(found.contains("boxed") && found.contains("installed from"), "{found}");
    stdout(home.command(["remove", "boxed@1.0.0", "--from"]).arg(&to));
    assert_eq!(fs::read_dir(&to).unwrap().count(), 1, "the lock's folder");
}

#[test]
fn what_a_host_would_refuse_is_not_installed() {
    let home = Home::new();
    let kept = bundle(&home.path(""), "0.9.0", b"kept");
    stdout(&mut home.install(&kept));
    let before = home.contents();
    let refused = |source: &std::path::Path, words: &[&str]| {
        let line = error_line(&mut home.install(source), 1);
        for word in words {
            assert!(line.contains(word), "`{word}` is not in `{line}`");
        }
        assert_eq!(home.contents(), before, "nothing is left: {line}");
    };

    let other = bundle(&home.path("a"), "1.0.0", b"");
    edit_manifest(&other, &format!("arch = \"{}\"", std::env::consts::ARCH), "arch = \"z80\"");
    refused(&Tar::of(&other).write(&home.path("other.tar.zst")), &["other.tar.zst", "z80", std::env::consts::ARCH]);

    let hash = bundle(&home.path("b"), "1.0.0", b"data");
    fs::write(hash.join(DATA), b"lies").unwrap();
    refused(&Tar::of(&hash).write(&home.path("hash.tar.zst")), &[DATA, "is not the file that the manifest lists"]);

    let mute = bundle_of(&home.path("c"), "1.0.0", "name=boxed version=1.0.0 lie=entry.error", b"");
    let line = error_line(&mut home.install(&mute), 1);
    assert!(line.contains("the licence of the fixture has run out"), "{line}");
    assert_eq!(home.contents(), before);

    let says_other = bundle_of(&home.path("d"), "1.0.0", "name=boxed version=1.0.1", b"");
    refused(&says_other, &["the manifest says version 1.0.0, the plugin says 1.0.1"]);

    refused(&home.path("none.tar.zst"), &["none.tar.zst"]);

    fs::set_permissions(home.plugins(), fs::Permissions::from_mode(0o777)).unwrap();
    refused(&bundle(&home.path("e"), "1.0.0", b""), &["can be written by everyone"]);
}

#[test]
fn what_is_in_the_way_is_left_alone() {
    let home = Home::new();
    let source = bundle(&home.path(""), "1.0.0", b"");
    let place = stdout(&mut home.install(&source)).lines().next().unwrap().rsplit(' ').next().unwrap().to_owned();
    fs::remove_file(std::path::Path::new(&place).join("manifest.toml")).unwrap();
    let before = home.contents();
    assert!(error_line(&mut home.install(&source), 1).contains("is in the way"));
    assert_eq!(home.contents(), before);

    // A developer's link: it is the link that goes.
    fs::remove_dir_all(&place).unwrap();
    symlink(&source, home.plugins().join("linked")).unwrap();
    stdout(&mut home.command(["remove", "boxed@1.0.0"]));
    assert!(source.join("manifest.toml").is_file() && home.contents().is_empty());
}

#[test]
fn two_flavours_of_a_version_are_told_apart() {
    let home = Home::new();
    let source = bundle(&home.path(""), "1.0.0", b"");
    stdout(&mut home.install(&source));
    edit_manifest(&source, "flavour = \"plain\"", "flavour = \"other\"");
    stdout(&mut home.install(&source));
    let both = error_line(&mut home.command(["remove", "boxed@1.0.0"]), 1);
    assert!(both.contains("2 times") && both.contains("-plain") && both.contains("-other"), "{both}");
    stdout(&mut home.command(["remove", "boxed@1.0.0", "--flavour", "other"]));
    assert_eq!(home.whole_versions(), ["1.0.0"]);
    assert!(home.contents().keys().all(|path| path.to_string_lossy().contains("-plain/")));
}
