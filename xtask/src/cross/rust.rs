//! The standard library of another machine.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::cargo;

/// Fails unless the standard library for `triple` is installed.
pub(super) fn check_std(triple: &str) -> Result<()> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let folder = cargo::capture(Command::new(rustc).args(["--target", triple, "--print", "target-libdir"]))?;
    let holds_std = |entry: std::fs::DirEntry| entry.file_name().to_string_lossy().starts_with("libstd-");
    if !Path::new(folder.trim()).read_dir().is_ok_and(|entries| entries.flatten().any(holds_std)) {
        bail!("Rust's standard library for {triple} is not installed: `rustup target add {triple}` installs it");
    }
    Ok(())
}
