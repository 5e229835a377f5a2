//! Threads that take none of the host's signals.

use std::marker::PhantomData;
use std::mem::MaybeUninit;

/// Signals that say what the thread itself did wrong. A host may handle them, in a kernel of its own too, and they never come
/// to another thread.
const FAULTS: [libc::c_int; 6] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP, libc::SIGSYS];

/// While it lives, this thread has all signals blocked but those of faults, and so has every thread that is started on it,
/// for good: a signal that the host waits for must not be delivered to a thread of MLX, where its default action would end
/// the process.
#[derive(Debug)]
pub struct SignalsBlocked {
    before: libc::sigset_t,
    /// The mask belongs to the thread.
    _thread: PhantomData<*const ()>,
}

impl SignalsBlocked {
    /// Blocks them.
    #[expect(clippy::new_without_default, reason = "it does something to the thread")]
    pub fn new() -> Self {
        let mut all = MaybeUninit::<libc::sigset_t>::uninit();
        let mut before = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: both are writable; the first is filled here, the second by the last call, which cannot fail for `SIG_SETMASK`
        // and valid pointers.
        let before = unsafe {
            libc::sigfillset(all.as_mut_ptr());
            for fault in FAULTS {
                libc::sigdelset(all.as_mut_ptr(), fault);
            }
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
            before.assume_init()
        };
        Self { before, _thread: PhantomData }
    }
}

impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        // SAFETY: a mask that was in force before; NULL asks for nothing back.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.before, std::ptr::null_mut()) };
    }
}
