//! Sparse LU and sparse product as host kernels in a graph, on a system of 10,000 equations.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

mod functions;
mod graph;
