//! The array operations as methods of `ArrayOps`, one file for each family. Written by `cargo xtask array-ops`. Do not edit.

mod attention;
mod binary;
mod conv;
mod create;
mod fft;
mod gather;
mod kinds;
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

pub use kinds::{FftNorm, Mask, Quant, Reduce, Unary, Update};
