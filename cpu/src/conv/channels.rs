//! Convolutions by channels: each filter reads one, as a sum of its planes, moved on from tap to tap.
//!
//! Rows of windows are computed with what lies between them, in planes that are as wide as x with its padding, so that all
//! vectors but the last are full however short rows are.

use super::scratch::{self, Use};
use super::steps::{BLOCK, Blocks, Place, Step, finish_row};
use super::{PIECE, Work, rows};
use crate::threads;
use pulp::{Arch, NullaryFnOnce, Simd, WithSimd};

/// The longest vector.
const LANES: usize = 16;

/// Vectors of sums that are kept in registers.
const VECTORS: usize = 8;

pub(super) fn compute(work: &Work<'_>, batch: usize) {
    let (shape, planes) = (&work.conv.shape, &work.conv.planes);
    let (positions, taps, plane) = (shape.positions(), shape.taps(), shape.plane());
    let per_channel = shape.filters / shape.channels.max(1);
    // The last window's place, and the end of all.
    let len = planes.place(positions - 1) + 1;
    let runs = planes.runs(0..positions);
    let all = batch * shape.channels;
    let at_once = (PIECE / 4 / (len * taps * per_channel)).max(1);
    threads::deal(all.div_ceil(at_once), &|piece| {
        scratch::with(Use::Planes, planes.len + LANES, |laid_out| {
            let (mut padding, mut blocks) = (Some(0.0), Blocks::new());
            for channel in piece * at_once..((piece + 1) * at_once).min(all) {
                let x = &work.x[channel * plane..][..plane];
                planes.fill(x, padding.take(), &mut laid_out[..planes.len]);
                for i in 0..per_channel {
                    let row = channel * per_channel + i;
                    let filter = row % shape.filters;
                    // SAFETY: the part of this channel of this image, which is one piece's.
                    let y = unsafe { work.y.part(row * positions, positions) };
                    Arch::new().dispatch(Slide {
                        x: laid_out,
                        w: &work.w[filter * taps..][..taps],
                        taps: &planes.taps,
                        len,
                        runs: &runs,
                        steps: work.steps,
                        blocks: &mut blocks,
                        y,
                        first: row * positions,
                        channel: filter,
                    });
                }
            }
        });
    });
}

/// One filter of one image.
struct Slide<'a> {
    x: &'a [f32],
    w: &'a [f32],
    taps: &'a [usize],
    len: usize,
    /// Where windows are.
    runs: &'a [(usize, usize)],
    steps: &'a [Step<'a>],
    blocks: &'a mut Blocks,
    y: &'a mut [f32],
    first: usize,
    channel: usize,
}

impl WithSimd for Slide<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { x, w, taps, len, runs, steps, blocks, y, first, channel } = self;
        // Steps are done to what lies between rows of windows too, unless they ask for an element's place in the result.
        let (at_once, after) = if steps.iter().any(Step::reads_array) { (&[][..], steps) } else { (steps, &[][..]) };
        let mut rows = Rows { runs: runs.iter(), next: (0, 0), y };
        for start in (0..len).step_by(BLOCK) {
            let columns = BLOCK.min(len - start);
            let width = columns.next_multiple_of(S::F32_LANES);
            let (mut places, _) = S::as_mut_simd_f32s(&mut blocks.values[..width]);
            let mut x = &x[start..];
            while !places.is_empty() {
                let done = match places.len() {
                    VECTORS.. => s.vectorize(Block::<S, VECTORS> { s, x, w, taps, places }),
                    4.. => s.vectorize(Block::<S, 4> { s, x, w, taps, places }),
                    2.. => s.vectorize(Block::<S, 2> { s, x, w, taps, places }),
                    _ => s.vectorize(Block::<S, 1> { s, x, w, taps, places }),
                };
                places = &mut places[done..];
                x = &x[done * S::F32_LANES..];
            }
            let place = Place { first: 0, stride: 0, channel, rows: 1, width, columns, y: std::ptr::null_mut() };
            blocks.apply(s, at_once, &place);
            rows.take(s, start, &blocks.values[..columns]);
        }
        finish_row(s, after, blocks, y, first, channel);
    }
}

/// Rows of windows on their way from blocks to the result.
struct Rows<'r, 'y> {
    /// Where the next rows are, and how long.
    runs: std::slice::Iter<'r, (usize, usize)>,
    /// What is left of one that has begun.
    next: (usize, usize),
    /// What is left of the result.
    y: &'y mut [f32],
}

impl Rows<'_, '_> {
    /// Takes what a block holds of them, which begins at the place `start`.
    #[inline(always)]
    fn take<S: Simd>(&mut self, s: S, start: usize, block: &[f32]) {
        let end = start + block.len();
        loop {
            if self.next.1 == 0 {
                let Some(&next) = self.runs.next() else { return };
                self.next = next;
            }
            let (place, count) = self.next;
            if place >= end {
                return;
            }
            let here = count.min(end - place);
            let (row, rest) = std::mem::take(&mut self.y).split_at_mut(here);
            rows::copy(s, &block[place - start..][..here], row);
            (self.y, self.next) = (rest, (place + here, count - here));
        }
    }
}

/// The sums of the first N vectors of some places, and how many those are.
struct Block<'a, S: Simd, const N: usize> {
    s: S,
    x: &'a [f32],
    w: &'a [f32],
    taps: &'a [usize],
    places: &'a mut [S::f32s],
}

impl<S: Simd, const N: usize> NullaryFnOnce for Block<'_, S, N> {
    type Output = usize;

    #[inline(always)]
    fn call(self) -> usize {
        let Self { s, x, w, taps, places } = self;
        let mut sums = [s.splat_f32s(0.0); N];
        for (&tap, &w) in taps.iter().zip(w) {
            let (w, x) = (s.splat_f32s(w), &x[tap..tap + N * S::F32_LANES]);
            let (x, _) = S::as_simd_f32s(x);
            for (sum, &x) in sums.iter_mut().zip(x) {
                *sum = s.mul_add_e_f32s(w, x, *sum);
            }
        }
        places[..N].copy_from_slice(&sums);
        N
    }
}
