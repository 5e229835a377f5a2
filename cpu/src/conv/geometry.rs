//! Where the elements lie that a convolution reads.
//!
//! Every channel of x is laid out anew as planes: with its padding, and with the elements that are as many places apart as
//! windows are side by side. Then each element of a window, a tap, reads neighbours for neighbouring windows, whatever the
//! steps and dilations, and where a tap reads is a number for all windows.

use super::rows;
use pulp::{Arch, Simd, WithSimd};
use std::ops::Range;

/// A convolution of x `[batch, channels, input..]` with w `[filters, channels / groups, kernel..]` over three axes, of which
/// those that are not there have extent 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    pub groups: usize,
    /// Channels of x.
    pub channels: usize,
    /// Channels of the result.
    pub filters: usize,
    pub input: [usize; 3],
    pub output: [usize; 3],
    pub kernel: [usize; 3],
    pub stride: [usize; 3],
    pub dilation: [usize; 3],
    /// Zeros before the elements. Behind them are as many as windows reach.
    pub padding: [usize; 3],
}

impl Shape {
    /// Elements of a filter.
    pub fn depth(&self) -> usize {
        self.per_group() * self.taps()
    }

    /// Elements of a filter in one channel.
    pub fn taps(&self) -> usize {
        self.kernel.iter().product()
    }

    /// Windows.
    pub fn positions(&self) -> usize {
        self.output.iter().product()
    }

    /// Channels that a filter reads.
    pub fn per_group(&self) -> usize {
        self.channels / self.groups.max(1)
    }

    /// Elements of a channel of x.
    pub(super) fn plane(&self) -> usize {
        self.input.iter().product()
    }

    /// Whether windows are the elements of x.
    pub(super) fn is_pointwise(&self) -> bool {
        self.taps() == 1 && self.input == self.output && self.padding == [0; 3] && self.stride == [1; 3]
    }
}

/// One axis of the planes.
#[derive(Debug, Clone)]
struct Axis {
    /// Elements in a plane.
    extent: usize,
    /// The remainders, by the step of windows, of the places that taps read: each has a plane.
    phases: Vec<usize>,
    /// For each tap, its phase among those and how far on it reads.
    taps: Vec<(usize, usize)>,
}

impl Axis {
    fn of(shape: &Shape, axis: usize) -> Self {
        let (stride, dilation) = (shape.stride[axis], shape.dilation[axis]);
        let places = (0..shape.kernel[axis]).map(|tap| tap * dilation);
        let mut phases: Vec<usize> = places.clone().map(|place| place % stride).collect();
        phases.sort_unstable();
        phases.dedup();
        let taps: Vec<(usize, usize)> =
            places.map(|place| (phases.binary_search(&(place % stride)).unwrap_or_default(), place / stride)).collect();
        let reach = taps.iter().map(|(_, on)| *on).max().unwrap_or_default();
        Self { extent: reach + shape.output[axis], phases, taps }
    }
}

/// The planes of a convolution.
#[derive(Debug, Clone)]
pub(crate) struct Planes {
    axes: [Axis; 3],
    /// For each tap, how far it reads behind the place of its window.
    pub(crate) taps: Vec<usize>,
    /// Elements of all planes of a channel.
    pub(crate) len: usize,
    shape: Shape,
    rows: Vec<Row>,
    gaps: Vec<Range<usize>>,
}

impl Planes {
    pub(crate) fn new(shape: &Shape) -> Self {
        let axes = [0, 1, 2].map(|axis| Axis::of(shape, axis));
        let [d, h, w] = &axes;
        let plane = d.extent * h.extent * w.extent;
        let mut taps = Vec::with_capacity(shape.taps());
        for &(pd, on_d) in &d.taps {
            for &(ph, on_h) in &h.taps {
                for &(pw, on_w) in &w.taps {
                    let phase = (pd * h.phases.len() + ph) * w.phases.len() + pw;
                    taps.push(phase * plane + (on_d * h.extent + on_h) * w.extent + on_w);
                }
            }
        }
        let len = axes.iter().map(|axis| axis.phases.len()).product::<usize>() * plane;
        let (rows, gaps) = rows_and_gaps(&axes, shape);
        Self { axes, taps, len, shape: *shape, rows, gaps }
    }

    /// The place of a window, by its index.
    pub(crate) fn place(&self, position: usize) -> usize {
        let [_, rows, columns] = self.shape.output;
        let (row, column) = (position / columns, position % columns);
        (row / rows * self.axes[1].extent + row % rows) * self.axes[2].extent + column
    }

    /// Windows side by side, some after the other: where the first of each run is, and how many there are.
    pub(crate) fn runs(&self, positions: Range<usize>) -> Vec<(usize, usize)> {
        let columns = self.shape.output[2];
        let mut runs: Vec<(usize, usize)> = Vec::new();
        let mut position = positions.start;
        while position < positions.end {
            let count = (columns - position % columns).min(positions.end - position);
            let place = self.place(position);
            match runs.last_mut() {
                Some((start, len)) if *start + *len == place => *len += count,
                _ => runs.push((place, count)),
            }
            position += count;
        }
        runs
    }

    /// Lays out a channel, with `padding` around its elements; without one where it is there already, from another channel.
    pub(crate) fn fill(&self, x: &[f32], padding: Option<f32>, to: &mut [f32]) {
        if let Some(padding) = padding {
            for gap in &self.gaps {
                to[gap.clone()].fill(padding);
            }
        }
        Arch::new().dispatch(Fill { planes: self, x, to });
    }
}

/// Elements of a channel that lie side by side in a plane.
#[derive(Debug, Clone)]
struct Row {
    /// The first one's place in the channel; each is a step of windows behind the one before.
    from: usize,
    /// The first one's place in the planes.
    to: usize,
    count: usize,
}

/// The rows of all planes, and the places between them, which the padding fills.
fn rows_and_gaps(axes: &[Axis; 3], shape: &Shape) -> (Vec<Row>, Vec<Range<usize>>) {
    let [d, h, w] = axes;
    let [_, height, width] = shape.input;
    let (mut rows, mut gaps, mut filled, mut start) = (Vec::new(), Vec::new(), 0, 0);
    // The place in x that an element of a plane shows, if it is none of the padding.
    let source = |axis: usize, phase: usize, at: usize| {
        (at * shape.stride[axis] + phase).checked_sub(shape.padding[axis]).filter(|&at| at < shape.input[axis])
    };
    for &phase_d in &d.phases {
        for &phase_h in &h.phases {
            for &phase_w in &w.phases {
                let skipped = shape.padding[2].saturating_sub(phase_w).div_ceil(shape.stride[2]).min(w.extent);
                let first = (skipped * shape.stride[2] + phase_w).saturating_sub(shape.padding[2]);
                let count = width.saturating_sub(first).div_ceil(shape.stride[2]).min(w.extent - skipped);
                for (at_d, at_h) in (0..d.extent).flat_map(|at_d| (0..h.extent).map(move |at_h| (at_d, at_h))) {
                    let from = source(0, phase_d, at_d).zip(source(1, phase_h, at_h)).filter(|_| count > 0);
                    if let Some((at_d, at_h)) = from {
                        let to = start + skipped;
                        gaps.push(filled..to);
                        rows.push(Row { from: (at_d * height + at_h) * width + first, to, count });
                        filled = to + count;
                    }
                    start += w.extent;
                }
            }
        }
    }
    gaps.push(filled..start);
    gaps.retain(|gap| !gap.is_empty());
    (rows, gaps)
}

/// One channel that is laid out.
struct Fill<'a> {
    planes: &'a Planes,
    x: &'a [f32],
    to: &'a mut [f32],
}

impl WithSimd for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { planes, x, to } = self;
        let stride = planes.shape.stride[2];
        for row in &planes.rows {
            let (from, to) = (&x[row.from..], &mut to[row.to..][..row.count]);
            match stride {
                1 => rows::copy(s, &from[..row.count], to),
                2 => rows::copy_even(from, to),
                _ => to.iter_mut().zip(from.iter().step_by(stride)).for_each(|(to, from)| *to = *from),
            }
        }
    }
}
