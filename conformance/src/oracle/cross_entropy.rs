//! Losses of rows of logits.

use super::exact_sum;
use crate::compare::Expected;
use crate::tensor::Tensor;
use crate::tolerance::SOFTMAX;

/// The largest of a row, and log Σ e^(z - largest): of one and what the others come to, which may be too small to show in
/// their sum.
fn log_sum(row: &[f64]) -> (f64, f64) {
    let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let own = row.iter().position(|&z| z == largest);
    let others = row.iter().enumerate().filter(|&(at, _)| Some(at) != own).map(|(_, z)| (z - largest).exp());
    (largest, exact_sum(others).ln_1p())
}

/// `SoftmaxCrossEntropy`: log Σ e^z - Σ t z.
pub fn dense(logits: &Tensor, targets: &Tensor) -> Expected {
    let (values, targets, classes) = (logits.reals(), targets.reals(), logits.dims[1]);
    let rows = values.chunks(classes).zip(targets.chunks(classes)).map(|(row, targets)| {
        let (largest, log_sum) = log_sum(row);
        // Taken from the largest, so that equal parts cancel before they are rounded.
        let below = exact_sum(row.iter().zip(targets).map(|(z, t)| t * (z - largest)));
        let rest = 1.0 - exact_sum(targets.iter().copied());
        let size: f64 = row.iter().zip(targets).map(|(z, t)| (t * z).abs()).sum();
        (log_sum - below + rest * largest, log_sum + largest.abs() + size)
    });
    let (found, sizes) = rows.unzip();
    Expected::real(logits.dtype, &logits.dims[..1], found, SOFTMAX).scaled(sizes).of_terms(classes)
}

/// `SoftmaxCrossEntropyWithLogits`: log Σ e^z - z of the label.
pub fn labelled(logits: &Tensor, labels: &Tensor) -> Expected {
    let (values, classes) = (logits.reals(), logits.dims[1]);
    let rows = values.chunks(classes).zip(labels.reals()).map(|(row, label)| {
        let (largest, log_sum) = log_sum(row);
        let below = row[label as usize] - largest;
        (log_sum - below, log_sum + below.abs())
    });
    let (found, sizes) = rows.unzip();
    Expected::real(logits.dtype, &logits.dims[..1], found, SOFTMAX).scaled(sizes).of_terms(classes)
}
