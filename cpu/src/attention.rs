//! Attention: softmax(scale q kᵀ + mask) v, some rows of q at a time, so that the scores of a whole head are never
//! there at once. Operands are f32 or halves; scores and sums are f32.

use crate::gemm::{self, Element, Rows, Step};
use crate::threads;
use crate::vector::{self, Function};
use half::{bf16, f16};
use pulp::{Arch, Simd, WithSimd};
use std::cell::RefCell;

/// Where the heads of an operand lie: element `[batch, head, position, i]`, i being dense.
#[derive(Debug, Clone, Copy)]
pub struct Heads<'a, T = f32> {
    /// The elements.
    pub data: &'a [T],
    /// Elements from one batch, head and position to the next.
    pub strides: [usize; 3],
}

/// The extents of an attention.
#[derive(Debug, Clone, Copy)]
pub struct Extents {
    /// Of the batch.
    pub batch: usize,
    /// Heads of q.
    pub heads: usize,
    /// Heads of k and v, of which `heads` is a multiple.
    pub kv_heads: usize,
    /// Positions of q.
    pub queries: usize,
    /// Positions of k and v.
    pub keys: usize,
    /// Elements of a head of q and k.
    pub width: usize,
    /// Elements of a head of v.
    pub v_width: usize,
}

/// Which keys a query attends to, besides a mask array. Queries stand at the end of the keys, or begin with them where there
/// are more queries than keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// All.
    All,
    /// Those up to its own position.
    Causal,
    /// Of those, no more than so many before it.
    Window(usize),
}

/// An array over the scores: element `[batch, head, query, key]`, strides of 0 broadcast.
#[derive(Debug, Clone, Copy)]
pub struct Scores<'a> {
    /// The elements.
    pub data: &'a [f32],
    /// Elements from one batch, head, query and key to the next.
    pub strides: [usize; 4],
}

impl<'a> Scores<'a> {
    /// A row's elements from that of key `first` on, and how many lie between two.
    fn row(&self, batch: usize, head: usize, query: usize, first: usize) -> (&'a [f32], usize) {
        let [b, h, q, k] = self.strides;
        (&self.data[batch * b + head * h + query * q + first * k..], k)
    }
}

/// What is done with scores.
#[derive(Debug, Clone, Copy)]
pub enum Mask<'a> {
    /// Nothing.
    None,
    /// Those where it is below 0.5, or NaN, count for nothing.
    Keep(Scores<'a>),
    /// It is added.
    Add(Scores<'a>),
}

/// What an attention does.
#[derive(Debug, Clone, Copy)]
pub struct Attention<'a> {
    /// The extents.
    pub extents: Extents,
    /// What the products are multiplied by.
    pub scale: f32,
    /// Scores become cap tanh(score / cap) before they are masked.
    pub cap: Option<f32>,
    /// Which keys are attended to.
    pub reach: Reach,
    /// What else is done to scores.
    pub mask: Mask<'a>,
    /// The score of a key that is not attended to: -∞, or a finite one, with which a row that attends to none is a mean.
    pub hidden: f32,
}

/// Queries of a piece.
const ROWS: usize = 128;

/// Queries whose scores are there at once: few enough for the first-level cache where there are some hundred keys, and tiles of
/// full height.
const BLOCK: usize = 48;

/// What one thread works in.
#[derive(Debug, Default)]
pub struct Scratch<T> {
    keys: Vec<T>,
    values: Vec<T>,
    scores: Vec<f32>,
}

/// An element of q, k and v.
pub trait Operand: Element<Sum = f32> + Default {
    /// Calls `f` with what this thread works in.
    fn with_scratch(f: impl FnOnce(&mut Scratch<Self>));
}

macro_rules! operand {
    ($($type:ty)*) => {
        $(impl Operand for $type {
            fn with_scratch(f: impl FnOnce(&mut Scratch<Self>)) {
                thread_local! {
                    static SCRATCH: RefCell<Scratch<$type>> = RefCell::default();
                }
                // A thread whose own data is gone works in fresh memory.
                let mut scratch = SCRATCH.try_with(RefCell::take).unwrap_or_default();
                f(&mut scratch);
                let _ = SCRATCH.try_with(|place| place.replace(scratch));
            }
        })*
    };
}

operand!(f32 bf16 f16);

/// `y[batch, head, query, i]`, whose batches, heads and queries are `strides` elements apart.
///
/// # Panics
/// If an operand is too short for the extents.
pub fn attention<T: Operand>(
    a: &Attention<'_>,
    q: Heads<'_, T>,
    k: Heads<'_, T>,
    v: Heads<'_, T>,
    strides: [usize; 3],
    y: &mut [T],
) {
    let e = a.extents;
    if e.batch == 0 || e.heads == 0 || e.queries == 0 || e.v_width == 0 {
        return;
    }
    let last = (e.batch - 1) * strides[0] + (e.heads - 1) * strides[1] + (e.queries - 1) * strides[2] + e.v_width;
    assert!(y.len() >= last, "the result is shorter than its extents");
    let blocks = e.queries.div_ceil(ROWS);
    let y = Shared(y.as_mut_ptr());
    let y = &y;
    threads::deal(e.batch * e.heads * blocks, &|piece| {
        let (head, block) = (piece / blocks, piece % blocks);
        let (batch, head) = (head / e.heads, head % e.heads);
        let queries = block * ROWS..((block + 1) * ROWS).min(e.queries);
        T::with_scratch(|scratch| rows(a, [q, k, v], batch, head, queries, strides, y, scratch));
    });
}

/// A result that pieces fill, each its own part.
struct Shared<T>(*mut T);

// SAFETY: pieces write to parts that do not overlap.
unsafe impl<T: Send> Sync for Shared<T> {}

/// Some rows of a head.
#[expect(clippy::too_many_arguments, reason = "a piece of work: what, of which part, where to, in which memory")]
fn rows<T: Operand>(
    a: &Attention<'_>,
    [q, k, v]: [Heads<'_, T>; 3],
    batch: usize,
    head: usize,
    queries: std::ops::Range<usize>,
    strides: [usize; 3],
    y: &Shared<T>,
    scratch: &mut Scratch<T>,
) {
    let e = a.extents;
    let kv_head = head / (e.heads / e.kv_heads.max(1)).max(1);
    let at = |heads: Heads<'_, T>, head: usize, position: usize| {
        batch * heads.strides[0] + head * heads.strides[1] + position * heads.strides[2]
    };
    // Keys that no row of these sees are left out. With a mask a row may see none, and then counts all.
    let (first, end) = if matches!(a.mask, Mask::None) { seen(a.reach, &e, &queries) } else { (0, e.keys) };
    let (keys, count) = (end - first, queries.len());
    let Scratch { keys: k_packed, values: v_packed, scores } = scratch;
    k_packed.resize(gemm::packed_len_of::<T>(e.width, keys), T::ZERO);
    v_packed.resize(gemm::packed_len_of::<T>(keys, e.v_width), T::ZERO);
    scores.resize(count.min(BLOCK) * keys, 0.0);
    if keys > 0 {
        let (from_k, from_v) = (&k.data[at(k, kv_head, first)..], &v.data[at(v, kv_head, first)..]);
        gemm::pack([e.width, keys], from_k, [1, k.strides[2]], k_packed);
        gemm::pack([keys, e.v_width], from_v, [v.strides[2], 1], v_packed);
    }
    let mut start = queries.start;
    while start < queries.end {
        let queries = start..(start + BLOCK).min(queries.end);
        start = queries.end;
        let count = queries.len();
        let scores = &mut scores[..count * keys];
        if keys > 0 {
            let x = Rows { data: &q.data[at(q, head, queries.start)..], stride: q.strides[2] };
            let scale = [Step::Scale(a.scale)];
            threads::with_limit(1, || gemm::product([count, e.width, keys], x, k_packed, &scale, &mut *scores));
            Arch::new().dispatch(Weights { a, scores: &mut *scores, keys, place: [batch, head, queries.start], first });
        }
        let weights = Rows { data: &*scores, stride: keys };
        let place = batch * strides[0] + head * strides[1] + queries.start * strides[2];
        // SAFETY: rows of the result, which the caller has found to lie in it, and which no other piece writes or reads.
        threads::with_limit(1, || unsafe {
            // Over no keys it is 0: a softmax of nothing has no weights.
            gemm::product_to([count, keys, e.v_width], weights, v_packed, &[], y.0.wrapping_add(place), strides[2]);
        });
    }
}

/// From scores to weights: some rows of one head.
struct Weights<'a> {
    a: &'a Attention<'a>,
    scores: &'a mut [f32],
    keys: usize,
    /// The batch, the head and the first query.
    place: [usize; 3],
    /// The key of a row's first score.
    first: usize,
}

impl WithSimd for Weights<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, s: S) {
        let Self { a, scores, keys, place: [batch, head, first_query], first } = self;
        if let Some(cap) = a.cap {
            scores.iter_mut().for_each(
                #[inline(always)]
                |score| *score /= cap,
            );
            vector::map_in_place(s, Function::Tanh, scores);
            scores.iter_mut().for_each(
                #[inline(always)]
                |score| *score *= cap,
            );
        }
        for (row, query) in scores.chunks_exact_mut(keys).zip(first_query..) {
            hide(a, row, batch, head, query, first);
            vector::softmax_in_place(s, row);
        }
    }
}

/// The first key that some of the queries see, and the end of those.
fn seen(reach: Reach, e: &Extents, queries: &std::ops::Range<usize>) -> (usize, usize) {
    let own = |query: usize| query + e.keys.saturating_sub(e.queries);
    let end = (own(queries.end - 1) + 1).min(e.keys);
    match reach {
        Reach::All => (0, e.keys),
        Reach::Causal => (0, end),
        // Behind all keys, a query whose window has none counts all.
        Reach::Window(window) if own(queries.end - 1) >= e.keys.saturating_add(window) => (0, e.keys),
        Reach::Window(window) => (own(queries.start).saturating_sub(window).min(end), end),
    }
}

/// Masks a row of scores, the first of which is that of key `first`.
#[inline(always)]
fn hide(a: &Attention<'_>, row: &mut [f32], batch: usize, head: usize, query: usize, first: usize) {
    let e = &a.extents;
    match &a.mask {
        Mask::None => {}
        Mask::Keep(mask) => {
            let hidden = a.hidden;
            change(
                row,
                mask.row(batch, head, query, first),
                #[inline(always)]
                |score, value| if value >= 0.5 { score } else { hidden },
            );
        }
        Mask::Add(bias) => change(
            row,
            bias.row(batch, head, query, first),
            #[inline(always)]
            |score, value| score + value,
        ),
    }
    if a.reach != Reach::All {
        let own = query + e.keys.saturating_sub(e.queries);
        let seen = |key: usize| key.saturating_sub(first).min(row.len());
        let end = seen(own + 1);
        let start = match a.reach {
            Reach::Window(window) => seen(own.saturating_sub(window)).min(end),
            Reach::All | Reach::Causal => 0,
        };
        row[..start].fill(a.hidden);
        row[end..].fill(a.hidden);
    }
}

/// Each score with the value at its place, of which each is `stride` elements behind the one before.
#[inline(always)]
fn change(row: &mut [f32], (values, stride): (&[f32], usize), of: impl Fn(f32, f32) -> f32) {
    if stride == 1 {
        for (score, &value) in row.iter_mut().zip(values) {
            *score = of(*score, value);
        }
    } else {
        for (key, score) in row.iter_mut().enumerate() {
            *score = of(*score, values[key * stride]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(len: usize, seed: u32) -> Vec<f32> {
        (0..len as u32).map(|i| ((i + seed).wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 23) as f32 - 1.0).collect()
    }

    /// The definition, in f64.
    fn expected(a: &Attention<'_>, q: &[f32], k: &[f32], v: &[f32]) -> Vec<f64> {
        let e = a.extents;
        let mut y = Vec::new();
        for b in 0..e.batch {
            for h in 0..e.heads {
                let kv = b * e.kv_heads + h / (e.heads / e.kv_heads);
                for i in 0..e.queries {
                    let q = &q[((b * e.heads + h) * e.queries + i) * e.width..][..e.width];
                    let score = |j: usize| {
                        let k = &k[(kv * e.keys + j) * e.width..][..e.width];
                        let dot: f64 = q.iter().zip(k).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum();
                        let score = dot * f64::from(a.scale);
                        let score = a.cap.map_or(score, |cap| f64::from(cap) * (score / f64::from(cap)).tanh());
                        let own = (i + e.keys.saturating_sub(e.queries)) as isize;
                        let hidden = match a.reach {
                            Reach::All => false,
                            Reach::Causal => j as isize > own,
                            Reach::Window(w) => j as isize > own || (j as isize) < own - w as isize,
                        };
                        match a.mask {
                            _ if hidden => a.hidden.into(),
                            Mask::None => score,
                            Mask::Keep(m) if m.data[b * m.strides[0] + j * m.strides[3]] >= 0.5 => score,
                            Mask::Keep(_) => a.hidden.into(),
                            Mask::Add(m) => score + f64::from(m.data[i * m.strides[2] + j * m.strides[3]]),
                        }
                    };
                    let scores: Vec<f64> = (0..e.keys).map(score).collect();
                    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    let total: f64 = scores.iter().map(|s| (s - largest).exp()).sum();
                    for c in 0..e.v_width {
                        let terms = scores.iter().enumerate().map(|(j, s)| {
                            (s - largest).exp() / total * f64::from(v[(kv * e.keys + j) * e.v_width + c])
                        });
                        y.push(terms.sum());
                    }
                }
            }
        }
        y
    }

    #[test]
    fn every_reach_and_mask_is_right() {
        every_mask(Extents { batch: 2, heads: 4, kv_heads: 2, queries: 150, keys: 170, width: 20, v_width: 9 });
        every_mask(Extents { batch: 1, heads: 1, kv_heads: 1, queries: 150, keys: 40, width: 8, v_width: 33 });
    }

    #[test]
    fn halves_are_rounded_at_the_end_alone() {
        fn check<T: Operand + Into<f64>>(of: impl Fn(f32) -> T, epsilon: f64) {
            let e = Extents { batch: 2, heads: 2, kv_heads: 1, queries: 33, keys: 50, width: 21, v_width: 18 };
            let a = Attention {
                extents: e,
                scale: 0.3,
                cap: None,
                reach: Reach::Causal,
                mask: Mask::None,
                hidden: -65504.0,
            };
            let stored = |len: usize, seed: u32| values(len, seed).into_iter().map(&of).collect::<Vec<T>>();
            let heads =
                |heads: usize, positions: usize, width: usize| [heads * positions * width, positions * width, width];
            let q = stored(e.batch * e.heads * e.queries * e.width, 1);
            let k = stored(e.batch * e.kv_heads * e.keys * e.width, 2);
            let v = stored(e.batch * e.kv_heads * e.keys * e.v_width, 3);
            let mut y = vec![of(f32::NAN); e.batch * e.heads * e.queries * e.v_width];
            attention(
                &a,
                Heads { data: &q, strides: heads(e.heads, e.queries, e.width) },
                Heads { data: &k, strides: heads(e.kv_heads, e.keys, e.width) },
                Heads { data: &v, strides: heads(e.kv_heads, e.keys, e.v_width) },
                heads(e.heads, e.queries, e.v_width),
                &mut y,
            );
            let wide = |x: &[T]| x.iter().map(|&x| x.into() as f32).collect::<Vec<f32>>();
            for (&found, want) in y.iter().zip(expected(&a, &wide(&q), &wide(&k), &wide(&v))) {
                let found: f64 = found.into();
                assert!((found - want).abs() <= epsilon * want.abs() + 2e-6, "{found}, not {want}");
            }
        }
        check(bf16::from_f32, 0.003_906_25);
        check(f16::from_f32, 0.000_488_281_25);
    }

    fn every_mask(extents: Extents) {
        let e = extents;
        let q = values(e.batch * e.heads * e.queries * e.width, 1);
        let k = values(e.batch * e.kv_heads * e.keys * e.width, 2);
        let v = values(e.batch * e.kv_heads * e.keys * e.v_width, 3);
        let (keep, bias) = (values(e.batch * e.keys, 4), values(e.queries * e.keys, 5));
        let masks = [
            Mask::None,
            Mask::Keep(Scores { data: &keep, strides: [e.keys, 0, 0, 1] }),
            Mask::Add(Scores { data: &bias, strides: [0, 0, e.keys, 1] }),
        ];
        for reach in [Reach::All, Reach::Causal, Reach::Window(0), Reach::Window(40), Reach::Window(1000)] {
            for mask in masks {
                for cap in [None, Some(0.7)] {
                    let a = Attention { extents, scale: 0.3, cap, reach, mask, hidden: -65504.0 };
                    let heads = |data, heads: usize, positions: usize, width: usize| Heads {
                        data,
                        strides: [heads * positions * width, positions * width, width],
                    };
                    let mut y = vec![f32::NAN; e.batch * e.heads * e.queries * e.v_width];
                    attention(
                        &a,
                        heads(&q, e.heads, e.queries, e.width),
                        heads(&k, e.kv_heads, e.keys, e.width),
                        heads(&v, e.kv_heads, e.keys, e.v_width),
                        [e.heads * e.queries * e.v_width, e.queries * e.v_width, e.v_width],
                        &mut y,
                    );
                    for (at, (&found, want)) in y.iter().zip(expected(&a, &q, &k, &v)).enumerate() {
                        assert!(
                            (f64::from(found) - want).abs() < 2e-6,
                            "{reach:?}, {cap:?}, {at}: {found}, not {want}"
                        );
                    }
                }
            }
        }
    }
}
