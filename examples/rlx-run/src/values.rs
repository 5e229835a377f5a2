//! Reads tensor bytes as numbers, for tables and statistics.

use half::{bf16, f16};
use rlx_host_api::DType;
use serde::Serialize;

/// The elements of little-endian `data` as doubles; complex ones as real and imaginary parts in turn.
pub(crate) fn decode(dtype: DType, data: &[u8]) -> Vec<f64> {
    match dtype {
        DType::F32 | DType::C64 => each(data, |b| f32::from_le_bytes(b).into()),
        DType::F64 | DType::C128 => each(data, f64::from_le_bytes),
        DType::F16 => each(data, |b| f16::from_le_bytes(b).into()),
        DType::BF16 => each(data, |b| bf16::from_le_bytes(b).into()),
        DType::I8 => each(data, |b| i8::from_le_bytes(b).into()),
        DType::I16 => each(data, |b| i16::from_le_bytes(b).into()),
        DType::I32 => each(data, |b| i32::from_le_bytes(b).into()),
        // Above 2^53 the last digits of these two are lost; they only go to a table.
        DType::I64 => each(data, |b| i64::from_le_bytes(b) as f64),
        DType::U32 => each(data, |b| u32::from_le_bytes(b).into()),
        DType::U8 | DType::Bool => each(data, |b| u8::from_le_bytes(b).into()),
    }
}

fn each<const N: usize>(data: &[u8], convert: impl Fn([u8; N]) -> f64) -> Vec<f64> {
    let (elements, _) = data.as_chunks::<N>();
    elements.iter().map(|&element| convert(element)).collect()
}

/// What a table says about a tensor. JSON has no NaN or infinity; they become null.
#[derive(Debug, Serialize)]
pub(crate) struct Summary {
    /// The first few values.
    pub(crate) first: Vec<f64>,
    /// Smallest value; NaN of an empty tensor, or of one that holds a NaN.
    pub(crate) min: f64,
    /// Largest value; NaN as for `min`.
    pub(crate) max: f64,
    /// Mean value; NaN of an empty tensor.
    pub(crate) mean: f64,
}

impl Summary {
    /// Sums up `data`, with `first` leading values.
    pub(crate) fn of(dtype: DType, data: &[u8], first: usize) -> Self {
        let values = decode(dtype, data);
        // `f64::min` would skip a NaN, which is just what a table should show.
        let pick = |better: fn(f64, f64) -> bool| {
            let pick = |a: f64, b: f64| if a.is_nan() || better(a, b) { a } else { b };
            values.iter().copied().reduce(pick).unwrap_or(f64::NAN)
        };
        let (min, max) = (pick(|a, b| a < b), pick(|a, b| a > b));
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        Self { first: values.iter().take(first).copied().collect(), min, max, mean }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_summary_shows_nan() {
        let data: Vec<u8> = [1.0f32, f32::NAN, -2.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        let summary = Summary::of(DType::F32, &data, 1);
        assert_eq!(summary.first, [1.0]);
        assert!(summary.min.is_nan() && summary.max.is_nan() && summary.mean.is_nan());
        let fine = Summary::of(DType::I8, &[255, 3, 1], 2);
        assert_eq!((fine.first, fine.min, fine.max, fine.mean), (vec![-1.0, 3.0], -1.0, 3.0, 1.0));
        assert!(Summary::of(DType::F32, &[], 4).mean.is_nan());
    }
}
