//! The array operations as methods of [`Array`](super::array::Array), one file for each family. Each returns lazy arrays. Written
//! by `cargo xtask array-ops`. Do not edit.

#![allow(
    dead_code,
    clippy::too_many_arguments,
    clippy::wrong_self_convention,
    reason = "all that the shim has; rules use a part of it"
)]

mod attention;
mod binary;
mod conv;
mod create;
mod fft;
mod gather;
mod linalg;
mod matmul;
mod norm;
mod quantized;
mod random;
mod reduce;
mod rope;
mod scan;
mod scatter;
mod shape;
mod softmax;
mod sort;
mod unary;
