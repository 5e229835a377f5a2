//! Fake quantization.

use crate::case::each;
use crate::compare::Expected;
use crate::tensor::{Tensor, indices};
use crate::tolerance::FAKE_QUANTIZE;

/// Symmetric rounding to `bits`, with the scales given, or with those of the batch: one, or one for each index of `axis`.
pub fn fake_quantize(x: &Tensor, given: Option<&Tensor>, bits: u8, axis: Option<usize>) -> Expected {
    let values = x.reals();
    let most = f64::from((1i32 << (bits - 1)) - 1);
    let channel = |index: &[usize]| axis.map_or(0, |axis| index[axis]);
    let mut scales = vec![0.0f64; axis.map_or(1, |axis| x.dims[axis])];
    match given {
        Some(given) => scales = given.reals(),
        None => {
            for (index, value) in indices(&x.dims).zip(&values) {
                let scale = &mut scales[channel(&index)];
                *scale = scale.max(value.abs() / most);
            }
        }
    }
    let mut at = 0..;
    let found = each(&x.dims, |index| {
        let scale = scales[channel(&index)].max(1e-12);
        let value = values[at.next().unwrap_or(0)];
        (value / scale).round_ties_even().clamp(-most, most) * scale
    });
    Expected::real(x.dtype, &x.dims, found, FAKE_QUANTIZE)
}
