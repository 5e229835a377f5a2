//! Products of bf16 by the processor's own instruction for pairs (AVX512-BF16: VDPBF16PS), of twice the speed.
//!
//! It adds the product of the second elements of two pairs to a sum, then that of the first ones, each rounded to f32 to the
//! nearest, as two fused multiplications do: measured on an AMD Zen 4, and Intel's manual says the same. So the f32 kernel
//! gives the same bits when it takes the rows of a pair in this order, and does where the processor has no such instruction.
//!
//! What it does not do as they do is numbers below the smallest normal one: operands and sums become 0. So it is taken
//! only where there cannot be any. All products of two numbers are multiples of the last place of the product of the least
//! ones, and so are their sums, rounded or not; where that place is a normal number, what is not 0 is one.

use super::Rows;
use super::element::Element;
use half::bf16;
use pulp::{Arch, Simd, WithSimd};

/// The least exponent, as it is stored, of numbers other than 0; of those below the smallest normal number it is 0, and where
/// there is none it is that of infinity.
#[inline(always)]
pub(super) fn least_exponent(values: &[bf16]) -> u16 {
    // Magnitudes less 1, by which 0 becomes the largest.
    let of = |value: bf16| (value.to_bits() & 0x7fff).wrapping_sub(1);
    let (chunks, rest) = values.as_chunks::<64>();
    let mut least = [u16::MAX; 64];
    for chunk in chunks {
        for (least, &value) in least.iter_mut().zip(chunk) {
            *least = of(value).min(*least);
        }
    }
    for width in [32, 16, 8, 4, 2, 1] {
        let (low, high) = least.split_at_mut(width);
        for (low, &high) in low.iter_mut().zip(&*high) {
            *low = high.min(*low);
        }
    }
    let least = rest.iter().map(|&value| of(value)).fold(least[0], u16::min);
    if least == u16::MAX { 0xff } else { (least + 1) >> 7 }
}

/// Those of rows of x, if their products with such a matrix may be computed by pairs; else none.
pub(super) fn least_exponents<X: Element, W: Element>(m: usize, k: usize, x: Rows<'_, X>) -> Vec<u16> {
    struct Least<'a>(Rows<'a, bf16>, usize, Vec<u16>);
    impl WithSimd for Least<'_> {
        type Output = Vec<u16>;

        #[inline(always)]
        fn with_simd<S: Simd>(mut self, _: S) -> Vec<u16> {
            // Panels are of two vectors, which have to be of the instruction's length.
            if S::F32_LANES == 16 {
                for (i, least) in self.2.iter_mut().enumerate() {
                    *least = least_exponent(&self.0.data[i * self.0.stride..][..self.1]);
                }
                self.2
            } else {
                Vec::new()
            }
        }
    }
    match X::as_bf16(x.data) {
        Some(data) if W::as_bf16(&[]).is_some() && k > 0 && is_native() => {
            Arch::new().dispatch(Least(Rows { data, stride: x.stride }, k, vec![0; m]))
        }
        _ => Vec::new(),
    }
}

/// Whether no product of numbers with these least exponents or greater ones, and no sum of such, is below the smallest normal
/// number and not 0. The last place of a product is 2^-14 of its leading one's.
#[inline(always)]
pub(super) fn stay_normal(a: u16, b: u16) -> bool {
    a > 0 && b > 0 && a + b >= 2 * 127 - 126 + 14
}

#[cfg(target_arch = "x86_64")]
use x86::is_native;
#[cfg(target_arch = "x86_64")]
pub(super) use x86::run;

#[cfg(not(target_arch = "x86_64"))]
use portable::is_native;
#[cfg(not(target_arch = "x86_64"))]
pub(super) use portable::run;

#[cfg(target_arch = "x86_64")]
mod x86 {
    use half::bf16;
    use std::arch::x86_64::{__m512, __m512bh, __m512i, _mm512_dpbf16_ps, _mm512_set1_epi32, _mm512_setzero_ps};
    use std::ops::Range;

    /// Whether the processor has the instruction.
    pub(in super::super) fn is_native() -> bool {
        std::arch::is_x86_feature_detected!("avx512bf16") && std::arch::is_x86_feature_detected!("avx512f")
    }

    /// A tile's sums over some pairs: of M rows of x, and of a panel of two vectors.
    ///
    /// # Safety
    /// [`is_native`]; `to` has room for two vectors of 16 f32 a row; rows and panel reach to the end of the range, where the
    /// last pair of a row may lack its second element, and the panel's is 0.
    #[target_feature(enable = "avx512f,avx512bf16")]
    pub(in super::super) unsafe fn run<const M: usize>(
        x: &[&[bf16]; M],
        panel: &[bf16],
        pairs: Range<usize>,
        to: *mut f32,
    ) {
        let mut tile = [[_mm512_setzero_ps(); 2]; M];
        let whole = pairs.start..pairs.end.min(x[0].len() / 2);
        let (rows, w) = (x.map(|row| row.as_ptr().cast::<i32>()), panel.as_ptr().cast::<__m512i>());
        macro_rules! step {
            ($pair:expr, |$i:ident| $x:expr) => {
                // SAFETY: the panel has two vectors for each pair of the range.
                let w = unsafe { [w.add(2 * $pair).read_unaligned(), w.add(2 * $pair + 1).read_unaligned()] };
                // SAFETY: types of the same bits.
                let w = unsafe { std::mem::transmute::<[__m512i; 2], [__m512bh; 2]>(w) };
                for ($i, sums) in tile.iter_mut().enumerate() {
                    // SAFETY: as above; where elements are read by a pointer, both of the pair are the row's.
                    let x = unsafe { std::mem::transmute::<__m512i, __m512bh>(_mm512_set1_epi32($x)) };
                    sums[0] = _mm512_dpbf16_ps(sums[0], x, w[0]);
                    sums[1] = _mm512_dpbf16_ps(sums[1], x, w[1]);
                }
            };
        }
        for pair in whole.clone() {
            step!(pair, |i| rows[i].add(pair).read_unaligned());
        }
        if whole.end < pairs.end {
            step!(whole.end, |i| x[i].last().map_or(0, |x| x.to_bits().into()));
        }
        // SAFETY: promised by the caller.
        unsafe { to.cast::<[[__m512; 2]; M]>().write_unaligned(tile) };
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod portable {
    use half::bf16;
    use std::ops::Range;

    /// No processor of this kind has the instruction in a form that gives these bits.
    pub(in super::super) fn is_native() -> bool {
        false
    }

    /// Never called.
    ///
    /// # Safety
    /// Of no condition.
    pub(in super::super) unsafe fn run<const M: usize>(_: &[&[bf16]; M], _: &[bf16], _: Range<usize>, _: *mut f32) {}
}
