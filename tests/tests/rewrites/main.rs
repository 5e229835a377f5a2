//! Rewrites of the runtime that are not to be trusted: the ops that are claimed in place of them, what is refused and
//! when, and whether the table of them still holds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests fail as tests do")]

mod activation_backward;
mod conv_backward;
mod custom_ops;
mod double_floats;
mod fake_quantize;
mod group_norm_backward;
mod refusals;
mod resize;
mod table;
