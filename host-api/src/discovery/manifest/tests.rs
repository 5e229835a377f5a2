//! What is read, written, refused, and found out before and after a plugin is opened.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]

use super::*;
use crate::abi::{ABI_OLDEST, ABI_VERSION};
use crate::{DeviceInfo, PluginInfo, Threading};
use proptest::prelude::*;
use std::env::consts::{ARCH, OS};
use std::fs;
use tempfile::TempDir;

const PLUGIN: &str = "librlx_mlx.so";

/// A folder with a file for each part of a plugin, and its manifest.
fn bundle() -> (TempDir, Manifest) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("licenses")).unwrap();
    for (file, text) in [(PLUGIN, "plugin"), ("libmlx.so", "engine"), ("licenses/MIT", "licence"), ("empty", "")] {
        fs::write(folder.path().join(file), text).unwrap();
    }
    let manifest = described().describe_folder(folder.path()).unwrap();
    manifest.write(folder.path()).unwrap();
    (folder, manifest)
}

fn described() -> Manifest {
    Manifest {
        format: Manifest::FORMAT,
        name: "mlx".to_owned(),
        version: Version::new(0, 2, 0),
        plugin: PLUGIN.to_owned(),
        engine: "MLX".to_owned(),
        engine_version: "0.32.4".to_owned(),
        commit: None,
        devices: vec![DeviceKind::Cpu],
        abi: VersionRange::OURS,
        target: Target { os: OS.to_owned(), arch: ARCH.to_owned(), flavour: "cpu".to_owned() },
        files: Vec::new(),
    }
}

fn path(folder: &TempDir) -> PathBuf {
    folder.path().join(MANIFEST_FILE)
}

/// The reason for which the manifest is refused, once `edit` changed its text.
fn refused(edit: impl Fn(&str) -> String) -> String {
    let (folder, _) = bundle();
    let text = fs::read_to_string(path(&folder)).unwrap();
    let edited = edit(&text);
    assert_ne!(text, edited, "nothing changed");
    fs::write(path(&folder), edited).unwrap();
    match Manifest::read(&path(&folder)) {
        Err(Refusal::BadManifest { path: named, reason }) => {
            assert_eq!(named, path(&folder));
            assert!(!reason.contains('\n'), "{reason}");
            reason
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_written_is_read() {
    let (folder, manifest) = bundle();
    assert_eq!(Manifest::read(&path(&folder)), Ok(manifest.clone()));
    let listed: Vec<_> = manifest.files.iter().map(|file| (&*file.path, file.size)).collect();
    assert_eq!(listed, [("empty", 0), ("libmlx.so", 6), (PLUGIN, 6), ("licenses/MIT", 7)]);
    assert_eq!(manifest.verify(folder.path()), Ok(()));
    let again = manifest.clone().describe_folder(folder.path()).unwrap();
    assert_eq!(again, manifest, "it does not list itself");
}

#[test]
fn a_newer_manifest_may_know_more_but_not_have_another_format() {
    let (folder, manifest) = bundle();
    let text = fs::read_to_string(path(&folder)).unwrap();
    let more =
        text.replace("engine = ", "colour = \"blue\"\nengine = ").replace("[target]", "[target]\nlibc = \"musl\"");
    fs::write(path(&folder), more.replace("[\"cpu\"]", "[\"cpu\", \"npu\"]")).unwrap();
    let devices = vec![DeviceKind::Cpu, DeviceKind::Accelerator];
    assert_eq!(Manifest::read(&path(&folder)), Ok(Manifest { devices, ..manifest }));
    fs::write(path(&folder), "manifest = 2\nnothing = \"else\"\n").unwrap();
    assert_eq!(
        Manifest::read(&path(&folder)),
        Err(Refusal::NewerManifest { path: path(&folder), format: 2, known: 1 })
    );
}

#[test]
fn what_is_no_manifest_is_refused_with_the_place() {
    let without = |key: &'static str| {
        move |text: &str| text.lines().filter(|line| !line.starts_with(key)).map(|l| format!("{l}\n")).collect()
    };
    for key in ["manifest", "name", "version", "plugin", "engine ", "engine_version", "devices", "oldest", "os"] {
        let reason = refused(without(key));
        assert!(reason.contains(&format!("missing field `{}`", key.trim())), "{key}: {reason}");
    }
    let reason = refused(|text| text.replace("\"0.2.0\"", "\"new\""));
    assert!(reason.starts_with("line 3: "), "{reason}");
    assert!(refused(|text| text.replace("name = \"mlx\"", "name = \"mlx")).starts_with("line 2: "));
    assert!(refused(|text| text.replace(&format!("\"{ABI_OLDEST}\""), "\"4294967296.0.0\"")).contains("4294967296"));
    refused(|_| String::new());
    refused(|text| text.replace("size = 6", "size = -6"));
    assert!(refused(|text| text.to_owned() + &" ".repeat(1 << 20)).contains("longer"));
}

#[test]
fn a_list_that_leads_elsewhere_is_refused() {
    let listed = |path: &'static str| move |text: &str| text.replace("path = \"empty\"", &format!("path = \"{path}\""));
    for path in ["../empty", "/empty", "a/../../empty", "", ".", "./empty", ".."] {
        assert!(refused(listed(path)).contains("not below its folder"), "{path}");
    }
    assert!(refused(listed("libmlx.so")).contains("lists libmlx.so twice"));
    assert!(refused(|text| text.replace("path = \"librlx_mlx.so\"", "path = \"other\"")).contains("does not list"));
    assert!(refused(|text| text.replace("plugin = \"", "plugin = \"../")).contains("not a file name"));
    for hash in ["", "abc", &"g".repeat(64), &"A".repeat(64)] {
        let reason = refused(|text| {
            let at = text.find("sha256 = \"").unwrap() + "sha256 = \"".len();
            format!("{}{hash}{}", &text[..at], &text[at + 64..])
        });
        assert!(reason.contains("64 lowercase hexadecimal digits"), "{reason}");
    }
}

#[test]
fn a_manifest_governs_the_plugin_that_it_names() {
    let (folder, manifest) = bundle();
    let (own, other) = (folder.path().join(PLUGIN), folder.path().join("librlx_b.so"));
    for in_bundle in [true, false] {
        assert_eq!(Manifest::of(&own, in_bundle), Ok(Some(manifest.clone())));
    }
    assert_eq!(Manifest::of(&other, false), Ok(None), "another's, in a folder of many plugins");
    let Err(Refusal::BadManifest { reason, .. }) = Manifest::of(&other, true) else { panic!("not refused") };
    assert_eq!(reason, "it describes librlx_mlx.so, not librlx_b.so");
    fs::remove_file(path(&folder)).unwrap();
    assert_eq!(Manifest::of(&own, true), Ok(None));
    fs::create_dir(path(&folder)).unwrap();
    assert!(matches!(Manifest::of(&own, false), Err(Refusal::BadManifest { .. })), "a folder");
}

#[test]
#[cfg(unix)]
fn a_manifest_that_leads_nowhere_is_not_passed_over() {
    let (folder, _) = bundle();
    fs::remove_file(path(&folder)).unwrap();
    std::os::unix::fs::symlink("nowhere", path(&folder)).unwrap();
    assert!(matches!(Manifest::of(&folder.path().join(PLUGIN), true), Err(Refusal::BadManifest { .. })));
}

#[test]
fn another_machine_or_abi_is_refused_before_any_file_is_read() {
    let (folder, manifest) = bundle();
    fs::remove_file(folder.path().join("empty")).unwrap();
    let target = Target { arch: "pdp11".to_owned(), ..manifest.target.clone() };
    let other = Manifest { target, ..manifest.clone() };
    let (found, expected) = (format!("{OS}-pdp11"), format!("{OS}-{ARCH}"));
    assert_eq!(other.verify(folder.path()), Err(Refusal::OtherTarget { found, expected }));
    let major = |major| RlxVersion { major, minor: 0, patch: 0 };
    for (abi, older) in [(ABI_VERSION.major + 1, "host"), (0, "plugin")] {
        let abi = VersionRange { oldest: major(abi), newest: major(abi) };
        let refusal = Manifest { abi, ..manifest.clone() }.verify(folder.path()).unwrap_err();
        assert_eq!(refusal, Refusal::AbiMismatch { plugin: abi, host: VersionRange::OURS, older });
    }
    assert_eq!(manifest.verify(folder.path()), Err(Refusal::ListedFileMissing { file: "empty".to_owned() }));
}

#[test]
fn a_file_that_differs_is_named() {
    let (folder, manifest) = bundle();
    let differs = |file: &str, part: &str| match manifest.verify(folder.path()) {
        Err(Refusal::ListedFileDiffers { file: named, difference }) => {
            assert_eq!(named, file);
            assert!(difference.contains(part), "{difference}");
        }
        other => panic!("{other:?}"),
    };
    let engine = folder.path().join("libmlx.so");
    fs::write(&engine, "engin").unwrap();
    differs("libmlx.so", "5 bytes, listed are 6");
    fs::write(&engine, "Engine").unwrap();
    differs("libmlx.so", &manifest.files[1].sha256);
    fs::write(&engine, "engine").unwrap();
    assert_eq!(manifest.verify(folder.path()), Ok(()));
    fs::remove_file(folder.path().join("licenses/MIT")).unwrap();
    fs::create_dir(folder.path().join("licenses/MIT")).unwrap();
    differs("licenses/MIT", "not a file");
}

#[test]
fn a_plugin_that_is_another_than_described_is_refused() {
    let (_folder, manifest) = bundle();
    let info = PluginInfo {
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        vendor: String::new(),
        engine: manifest.engine.clone(),
        engine_version: manifest.engine_version.clone(),
        format_version: 1,
        opset: 1..=1,
        threading: Threading::Concurrent,
        ops: Vec::new(),
    };
    let device = |kind| DeviceInfo {
        kind,
        ordinal: 0,
        name: String::new(),
        hardware_id: String::new(),
        memory_bytes: 0,
        attributes: Vec::new(),
    };
    let cpu = [device(DeviceKind::Cpu)];
    assert_eq!(manifest.agrees(&info, ABI_VERSION, &cpu), Ok(()));
    assert_eq!(manifest.agrees(&info, ABI_VERSION, &[]), Ok(()), "a device need not be there");
    let field = |info: &PluginInfo, abi, devices: &[DeviceInfo]| match manifest.agrees(info, abi, devices) {
        Err(Refusal::ManifestDisagrees { field, manifest, plugin }) => {
            assert_ne!(manifest, plugin);
            field
        }
        other => panic!("{other:?}"),
    };
    let odd = || "odd".to_owned();
    let version = Version::parse("0.2.0-rc.1").unwrap();
    assert_eq!(field(&PluginInfo { name: odd(), ..info.clone() }, ABI_VERSION, &cpu), "name");
    assert_eq!(field(&PluginInfo { version, ..info.clone() }, ABI_VERSION, &cpu), "version");
    assert_eq!(field(&PluginInfo { engine: odd(), ..info.clone() }, ABI_VERSION, &cpu), "engine");
    assert_eq!(field(&PluginInfo { engine_version: odd(), ..info.clone() }, ABI_VERSION, &cpu), "engine_version");
    assert_eq!(field(&info, RlxVersion { minor: ABI_VERSION.minor + 1, ..ABI_VERSION }, &cpu), "abi");
    assert_eq!(field(&info, ABI_VERSION, &[device(DeviceKind::Cpu), device(DeviceKind::Gpu)]), "devices");
}

proptest! {
    /// Any change of any listed byte, and any cut, is found.
    #[test]
    fn damage_is_found(file in 0usize..3, at in 0usize..6, bit in 0u32..8, cut: bool) {
        let (folder, manifest) = bundle();
        let name = &manifest.files[file + 1].path;
        let path = folder.path().join(name);
        let mut bytes = fs::read(&path).unwrap();
        if cut { bytes.truncate(at) } else { bytes[at] ^= 1 << bit }
        fs::write(&path, bytes).unwrap();
        let found = matches!(manifest.verify(folder.path()), Err(Refusal::ListedFileDiffers { file, .. }) if file == *name);
        prop_assert!(found);
    }

    #[test]
    fn no_text_panics(text in prop_oneof![".*", "(manifest = 1\n)?([a-z]{1,8} = [0-9\"a-z\\[\\]]{0,8}\n){0,6}"]) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(path(&folder), text).unwrap();
        prop_assert!(Manifest::read(&path(&folder)).is_err());
    }
}
