//! Fetching MLX and its companions, with a progress bar, before a build script would do it unseen.

use std::path::PathBuf;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use rlx_mlx_vendor::{Flavour, Mlx, OpenBlas, Progress, Store, Target};

use crate::cargo::Workspace;

/// What the plugin is built from.
pub(crate) struct Provisioned {
    pub(crate) target: Target,
    pub(crate) flavour: Flavour,
    pub(crate) mlx: Mlx,
    pub(crate) openblas: Option<OpenBlas>,
}

/// Provisions what the plugin needs for this machine.
pub(crate) fn libraries(workspace: &Workspace) -> Result<Provisioned> {
    libraries_for(workspace, Target::host())
}

/// Provisions what the plugin needs for a machine.
pub(crate) fn libraries_for(workspace: &Workspace, target: Target) -> Result<Provisioned> {
    let store = Store::in_target(&workspace.target_dir)?;
    let flavour = Flavour::selected(&target)?;
    let bar = Bar::new();
    Ok(Provisioned {
        mlx: store.mlx(flavour, &target, &bar)?,
        openblas: store.openblas(&target, &bar)?,
        target,
        flavour,
    })
}

/// Provisions the demo's model and returns its folder.
pub(crate) fn model(workspace: &Workspace) -> Result<PathBuf> {
    Ok(Store::in_target(&workspace.target_dir)?.model(&Bar::new())?)
}

/// Provisions the packages that the tests of Python hosts import and returns their folder.
pub(crate) fn python_site(workspace: &Workspace) -> Result<PathBuf> {
    Ok(Store::in_target(&workspace.target_dir)?.python_site(&Bar::new())?)
}

/// Provisions the packages of the real models, with what reads them, and returns their folder.
pub(crate) fn models_site(workspace: &Workspace) -> Result<PathBuf> {
    Ok(Store::in_target(&workspace.target_dir)?.models_site(&Bar::new())?)
}

/// Provisions libclang and returns its folder.
pub(crate) fn libclang(workspace: &Workspace) -> Result<PathBuf> {
    Ok(Store::in_target(&workspace.target_dir)?.libclang(&Bar::new())?)
}

/// Provisions clang-format and returns the program.
pub(crate) fn clang_format(workspace: &Workspace) -> Result<PathBuf> {
    Ok(Store::in_target(&workspace.target_dir)?.clang_format(&Bar::new())?)
}

/// A bar on standard error; plain lines where that is not a terminal. Shows nothing as long as nothing happens.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes}");
        let bar = ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        Self(bar)
    }
}

impl Progress for Bar {
    fn step(&self, message: &str) {
        if self.0.is_hidden() {
            eprintln!("{message}");
        }
        self.0.set_message(message.to_owned());
    }

    fn bytes(&self, done: u64, total: u64) {
        self.0.set_length(total);
        self.0.set_position(done);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
