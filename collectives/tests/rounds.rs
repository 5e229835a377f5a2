//! Many sums of many shapes, as training makes them of its gradients.

#![allow(clippy::unwrap_used, reason = "a failure here is a failed test")]

mod common;

use common::{LONG, ranks};
use rlx_mlx_collectives::{Element, Reduction};

/// Elements of the gradients of a small encoder: biases, norms, embeddings, matrices.
const SHAPES: [usize; 40] = [
    1, 2, 3, 7, 16, 31, 64, 64, 64, 65, 127, 128, 256, 384, 384, 384, 384, 512, 768, 768, 1000, 1024, 1536, 1536, 2048,
    2304, 3072, 4095, 4096, 4097, 6144, 8192, 9216, 12_288, 16_384, 16_385, 24_576, 36_864, 65_537, 147_456,
];

/// `rounds` of sums of all shapes; every element is compared.
fn sums(size: usize, rounds: usize) {
    ranks(size, |group| {
        let size = size as u32;
        for round in 0..rounds as u32 {
            for (shape, &length) in SHAPES.iter().enumerate() {
                // Small integers, whose sums f32 holds.
                let first = round % 89 + shape as u32;
                let mine = (first + group.rank() as u32) as f32;
                let wanted = (first * size + size * (size - 1) / 2) as f32;
                let mut data = mine.to_ne_bytes().repeat(length);
                group.all_reduce(Reduction::Sum, Element::F32, &mut data, LONG).unwrap();
                let is_right = data.as_chunks().0.iter().all(|found| f32::from_ne_bytes(*found) == wanted);
                assert!(is_right, "round {round}, {length} elements, {size} ranks");
            }
        }
    });
}

#[test]
fn a_hundred_rounds() {
    for size in 2..=5 {
        sums(size, 100);
    }
}

/// `cargo test --release -p rlx-mlx-collectives --test rounds -- --ignored`
#[test]
#[ignore = "takes minutes"]
fn ten_thousand_rounds() {
    for size in 2..=5 {
        sums(size, 10_000);
    }
}
