//! Manifests that are none, that are not true, or that are of another machine; and what they decide.

use crate::bundle::{BESIDE, boxed};
use crate::fixture;
use crate::folder::{Folder, assert_not_mapped, assert_verdict, find};
use rlx_host_api::abi::ABI_VERSION;
use rlx_host_api::discovery::{MANIFEST_FILE, Manifest, Target};
use rlx_host_api::negotiate::VersionRange;
use rlx_host_api::{DeviceKind, abi};
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

/// The true manifest of the bundle `name`.
pub(crate) fn text(folder: &Folder, name: &str) -> String {
    let consts = (std::env::consts::OS.to_owned(), std::env::consts::ARCH.to_owned());
    let manifest = Manifest {
        format: Manifest::FORMAT,
        name: name.to_owned(),
        version: semver::Version::new(1, 0, 0),
        plugin: format!("librlx_{name}.so"),
        engine: "fixture".to_owned(),
        engine_version: "7".to_owned(),
        commit: None,
        devices: vec![DeviceKind::Cpu],
        abi: VersionRange { oldest: abi::ABI_OLDEST, newest: ABI_VERSION },
        target: Target { os: consts.0, arch: consts.1, flavour: String::new() },
        files: Vec::new(),
    };
    let path = folder.path(name);
    manifest.describe_folder(&path).unwrap().write(&path).unwrap();
    fs::read_to_string(path.join(MANIFEST_FILE)).unwrap()
}

/// A bundle whose manifest is changed by `edit`; gives the plugin's path.
fn edited(folder: &Folder, name: &str, edit: impl FnOnce(String) -> String) -> String {
    let plugin = boxed(folder, name);
    let text = text(folder, name);
    folder.write(&format!("{name}/{MANIFEST_FILE}"), edit(text));
    plugin
}

/// A bundle in whose manifest `from` stands as `to`.
fn with(folder: &Folder, name: &str, from: &str, to: &str) -> String {
    edited(folder, name, |text| {
        assert!(text.contains(from), "`{from}` is not in\n{text}");
        text.replacen(from, to, 1)
    })
}

#[test]
fn a_true_manifest_is_accepted_with_keys_that_this_host_does_not_know() {
    let folder = Folder::new();
    let plugin = edited(&folder, "truthful", |text| format!("colour = \"blue\"\n{text}\n[future]\nkey = 1\n"));
    let candidates = folder.registry().scan();
    let candidate = find(&candidates, &folder.path(&plugin));
    assert_verdict(candidate, "ok", &[]);
    assert_eq!(candidate.manifest.as_ref().unwrap().files.len(), 3);
    fixture::assert_runs(candidate.plugin().unwrap());
}

#[test]
fn a_manifest_that_is_none() {
    let folder = Folder::new();
    let text = edited(&folder, "text", |_| "Plugin for fixtures\n".to_owned());
    let short = edited(&folder, "short", |text| text.replacen("engine = ", "motor = ", 1));
    let newer = with(&folder, "newer", "manifest = 1", "manifest = 2");
    let other = with(&folder, "other", "plugin = \"librlx_other.so\"", &format!("plugin = \"{BESIDE}\""));
    let up = with(&folder, "up", "path = \"data.bin\"", "path = \"../data.bin\"");
    let absolute = with(&folder, "absolute", "path = \"data.bin\"", "path = \"/etc/passwd\"");
    let twice = with(&folder, "twice", "path = \"data.bin\"", &format!("path = \"{BESIDE}\""));
    let itself = with(&folder, "itself", "path = \"librlx_itself.so\"", "path = \"librlx_else.so\"");
    let hash = edited(&folder, "hash", |text| text.replace("sha256 = \"", "sha256 = \"xyz"));
    let latin = boxed(&folder, "latin");
    folder.write("latin/manifest.toml", b"name = \"caf\xe9\"");
    let nested = boxed(&folder, "nested");
    folder.subfolder("nested/manifest.toml");
    let piped = boxed(&folder, "piped");
    assert!(Command::new("mkfifo").arg(folder.path("piped/manifest.toml")).status().unwrap().success());
    let dangling = boxed(&folder, "dangling");
    symlink("nowhere.toml", folder.path("dangling/manifest.toml")).unwrap();
    let bad = "bad-manifest";
    folder.assert_refused_unopened(&[
        (&text, bad, &["manifest.toml is not a plugin manifest", "line 1"]),
        (&short, bad, &["`engine`"]),
        (&newer, "newer-manifest", &["format 2", "update the host"]),
        (&other, bad, &["describes libbesides.so, not librlx_other.so"]),
        (&up, bad, &["`../data.bin` is not below its folder"]),
        (&absolute, bad, &["`/etc/passwd` is not below its folder"]),
        (&twice, bad, &["lists libbesides.so twice"]),
        (&itself, bad, &["does not list librlx_itself.so"]),
        (&hash, bad, &["SHA-256"]),
        (&latin, bad, &["UTF-8"]),
        (&nested, bad, &["not a file"]),
        (&piped, bad, &["not a file"]),
        (&dangling, bad, &["manifest.toml"]),
    ]);
}

#[test]
fn files_that_are_not_as_the_manifest_lists_them() {
    let folder = Folder::new();
    let kept = |name| edited(&folder, name, |text| text);
    let [hash, size, library, plugin, gone, folder_there] =
        ["hash", "size", "library", "plugin", "gone", "swapped"].map(kept);
    folder.write("hash/data.bin", "Weights");
    folder.write("size/data.bin", "weights and more");
    let bytes = fs::read(folder.path("library").join(BESIDE)).unwrap();
    folder.write(&format!("library/{BESIDE}"), crate::elf::with_byte(bytes.clone(), bytes.len() / 2, 0x5a));
    // Good in itself, but another one.
    folder.write(&plugin, crate::bundle::needing(BESIDE, "name=plugin version=1.0.1"));
    fs::remove_file(folder.path("gone/data.bin")).unwrap();
    fs::remove_file(folder.path("swapped/data.bin")).unwrap();
    folder.subfolder("swapped/data.bin");
    let unlisted = edited(&folder, "unlisted", |text| {
        let (start, rest) = text.split_at(text.find("[[file]]\npath = \"libbesides.so\"").unwrap());
        let end = rest[1..].find("[[file]]").unwrap() + 1;
        format!("{start}{}", &rest[end..])
    });
    let differs = "listed-file-differs";
    folder.assert_refused_unopened(&[
        (&hash, differs, &["data.bin", "SHA-256"]),
        (&size, differs, &["data.bin", "16 bytes", "7"]),
        (&library, differs, &[BESIDE, "SHA-256"]),
        (&plugin, differs, &["librlx_plugin.so", "SHA-256"]),
        (&gone, "listed-file-missing", &["data.bin", "missing"]),
        (&folder_there, differs, &["data.bin", "not a file"]),
        (&unlisted, "unlisted-library", &[BESIDE, "not in its manifest"]),
    ]);
}

/// A view of the kernel's data looks like a regular file, of no bytes; reading this one waits for what the kernel says next.
#[test]
fn files_that_are_regular_and_block_are_refused() {
    const BLOCKS: &str = "/proc/kmsg";
    let refused = in_time(|| {
        let folder = Folder::new();
        let link = |name: &str| {
            let path = folder.path(name);
            fs::remove_file(&path).unwrap();
            symlink(BLOCKS, path).unwrap();
        };
        let manifest = edited(&folder, "manifest", |text| text);
        link("manifest/manifest.toml");
        // Its size is as listed, and so would be the hash of what it holds at the moment.
        let listed = edited(&folder, "listed", |text| {
            let (before, entry) = text.split_at(text.find("[[file]]\npath = \"data.bin\"").unwrap());
            let sha256 = entry.lines().find(|line| line.starts_with("sha256")).unwrap();
            let nothing = "sha256 = \"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"";
            format!("{before}{}", entry.replacen("size = 7", "size = 0", 1).replacen(sha256, nothing, 1))
        });
        link("listed/data.bin");
        symlink(BLOCKS, folder.path("librlx_kernel.so")).unwrap();
        let library = boxed(&folder, "library");
        link(&format!("library/{BESIDE}"));
        let what = "a view of the kernel's data, not a file";
        folder.assert_refused_unopened(&[
            (&manifest, "bad-manifest", &["manifest.toml", what]),
            (&listed, "listed-file-differs", &["data.bin", what]),
            ("librlx_kernel.so", "not-a-file", &[what]),
            (&library, "bad-library", &[BESIDE, what]),
        ]);
    });
    assert!(refused, "still waiting");
}

/// Whether `work` ends within a minute.
fn in_time(work: impl FnOnce() + Send + 'static) -> bool {
    let (done, wait) = std::sync::mpsc::channel();
    let thread = std::thread::spawn(move || {
        work();
        done.send(()).unwrap();
    });
    match wait.recv_timeout(std::time::Duration::from_secs(60)) {
        Err(std::sync::mpsc::RecvTimeoutError::Timeout) => false,
        _ => {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            true
        }
    }
}

#[test]
fn a_manifest_for_another_machine_or_abi_needs_no_look_at_the_files() {
    let folder = Folder::new();
    let os = with(&folder, "system", "os = \"linux\"", "os = \"plan9\"");
    let arch = with(&folder, "processor", &format!("arch = \"{}\"", std::env::consts::ARCH), "arch = \"pdp11\"");
    let (oldest, newest) = (format!("oldest = \"{}\"", abi::ABI_OLDEST), format!("newest = \"{ABI_VERSION}\""));
    let abi = edited(&folder, "range", |text| {
        text.replacen(&oldest, "oldest = \"7.0.0\"", 1).replacen(&newest, "newest = \"7.2.0\"", 1)
    });
    for path in [&os, &arch, &abi] {
        folder.write(path, "not even a library");
    }
    let here = format!("linux-{}", std::env::consts::ARCH);
    folder.assert_refused_unopened(&[
        (&os, "other-target", &["plan9-", &here]),
        (&arch, "other-target", &["linux-pdp11", &here]),
        (&abi, "abi-mismatch", &["7.0.0 to 7.2.0", "update the host"]),
    ]);
}

#[test]
fn a_plugin_that_is_not_what_its_manifest_says() {
    let folder = Folder::new();
    let name = with(&folder, "name", "name = \"name\"", "name = \"title\"");
    let version = with(&folder, "version", "version = \"1.0.0\"", "version = \"1.0.1\"");
    let engine = with(&folder, "engine", "engine = \"fixture\"", "engine = \"steam\"");
    let engine_version = with(&folder, "release", "engine_version = \"7\"", "engine_version = \"8\"");
    let devices = with(&folder, "devices", "devices = [\"cpu\"]", "devices = [\"gpu\"]");
    let code = "manifest-disagrees";
    folder.assert_refused(&[
        (&name, code, &["name title", "name"]),
        (&version, code, &["version 1.0.1", "1.0.0"]),
        (&engine, code, &["engine steam", "fixture"]),
        (&engine_version, code, &["engine_version 8", "7"]),
        (&devices, code, &["devices [gpu]", "cpu"]),
    ]);
}

/// In a folder of many plugins a manifest is that of one.
#[test]
fn a_manifest_among_several_plugins_says_nothing_of_the_others() {
    let folder = Folder::new();
    boxed(&folder, "single");
    let text = text(&folder, "single").replace("librlx_single.so", "librlx_elsewhere.so");
    folder.write(MANIFEST_FILE, text);
    let candidates = folder.registry().scan();
    fixture::assert_runs(folder.good(&candidates));
}

/// The newest has a device, so the other one need not be opened to know that it loses.
#[test]
fn manifests_tell_the_newest_before_anything_is_opened() {
    let folder = Folder::new();
    for (place, version) in [("older", "1.2.0"), ("newest", "1.10.0"), ("middle", "1.9.0")] {
        folder.subfolder(place);
        let settings = format!("name=layered version={version}");
        folder.write(&format!("{place}/librlx_layered.so"), fixture::bytes(&settings));
        let manifest =
            text_as(&folder, place, "layered").replace("version = \"1.0.0\"", &format!("version = \"{version}\""));
        folder.write(&format!("{place}/{MANIFEST_FILE}"), manifest);
    }
    let registry = folder.registry();
    assert_eq!(registry.find("layered").unwrap().info().version.to_string(), "1.10.0");
    assert_not_mapped(&folder.path("older"));
    assert_not_mapped(&folder.path("middle"));
    assert_eq!(registry.find("layered@1.9").unwrap().info().version.to_string(), "1.9.0");
    assert_not_mapped(&folder.path("older"));
}

/// The manifest of the plugin of backend `name` in the bundle `place`.
fn text_as(folder: &Folder, place: &str, name: &str) -> String {
    let from = fs::read(folder.path(&format!("{place}/librlx_{name}.so"))).unwrap();
    let scratch = Folder::new();
    scratch.subfolder(name);
    scratch.write(&format!("{name}/librlx_{name}.so"), from);
    text(&scratch, name)
}
