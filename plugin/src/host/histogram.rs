//! `Op::Histogram`: how many elements lie in each of several equal ranges.

use super::code::HostCode;
use rlx_host_api::kernel::TensorViewMut;
use rlx_host_api::{DType, Error, TensorView};

/// Counts the elements of x, f32 or f64, in ranges of equal width between two limits, as NumPy's `histogram` does: each
/// range has its lower end, the last one both. Elements outside and NaN are not counted. The counts are f32, exact up to 2^24.
pub(crate) struct Histogram {
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl HostCode for Histogram {
    fn why(&self) -> &'static str {
        "MLX has no histogram"
    }

    fn compute(&self, operands: &[TensorView<'_>], results: &mut [TensorViewMut<'_>]) -> Result<(), Error> {
        let ([x], [counts]) = (operands, results) else { return Err(Error::fault("a histogram has one operand")) };
        let mut found = vec![0u64; counts.data.len() / size_of::<f32>()];
        match x.dtype {
            DType::F32 => self.count(x.data.as_chunks().0.iter().map(|b| f32::from_ne_bytes(*b).into()), &mut found),
            DType::F64 => self.count(x.data.as_chunks().0.iter().map(|b| f64::from_ne_bytes(*b)), &mut found),
            other => return Err(Error::fault(format!("a histogram of {other}"))),
        }
        for (count, place) in found.iter().zip(counts.data.as_chunks_mut().0) {
            *place = (*count as f32).to_ne_bytes();
        }
        Ok(())
    }
}

impl Histogram {
    fn count(&self, values: impl Iterator<Item = f64>, found: &mut [u64]) {
        for value in values {
            if let Some(count) = self.bin(value, found.len()).and_then(|bin| found.get_mut(bin)) {
                *count += 1;
            }
        }
    }

    /// The lower end of a range; that of the one behind the last is the upper limit.
    fn edge(&self, bin: usize, bins: usize) -> f64 {
        if bin == bins { self.max } else { self.min + (self.max - self.min) * (bin as f64 / bins as f64) }
    }

    fn bin(&self, value: f64, bins: usize) -> Option<usize> {
        if bins == 0 || !(self.min..=self.max).contains(&value) {
            return None;
        }
        if value == self.max {
            return Some(bins - 1);
        }
        let guess = (value - self.min) / (self.max - self.min) * bins as f64;
        let guess = (guess as usize).min(bins - 1);
        // The division may round across an end of the range.
        if value < self.edge(guess, bins) {
            return Some(guess.saturating_sub(1));
        }
        if guess + 1 < bins && value >= self.edge(guess + 1, bins) {
            return Some(guess + 1);
        }
        Some(guess)
    }
}
