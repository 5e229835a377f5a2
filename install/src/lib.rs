//! Installs plugin bundles into a plugin folder, and removes them.
//!
//! ```no_run
//! use rlx_host_api::discovery::{Registry, SearchPath};
//! use rlx_plugin_install::{PluginFolder, Source};
//!
//! let folder = PluginFolder::new(SearchPath::of_user().expect("a user's folder"));
//! let source: Source = "rlx_mlx-0.1.0-linux-x86_64-cpu.tar.zst".into();
//! let installed = folder.install(&source, &Registry::from_env())?;
//! println!("{}", installed.folder.display());
//! # Ok::<(), rlx_host_api::Error>(())
//! ```
//!
//! # What a host sees
//! A bundle is unpacked in [`PRIVATE_FOLDER`], on the same file system as its place and too deep for discovery. There it is
//! examined and opened as a host would do it, and what a host would refuse is refused. Then one rename puts it in place, or
//! exchanges it with another build of the same version. So a process that is killed, at whatever moment, leaves either what was
//! there before or all of the bundle; what else it leaves, the next call deletes. A lock lets one process work on a folder at a
//! time.
//!
//! # Archives
//! A tar file (ustar), compressed as one frame of Zstandard: one folder, in it `manifest.toml` first and then every file that
//! it lists, and nothing else. Since the manifest comes first, every entry is checked before a byte of it is written.
//!
//! This is a crate of its own because a plugin, and a host that installs nothing, has no use for tar and Zstandard.
#![deny(missing_docs)]

mod archive;
mod bundle;
mod files;
mod folder;
mod origin;
mod place;
mod rules;
mod source;
mod unpacked;

pub use folder::{Installed, PluginFolder};
pub use origin::{ORIGIN_FILE, Origin};
pub use place::PRIVATE_FOLDER;
pub use source::Source;
