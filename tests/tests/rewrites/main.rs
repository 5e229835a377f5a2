//! Rewrites of the runtime that are not to be trusted: the ops that are claimed in place of them, what is refused and
//! when, and whether the table of them still holds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod conv;
mod custom_ops;
mod double_floats;
mod group_norm;
mod moving;
mod products;
mod quantized;
mod refusals;
mod shape;
mod table;
mod unary_backward;
