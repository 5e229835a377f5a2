//! Reads tensor bytes as numbers, for tables and statistics.

use half::{bf16, f16};
use rlx_host_api::DType;
use serde::Serialize;

/// The elements of little-endian `data` as doubles; complex ones as real and imaginary parts in turn.
pub(crate) fn decode(dtype: DType, data: &[u8]) -> Box<dyn Iterator<Item = f64> + '_> {
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

fn each<'a, const N: usize>(
    data: &'a [u8],
    convert: impl Fn([u8; N]) -> f64 + 'a,
) -> Box<dyn Iterator<Item = f64> + 'a> {
    Box::new(data.as_chunks::<N>().0.iter().map(move |&element| convert(element)))
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
    /// Number of values.
    #[serde(skip)]
    pub(crate) count: usize,
}

impl Summary {
    /// Sums up `data`, with `first` leading values.
    pub(crate) fn of(dtype: DType, data: &[u8], first: usize) -> Self {
        // In one pass, since a list of doubles would take several times the memory of the output.
        let (mut min, mut max, mut sum, mut count) = (f64::NAN, f64::NAN, 0.0, 0);
        for value in decode(dtype, data) {
            // `f64::min` would skip a NaN, which is just what a table should show.
            let is_first = count == 0;
            min = if is_first || value.is_nan() || value < min { value } else { min };
            max = if is_first || value.is_nan() || value > max { value } else { max };
            sum += value;
            count += 1;
        }
        Self { first: decode(dtype, data).take(first).collect(), min, max, mean: sum / count as f64, count }
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
        let empty = Summary::of(DType::F32, &[], 4);
        assert!(empty.mean.is_nan() && empty.min.is_nan() && empty.count == 0);
        let late: Vec<u8> = [f32::NAN, 1.0].iter().flat_map(|v| v.to_le_bytes()).collect();
        assert!(Summary::of(DType::F32, &late, 1).max.is_nan(), "a NaN is not forgotten");
    }
}
