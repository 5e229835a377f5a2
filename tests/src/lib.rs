//! What the integration tests share: the staged plugin, tensors, graphs of a few ops, oracles, comparisons, runs of rlx-run.
//!
//! It is test code, so it panics where a test would.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

pub mod bytes;
pub mod compare;
pub mod faulty;
#[cfg(unix)]
pub mod fuzz;
pub mod graph;
pub mod oracle;
pub mod plugin;
pub mod python;
#[cfg(unix)]
pub mod ranks;
pub mod rlx_run;
pub mod runtime;
pub mod sparse;
pub mod tensor;

/// The README's program, compiled as a doc test.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
