//! Transposed convolutions: elements of the result that lie a stride apart see the same elements of the filters, so for each of
//! the first `stride` places they are a convolution, and the results are woven together.

use super::scratch::{self, Use};
use super::{COPIED, Conv, Shape, Step};
use crate::threads;

/// A transposed convolution of x `[batch, channels, input..]` with w `[channels, filters / groups, kernel..]` over three axes:
/// element `i` of x adds its multiples of a filter's elements `t` to those of the result at `i * stride + t - padding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransposedShape {
    pub groups: usize,
    /// Channels of x.
    pub channels: usize,
    /// Channels of the result.
    pub filters: usize,
    pub input: [usize; 3],
    pub output: [usize; 3],
    pub kernel: [usize; 3],
    pub stride: [usize; 3],
    pub padding: [usize; 3],
}

/// A transposed convolution that is ready to be computed.
#[derive(Debug, Clone)]
pub struct Transposed {
    shape: TransposedShape,
    /// By the place of their first element along each axis, the last one fastest.
    phases: Vec<Phase>,
}

/// The elements of the result from one of the first places on, a stride apart.
#[derive(Debug, Clone)]
struct Phase {
    conv: Conv,
    /// Which elements of a filter's axes they see, the last one first.
    taps: [Vec<usize>; 3],
}

/// One axis of a phase.
struct Axis {
    taps: Vec<usize>,
    padding: usize,
    output: usize,
}

impl Axis {
    /// Of the elements from `first` on. Nothing where they see no element, or padding is cut off that lies within.
    fn of(shape: &TransposedShape, axis: usize, first: usize) -> Option<Self> {
        let (stride, place) = (shape.stride[axis], first + shape.padding[axis]);
        let taps: Vec<usize> = (place % stride..shape.kernel[axis]).step_by(stride).rev().collect();
        // The last element of x that the first of them sees is this one.
        let padding = taps.len().checked_sub(1)?.checked_sub(place / stride)?;
        Some(Self { taps, padding, output: (shape.output[axis] - first).div_ceil(stride) })
    }
}

impl Transposed {
    /// Nothing where elements of the result see no element of a filter, as the stride is longer than the kernel, or where
    /// the padding cuts off more than the kernel adds.
    ///
    /// # Panics
    /// If a stride or the number of groups is 0, or groups do not divide channels and filters.
    pub fn new(shape: TransposedShape) -> Option<Self> {
        let firsts = [0, 1, 2].map(|axis| shape.stride[axis].min(shape.output[axis]));
        let mut phases = Vec::with_capacity(firsts.iter().product());
        for place in 0..firsts.iter().product() {
            let first = [place / firsts[2] / firsts[1], place / firsts[2] % firsts[1], place % firsts[2]];
            let axis = |axis: usize| Axis::of(&shape, axis, first[axis]);
            let axes = [axis(0)?, axis(1)?, axis(2)?];
            let of_phase = Shape {
                groups: shape.groups,
                channels: shape.channels,
                filters: shape.filters,
                input: shape.input,
                output: [0, 1, 2].map(|axis| axes[axis].output),
                kernel: [0, 1, 2].map(|axis| axes[axis].taps.len()),
                stride: [1; 3],
                dilation: [1; 3],
                padding: [0, 1, 2].map(|axis| axes[axis].padding),
            };
            phases.push(Phase { conv: Conv::new(of_phase), taps: axes.map(|axis| axis.taps) });
        }
        Some(Self { shape, phases })
    }

    /// How many elements the packed filters have on this processor.
    pub fn packed_len(&self) -> usize {
        self.phases.iter().map(|phase| phase.conv.packed_len()).sum()
    }

    /// Packs the filters, w[channels, filters / groups, kernel..].
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn pack(&self, w: &[f32], to: &mut [f32]) {
        let TransposedShape { groups, channels, filters, kernel: [_, kh, kw], .. } = self.shape;
        let (per_group, of_group) = (filters / groups, channels / groups);
        let taps: usize = self.shape.kernel.iter().product();
        let mut rest = to;
        for Phase { conv, taps: [td, th, tw] } in &self.phases {
            let mut seen = Vec::with_capacity(filters * conv.shape.depth());
            for filter in 0..filters {
                let (group, filter) = (filter / per_group, filter % per_group);
                for channel in group * of_group..(group + 1) * of_group {
                    let w = &w[(channel * per_group + filter) * taps..][..taps];
                    for &d in td {
                        for &h in th {
                            seen.extend(tw.iter().map(|&column| w[(d * kh + h) * kw + column]));
                        }
                    }
                }
            }
            let (packed, behind) = rest.split_at_mut(conv.packed_len());
            conv.pack(&seen, packed);
            rest = behind;
        }
    }

    /// y = `steps`(x convolved with w), for as many images as y has; `w` from [`Transposed::pack`]. No step has an operand of
    /// one number an element.
    ///
    /// # Panics
    /// If a slice is too short for the extents.
    pub fn compute(&self, x: &[f32], w: &[f32], steps: &[Step<'_>], y: &mut [f32]) {
        let (from, to): (usize, usize) = (self.shape.input.iter().product(), self.shape.output.iter().product());
        let (from, to) = (self.shape.channels * from, self.shape.filters * to);
        if to == 0 {
            return;
        }
        for (image, y) in y.chunks_exact_mut(to).enumerate() {
            let x = &x[image * from..(image + 1) * from];
            scratch::with(Use::Phases, to, |parts| {
                let (mut w, mut rest) = (w, &mut parts[..to]);
                for Phase { conv, .. } in &self.phases {
                    let (part, behind) = rest.split_at_mut(self.shape.filters * conv.shape.positions());
                    conv.compute(x, &w[..conv.packed_len()], steps, part);
                    (w, rest) = (&w[conv.packed_len()..], behind);
                }
                self.weave(&parts[..to], y);
            });
        }
    }

    /// Puts the phases' elements in their places.
    fn weave(&self, parts: &[f32], y: &mut [f32]) {
        let TransposedShape { output: [depth, height, width], stride: [sd, sh, sw], .. } = self.shape;
        let mut starts = Vec::with_capacity(self.phases.len());
        let mut start = 0;
        for phase in &self.phases {
            starts.push(start);
            start += self.shape.filters * phase.conv.shape.positions();
        }
        let (rows, columns) = (sh.min(height), sw.min(width));
        let at_once = (COPIED / width).max(1);
        threads::deal_parts(y, at_once * width, &|first, part| {
            for (row, to) in (first / width..).zip(part.chunks_exact_mut(width)) {
                let (filter, d, h) = (row / height / depth, row / height % depth, row % height);
                // The phases of this row, a column's each.
                let phase = (d % sd * rows + h % sh) * columns;
                let source = |column: usize| {
                    let [pd, ph, pw] = self.phases[phase + column].conv.shape.output;
                    &parts[starts[phase + column] + ((filter * pd + d / sd) * ph + h / sh) * pw..][..pw]
                };
                match columns {
                    1 => to.copy_from_slice(source(0)),
                    2 => {
                        let (even, odd) = (source(0), source(1));
                        if let (Some(last), Some(&value)) =
                            (to.last_mut().filter(|_| odd.len() < even.len()), even.last())
                        {
                            *last = value;
                        }
                        for ((pair, &even), &odd) in to.as_chunks_mut::<2>().0.iter_mut().zip(even).zip(odd) {
                            *pair = [even, odd];
                        }
                    }
                    _ => {
                        for column in 0..columns {
                            for (place, &value) in to[column..].iter_mut().step_by(sw).zip(source(column)) {
                                *place = value;
                            }
                        }
                    }
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::{Binary, Operand};
    use crate::vector::Function;

    fn values(len: usize, seed: u32) -> Vec<f32> {
        let value = |i: u32| ((i + 1 + seed * 77).wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0;
        (0..len as u32).map(value).collect()
    }

    /// Over two axes, with `more` elements behind.
    fn shape(
        [channels, filters, groups]: [usize; 3],
        input: [usize; 2],
        kernel: [usize; 2],
        stride: [usize; 2],
        padding: [usize; 2],
        more: usize,
    ) -> TransposedShape {
        let out = |axis: usize| (input[axis] - 1) * stride[axis] + kernel[axis] + more - 2 * padding[axis];
        TransposedShape {
            groups,
            channels,
            filters,
            input: [1, input[0], input[1]],
            output: [1, out(0), out(1)],
            kernel: [1, kernel[0], kernel[1]],
            stride: [1, stride[0], stride[1]],
            padding: [0, padding[0], padding[1]],
        }
    }

    /// Each element's multiples of the filters, added in f64 where they belong, and their sizes.
    fn expected(shape: &TransposedShape, batch: usize, x: &[f32], w: &[f32]) -> Vec<(f64, f64)> {
        let TransposedShape { groups, channels, filters, .. } = *shape;
        let ([_, ih, iw], [_, oh, ow], [_, kh, kw]) = (shape.input, shape.output, shape.kernel);
        let (per_group, of_group) = (filters / groups, channels / groups);
        let mut sums = vec![(0.0, 0.0); batch * filters * oh * ow];
        for (at, &x) in x.iter().enumerate() {
            let (image, channel, row, column) =
                (at / iw / ih / channels, at / iw / ih % channels, at / iw % ih, at % iw);
            for filter in 0..per_group {
                for tap in 0..kh * kw {
                    let place = |at: usize, tap: usize, axis: usize| {
                        (at * shape.stride[axis] + tap)
                            .checked_sub(shape.padding[axis])
                            .filter(|&at| at < shape.output[axis])
                    };
                    if let (Some(row), Some(column)) = (place(row, tap / kw, 1), place(column, tap % kw, 2)) {
                        let product = f64::from(x) * f64::from(w[(channel * per_group + filter) * kh * kw + tap]);
                        let filter = channel / of_group * per_group + filter;
                        let sum = &mut sums[((image * filters + filter) * oh + row) * ow + column];
                        *sum = (sum.0 + product, sum.1 + product.abs());
                    }
                }
            }
        }
        sums
    }

    #[test]
    fn every_element_is_added_where_it_belongs_and_steps_follow() {
        for shape in [
            shape([24, 24, 1], [9, 20], [2, 2], [2, 2], [0, 0], 0),
            shape([24, 1, 1], [5, 33], [2, 2], [2, 2], [0, 0], 0),
            shape([6, 4, 2], [5, 7], [4, 4], [2, 2], [1, 1], 0),
            shape([3, 5, 1], [4, 6], [3, 3], [2, 2], [1, 1], 1),
            shape([3, 5, 1], [4, 6], [3, 5], [1, 3], [1, 1], 0),
            shape([3, 70, 1], [1, 2], [3, 3], [2, 2], [1, 0], 0),
            shape([2, 2, 2], [3, 1], [1, 1], [1, 1], [0, 0], 0),
        ] {
            let batch = 2;
            let x = values(batch * shape.channels * shape.input.iter().product::<usize>(), 1);
            let taps: usize = shape.kernel.iter().product();
            let w = values(shape.channels * (shape.filters / shape.groups) * taps, 2);
            let conv = Transposed::new(shape).unwrap();
            let mut packed = vec![0.0; conv.packed_len()];
            conv.pack(&w, &mut packed);
            let (want, bias) = (expected(&shape, batch, &x, &w), values(shape.filters, 3));
            let mut y = vec![f32::NAN; want.len()];
            conv.compute(&x, &packed, &[], &mut y);
            for (at, (&found, &(sum, size))) in y.iter().zip(&want).enumerate() {
                let within = f64::from(f32::EPSILON) * size * (shape.channels * taps + 4) as f64;
                assert!((f64::from(found) - sum).abs() <= within, "{shape:?}, {at}: {found}, not {sum}");
            }
            let plus = Step::Binary { op: Binary::Add, other: Operand::Channel(&bias), turned: false };
            let mut followed = vec![f32::NAN; y.len()];
            conv.compute(&x, &packed, &[plus, Step::Map(Function::Relu)], &mut followed);
            let positions: usize = shape.output.iter().product();
            for (at, (&found, &alone)) in followed.iter().zip(&y).enumerate() {
                let sum = alone + bias[at / positions % shape.filters];
                assert_eq!(found, if sum <= 0.0 { 0.0 } else { sum }, "{shape:?}, {at}");
            }
        }
    }

    #[test]
    fn what_is_no_convolution_is_told() {
        // Every other element sees nothing; more is cut off than the kernel adds.
        assert!(Transposed::new(shape([1, 1, 1], [3, 3], [1, 1], [2, 2], [0, 0], 0)).is_none());
        assert!(Transposed::new(shape([1, 1, 1], [4, 4], [2, 2], [1, 1], [2, 2], 0)).is_none());
    }
}
