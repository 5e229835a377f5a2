//! Floating point elements.

use crate::CHUNK;
use half::slice::HalfFloatSliceExt;
use half::{bf16, f16};

/// A floating point element: computed in f64, at most 256 at a time.
pub trait Float: Copy + PartialOrd + Send + Sync + 'static {
    /// Whether f64 is wider, so that what is computed in f64 is rounded.
    const IS_NARROW: bool;

    /// Its values. Both slices have one length, at most 256.
    fn widen(from: &[Self], to: &mut [f64]);

    /// Values rounded to the nearest, ties to even. Both slices have one length, at most 256.
    fn narrow(from: &[f64], to: &mut [Self]);
}

impl Float for f64 {
    const IS_NARROW: bool = false;

    #[inline(always)]
    fn widen(from: &[Self], to: &mut [f64]) {
        to.copy_from_slice(from);
    }

    #[inline(always)]
    fn narrow(from: &[f64], to: &mut [Self]) {
        to.copy_from_slice(from);
    }
}

impl Float for f32 {
    const IS_NARROW: bool = true;

    #[inline(always)]
    fn widen(from: &[Self], to: &mut [f64]) {
        for (to, &from) in to.iter_mut().zip(from) {
            *to = from.into();
        }
    }

    #[inline(always)]
    fn narrow(from: &[f64], to: &mut [Self]) {
        for (to, &from) in to.iter_mut().zip(from) {
            *to = from as f32;
        }
    }
}

/// A half type goes by f32, for which the processor may have instructions.
macro_rules! half_float {
    ($half:ty) => {
        impl Float for $half {
            const IS_NARROW: bool = true;

            #[inline(always)]
            fn widen(from: &[Self], to: &mut [f64]) {
                let mut singles = [0f32; CHUNK];
                let singles = &mut singles[..from.len()];
                from.convert_to_f32_slice(singles);
                f32::widen(singles, to);
            }

            #[inline(always)]
            fn narrow(from: &[f64], to: &mut [Self]) {
                let mut singles = [0f32; CHUNK];
                let singles = &mut singles[..from.len()];
                for (single, &value) in singles.iter_mut().zip(from) {
                    *single = round_to_odd(value);
                }
                to.convert_from_f32_slice(singles);
            }
        }
    };
}

half_float!(f16);
half_float!(bf16);

/// In f32: a value that is not exact becomes the neighbour whose last bit is 1, so that a second rounding, to a half type,
/// gives what one from f64 would (Boldo and Melquiond, "Emulation of FMA and correctly rounded sums", 2008).
#[inline(always)]
pub fn round_to_odd(value: f64) -> f32 {
    let near = value as f32;
    let back = f64::from(near);
    let bits = near.to_bits();
    // One step towards zero where the nearest is beyond, then the last bit. Infinity steps back to the largest number.
    let truncated = bits.wrapping_sub(u32::from(back.abs() > value.abs()));
    let odd = f32::from_bits(truncated | 1);
    if back == value || value.is_nan() { near } else { odd }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The nearest by exhaustion: of all halves the one at the least distance, the even one of two.
    fn nearest(value: f64, all: &[(f64, u16)]) -> u16 {
        let mut best = all[0];
        for &(other, bits) in &all[1..] {
            let (distance, least) = ((other - value).abs(), (best.0 - value).abs());
            if distance < least || (distance == least && bits % 2 == 0) {
                best = (other, bits);
            }
        }
        best.1
    }

    #[test]
    fn halves_are_rounded_once() {
        let all: Vec<(f64, u16)> = (0..0x7c00u16).map(|bits| (f16::from_bits(bits).into(), bits)).collect();
        // Ties, and values whose distance from one shows in the last bits of f64 alone.
        for bits in [0u16, 1, 2, 0x3ff, 0x400, 0x3c00, 0x3c01, 0x7bfe] {
            let (low, high) = (f64::from(f16::from_bits(bits)), f64::from(f16::from_bits(bits + 1)));
            let tie = low / 2.0 + high / 2.0;
            for value in [low, tie, tie * (1.0 - f64::EPSILON), tie * (1.0 + f64::EPSILON), high] {
                let mut found = [f16::ZERO];
                f16::narrow(&[value], &mut found);
                assert_eq!(found[0].to_bits(), nearest(value, &all), "{value:e}");
                f16::narrow(&[-value], &mut found);
                assert_eq!(found[0].to_bits(), nearest(value, &all) | 0x8000, "-{value:e}");
            }
        }
    }

    #[test]
    fn what_is_no_number_stays_so() {
        for value in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 1e300, -1e300] {
            let (mut halves, mut brains, mut singles) = ([f16::ZERO], [bf16::ZERO], [0f32]);
            f16::narrow(&[value], &mut halves);
            bf16::narrow(&[value], &mut brains);
            f32::narrow(&[value], &mut singles);
            let want = value as f32;
            for found in [halves[0].to_f32(), brains[0].to_f32(), singles[0]] {
                assert!(found == want || (found.is_nan() && want.is_nan()), "{value}: {found}");
            }
        }
    }
}
