//! Provisions the pinned MLX (and its companions) from PyPI wheels.
//!
//! [`Store`] is the entry point. It keeps unpacked wheels in one folder under cargo's target directory, shared by
//! every profile. Something that is already there costs neither pip nor the network; something that is not is
//! downloaded with `pip download --require-hashes`, checked again, unpacked beside its final place and renamed into
//! it, under a file lock. So builds may run at once, and a killed one leaves nothing half done.
//!
//! On Linux, MLX and its companions are then copied under names of their own, so that another MLX in the same process is
//! another library; an install that `RLX_MLX_PREFIX` names is used as it is.
//!
//! ```no_run
//! # fn main() -> Result<(), rlx_mlx_vendor::Error> {
//! use rlx_mlx_vendor::{Flavour, Silent, Store, Target};
//!
//! let store = Store::for_build_script()?;
//! let target = Target::from_cargo()?;
//! let mlx = store.mlx(Flavour::selected(&target)?, &target, &Silent)?;
//! println!("cargo::rustc-link-search=native={}", mlx.lib.display());
//! # Ok(())
//! # }
//! ```
//!
//! # Environment
//! [`ENV_VARS`] lists the variables that change what is provisioned; a build script reruns on them:
//! - `RLX_MLX_FLAVOUR`: `cpu`, `cuda12`, `cuda13` or `metal`;
//! - `RLX_MLX_PREFIX`: an MLX install to use instead of a wheel (see [`Mlx::from_prefix`]);
//! - `RLX_PYTHON`: the python whose pip downloads, and that tests run (default `python3`).
//!
//! pip's own variables work as ever; `PIP_FIND_LINKS` with a folder of wheels makes an offline build possible.

mod error;
mod flavour;
mod mlx;
mod openblas;
mod pins;
mod pip;
mod private;
mod progress;
mod store;
mod wheel;

#[cfg(test)]
mod tests;

pub use error::Error;
pub use flavour::{Flavour, Target};
pub use mlx::{BundleFile, Mlx};
pub use openblas::OpenBlas;
pub use pins::{Package, Pins, Wheel};
pub use progress::{Progress, Silent};
pub use store::{Settings, Store};

/// The MLX release that the shim's sources are written against: the version of every MLX wheel in `pins.toml`.
pub const MLX_VERSION: &str = "0.32.4";

/// Environment variables that change what is provisioned, for `cargo::rerun-if-env-changed`.
pub const ENV_VARS: &[&str] = &["RLX_MLX_FLAVOUR", "RLX_MLX_PREFIX", "RLX_PYTHON"];
