//! From IR nodes to MLX arrays: a table with one row for each op kind, one file for each family of ops.
//!
//! A family's file starts with its rows: op kind and fields, operands, what is accepted, and the value. All that is to be
//! known of an op is read from there: what the host is told, what is refused before anything is traced, how a node is
//! lowered.
//!
//! * [`rule`]: a row, and the macro that makes one. [`table`]: all of them.
//! * [`walk`]: lowers the nodes of a partition. [`scope`]: what the lowering of a node can see.
//! * [`prepared`]: values that depend on parameters alone. [`steps`]: what several families do.

mod activations;
mod attention;
mod attention_kernel;
mod binary;
mod channel_norm;
mod complex;
mod control;
mod conv;
mod conv_kernel;
mod conv_places;
mod cross_entropy;
mod custom;
mod elementwise;
mod floats;
mod fused;
mod gather;
mod group_norm;
mod heads;
mod integer_products;
mod leaf;
mod linalg;
mod linear;
mod masks;
mod matmul;
mod modulation;
mod norm;
mod pad;
mod pool;
pub(crate) mod prepared;
mod quantized;
mod random;
mod reduce;
mod region;
mod residual;
mod resize;
mod rope;
mod rows;
pub(crate) mod rule;
mod sample;
mod scan;
mod scatter;
mod scope;
mod shape;
mod softmax;
mod sort;
mod steps;
pub(crate) mod table;
mod transposed_places;
mod unary;
mod unary_backward;
pub(crate) mod walk;
mod windows;
