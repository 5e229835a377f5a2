//! The threads that compute pieces of a product.
//!
//! There is one for each core that the process may use but the caller's, started when the first product is dealt out. They
//! sleep while there is nothing to do. The caller takes pieces like the others, so a product is done as soon as cores are
//! free to do it: a core that has other work costs no more than the piece that it is at.

use crate::process::signals::SignalsBlocked;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, Once, PoisonError};
use std::thread::{self, Thread};

/// How often a caller that has nothing left to take looks whether the others are done, before it sleeps.
const LOOKS: usize = 2000;

/// What a piece is computed with, by its index.
type Work<'a> = dyn Fn(usize) + Sync + 'a;

/// Pieces that are dealt out.
struct Job {
    /// Valid until `left` is 0; its caller waits for that.
    work: *const Work<'static>,
    pieces: usize,
    /// The next piece to take.
    next: AtomicUsize,
    /// Pieces that are not done.
    left: AtomicUsize,
    caller: Thread,
    /// Whether the caller sleeps.
    asleep: AtomicBool,
}

// SAFETY: `work` may be called by any thread, as it is `Sync`; who calls it has taken a piece that is not done, so `left`
// is not 0 and the caller still waits.
unsafe impl Send for Job {}
// SAFETY: as above.
unsafe impl Sync for Job {}

impl Job {
    /// Computes pieces until none is left to take.
    fn help(&self) {
        loop {
            let piece = self.next.fetch_add(1, Ordering::Relaxed);
            if piece >= self.pieces {
                return;
            }
            // SAFETY: the piece is not done, see above.
            unsafe { (*self.work)(piece) };
            // The caller may return at once, and another thread's sleep is all that is touched after.
            if self.left.fetch_sub(1, Ordering::SeqCst) == 1 && self.asleep.load(Ordering::SeqCst) {
                self.caller.unpark();
            }
        }
    }

    fn is_taken(&self) -> bool {
        self.next.load(Ordering::Relaxed) >= self.pieces
    }

    fn is_done(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }
}

static JOBS: Mutex<VecDeque<Arc<Job>>> = Mutex::new(VecDeque::new());
static ARRIVED: Condvar = Condvar::new();

/// Calls `work` for every index below `pieces`, on this thread and others, and returns when all calls have.
pub(super) fn deal(pieces: usize, work: &Work<'_>) {
    let helpers = helpers().min(pieces - 1);
    // SAFETY: a pointer to the same object; this call does not return before the last use.
    let work = unsafe { std::mem::transmute::<*const Work<'_>, *const Work<'static>>(work) };
    let job = Arc::new(Job {
        work,
        pieces,
        next: AtomicUsize::new(0),
        left: AtomicUsize::new(pieces),
        caller: thread::current(),
        asleep: AtomicBool::new(false),
    });
    if helpers > 0 {
        jobs().push_back(Arc::clone(&job));
        (0..helpers).for_each(|_| ARRIVED.notify_one());
    }
    job.help();
    if helpers > 0 {
        jobs().retain(|other| !Arc::ptr_eq(other, &job));
    }
    for _ in 0..LOOKS {
        if job.is_done() {
            return;
        }
        std::hint::spin_loop();
    }
    job.asleep.store(true, Ordering::SeqCst);
    while !job.is_done() {
        thread::park();
    }
}

fn jobs() -> std::sync::MutexGuard<'static, VecDeque<Arc<Job>>> {
    // Of the queue nothing can be half changed.
    JOBS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many threads there are, started when first asked for. What the system does not give is done without.
fn helpers() -> usize {
    static START: Once = Once::new();
    static STARTED: AtomicUsize = AtomicUsize::new(0);
    START.call_once(|| {
        let _blocked = SignalsBlocked::new();
        let cores = thread::available_parallelism().map_or(1, usize::from);
        for index in 1..cores {
            let thread = thread::Builder::new().name(format!("rlx-mlx-{index}")).stack_size(1 << 20);
            match thread.spawn(serve) {
                Ok(_) => STARTED.fetch_add(1, Ordering::Relaxed),
                Err(error) => {
                    log::warn!("products run on {index} of {cores} cores: no more threads: {error}");
                    return;
                }
            };
        }
    });
    STARTED.load(Ordering::Relaxed)
}

/// The life of a thread: it helps with the oldest job that has pieces left.
fn serve() {
    let mut queue = jobs();
    loop {
        let open = queue.iter().find(|job| !job.is_taken()).cloned();
        queue = match open {
            Some(job) => {
                drop(queue);
                job.help();
                jobs()
            }
            None => ARRIVED.wait(queue).unwrap_or_else(PoisonError::into_inner),
        };
    }
}
