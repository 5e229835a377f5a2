//! Found values against expected ones, in units in the last place.

use crate::format::Format;
use crate::tensor::{Tensor, Values};
use crate::tolerance::Tolerance;
use rlx_ir::DType;
use serde::{Deserialize, Serialize};

/// What an output should be.
#[derive(Debug, Clone)]
pub struct Expected {
    /// Extents.
    pub dims: Vec<usize>,
    /// Declared dtype.
    pub dtype: DType,
    /// The real-number results, before they are rounded to the dtype; whole numbers exactly.
    pub values: Values,
    /// The size of what each value is computed from, where it may be larger than the value.
    pub scale: Option<Vec<f64>>,
    /// How many terms each value is computed from.
    pub terms: usize,
    /// How far floats may be off.
    pub tolerance: Tolerance,
    /// Whether the sign of a zero counts.
    pub signed_zeros: bool,
}

impl Expected {
    /// Floats that may be off by `tolerance`.
    pub fn real(dtype: DType, dims: &[usize], values: Vec<f64>, tolerance: Tolerance) -> Self {
        let values = Values::Real(values);
        Self { dims: dims.to_vec(), dtype, values, scale: None, terms: 1, tolerance, signed_zeros: false }
    }

    /// Exactly this.
    pub fn exact(tensor: Tensor) -> Self {
        Self {
            dims: tensor.dims,
            dtype: tensor.dtype,
            values: tensor.values,
            scale: None,
            terms: 1,
            tolerance: crate::tolerance::EXACT,
            signed_zeros: true,
        }
    }

    /// Whole numbers, which wrap to `dtype`.
    pub fn whole(dtype: DType, dims: &[usize], values: Vec<i128>) -> Self {
        Self::exact(Tensor::whole(dtype, dims, values))
    }

    /// With the size of what each value is computed from.
    #[must_use]
    pub fn scaled(mut self, scale: Vec<f64>) -> Self {
        self.scale = Some(scale);
        self
    }

    /// With the number of terms of each value.
    #[must_use]
    pub fn of_terms(mut self, terms: usize) -> Self {
        self.terms = terms;
        self
    }

    /// With signs of zeros that count.
    #[must_use]
    pub fn with_signed_zeros(mut self) -> Self {
        self.signed_zeros = true;
        self
    }
}

/// What a comparison says.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// The worst error of a finite value, in ulps.
    pub worst: f64,
    /// How many elements are wrong.
    pub wrong: usize,
    /// How many there are.
    pub elements: usize,
    /// The wrong ones, a few of them.
    pub examples: Vec<Difference>,
}

/// An element that is wrong.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Difference {
    /// Its row-major position.
    pub at: usize,
    /// What it is.
    pub found: String,
    /// What it should be.
    pub expected: String,
    /// By how many ulps it is off; none for another kind of value.
    pub ulps: Option<f64>,
    /// How many are allowed.
    pub allowed: f64,
}

/// How many wrong elements are kept.
const EXAMPLES: usize = 4;

/// Compares an output with what it should be.
///
/// # Errors
/// Another dtype or shape, or bytes of another number of elements.
pub fn compare(found: &Tensor, expected: &Expected) -> Result<Comparison, String> {
    if (found.dtype, &found.dims) != (expected.dtype, &expected.dims) {
        return Err(format!(
            "the output is {:?}{:?}, expected {:?}{:?}",
            found.dtype, found.dims, expected.dtype, expected.dims
        ));
    }
    if found.values.len() != expected.values.len() {
        return Err(format!("{} elements, expected {}", found.values.len(), expected.values.len()));
    }
    let mut comparison = Comparison { elements: found.values.len(), ..Comparison::default() };
    for at in 0..comparison.elements {
        let (ulps, allowed) = match (&found.values, &expected.values) {
            (Values::Whole(found), Values::Whole(wanted)) => (whole_distance(found[at], wanted[at]), 0.0),
            (Values::Real(found), Values::Real(wanted)) => {
                let scale = expected.scale.as_ref().map_or(0.0, |scale| scale[at]);
                distance(found[at], wanted[at], scale, expected)
            }
            _ => (f64::INFINITY, 0.0),
        };
        if ulps.is_finite() {
            comparison.worst = comparison.worst.max(ulps);
        }
        if ulps > allowed {
            comparison.wrong += 1;
            if comparison.examples.len() < EXAMPLES {
                let (found, expected) = (found.values.show(at), expected.values.show(at));
                comparison.examples.push(Difference {
                    at,
                    found,
                    expected,
                    ulps: ulps.is_finite().then_some(ulps),
                    allowed,
                });
            }
        }
    }
    Ok(comparison)
}

fn whole_distance(found: i128, wanted: i128) -> f64 {
    (found - wanted).unsigned_abs() as f64
}

/// Error and allowance in units of the dtype at the expected value, or of its computing dtype at the scale, whichever is
/// larger.
fn distance(found: f64, wanted: f64, scale: f64, expected: &Expected) -> (f64, f64) {
    let Some(format) = Format::of(expected.dtype) else { return (f64::INFINITY, 0.0) };
    let same_sign = !expected.signed_zeros || found.is_sign_negative() == wanted.is_sign_negative();
    if wanted.is_nan() || found.is_nan() {
        return (if wanted.is_nan() && found.is_nan() { 0.0 } else { f64::INFINITY }, 0.0);
    }
    let rounded = format.round(wanted);
    if found == rounded && (found != 0.0 || same_sign) && (found.is_infinite() || wanted == rounded) {
        return (0.0, 0.0);
    }
    if wanted.is_infinite() || (found == 0.0 && wanted == 0.0) {
        return (f64::INFINITY, 0.0);
    }
    // What lies beyond the range counts as the value behind the last one.
    let behind = format.max + format.ulp(format.max);
    let inside = |value: f64| if value.abs() > format.max { behind.copysign(value) } else { value };
    let error = (inside(found) - inside(wanted)).abs();
    let computing = format.computing();
    let size = wanted.abs().max(if scale.is_finite() { scale } else { f64::INFINITY }).min(computing.max);
    let (own, step) = (format.ulp(inside(wanted)), computing.ulp(size));
    let unit = own.max(step);
    let units = expected.tolerance.units(expected.terms);
    let exact = expected.tolerance.ulps == 0.0;
    let allowed = match expected.dtype {
        // What is exact in real numbers is representable.
        _ if exact => 0.0,
        DType::F16 | DType::BF16 => 0.5 * own + units * step,
        DType::F64 | DType::C128 => (units + 1.0) * unit,
        _ => units * unit,
    };
    // The closed form is itself rounded to 53 bits.
    (error / unit, allowed / unit * (1.0 + 1e-6))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tolerance::{EXACT, ROUNDED};

    fn verdict(dtype: DType, found: f64, wanted: f64, tolerance: Tolerance) -> Comparison {
        let expected = Expected::real(dtype, &[], vec![wanted], tolerance).with_signed_zeros();
        compare(&Tensor::real(dtype, &[], vec![found]), &expected).unwrap()
    }

    #[test]
    fn values_are_told_apart_that_are_not_the_same() {
        let third = f64::from(1.0f32 / 3.0);
        let next = f64::from(f32::from_bits((1.0f32 / 3.0).to_bits() + 1));
        for (dtype, found, wanted, wrong) in [
            (DType::F32, third, 1.0 / 3.0, false),
            (DType::F32, next, 1.0 / 3.0, true),
            (DType::F32, f64::NAN, 0.0, true),
            (DType::F32, 0.0, f64::NAN, true),
            (DType::F32, f64::NAN, f64::NAN, false),
            (DType::F32, -0.0, 0.0, true),
            (DType::F32, f64::INFINITY, 1e39, false),
            (DType::F32, f64::INFINITY, f64::NEG_INFINITY, true),
            (DType::F32, f64::INFINITY, 1.0, true),
            (DType::F16, f64::INFINITY, 65536.0, false),
            (DType::F16, 1.0, 1.0 + 1.0 / 4096.0, false),
            (DType::F16, 1.0, 1.0 + 1.0 / 1024.0, true),
        ] {
            let verdict = verdict(dtype, found, wanted, ROUNDED);
            assert_eq!(verdict.wrong == 1, wrong, "{found} for {wanted} in {dtype:?}: {verdict:?}");
        }
    }

    #[test]
    fn what_is_exact_has_no_tolerance() {
        assert_eq!(verdict(DType::F16, 1.0 + 1.0 / 1024.0, 1.0, EXACT).wrong, 1);
        let expected = Expected::whole(DType::I64, &[1], vec![i64::MAX.into()]);
        let found = Tensor::whole(DType::I64, &[1], vec![i128::from(i64::MAX) - 1]);
        assert_eq!(compare(&found, &expected).unwrap().wrong, 1);
    }

    #[test]
    fn another_shape_is_an_error() {
        let expected = Expected::whole(DType::I8, &[2], vec![1, 2]);
        assert!(compare(&Tensor::whole(DType::I8, &[1, 2], vec![1, 2]), &expected).is_err());
    }
}
