//! What operands are filled with. The same seed and name give the same values on every machine.

use crate::format::{Format, whole_range};
use crate::tensor::{Tensor, is_float, parts};
use rlx_ir::DType;

/// Values of an operand.
#[derive(Debug, Clone, PartialEq)]
pub enum Fill {
    /// Floats in [-2, 2), integers in [-50, 50] as far as the dtype has them.
    Spread,
    /// Floats, or whole numbers, from the first to the second.
    Within(f64, f64),
    /// NaN, infinities and zeros of both signs among others; integers have none, and get their extremes.
    Special,
    /// The largest, the smallest, the subnormal, zeros.
    Extremes,
    /// One value everywhere.
    All(f64),
    /// Distinct values in a shuffled order.
    Distinct,
    /// These, again and again.
    These(&'static [f64]),
    /// These whole numbers, again and again.
    Wholes(&'static [i128]),
    /// Square matrices on the last two axes that are symmetric and far from singular.
    Definite,
}

impl Fill {
    /// Its part of a case's name.
    pub fn name(&self) -> String {
        match self {
            Self::Spread => "spread".to_owned(),
            Self::Within(low, high) => format!("{low}to{high}"),
            Self::Special => "nan".to_owned(),
            Self::Extremes => "extremes".to_owned(),
            Self::All(value) => format!("all{value}"),
            Self::Distinct => "distinct".to_owned(),
            Self::These(values) => format!("these{}", values.len()),
            Self::Wholes(values) => format!("wholes{}", values.len()),
            Self::Definite => "definite".to_owned(),
        }
    }

    /// A tensor of such values.
    pub fn tensor(&self, dtype: DType, dims: &[usize], seed: u64) -> Tensor {
        let mut numbers = Numbers(seed);
        let count = dims.iter().product::<usize>() * parts(dtype);
        if !is_float(dtype) {
            return Tensor::whole(dtype, dims, self.wholes(dtype, count, &mut numbers));
        }
        if *self == Self::Definite {
            return Tensor::real(dtype, dims, definite(dims, &mut numbers));
        }
        let special = match self {
            Self::Special => special(),
            Self::Extremes => extremes(dtype),
            _ => Vec::new(),
        };
        let mut next = |at: usize| match self {
            Self::Within(low, high) => low + numbers.unit() * (high - low),
            Self::All(value) => *value,
            Self::Distinct => at as f64 * 0.5 - count as f64 / 4.0,
            Self::These(values) => values[at % values.len()],
            Self::Wholes(values) => values[at % values.len()] as f64,
            // Every second one is an ordinary value.
            Self::Special | Self::Extremes if at.is_multiple_of(2) => special[at / 2 % special.len()],
            _ => numbers.unit() * 4.0 - 2.0,
        };
        let mut values: Vec<f64> = (0..count).map(&mut next).collect();
        if *self == Self::Distinct {
            numbers.shuffle(&mut values);
        }
        Tensor::real(dtype, dims, values)
    }

    fn wholes(&self, dtype: DType, count: usize, numbers: &mut Numbers) -> Vec<i128> {
        let (first, last) = whole_range(dtype).unwrap_or((0, 0));
        let (low, high) = match self {
            Self::Within(low, high) => (*low as i128, *high as i128),
            _ => (-50, 50),
        };
        let (low, high) = (low.max(first), high.min(last));
        let ends = [first, last, 0, first + 1, last - 1, 1];
        let mut values: Vec<i128> = (0..count)
            .map(|at| match self {
                Self::All(value) => *value as i128,
                Self::Distinct => first.max(-(count as i128) / 2) + at as i128,
                Self::These(values) => values[at % values.len()] as i128,
                Self::Wholes(values) => values[at % values.len()],
                Self::Special | Self::Extremes => ends[at % ends.len()],
                _ => low + (numbers.next() % ((high - low + 1).max(1) as u64)) as i128,
            })
            .collect();
        if *self == Self::Distinct {
            numbers.shuffle(&mut values);
        }
        values
    }
}

fn special() -> Vec<f64> {
    vec![f64::NAN, f64::INFINITY, -0.0, f64::NEG_INFINITY, 0.0]
}

fn extremes(dtype: DType) -> Vec<f64> {
    let Some(format) = Format::of(dtype) else { return vec![0.0] };
    let (max, normal, least) = (format.max, format.smallest_normal(), format.smallest());
    vec![max, -max, normal, -normal, least, -least, 0.0, -0.0, 1.0, -1.0, max / 2.0, 0.5, normal * 1.5]
}

/// `M Mᵀ + n I` with M in [-1, 1): each matrix on the last two axes.
fn definite(dims: &[usize], numbers: &mut Numbers) -> Vec<f64> {
    let n = dims.last().copied().unwrap_or(1);
    let matrices = dims.iter().product::<usize>().checked_div(n * n).unwrap_or(0);
    let mut values = Vec::new();
    for _ in 0..matrices {
        let m: Vec<f64> = (0..n * n).map(|_| numbers.unit() * 2.0 - 1.0).collect();
        for (i, j) in (0..n * n).map(|at| (at / n, at % n)) {
            let product: f64 = (0..n).map(|k| m[i * n + k] * m[j * n + k]).sum();
            values.push(product + if i == j { n as f64 } else { 0.0 });
        }
    }
    values
}

/// splitmix64
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// In [0, 1).
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn shuffle<T>(&mut self, values: &mut [T]) {
        for at in (1..values.len()).rev() {
            values.swap(at, (self.next() % (at as u64 + 1)) as usize);
        }
    }
}
