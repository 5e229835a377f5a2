//! Inputs of a chain, as blocks of the result read them.

use super::BLOCK;
use std::borrow::Cow;

/// The elements of an input.
#[derive(Debug, Clone, Copy)]
pub enum Data<'a> {
    Floats(&'a [f32]),
    /// Bytes, of which any but 0 is true.
    Bools(&'a [u8]),
}

/// A dense array that broadcasts to the result.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    pub data: Data<'a>,
    pub dims: &'a [usize],
}

/// The longest period that is laid out again, so that it can be read from any of its elements on.
const PERIOD: usize = 4096;

/// How blocks read an input.
pub(super) enum Reader<'a> {
    /// Element `at` of the result reads element `at % period`, of `elements`, which are followed by a block of them again.
    Periodic { elements: Cow<'a, [f32]>, period: usize },
    /// Element for element.
    Whole(&'a [f32]),
    /// Spread into a block.
    Spread { data: Data<'a>, runs: Runs },
}

/// Axes of the result from the last to the first, those together along which the input goes on or stays.
pub(super) struct Runs {
    /// The extent, and whether the input has it.
    axes: Vec<(usize, bool)>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(input: &Input<'a>, dims: &[usize]) -> Result<Self, String> {
        let Input { data, dims: own } = *input;
        let count = match data {
            Data::Floats(x) => x.len(),
            Data::Bools(x) => x.len(),
        };
        let behind = dims.len().checked_sub(own.len()).map(|at| &dims[at..]);
        let fits = behind.is_some_and(|behind| behind.iter().zip(own).all(|(&to, &from)| from == to || from == 1));
        if !fits || own.iter().product::<usize>() != count {
            return Err(format!("{count} elements of extents {own:?} do not broadcast to {dims:?}"));
        }
        let mut axes: Vec<(usize, bool)> = Vec::with_capacity(dims.len());
        let extents = own.iter().rev().copied().chain(std::iter::repeat(1));
        for (&to, from) in dims.iter().rev().zip(extents).filter(|&(&to, _)| to != 1) {
            match axes.last_mut() {
                Some((extent, goes_on)) if *goes_on == (from == to) => *extent *= to,
                _ => axes.push((to, from == to)),
            }
        }
        let total: usize = dims.iter().product();
        Ok(match (data, axes.as_slice()) {
            (Data::Floats(x), [] | [(_, true)]) => Self::Whole(x),
            (Data::Floats(x), [(period, true), (_, false)]) if *period > PERIOD => {
                Self::Periodic { elements: Cow::Borrowed(x), period: *period }
            }
            (Data::Floats(x), [(_, false)] | [(_, true), (_, false)]) => {
                let len = count - 1 + BLOCK.min(total);
                Self::Periodic { elements: x.iter().copied().cycle().take(len).collect(), period: count }
            }
            _ => Self::Spread { data, runs: Runs { axes } },
        })
    }

    /// The elements for those of the result from `first` on, if they lie one behind the other.
    #[inline(always)]
    pub(super) fn direct(&self, first: usize, len: usize) -> Option<&[f32]> {
        match self {
            Self::Whole(x) => x.get(first..first + len),
            Self::Periodic { elements, period } => {
                let start = first % period;
                elements.get(start..start + len)
            }
            Self::Spread { .. } => None,
        }
    }

    /// Writes them to `block`.
    pub(super) fn spread(&self, first: usize, block: &mut [f32]) {
        match self {
            Self::Whole(x) => block.copy_from_slice(&x[first..first + block.len()]),
            Self::Periodic { elements, period } => {
                let (mut at, mut left) = (first % period, block);
                while !left.is_empty() {
                    let (here, rest) = left.split_at_mut(left.len().min(period - at));
                    here.copy_from_slice(&elements[at..at + here.len()]);
                    (at, left) = (0, rest);
                }
            }
            Self::Spread { data: Data::Floats(x), runs } => runs.spread(
                first,
                block,
                |from, to| to.copy_from_slice(&x[from..from + to.len()]),
                |from, to| to.fill(x[from]),
            ),
            Self::Spread { data: Data::Bools(x), runs } => runs.spread(
                first,
                block,
                |from, to| {
                    for (to, &from) in to.iter_mut().zip(&x[from..]) {
                        *to = f32::from(u8::from(from != 0));
                    }
                },
                |from, to| to.fill(f32::from(u8::from(x[from] != 0))),
            ),
        }
    }
}

impl Runs {
    /// Calls `copy` or `fill` for the runs that make up `block`, with the input's first element for it.
    #[inline(always)]
    fn spread(
        &self,
        first: usize,
        block: &mut [f32],
        copy: impl Fn(usize, &mut [f32]),
        fill: impl Fn(usize, &mut [f32]),
    ) {
        // An input of one element has no axes.
        let (&(extent, goes_on), outer) = self.axes.split_first().unwrap_or((&(usize::MAX, false), &[]));
        let (mut at, mut index, mut left) = (first % extent, first / extent, block);
        while !left.is_empty() {
            let (here, rest) = left.split_at_mut(left.len().min(extent - at));
            let row = offset(index, outer, if goes_on { extent } else { 1 });
            if goes_on {
                copy(row + at, here)
            } else {
                fill(row, here)
            }
            (at, index, left) = (0, index + 1, rest);
        }
    }
}

/// The input's first element for element `index` of the result's `axes`, of which one step is `stride` elements.
#[inline(always)]
fn offset(mut index: usize, axes: &[(usize, bool)], mut stride: usize) -> usize {
    let mut offset = 0;
    for &(extent, goes_on) in axes {
        if goes_on {
            offset += index % extent * stride;
            stride *= extent;
        }
        index /= extent;
    }
    offset
}
