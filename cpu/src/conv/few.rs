//! Convolutions by filters: vectors hold filters, as there are few windows.

use super::scratch::{self, Use};
use super::steps::{BLOCK, Blocks, Operand, Place, Step, finish_row};
use super::{COPIED, Shared, Work};
use crate::{gemm, threads};
use pulp::{Arch, Simd, WithSimd};
use std::ops::Range;

/// Channels whose elements are copied together: those of some windows share a line of the cache.
const LINES: usize = 16;

pub(super) fn compute(work: &Work<'_>, images: Range<usize>, planes: &[f32]) {
    let shape = &work.conv.shape;
    let (depth, filters, positions) = (shape.depth(), shape.filters, shape.positions());
    let m = images.len() * positions;
    scratch::with(Use::Sums, m * filters, |sums| {
        if positions == 1 && shape.is_pointwise() {
            let x = gemm::Rows { data: &planes[images.start * depth..], stride: depth };
            gemm::product([m, depth, filters], x, work.w, &[], sums);
        } else {
            scratch::with(Use::Windows, m * depth, |rows| {
                copy_rows(work, planes, &mut rows[..m * depth]);
                gemm::product([m, depth, filters], gemm::Rows { data: rows, stride: depth }, work.w, &[], sums);
            });
        }
        finish(work, images, sums);
    });
}

/// What each window sees, as a row.
fn copy_rows(work: &Work<'_>, planes: &[f32], rows: &mut [f32]) {
    let (shape, laid_out) = (&work.conv.shape, &work.conv.planes);
    let (depth, positions, taps) = (shape.depth(), shape.positions(), laid_out.taps.len());
    let places: Vec<usize> = (0..positions).map(|position| laid_out.place(position)).collect();
    let at_once = (COPIED / depth.max(1)).max(1);
    threads::deal_parts(rows, at_once * depth, &|first, part| {
        let (first, count) = (first / depth, part.len() / depth);
        for channel in (0..shape.channels).step_by(LINES) {
            let channels = channel..(channel + LINES).min(shape.channels);
            for i in 0..count {
                let (image, position) = ((first + i) / positions, (first + i) % positions);
                let row = &mut part[i * depth + channel * taps..i * depth + channels.end * taps];
                for (c, to) in channels.clone().zip(row.chunks_exact_mut(taps)) {
                    let from = &planes[(image * shape.channels + c) * laid_out.len + places[position]..];
                    for (place, &tap) in to.iter_mut().zip(&laid_out.taps) {
                        *place = from[tap];
                    }
                }
            }
        }
    });
}

/// Turns sums[image, window, filter] into the result, and does the steps.
fn finish(work: &Work<'_>, images: Range<usize>, sums: &[f32]) {
    let shape = &work.conv.shape;
    let (filters, positions, y) = (shape.filters, shape.positions(), work.y);
    if positions == 1 {
        for (image, sums) in images.zip(sums.chunks_exact(filters)) {
            let first = image * filters;
            // SAFETY: the image's part of the result.
            let y = unsafe { y.part(first, filters) };
            y.copy_from_slice(sums);
            // Channels lie side by side, as elements do.
            let steps: Vec<Step<'_>> = work.steps.iter().map(|&step| of_image(step, first)).collect();
            Arch::new().dispatch(Row { steps: &steps, y });
        }
        return;
    }
    let at_once = (COPIED / positions).clamp(1, filters);
    let blocks = filters.div_ceil(at_once);
    threads::deal(images.len() * blocks, &|piece| {
        let (image, block) = (piece / blocks, piece % blocks);
        let channels = block * at_once..((block + 1) * at_once).min(filters);
        let sums = &sums[image * positions * filters..][..positions * filters];
        let first = ((images.start + image) * filters + channels.start) * positions;
        Arch::new().dispatch(Turned { work, sums, channels, first, y });
    });
}

/// A step where elements of channels are those of an array.
fn of_image(step: Step<'_>, first: usize) -> Step<'_> {
    match step {
        Step::Binary { op, other: Operand::Channel(numbers), turned } => {
            Step::Binary { op, other: Operand::Array(numbers), turned }
        }
        Step::Binary { op, other: Operand::Array(array), turned } => {
            Step::Binary { op, other: Operand::Array(&array[first..]), turned }
        }
        step => step,
    }
}

struct Row<'a> {
    steps: &'a [Step<'a>],
    y: &'a mut [f32],
}

impl WithSimd for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        finish_row(s, self.steps, &mut Blocks::new(), self.y, 0, 0);
    }
}

/// Some channels of an image.
struct Turned<'a> {
    work: &'a Work<'a>,
    sums: &'a [f32],
    channels: Range<usize>,
    /// Where their first element is in the result.
    first: usize,
    y: Shared,
}

impl WithSimd for Turned<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let shape = &self.work.conv.shape;
        let (filters, positions) = (shape.filters, shape.positions());
        let mut blocks = Blocks::new();
        // Windows of a block, and the channels that have room in it.
        let columns = positions.min(BLOCK / S::F32_LANES * S::F32_LANES);
        let width = columns.next_multiple_of(S::F32_LANES);
        let at_once = (BLOCK / width).max(1);
        for channel in self.channels.clone().step_by(at_once) {
            let rows = at_once.min(self.channels.end - channel);
            for start in (0..positions).step_by(columns) {
                let columns = columns.min(positions - start);
                for (position, sums) in self.sums.chunks_exact(filters).skip(start).take(columns).enumerate() {
                    let sums = &sums[channel..channel + rows];
                    for (place, &sum) in blocks.values[position..].iter_mut().step_by(width).zip(sums) {
                        *place = sum;
                    }
                }
                let first = self.first + (channel - self.channels.start) * positions + start;
                let place = Place { first, stride: positions, channel, rows, width, columns };
                blocks.apply(s, self.work.steps, &place);
                for (i, values) in blocks.values.chunks_exact(width).take(rows).enumerate() {
                    // SAFETY: a part of a channel of the piece.
                    let y = unsafe { self.y.part(first + i * positions, columns) };
                    y.copy_from_slice(&values[..columns]);
                }
            }
        }
    }
}
