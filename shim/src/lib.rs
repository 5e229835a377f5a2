//! Bindings of the C shim over MLX. Every function is unsafe in the way C is: see the headers in `include/` for what
//! each one asks of its pointers. The plugin's `Array` is the safe layer on top.
#![allow(non_camel_case_types)]

// Generated; its documentation is the headers', which is not written for rustdoc.
#[allow(rustdoc::all, clippy::doc_lazy_continuation, clippy::doc_overindented_list_items)]
mod ffi;

pub use ffi::*;
