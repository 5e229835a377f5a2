//! The threads that compute pieces of a kernel's work.
//!
//! There is one for each core that the process may use but the caller's, started when the first work is dealt out. The caller
//! takes pieces like the others, so work is done as soon as cores are free to do it: a core that has other work costs no more
//! than the piece that it is at. Between the kernels of a run, a few microseconds apart, the others look out for the next
//! one; after that they sleep.
//!
//! What pieces there are never depends on how many threads there are, so neither do results.

mod signals;

pub use signals::SignalsBlocked;

use std::cell::Cell;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Once, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// How often a caller that has nothing left to take looks whether the others are done, before it sleeps.
const LOOKS: usize = 2000;

/// How long a thread that has nothing to do looks out for work before it sleeps: longer than what lies between two kernels,
/// and far shorter than anybody notices.
const LOOKOUT: Duration = Duration::from_micros(60);

/// The environment variable with the largest number of threads that compute, the caller's included.
pub const NUM_THREADS: &str = "RLX_NUM_THREADS";

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
    /// How many more threads may help.
    helpers: AtomicUsize,
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

    /// Whether one more thread is to help; it counts as one then.
    fn takes_helper(&self) -> bool {
        let is_open = self.next.load(Ordering::Relaxed) < self.pieces;
        let one_less = |helpers: usize| helpers.checked_sub(1);
        is_open && self.helpers.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
    }

    fn is_done(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }
}

static JOBS: Mutex<VecDeque<Arc<Job>>> = Mutex::new(VecDeque::new());
static ARRIVED: Condvar = Condvar::new();
/// How many jobs have arrived, which threads that look out for one watch.
static ARRIVALS: AtomicUsize = AtomicUsize::new(0);
/// How many threads sleep.
static SLEEPING: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The most threads that this one's work is dealt to.
    static LIMIT: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Calls `f`, whose work is dealt to at most `threads` threads, the caller's included.
pub fn with_limit<R>(threads: usize, f: impl FnOnce() -> R) -> R {
    struct Restore(usize);
    impl Drop for Restore {
        fn drop(&mut self) {
            LIMIT.set(self.0);
        }
    }
    let _restore = Restore(LIMIT.replace(threads.max(1)));
    f()
}

/// Has the work of this thread dealt to at most `threads` threads from now on, itself included.
pub fn set_limit(threads: usize) {
    LIMIT.set(threads.max(1));
}

/// Calls `work` for every index below `pieces`, on this thread and others, and returns when all calls have. `work` must not
/// panic.
pub fn deal(pieces: usize, work: &Work<'_>) {
    let most = LIMIT.get().saturating_sub(1).min(pieces.saturating_sub(1));
    let helpers = if most == 0 { 0 } else { helpers().min(most) };
    if helpers == 0 {
        return (0..pieces).for_each(work);
    }
    // SAFETY: a pointer to the same object; this call does not return before the last use.
    let work = unsafe { std::mem::transmute::<*const Work<'_>, *const Work<'static>>(work) };
    let job = Arc::new(Job {
        work,
        pieces,
        next: AtomicUsize::new(0),
        left: AtomicUsize::new(pieces),
        helpers: AtomicUsize::new(helpers),
        caller: thread::current(),
        asleep: AtomicBool::new(false),
    });
    jobs().push_back(Arc::clone(&job));
    ARRIVALS.fetch_add(1, Ordering::SeqCst);
    // A thread that falls asleep has counted itself before it looked at the queue for the last time.
    for _ in 0..helpers.min(SLEEPING.load(Ordering::SeqCst)) {
        ARRIVED.notify_one();
    }
    job.help();
    jobs().retain(|other| !Arc::ptr_eq(other, &job));
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

/// Calls `work` for every part of `len` elements of y, the last of which may have fewer, with the place of its first element.
pub fn deal_parts<T: Send>(y: &mut [T], len: usize, work: &(dyn Fn(usize, &mut [T]) + Sync)) {
    struct Start<T>(*mut T);
    // SAFETY: threads reach parts that do not overlap.
    unsafe impl<T: Send> Sync for Start<T> {}
    let (all, len, start) = (y.len(), len.max(1), Start(y.as_mut_ptr()));
    let start = &start;
    deal(all.div_ceil(len), &|part| {
        let first = part * len;
        // SAFETY: elements of y, which is borrowed until all calls have returned; each part is one call's.
        work(first, unsafe { std::slice::from_raw_parts_mut(start.0.add(first), len.min(all - first)) });
    });
}

/// How many threads the caller's work is dealt to at most, its own included.
pub fn dealt_to() -> usize {
    LIMIT.get().min(count())
}

/// How many threads compute at most, the caller's included: as many as there are cores that the process may use, by its
/// affinity and its control group, and no more than `RLX_NUM_THREADS` says.
pub fn count() -> usize {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let known = COUNT.load(Ordering::Relaxed);
    if known > 0 {
        return known;
    }
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let wanted = std::env::var(NUM_THREADS).ok().and_then(|text| {
        let wanted = text.trim().parse().ok().filter(|&wanted: &usize| wanted > 0);
        if wanted.is_none() {
            log::warn!("{NUM_THREADS}={text} is no number of threads: kernels run on {cores}");
        }
        wanted
    });
    let count = wanted.map_or(cores, |wanted| wanted.min(MOST));
    COUNT.store(count, Ordering::Relaxed);
    count
}

/// The most threads that can be asked for.
const MOST: usize = 256;

fn jobs() -> MutexGuard<'static, VecDeque<Arc<Job>>> {
    // Of the queue nothing can be half changed.
    JOBS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How many threads there are, started when first asked for. What the system does not give is done without.
fn helpers() -> usize {
    static START: Once = Once::new();
    static STARTED: AtomicUsize = AtomicUsize::new(0);
    START.call_once(|| {
        let _blocked = SignalsBlocked::new();
        let count = count();
        for index in 1..count {
            let thread = thread::Builder::new().name(format!("rlx-mlx-{index}")).stack_size(1 << 20);
            match thread.spawn(serve) {
                Ok(_) => STARTED.fetch_add(1, Ordering::Relaxed),
                Err(error) => {
                    log::warn!("kernels run on {index} of {count} threads: no more can be started: {error}");
                    return;
                }
            };
        }
    });
    STARTED.load(Ordering::Relaxed)
}

/// The life of a thread: it helps with the oldest job that has pieces left.
fn serve() {
    loop {
        let seen = ARRIVALS.load(Ordering::SeqCst);
        // The queue is free again before the job is helped with.
        let job = open_job(&jobs());
        match job {
            Some(job) => job.help(),
            None if arrives(seen) => {}
            None => sleep(),
        }
    }
}

fn open_job(queue: &VecDeque<Arc<Job>>) -> Option<Arc<Job>> {
    queue.iter().find(|job| job.takes_helper()).cloned()
}

/// Whether a job arrives while this thread looks out for one.
fn arrives(seen: usize) -> bool {
    let start = Instant::now();
    while start.elapsed() < LOOKOUT {
        for _ in 0..32 {
            if ARRIVALS.load(Ordering::Relaxed) != seen {
                return true;
            }
            std::hint::spin_loop();
        }
    }
    false
}

/// Until there may be a job.
fn sleep() {
    let mut queue = jobs();
    SLEEPING.fetch_add(1, Ordering::SeqCst);
    while !queue
        .iter()
        .any(|job| job.helpers.load(Ordering::Relaxed) > 0 && job.next.load(Ordering::Relaxed) < job.pieces)
    {
        queue = ARRIVED.wait(queue).unwrap_or_else(PoisonError::into_inner);
    }
    SLEEPING.fetch_sub(1, Ordering::SeqCst);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_is_computed_once_by_no_more_threads_than_allowed() {
        for limit in [1, 2, 3, usize::MAX] {
            for pieces in [0, 1, 2, 7, 1000] {
                let counts: Vec<AtomicUsize> = (0..pieces).map(|_| AtomicUsize::new(0)).collect();
                let threads = Mutex::new(std::collections::HashSet::new());
                with_limit(limit, || {
                    deal(pieces, &|piece| {
                        counts[piece].fetch_add(1, Ordering::Relaxed);
                        threads.lock().unwrap().insert(thread::current().id());
                    });
                });
                assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1));
                assert!(threads.lock().unwrap().len() <= limit.min(pieces.max(1)));
            }
        }
    }

    #[test]
    fn the_limit_of_a_thread_holds_until_it_is_set_anew() {
        thread::spawn(|| {
            let most = |pieces| {
                let threads = Mutex::new(std::collections::HashSet::new());
                deal(pieces, &|_| {
                    threads.lock().unwrap().insert(thread::current().id());
                    thread::sleep(Duration::from_micros(20));
                });
                threads.into_inner().unwrap().len()
            };
            for limit in [1, 2, 3, 8] {
                set_limit(limit);
                assert!((0..20).all(|_| most(50) <= limit), "{limit}");
                // One for a part of the work does not last.
                assert_eq!(with_limit(1, || most(50)), 1);
                assert!(most(50) <= limit);
            }
            set_limit(0);
            assert_eq!(most(50), 1, "the caller always computes");
        })
        .join()
        .unwrap();
    }

    #[test]
    fn many_callers_at_once_all_finish() {
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for round in 0..500 {
                        let sum = AtomicUsize::new(0);
                        deal(round % 9 + 1, &|piece| {
                            // A kernel of a kernel.
                            deal(3, &|inner| {
                                sum.fetch_add(piece + inner, Ordering::Relaxed);
                            });
                        });
                        let pieces = round % 9 + 1;
                        assert_eq!(sum.into_inner(), 3 * pieces * (pieces - 1) / 2 + 3 * pieces);
                    }
                });
            }
        });
    }
}
