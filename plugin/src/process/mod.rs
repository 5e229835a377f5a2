//! The plugin as a guest in the host's process.
//!
//! * [`gate`]: who may call MLX. [`running`]: what tells that a kernel calls the plugin.
//! * [`signals`]: none arrives on a thread that is not the host's.

pub(crate) mod gate;
pub(crate) mod running;
pub(crate) mod signals;
