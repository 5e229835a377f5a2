//! Which build of MLX, and for which machine.

use std::env;
use std::fmt;
use std::str::FromStr;

use crate::Error;

/// A build of MLX, by the hardware it computes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flavour {
    /// Linux, CPU only.
    Cpu,
    /// Linux with CUDA 12.
    Cuda12,
    /// Linux with CUDA 13.
    Cuda13,
    /// macOS on Apple silicon.
    Metal,
}

impl Flavour {
    /// Every flavour, in the order of the table.
    pub const ALL: [Self; 4] = [Self::Cpu, Self::Cuda12, Self::Cuda13, Self::Metal];

    /// The flavour that works on every machine of this kind: `metal` on macOS, `cpu` on Linux.
    ///
    /// # Errors
    /// [`Error::UnsupportedTarget`] where no flavour exists.
    pub fn default_for(target: &Target) -> Result<Self, Error> {
        match (target.os.as_str(), target.arch.as_str()) {
            ("linux", "x86_64" | "aarch64") => Ok(Self::Cpu),
            ("macos", "aarch64") => Ok(Self::Metal),
            _ => Err(Error::UnsupportedTarget { target: target.to_string() }),
        }
    }

    /// The flavour that `RLX_MLX_FLAVOUR` names, else [`Flavour::default_for`] the target.
    ///
    /// # Errors
    /// [`Error::UnknownFlavour`] or [`Error::UnsupportedTarget`].
    pub fn selected(target: &Target) -> Result<Self, Error> {
        match env::var("RLX_MLX_FLAVOUR") {
            Ok(name) if !name.is_empty() => name.parse(),
            _ => Self::default_for(target),
        }
    }

    /// The name used in `pins.toml`, in `RLX_MLX_FLAVOUR` and in the names of distribution folders.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Cuda12 => "cuda12",
            Self::Cuda13 => "cuda13",
            Self::Metal => "metal",
        }
    }
}

impl fmt::Display for Flavour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Flavour {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::ALL
            .into_iter()
            .find(|flavour| flavour.name() == name)
            .ok_or_else(|| Error::UnknownFlavour { name: name.to_owned() })
    }
}

/// A machine to build for, in the words of `std::env::consts` and `CARGO_CFG_TARGET_*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// `linux` or `macos`.
    pub os: String,
    /// `x86_64` or `aarch64`.
    pub arch: String,
}

impl Target {
    /// The machine this code runs on.
    #[must_use]
    pub fn host() -> Self {
        Self { os: env::consts::OS.to_owned(), arch: env::consts::ARCH.to_owned() }
    }

    /// The machine that cargo builds for, in a build script.
    ///
    /// # Errors
    /// [`Error::NotABuildScript`] elsewhere.
    pub fn from_cargo() -> Result<Self, Error> {
        let read = |name| env::var(name).map_err(|_| Error::NotABuildScript(name));
        Ok(Self { os: read("CARGO_CFG_TARGET_OS")?, arch: read("CARGO_CFG_TARGET_ARCH")? })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.os, self.arch)
    }
}
