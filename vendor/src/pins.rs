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
    /// What it is used as, such as a flavour of MLX, `openblas` or `model`.
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
    /// Version of Python, such as `3.11`; absent for wheels that fit all.
    pub python: Option<String>,
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
        self.wheel.iter().find(|wheel| wheel.fits(target)).ok_or_else(|| {
            let mut available: Vec<String> = self.wheel.iter().map(|w| format!("{}-{}", w.os, w.arch)).collect();
            available.dedup();
            Error::Unsupported { package: self.label(), target: target.to_string(), available: available.join(", ") }
        })
    }

    /// The wheel for a target and a version of Python, such as `3.11`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] as for [`wheel_for`](Self::wheel_for), [`Error::OtherPython`], which lists the versions
    /// that are pinned.
    pub fn wheel_for_python(&self, target: &Target, python: &str) -> Result<&Wheel, Error> {
        self.wheel_for(target)?;
        let fitting = || self.wheel.iter().filter(|wheel| wheel.fits(target));
        fitting().find(|wheel| wheel.python.as_deref().is_none_or(|version| version == python)).ok_or_else(|| {
            Error::OtherPython {
                package: self.label(),
                python: python.to_owned(),
                available: fitting().filter_map(|wheel| wheel.python.as_deref()).collect::<Vec<_>>().join(", "),
            }
        })
    }
}

impl Wheel {
    fn fits(&self, target: &Target) -> bool {
        let fits = |want: &str, have: &str| want == "any" || want == have;
        fits(&self.os, &target.os) && fits(&self.arch, &target.arch)
    }

    /// Eight digits of the hash, which tell it from other wheels in the names of folders and libraries.
    pub(crate) fn tag(&self) -> &str {
        &self.sha256[..8.min(self.sha256.len())]
    }

    /// The oldest glibc (major, minor) that the wheel runs on, where its platform tag says so.
    pub(crate) fn glibc(&self) -> Option<(u32, u32)> {
        let mut parts = self.platform.as_deref()?.strip_prefix("manylinux_")?.split('_');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }
}
