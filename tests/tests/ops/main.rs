//! Every op of the plugin against an oracle that shares no code with it, through the ABI, in all three modes.
//!
//! `plugin::run` asserts that the modes agree bit for bit, so each case below is also a test of that.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod attention;
mod binary;
mod conv;
mod dealt;
mod fused;
mod gather;
mod integer_products;
mod laws;
mod linalg;
mod matmul;
mod norm;
mod pool;
mod random;
mod reduce;
mod rope;
mod scan;
mod shape;
mod softmax;
mod sort;
mod table;
mod unary;
