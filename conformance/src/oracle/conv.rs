//! Convolutions.

use super::matmul::sums_of_products;
use crate::compare::Expected;
use crate::tensor::{Tensor, Values, indices, offset};

/// Attributes, one of each for each axis of space.
#[derive(Debug, Clone)]
pub struct Steps {
    /// Steps of the window.
    pub stride: Vec<usize>,
    /// Cells before and behind.
    pub padding: Vec<usize>,
    /// Distance of the kernel's taps.
    pub dilation: Vec<usize>,
    /// Groups of channels.
    pub groups: usize,
}

impl Steps {
    /// The extents of space that a kernel gives.
    pub fn space(&self, x: &[usize], kernel: &[usize]) -> Vec<usize> {
        let axes = x.iter().zip(kernel).enumerate();
        axes.map(|(at, (&extent, &k))| {
            let reach = self.dilation[at] * (k - 1) + 1;
            (extent + 2 * self.padding[at] - reach) / self.stride[at] + 1
        })
        .collect()
    }

    /// The extents of space of the transposed convolution.
    pub fn transposed_space(&self, x: &[usize], kernel: &[usize], more: &[usize]) -> Vec<usize> {
        let axes = x.iter().zip(kernel).enumerate();
        axes.map(|(at, (&extent, &k))| {
            (extent - 1) * self.stride[at] + self.dilation[at] * (k - 1) + 1 + more[at] - 2 * self.padding[at]
        })
        .collect()
    }
}

/// `[n, ci, space..]` with weights `[co, ci / groups, kernel..]`.
pub fn conv(x: &Tensor, w: &Tensor, steps: &Steps, dims: &[usize]) -> Expected {
    let (xs, ws) = (x.reals(), w.reals());
    let taps: Vec<Vec<usize>> = indices(&w.dims[1..]).collect();
    let (of_group, channels) = (dims[1] / steps.groups, w.dims[1]);
    sums_of_products(x, dims, taps.len(), |index, at| {
        let tap = &taps[at];
        let mut from = vec![index[0], index[1] / of_group * channels + tap[0]];
        for axis in 0..tap.len() - 1 {
            let place = index[axis + 2] * steps.stride[axis] + tap[axis + 1] * steps.dilation[axis];
            match place.checked_sub(steps.padding[axis]) {
                Some(place) if place < x.dims[axis + 2] => from.push(place),
                _ => return (0.0, 0.0),
            }
        }
        let weight = [&[index[1]], &tap[..]].concat();
        (xs[offset(&x.dims, &from)], ws[offset(&w.dims, &weight)])
    })
}

/// `[n, ci, space..]` with weights `[ci, co / groups, kernel..]`: each input spreads over the window that it would come from.
pub fn transposed(x: &Tensor, w: &Tensor, steps: &Steps, dims: &[usize]) -> Expected {
    let (xs, ws) = (x.reals(), w.reals());
    let (ci, of_group) = (x.dims[1] / steps.groups, w.dims[1]);
    let taps: Vec<Vec<usize>> = indices(&[&[ci], &w.dims[2..]].concat()).collect();
    sums_of_products(x, dims, taps.len(), |index, at| {
        let tap = &taps[at];
        let group = index[1] / of_group;
        let mut from = vec![index[0], group * ci + tap[0]];
        for axis in 0..tap.len() - 1 {
            let place = (index[axis + 2] + steps.padding[axis]).checked_sub(tap[axis + 1] * steps.dilation[axis]);
            match place {
                Some(place) if place % steps.stride[axis] == 0 && place / steps.stride[axis] < x.dims[axis + 2] => {
                    from.push(place / steps.stride[axis]);
                }
                _ => return (0.0, 0.0),
            }
        }
        let weight = [&[from[1], index[1] % of_group], &tap[1..]].concat();
        (xs[offset(&x.dims, &from)], ws[offset(&w.dims, &weight)])
    })
}

/// The gradient of a convolution of x by its weight, whose extents are `dims`: for each tap, the sum over all windows of what
/// it sees times dy.
pub fn backward_weight(x: &Tensor, dy: &Tensor, steps: &Steps, dims: &[usize]) -> Expected {
    let (xs, ds) = (x.reals(), dy.reals());
    let windows: Vec<Vec<usize>> = indices(&[&[dy.dims[0]], &dy.dims[2..]].concat()).collect();
    let of_group = dims[0] / steps.groups;
    sums_of_products(x, dims, windows.len(), |index, at| {
        let window = &windows[at];
        let mut from = vec![window[0], index[0] / of_group * dims[1] + index[1]];
        for axis in 0..window.len() - 1 {
            let place = window[axis + 1] * steps.stride[axis] + index[axis + 2] * steps.dilation[axis];
            match place.checked_sub(steps.padding[axis]) {
                Some(place) if place < x.dims[axis + 2] => from.push(place),
                _ => return (0.0, 0.0),
            }
        }
        let slope = [&[window[0], index[0]], &window[1..]].concat();
        (xs[offset(&x.dims, &from)], ds[offset(&dy.dims, &slope)])
    })
}

/// A row for each window of `[n, c, h, w]`: its elements, channel by channel, 0 in the padding.
pub fn rows(x: &Tensor, steps: &Steps, kernel: [usize; 2], space: &[usize]) -> Expected {
    let places = [&[x.dims[0]], space].concat();
    let taps = [x.dims[1], kernel[0], kernel[1]];
    let (windows, elements): (Vec<_>, Vec<_>) = (indices(&places).collect(), indices(&taps).collect());
    let source = |window: &[usize], tap: &[usize]| {
        let mut from = vec![window[0], tap[0]];
        for axis in 0..2 {
            let place = window[axis + 1] * steps.stride[axis] + tap[axis + 1] * steps.dilation[axis];
            let place = place.checked_sub(steps.padding[axis])?;
            from.push((place < x.dims[axis + 2]).then_some(place)?);
        }
        Some(offset(&x.dims, &from))
    };
    let sources = windows.iter().flat_map(|window| elements.iter().map(|tap| source(window, tap)));
    let values = match &x.values {
        Values::Real(own) => Values::Real(sources.map(|at| at.map_or(0.0, |at| own[at])).collect()),
        Values::Whole(own) => Values::Whole(sources.map(|at| at.map_or(0, |at| own[at])).collect()),
    };
    Expected::exact(Tensor { dims: vec![windows.len(), elements.len()], dtype: x.dtype, values })
}
