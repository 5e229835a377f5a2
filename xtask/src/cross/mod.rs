//! Building for another machine than this one: what has to be installed, and what cargo has to be told.

mod linux;
mod rust;

use std::path::PathBuf;
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

    /// Builds the unit tests of a package; where the programs are.
    pub(crate) fn tests(self, workspace: &Workspace, package: &str) -> Result<Vec<PathBuf>> {
        let mut build = workspace.cargo(["test", "--release", "-p", package]);
        self.choose(&mut build)?;
        let said = cargo::capture(build.args(["--lib", "--no-run", "--message-format=json-render-diagnostics"]))?;
        Ok(cargo::executables(&said))
    }

    /// Has cargo build for this machine.
    ///
    /// # Errors
    /// What is not installed, with how to install it.
    pub(crate) fn choose(self, command: &mut Command) -> Result<()> {
        rust::check_std(self.triple())?;
        let environment = match self {
            Self::LinuxAarch64 => linux::environment()?,
        };
        command.args(["--target", self.triple()]).envs(environment);
        Ok(())
    }

    /// Where cargo puts what it builds for this machine.
    pub(crate) fn target_dir(self, workspace: &Workspace) -> PathBuf {
        workspace.target_dir.join(self.triple())
    }
}
