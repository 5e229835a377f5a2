//! Every op of the plugin against an oracle that shares no code with it, through the ABI, in all three modes.
//!
//! `plugin::run` asserts that the modes agree bit for bit, so each case below is also a test of that.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod attention;
mod binary;
mod channel_norm;
mod complex;
mod conv;
mod conv_chain;
mod cross_entropy;
mod dealt;
mod elementwise;
mod fused;
mod gather;
mod integer_products;
mod laws;
mod linalg;
mod matmul;
mod modulation;
mod norm;
mod numerics;
mod pad;
mod pool;
mod random;
mod reduce;
mod region;
mod residual;
mod resize;
mod rope;
mod rounding;
mod sample;
mod scan;
mod scatter;
mod shape;
mod softmax;
mod sort;
mod table;
mod unary;
