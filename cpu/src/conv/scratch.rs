//! Memory that a thread keeps for its work.

use std::cell::Cell;

/// What a buffer is for: those of one thread may be in use at once.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Use {
    Planes,
    Windows,
    Sums,
    Phases,
    Result,
}

/// How many there are.
const USES: usize = 5;

thread_local! {
    static BUFFERS: [Cell<Vec<f32>>; USES] = const { [const { Cell::new(Vec::new()) }; USES] };
}

/// Calls `f` with a buffer of at least `len` numbers, which are any.
pub(crate) fn with<R>(what: Use, len: usize, f: impl FnOnce(&mut [f32]) -> R) -> R {
    // Whoever asks again while it is in use, or when the thread's own data is gone, gets fresh memory.
    let mut buffer = BUFFERS.try_with(|all| all[what as usize].take()).unwrap_or_default();
    if buffer.len() < len {
        buffer.resize(len, 0.0);
    }
    let result = f(&mut buffer[..len]);
    let _ = BUFFERS.try_with(|all| all[what as usize].set(buffer));
    result
}
