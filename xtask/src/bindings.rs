//! `cargo xtask bindings`: the shim's Rust declarations, written from its C headers.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use crate::cargo::{self, Workspace};
use crate::{generated, provision};

/// Writes `shim/src/ffi.rs` anew; with `check`, only fails if it is not what would be written.
pub(crate) fn run(workspace: &Workspace, check: bool) -> Result<()> {
    let libclang = provision::libclang(workspace)?;
    workspace.build("rlx-mlx-bindgen")?;
    let folder = workspace.target_dir.join("bindings");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let fresh = folder.join("ffi.rs");
    let shim = workspace.root.join("shim");
    let mut bindgen = Command::new(workspace.built("rlx-mlx-bindgen"));
    cargo::run(bindgen.arg(&shim).arg(&fresh).env("LIBCLANG_PATH", libclang))?;
    let mut rustfmt = Command::new("rustfmt");
    cargo::run(rustfmt.args(["--edition=2024", "--config-path"]).arg(&workspace.root).arg(&fresh))?;

    let written = fs::read_to_string(&fresh).with_context(|| format!("cannot read {}", fresh.display()))?;
    generated::update(&shim.join("src/ffi.rs"), &written, check, "cargo xtask bindings")
}
