//! The plugin as a guest in the host's process.
//!
//! * [`gate`]: who may call MLX. [`running`]: what tells that a kernel calls the plugin.

pub(crate) mod gate;
pub(crate) mod running;
