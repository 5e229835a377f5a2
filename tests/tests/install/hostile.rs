//! Archives that nobody made in good faith, or that arrived incomplete: each is refused by name, and nothing is left.

use crate::archive::{DATA, Tar, bundle, edit_manifest, write_compressed};
use crate::place::Home;
use rlx_mlx_tests::rlx_run::{error_line, stdout};
use std::fs;
use std::path::Path;
use tar::EntryType;

/// Refused with these words, and nothing of it is there.
#[track_caller]
fn refused(home: &Home, archive: &Path, words: &[&str]) {
    let line = error_line(&mut home.install(archive), 1);
    let name = archive.file_name().unwrap().to_str().unwrap();
    for word in words.iter().chain([&name]) {
        assert!(line.contains(word), "`{word}` is not in `{line}`");
    }
    assert!(home.contents().is_empty(), "{line}: {:?}", home.contents().keys());
}

#[test]
fn entries_that_lead_elsewhere_or_are_no_files() {
    let home = Home::new();
    let source = bundle(&home.path(""), "1.0.0", b"data");
    for path in ["boxed/../../out", "/etc/out", "../out", "boxed//out", "boxed/./out", "boxed\\..\\out", "C:/out"] {
        let mut tar = Tar::of(&source);
        tar.file(path, b"");
        refused(&home, &tar.write(&home.path("outside.tar.zst")), &[path, "leads out of"]);
    }
    for (kind, word) in [
        (EntryType::Symlink, "a symbolic link"),
        (EntryType::Link, "a hard link"),
        (EntryType::Char, "a device"),
        (EntryType::Block, "a device"),
        (EntryType::Fifo, "a pipe"),
        (EntryType::GNUSparse, "of a kind"),
        (EntryType::GNULongName, "of a kind"),
        (EntryType::XHeader, "of a kind"),
    ] {
        let mut tar = Tar::of(&source);
        tar.entry("boxed/odd", kind, 0, b"");
        refused(&home, &tar.write(&home.path("kinds.tar.zst")), &["boxed/odd", word]);
    }
    let mut tar = Tar::of(&source);
    tar.entry("boxed/sub/", EntryType::Directory, 0, b"");
    stdout(&mut home.install(&tar.write(&home.path("folders.tar.zst"))));
}

#[test]
fn names_that_come_twice_or_unasked() {
    let home = Home::new();
    let source = bundle(&home.path(""), "1.0.0", b"data");
    for (name, content, words) in [
        (format!("boxed/{DATA}"), &b"data"[..], "twice"),
        ("boxed/manifest.toml".to_owned(), b"", "twice"),
        ("boxed/more.so".to_owned(), b"", "its manifest does not list"),
        ("boxed/origin.toml".to_owned(), b"", "its manifest does not list"),
        ("other/file".to_owned(), b"", "is not in the archive's folder boxed"),
    ] {
        let mut tar = Tar::of(&source);
        tar.file(&name, content);
        refused(&home, &tar.write(&home.path("twice.tar.zst")), &[words]);
    }
    for (name, words) in [("data/Weights.bin", "upper and lower case"), ("origin.toml", "not a bundle's own")] {
        let source = bundle(&home.path("alike"), "1.0.0", b"data");
        fs::write(source.join(name), b"").unwrap();
        let listed = format!("[[file]]\npath = \"{name}\"\nsize = 0\nsha256 = \"{}\"\n\n[[file]]", "0".repeat(64));
        let text = fs::read_to_string(source.join("manifest.toml")).unwrap();
        fs::write(source.join("manifest.toml"), text.replacen("[[file]]", &listed, 1)).unwrap();
        refused(&home, &Tar::of(&source).write(&home.path("alike.tar.zst")), &[name, words]);
    }
}

#[test]
fn sizes_that_the_manifest_does_not_say() {
    let home = Home::new();
    let source = bundle(&home.path(""), "1.0.0", b"data");
    let manifest = fs::read(source.join("manifest.toml")).unwrap();
    // As long as nobody reads it, a bomb is small.
    let mut tar = Tar::new();
    tar.file("boxed/manifest.toml", &manifest).file(&format!("boxed/{DATA}"), &vec![0; 64 << 20]);
    refused(&home, &tar.write(&home.path("bomb.tar.zst")), &[DATA, "67108864 bytes, its manifest says 4"]);

    let mut tar = Tar::new();
    tar.file("boxed/manifest.toml", &vec![b'#'; 2 << 20]);
    refused(&home, &tar.write(&home.path("long.tar.zst")), &["boxed/manifest.toml has 2097152 bytes"]);

    let mut bytes = Tar::of(&source).bytes();
    bytes.resize(bytes.len() + (4 << 20), 0);
    refused(&home, &write_compressed(&home.path("padding.tar.zst"), &bytes), &["behind its last entry"]);

    let mut tar = Tar::new();
    tar.file("boxed/manifest.toml", &manifest).entry("boxed/librlx_boxed.so", EntryType::Regular, u64::MAX / 2, b"");
    refused(&home, &tar.write(&home.path("size.tar.zst")), &["librlx_boxed.so has 9223372036854775807 bytes"]);

    edit_manifest(&source, "size = 4", "size = 99999999999999");
    refused(&home, &Tar::of(&source).write(&home.path("cap.tar.zst")), &["the most is"]);
    let many: String = (0..10_001)
        .map(|n| format!("[[file]]\npath = \"f{n}\"\nsize = 0\nsha256 = \"{}\"\n", "0".repeat(64)))
        .collect();
    let source = bundle(&home.path("many"), "1.0.0", b"");
    let text = fs::read_to_string(source.join("manifest.toml")).unwrap();
    assert!(text.len() + many.len() < 2 << 20);
    fs::write(source.join("manifest.toml"), text + &many).unwrap();
    refused(&home, &Tar::of(&source).write(&home.path("many.tar.zst")), &[""]);
}

#[test]
fn archives_that_end_early_or_are_none() {
    let home = Home::new();
    let noise: Vec<u8> = (0..200_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let source = bundle(&home.path(""), "1.0.0", &noise);
    let whole = fs::read(Tar::of(&source).write(&home.path("whole.tar.zst"))).unwrap();
    let cut = home.path("cut.tar.zst");
    for length in [0, 3, 20, whole.len() / 3, whole.len() / 2, whole.len() - 5, whole.len() - 1] {
        fs::write(&cut, &whole[..length]).unwrap();
        refused(&home, &cut, &["download it again"]);
    }
    for at in (10..whole.len()).step_by(whole.len() / 20) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x20;
        fs::write(&cut, damaged).unwrap();
        refused(&home, &cut, &[]);
    }
    fs::write(&cut, [&whole[..], b"more"].concat()).unwrap();
    refused(&home, &cut, &["behind its end"]);

    let mut tar = Tar::new();
    tar.file("boxed/manifest.toml", &fs::read(source.join("manifest.toml")).unwrap());
    refused(&home, &tar.write(&home.path("incomplete.tar.zst")), &[DATA, "is missing", "incomplete"]);
    let mut tar = Tar::new();
    tar.file(&format!("boxed/{DATA}"), b"data");
    refused(&home, &tar.write(&home.path("headless.tar.zst")), &[DATA, "manifest.toml"]);
    refused(&home, &Tar::new().write(&home.path("empty.tar.zst")), &["holds no file"]);
    let latin = write_compressed(&home.path("text.tar.zst"), &[0xE9; 2000]);
    refused(&home, &latin, &["incomplete or damaged"]);
}

#[test]
fn the_hash_beside_an_archive_counts() {
    let home = Home::new();
    let archive = Tar::of(&bundle(&home.path(""), "1.0.0", b"data")).write(&home.path("boxed.tar.zst"));
    let beside = home.path("boxed.tar.zst.sha256");
    fs::write(&beside, format!("{}  boxed.tar.zst\n", "0".repeat(64))).unwrap();
    refused(&home, &archive, &["boxed.tar.zst.sha256 says `0000"]);
    fs::remove_file(&beside).unwrap();
    let text = stdout(home.install(&archive).arg("--json"));
    let report: serde_json::Value = serde_json::from_str(&text).unwrap();
    fs::write(&beside, format!("{}  boxed.tar.zst\n", report["origin"]["sha256"].as_str().unwrap())).unwrap();
    stdout(&mut home.install(&archive));
}

#[test]
fn a_manifest_does_not_choose_the_folder() {
    let home = Home::new();
    for (what, from, to) in [
        ("name", "name = \"boxed\"", "name = \"../boxed\""),
        ("flavour", "flavour = \"plain\"", "flavour = \"a/../../b\""),
        ("os", &*format!("os = \"{}\"", std::env::consts::OS), "os = \"\""),
    ] {
        let source = bundle(&home.path(""), "1.0.0", b"data");
        edit_manifest(&source, from, to);
        refused(&home, &Tar::of(&source).write(&home.path("named.tar.zst")), &[&format!("the manifest's {what} `")]);
    }
}
