//! Archives of bundles around the fixture plugin, good ones and others.

use crate::fixture;
use rlx_host_api::discovery::{MANIFEST_FILE, Manifest, Target};
use rlx_host_api::negotiate::VersionRange;
use rlx_host_api::{DeviceKind, abi};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::fs;
use std::path::{Path, PathBuf};
use tar::{Builder, EntryType, Header};

/// The file that the bundles hold beside the plugin.
pub(crate) const DATA: &str = "data/weights.bin";

/// The bundle of backend `boxed` with this version, as a folder inside `folder`. Gives its path.
pub(crate) fn bundle(folder: &Path, version: &str, data: &[u8]) -> PathBuf {
    let settings = format!("name=boxed version={version}");
    bundle_of(folder, version, &settings, data)
}

/// The same, whose plugin has other settings.
pub(crate) fn bundle_of(folder: &Path, version: &str, settings: &str, data: &[u8]) -> PathBuf {
    let path = folder.join(format!("boxed-{version}"));
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(path.join("data")).unwrap();
    fs::write(path.join("librlx_boxed.so"), fixture::bytes(settings)).unwrap();
    fs::write(path.join(DATA), data).unwrap();
    let manifest = Manifest {
        format: Manifest::FORMAT,
        name: "boxed".to_owned(),
        version: version.parse().unwrap(),
        plugin: "librlx_boxed.so".to_owned(),
        engine: "fixture".to_owned(),
        engine_version: "7".to_owned(),
        commit: None,
        devices: vec![DeviceKind::Cpu],
        abi: VersionRange { oldest: abi::ABI_OLDEST, newest: abi::ABI_VERSION },
        target: Target {
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            flavour: "plain".to_owned(),
        },
        files: Vec::new(),
    };
    manifest.describe_folder(&path).unwrap().write(&path).unwrap();
    path
}

/// Changes the manifest of a bundle, whatever it says then.
pub(crate) fn edit_manifest(bundle: &Path, from: &str, to: &str) {
    let path = bundle.join(MANIFEST_FILE);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "`{from}` is not in\n{text}");
    fs::write(path, text.replace(from, to)).unwrap();
}

/// A tar file in the making.
pub(crate) struct Tar(Builder<Vec<u8>>);

impl Tar {
    pub(crate) fn new() -> Self {
        Self(Builder::new(Vec::new()))
    }

    /// The files of a bundle, its manifest first.
    pub(crate) fn of(bundle: &Path) -> Self {
        let mut tar = Self::new();
        for name in [MANIFEST_FILE, "librlx_boxed.so", DATA] {
            tar.file(&format!("boxed/{name}"), &fs::read(bundle.join(name)).unwrap());
        }
        tar
    }

    /// A regular file with whatever name.
    pub(crate) fn file(&mut self, path: &str, content: &[u8]) -> &mut Self {
        self.entry(path, EntryType::Regular, content.len() as u64, content)
    }

    /// An entry of whatever kind and size.
    pub(crate) fn entry(&mut self, path: &str, kind: EntryType, size: u64, content: &[u8]) -> &mut Self {
        let mut header = Header::new_ustar();
        // Written as it is: the crate would refuse names that lead out of a folder.
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(kind);
        if kind.is_symlink() || kind.is_hard_link() {
            header.set_link_name("/etc/passwd").unwrap();
        }
        header.set_mode(0o644);
        header.set_size(size);
        header.set_cksum();
        self.0.append(&header, content).unwrap();
        self
    }

    /// The tar file.
    pub(crate) fn bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }

    /// Writes it, compressed.
    pub(crate) fn write(self, path: &Path) -> PathBuf {
        write_compressed(path, &self.bytes())
    }
}

/// Writes what `tar` is as one frame.
pub(crate) fn write_compressed(path: &Path, tar: &[u8]) -> PathBuf {
    fs::write(path, compress_to_vec(tar, CompressionLevel::Fastest)).unwrap();
    path.to_path_buf()
}
