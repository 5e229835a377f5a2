//! Convolutions by filters: vectors hold neighbouring filters, and what windows see is read from the planes, an element at a
//! time, so that windows need not fill vectors.

use super::scratch::{self, Use};
use super::steps::{Blocks, Direct, Operand, Place, Step, finish_row};
use super::tile::{Tile, sum};
use super::{Ahead, FIRST_LEVEL, PIECE, Planes, SECOND_LEVEL, Shape, Work, prefetch};
use crate::pairwise::pairwise;
use crate::vector::{self, Function};
use crate::{gemm, threads};
use pulp::{Arch, NullaryFnOnce, Simd, WithSimd};
use std::ops::Range;

/// Windows of a tile at most, where the processor has 32 vector registers and where it has 16: two vectors a window, and room
/// for two of the filters and one of what the window sees. Nor more than a vector has elements, as a filter's sums are put into
/// the result as one.
const TALL: usize = 14;
const LOW: usize = 6;

/// Pieces that are enough to keep threads busy to the end.
const PIECES: usize = 16;

/// Steps of the inner dimension that take as long as it takes to turn a tile and to put it in its place.
const TURN: usize = 25;

/// Windows of a tile at least that keep the registers busy.
const BUSY: usize = 4;

/// What is known of a convolution before it is computed.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    tiles: Vec<Part>,
    /// Where each inner step reads, from the place of a window on, and the furthest of these places.
    offsets: Vec<usize>,
    furthest: usize,
}

/// Neighbouring windows that are computed together.
#[derive(Debug, Clone, Copy)]
struct Part {
    /// The first of all windows, and where it is in the planes.
    first: usize,
    place: usize,
    windows: usize,
}

impl Plan {
    pub(super) fn new(shape: &Shape, planes: &Planes) -> Self {
        let offsets: Vec<usize> =
            (0..shape.channels).flat_map(|c| planes.taps.iter().map(move |tap| c * planes.len + tap)).collect();
        let furthest = offsets.iter().max().copied().unwrap_or_default();
        Self { tiles: tiles(&planes.runs(0..shape.positions())), offsets, furthest }
    }

    /// The time that an image takes, in multiplications of whole vectors.
    pub(super) fn cost(&self, shape: &Shape) -> usize {
        let windows: usize = self.tiles.iter().map(|tile| tile.windows.max(BUSY)).sum();
        let filters = shape.filters.next_multiple_of(gemm::panel_width());
        windows.saturating_mul(filters).saturating_mul(shape.depth() + TURN)
    }
}

pub(super) fn compute(work: &Work<'_>, plan: &Plan, images: Range<usize>, planes: &[f32]) {
    let shape = &work.conv.shape;
    if shape.positions() == 1 {
        return product(work, plan, images, planes);
    }
    // Pieces side by side have their filters in common, which are the most that is read.
    let (width, of_images) = (gemm::panel_width(), images.len() * plan.tiles.len());
    let panels = shape.filters.div_ceil(width);
    let of_panel = shape.depth() * width * shape.positions();
    let at_once = (PIECE * plan.tiles.len() / of_panel.max(1)).clamp(1, (of_images * panels).div_ceil(PIECES));
    let blocks = of_images.div_ceil(at_once);
    threads::deal(panels * blocks, &|piece| {
        let (panel, block) = (piece / blocks, piece % blocks);
        let tiles = block * at_once..((block + 1) * at_once).min(of_images);
        Arch::new().dispatch(Piece { work, plan, images: &images, planes, tiles, panel });
    });
}

/// Cuts runs of windows into tiles of nearly the same length, as a short one would keep the registers idle.
fn tiles(runs: &[(usize, usize)]) -> Vec<Part> {
    struct Most;
    impl WithSimd for Most {
        type Output = usize;

        fn with_simd<S: Simd>(self, _: S) -> usize {
            (if S::REGISTER_COUNT >= 32 { TALL } else { LOW }).min(S::F32_LANES)
        }
    }
    let most = Arch::new().dispatch(Most);
    let (mut tiles, mut first) = (Vec::new(), 0);
    for &(place, count) in runs {
        let mut done = 0;
        while done < count {
            let left = count - done;
            let windows = left.div_ceil(left.div_ceil(most));
            tiles.push(Part { first: first + done, place: place + done, windows });
            done += windows;
        }
        first += count;
    }
    tiles
}

/// Some tiles by a panel of filters.
struct Piece<'a> {
    work: &'a Work<'a>,
    plan: &'a Plan,
    images: &'a Range<usize>,
    /// The laid out channels of these images.
    planes: &'a [f32],
    /// Tiles, counted over these images.
    tiles: Range<usize>,
    panel: usize,
}

impl WithSimd for Piece<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { work, plan, images, planes, tiles, panel } = self;
        let (shape, width) = (&work.conv.shape, 2 * S::F32_LANES);
        let (depth, positions) = (shape.depth(), shape.positions());
        let (w, _) = S::as_simd_f32s(&work.w[panel * depth * width..][..depth * width]);
        let channel = panel * width;
        let rows = width.min(shape.filters - channel);
        let (mut blocks, direct) = (Blocks::new(), Direct::of(work.steps));
        for i in tiles {
            let (image, Part { first, place, windows }) = (i / plan.tiles.len(), plan.tiles[i % plan.tiles.len()]);
            let x = &planes[image * shape.channels * work.conv.planes.len + place..];
            assert!(plan.furthest + windows <= x.len(), "planes are shorter than windows reach");
            let first = ((images.start + image) * shape.filters + channel) * positions + first;
            let place =
                Place { first, stride: positions, channel, rows, width: S::F32_LANES, columns: windows, y: work.y.0 };
            let ahead = Ahead::new((work.y.0, direct.as_ref()), first + windows, rows, positions);
            kernel::<S>(windows)(s, x, &plan.offsets, w, ahead, &mut blocks.values);
            if direct.is_none() {
                blocks.apply(s, work.steps, &place);
            }
            put(s, &direct.unwrap_or_default(), &place, &blocks.values, work.y.0);
        }
    }
}

/// Does the steps to rows of a tile, one a filter and as long as a vector, and puts them in their places.
#[inline(always)]
fn put<S: Simd>(s: S, steps: &Direct<'_>, place: &Place, values: &[f32], y: *mut f32) {
    let mask = s.mask_between_m32s(0, place.columns as u32);
    let array = steps.array.map(|array| array.first(y).wrapping_add(place.first));
    let bias = steps.bias.map(|bias| &bias[place.channel..place.channel + place.rows]);
    for (i, &value) in S::as_simd_f32s(values).0.iter().take(place.rows).enumerate() {
        let mut x = value;
        if let Some(bias) = bias {
            x = s.add_f32s(x, s.splat_f32s(bias[i]));
        }
        if let Some(array) = array {
            // SAFETY: an array is as long as the result, in which the row's columns lie, and no others are read.
            x = s.add_f32s(x, unsafe { s.mask_load_ptr_f32s(mask, array.wrapping_add(i * place.stride)) });
        }
        if steps.is_relu {
            x = vector::apply(s, Function::Relu, x);
        }
        // SAFETY: these windows of a filter of the piece, which no other piece writes or reads; no others are written.
        unsafe { s.mask_store_ptr_f32s(mask, y.add(place.first + i * place.stride), x) };
    }
}

/// Computes a tile's sums and puts them in rows, one a filter and as long as a vector: of what the windows see, which is at the
/// offsets of each inner step, and of the filters, two vectors a step.
type Kernel<S> = fn(s: S, x: &[f32], offsets: &[usize], w: &[<S as Simd>::f32s], ahead: Ahead, to: &mut [f32]);

/// The kernel for a number of windows. It is called through a pointer, as each would be inlined otherwise: in one function of
/// them all, registers do not suffice for any.
fn kernel<S: Simd>(windows: usize) -> Kernel<S> {
    macro_rules! of_height {
        ($($height:literal)*) => {
            match windows {
                $($height => call::<S, $height>,)*
                _ => call::<S, 0>,
            }
        };
    }
    of_height!(1 2 3 4 5 6 7 8 9 10 11 12 13 14)
}

fn call<S: Simd, const M: usize>(s: S, x: &[f32], offsets: &[usize], w: &[S::f32s], ahead: Ahead, to: &mut [f32]) {
    s.vectorize(Call::<S, M> { s, x, offsets, w, ahead, to });
}

/// The kernel's body. (A closure would be called through a function that is not compiled for the processor at hand.)
struct Call<'a, S: Simd, const M: usize> {
    s: S,
    x: &'a [f32],
    offsets: &'a [usize],
    w: &'a [S::f32s],
    ahead: Ahead,
    to: &'a mut [f32],
}

impl<S: Simd, const M: usize> NullaryFnOnce for Call<'_, S, M> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self { s, x, offsets, w, ahead, to } = self;
        let sums = pairwise(
            offsets.len(),
            #[inline(always)]
            |range| {
                let ahead = Ahead { rows: if range.start == 0 { ahead.rows } else { 0 }, ..ahead };
                run::<S, M>(s, x, &offsets[range.clone()], &w[2 * range.start..2 * range.end], ahead)
            },
            #[inline(always)]
            |a, b| sum(s, a, b),
        );
        let sums = pulp::bytemuck::cast_slice::<_, f32>(sums.as_flattened());
        turn::<M>(sums, 2 * S::F32_LANES, to, S::F32_LANES);
    }
}

/// The sums over a run of the inner dimension.
#[inline(always)]
fn run<S: Simd, const M: usize>(s: S, x: &[f32], offsets: &[usize], w: &[S::f32s], mut ahead: Ahead) -> Tile<S, M, 2> {
    let mut sums = [[s.splat_f32s(0.0); 2]; M];
    for (w, &offset) in w.chunks_exact(2).zip(offsets) {
        let x = x.as_ptr().wrapping_add(offset);
        ahead.fetch::<S, 1>();
        // What the next tile sees, and the filters that come.
        prefetch::<FIRST_LEVEL>(x.wrapping_add(2 * M));
        for i in 0..2 {
            prefetch::<SECOND_LEVEL>(w.as_ptr().wrapping_add(AHEAD + i).cast());
        }
        for (i, sums) in sums.iter_mut().enumerate() {
            // SAFETY: M elements from the furthest offset on lie within the slice, as the caller has found.
            let x = s.splat_f32s(unsafe { *x.add(i) });
            sums[0] = s.mul_add_e_f32s(x, w[0], sums[0]);
            sums[1] = s.mul_add_e_f32s(x, w[1], sums[1]);
        }
    }
    sums
}

/// Vectors of filters that are brought near before they are read.
const AHEAD: usize = 64;

/// Turns M rows of `width` numbers into as many rows, `stride` numbers apart.
#[inline(always)]
fn turn<const M: usize>(rows: &[f32], width: usize, to: &mut [f32], stride: usize) {
    let rows = &rows[..M * width];
    for (column, to) in to.chunks_exact_mut(stride).take(width).enumerate() {
        for (i, place) in to[..M].iter_mut().enumerate() {
            *place = rows[i * width + column];
        }
    }
}

/// The result where each image has one window: channels lie side by side, as rows of a product do.
fn product(work: &Work<'_>, plan: &Plan, images: Range<usize>, planes: &[f32]) {
    let (shape, depth, filters) = (&work.conv.shape, work.conv.shape.depth(), work.conv.shape.filters);
    let m = images.len();
    scratch::with(Use::Sums, m * filters, |sums| {
        if shape.is_pointwise() {
            let x = gemm::Rows { data: planes, stride: depth };
            gemm::product([m, depth, filters], x, work.w, &[], sums);
        } else {
            scratch::with(Use::Windows, m * depth, |rows| {
                let of_image = shape.channels * work.conv.planes.len;
                for (row, planes) in rows.chunks_exact_mut(depth.max(1)).zip(planes.chunks_exact(of_image.max(1))) {
                    for (place, &offset) in row.iter_mut().zip(&plan.offsets) {
                        *place = planes[offset];
                    }
                }
                gemm::product([m, depth, filters], gemm::Rows { data: rows, stride: depth }, work.w, &[], sums);
            });
        }
        for (image, sums) in images.zip(sums.chunks_exact(filters)) {
            let first = image * filters;
            // SAFETY: the image's part of the result.
            let y = unsafe { work.y.part(first, filters) };
            y.copy_from_slice(sums);
            let steps: Vec<Step<'_>> = work.steps.iter().map(|&step| of_image(step, first)).collect();
            Arch::new().dispatch(Row { steps: &steps, y });
        }
    });
}

/// A step where elements of channels are those of an array.
fn of_image(step: Step<'_>, first: usize) -> Step<'_> {
    match step {
        Step::Binary { op, other: Operand::Channel(numbers), turned } => {
            Step::Binary { op, other: Operand::Array(numbers), turned }
        }
        Step::Binary { op, other: Operand::Array(array), turned } => {
            Step::Binary { op, other: Operand::Array(&array[first..]), turned }
        }
        step => step,
    }
}

struct Row<'a> {
    steps: &'a [Step<'a>],
    y: &'a mut [f32],
}

impl WithSimd for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        finish_row(s, self.steps, &mut Blocks::new(), self.y, 0, 0);
    }
}
