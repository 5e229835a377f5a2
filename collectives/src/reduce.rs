//! The arithmetic of reductions: elements of all ranks, in the order of the ranks, rounded once.

use pulp::Arch;
use rlx_mlx_cpu::halves::{narrow_bf16, narrow_f16, widen_bf16, widen_f16};

use crate::{Element, Reduction};

/// Elements that are reduced before the next ones: they stay in the first-level cache.
const BLOCK: usize = 512;

/// An element in bytes, and what it is computed in.
trait Lane<const N: usize> {
    type Wide: Copy + Default;
    fn widen(bytes: [u8; N]) -> Self::Wide;
    fn narrow(value: Self::Wide) -> [u8; N];
    fn sum(a: Self::Wide, b: Self::Wide) -> Self::Wide;
    fn max(a: Self::Wide, b: Self::Wide) -> Self::Wide;
    fn min(a: Self::Wide, b: Self::Wide) -> Self::Wide;
}

macro_rules! integers {
    ($($type:ty, $size:literal;)*) => {
        $(impl Lane<$size> for $type {
            type Wide = Self;
            #[inline(always)]
            fn widen(bytes: [u8; $size]) -> Self {
                Self::from_ne_bytes(bytes)
            }
            #[inline(always)]
            fn narrow(value: Self) -> [u8; $size] {
                value.to_ne_bytes()
            }
            #[inline(always)]
            fn sum(a: Self, b: Self) -> Self {
                a.wrapping_add(b)
            }
            #[inline(always)]
            fn max(a: Self, b: Self) -> Self {
                Ord::max(a, b)
            }
            #[inline(always)]
            fn min(a: Self, b: Self) -> Self {
                Ord::min(a, b)
            }
        })*
    };
}

integers!(u8, 1; u16, 2; u32, 4; u64, 8; i8, 1; i16, 2; i32, 4; i64, 8;);

/// Any byte but 0 is true.
struct Bool;

impl Lane<1> for Bool {
    type Wide = u8;
    #[inline(always)]
    fn widen([byte]: [u8; 1]) -> u8 {
        u8::from(byte != 0)
    }
    #[inline(always)]
    fn narrow(value: u8) -> [u8; 1] {
        [value]
    }
    #[inline(always)]
    fn sum(a: u8, b: u8) -> u8 {
        a | b
    }
    #[inline(always)]
    fn max(a: u8, b: u8) -> u8 {
        a | b
    }
    #[inline(always)]
    fn min(a: u8, b: u8) -> u8 {
        a & b
    }
}

struct F16;
struct BF16;

/// Sums of more than two f32: by f64, so that they are rounded once.
struct Single;

macro_rules! floats {
    ($($lane:ty, $wide:ty, $size:literal, $widen:expr, $narrow:expr;)*) => {
        $(impl Lane<$size> for $lane {
            type Wide = $wide;
            #[inline(always)]
            fn widen(bytes: [u8; $size]) -> $wide {
                $widen(bytes)
            }
            #[inline(always)]
            fn narrow(value: $wide) -> [u8; $size] {
                $narrow(value)
            }
            #[inline(always)]
            fn sum(a: $wide, b: $wide) -> $wide {
                a + b
            }
            #[inline(always)]
            fn max(a: $wide, b: $wide) -> $wide {
                // Where `b` is NaN, it is not less either.
                if a > b || a.is_nan() { a } else { b }
            }
            #[inline(always)]
            fn min(a: $wide, b: $wide) -> $wide {
                if a < b || a.is_nan() { a } else { b }
            }
        })*
    };
}

floats! {
    F16, f32, 2, |bytes| widen_f16(u16::from_ne_bytes(bytes)), |value| narrow_f16(value).to_ne_bytes();
    BF16, f32, 2, |bytes| widen_bf16(u16::from_ne_bytes(bytes)), |value| narrow_bf16(value).to_ne_bytes();
    Single, f64, 4, |bytes| f64::from(f32::from_ne_bytes(bytes)), |value: f64| (value as f32).to_ne_bytes();
    f32, f32, 4, f32::from_ne_bytes, f32::to_ne_bytes;
    f64, f64, 8, f64::from_ne_bytes, f64::to_ne_bytes;
}

struct Complex;

impl Complex {
    #[inline(always)]
    fn is_nan(a: [f32; 2]) -> bool {
        a[0].is_nan() || a[1].is_nan()
    }

    #[inline(always)]
    fn is_less(a: [f32; 2], b: [f32; 2]) -> bool {
        a[0] < b[0] || (a[0] == b[0] && a[1] < b[1])
    }
}

impl Lane<8> for Complex {
    type Wide = [f32; 2];
    #[inline(always)]
    fn widen([a, b, c, d, e, f, g, h]: [u8; 8]) -> [f32; 2] {
        [f32::from_ne_bytes([a, b, c, d]), f32::from_ne_bytes([e, f, g, h])]
    }
    #[inline(always)]
    fn narrow(value: [f32; 2]) -> [u8; 8] {
        let ([a, b, c, d], [e, f, g, h]) = (value[0].to_ne_bytes(), value[1].to_ne_bytes());
        [a, b, c, d, e, f, g, h]
    }
    #[inline(always)]
    fn sum(a: [f32; 2], b: [f32; 2]) -> [f32; 2] {
        [a[0] + b[0], a[1] + b[1]]
    }
    #[inline(always)]
    fn max(a: [f32; 2], b: [f32; 2]) -> [f32; 2] {
        if Self::is_nan(a) || (!Self::is_nan(b) && Self::is_less(b, a)) { a } else { b }
    }
    #[inline(always)]
    fn min(a: [f32; 2], b: [f32; 2]) -> [f32; 2] {
        if Self::is_nan(a) || (!Self::is_nan(b) && Self::is_less(a, b)) { a } else { b }
    }
}

/// Operands by rank: those before `own`, which is where the result goes, and those behind it. All have one length.
pub(crate) struct Operands<'a, 'b> {
    pub(crate) before: &'a [&'b [u8]],
    pub(crate) own: &'a mut [u8],
    pub(crate) behind: &'a [&'b [u8]],
}

impl Operands<'_, '_> {
    /// Reduces them in the order of the ranks.
    pub(crate) fn reduce(self, reduction: Reduction, element: Element) {
        let is_long = self.before.len() + self.behind.len() > 1;
        match element {
            Element::Bool => self.with::<Bool, 1>(reduction),
            Element::U8 => self.with::<u8, 1>(reduction),
            Element::U16 => self.with::<u16, 2>(reduction),
            Element::U32 => self.with::<u32, 4>(reduction),
            Element::U64 => self.with::<u64, 8>(reduction),
            Element::I8 => self.with::<i8, 1>(reduction),
            Element::I16 => self.with::<i16, 2>(reduction),
            Element::I32 => self.with::<i32, 4>(reduction),
            Element::I64 => self.with::<i64, 8>(reduction),
            Element::F16 => self.with::<F16, 2>(reduction),
            Element::BF16 => self.with::<BF16, 2>(reduction),
            Element::F32 if is_long && reduction == Reduction::Sum => self.with::<Single, 4>(reduction),
            Element::F32 => self.with::<f32, 4>(reduction),
            Element::F64 => self.with::<f64, 8>(reduction),
            Element::C64 => self.with::<Complex, 8>(reduction),
        }
    }

    fn with<L: Lane<N>, const N: usize>(self, reduction: Reduction) {
        match reduction {
            Reduction::Sum => self.by::<L, N>(L::sum),
            Reduction::Max => self.by::<L, N>(L::max),
            Reduction::Min => self.by::<L, N>(L::min),
        }
    }

    fn by<L: Lane<N>, const N: usize>(self, reduce: impl Fn(L::Wide, L::Wide) -> L::Wide) {
        let Self { before, own, behind } = self;
        Arch::new().dispatch(
            #[inline(always)]
            move || {
                let own = own.as_chunks_mut::<N>().0;
                match (before, behind) {
                    ([], [other]) => {
                        for (own, other) in own.iter_mut().zip(other.as_chunks::<N>().0) {
                            *own = L::narrow(reduce(L::widen(*own), L::widen(*other)));
                        }
                    }
                    ([other], []) => {
                        for (own, other) in own.iter_mut().zip(other.as_chunks::<N>().0) {
                            *own = L::narrow(reduce(L::widen(*other), L::widen(*own)));
                        }
                    }
                    _ => {
                        let mut wide = [L::Wide::default(); BLOCK];
                        for (index, own) in own.chunks_mut(BLOCK).enumerate() {
                            let wide = &mut wide[..own.len()];
                            for (rank, operand) in before.iter().enumerate() {
                                let operand = &operand.as_chunks::<N>().0[index * BLOCK..][..own.len()];
                                take::<L, N>(wide, operand, rank == 0, &reduce);
                            }
                            take::<L, N>(wide, own, before.is_empty(), &reduce);
                            for operand in behind {
                                let operand = &operand.as_chunks::<N>().0[index * BLOCK..][..own.len()];
                                take::<L, N>(wide, operand, false, &reduce);
                            }
                            for (own, wide) in own.iter_mut().zip(wide) {
                                *own = L::narrow(*wide);
                            }
                        }
                    }
                }
            },
        );
    }
}

/// Reduces `wide` by one more operand, or begins with it.
#[inline(always)]
fn take<L: Lane<N>, const N: usize>(
    wide: &mut [L::Wide],
    operand: &[[u8; N]],
    is_first: bool,
    reduce: &impl Fn(L::Wide, L::Wide) -> L::Wide,
) {
    if is_first {
        for (wide, value) in wide.iter_mut().zip(operand) {
            *wide = L::widen(*value);
        }
    } else {
        for (wide, value) in wide.iter_mut().zip(operand) {
            *wide = reduce(*wide, L::widen(*value));
        }
    }
}
