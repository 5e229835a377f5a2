//! Tiles of a product, in registers.

use super::{Rows, Step};
use crate::vector::map_in_place;
use pulp::{NullaryFnOnce, Simd, WithSimd};
use std::ops::Range;

/// Rows of a tile at most, where the processor has 32 vector registers and where it has 16: two vectors a row, and room for
/// two of w and one of x.
const TALL: usize = 12;
const LOW: usize = 6;

/// Inner steps whose products are added one after the other.
const RUN: usize = 256;

/// Levels of the pairwise sum over such runs: enough for any length.
const LEVELS: usize = 32;

/// A part of a product: some rows, and the columns of some panels.
pub(super) struct Piece<'a> {
    pub(super) k: usize,
    pub(super) n: usize,
    pub(super) rows: Range<usize>,
    pub(super) panels: Range<usize>,
    pub(super) x: Rows<'a>,
    pub(super) w: &'a [f32],
    pub(super) steps: &'a [Step<'a>],
    /// The first element of the whole result, whose rows have n elements.
    pub(super) y: *mut f32,
}

impl WithSimd for Piece<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let most = if S::REGISTER_COUNT >= 32 { TALL } else { LOW };
        let width = 2 * S::F32_LANES;
        for panel in self.panels.clone() {
            let w = &self.w[panel * self.k * width..][..self.k * width];
            let mut row = self.rows.start;
            while row < self.rows.end {
                // Tiles of nearly the same height: a low one at the end would keep the registers idle.
                let left = self.rows.end - row;
                let height = left.div_ceil(left.div_ceil(most));
                macro_rules! of_height {
                    ($($height:literal)*) => {
                        match height {
                            $($height => s.vectorize(At::<S, $height> { piece: &self, s, w, row, column: panel * width }),)*
                            _ => {}
                        }
                    };
                }
                of_height!(1 2 3 4 5 6 7 8 9 10 11 12);
                if !self.steps.is_empty() {
                    for row in row..row + height {
                        self.finish(s, row, panel * width);
                    }
                }
                row += height;
            }
        }
    }
}

/// A tile by its place. No closure: what calls those is compiled for any processor, and where it is not inlined, nothing in it
/// is.
struct At<'a, S, const M: usize> {
    piece: &'a Piece<'a>,
    s: S,
    w: &'a [f32],
    row: usize,
    column: usize,
}

impl<S: Simd, const M: usize> NullaryFnOnce for At<'_, S, M> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.piece.tile::<S, M>(self.s, self.w, self.row, self.column);
    }
}

/// Two vectors a row.
type Tile<S, const M: usize> = [[<S as Simd>::f32s; 2]; M];

impl Piece<'_> {
    /// The tile of rows from `row` and columns from `column` on.
    #[inline(always)]
    fn tile<S: Simd, const M: usize>(&self, s: S, w: &[f32], row: usize, column: usize) {
        let width = 2 * S::F32_LANES;
        let x: [&[f32]; M] = std::array::from_fn(|i| {
            if self.k == 0 { &[][..] } else { &self.x.data[(row + i) * self.x.stride..][..self.k] }
        });
        let (w, _) = S::as_simd_f32s(w);
        let (mut tile, mut start) = (run::<S, M>(s, &x, w, 0..self.k.min(RUN)), RUN);
        if start < self.k {
            // The sums of 1, 2, 4, … runs that wait for one of the same number.
            let mut waiting = [tile; LEVELS];
            let mut runs = 1usize;
            while start < self.k {
                tile = run::<S, M>(s, &x, w, start..(start + RUN).min(self.k));
                let mut level = 0;
                while runs & (1 << level) != 0 {
                    tile = sum(s, &waiting[level], &tile);
                    level += 1;
                }
                waiting[level] = tile;
                runs += 1;
                start += RUN;
            }
            // What is left is added from the shortest on.
            let first = runs.trailing_zeros() as usize;
            tile = waiting[first];
            for (level, other) in waiting.iter().enumerate().skip(first + 1) {
                if runs & (1 << level) != 0 {
                    tile = sum(s, other, &tile);
                }
            }
        }
        for (i, values) in tile.into_iter().enumerate() {
            store(s, self.part(row + i, column, width), values);
        }
    }

    /// A row's part of the result, from `column` on.
    #[expect(clippy::mut_from_ref, reason = "each part is taken by the one that fills it")]
    #[inline(always)]
    fn part(&self, row: usize, column: usize, width: usize) -> &mut [f32] {
        // SAFETY: elements of the result, of which no other piece writes or reads these columns.
        unsafe { std::slice::from_raw_parts_mut(self.y.add(row * self.n + column), width.min(self.n - column)) }
    }

    /// What follows the product, for a row's part of the result.
    #[inline(always)]
    fn finish<S: Simd>(&self, s: S, row: usize, column: usize) {
        let y = self.part(row, column, 2 * S::F32_LANES);
        let end = column + y.len();
        for &step in self.steps {
            match step {
                Step::Scale(factor) => store(s, y, scaled(s, load(s, y), factor)),
                Step::Bias(bias) => plus(s, y, &bias[column..end]),
                Step::Add(other) => plus(s, y, &other[row * self.n + column..row * self.n + end]),
                Step::Map(function) => map_in_place(s, function, y),
            }
        }
    }
}

/// The tile's sums over a run of the inner dimension.
#[inline(always)]
fn run<S: Simd, const M: usize>(s: S, x: &[&[f32]; M], w: &[S::f32s], range: Range<usize>) -> Tile<S, M> {
    let mut tile = [[s.splat_f32s(0.0); 2]; M];
    let x: [&[f32]; M] = std::array::from_fn(|i| &x[i][range.clone()]);
    let w = &w[2 * range.start..2 * range.end];
    for (p, w) in w.chunks_exact(2).enumerate() {
        for (x, sums) in x.iter().zip(&mut tile) {
            // SAFETY: each of these slices is as long as the range.
            let x = s.splat_f32s(unsafe { *x.get_unchecked(p) });
            sums[0] = s.mul_add_e_f32s(x, w[0], sums[0]);
            sums[1] = s.mul_add_e_f32s(x, w[1], sums[1]);
        }
    }
    tile
}

#[inline(always)]
fn sum<S: Simd, const M: usize>(s: S, a: &Tile<S, M>, b: &Tile<S, M>) -> Tile<S, M> {
    std::array::from_fn(|i| [s.add_f32s(a[i][0], b[i][0]), s.add_f32s(a[i][1], b[i][1])])
}

#[inline(always)]
fn plus<S: Simd>(s: S, y: &mut [f32], other: &[f32]) {
    let ([a, b], [c, d]) = (load(s, y), load(s, other));
    store(s, y, [s.add_f32s(a, c), s.add_f32s(b, d)]);
}

#[inline(always)]
fn scaled<S: Simd>(s: S, [a, b]: [S::f32s; 2], factor: f32) -> [S::f32s; 2] {
    let factor = s.splat_f32s(factor);
    [s.mul_f32s(a, factor), s.mul_f32s(b, factor)]
}

/// Two vectors, of a panel's width or, at the end of a row, less.
#[inline(always)]
fn load<S: Simd>(s: S, from: &[f32]) -> [S::f32s; 2] {
    if let ([a, b], []) = S::as_simd_f32s(from) {
        return [*a, *b];
    }
    let (a, b) = from.split_at(from.len().min(S::F32_LANES));
    [s.partial_load_f32s(a), s.partial_load_f32s(b)]
}

#[inline(always)]
fn store<S: Simd>(s: S, to: &mut [f32], [a, b]: [S::f32s; 2]) {
    if let ([first, second], []) = S::as_mut_simd_f32s(to) {
        (*first, *second) = (a, b);
        return;
    }
    let (first, second) = to.split_at_mut(to.len().min(S::F32_LANES));
    s.partial_store_f32s(first, a);
    s.partial_store_f32s(second, b);
}
