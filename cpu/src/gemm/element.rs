//! What operands of products are stored in, and what they are computed in.

use super::pack::LINE_BYTES;
use super::pairs;
use crate::halves;
use crate::vector::{Function, map_in_place};
use crate::{Float, unary};
use half::{bf16, f16};
use pulp::Simd;
use std::cell::RefCell;

/// An element as it is stored.
pub trait Element: Copy + Send + Sync + 'static {
    /// What it is computed in: itself, or f32 for halves.
    type Sum: Real;

    /// Whether it is rounded after it is computed.
    const IS_HALF: bool;

    /// Rows of a packed matrix whose elements lie side by side, column by column.
    const GROUP: usize = 1;

    /// 0.
    const ZERO: Self;

    /// Their values. Both slices have one length.
    fn widen(from: &[Self], to: &mut [Self::Sum]);

    /// Values rounded to the nearest, ties to even. Both slices have one length.
    fn narrow(from: &[Self::Sum], to: &mut [Self]);

    /// The same in place.
    fn round(values: &mut [Self::Sum]);

    /// A packed panel, of rows of `width` elements, as rows one behind the other; those of a group in turned order if
    /// `is_turned`.
    #[inline(always)]
    fn widen_panel<S: Simd>(_s: S, panel: &[Self], _width: usize, _is_turned: bool, to: &mut [Self::Sum]) {
        Self::widen(panel, to);
    }

    /// What is kept behind a packed panel.
    fn note(_panel: &[Self]) -> Self {
        Self::ZERO
    }

    /// Elements that are computed in as they are.
    fn as_sums(_elements: &[Self]) -> Option<&[Self::Sum]> {
        None
    }

    /// The same to write to.
    fn as_sums_mut(_elements: &mut [Self]) -> Option<&mut [Self::Sum]> {
        None
    }

    /// Elements of bf16.
    fn as_bf16(_elements: &[Self]) -> Option<&[bf16]> {
        None
    }
}

/// What memory of a thread is for: each purpose has its own.
#[derive(Debug, Clone, Copy)]
pub enum Purpose {
    /// What one piece of work needs.
    Piece,
    /// An operand of all pieces.
    Operand,
}

/// A number of f32 or f64, as vector code takes it.
pub trait Real: Element<Sum = Self> + Float + Default {
    /// A vector of the processor.
    type Vector<S: Simd>: Copy;

    /// Numbers of a vector.
    fn lanes<S: Simd>() -> usize;
    /// A vector of one number.
    fn splat<S: Simd>(s: S, value: Self) -> Self::Vector<S>;
    /// a b + c, rounded once where the processor can.
    fn mul_add<S: Simd>(s: S, a: Self::Vector<S>, b: Self::Vector<S>, c: Self::Vector<S>) -> Self::Vector<S>;
    /// a + b.
    fn add<S: Simd>(s: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// a b.
    fn mul<S: Simd>(s: S, a: Self::Vector<S>, b: Self::Vector<S>) -> Self::Vector<S>;
    /// Whole vectors, and the numbers behind them.
    fn vectors<S: Simd>(x: &[Self]) -> (&[Self::Vector<S>], &[Self]);
    /// The same to write to.
    fn vectors_mut<S: Simd>(x: &mut [Self]) -> (&mut [Self::Vector<S>], &mut [Self]);
    /// Replaces each number by `function` of it.
    fn map<S: Simd>(s: S, function: Function, x: &mut [Self]);
    /// Calls `f` with memory of this thread; what is in it is left from before.
    fn with_scratch<R>(purpose: Purpose, len: usize, f: impl FnOnce(&mut [Self]) -> R) -> R;
}

macro_rules! real {
    ($real:ident, $vector:ident, $lanes:ident, $splat:ident, $mul_add:ident, $add:ident, $mul:ident, $as:ident, $as_mut:ident, $map:expr) => {
        impl Element for $real {
            type Sum = Self;
            const IS_HALF: bool = false;
            const ZERO: Self = 0.0;

            #[inline(always)]
            fn widen(from: &[Self], to: &mut [Self]) {
                to.copy_from_slice(from);
            }

            #[inline(always)]
            fn narrow(from: &[Self], to: &mut [Self]) {
                to.copy_from_slice(from);
            }

            #[inline(always)]
            fn round(_: &mut [Self]) {}

            #[inline(always)]
            fn as_sums(elements: &[Self]) -> Option<&[Self]> {
                Some(elements)
            }

            #[inline(always)]
            fn as_sums_mut(elements: &mut [Self]) -> Option<&mut [Self]> {
                Some(elements)
            }
        }

        impl Real for $real {
            type Vector<S: Simd> = S::$vector;

            #[inline(always)]
            fn lanes<S: Simd>() -> usize {
                S::$lanes
            }

            #[inline(always)]
            fn splat<S: Simd>(s: S, value: Self) -> S::$vector {
                s.$splat(value)
            }

            #[inline(always)]
            fn mul_add<S: Simd>(s: S, a: S::$vector, b: S::$vector, c: S::$vector) -> S::$vector {
                s.$mul_add(a, b, c)
            }

            #[inline(always)]
            fn add<S: Simd>(s: S, a: S::$vector, b: S::$vector) -> S::$vector {
                s.$add(a, b)
            }

            #[inline(always)]
            fn mul<S: Simd>(s: S, a: S::$vector, b: S::$vector) -> S::$vector {
                s.$mul(a, b)
            }

            #[inline(always)]
            fn vectors<S: Simd>(x: &[Self]) -> (&[S::$vector], &[Self]) {
                S::$as(x)
            }

            #[inline(always)]
            fn vectors_mut<S: Simd>(x: &mut [Self]) -> (&mut [S::$vector], &mut [Self]) {
                S::$as_mut(x)
            }

            #[inline(always)]
            fn map<S: Simd>(s: S, function: Function, x: &mut [Self]) {
                $map(s, function, x);
            }

            fn with_scratch<R>(purpose: Purpose, len: usize, f: impl FnOnce(&mut [Self]) -> R) -> R {
                thread_local! {
                    static SCRATCH: [RefCell<Vec<$real>>; 2] = const { [const { RefCell::new(Vec::new()) }; 2] };
                }
                if len == 0 {
                    return f(&mut []);
                }
                let taken = SCRATCH.try_with(|all| all[purpose as usize].take());
                let mut scratch = taken.unwrap_or_default();
                let line = LINE_BYTES / size_of::<$real>();
                if scratch.len() < len + line {
                    scratch.resize(len + line, 0.0);
                }
                // A vector across two lines of the cache is read late after it was written.
                let start = scratch.as_ptr().align_offset(LINE_BYTES).min(line);
                let result = f(&mut scratch[start..start + len]);
                // A thread whose own data is gone works in fresh memory.
                let _ = SCRATCH.try_with(|all| all[purpose as usize].replace(scratch));
                result
            }
        }
    };
}

real!(
    f32,
    f32s,
    F32_LANES,
    splat_f32s,
    mul_add_e_f32s,
    add_f32s,
    mul_f32s,
    as_simd_f32s,
    as_mut_simd_f32s,
    map_in_place
);
real!(
    f64,
    f64s,
    F64_LANES,
    splat_f64s,
    mul_add_e_f64s,
    add_f64s,
    mul_f64s,
    as_simd_f64s,
    as_mut_simd_f64s,
    |_, function, x| map_wide(function, x)
);

/// A function of f64: the system's.
#[cold]
#[inline(never)]
fn map_wide(function: Function, x: &mut [f64]) {
    let of = match function {
        Function::Exp => unary::Function::Exp,
        Function::Erf => unary::Function::Erf,
        Function::Tanh => unary::Function::Tanh,
        Function::Sigmoid => unary::Function::Sigmoid,
        Function::Silu => unary::Function::Silu,
        Function::Gelu => unary::Function::Gelu,
        Function::GeluApprox => unary::Function::GeluApprox,
        Function::Relu => return x.iter_mut().for_each(|x| *x = if *x <= 0.0 { 0.0 } else { *x }),
    };
    let from = x.to_vec();
    unary::map(of, &from, x);
}

/// Fills `to` with `of` each element, sixteen at a time: the compiler makes one vector of them, or a few, and does not leave a
/// short row to a loop of single ones.
#[inline(always)]
fn by_sixteen<A: Copy, B>(from: &[A], to: &mut [B], of: impl Fn(A) -> B) {
    let ((from, from_rest), (to, to_rest)) = (from.as_chunks::<16>(), to.as_chunks_mut::<16>());
    for (to, from) in to.iter_mut().zip(from) {
        for i in 0..16 {
            to[i] = of(from[i]);
        }
    }
    for (to, &from) in to_rest.iter_mut().zip(from_rest) {
        *to = of(from);
    }
}

macro_rules! half_element {
    ($half:ident, $widen:path, $narrow:path, { $($special:tt)* }) => {
        impl Element for $half {
            type Sum = f32;
            const IS_HALF: bool = true;
            const ZERO: Self = Self::ZERO;

            #[inline(always)]
            fn widen(from: &[Self], to: &mut [f32]) {
                by_sixteen(from, to, #[inline(always)] |half| $widen(half.to_bits()));
            }

            #[inline(always)]
            fn narrow(from: &[f32], to: &mut [Self]) {
                by_sixteen(from, to, #[inline(always)] |value| Self::from_bits($narrow(value)));
            }

            #[inline(always)]
            fn round(values: &mut [f32]) {
                let (sixteens, rest) = values.as_chunks_mut::<16>();
                for values in sixteens {
                    for value in values {
                        *value = $widen($narrow(*value));
                    }
                }
                for value in rest {
                    *value = $widen($narrow(*value));
                }
            }

            $($special)*
        }
    };
}

half_element!(f16, halves::widen_f16, halves::narrow_f16, {});
half_element!(bf16, halves::widen_bf16, halves::narrow_bf16, {
    const GROUP: usize = 2;

    #[inline(always)]
    fn widen_panel<S: Simd>(s: S, panel: &[Self], width: usize, is_turned: bool, to: &mut [f32]) {
        for (pairs, to) in panel.chunks_exact(2 * width).zip(to.chunks_exact_mut(2 * width)) {
            let (mut first, mut second) = to.split_at_mut(width);
            if is_turned {
                (first, second) = (second, first);
            }
            let ((first, _), (second, _)) = (S::as_mut_simd_f32s(first), S::as_mut_simd_f32s(second));
            let (shift, mask) = (s.splat_u32s(16), s.splat_u32s(0xffff_0000));
            for (i, (first, second)) in first.iter_mut().zip(second).enumerate() {
                // SAFETY: `pairs` has two elements for each of a row's.
                let pair = unsafe { pairs.as_ptr().cast::<S::u32s>().add(i).read_unaligned() };
                *first = s.transmute_f32s_u32s(s.wrapping_dyn_shl_u32s(pair, shift));
                *second = s.transmute_f32s_u32s(s.and_u32s(pair, mask));
            }
        }
    }

    fn note(panel: &[Self]) -> Self {
        Self::from_bits(pairs::least_exponent(panel))
    }

    #[inline(always)]
    fn as_bf16(elements: &[Self]) -> Option<&[Self]> {
        Some(elements)
    }
});
