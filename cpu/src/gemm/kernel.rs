//! Tiles of a product, in registers.

use super::element::{Element, Real};
use super::pack::notes;
use super::pairs;
use super::{Rows, Step, To, widen_rows};
use crate::pairwise::pairwise;
use half::bf16;
use pulp::{NullaryFnOnce, Simd, WithSimd};
use std::ops::Range;

/// Rows of a tile at most, where the processor has 32 vector registers and where it has 16: two vectors a row, and room for
/// two of w and one of x.
pub(super) const TALL: usize = 12;
const LOW: usize = 6;

/// A part of a product: some rows, and the columns of some panels.
pub(super) struct Piece<'a, X: Element, W: Element<Sum = X::Sum>, Y: Element<Sum = X::Sum>> {
    pub(super) k: usize,
    pub(super) n: usize,
    pub(super) rows: Range<usize>,
    pub(super) panels: Range<usize>,
    /// The panel that the thread is likely to read behind these.
    pub(super) next_panel: usize,
    pub(super) x: Rows<'a, X>,
    pub(super) w: &'a [W],
    pub(super) to: To<'a, Y>,
    /// The least exponents of all rows of x, where products of pairs may be taken.
    pub(super) exponents: &'a [u16],
    /// Whether pairs of x are widened in the order in which the processor's products take them.
    pub(super) is_turned: bool,
    /// As many as [`scratch_len`] says.
    pub(super) scratch: &'a mut [X::Sum],
}

/// Numbers that a piece of so many rows works in: a tile, a row of another operand, and the operands where they are not of
/// the type that is computed in.
pub(super) fn scratch_len<X: Element, W: Element<Sum = X::Sum>>(rows: usize, k: usize, width: usize) -> usize {
    let k = k.next_multiple_of(W::GROUP);
    let x = if X::as_sums(&[]).is_none() { rows * k } else { 0 };
    let w = if W::as_sums(&[]).is_none() { k * width } else { 0 };
    (TALL + 1) * width + x + w
}

/// What a panel's product with some rows is computed by.
enum Panel<'p, T> {
    /// The kernel of f32 or f64: rows of x from the piece's first on, so far apart, and the panel.
    Wide { x: &'p [T], stride: usize, w: &'p [T] },
    /// The processor's products of pairs: x, the rows that may take it, and the panel.
    Pairs { x: Rows<'p, bf16>, w: &'p [bf16] },
}

impl<X: Element, W: Element<Sum = X::Sum>, Y: Element<Sum = X::Sum>> WithSimd for Piece<'_, X, W, Y> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, s: S) {
        let width = 2 * X::Sum::lanes::<S>();
        let depth = self.k.next_multiple_of(W::GROUP);
        let scratch = std::mem::take(&mut self.scratch);
        let (tile, scratch) = scratch.split_at_mut(TALL * width);
        let (other, scratch) = scratch.split_at_mut(width);
        let (x_wide, w_wide) =
            scratch.split_at_mut(if X::as_sums(&[]).is_none() { self.rows.len() * depth } else { 0 });
        let (mut has_x, len) = (false, width * depth + notes::<W>());
        let tiles = self.rows.len().div_ceil(tallest::<S>()).max(1);
        for panel in self.panels.clone() {
            let next = if panel + 1 < self.panels.end { panel + 1 } else { self.next_panel };
            let mut ahead = Ahead::of(self.w.get(next * len..(next + 1) * len).unwrap_or(&[]), tiles, self.k);
            let (w, note) = self.w[panel * len..][..len].split_at(width * depth);
            let note = W::as_bf16(note).and_then(|note| note.first()).map_or(0, |note| note.to_bits());
            let mut has_w = false;
            let mut row = self.rows.start;
            while row < self.rows.end {
                // Rows whose product is computed in one way.
                let is_pairs = |row: usize| self.exponents.get(row).is_some_and(|&x| pairs::stay_normal(x, note));
                let alike = |&other: &usize| is_pairs(other) == is_pairs(row);
                let end = if self.exponents.is_empty() {
                    self.rows.end
                } else {
                    row + (row..self.rows.end).take_while(alike).count()
                };
                let by = match (X::as_bf16(self.x.data), W::as_bf16(w)) {
                    (Some(data), Some(w)) if is_pairs(row) => {
                        Panel::Pairs { x: Rows { data, stride: self.x.stride }, w }
                    }
                    _ => {
                        if !has_x && X::as_sums(&[]).is_none() {
                            widen_rows(self.x, self.rows.clone(), [self.k, depth], self.is_turned, x_wide);
                            has_x = true;
                        }
                        if !has_w && W::as_sums(&[]).is_none() {
                            W::widen_panel(s, w, width, self.is_turned, w_wide);
                            has_w = true;
                        }
                        let (x, stride) = match X::as_sums(self.x.data) {
                            Some(x) => (&x[self.rows.start * self.x.stride..], self.x.stride),
                            None => (&*x_wide, depth),
                        };
                        Panel::Wide { x, stride, w: W::as_sums(w).unwrap_or(&*w_wide) }
                    }
                };
                while row < end {
                    let height = height::<S>(end - row);
                    self.tile(s, &by, row..row + height, ahead, tile);
                    ahead.skip(self.k);
                    self.finish(s, row, panel * width, &mut tile[..height * width], other);
                    row += height;
                }
            }
        }
    }
}

/// Rows of the next tile of so many: tiles are of nearly the same height, as a low one at the end would keep the registers
/// idle.
#[inline(always)]
fn height<S: Simd>(rows: usize) -> usize {
    rows.div_ceil(rows.div_ceil(tallest::<S>()))
}

/// Rows of a tile at most on this processor.
#[inline(always)]
fn tallest<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { TALL } else { LOW }
}

/// What is read next, brought near while other things are computed: the processor itself sees no further than a page of memory.
#[derive(Debug, Clone, Copy)]
struct Ahead {
    from: *const u8,
    /// Bytes for each inner step.
    step: usize,
}

impl Ahead {
    /// A panel, in the time of `tiles` tiles of k inner steps each.
    #[inline(always)]
    fn of<W>(panel: &[W], tiles: usize, k: usize) -> Self {
        Self { from: panel.as_ptr().cast(), step: size_of_val(panel).div_ceil((tiles * k).max(1)) }
    }

    #[inline(always)]
    fn skip(&mut self, steps: usize) {
        self.from = self.from.wrapping_add(self.step * steps);
    }

    /// One inner step's bytes.
    #[inline(always)]
    fn fetch(&mut self) {
        #[cfg(target_arch = "x86_64")]
        if self.step > 0 {
            use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
            // SAFETY: a hint, which every x86-64 has, and which may name any address.
            unsafe { _mm_prefetch::<_MM_HINT_T1>(self.from.cast()) };
        }
        self.skip(1);
    }
}

/// Two vectors a row.
type Tile<T, S, const M: usize> = [[<T as Real>::Vector<S>; 2]; M];

impl<X: Element, W: Element<Sum = X::Sum>, Y: Element<Sum = X::Sum>> Piece<'_, X, W, Y> {
    /// The product of some rows and a panel.
    #[inline(always)]
    fn tile<S: Simd>(&self, s: S, by: &Panel<'_, X::Sum>, rows: Range<usize>, ahead: Ahead, to: &mut [X::Sum]) {
        let height = rows.len();
        let first = rows.start - self.rows.start;
        macro_rules! of_height {
            ($tile:ident $fields:tt: $($height:literal)*) => {
                match height {
                    $($height => s.vectorize($tile::<X::Sum, S, $height> $fields),)*
                    _ => {}
                }
            };
        }
        match *by {
            Panel::Wide { x, stride, w } => {
                // A group that is not full is filled up with zeros in both operands, if x is one that is widened.
                let k = if X::as_sums(&[]).is_none() { stride } else { self.k };
                let x = Rows { data: &x[first * stride..], stride };
                of_height!(Wide { s, x, w, k, ahead, to }: 1 2 3 4 5 6 7 8 9 10 11 12);
            }
            Panel::Pairs { x, w } => {
                let (x, k) = (Rows { data: &x.data[rows.start * x.stride..], stride: x.stride }, self.k);
                of_height!(Paired { s, x, w, k, to }: 1 2 3 4 5 6 7 8 9 10 11 12);
            }
        }
    }

    /// What follows the product, for a tile of rows from `row` on and columns from `column` on; `other` is as long as one of
    /// its rows.
    #[inline(always)]
    fn finish<S: Simd>(&self, s: S, row: usize, column: usize, tile: &mut [X::Sum], other: &mut [X::Sum]) {
        let width = other.len();
        let end = (column + width).min(self.n);
        let (To { steps, y, stride, first }, n) = (self.to, self.n);
        let row = first + row;
        for &step in steps {
            Y::round(tile);
            match step {
                Step::Scale(factor) => {
                    let factor = X::Sum::splat(s, factor);
                    for value in X::Sum::vectors_mut::<S>(tile).0 {
                        *value = X::Sum::mul(s, *value, factor);
                    }
                }
                Step::Bias(bias) => {
                    let bias = vectors_of::<Y, S>(&bias[column..end], other);
                    for values in tile.chunks_exact_mut(width) {
                        plus(s, values, bias);
                    }
                }
                Step::Add(more) => {
                    for (values, row) in tile.chunks_exact_mut(width).zip(row..) {
                        plus(s, values, vectors_of::<Y, S>(&more[row * n + column..row * n + end], other));
                    }
                }
                Step::AddResult => {
                    for (values, row) in tile.chunks_exact_mut(width).zip(row..) {
                        let first = row * stride + column;
                        // SAFETY: elements of the result, of which no other piece writes or reads these columns.
                        let more = unsafe { std::slice::from_raw_parts(y.add(first), end - column) };
                        plus(s, values, vectors_of::<Y, S>(more, other));
                    }
                }
                Step::Map(function) => X::Sum::map(s, function, tile),
            }
        }
        for (values, row) in tile.chunks_exact(width).zip(row..) {
            // SAFETY: elements of the result, of which no other piece writes or reads these columns.
            let y = unsafe { std::slice::from_raw_parts_mut(y.add(row * stride + column), end - column) };
            match (Y::as_sums_mut(y).map(X::Sum::vectors_mut::<S>), X::Sum::vectors::<S>(values)) {
                // Whole vectors: a copy of unknown length is a call.
                (Some(([a, b], [])), ([from, more], _)) => (*a, *b) = (*from, *more),
                _ => Y::narrow(&values[..end - column], y),
            }
        }
    }
}

/// Two vectors of elements, which may lie in `other` then; behind their end are any values, which are not kept.
#[inline(always)]
fn vectors_of<'e, X: Element, S: Simd>(elements: &'e [X], other: &'e mut [X::Sum]) -> [<X::Sum as Real>::Vector<S>; 2] {
    let vectors = match X::as_sums(elements) {
        Some(elements) if elements.len() == other.len() => elements,
        _ => {
            X::widen(elements, &mut other[..elements.len()]);
            &*other
        }
    };
    let vectors = X::Sum::vectors::<S>(vectors).0;
    [vectors[0], vectors[1]]
}

/// Adds two vectors to a row of the tile.
#[inline(always)]
fn plus<T: Real, S: Simd>(s: S, values: &mut [T], more: [T::Vector<S>; 2]) {
    for (value, more) in T::vectors_mut::<S>(values).0.iter_mut().zip(more) {
        *value = T::add(s, *value, more);
    }
}

/// A tile of M rows by the kernel of f32 or f64. (A type, as what is called for a closure is not always inlined.)
struct Wide<'a, T, S, const M: usize> {
    s: S,
    x: Rows<'a, T>,
    w: &'a [T],
    k: usize,
    ahead: Ahead,
    to: &'a mut [T],
}

impl<T: Real, S: Simd, const M: usize> NullaryFnOnce for Wide<'_, T, S, M> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { s, x, w, k, ahead, to } = self;
        let x = rows_of::<T, M>(x, k);
        let (w, _) = T::vectors::<S>(w);
        sums::<T, S, M>(
            s,
            k,
            #[inline(always)]
            |range| run::<T, S, M>(s, &x, w, range, ahead),
            to,
        );
    }
}

/// The first k elements of M rows. (Not by `from_fn`, which is a call of its own.)
#[inline(always)]
fn rows_of<T, const M: usize>(x: Rows<'_, T>, k: usize) -> [&[T]; M] {
    let mut rows: [&[T]; M] = [&[]; M];
    let mut i = 0;
    while k > 0 && i < M {
        rows[i] = &x.data[i * x.stride..][..k];
        i += 1;
    }
    rows
}

/// A tile of M rows by the processor's products of pairs.
struct Paired<'a, T, S, const M: usize> {
    s: S,
    x: Rows<'a, bf16>,
    w: &'a [bf16],
    k: usize,
    to: &'a mut [T],
}

impl<T: Real, S: Simd, const M: usize> NullaryFnOnce for Paired<'_, T, S, M> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { s, x, w, k, to } = self;
        let x = rows_of::<bf16, M>(x, k);
        sums::<T, S, M>(
            s,
            k,
            #[inline(always)]
            |range| {
                let mut tile = [[T::splat(s, T::default()); 2]; M];
                // SAFETY: `least_exponents` has found the instruction and vectors of 16 f32; panels are filled up to whole pairs.
                unsafe { pairs::run(&x, w, range.start / 2..range.end.div_ceil(2), tile.as_mut_ptr().cast()) };
                tile
            },
            to,
        );
    }
}

/// The tile's sums over the whole inner dimension.
#[inline(always)]
fn sums<T: Real, S: Simd, const M: usize>(s: S, k: usize, run: impl Fn(Range<usize>) -> Tile<T, S, M>, to: &mut [T]) {
    let tile = pairwise(
        k,
        run,
        #[inline(always)]
        |a, b| sum::<T, S, M>(s, a, b),
    );
    for (to, values) in T::vectors_mut::<S>(to).0.chunks_exact_mut(2).zip(tile) {
        to.copy_from_slice(&values);
    }
}

/// The tile's sums over a run of the inner dimension.
#[inline(always)]
fn run<T: Real, S: Simd, const M: usize>(
    s: S,
    x: &[&[T]; M],
    w: &[T::Vector<S>],
    range: Range<usize>,
    mut ahead: Ahead,
) -> Tile<T, S, M> {
    ahead.skip(range.start);
    let mut tile = [[T::splat(s, T::default()); 2]; M];
    let mut part: [&[T]; M] = [&[]; M];
    let mut i = 0;
    while i < M {
        part[i] = &x[i][range.clone()];
        i += 1;
    }
    let w = &w[2 * range.start..2 * range.end];
    for (p, w) in w.chunks_exact(2).enumerate() {
        ahead.fetch();
        for (x, sums) in part.iter().zip(&mut tile) {
            // SAFETY: each of these slices is as long as the range.
            let x = T::splat(s, unsafe { *x.get_unchecked(p) });
            sums[0] = T::mul_add(s, x, w[0], sums[0]);
            sums[1] = T::mul_add(s, x, w[1], sums[1]);
        }
    }
    tile
}

#[inline(always)]
fn sum<T: Real, S: Simd, const M: usize>(s: S, a: &Tile<T, S, M>, b: &Tile<T, S, M>) -> Tile<T, S, M> {
    // Not `from_fn`, whose closure is not compiled for the processor at hand.
    let mut tile = *a;
    let mut i = 0;
    while i < M {
        tile[i] = [T::add(s, a[i][0], b[i][0]), T::add(s, a[i][1], b[i][1])];
        i += 1;
    }
    tile
}
