//! Products of matrices of small integers, exact: x[m, k] · w[k, n] of i16, as differences of 8-bit values and their zero
//! points are, in i64.
//!
//! `w` lies in panels of 32 columns, two rows side by side, so that one instruction multiplies two pairs and adds both products
//! to a sum of i32 (AVX512-VNNI's VPDPWSSD, else what the compiler makes of the same, such as PMADDWD). Operands are at most
//! [`MOST`] in size, so that no sum of a run leaves i32. 8-bit operands would be twice as fast again, but zero points of both
//! operands take nine bits.

use crate::threads;
use pulp::Arch;

/// The largest operand, and what is above the least one.
pub const MOST: i16 = 256;

/// Columns of a panel.
const WIDTH: usize = 32;

/// Pairs whose products are added in i32: 2 · 256² · 16,000 is below 2³¹.
const RUN: usize = 16_000;

/// Rows of a tile.
const TALL: usize = 12;

/// Multiplications in a piece at least.
const PIECE: usize = 1 << 21;

/// How many elements a packed matrix `[k, n]` has.
pub fn packed_len(k: usize, n: usize) -> usize {
    n.div_ceil(WIDTH) * WIDTH * k.next_multiple_of(2)
}

/// Packs w[k, n], dense, filled up with zeros.
///
/// # Panics
/// If a slice is too short for the extents.
pub fn pack([k, n]: [usize; 2], w: &[i16], to: &mut [i16]) {
    let to = &mut to[..packed_len(k, n)];
    to.fill(0);
    let len = WIDTH * k.next_multiple_of(2);
    for (first, panel) in (0..n).step_by(WIDTH).zip(to.chunks_exact_mut(len.max(1))) {
        let columns = WIDTH.min(n - first);
        for p in 0..k {
            let row = &w[p * n + first..][..columns];
            for (to, &w) in panel[p / 2 * 2 * WIDTH + p % 2..].iter_mut().step_by(2).zip(row) {
                *to = w;
            }
        }
    }
}

/// y[m, n] = x[m, k] · w[k, n], all dense, `w` from [`pack`].
///
/// # Panics
/// If a slice is too short for the extents.
pub fn product([m, k, n]: [usize; 3], x: &[i16], w: &[i16], y: &mut [i64]) {
    let y = &mut y[..m * n];
    if k == 0 {
        return y.fill(0);
    }
    assert!(x.len() >= m * k && w.len() >= packed_len(k, n), "operands are shorter than their extents");
    if m == 0 || n == 0 {
        return;
    }
    let rows = (PIECE / (k * n)).clamp(1, m).next_multiple_of(TALL);
    threads::deal_parts(y, rows * n, &|first, y| {
        let x = &x[first / n * k..];
        for (tile, y) in y.chunks_mut(TALL * n).enumerate() {
            let x = &x[tile * TALL * k..];
            macro_rules! of_height {
                ($($height:literal)*) => {
                    match y.len() / n {
                        $($height => rows_of::<$height>(k, n, x, w, y),)*
                        _ => {}
                    }
                };
            }
            of_height!(1 2 3 4 5 6 7 8 9 10 11 12);
        }
    });
}

/// M rows of the result.
fn rows_of<const M: usize>(k: usize, n: usize, x: &[i16], w: &[i16], y: &mut [i64]) {
    let (pairs, len) = (k.div_ceil(2), WIDTH * k.next_multiple_of(2));
    let x: [&[i16]; M] = std::array::from_fn(|i| &x[i * k..][..k]);
    for (first, panel) in (0..n).step_by(WIDTH).zip(w.chunks_exact(len)) {
        let columns = WIDTH.min(n - first);
        for start in (0..pairs).step_by(RUN) {
            let sums = run(&x, panel, start..(start + RUN).min(pairs));
            for (y, sums) in y.chunks_exact_mut(n).zip(&sums) {
                for (y, &sum) in y[first..first + columns].iter_mut().zip(sums) {
                    *y = if start == 0 { sum.into() } else { *y + i64::from(sum) };
                }
            }
        }
    }
}

/// The sums of some pairs of M rows with a panel.
fn run<const M: usize>(x: &[&[i16]; M], panel: &[i16], pairs: std::ops::Range<usize>) -> [[i32; WIDTH]; M] {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx512vnni") && std::arch::is_x86_feature_detected!("avx512f") {
        // SAFETY: the processor has both; panel and rows reach to the end of the range.
        return unsafe { vnni::run(x, panel, pairs) };
    }
    Arch::new().dispatch(
        #[inline(always)]
        || portable(x, panel, pairs),
    )
}

#[inline(always)]
fn portable<const M: usize>(x: &[&[i16]; M], panel: &[i16], pairs: std::ops::Range<usize>) -> [[i32; WIDTH]; M] {
    let mut sums = [[0; WIDTH]; M];
    for pair in pairs {
        let Some((w, _)) = panel[pair * 2 * WIDTH..].split_first_chunk::<{ 2 * WIDTH }>() else { break };
        for (x, sums) in x.iter().zip(&mut sums) {
            let (a, b) = (i32::from(x[2 * pair]), x.get(2 * pair + 1).map_or(0, |&b| i32::from(b)));
            for (j, sum) in sums.iter_mut().enumerate() {
                *sum += a * i32::from(w[2 * j]) + b * i32::from(w[2 * j + 1]);
            }
        }
    }
    sums
}

#[cfg(target_arch = "x86_64")]
mod vnni {
    use super::WIDTH;
    use std::arch::x86_64::{__m512i, _mm512_dpwssd_epi32, _mm512_set1_epi32, _mm512_setzero_si512};

    /// # Safety
    /// The processor has AVX512-VNNI; panel and rows reach to the end of the range, where the last pair of a row may lack its
    /// second element.
    #[target_feature(enable = "avx512f,avx512vnni")]
    pub(super) unsafe fn run<const M: usize>(
        x: &[&[i16]; M],
        panel: &[i16],
        pairs: std::ops::Range<usize>,
    ) -> [[i32; WIDTH]; M] {
        let mut tile = [[_mm512_setzero_si512(); 2]; M];
        let whole = pairs.start..pairs.end.min(x[0].len() / 2);
        let (rows, w) = (x.map(|row| row.as_ptr().cast::<i32>()), panel.as_ptr().cast::<__m512i>());
        macro_rules! step {
            ($pair:expr, |$i:ident| $x:expr) => {
                // SAFETY: the panel has two vectors for each pair of the range.
                let w = unsafe { [w.add(2 * $pair).read_unaligned(), w.add(2 * $pair + 1).read_unaligned()] };
                for ($i, sums) in tile.iter_mut().enumerate() {
                    let x = _mm512_set1_epi32($x);
                    sums[0] = _mm512_dpwssd_epi32(sums[0], x, w[0]);
                    sums[1] = _mm512_dpwssd_epi32(sums[1], x, w[1]);
                }
            };
        }
        for pair in whole.clone() {
            // SAFETY: both elements are the row's.
            step!(pair, |i| unsafe { rows[i].add(pair).read_unaligned() });
        }
        if whole.end < pairs.end {
            // The second element counts as 0.
            step!(whole.end, |i| x[i].last().map_or(0, |&x| i32::from(x as u16)));
        }
        // SAFETY: types of one size, of which any bits are values.
        unsafe { std::mem::transmute_copy(&tile) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(len: usize, seed: usize) -> Vec<i16> {
        (0..len).map(|i| (((i + seed) * 7919 % 10_007) % 512) as i16 - 256).collect()
    }

    #[test]
    fn products_of_any_extents_are_exact() {
        for [m, k, n] in [[1, 1, 1], [3, 5, 7], [13, 300, 33], [50, 64, 100], [2, 0, 3], [25, 2001, 65], [0, 3, 4]] {
            let (x, w) = (values(m * k, 1), values(k * n, 2));
            let (mut packed, mut y) = (vec![7; packed_len(k, n)], vec![7; m * n]);
            pack([k, n], &w, &mut packed);
            product([m, k, n], &x, &packed, &mut y);
            let of =
                |i: usize, j: usize| (0..k).map(|p| i64::from(x[i * k + p]) * i64::from(w[p * n + j])).sum::<i64>();
            assert_eq!(y, (0..m * n).map(|at| of(at / n, at % n)).collect::<Vec<_>>(), "{m}x{k}x{n}");
        }
    }

    #[test]
    fn both_forms_of_a_run_agree() {
        let (x, w) = (values(3 * 77, 3), values(77 * 32, 4));
        let mut packed = vec![0; packed_len(77, 32)];
        pack([77, 32], &w, &mut packed);
        let rows = [&x[..77], &x[77..154], &x[154..]];
        assert_eq!(run(&rows, &packed, 0..39), portable(&rows, &packed, 0..39));
    }

    #[test]
    fn the_largest_sums_are_exact() {
        let k = 100_001;
        for (a, b) in [(-MOST, -MOST), (-MOST, MOST)] {
            let (x, w) = (vec![a; k], vec![b; k]);
            let (mut packed, mut y) = (vec![0; packed_len(k, 1)], [0]);
            pack([k, 1], &w, &mut packed);
            product([1, k, 1], &x, &packed, &mut y);
            assert_eq!(y, [k as i64 * i64::from(a) * i64::from(b)]);
        }
    }
}
