//! Kernels of the host's own, as nodes of MLX's graph.
//!
//! A program takes the kernels of its custom ops from the backend's registry when it is compiled, and keeps them. Lowering
//! an `Op::Custom` node gives a lazy array whatever the kind of its kernel, so the node is traced, replayed and evaluated
//! with the rest of the graph.
//!
//! * [`set`](self::set): the kernels of one program. [`custom`](self::custom): one node of a custom op.
//! * [`composed`](self::composed), [`host`](self::host), [`source`](self::source): one node, by kind of kernel.
//! * [`array_ops`](self::array_ops): the operations that composed kernels build with.

mod array_ops;
mod composed;
pub(crate) mod custom;
mod host;
pub(crate) mod set;
mod source;

/// The table of operations.
pub use array_ops::table as array_ops;
pub(crate) use set::KernelSet;
