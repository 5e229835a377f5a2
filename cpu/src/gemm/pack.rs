//! The second operand of a product in panels.

use super::element::{Element, Real};
use crate::threads;
use pulp::{Arch, Simd, WithSimd};
use std::marker::PhantomData;

/// Columns of a panel of f32: two vectors of this processor.
pub fn panel_width() -> usize {
    width::<f32>()
}

/// How many elements a packed f32 matrix `[k, n]` has on this processor.
pub fn packed_len(k: usize, n: usize) -> usize {
    packed_len_of::<f32>(k, n)
}

/// How many elements a packed matrix `[k, n]` has on this processor.
pub fn packed_len_of<W: Element>(k: usize, n: usize) -> usize {
    let panels = n.div_ceil(width::<W>());
    panels * (width::<W>() * k.next_multiple_of(W::GROUP) + notes::<W>())
}

/// Columns of a panel: two vectors of what is computed in.
pub(super) fn width<W: Element>() -> usize {
    struct Width<T>(PhantomData<T>);
    impl<T: Real> WithSimd for Width<T> {
        type Output = usize;

        fn with_simd<S: Simd>(self, _: S) -> usize {
            2 * T::lanes::<S>()
        }
    }
    Arch::new().dispatch(Width::<W::Sum>(PhantomData))
}

/// Elements behind each panel that tell something about it, of bf16 its least exponent: as many as keep the next panel
/// aligned.
pub(super) fn notes<W: Element>() -> usize {
    if W::GROUP > 1 { LINE_BYTES / size_of::<W>() } else { 0 }
}

/// Bytes of a line of the cache.
pub(super) const LINE_BYTES: usize = 64;

/// Packs w[k, n], whose rows and columns are `strides` elements apart: panels of as many columns as two vectors hold, the last
/// filled up with zeros, each with its rows one behind the other. Of bf16 two rows lie side by side, column by column, as the
/// processor's own products of them are of pairs; an odd number of rows is filled up too.
///
/// # Panics
/// If a slice is too short for the extents.
pub fn pack<W: Element>([k, n]: [usize; 2], w: &[W], strides: [usize; 2], to: &mut [W]) {
    let width = width::<W>();
    if k == 0 || n == 0 {
        return;
    }
    let len = width * k.next_multiple_of(W::GROUP) + notes::<W>();
    let to = &mut to[..packed_len_of::<W>(k, n)];
    let panels = if k * n < DEALT { to.len() } else { len };
    threads::deal_parts(to, panels, &|first, panels| {
        for (panel, first) in panels.chunks_exact_mut(len).zip((first / len * width..n).step_by(width)) {
            pack_panel(panel, width, [k, width.min(n - first)], &w[first * strides[1]..], strides);
        }
    });
}

/// Elements from which on panels are packed by several threads.
const DEALT: usize = 1 << 16;

/// Some columns of w[k, columns], and what is noted of them.
fn pack_panel<W: Element>(panel: &mut [W], width: usize, [k, columns]: [usize; 2], w: &[W], strides: [usize; 2]) {
    let (panel, note) = panel.split_at_mut(width * k.next_multiple_of(W::GROUP));
    if W::GROUP > 1 {
        pair(panel, width, k, columns, w, strides);
        note.fill(W::note(panel));
        return;
    }
    if columns == width && whole(panel, k, w, strides) {
        return;
    }
    if strides[1] == 1 {
        for (p, row) in panel.chunks_exact_mut(width).enumerate() {
            let from = p * strides[0];
            row[..columns].copy_from_slice(&w[from..from + columns]);
            row[columns..].fill(W::ZERO);
        }
    } else {
        transpose(panel, width, k, columns, w, strides);
    }
}

/// The inverse of [`pack`]: w[k, n], dense.
///
/// # Panics
/// If a slice is too short for the extents.
pub fn unpack<W: Element>([k, n]: [usize; 2], packed: &[W], w: &mut [W]) {
    let width = width::<W>();
    if k == 0 || n == 0 {
        return;
    }
    let len = width * k.next_multiple_of(W::GROUP) + notes::<W>();
    for (panel, first) in packed[..packed_len_of::<W>(k, n)].chunks_exact(len).zip((0..n).step_by(width)) {
        let columns = width.min(n - first);
        for p in 0..k {
            let to = &mut w[p * n + first..][..columns];
            let group = &panel[p / W::GROUP * width * W::GROUP + p % W::GROUP..];
            to.iter_mut().zip(group.iter().step_by(W::GROUP)).for_each(|(to, &w)| *to = w);
        }
    }
}

/// Elements of a column that are read in one go: a line of the cache.
const LINE: usize = 16;

/// A panel with all its columns, where rows or columns lie side by side: by arrays of known lengths, which take a fraction of
/// the time. Says whether it did so.
fn whole<W: Element>(panel: &mut [W], k: usize, w: &[W], [down, across]: [usize; 2]) -> bool {
    fn rows<W: Element, const WIDTH: usize>(panel: &mut [W], w: &[W], down: usize) {
        for (p, to) in panel.as_chunks_mut::<WIDTH>().0.iter_mut().enumerate() {
            if let Some(from) = w[p * down..].first_chunk() {
                *to = *from;
            }
        }
    }
    fn columns<W: Element, const WIDTH: usize>(panel: &mut [W], w: &[W], across: usize) {
        for (line, to) in panel.as_chunks_mut::<WIDTH>().0.as_chunks_mut::<LINE>().0.iter_mut().enumerate() {
            for column in 0..WIDTH {
                if let Some(from) = w[column * across + line * LINE..].first_chunk::<LINE>() {
                    for p in 0..LINE {
                        to[p][column] = from[p];
                    }
                }
            }
        }
    }
    let width = panel.len() / k;
    match (width, across, down) {
        (32, 1, _) => rows::<W, 32>(panel, w, down),
        (16, 1, _) => rows::<W, 16>(panel, w, down),
        (32, _, 1) if k.is_multiple_of(LINE) => columns::<W, 32>(panel, w, across),
        (16, _, 1) if k.is_multiple_of(LINE) => columns::<W, 16>(panel, w, across),
        _ => return false,
    }
    true
}

/// A panel of columns whose elements lie side by side, as of a transposed matrix.
fn transpose<W: Element>(panel: &mut [W], width: usize, k: usize, columns: usize, w: &[W], [down, across]: [usize; 2]) {
    for start in (0..k).step_by(LINE) {
        let rows = start..(start + LINE).min(k);
        for column in 0..columns {
            for p in rows.clone() {
                panel[p * width + column] = w[p * down + column * across];
            }
        }
        for p in rows {
            panel[p * width + columns..(p + 1) * width].fill(W::ZERO);
        }
    }
}

/// A panel of groups of rows.
fn pair<W: Element>(panel: &mut [W], width: usize, k: usize, columns: usize, w: &[W], [down, across]: [usize; 2]) {
    panel.fill(W::ZERO);
    for start in (0..k).step_by(LINE) {
        for column in 0..columns {
            for p in start..(start + LINE).min(k) {
                let place = (p / W::GROUP * width + column) * W::GROUP + p % W::GROUP;
                panel[place] = w[p * down + column * across];
            }
        }
    }
}
