//! Convolutions by channels: each filter reads one, as a sum of its planes, moved on from tap to tap.
//!
//! Rows of windows are computed with what lies between them, in planes that are as wide as x with its padding, so that all
//! vectors but the last are full however short rows are.

use super::scratch::{self, Use};
use super::steps::{Blocks, Step, finish_row};
use super::{PIECE, Work};
use crate::threads;
use pulp::{Arch, NullaryFnOnce, Simd, WithSimd};

/// Vectors of sums that are kept in registers.
const VECTORS: usize = 8;

/// The longest vector.
const LANES: usize = 16;

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
        scratch::with(Use::Planes, planes.len + VECTORS * LANES, |laid_out| {
            scratch::with(Use::Sums, len + VECTORS * LANES, |sums| {
                let mut padding = Some(0.0);
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
                            sums,
                            runs: &runs,
                            steps: work.steps,
                            y,
                            first: row * positions,
                            channel: filter,
                        });
                    }
                }
            });
        });
    });
}

/// One filter of one image.
struct Slide<'a> {
    x: &'a [f32],
    w: &'a [f32],
    taps: &'a [usize],
    len: usize,
    sums: &'a mut [f32],
    /// Where windows are in the sums.
    runs: &'a [(usize, usize)],
    steps: &'a [Step<'a>],
    y: &'a mut [f32],
    first: usize,
    channel: usize,
}

impl WithSimd for Slide<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { x, w, taps, len, sums, runs, steps, y, first, channel } = self;
        let vectors = len.div_ceil(S::F32_LANES);
        let (all, _) = S::as_mut_simd_f32s(sums);
        let mut at = 0;
        while at < vectors {
            let (places, x) = (&mut all[at..vectors], &x[at * S::F32_LANES..]);
            at += match places.len() {
                VECTORS.. => s.vectorize(Block::<S, VECTORS> { s, x, w, taps, places }),
                4.. => s.vectorize(Block::<S, 4> { s, x, w, taps, places }),
                2.. => s.vectorize(Block::<S, 2> { s, x, w, taps, places }),
                _ => s.vectorize(Block::<S, 1> { s, x, w, taps, places }),
            };
        }
        let mut rest = &mut *y;
        for &(place, count) in runs {
            let (row, behind) = rest.split_at_mut(count);
            row.copy_from_slice(&sums[place..place + count]);
            rest = behind;
        }
        finish_row(s, steps, &mut Blocks::new(), y, first, channel);
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
