//! Where the elements lie that a convolution reads.
//!
//! Every channel of x is laid out anew as planes: with its padding, and with the elements that are as many places apart as
//! windows are side by side. Then each element of a window, a tap, reads neighbours for neighbouring windows, whatever the
//! steps and dilations, and where a tap reads is a number for all windows.

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
        Self { axes, taps, len, shape: *shape }
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
    pub(crate) fn fill(&self, x: &[f32], padding: Option<f32>, planes: &mut [f32]) {
        let [d, h, w] = &self.axes;
        let [stride_d, stride_h, stride_w] = self.shape.stride;
        let [_, height, width] = self.shape.input;
        let mut rows = planes.chunks_exact_mut(w.extent.max(1));
        // The place in x that an element of a plane shows, if it is none of the padding.
        let source =
            |axis: usize, at: usize| at.checked_sub(self.shape.padding[axis]).filter(|&at| at < self.shape.input[axis]);
        for &phase_d in &d.phases {
            for &phase_h in &h.phases {
                for &phase_w in &w.phases {
                    for at_d in 0..d.extent {
                        for at_h in 0..h.extent {
                            let Some(row) = rows.next() else { return };
                            let from = (source(0, at_d * stride_d + phase_d), source(1, at_h * stride_h + phase_h));
                            let (Some(at_d), Some(at_h)) = from else {
                                pad(row, padding);
                                continue;
                            };
                            let x = &x[(at_d * height + at_h) * width..][..width];
                            copy_row(x, row, [phase_w, stride_w, self.shape.padding[2]], padding);
                        }
                    }
                }
            }
        }
    }
}

fn pad(places: &mut [f32], padding: Option<f32>) {
    if let Some(padding) = padding {
        places.fill(padding);
    }
}

/// Every `stride`-th element of a row that has so many elements of padding before it and any number behind it, from the
/// `phase`-th on.
fn copy_row(x: &[f32], row: &mut [f32], [phase, stride, before]: [usize; 3], padding: Option<f32>) {
    let skipped = before.saturating_sub(phase).div_ceil(stride).min(row.len());
    let (outside, row) = row.split_at_mut(skipped);
    pad(outside, padding);
    let from = x.get((skipped * stride + phase).saturating_sub(before)..).unwrap_or_default();
    let count = from.len().div_ceil(stride).min(row.len());
    let (row, outside) = row.split_at_mut(count);
    pad(outside, padding);
    match stride {
        1 => row.copy_from_slice(&from[..count]),
        2 => {
            let pairs = from.chunks_exact(2);
            let last = pairs.remainder().first();
            let (whole, half) = row.split_at_mut(pairs.len().min(count));
            for (y, pair) in whole.iter_mut().zip(pairs) {
                *y = pair[0];
            }
            if let (Some(y), Some(x)) = (half.first_mut(), last) {
                *y = *x;
            }
        }
        _ => {
            for (y, x) in row.iter_mut().zip(from.iter().step_by(stride)) {
                *y = *x;
            }
        }
    }
}
