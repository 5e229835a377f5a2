//! The closed forms, a file for each family: in f64 for floats, in 128-bit integers for the others.

pub mod attention;
pub mod backward;
pub mod binary;
pub mod blocks;
pub mod complex;
pub mod conv;
pub mod cross_entropy;
pub mod factor;
pub mod fused;
pub mod gather;
pub mod integer_products;
pub mod linalg;
pub mod matmul;
pub mod mixed;
pub mod modulation;
pub mod norm;
pub mod pool;
pub mod quantized;
pub mod reduce;
pub mod region;
pub mod rope;
pub mod sample;
pub mod scan;
pub mod scatter;
pub mod shape;
pub mod softmax;
pub mod sort;
pub mod unary;

/// A sum whose rounding errors are added up beside it (Neumaier 1974): f64 has no wider dtype to compute it in.
pub(crate) fn exact_sum(values: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut error) = (0.0f64, 0.0);
    for value in values {
        let new = sum + value;
        error += if sum.abs() >= value.abs() { (sum - new) + value } else { (value - new) + sum };
        sum = new;
    }
    if sum.is_finite() { sum + error } else { sum }
}
