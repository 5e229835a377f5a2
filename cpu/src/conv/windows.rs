//! Convolutions by windows: vectors hold neighbouring windows.

use super::scratch::{self, Use};
use super::tile::{Piece, tiles};
use super::{COPIED, FIRST_LEVEL, PIECE, Shape, Shared, Work, prefetch};
use crate::{gemm, threads};
use pulp::{Arch, Simd, WithSimd};
use std::ops::Range;

/// Pieces that are enough to keep threads busy to the end.
const PIECES: usize = 16;

/// Elements of what a piece copies, at most where it has several panels: a quarter of a second-level cache.
const COPY: usize = 64 << 10;

/// Filters from which on it pays to copy what windows see, though it lies in the array as it is.
const COPIES: usize = 48;

/// Filters in the time of which a vector of what windows see is copied.
const COPYING: usize = 8;

/// The time that an image takes, in multiplications of whole vectors. (Those here take a thirtieth more than those by
/// filters, as was measured.)
pub(super) fn cost(shape: &Shape) -> usize {
    let windows = shape.positions().next_multiple_of((gemm::panel_width() / 2).max(1));
    windows.saturating_mul(shape.filters + COPYING).saturating_mul(shape.depth() + shape.depth() / 30)
}

pub(super) fn compute(work: &Work<'_>, images: Range<usize>, planes: &[f32], slack: usize) {
    let many = Many::new(work, planes, slack);
    let groups = images.len() * work.conv.shape.groups;
    if groups * many.panels >= PIECES || many.tiles == 1 {
        many.each_with_all_filters(&images, groups);
    } else {
        many.all_with_some_filters(&images, groups);
    }
}

/// What pieces share.
struct Many<'a> {
    work: &'a Work<'a>,
    /// The laid out channels, and how far one is behind the other.
    planes: &'a [f32],
    channel: usize,
    /// Whether nothing behind a channel may be read.
    is_exact: bool,
    /// Filters of a group, and their tiles.
    filters: usize,
    tiles: usize,
    depth: usize,
    positions: usize,
    /// Two vectors of windows are a panel, of which there are so many.
    width: usize,
    panels: usize,
}

impl<'a> Many<'a> {
    fn new(work: &'a Work<'a>, planes: &'a [f32], slack: usize) -> Self {
        let shape = &work.conv.shape;
        let (filters, positions, width) = (shape.filters / shape.groups, shape.positions(), gemm::panel_width());
        Self {
            work,
            planes,
            channel: work.conv.planes.len,
            is_exact: slack < width,
            filters,
            tiles: tiles(filters),
            depth: shape.depth(),
            positions,
            width,
            panels: positions.div_ceil(width),
        }
    }

    /// Pieces of some panels over all filters: each copies what its windows see. Panels side by side are read and written
    /// together, as a filter's next window lies in another page of memory than that of the next filter.
    fn each_with_all_filters(&self, images: &Range<usize>, groups: usize) {
        let of_panel = self.depth * self.width * self.filters;
        let fits = (COPY / (self.depth * self.width).max(1)).max(1);
        let most = (groups * self.panels).div_ceil(PIECES).min(fits).max(1);
        let at_once = (2 * PIECE / of_panel.max(1)).clamp(1, most) * self.width;
        let strips = self.positions.div_ceil(at_once);
        threads::deal(groups * strips, &|piece| {
            let (group, strip) = (piece / strips, piece % strips);
            let windows = strip * at_once..((strip + 1) * at_once).min(self.positions);
            if self.lies_as_it_is(&windows) {
                let b = &self.group(group)[windows.start..];
                self.multiply(images, group, windows, b, self.positions, 0..self.tiles);
            } else {
                let row = self.row(&windows);
                scratch::with(Use::Windows, self.depth * row, |buffer| {
                    self.copy(group, &windows, 0..self.work.conv.shape.per_group(), buffer);
                    self.multiply(images, group, windows, buffer, row, 0..self.tiles);
                });
            }
        });
    }

    /// Pieces of one panel, over some filters: what windows see is copied before, for all.
    fn all_with_some_filters(&self, images: &Range<usize>, groups: usize) {
        let channels = self.work.conv.shape.per_group();
        let (taps, of_panel) = (self.work.conv.shape.taps(), self.depth * self.width);
        scratch::with(Use::Windows, groups * self.panels * of_panel, |buffer| {
            let at_once = (COPIED / (taps * self.width)).clamp(1, channels);
            let parts = channels.div_ceil(at_once);
            let copied = Shared(buffer.as_mut_ptr());
            threads::deal(groups * self.panels * parts, &|piece| {
                let (panel, part) = (piece / parts, piece % parts);
                let channels = part * at_once..((part + 1) * at_once).min(channels);
                let (group, windows) = (panel / self.panels, self.windows(panel % self.panels));
                let row = self.row(&windows);
                let first = panel * of_panel + channels.start * taps * row;
                let copied = &copied;
                // SAFETY: rows of the panel, within its part of the buffer; each channel's are one piece's.
                let to = unsafe { copied.part(first, channels.len() * taps * row) };
                self.copy(group, &windows, channels, to);
            });
            let buffer = &*buffer;
            let of_tile = of_panel * self.filters.div_ceil(self.tiles);
            let at_once = (PIECE / of_tile.max(1)).clamp(1, (groups * self.panels * self.tiles).div_ceil(PIECES));
            let blocks = self.tiles.div_ceil(at_once);
            let panels = groups * self.panels;
            threads::deal(panels * blocks, &|piece| {
                // Neighbours share filters, which are the most that is read.
                let (block, panel) = (piece / panels, piece % panels);
                let tiles = block * at_once..((block + 1) * at_once).min(self.tiles);
                let (group, windows) = (panel / self.panels, self.windows(panel % self.panels));
                let b = &buffer[panel * of_panel..(panel + 1) * of_panel];
                let row = self.row(&windows);
                self.multiply(images, group, windows, b, row, tiles);
            });
        });
    }

    /// The windows of a panel.
    fn windows(&self, panel: usize) -> Range<usize> {
        panel * self.width..((panel + 1) * self.width).min(self.positions)
    }

    /// How far apart rows of copied windows are: whole vectors.
    fn row(&self, windows: &Range<usize>) -> usize {
        windows.len().next_multiple_of((self.width / 2).max(1))
    }

    /// Whether windows are read where they are.
    fn lies_as_it_is(&self, windows: &Range<usize>) -> bool {
        self.work.conv.shape.is_pointwise() && self.filters < COPIES && self.row(windows) == windows.len()
    }

    /// The laid out channels of a group, counted over the images at hand.
    fn group(&self, group: usize) -> &[f32] {
        let len = self.work.conv.shape.per_group() * self.channel;
        let end = if self.is_exact { (group + 1) * len } else { self.planes.len() };
        &self.planes[group * len..end]
    }

    /// Copies what windows see of some channels.
    fn copy(&self, group: usize, windows: &Range<usize>, channels: Range<usize>, to: &mut [f32]) {
        let (planes, row) = (&self.work.conv.planes, self.row(windows));
        let from = &self.group(group)[channels.start * self.channel..];
        let rows = channels.len() * planes.taps.len();
        Arch::new().dispatch(Copy {
            channels: channels.len(),
            channel: self.channel,
            taps: &planes.taps,
            runs: &planes.runs(windows.clone()),
            columns: windows.len(),
            row,
            is_exact: self.is_exact,
            from,
            to: &mut to[..rows * row],
        });
    }

    fn multiply(
        &self,
        images: &Range<usize>,
        group: usize,
        windows: Range<usize>,
        b: &[f32],
        stride: usize,
        tiles: Range<usize>,
    ) {
        let shape = &self.work.conv.shape;
        let (image, group) = (group / shape.groups, group % shape.groups);
        let channel = group * self.filters;
        Arch::new().dispatch(Piece {
            filters: self.filters,
            tiles,
            depth: self.depth,
            w: &self.work.w[channel * self.depth..][..self.filters * self.depth],
            b,
            stride,
            columns: windows.len(),
            first: ((images.start + image) * shape.filters + channel) * self.positions + windows.start,
            positions: self.positions,
            channel,
            steps: self.work.steps,
            y: self.work.y.0,
        });
    }
}

/// Channels that are brought near before they are copied.
const AHEAD: usize = 8;

/// Copies of what windows see: a row for each tap of each channel.
struct Copy<'a> {
    channels: usize,
    /// Elements of a channel's planes.
    channel: usize,
    taps: &'a [usize],
    /// Windows side by side: where they are, and how many.
    runs: &'a [(usize, usize)],
    columns: usize,
    row: usize,
    /// Whether nothing behind the windows' elements may be read.
    is_exact: bool,
    from: &'a [f32],
    to: &'a mut [f32],
}

impl WithSimd for Copy<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { channels, channel, taps, runs, columns, row, is_exact, from, to } = self;
        let lanes = S::F32_LANES;
        // What is copied beyond a run is overwritten by the next one, or the next row; not so behind the last.
        let loose = if is_exact && columns < row { 0 } else { (channels * taps.len()).saturating_sub(1) };
        if loose > 0 {
            let furthest = runs.iter().map(|&(place, count)| place + count.next_multiple_of(lanes)).max();
            let end = (channels - 1) * channel + taps.iter().max().copied().unwrap_or_default();
            assert!(end + furthest.unwrap_or_default() <= from.len(), "planes are shorter than windows reach");
            assert!(to.len() >= (loose + 1) * row && row >= lanes, "there is no room for what windows see");
        }
        let rows = (0..channels).flat_map(|c| taps.iter().map(move |&tap| c * channel + tap));
        // Where windows of a channel lie in a page of their own, the processor does not see the next one.
        let ahead = if taps.len() == 1 { AHEAD * channel } else { 0 };
        for (i, start) in rows.enumerate().take(loose) {
            let mut at = i * row;
            for &(place, count) in runs {
                for done in (0..count).step_by(lanes) {
                    // SAFETY: what is read ends within the planes, and what is written, not a whole vector beyond the row,
                    // within the next row, as was found above.
                    unsafe {
                        prefetch::<FIRST_LEVEL>(from.as_ptr().wrapping_add(start + place + done + ahead));
                        let vector = from.as_ptr().add(start + place + done).cast::<S::f32s>().read_unaligned();
                        to.as_mut_ptr().add(at + done).cast::<S::f32s>().write_unaligned(vector);
                    }
                }
                at += count;
            }
            if at < (i + 1) * row {
                to[at..(i + 1) * row].fill(0.0);
            }
        }
        let last = &mut to[loose * row..];
        for (i, to) in last.chunks_exact_mut(row).enumerate() {
            let (c, tap) = ((loose + i) / taps.len(), (loose + i) % taps.len());
            let from = &from[c * channel + taps[tap]..];
            let mut at = 0;
            for &(place, count) in runs {
                to[at..at + count].copy_from_slice(&from[place..place + count]);
                at += count;
            }
            to[columns..].fill(0.0);
        }
    }
}
