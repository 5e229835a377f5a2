//! A matrix product in pieces, which threads take one after the other.
//!
//! A piece is a range of columns or of rows of the result; all of the inner dimension goes into it, so the sums are those of
//! the whole. How a product is cut follows from its size alone, not from who is there to compute it: the same bits come out
//! on any number of threads.

use super::buffers::Buffer;
use super::pool;
use std::ffi::c_int;

/// `CblasRowMajor`.
const ROW_MAJOR: c_int = 101;
/// `CblasNoTrans`.
const NO_TRANS: c_int = 111;

/// Multiplications in one piece at least, which take some 0.1 ms: waking a thread takes a tenth of that.
const PIECE: usize = 4 << 20;
/// So many pieces are made of less than this many multiplications each; large products have larger pieces. Every piece packs
/// the operand that all share for itself: with eight of a product of 1024 x 1024 x 1024 that is 5 % of the time.
const FEW: usize = 8;
const LARGE_PIECE: usize = 64 << 20;
/// Pieces of one product at most.
const PIECES: usize = 64;
/// Rows or columns of a piece at least, and what they are a multiple of, as the vector code works in blocks.
const NARROW: usize = 96;
const GRAIN: usize = 32;

/// How CBLAS is to read the operands.
pub(super) struct Layout {
    pub(super) order: c_int,
    pub(super) trans_a: c_int,
    pub(super) trans_b: c_int,
    pub(super) lda: c_int,
    pub(super) ldb: c_int,
    pub(super) ldc: c_int,
}

/// Sizes and operands of a product `c[m, n] = a[m, k] * b[k, n]`.
#[derive(Clone, Copy)]
pub(super) struct Gemm<T> {
    pub(super) m: c_int,
    pub(super) n: c_int,
    pub(super) k: c_int,
    pub(super) a: *const T,
    pub(super) b: *const T,
    pub(super) c: *mut T,
}

// SAFETY: the pointers are those of a call that waits until every piece is done; pieces share what they read alone.
unsafe impl<T> Sync for Gemm<T> {}

/// Calls `multiply` for every piece, on several threads at once where that pays.
pub(super) fn product<T>(layout: &Layout, whole: Gemm<T>, multiply: impl Fn(Gemm<T>) + Sync) {
    let (pieces, size) = cut(whole.m, whole.n, whole.k);
    let compute = |gemm| {
        let _buffer = Buffer::take();
        multiply(gemm);
    };
    if pieces == 1 {
        return compute(whole);
    }
    let whole = &whole;
    pool::deal(pieces, &|index| compute(layout.piece(whole, index * size, size)));
}

/// Into how many pieces, and of how many rows or columns each; the last may have fewer.
fn cut(m: c_int, n: c_int, k: c_int) -> (usize, usize) {
    // CBLAS takes negative sizes for an error, which is for the whole to tell.
    let [m, n, k] = [m, n, k].map(|size| usize::try_from(size).unwrap_or(0));
    let multiplications = m.saturating_mul(n).saturating_mul(k);
    let long = m.max(n);
    let wanted = (multiplications / PIECE).min(FEW.max(multiplications / LARGE_PIECE)).min(long / NARROW).min(PIECES);
    if wanted < 2 {
        return (1, long);
    }
    let size = long.div_ceil(wanted).next_multiple_of(GRAIN);
    (long.div_ceil(size), size)
}

impl Layout {
    /// The rows or columns of the result from `start` on, `size` of them where there are as many.
    fn piece<T>(&self, whole: &Gemm<T>, start: usize, size: usize) -> Gemm<T> {
        let by_columns = whole.n >= whole.m;
        let long = if by_columns { whole.n } else { whole.m };
        // Both fit: they do not exceed a size of the product.
        let count = (long as usize - start).min(size) as c_int;
        let stride = |is_outer: bool, ld: c_int| if is_outer { start * ld as usize } else { start };
        let row_major = self.order == ROW_MAJOR;
        let c = whole.c.wrapping_add(stride(row_major != by_columns, self.ldc));
        if by_columns {
            let is_outer = row_major != (self.trans_b == NO_TRANS);
            Gemm { n: count, b: whole.b.wrapping_add(stride(is_outer, self.ldb)), c, ..*whole }
        } else {
            let is_outer = row_major == (self.trans_a == NO_TRANS);
            Gemm { m: count, a: whole.a.wrapping_add(stride(is_outer, self.lda)), c, ..*whole }
        }
    }
}
