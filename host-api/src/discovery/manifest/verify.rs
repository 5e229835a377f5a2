//! Whether what a manifest says is true: of this machine and the files, before anything is opened, and of the plugin.

use super::{Manifest, files};
use crate::abi::{ABI_OLDEST, RlxVersion};
use crate::discovery::Refusal;
use crate::discovery::file::{self, Closed};
use crate::negotiate::{VersionRange, select};
use crate::{DeviceInfo, PluginInfo};
use std::env::consts::{ARCH, OS};
use std::path::{Path, PathBuf};

impl Manifest {
    /// Whether it is for this machine and host, and each listed file in `folder` is as listed.
    pub(in crate::discovery) fn verify(&self, folder: &Path) -> Result<(), Refusal> {
        if (&*self.target.os, &*self.target.arch) != (OS, ARCH) {
            let found = format!("{}-{}", self.target.os, self.target.arch);
            return Err(Refusal::OtherTarget { found, expected: format!("{OS}-{ARCH}") });
        }
        if select(VersionRange::OURS, self.abi).is_none() {
            let older = if self.abi.newest < ABI_OLDEST { "plugin" } else { "host" };
            return Err(Refusal::AbiMismatch { plugin: self.abi, host: VersionRange::OURS, older });
        }
        self.verify_files(folder)
    }

    fn verify_files(&self, folder: &Path) -> Result<(), Refusal> {
        let paths: Vec<PathBuf> = self.paths(folder).collect();
        // Cheap and often enough: what is missing or cut short needs no hash.
        for (listed, path) in self.files.iter().zip(&paths) {
            let differs = |difference| Err(Refusal::ListedFileDiffers { file: listed.path.clone(), difference });
            match file::look(path) {
                Ok(found) if found.len() != listed.size => {
                    return differs(format!("it has {} bytes, listed are {}", found.len(), listed.size));
                }
                Ok(_) => {}
                Err(closed @ Closed::NotAFile(_)) => return differs(closed.to_string()),
                Err(Closed::System(_)) => return Err(Refusal::ListedFileMissing { file: listed.path.clone() }),
            }
        }
        for ((listed, path), measured) in self.files.iter().zip(&paths).zip(files::measure(&paths)) {
            let unreadable = |e: std::io::Error| Refusal::Unreadable { path: path.clone(), reason: e.to_string() };
            let (_, sha256) = measured.map_err(unreadable)?;
            if sha256 != listed.sha256 {
                let difference = format!("its SHA-256 is {sha256}, listed is {}", listed.sha256);
                return Err(Refusal::ListedFileDiffers { file: listed.path.clone(), difference });
            }
        }
        Ok(())
    }

    /// The listed files, in `folder`.
    pub(in crate::discovery) fn paths(&self, folder: &Path) -> impl Iterator<Item = PathBuf> {
        self.files.iter().map(move |listed| folder.join(&listed.path))
    }

    /// Whether the opened plugin is the one described.
    pub(in crate::discovery) fn agrees(
        &self,
        info: &PluginInfo,
        abi: RlxVersion,
        devices: &[DeviceInfo],
    ) -> Result<(), Refusal> {
        let differs =
            |field, manifest: String, plugin: String| Err(Refusal::ManifestDisagrees { field, manifest, plugin });
        let pairs = [
            ("name", &self.name, &info.name),
            ("version", &self.version.to_string(), &info.version.to_string()),
            ("engine", &self.engine, &info.engine),
            ("engine_version", &self.engine_version, &info.engine_version),
        ];
        for (field, manifest, plugin) in pairs {
            if manifest != plugin {
                return differs(field, manifest.clone(), plugin.clone());
            }
        }
        if abi < self.abi.oldest || self.abi.newest < abi {
            return differs("abi", self.abi.to_string(), abi.to_string());
        }
        match devices.iter().find(|device| !self.devices.contains(&device.kind)) {
            Some(device) => {
                let listed: Vec<String> = self.devices.iter().map(ToString::to_string).collect();
                differs("devices", format!("[{}]", listed.join(", ")), device.kind.to_string())
            }
            None => Ok(()),
        }
    }
}
