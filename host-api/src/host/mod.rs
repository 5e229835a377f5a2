//! The host side: find a plugin, load it, and use it through safe handles.

mod backend;
mod executable;
mod extensions;
mod layout;
mod load;
mod options;
mod plugin;
mod services;

pub use backend::Backend;
pub use executable::Executable;
pub use extensions::{BatchRun, CommunicationBackend, Group, GroupOptions};
pub use options::{BackendOptions, CompileOptions};
pub use plugin::Plugin;
