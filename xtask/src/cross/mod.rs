//! Building for another machine than this one: what has to be installed, and what cargo has to be told.

mod linux;
mod rust;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;
use clap::ValueEnum;
use rlx_mlx_vendor::Target;

use crate::cargo::{self, Workspace};

/// A machine to build for, by the name that Rust gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Platform {
    /// Linux on 64-bit ARM.
    #[value(name = linux::TRIPLE)]
    LinuxAarch64,
}

impl Platform {
    fn triple(self) -> &'static str {
        match self {
            Self::LinuxAarch64 => linux::TRIPLE,
        }
    }

    /// The machine in the words of the pins.
    pub(crate) fn target(self) -> Target {
        match self {
            Self::LinuxAarch64 => Target { os: "linux".to_owned(), arch: "aarch64".to_owned() },
        }
    }

    /// Builds a package with the release profile.
    pub(crate) fn build(self, workspace: &Workspace, package: &str) -> Result<()> {
        cargo::run(&mut self.cargo(workspace, "build", package)?)
    }

    /// Builds the unit tests of a package; where the programs are.
    pub(crate) fn tests(self, workspace: &Workspace, package: &str) -> Result<Vec<PathBuf>> {
        let mut build = self.cargo(workspace, "test", package)?;
        let said = cargo::capture(build.args(["--lib", "--no-run", "--message-format=json-render-diagnostics"]))?;
        Ok(cargo::executables(&said))
    }

    fn cargo(self, workspace: &Workspace, command: &str, package: &str) -> Result<Command> {
        rust::check_std(self.triple())?;
        let environment = match self {
            Self::LinuxAarch64 => linux::environment()?,
        };
        let mut cargo = workspace.cargo([command, "--release", "--target", self.triple(), "-p", package]);
        cargo.envs(environment);
        Ok(cargo)
    }

    /// A file that [`build`](Self::build) has built.
    pub(crate) fn built(self, workspace: &Workspace, file: impl AsRef<Path>) -> PathBuf {
        workspace.target_dir.join(self.triple()).join("release").join(file)
    }

    /// The program that takes the debug information out of a file.
    pub(crate) fn strip(self) -> &'static str {
        match self {
            Self::LinuxAarch64 => linux::STRIP,
        }
    }
}
