//! Tiles of a convolution, in registers: some filters by two vectors of windows, or by one.

use super::steps::{Blocks, Direct, Place, Step};
use super::{Ahead, SECOND_LEVEL, prefetch};
use crate::pairwise::pairwise;
use crate::vector::{self, Function};
use pulp::{NullaryFnOnce, Simd, WithSimd};

/// Filters of a tile at most, where the processor has 32 vector registers and where it has 16.
const TALL: usize = 12;
const LOW: usize = 6;

/// How many filters the tile has whose first one is `first` of `count`: tiles of nearly the same height, as a low one would
/// keep the registers idle.
#[inline(always)]
fn height(first: usize, count: usize, most: usize) -> usize {
    let left = count - first;
    left.div_ceil(left.div_ceil(most))
}

/// The form of w[filters, depth] that tiles read from front to back: tile by tile, and in each all filters' elements of one
/// place side by side.
pub(super) fn pack(filters: usize, depth: usize, w: &[f32], to: &mut [f32]) {
    struct Pack<'a>(usize, usize, &'a [f32], &'a mut [f32]);
    impl WithSimd for Pack<'_> {
        type Output = ();

        fn with_simd<S: Simd>(self, _: S) {
            let Self(filters, depth, w, to) = self;
            let mut first = 0;
            while first < filters {
                let height = height(first, filters, most::<S>());
                let tile = &mut to[first * depth..(first + height) * depth];
                for (i, from) in w[first * depth..].chunks_exact(depth).take(height).enumerate() {
                    for (place, &value) in tile[i..].iter_mut().step_by(height).zip(from) {
                        *place = value;
                    }
                }
                first += height;
            }
        }
    }
    if depth > 0 {
        pulp::Arch::new().dispatch(Pack(filters, depth, w, to));
    }
}

fn most<S: Simd>() -> usize {
    if S::REGISTER_COUNT >= 32 { TALL } else { LOW }
}

/// Some filters over some windows.
pub(super) struct Piece<'a> {
    /// Filters of the group, all in `w`, and those of the piece: their tiles begin in this range.
    pub(super) filters: usize,
    pub(super) tiles: std::ops::Range<usize>,
    pub(super) depth: usize,
    pub(super) w: &'a [f32],
    /// What the windows see: for each inner step a row of them, `stride` elements behind the one before.
    pub(super) b: &'a [f32],
    pub(super) stride: usize,
    /// Windows.
    pub(super) columns: usize,
    /// Where the first filter of the group has the first of these windows in the result, whose filters have `positions`.
    pub(super) first: usize,
    pub(super) positions: usize,
    /// The first filter's channel in the result.
    pub(super) channel: usize,
    pub(super) steps: &'a [Step<'a>],
    pub(super) y: *mut f32,
}

/// How many tiles there are of so many filters.
pub(super) fn tiles(filters: usize) -> usize {
    struct Count(usize);
    impl WithSimd for Count {
        type Output = usize;

        fn with_simd<S: Simd>(self, _: S) -> usize {
            self.0.div_ceil(most::<S>())
        }
    }
    pulp::Arch::new().dispatch(Count(filters))
}

impl WithSimd for Piece<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let (mut blocks, direct) = (Blocks::new(), Direct::of(self.steps));
        let (mut first, mut tile) = (0, 0);
        while first < self.filters && tile < self.tiles.end {
            let height = height(first, self.filters, most::<S>());
            // The tile's filters stay in the first-level cache for all windows.
            let mut column = if tile >= self.tiles.start { 0 } else { self.columns };
            while column < self.columns {
                let columns = (self.columns - column).min(2 * S::F32_LANES);
                let (vectors, values) = (if columns > S::F32_LANES { 2 } else { 1 }, &mut blocks.values);
                let direct = direct.as_ref().filter(|_| columns == vectors * S::F32_LANES);
                let at = At { first, column };
                let next =
                    if column + columns < self.columns { (first, column + columns) } else { (first + height, 0) };
                let rows = height.min(self.filters - next.0);
                let ahead =
                    Ahead::new((self.y, direct), self.first + next.0 * self.positions + next.1, rows, self.positions);
                kernel::<S>(height, vectors)(s, &self, at, ahead, direct, values);
                if direct.is_none() {
                    let place = Place {
                        first: self.first + first * self.positions + column,
                        stride: self.positions,
                        channel: self.channel + first,
                        rows: height,
                        width: vectors * S::F32_LANES,
                        columns,
                        y: self.y,
                    };
                    blocks.apply(s, self.steps, &place);
                    self.store(&blocks.values, &place);
                }
                column += columns;
            }
            first += height;
            tile += 1;
        }
    }
}

/// Where a tile is: its first filter and its first window, of the piece.
#[derive(Debug, Clone, Copy)]
struct At {
    first: usize,
    column: usize,
}

/// [`Piece::tile`] and what follows it, for tiles of one size. The result is in its place once the steps `direct` are done, or
/// else it is in `values`.
type Kernel<S> = fn(s: S, piece: &Piece<'_>, at: At, ahead: Ahead, direct: Option<&Direct<'_>>, values: &mut [f32]);

/// The kernel for tiles of some filters and vectors. It is called through a pointer, as each would be inlined otherwise: in one
/// function of them all, registers do not suffice for any.
fn kernel<S: Simd>(height: usize, vectors: usize) -> Kernel<S> {
    macro_rules! of_height {
        ($($height:literal)*) => {
            match (height, vectors) {
                $(
                    ($height, 1) => call::<S, $height, 1>,
                    ($height, _) => call::<S, $height, 2>,
                )*
                _ => call::<S, 0, 1>,
            }
        };
    }
    of_height!(1 2 3 4 5 6 7 8 9 10 11 12)
}

fn call<S: Simd, const M: usize, const V: usize>(
    s: S,
    piece: &Piece<'_>,
    at: At,
    ahead: Ahead,
    direct: Option<&Direct<'_>>,
    values: &mut [f32],
) {
    s.vectorize(Call::<S, M, V> { s, piece, at, ahead, direct, values });
}

/// The kernel's body. (A closure would be called through a function that is not compiled for the processor at hand.)
struct Call<'a, 'p, S, const M: usize, const V: usize> {
    s: S,
    piece: &'a Piece<'p>,
    at: At,
    ahead: Ahead,
    direct: Option<&'a Direct<'p>>,
    values: &'a mut [f32],
}

impl<S: Simd, const M: usize, const V: usize> NullaryFnOnce for Call<'_, '_, S, M, V> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { s, piece, at, ahead, direct, values } = self;
        let tile = piece.tile::<S, M, V>(s, at, ahead);
        match direct {
            Some(direct) => piece.finish(s, direct, at, tile),
            None => {
                for (places, row) in S::as_mut_simd_f32s(values).0.chunks_exact_mut(V).zip(tile) {
                    places.copy_from_slice(&row);
                }
            }
        }
    }
}

pub(super) type Tile<S, const M: usize, const V: usize> = [[<S as Simd>::f32s; V]; M];

impl Piece<'_> {
    /// The tile's sums.
    #[inline(always)]
    fn tile<S: Simd, const M: usize, const V: usize>(
        &self,
        s: S,
        At { first, column }: At,
        ahead: Ahead,
    ) -> Tile<S, M, V> {
        let (w, b) = (&self.w[first * self.depth..(first + M) * self.depth], &self.b[column..]);
        pairwise(
            self.depth,
            #[inline(always)]
            |range| self.run::<S, M, V>(s, w, b, range, ahead),
            #[inline(always)]
            |a, b| sum(s, a, b),
        )
    }

    /// The tile's sums over a run of the inner dimension.
    #[inline(always)]
    fn run<S: Simd, const M: usize, const V: usize>(
        &self,
        s: S,
        w: &[f32],
        b: &[f32],
        run: std::ops::Range<usize>,
        mut ahead: Ahead,
    ) -> Tile<S, M, V> {
        if run.start > 0 {
            ahead.rows = 0;
        }
        let mut tile = [[s.splat_f32s(0.0); V]; M];
        if run.is_empty() {
            return tile;
        }
        assert!((run.end - 1) * self.stride + V * S::F32_LANES <= b.len(), "windows are missing");
        let mut b = b[run.start * self.stride..].as_ptr();
        for w in w[run.start * M..run.end * M].chunks_exact(M) {
            // The next tile's filters.
            prefetch::<SECOND_LEVEL>(w.as_ptr().wrapping_add(M * self.depth));
            ahead.fetch::<S, V>();
            let mut row = [s.splat_f32s(0.0); V];
            for (v, vector) in row.iter_mut().enumerate() {
                // SAFETY: the last row's vectors end within the slice, as was found above; any address will do for them.
                *vector = unsafe { b.add(v * S::F32_LANES).cast::<S::f32s>().read_unaligned() };
            }
            for (sums, &w) in tile.iter_mut().zip(w) {
                let w = s.splat_f32s(w);
                for v in 0..V {
                    sums[v] = s.mul_add_e_f32s(w, row[v], sums[v]);
                }
            }
            b = b.wrapping_add(self.stride);
        }
        tile
    }

    /// Does the steps to a tile, and puts it in its place.
    #[inline(always)]
    fn finish<S: Simd, const M: usize, const V: usize>(
        &self,
        s: S,
        steps: &Direct<'_>,
        At { first, column }: At,
        mut tile: Tile<S, M, V>,
    ) {
        if let Some(bias) = steps.bias {
            for (row, &number) in tile.iter_mut().zip(&bias[self.channel + first..][..M]) {
                let number = s.splat_f32s(number);
                for x in row {
                    *x = s.add_f32s(*x, number);
                }
            }
        }
        let start = self.first + first * self.positions + column;
        if let Some(array) = steps.array {
            let array = array.first(self.y).wrapping_add(start);
            for (i, row) in tile.iter_mut().enumerate() {
                for (v, x) in row.iter_mut().enumerate() {
                    // SAFETY: an array is as long as the result, in which the tile lies; any address will do for vectors.
                    let place = unsafe { array.add(i * self.positions + v * S::F32_LANES).cast::<S::f32s>() };
                    // SAFETY: as above; of the result itself no other piece writes these elements.
                    *x = s.add_f32s(*x, unsafe { place.read_unaligned() });
                }
            }
        }
        if steps.is_relu {
            for x in tile.as_flattened_mut() {
                *x = vector::apply(s, Function::Relu, *x);
            }
        }
        for (i, row) in tile.iter().enumerate() {
            for (v, &x) in row.iter().enumerate() {
                // SAFETY: elements of the result, of which no other piece writes or reads these; any address will do for
                // them.
                unsafe {
                    let place = self.y.add(start + i * self.positions + v * S::F32_LANES);
                    place.cast::<S::f32s>().write_unaligned(x);
                }
            }
        }
    }

    /// Puts a tile's rows in their places.
    #[inline(always)]
    fn store(&self, values: &[f32], place: &Place) {
        for (i, row) in values.chunks_exact(place.width).take(place.rows).enumerate() {
            // SAFETY: elements of the result, of which no other piece writes or reads these.
            let y =
                unsafe { std::slice::from_raw_parts_mut(self.y.add(place.first + i * place.stride), place.columns) };
            y.copy_from_slice(&row[..place.columns]);
        }
    }
}

/// The sums of two tiles.
#[inline(always)]
pub(super) fn sum<S: Simd, const M: usize, const V: usize>(
    s: S,
    a: &Tile<S, M, V>,
    b: &Tile<S, M, V>,
) -> Tile<S, M, V> {
    let mut sums = *a;
    for (sums, others) in sums.iter_mut().zip(b) {
        for (sum, &other) in sums.iter_mut().zip(others) {
            *sum = s.add_f32s(*sum, other);
        }
    }
    sums
}
