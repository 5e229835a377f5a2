//! Comparisons against an oracle's f64 values.

use crate::tensor::{Tensor, round_to};
use rlx_ir::DType;

/// Distance from 1 to the next value; one correctly rounded operation errs by half of it, relatively.
pub fn epsilon(dtype: DType) -> f64 {
    match dtype {
        DType::F32 => f32::EPSILON.into(),
        DType::F16 => half::f16::EPSILON.into(),
        DType::BF16 => half::bf16::EPSILON.into(),
        DType::F64 => f64::EPSILON,
        _ => 0.0,
    }
}

/// The smallest positive value: what rounding next to zero loses.
pub fn smallest(dtype: DType) -> f64 {
    match dtype {
        DType::F32 => f32::from_bits(1).into(),
        DType::F16 => half::f16::from_bits(1).into(),
        DType::BF16 => half::bf16::from_bits(1).into(),
        DType::F64 => f64::from_bits(1),
        _ => 0.0,
    }
}

/// Asserts `|got - want| <= bound(i, want)` for each element. NaN matches NaN only; what overflows the dtype is
/// infinite there, and infinities match exactly.
pub fn assert_within(what: &str, got: &Tensor, want: &[f64], bound: impl Fn(usize, f64) -> f64) {
    assert_eq!(got.values.len(), want.len(), "{what}: number of elements");
    for (i, (&g, &w)) in got.values.iter().zip(want).enumerate() {
        let rounded = round_to(got.dtype, w);
        let close = if w.is_nan() || rounded.is_infinite() {
            (g.is_nan() && w.is_nan()) || g == rounded
        } else {
            (g - w).abs() <= bound(i, w) + smallest(got.dtype)
        };
        assert!(
            close,
            "{what} {:?}: element {i} is {g}, expected {w}, off by {:.3e}, allowed {:.3e}",
            got.dims,
            (g - w).abs(),
            bound(i, w)
        );
    }
}

/// Asserts a relative error of at most `ulps` epsilons of the dtype.
pub fn assert_ulps(what: &str, got: &Tensor, want: &[f64], ulps: f64) {
    let epsilon = epsilon(got.dtype);
    assert_within(what, got, want, |_, w| ulps * epsilon * w.abs());
}

/// Asserts equal values, -0 equal to 0, NaN equal to NaN.
pub fn assert_same(what: &str, got: &Tensor, want: &[f64]) {
    assert_eq!(got.values.len(), want.len(), "{what}: number of elements");
    for (i, (&g, &w)) in got.values.iter().zip(want).enumerate() {
        assert!(g == w || (g.is_nan() && w.is_nan()), "{what} {:?}: element {i} is {g}, expected {w}", got.dims);
    }
}
