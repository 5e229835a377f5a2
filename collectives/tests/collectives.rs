//! Collectives against what one process computes from the operands of all ranks.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod common;

use common::{LONG, ranks};
use rlx_mlx_collectives::{Element, Reduction};

#[test]
fn sums_of_f32_of_any_length() {
    for size in [2, 3, 4, 8] {
        ranks(size, |group| {
            for length in [0, 1, 3, 1000, 100_000, 1_000_003] {
                let of = |rank: usize, i: usize| ((i * 31 + rank * 7) % 1000) as f32 - 500.0;
                let mut data: Vec<u8> = (0..length).flat_map(|i| of(group.rank(), i).to_ne_bytes()).collect();
                group.all_reduce(Reduction::Sum, Element::F32, &mut data, LONG).unwrap();
                for (i, found) in data.as_chunks().0.iter().enumerate() {
                    let wanted: f32 = (0..size).map(|rank| of(rank, i)).sum();
                    assert_eq!(f32::from_ne_bytes(*found), wanted, "element {i} of {length}, {size} ranks");
                }
            }
        });
    }
}

#[test]
fn what_all_have_is_gathered_in_their_order() {
    ranks(3, |group| {
        for length in [0, 1, 5, 300_001] {
            let mut all = vec![9; length * 3];
            group.all_gather(&vec![group.rank() as u8; length], &mut all, LONG).unwrap();
            let wanted: Vec<u8> = (0..3).flat_map(|rank| vec![rank; length]).collect();
            assert_eq!(all, wanted);
        }
    });
}

#[test]
fn messages_of_different_tags_do_not_overtake_their_own() {
    ranks(3, |group| {
        let (me, long) = (group.rank(), vec![7; 3_000_000]);
        // All send before any receives.
        for to in 0..3 {
            for (tag, message) in [(1, &b"first"[..]), (2, &long), (1, b""), (2, &[me as u8])] {
                group.send(to, tag, message, LONG).unwrap();
            }
        }
        for from in 0..3 {
            assert_eq!(group.recv(from, 2, LONG).unwrap(), long);
            assert_eq!(group.recv(from, 2, LONG).unwrap(), [from as u8]);
            assert_eq!(group.recv(from, 1, LONG).unwrap(), b"first");
            assert_eq!(group.recv(from, 1, LONG).unwrap(), b"");
        }
        group.barrier(LONG).unwrap();
    });
}
