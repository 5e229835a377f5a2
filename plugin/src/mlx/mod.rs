//! Safe Rust over the shim, and what of MLX's the process has one of.
//!
//! * [`array`]: an array, lazy or evaluated. [`ops`]: the array operations, written from the shim's
//!   headers; [`arguments`]: what those take.
//!   [`slices`]: slices and views made of them.
//! * [`device`], [`dtypes`], [`extents`]: where, of what, and how large.
//! * [`trace`], [`part`]: a traced function, and a computed part of a buffer. [`watch`]: when primitives are computed.
//! * [`lanes`]: streams that executables share.
//! * [`memory`], [`allocator`]: the allocator and what it is asked.
//! * [`library`]: which MLX the process gave the plugin. [`errors`]: the shim's codes.

#[cfg(own_allocator)]
mod allocator;
pub(crate) mod arguments;
pub(crate) mod array;
pub(crate) mod device;
pub(crate) mod dtypes;
pub(crate) mod errors;
pub(crate) mod extents;
pub(crate) mod lanes;
pub(crate) mod library;
pub(crate) mod memory;
mod ops;
pub(crate) mod part;
mod slices;
pub(crate) mod trace;
pub(crate) mod watch;
