//! Reductions of every dtype against what one process computes, for every number of ranks and lengths that are cut unevenly.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod common;

use std::ops::{Add, BitAnd, BitOr};

use common::{LONG, ranks};
use half::{bf16, f16};
use rlx_mlx_collectives::Reduction::{Max, Min, Sum};
use rlx_mlx_collectives::{Element, Reduction};

/// None, one, fewer than ranks, a short odd number, just over what goes whole, and many pieces.
const LENGTHS: [usize; 6] = [0, 1, 3, 1003, 17_001, 1_000_003];

/// Bytes of element `i` of `rank`, which are all sorts of numbers, the same on each call.
fn number(rank: usize, i: usize) -> u64 {
    let mut x = (i as u64) << 8 | rank as u64;
    for _ in 0..2 {
        x = (x ^ x >> 31).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    x ^ x >> 29
}

/// Reduces numbers of `T`, which `make` makes, on all ranks; `reduce` gives what the operands in the order of the ranks come to.
fn compare<T: Copy, const N: usize>(
    element: Element,
    make: impl Fn(u64) -> T + Sync,
    bytes: impl Fn(T) -> [u8; N] + Sync,
    reduce: impl Fn(Reduction, &[T]) -> T + Sync,
) {
    for size in 2..=8 {
        let of = |rank: usize, i: usize| make(number(rank, i));
        let lengths = LENGTHS.into_iter().filter(|&length| length < 100_000 || [3, 8].contains(&size));
        let cases = lengths.flat_map(|length| [Sum, Max, Min].map(|reduction| (length, reduction)));
        let cases = cases.map(|(length, reduction)| {
            let all = |i: usize| (0..size).map(|rank| of(rank, i)).collect::<Vec<T>>();
            let wanted: Vec<u8> = (0..length).flat_map(|i| bytes(reduce(reduction, &all(i)))).collect();
            (length, reduction, wanted)
        });
        let cases: Vec<_> = cases.collect();
        ranks(size, |group| {
            for (length, reduction, wanted) in &cases {
                let (length, reduction, what) = (*length, *reduction, format!("{element:?}, {size} ranks, {length}"));
                let operand: Vec<u8> = (0..length).flat_map(|i| bytes(of(group.rank(), i))).collect();
                let at = |of: &[u8]| of.iter().zip(wanted).position(|(a, b)| a != b).map(|byte| byte / N);
                let mut data = operand.clone();
                group.all_reduce(reduction, element, &mut data, LONG).unwrap();
                assert!(data == *wanted, "{reduction:?} of {what}: wrong at {:?}", at(&data));
                let part = group.part(length, group.rank());
                let mut mine = vec![0; part.len() * N];
                group.reduce_scatter(reduction, element, &operand, &mut mine, LONG).unwrap();
                assert!(mine == wanted[part.start * N..part.end * N], "scattered {reduction:?} of {what}");
            }
        });
    }
}

/// One after the other in a dtype that holds what two of them come to.
fn fold<T: Copy, W: Copy + PartialOrd + Add<Output = W>>(
    reduction: Reduction,
    all: &[T],
    wide: impl Fn(T) -> W,
    narrow: impl Fn(W) -> T,
) -> T {
    let by = |a: W, b: W| match reduction {
        Sum => a + b,
        Max => {
            if a > b {
                a
            } else {
                b
            }
        }
        Min => {
            if a < b {
                a
            } else {
                b
            }
        }
    };
    narrow(all.iter().map(|&value| wide(value)).reduce(by).unwrap())
}

macro_rules! integers {
    ($($test:ident $type:ident $element:ident;)*) => {
        $(#[test]
        fn $test() {
            let reduce = |reduction, all: &[$type]| fold(reduction, all, i128::from, |wide| wide as $type);
            compare(Element::$element, |number| number as $type, $type::to_ne_bytes, reduce);
        })*
    };
}

integers! {
    bytes u8 U8;
    shorts u16 U16;
    words u32 U32;
    longs u64 U64;
    signed_bytes i8 I8;
    signed_shorts i16 I16;
    signed_words i32 I32;
    signed_longs i64 I64;
}

/// Numbers of which many differ by more than a half holds.
fn real(number: u64) -> f64 {
    (number as i32 as f64) / 2f64.powi(31) * 2f64.powi((number >> 40) as i32 % 12)
}

#[test]
fn halves_are_added_in_f32() {
    let reduce = |reduction, all: &[f16]| fold(reduction, all, f16::to_f32, f16::from_f32);
    compare(Element::F16, |number| f16::from_f64(real(number)), f16::to_ne_bytes, reduce);
}

#[test]
fn brain_halves_are_added_in_f32() {
    let reduce = |reduction, all: &[bf16]| fold(reduction, all, bf16::to_f32, bf16::from_f32);
    compare(Element::BF16, |number| bf16::from_f64(real(number)), bf16::to_ne_bytes, reduce);
}

#[test]
fn singles_are_added_in_f64() {
    let reduce = |reduction, all: &[f32]| fold(reduction, all, f64::from, |wide| wide as f32);
    compare(Element::F32, |number| real(number) as f32, f32::to_ne_bytes, reduce);
}

#[test]
fn doubles_are_added_in_the_order_of_the_ranks() {
    let reduce = |reduction, all: &[f64]| fold(reduction, all, |value| value, |wide| wide);
    compare(Element::F64, real, f64::to_ne_bytes, reduce);
}

#[test]
fn complex_numbers_are_added_by_part_and_compared_by_the_real_one_first() {
    let make = |number: u64| [real(number % 5) as f32, real(number) as f32];
    let bytes = |value: [f32; 2]| {
        let mut bytes = [0; 8];
        bytes[..4].copy_from_slice(&value[0].to_ne_bytes());
        bytes[4..].copy_from_slice(&value[1].to_ne_bytes());
        bytes
    };
    let reduce = |reduction, all: &[[f32; 2]]| {
        let by = |a: [f32; 2], b: [f32; 2]| match reduction {
            Sum => [a[0] + b[0], a[1] + b[1]],
            Max => {
                if a.partial_cmp(&b).unwrap().is_gt() {
                    a
                } else {
                    b
                }
            }
            Min => {
                if a.partial_cmp(&b).unwrap().is_lt() {
                    a
                } else {
                    b
                }
            }
        };
        all.iter().copied().reduce(by).unwrap()
    };
    compare(Element::C64, make, bytes, reduce);
}

#[test]
fn of_booleans_a_sum_is_whether_one_is_true() {
    let reduce = |reduction, all: &[u8]| match reduction {
        Sum | Max => all.iter().copied().fold(0, BitOr::bitor),
        Min => all.iter().copied().fold(1, BitAnd::bitand),
    };
    compare(Element::Bool, |number| (number % 3 == 0) as u8, |value| [value], reduce);
}

#[test]
fn what_is_no_number_shows_on_every_rank() {
    ranks(3, |group| {
        for reduction in [Sum, Max, Min] {
            for at in 0..3 {
                let mine = if group.rank() == at { f32::NAN } else { 1.0 };
                let mut data = mine.to_ne_bytes();
                group.all_reduce(reduction, Element::F32, &mut data, LONG).unwrap();
                assert!(f32::from_ne_bytes(data).is_nan(), "{reduction:?} of NaN on rank {at}");
            }
        }
    });
}
