//! Halves from and to f32, without branches, so that loops of them become vector code on any processor: f16's own conversions
//! are not in the vectors of crate pulp, and crate half's are calls for each eight.

/// An f16, exactly.
#[inline(always)]
pub fn widen_f16(half: u16) -> f32 {
    let half = u32::from(half);
    let (sign, magnitude) = ((half & 0x8000) << 16, (half & 0x7fff) << 13);
    // The exponents' biases are 15 and 127. Below the smallest normal number, the leading 1 is one that a subtraction takes away.
    let normal = magnitude + ((127 - 15) << 23);
    let tiny = (f32::from_bits(magnitude + (113 << 23)) - f32::from_bits(113 << 23)).to_bits();
    let unbounded = magnitude | 0x7f80_0000;
    let of = if magnitude < 1 << 23 { tiny } else { normal };
    let of = if magnitude >= 31 << 23 { unbounded } else { of };
    f32::from_bits(sign | of)
}

/// The nearest f16, ties to even.
#[inline(always)]
pub fn narrow_f16(value: f32) -> u16 {
    let bits = value.to_bits();
    let (sign, magnitude) = ((bits >> 16) & 0x8000, bits & 0x7fff_ffff);
    let odd = (magnitude >> 13) & 1;
    let normal = magnitude.wrapping_sub((127 - 15) << 23).wrapping_add(0xfff + odd) >> 13;
    // Below the smallest normal number, an addition rounds at the last place.
    let place = 126 << 23;
    let tiny = (f32::from_bits(magnitude) + f32::from_bits(place)).to_bits().wrapping_sub(place);
    let unbounded = if magnitude > 0x7f80_0000 { 0x7e00 } else { 0x7c00 };
    let of = if magnitude < 113 << 23 { tiny } else { normal };
    let of = if magnitude >= (127 + 16) << 23 { unbounded } else { of };
    (sign | of) as u16
}

/// A bf16, exactly.
#[inline(always)]
pub fn widen_bf16(half: u16) -> f32 {
    f32::from_bits(u32::from(half) << 16)
}

/// The nearest bf16, ties to even.
#[inline(always)]
pub fn narrow_bf16(value: f32) -> u16 {
    let bits = value.to_bits();
    let nearest = bits.wrapping_add(0x7fff + ((bits >> 16) & 1)) >> 16;
    // The leading bit of the fraction keeps NaN from becoming an infinity.
    (if bits & 0x7fff_ffff > 0x7f80_0000 { bits >> 16 | 0x40 } else { nearest }) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::{bf16, f16};

    #[test]
    fn every_half_is_widened_exactly_and_comes_back() {
        for bits in 0..=u16::MAX {
            let (f, b) = (f16::from_bits(bits), bf16::from_bits(bits));
            let same =
                |found: f32, wanted: f32| found.to_bits() == wanted.to_bits() || (found.is_nan() && wanted.is_nan());
            assert!(same(widen_f16(bits), f.to_f32_const()), "{bits:x}");
            assert!(same(widen_bf16(bits), b.to_f32()), "{bits:x}");
            assert!(f.is_nan() || narrow_f16(widen_f16(bits)) == bits, "{bits:x}");
            assert!(b.is_nan() || narrow_bf16(widen_bf16(bits)) == bits, "{bits:x}");
        }
    }

    #[test]
    fn f32_is_rounded_to_the_nearest_half_and_ties_to_even() {
        // All exponents and signs, with fractions at, above and below ties.
        for high in 0..=u16::MAX {
            for low in [0, 1, 0xfff, 0x1000, 0x1001, 0x1fff, 0x2000, 0x3000, 0x7fff, 0x8000, 0x8001, 0xf000, 0xffff] {
                let value = f32::from_bits(u32::from(high) << 16 | low);
                if value.is_nan() {
                    assert!(f16::from_bits(narrow_f16(value)).is_nan());
                    assert!(bf16::from_bits(narrow_bf16(value)).is_nan());
                    continue;
                }
                assert_eq!(narrow_f16(value), f16::from_f32_const(value).to_bits(), "{value:e} as f16");
                assert_eq!(narrow_bf16(value), bf16::from_f32(value).to_bits(), "{value:e} as bf16");
            }
        }
    }
}
