//! The manifest of the plugin's folder; its format is host-api's.

use std::path::Path;

use anyhow::Result;
use rlx_host_api::DeviceKind;
use rlx_host_api::discovery::{Manifest, Target};
use rlx_host_api::negotiate::VersionRange;
use rlx_mlx_vendor as vendor;
use rlx_mlx_vendor::{Flavour, MLX_VERSION};

use crate::cargo::Workspace;
use crate::provision::Provisioned;

/// What the manifest says before its files are known; `commit` is what all of it was built from.
pub(crate) fn about(workspace: &Workspace, libraries: &Provisioned, commit: Option<String>) -> Result<Manifest> {
    Ok(Manifest {
        format: Manifest::FORMAT,
        name: "mlx".to_owned(),
        version: workspace.version("rlx-mlx-plugin")?.parse()?,
        plugin: plugin_file(&libraries.target).to_owned(),
        engine: "MLX".to_owned(),
        engine_version: MLX_VERSION.to_owned(),
        commit,
        devices: devices(libraries.flavour),
        abi: VersionRange::OURS,
        target: Target {
            os: libraries.target.os.clone(),
            arch: libraries.target.arch.clone(),
            flavour: libraries.flavour.to_string(),
        },
        files: Vec::new(),
    })
}

/// Writes the manifest of the plugin folder `folder`, which is otherwise complete, and returns it.
pub(crate) fn write(about: Manifest, folder: &Path) -> Result<Manifest> {
    let manifest = about.describe_folder(folder)?;
    manifest.write(folder)?;
    Ok(manifest)
}

/// The name of a bundle's folder and archive.
pub(crate) fn bundle_name(manifest: &Manifest) -> String {
    let Manifest { name, version, target, .. } = manifest;
    format!("rlx_{name}-{version}-{}-{}-{}", target.os, target.arch, target.flavour)
}

/// The plugin's file name on a system.
pub(crate) fn plugin_file(target: &vendor::Target) -> &'static str {
    if target.os == "macos" { "librlx_mlx.dylib" } else { "librlx_mlx.so" }
}

/// The kinds of devices that a flavour of MLX computes on.
fn devices(flavour: Flavour) -> Vec<DeviceKind> {
    match flavour {
        Flavour::Cpu => vec![DeviceKind::Cpu],
        Flavour::Cuda12 | Flavour::Cuda13 | Flavour::Metal => vec![DeviceKind::Cpu, DeviceKind::Gpu],
    }
}
