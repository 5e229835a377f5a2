//! The closed forms, a file for each family: in f64 for floats, in 128-bit integers for the others.

pub mod attention;
pub mod binary;
pub mod conv;
pub mod fused;
pub mod gather;
pub mod linalg;
pub mod matmul;
pub mod norm;
pub mod pool;
pub mod quantized;
pub mod reduce;
pub mod rope;
pub mod scan;
pub mod scatter;
pub mod shape;
pub mod softmax;
pub mod sort;
pub mod unary;
