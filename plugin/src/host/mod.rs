//! Code of the processor as nodes of MLX's graph: kernels that the host registered, and ops of the plugin's own that MLX lacks.
//!
//! * [`code`]: what such a node computes with. [`bridge`]: from that to a lazy array.
//! * [`failures`]: where errors wait for the run that they belong to. [`reports`]: those, and times.
//! * [`elements`]: elements of its operands by their type.
//! * The rest is what is computed here, a family a file: [`unary`], [`elementwise`], [`along`], [`normalize`], [`linear`],
//!   [`integers`], [`conv`], [`pool`], [`attention`], [`cross_entropy`] with the kernels of the crate rlx-mlx-cpu, where a device
//!   computes in host memory; the others on all devices.

pub(crate) mod along;
pub(crate) mod attention;
pub(crate) mod bridge;
pub(crate) mod code;
pub(crate) mod conv;
pub(crate) mod cross_entropy;
mod elements;
pub(crate) mod elementwise;
pub(crate) mod failures;
pub(crate) mod fma;
pub(crate) mod histogram;
pub(crate) mod integers;
pub(crate) mod linear;
pub(crate) mod normalize;
pub(crate) mod pool;
pub(crate) mod random;
pub(crate) mod reports;
pub(crate) mod sample;
pub(crate) mod unary;
