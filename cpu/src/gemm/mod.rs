//! Products of matrices: x[m, k] · w[k, n], with what follows them done while the result is in the cache.
//!
//! `w` is packed: in panels of as many columns as two vectors of the processor hold, row after row, so that the inner loop
//! reads it from front to back. A tile of the result, some rows by one panel, is kept in registers over a block of the inner
//! dimension; the sums of blocks are added pairwise, so that errors grow with the logarithm of the length. How a product is
//! cut into pieces for threads changes no sum: the same bits come out on any number of threads.
//!
//! f32 and f64 are computed in themselves, halves in f32, by one kernel: a panel of halves is widened once for all rows of a
//! piece. Products of two bf16 are exact in f32, and where the processor has an instruction for them it gives the same sums
//! (`pairs.rs`).
//!
//! One core of an AMD Zen 4 (AVX-512, peak 118 GFLOP/s), 128 x 384 x 1536: this 109 to 115, rten-gemm 0.27 with packed weights 108,
//! which has no epilogue, no strided result, and threads of its own. The bench `gemm` prints other dtypes.

mod element;
pub mod integers;
mod kernel;
mod pack;
mod pairs;

pub use element::{Element, Purpose, Real};
pub use pack::{pack, packed_len, packed_len_of, panel_width, unpack};

use crate::threads;
use crate::vector::Function;
use kernel::{Piece, scratch_len};
use pulp::Arch;
use std::ops::Range;

/// What is done to a product, in this order, each step rounded to the dtype of the result as an operation of its own.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a, Y: Element = f32> {
    /// Times a number.
    Scale(Y::Sum),
    /// Plus one number a column.
    Bias(&'a [Y]),
    /// A function of each element.
    Map(Function),
    /// Plus an array of the result's shape, dense.
    Add(&'a [Y]),
    /// Plus what the result's memory held before.
    AddResult,
}

/// Rows of a matrix, one `stride` elements behind the other.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a, X = f32> {
    /// From the first element of the first row on.
    pub data: &'a [X],
    /// Elements from one row to the next.
    pub stride: usize,
}

/// Multiplications in a piece at least: some 20 µs, of which a thread's way to it takes a tenth.
const PIECE: usize = 1 << 20;

/// Elements of the rows that a piece works on: they stay in the second-level cache.
const BLOCK: usize = 64 << 10;

/// Elements of x that are widened at once.
const WIDENED: usize = 1 << 20;

/// y[m, n] = `steps`(x[m, k] · w[k, n]), y dense, `w` from [`pack`].
///
/// # Panics
/// If a slice is too short for the extents.
pub fn product<X: Element, W: Element<Sum = X::Sum>, Y: Element<Sum = X::Sum>>(
    dims: [usize; 3],
    x: Rows<'_, X>,
    w: &[W],
    steps: &[Step<'_, Y>],
    y: &mut [Y],
) {
    let [m, _, n] = dims;
    assert!(y.len() >= m * n, "the result is shorter than its extents");
    // SAFETY: the rows of y, one behind the other.
    unsafe { product_to(dims, x, w, steps, y.as_mut_ptr(), n) }
}

/// The same to rows `stride` elements apart.
///
/// # Panics
/// If a slice is too short for the extents.
///
/// # Safety
/// At `y` lie m rows of n elements, `stride` apart, which nobody else writes or reads meanwhile.
pub unsafe fn product_to<X: Element, W: Element<Sum = X::Sum>, Y: Element<Sum = X::Sum>>(
    [m, k, n]: [usize; 3],
    x: Rows<'_, X>,
    w: &[W],
    steps: &[Step<'_, Y>],
    y: *mut Y,
    stride: usize,
) {
    if m == 0 || n == 0 {
        return;
    }
    assert!(w.len() >= packed_len_of::<W>(k, n), "w is shorter than its extents");
    assert!(k == 0 || x.data.len() >= (m - 1) * x.stride + k, "x is shorter than its extents");
    let x = if k == 0 { Rows { data: &[], stride: 0 } } else { x };
    let exponents = pairs::least_exponents::<X, W>(m, k, x);
    let to = To { steps, y, stride, first: 0 };
    // Rows of w lie in the order of the processor's products of pairs.
    let is_turned = W::GROUP > 1 && X::as_sums(&[]).is_none();
    if X::as_sums(&[]).is_some() || !exponents.is_empty() || k == 0 {
        return deal([m, k, n], x, w, to, &exponents, is_turned);
    }
    // Once for all pieces, in parts that stay small.
    let depth = k.next_multiple_of(W::GROUP);
    let rows = (WIDENED / depth).clamp(1, m);
    X::Sum::with_scratch(Purpose::Operand, rows * depth, |wide| {
        for first in (0..m).step_by(rows) {
            let wide = &mut wide[..rows.min(m - first) * depth];
            threads::deal_parts(wide, (BLOCK / depth).max(1) * depth, &|done, part| {
                let rows = first + done / depth..first + (done + part.len()) / depth;
                Arch::new().dispatch(
                    #[inline(always)]
                    || widen_rows(x, rows, [k, depth], is_turned, part),
                );
            });
            let x = Rows { data: &*wide, stride: depth };
            deal([wide.len() / depth, depth, n], x, w, To { first, ..to }, &[], is_turned);
        }
    });
}

/// Where rows of a product go, and what is done to them.
#[derive(Clone, Copy)]
struct To<'a, Y: Element> {
    steps: &'a [Step<'a, Y>],
    /// The first element of the whole result, and how far apart its rows are.
    y: *mut Y,
    stride: usize,
    /// Rows of the whole before the first.
    first: usize,
}

// SAFETY: pieces write to parts that do not overlap.
unsafe impl<Y: Element + Send> Sync for To<'_, Y> {}

/// The rows of x in what is computed in, each filled up with zeros to `depth`, pairs turned if w has them so.
#[inline(always)]
fn widen_rows<X: Element>(
    x: Rows<'_, X>,
    rows: Range<usize>,
    [k, depth]: [usize; 2],
    is_turned: bool,
    to: &mut [X::Sum],
) {
    for (row, to) in rows.zip(to.chunks_exact_mut(depth.max(1))) {
        let (to, rest) = to.split_at_mut(k);
        X::widen(&x.data[row * x.stride..][..k], to);
        rest.fill(X::Sum::ZERO);
    }
    if is_turned {
        for pair in to.as_chunks_mut::<2>().0 {
            pair.swap(0, 1);
        }
    }
}

/// Deals a product out to threads.
fn deal<X: Element, W: Element<Sum = X::Sum>, Y: Element<Sum = X::Sum>>(
    [m, k, n]: [usize; 3],
    x: Rows<'_, X>,
    w: &[W],
    to: To<'_, Y>,
    exponents: &[u16],
    is_turned: bool,
) {
    let width = pack::width::<W>();
    let panels = n.div_ceil(width);
    let rows = (BLOCK / k.max(1)).clamp(48, 512).min(m);
    let down = m.div_ceil(rows);
    let rows = m.div_ceil(down);
    // As many pieces as are worth it, and no more than give every thread a few.
    let wanted = (m.saturating_mul(n).saturating_mul(k) / PIECE).clamp(1, 64);
    let across = wanted.div_ceil(down).min(panels);
    let columns = panels.div_ceil(across);
    let across = panels.div_ceil(columns);
    let (to, threads) = (&to, threads::dealt_to());
    threads::deal(down * across, &|piece| {
        // Neighbours share columns of w, which are the most that is read.
        let (column, row) = (piece / down, piece % down);
        let rows = row * rows..((row + 1) * rows).min(m);
        let panels = column * columns..((column + 1) * columns).min(panels);
        let next_panel = (piece + threads) / down * columns;
        X::Sum::with_scratch(Purpose::Piece, scratch_len::<X, W>(rows.len(), k, width), |scratch| {
            Arch::new().dispatch(Piece {
                k,
                n,
                rows,
                panels,
                next_panel,
                x,
                w,
                to: *to,
                exponents,
                is_turned,
                scratch,
            });
        });
    });
}

#[cfg(test)]
mod dtypes;

#[cfg(test)]
mod tests {
    use super::*;

    fn values(len: usize, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        (0..len).map(|_| next()).collect()
    }

    fn packed(k: usize, n: usize, w: &[f32]) -> Vec<f32> {
        let mut to = vec![f32::NAN; packed_len(k, n)];
        pack([k, n], w, [n, 1], &mut to);
        to
    }

    #[test]
    fn products_of_any_extents_are_right_to_their_rounding() {
        for (m, k, n) in [
            (1, 1, 1),
            (3, 5, 7),
            (13, 300, 33),
            (50, 64, 100),
            (128, 384, 96),
            (2, 0, 3),
            (1, 2000, 65),
            (700, 130, 40),
        ] {
            let (x, w, bias) = (values(m * k, 1), values(k * n, 2), values(n, 3));
            let mut y = vec![f32::NAN; m * n];
            product(
                [m, k, n],
                Rows { data: &x, stride: k },
                &packed(k, n, &w),
                &[Step::Bias(&bias), Step::Map(Function::Relu)],
                &mut y,
            );
            for i in 0..m {
                for j in 0..n {
                    let terms = (0..k).map(|p| f64::from(x[i * k + p]) * f64::from(w[p * n + j]));
                    let (sum, size) = terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()));
                    let want = (sum + f64::from(bias[j])).max(0.0);
                    let found = f64::from(y[i * n + j]);
                    assert!(
                        (found - want).abs() <= 1e-6 * (size + 0.5),
                        "{m}x{k}x{n} at {i}, {j}: {found}, not {want}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_same_bits_come_out_on_any_number_of_threads_and_in_any_company_of_rows() {
        let (m, k, n) = (200, 515, 300);
        let (x, w) = (values(m * k, 4), packed(k, n, &values(k * n, 5)));
        let other = values(m * n, 6);
        let of = |threads: usize, rows: std::ops::Range<usize>| {
            let mut y = vec![0.0; rows.len() * n];
            let other = &other[rows.start * n..rows.end * n];
            let steps = [Step::Scale(0.5), Step::Map(Function::Gelu), Step::Add(other)];
            let x = Rows { data: &x[rows.start * k..], stride: k };
            threads::with_limit(threads, || product([rows.len(), k, n], x, &w, &steps, &mut y));
            y
        };
        let whole = of(1, 0..m);
        assert_eq!(whole, of(2, 0..m));
        assert_eq!(whole, of(8, 0..m));
        let mut y = other.clone();
        let steps = [Step::Scale(0.5), Step::Map(Function::Gelu), Step::AddResult];
        product([m, k, n], Rows { data: &x, stride: k }, &w, &steps, &mut y);
        assert_eq!(whole, y);
        assert_eq!(whole[7 * n..8 * n], of(1, 7..8));
        assert_eq!(whole[100 * n..131 * n], of(2, 100..131));
    }

    #[test]
    fn what_was_packed_can_be_had_back() {
        for (k, n) in [(1, 1), (3, 7), (0, 5), (5, 0), (64, 96), (33, 129)] {
            let w = values(k * n, 9);
            let mut back = vec![f32::NAN; k * n];
            unpack([k, n], &packed(k, n, &w), &mut back);
            assert_eq!(back, w, "[{k}, {n}]");
        }
    }

    #[test]
    fn sums_of_many_numbers_keep_their_digits() {
        let k = 1 << 20;
        let (x, w) = (vec![0.1f32; k], vec![1f32; k]);
        let mut y = [0f32];
        product([1, k, 1], Rows { data: &x, stride: k }, &packed(k, 1, &w), &[], &mut y);
        let want = f64::from(0.1f32) * k as f64;
        // Half a unit for each of the 256 sums of a run, and for each level; one after the other it would be 6 %.
        assert!((f64::from(y[0]) / want - 1.0).abs() < 268.0 * f64::from(f32::EPSILON) / 2.0, "{}, not {want}", y[0]);
    }
}
