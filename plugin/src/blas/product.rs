//! A matrix product in pieces, which threads take one after the other.
//!
//! A piece is a block of the result, some rows by some columns; all of the inner dimension goes into it, so the sums are those of
//! the whole. How a product is cut follows from its size alone, not from who is there to compute it: the same bits come out
//! on any number of threads.

use super::buffers::Buffer;
use rlx_mlx_cpu::threads;
use std::any::TypeId;
use std::ffi::c_int;

/// `CblasRowMajor`.
const ROW_MAJOR: c_int = 101;
/// `CblasNoTrans`.
const NO_TRANS: c_int = 111;
/// `CblasTrans`.
const TRANS: c_int = 112;

/// The most multiplications of a product that OpenBLAS has kernels for which do not pack operands.
const SMALL: usize = 1_000_000;

/// Multiplications in one piece at least, which take some 0.1 ms: waking a thread takes a tenth of that.
const PIECE: usize = 4 << 20;
/// So many pieces are made of less than this many multiplications each; large products have larger pieces, as each packs its
/// operands for itself. With eight of a product of 1024 x 1024 x 1024 that is 3 % of the time.
const FEW: usize = 8;
const LARGE_PIECE: usize = 512 << 20;
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

impl<T> Gemm<T> {
    /// `m`, `n` and `k`. CBLAS takes negative sizes for an error, which is for the whole to tell; they count as 0.
    fn sizes(&self) -> [usize; 3] {
        [self.m, self.n, self.k].map(|size| usize::try_from(size).unwrap_or(0))
    }
}

/// Calls `multiply` for every piece, on several threads at once where that pays.
pub(super) fn product<T: Copy + 'static>(layout: &Layout, whole: Gemm<T>, multiply: impl Fn(&Layout, Gemm<T>) + Sync) {
    let cut = Cut::of(whole.sizes());
    let compute = |gemm: Gemm<T>| {
        let turned = layout.turned(&gemm);
        let _buffer = Buffer::take();
        match &turned {
            Some((layout, a)) => multiply(layout, Gemm { a: a.as_ptr(), ..gemm }),
            None => multiply(layout, gemm),
        }
    };
    if cut.pieces() == 1 {
        return compute(whole);
    }
    let whole = &whole;
    threads::deal(cut.pieces(), &|index| compute(layout.piece(whole, &cut, index)));
}

/// How a product is cut: into `down` times `across` pieces of `rows` x `columns`; those at the end may be smaller.
struct Cut {
    down: usize,
    across: usize,
    rows: usize,
    columns: usize,
}

impl Cut {
    fn of([m, n, k]: [usize; 3]) -> Self {
        let multiplications = m.saturating_mul(n).saturating_mul(k);
        let wanted = (multiplications / PIECE).min(FEW.max(multiplications / LARGE_PIECE)).min(PIECES);
        // Each piece packs its rows and its columns, so the best pieces have least of both. `down` times as many columns are
        // packed as there are, and `across` times as many rows.
        (1..=wanted.min(m / NARROW).max(1))
            .map(|down| (down, (wanted / down).min(n / NARROW).max(1)))
            .map(|(down, across)| Self {
                rows: m.div_ceil(down).next_multiple_of(GRAIN),
                columns: n.div_ceil(across).next_multiple_of(GRAIN),
                down,
                across,
            })
            .max_by_key(|cut| (cut.pieces(), std::cmp::Reverse(cut.down * n + cut.across * m)))
            .map_or(Self { down: 1, across: 1, rows: m, columns: n }, |cut| cut.tight(m, n))
    }

    /// Without the pieces that rounding has left nothing for.
    fn tight(self, m: usize, n: usize) -> Self {
        Self { down: m.div_ceil(self.rows.max(1)).max(1), across: n.div_ceil(self.columns.max(1)).max(1), ..self }
    }

    fn pieces(&self) -> usize {
        self.down * self.across
    }
}

impl Layout {
    /// For small products of two transposed f32 operands, as row-major MLX has them: a copy of the first one that is not
    /// transposed, with the layout for it.
    ///
    /// For such products OpenBLAS 0.3.34 has a kernel of its own on processors with AVX-512 (`sgemm_small_kernel_tt` of
    /// SkylakeX), which keeps the distances between the rows of the result in a static array. Where two threads are in it
    /// with results of different widths, one writes to the other's distances, also outside of its result. Its other kernels
    /// have none.
    fn turned<T: Copy + 'static>(&self, gemm: &Gemm<T>) -> Option<(Self, Vec<T>)> {
        let [m, n, k] = gemm.sizes();
        let is_small = (1..=SMALL).contains(&m.saturating_mul(n).saturating_mul(k));
        let is_turned = [self.order, self.trans_a, self.trans_b] == [ROW_MAJOR, TRANS, TRANS];
        if !is_small || !is_turned || TypeId::of::<T>() != TypeId::of::<f32>() {
            return None;
        }
        let at = |row: usize, column: usize| gemm.a.wrapping_add(column * self.lda as usize + row);
        // SAFETY: elements of the caller's operand.
        let a = (0..m).flat_map(|row| (0..k).map(move |column| unsafe { *at(row, column) })).collect();
        Some((Self { trans_a: NO_TRANS, lda: gemm.k, ..*self }, a))
    }

    /// The piece of that index, counted along the rows first.
    fn piece<T>(&self, whole: &Gemm<T>, cut: &Cut, index: usize) -> Gemm<T> {
        let (top, left) = (index / cut.across * cut.rows, index % cut.across * cut.columns);
        // Both fit: they do not exceed a size of the product.
        let m = (whole.m as usize - top).min(cut.rows) as c_int;
        let n = (whole.n as usize - left).min(cut.columns) as c_int;
        let row_major = self.order == ROW_MAJOR;
        // Where the element at these indices lies; `in_rows` says whether the first index is the slow one.
        let at = |first: usize, second: usize, in_rows: bool, ld: c_int| {
            if in_rows { first * ld as usize + second } else { first + second * ld as usize }
        };
        Gemm {
            m,
            n,
            k: whole.k,
            a: whole.a.wrapping_add(at(top, 0, row_major == (self.trans_a == NO_TRANS), self.lda)),
            b: whole.b.wrapping_add(at(0, left, row_major == (self.trans_b == NO_TRANS), self.ldb)),
            c: whole.c.wrapping_add(at(top, left, row_major, self.ldc)),
        }
    }
}
