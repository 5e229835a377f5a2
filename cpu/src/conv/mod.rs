//! Convolutions of f32 over up to three axes, channels first, with what follows them done while the result is in the cache.
//!
//! Filters are packed once, in the form of the way that a convolution is computed:
//!
//! * By windows: vectors hold neighbouring windows, and what they see is copied a panel at a time, which stays in the cache
//!   for all filters (im2col a panel at a time).
//! * By filters: vectors hold filters, and what windows see is read where it is, an element at a time. The result has to be
//!   turned, which pays where filters have many elements.
//! * By channels, where each filter reads one channel: a sum of the channel with itself, moved on.
//!
//! A tile of the result is kept in registers over runs of the inner dimension, whose sums are added pairwise, as those of
//! [`gemm`] are. How a convolution is cut into pieces for threads changes no sum: the same bits come out on any number of
//! threads.

mod channels;
mod filters;
mod geometry;
pub(crate) mod rows;
pub(crate) mod scratch;
mod steps;
#[cfg(test)]
mod tests;
mod tile;
mod transposed;
mod windows;

pub use geometry::Shape;
pub use steps::{Binary, Operand, Step};
pub use transposed::{Transposed, TransposedShape};

use crate::pairwise::RUN;
use crate::{gemm, threads};
pub(crate) use geometry::Planes;
use pulp::Simd;
use steps::Direct;

/// A convolution that is ready to be computed.
#[derive(Debug, Clone)]
pub struct Conv {
    shape: Shape,
    planes: Planes,
    way: Way,
}

#[derive(Debug, Clone)]
enum Way {
    Windows,
    Filters(filters::Plan),
    Channels,
}

/// Multiplications in a piece at least: some 20 µs.
const PIECE: usize = 1 << 20;

/// Elements that are copied in a piece at least.
const COPIED: usize = 16 << 10;

/// Elements of planes that are laid out at once, beyond those of one image.
const LAID_OUT: usize = 1 << 20;

/// More filters of one channel than these are computed by windows.
const FEW_FILTERS: usize = 4;

impl Conv {
    /// # Panics
    /// If a stride or the number of groups is 0, or groups do not divide channels and filters.
    pub fn new(shape: Shape) -> Self {
        assert!(shape.groups > 0 && shape.stride.iter().all(|&stride| stride > 0), "groups and strides are positive");
        let of_groups = shape.channels.is_multiple_of(shape.groups) && shape.filters.is_multiple_of(shape.groups);
        assert!(of_groups, "groups do not divide channels and filters");
        let planes = Planes::new(&shape);
        let way = way(&shape, &planes);
        Self { shape, planes, way }
    }

    /// How many elements the packed filters have on this processor.
    pub fn packed_len(&self) -> usize {
        match self.way {
            Way::Filters(_) => gemm::packed_len(self.shape.depth(), self.shape.filters),
            Way::Windows | Way::Channels => self.shape.depth() * self.shape.filters,
        }
    }

    /// Packs the filters, w[filters, channels / groups, kernel..].
    ///
    /// # Panics
    /// If a slice is too short.
    pub fn pack(&self, w: &[f32], to: &mut [f32]) {
        let (depth, filters) = (self.shape.depth(), self.shape.filters);
        match self.way {
            Way::Filters(_) => gemm::pack([depth, filters], w, [1, depth], to),
            Way::Channels => to[..depth * filters].copy_from_slice(&w[..depth * filters]),
            Way::Windows => {
                let of_group = filters / self.shape.groups;
                for group in 0..self.shape.groups {
                    let range = group * of_group * depth..(group + 1) * of_group * depth;
                    tile::pack(of_group, depth, &w[range.clone()], &mut to[range]);
                }
            }
        }
    }

    /// y = `steps`(x convolved with w), for as many images as y has; `w` from [`Conv::pack`].
    ///
    /// Zeros of the padding are multiplied like other elements: with infinite weights they give NaN.
    ///
    /// # Panics
    /// If a slice is too short for the extents.
    pub fn compute(&self, x: &[f32], w: &[f32], steps: &[Step<'_>], y: &mut [f32]) {
        let image = self.shape.filters * self.shape.positions();
        if image == 0 || y.is_empty() {
            return;
        }
        let batch = y.len() / image;
        let of_x = self.shape.channels * self.shape.plane();
        assert!(x.len() >= batch * of_x && w.len() >= self.packed_len(), "operands are shorter than their extents");
        assert!(steps.iter().all(|step| self.is_long_enough(step, y.len())), "operands of steps are too short");
        let is_written_first = matches!(self.way, Way::Channels) || self.shape.positions() == 1;
        if is_written_first && steps.iter().any(Step::reads_result) {
            return scratch::with(scratch::Use::Result, y.len(), |before| {
                before.copy_from_slice(y);
                let steps: Vec<Step<'_>> = steps.iter().map(|step| step.with_result(before)).collect();
                self.compute(x, w, &steps, y);
            });
        }
        let work = Work { conv: self, x, w, steps, y: Shared(y.as_mut_ptr()) };
        match self.way {
            Way::Channels => channels::compute(&work, batch),
            _ if self.shape.is_pointwise() => work.images(0..batch, x, 0),
            _ => {
                let len = self.shape.channels * self.planes.len;
                let at_once = (LAID_OUT / len.max(1)).clamp(1, batch);
                let slack = gemm::panel_width();
                scratch::with(scratch::Use::Planes, at_once * len + slack, |planes| {
                    for first in (0..batch).step_by(at_once) {
                        let images = first..(first + at_once).min(batch);
                        let channels = images.len() * self.shape.channels;
                        let from = &x[first * of_x..][..channels * self.shape.plane()];
                        self.lay_out(from, &mut planes[..channels * self.planes.len]);
                        work.images(images, planes, slack);
                    }
                });
            }
        }
    }

    /// Lays out channels, one behind the other.
    fn lay_out(&self, x: &[f32], planes: &mut [f32]) {
        let (plane, len) = (self.shape.plane(), self.planes.len);
        let channels = (COPIED / len.max(1)).max(1);
        threads::deal_parts(planes, channels * len, &|first, part| {
            for (i, to) in part.chunks_exact_mut(len).enumerate() {
                self.planes.fill(&x[(first / len + i) * plane..][..plane], Some(0.0), to);
            }
        });
    }

    fn is_long_enough(&self, step: &Step<'_>, len: usize) -> bool {
        match step {
            Step::Binary { other: Operand::Channel(numbers), .. } => numbers.len() >= self.shape.filters,
            Step::Binary { other: Operand::Array(array), .. } => array.len() >= len,
            _ => true,
        }
    }
}

/// The way that takes the least time.
fn way(shape: &Shape, planes: &Planes) -> Way {
    let filters = shape.filters / shape.groups;
    if shape.per_group() == 1 && filters <= FEW_FILTERS && shape.taps() <= RUN {
        return Way::Channels;
    }
    if shape.groups > 1 {
        return Way::Windows;
    }
    let plan = filters::Plan::new(shape, planes);
    if plan.cost(shape) < windows::cost(shape) { Way::Filters(plan) } else { Way::Windows }
}

/// Levels of the cache, as x86-64 numbers the hints for them.
const FIRST_LEVEL: i32 = 3;
const SECOND_LEVEL: i32 = 2;

/// Asks for an element that is read soon, wherever it may be: the processor itself sees no further than a page of memory.
#[inline(always)]
fn prefetch<const LEVEL: i32>(element: *const f32) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a hint, which every x86-64 has, and which may name any address.
    unsafe {
        std::arch::x86_64::_mm_prefetch::<LEVEL>(element.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = element;
}

/// For what is written soon.
const WRITTEN: i32 = 7;

/// Where the next tile of the result goes, brought near while this one is computed: neither it nor the array that is added to
/// it is likely to be in the cache, and rows lie in a page each.
#[derive(Debug, Clone, Copy)]
struct Ahead {
    y: *const f32,
    array: Option<*const f32>,
    /// Rows, and how far apart they are.
    rows: usize,
    stride: usize,
}

impl Ahead {
    /// `rows` of the result from its element `first` on.
    fn new(work: (*mut f32, Option<&Direct<'_>>), first: usize, rows: usize, stride: usize) -> Self {
        let (y, direct) = work;
        let array = direct.and_then(|direct| direct.array).filter(|array| matches!(array, Operand::Array(_)));
        Self { y: y.wrapping_add(first), array: array.map(|array| array.first(y).wrapping_add(first)), rows, stride }
    }

    /// The next row of so many vectors, if there is one more.
    #[inline(always)]
    fn fetch<S: Simd, const V: usize>(&mut self) {
        if self.rows == 0 {
            return;
        }
        for v in 0..V {
            prefetch::<WRITTEN>(self.y.wrapping_add(v * S::F32_LANES));
            if let Some(array) = self.array {
                prefetch::<FIRST_LEVEL>(array.wrapping_add(v * S::F32_LANES));
            }
        }
        self.y = self.y.wrapping_add(self.stride);
        self.array = self.array.map(|array| array.wrapping_add(self.stride));
        self.rows -= 1;
    }
}

/// A convolution of certain operands.
struct Work<'a> {
    conv: &'a Conv,
    x: &'a [f32],
    w: &'a [f32],
    steps: &'a [Step<'a>],
    y: Shared,
}

impl Work<'_> {
    /// Computes some images, whose planes are given, with elements behind them that may be read.
    fn images(&self, images: std::ops::Range<usize>, planes: &[f32], slack: usize) {
        match &self.conv.way {
            Way::Filters(plan) => filters::compute(self, plan, images, planes),
            Way::Windows | Way::Channels => windows::compute(self, images, planes, slack),
        }
    }
}

/// A result that pieces fill, each its own part.
#[derive(Clone, Copy)]
struct Shared(*mut f32);

// SAFETY: pieces write to parts that do not overlap.
unsafe impl Sync for Shared {}
// SAFETY: as above.
unsafe impl Send for Shared {}

impl Shared {
    /// Some elements of the result.
    ///
    /// # Safety
    /// They lie in it, and nothing else writes or reads them meanwhile.
    #[expect(clippy::mut_from_ref, reason = "each part is taken by the one that fills it")]
    unsafe fn part(&self, first: usize, len: usize) -> &mut [f32] {
        // SAFETY: promised by the caller.
        unsafe { std::slice::from_raw_parts_mut(self.0.add(first), len) }
    }
}
