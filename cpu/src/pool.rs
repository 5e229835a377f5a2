//! The largest or the smallest element of windows, of f32 over up to three axes, channels first.
//!
//! A channel is laid out as for a convolution: then neighbouring windows read neighbours at each tap, and vectors hold windows.

use crate::conv::scratch::{self, Use};
use crate::conv::{Planes, Shape, rows};
use crate::threads;
use pulp::{Arch, Simd, WithSimd};

/// Which element of a window is wanted. NaN wins over all; a window of padding alone gives the infinity that loses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    Largest,
    Smallest,
}

/// A pooling that is ready to be computed.
#[derive(Debug, Clone)]
pub struct Pool {
    wanted: Wanted,
    shape: Shape,
    planes: Planes,
    /// Where windows are in a plane, by runs of neighbours, and the end of all.
    runs: Vec<(usize, usize)>,
    len: usize,
}

/// Comparisons in a piece at least: some 20 µs.
const PIECE: usize = 1 << 18;

/// The longest vector.
const LANES: usize = 16;

impl Pool {
    /// Of each channel of x: `shape` has one channel and one filter, whose kernel is the window.
    ///
    /// # Panics
    /// If a stride is 0.
    pub fn new(wanted: Wanted, shape: Shape) -> Self {
        assert!(shape.stride.iter().all(|&stride| stride > 0), "strides are positive");
        let planes = Planes::new(&shape);
        let positions = shape.positions();
        let len = if positions == 0 { 0 } else { planes.place(positions - 1) + 1 };
        Self { wanted, shape, runs: planes.runs(0..positions), planes, len }
    }

    /// y = the pooling of as many channels as y has.
    ///
    /// # Panics
    /// If x is too short.
    pub fn compute(&self, x: &[f32], y: &mut [f32]) {
        let (positions, plane) = (self.shape.positions(), self.shape.input.iter().product::<usize>());
        if positions == 0 {
            return;
        }
        let padding = match self.wanted {
            Wanted::Largest => f32::NEG_INFINITY,
            Wanted::Smallest => f32::INFINITY,
        };
        let at_once = (PIECE / (self.len * self.planes.taps.len()).max(1)).max(1);
        threads::deal_parts(y, at_once * positions, &|first, part| {
            scratch::with(Use::Planes, self.planes.len + LANES, |planes| {
                scratch::with(Use::Sums, self.len + LANES, |found| {
                    let mut around = Some(padding);
                    for (channel, y) in (first / positions..).zip(part.chunks_exact_mut(positions)) {
                        self.planes.fill(&x[channel * plane..][..plane], around.take(), &mut planes[..self.planes.len]);
                        Arch::new().dispatch(Slide { pool: self, planes, padding, found, y });
                    }
                });
            });
        });
    }
}

/// The windows of one channel.
struct Slide<'a> {
    pool: &'a Pool,
    planes: &'a [f32],
    padding: f32,
    found: &'a mut [f32],
    y: &'a mut [f32],
}

impl WithSimd for Slide<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { pool, planes, padding, found, y } = self;
        let vectors = pool.len.div_ceil(S::F32_LANES);
        let largest = pool.wanted == Wanted::Largest;
        for (at, place) in S::as_mut_simd_f32s(&mut *found).0.iter_mut().take(vectors).enumerate() {
            let x = &planes[at * S::F32_LANES..];
            let mut best = s.splat_f32s(padding);
            // Processors differ in what the larger of a number and NaN is.
            let mut are_numbers = s.equal_f32s(best, best);
            for &tap in &pool.planes.taps {
                let Some(&x) = S::as_simd_f32s(&x[tap..]).0.first() else { break };
                best = if largest { s.max_f32s(best, x) } else { s.min_f32s(best, x) };
                are_numbers = s.and_m32s(are_numbers, s.equal_f32s(x, x));
            }
            *place = s.select_f32s(are_numbers, best, s.splat_f32s(f32::NAN));
        }
        let mut rest = y;
        for &(place, count) in &pool.runs {
            let (row, behind) = rest.split_at_mut(count);
            rows::copy(s, &found[place..place + count], row);
            rest = behind;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(input: [usize; 3], kernel: [usize; 3], stride: [usize; 3], padding: [usize; 3], more: usize) -> Shape {
        let out = |axis: usize| (input[axis] + 2 * padding[axis] + more - kernel[axis]) / stride[axis] + 1;
        let output = [0, 1, 2].map(out);
        Shape { groups: 1, channels: 1, filters: 1, input, output, kernel, stride, dilation: [1; 3], padding }
    }

    #[test]
    fn every_window_gives_its_extreme() {
        for shape in [
            shape([1, 112, 113], [1, 3, 3], [1, 2, 2], [0, 1, 1], 0),
            shape([1, 1, 40], [1, 1, 5], [1, 1, 3], [0, 0, 2], 1),
            shape([1, 7, 7], [1, 7, 7], [1, 1, 1], [0, 0, 0], 0),
            shape([4, 5, 6], [2, 2, 3], [2, 1, 2], [1, 0, 1], 0),
            shape([1, 2, 2], [1, 1, 1], [1, 1, 1], [0, 2, 2], 0),
        ] {
            let plane: usize = shape.input.iter().product();
            let mut x: Vec<f32> = (0..3 * plane).map(|i| (i * 7919 % 1009) as f32 - 500.0).collect();
            x[plane / 2] = f32::NAN;
            x[plane] = f32::INFINITY;
            for wanted in [Wanted::Largest, Wanted::Smallest] {
                let mut y = vec![0.0; 3 * shape.positions()];
                Pool::new(wanted, shape).compute(&x, &mut y);
                for (at, &found) in y.iter().enumerate() {
                    let (channel, at) = (at / shape.positions(), at % shape.positions());
                    let [_, rows, columns] = shape.output;
                    let window = [at / columns / rows, at / columns % rows, at % columns];
                    let mut seen = Vec::new();
                    for tap in 0..shape.taps() {
                        let tap = [
                            tap / (shape.kernel[1] * shape.kernel[2]),
                            tap / shape.kernel[2] % shape.kernel[1],
                            tap % shape.kernel[2],
                        ];
                        let place =
                            [0, 1, 2].map(|a| (window[a] * shape.stride[a] + tap[a]).wrapping_sub(shape.padding[a]));
                        if (0..3).all(|a| place[a] < shape.input[a]) {
                            seen.push(
                                x[channel * plane + (place[0] * shape.input[1] + place[1]) * shape.input[2] + place[2]],
                            );
                        }
                    }
                    let want = match wanted {
                        _ if seen.iter().any(|x| x.is_nan()) => f32::NAN,
                        Wanted::Largest => seen.iter().copied().fold(f32::NEG_INFINITY, f32::max),
                        Wanted::Smallest => seen.iter().copied().fold(f32::INFINITY, f32::min),
                    };
                    assert!(
                        found == want || (found.is_nan() && want.is_nan()),
                        "{shape:?}, {wanted:?}, {at}: {found}, not {want}"
                    );
                }
            }
        }
    }
}
