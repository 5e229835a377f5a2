//! How many calls OpenBLAS has memory for.
//!
//! It takes a buffer for each call that is under way, keeps it for the next, and ends the process when it gets none. So the
//! number of calls at once grows only when there is address space for another buffer; else a call waits for one to end.

use std::ptr::null_mut;
use std::sync::{Condvar, Mutex, PoisonError};

/// Bytes of a buffer.
pub(super) const SIZE: usize = 32 << 20;

#[derive(Debug)]
struct Buffers {
    /// Calls that are under way.
    taken: usize,
    /// The most that there have been at once.
    made: usize,
}

static BUFFERS: Mutex<Buffers> = Mutex::new(Buffers { taken: 0, made: 0 });
static GIVEN_BACK: Condvar = Condvar::new();

/// Leave to make one call; it ends with this.
pub(super) struct Buffer(());

impl Buffer {
    /// Waits where there is no memory for one more.
    pub(super) fn take() -> Self {
        // Of the two numbers nothing can be half changed.
        let mut buffers = BUFFERS.lock().unwrap_or_else(PoisonError::into_inner);
        while buffers.taken > 0 && buffers.taken == buffers.made && !is_free(2 * SIZE) {
            buffers = GIVEN_BACK.wait(buffers).unwrap_or_else(PoisonError::into_inner);
        }
        buffers.taken += 1;
        buffers.made = buffers.made.max(buffers.taken);
        Self(())
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        BUFFERS.lock().unwrap_or_else(PoisonError::into_inner).taken -= 1;
        GIVEN_BACK.notify_one();
    }
}

/// Whether so much address space is left.
pub(super) fn is_free(bytes: usize) -> bool {
    // SAFETY: a new mapping at a place of the system's choice, which nothing uses and which is given back at once.
    unsafe {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        let place = libc::mmap(null_mut(), bytes, libc::PROT_NONE, flags, -1, 0);
        place != libc::MAP_FAILED && libc::munmap(place, bytes) == 0
    }
}
