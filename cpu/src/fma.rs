//! Products with a sum, rounded once.

use crate::sum::two_sum;
use crate::{CHUNK, Float};
use half::{bf16, f16};
use pulp::Arch;

/// An element whose product with another plus a third is rounded once.
pub trait MulAdd: Float {
    /// `y = a b + c`. All slices have one length.
    fn fused(a: &[Self], b: &[Self], c: &[Self], y: &mut [Self]);
}

macro_rules! by_instruction {
    ($($float:ty)*) => {
        $(impl MulAdd for $float {
            fn fused(a: &[Self], b: &[Self], c: &[Self], y: &mut [Self]) {
                Arch::new().dispatch(
                    #[inline(always)]
                    move || {
 let y = y;
                        for (((y, a), b), c) in y.iter_mut().zip(a).zip(b).zip(c) {
                            *y = a.mul_add(*b, *c);
                        }
                    },
                );
            }
        })*
    };
}

by_instruction!(f32 f64);

/// In f64 the product of two halves is exact, and the sum's error tells which neighbour is the odd one.
macro_rules! by_f64 {
    ($($half:ty)*) => {
        $(impl MulAdd for $half {
            fn fused(a: &[Self], b: &[Self], c: &[Self], y: &mut [Self]) {
                let mut wide = [[0.0; CHUNK]; 3];
                for (((y, a), b), c) in y.chunks_mut(CHUNK).zip(a.chunks(CHUNK)).zip(b.chunks(CHUNK)).zip(c.chunks(CHUNK)) {
                    for (wide, from) in wide.iter_mut().zip([a, b, c]) {
                        Self::widen(from, &mut wide[..from.len()]);
                    }
                    let [a, b, c] = &mut wide;
                    for ((a, b), c) in a.iter_mut().zip(b.iter()).zip(c.iter()) {
                        *a = odd_sum(*a * b, *c);
                    }
                    Self::narrow(&a[..y.len()], y);
                }
            }
        })*
    };
}

by_f64!(f16 bf16);

/// The sum where it is exact, else the neighbour of it whose last bit is 1.
fn odd_sum(product: f64, summand: f64) -> f64 {
    let (mut sum, mut error) = (product, 0.0);
    two_sum(&mut sum, &mut error, summand);
    if error == 0.0 || !sum.is_finite() {
        return sum;
    }
    // Towards zero where the nearest is beyond.
    let beyond = (error < 0.0) != (sum < 0.0);
    f64::from_bits((sum.to_bits() - u64::from(beyond)) | 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_rounding() {
        let mut y = [0f32];
        let a = 1.0 + f32::EPSILON;
        f32::fused(&[a], &[a], &[-1.0 - 2.0 * f32::EPSILON], &mut y);
        assert_eq!(y, [f32::EPSILON * f32::EPSILON]);
        // Just above the middle of two halves, by what f64 cannot add to it.
        let (one, tiny) = (f16::ONE, f16::from_bits(1));
        let middle = f16::from_f32(1.0 + 2f32.powi(-5));
        let mut y = [f16::ZERO; 2];
        // (1 + 2^-5)^2 = 1 + 2^-4 + 2^-10 is exact; less and more than a quarter of a step beside it.
        f16::fused(&[middle, one], &[middle, one], &[tiny, -tiny], &mut y);
        assert_eq!(y.map(f32::from), [1.0 + 2f32.powi(-4) + 2f32.powi(-10), 1.0]);
        let mut y = [bf16::ZERO];
        let big = bf16::from_f32(2f32.powi(100));
        // 2^100 (1 + 2^-7) plus half a step and a trifle: up.
        let step = bf16::from_f32(2f32.powi(100) * (1.0 + 2f32.powi(-7)));
        bf16::fused(&[big], &[bf16::from_f32(2f32.powi(-8))], &[step], &mut y);
        assert_eq!(f32::from(y[0]), 2f32.powi(100) * (1.0 + 2f32.powi(-6)), "a tie goes to the even one");
    }

    #[test]
    fn what_is_no_number_shows() {
        let (inf, nan) = (f16::INFINITY, f16::NAN);
        let mut y = [f16::ZERO; 3];
        f16::fused(&[inf, inf, f16::ONE], &[f16::ONE, f16::ZERO, f16::ONE], &[-inf, f16::ONE, nan], &mut y);
        assert!(y.iter().all(|v| v.is_nan()), "{y:?}");
    }
}
