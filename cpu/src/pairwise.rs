//! Long sums in runs that are added pairwise, so that the error grows with the logarithm of the length.

use std::mem::MaybeUninit;
use std::ops::Range;

/// Steps that are added one after the other.
pub(crate) const RUN: usize = 256;

/// Levels of the pairwise sum over such runs: enough for any length.
const LEVELS: usize = 32;

/// The sum over `len` steps: `run` gives that of some of them, `add` that of two such.
///
/// Closures are `#[inline(always)]` where they hold vectors: a call would be one for any processor.
#[inline(always)]
pub(crate) fn pairwise<T: Copy>(len: usize, run: impl Fn(Range<usize>) -> T, add: impl Fn(&T, &T) -> T) -> T {
    let (mut sum, mut start) = (run(0..len.min(RUN)), RUN);
    if start >= len {
        return sum;
    }
    // The sums of 1, 2, 4, … runs that wait for one of the same number.
    let mut waiting = [const { MaybeUninit::<T>::uninit() }; LEVELS];
    waiting[0].write(sum);
    let mut runs = 1usize;
    while start < len {
        sum = run(start..(start + RUN).min(len));
        let mut level = 0;
        while runs & (1 << level) != 0 {
            // SAFETY: levels whose bit is set in the number of runs have been written.
            sum = add(unsafe { waiting[level].assume_init_ref() }, &sum);
            level += 1;
        }
        waiting[level].write(sum);
        runs += 1;
        start += RUN;
    }
    // What is left is added from the shortest on.
    let first = runs.trailing_zeros() as usize;
    // SAFETY: as above.
    sum = unsafe { waiting[first].assume_init() };
    for (level, other) in waiting.iter().enumerate().skip(first + 1) {
        if runs & (1 << level) != 0 {
            // SAFETY: as above.
            sum = add(unsafe { other.assume_init_ref() }, &sum);
        }
    }
    sum
}
