//! Short rows, copied.

use pulp::Simd;

/// Copies a row to one of the same length. Rows are some vectors long, or less than one: a call of memcpy would take longer,
/// and so do parts of vectors where the processor has no masks.
#[inline(always)]
pub(crate) fn copy<S: Simd>(_: S, from: &[f32], to: &mut [f32]) {
    if from.len() < S::F32_LANES {
        return match from.len() {
            8.. => ends::<8>(from, to),
            4.. => ends::<4>(from, to),
            2.. => ends::<2>(from, to),
            _ => ends::<1>(from, to),
        };
    }
    let last = from.len() - S::F32_LANES;
    for (to, &from) in S::as_mut_simd_f32s(to).0.iter_mut().zip(S::as_simd_f32s(from).0) {
        *to = from;
    }
    for (to, &from) in S::as_mut_simd_f32s(&mut to[last..]).0.iter_mut().zip(S::as_simd_f32s(&from[last..]).0) {
        *to = from;
    }
}

/// Copies the elements of `from` whose indices are even, as many as `to` has.
#[inline(always)]
pub(crate) fn copy_even(from: &[f32], to: &mut [f32]) {
    const N: usize = 8;
    let (whole, rest) = to.as_chunks_mut::<N>();
    let done = whole.len() * N;
    for (to, from) in whole.iter_mut().zip(from.chunks(2 * N)) {
        match from.first_chunk::<{ 2 * N }>() {
            Some(from) => *to = std::array::from_fn(|i| from[2 * i]),
            None => to.iter_mut().zip(from.iter().step_by(2)).for_each(|(to, from)| *to = *from),
        }
    }
    for (to, from) in rest.iter_mut().zip(from[(2 * done).min(from.len())..].iter().step_by(2)) {
        *to = *from;
    }
}

/// Copies the first and the last N elements of a row of at most twice as many.
#[inline(always)]
fn ends<const N: usize>(from: &[f32], to: &mut [f32]) {
    if let (Some(to), Some(from)) = (to.first_chunk_mut::<N>(), from.first_chunk()) {
        *to = *from;
    }
    if let (Some(to), Some(from)) = (to.last_chunk_mut::<N>(), from.last_chunk()) {
        *to = *from;
    }
}
