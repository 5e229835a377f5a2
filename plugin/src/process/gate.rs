//! Who may call MLX, asked at every way in: not a kernel that MLX is running, not a process that was forked off one with
//! MLX's threads, and nobody any more once the process ends.
//!
//! MLX works with threads of its own. A forked child has none of them: to wait for one would be to wait for ever, and what
//! one of them had locked stays locked. And when a process ends, MLX's static objects are destroyed while other threads may
//! still be inside a run.

use super::running::refuse_reentry;
use rlx_host_api::{Error, ErrorKind};
use rlx_mlx_shim as ffi;
use std::ffi::{c_int, c_void};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

const OPEN: u8 = 0;
/// In a child that was forked off a process which had called [`watch_process`].
const FORKED: u8 = 1;
/// Since the process began to end.
const ENDING: u8 = 2;

static STATE: AtomicU8 = AtomicU8::new(OPEN);

/// How many calls have a [`Pass`].
static INSIDE: AtomicUsize = AtomicUsize::new(0);

/// Set once a run was started that nobody may have waited for.
static LEFT_RUNNING: AtomicBool = AtomicBool::new(false);

/// How many threads were left behind inside MLX, and may never come back.
static LEFT_BEHIND: AtomicUsize = AtomicUsize::new(0);

/// How long the end of a process waits for runs that are under way.
const PATIENCE: Duration = Duration::from_secs(10);

/// Permission to use MLX; while it lives, the end of the process waits.
#[must_use = "MLX may be used as long as it lives"]
#[derive(Debug)]
pub(crate) struct Pass(());

impl Drop for Pass {
    fn drop(&mut self) {
        INSIDE.fetch_sub(1, Ordering::Release);
    }
}

/// Lets a call in.
///
/// # Errors
/// From inside a kernel, and in a forked child. Once the process ends, it does not return.
pub(crate) fn pass() -> Result<Pass, Error> {
    refuse_reentry()?;
    // Counted before the state is read: either the end sees this call, or this call sees the end.
    INSIDE.fetch_add(1, Ordering::SeqCst);
    let pass = Pass(());
    match STATE.load(Ordering::SeqCst) {
        OPEN => Ok(pass),
        FORKED => Err(Error::new(
            ErrorKind::FailedPrecondition,
            "this process was forked off one that uses MLX, whose threads it does not have: start a new process (spawn, or \
             fork and exec), or fork before the backend is created",
        )),
        _ => {
            drop(pass);
            // The thread ends with the process, in a moment. Told an error, the host would go on with it.
            loop {
                std::thread::park();
            }
        }
    }
}

/// Whether MLX's objects are to be left alone, so not even freed.
pub(crate) fn is_closed() -> bool {
    STATE.load(Ordering::Relaxed) != OPEN
}

/// Notes that work stays behind when its call returns.
pub(crate) fn leave_running() {
    LEFT_RUNNING.store(true, Ordering::Relaxed);
}

/// Notes that a thread stays inside MLX which nobody waits for any more: the end of the process does not either.
pub(crate) fn leave_behind() {
    LEFT_BEHIND.fetch_add(1, Ordering::Relaxed);
    // Once more: what was made since, MLX's group among it, would be destroyed before, and wait for that thread. Where the system
    // keeps no more handlers there is the first.
    let _ = watch_end();
}

/// Notes that a thread which was left behind has come back.
pub(crate) fn come_back() {
    LEFT_BEHIND.fetch_sub(1, Ordering::Relaxed);
}

/// Has forks and the end of the process noticed, from now on. Called once MLX's static objects exist: what is registered
/// later is called earlier, so before their destructors.
///
/// # Errors
/// When the system keeps no more handlers.
pub(crate) fn watch_process() -> Result<(), Error> {
    static ONCE: Once = Once::new();
    let mut code = 0;
    ONCE.call_once(|| {
        // SAFETY: the handler is a function of the plugin, which is never unloaded.
        code = unsafe { libc::pthread_atfork(None, None, Some(note_fork)) } | watch_end();
    });
    match code {
        0 => Ok(()),
        _ => Err(Error::new(ErrorKind::OutOfMemory, "no memory for the handlers of fork and exit")),
    }
}

unsafe extern "C" fn note_fork() {
    STATE.store(FORKED, Ordering::SeqCst);
}

#[cfg(target_os = "linux")]
fn watch_end() -> c_int {
    unsafe extern "C" {
        fn on_exit(handler: extern "C" fn(c_int, *mut c_void), arg: *mut c_void) -> c_int;
    }
    extern "C" fn end(status: c_int, _: *mut c_void) {
        close(status);
    }
    // SAFETY: glibc's function of this signature; the handler is a function of the plugin, which is never unloaded.
    unsafe { on_exit(end, std::ptr::null_mut()) }
}

/// Without `on_exit` a handler does not learn the status that the process ends with.
#[cfg(not(target_os = "linux"))]
fn watch_end() -> c_int {
    extern "C" fn end() {
        close(libc::EXIT_FAILURE);
    }
    // SAFETY: the handler is a function of the plugin, which is never unloaded.
    unsafe { libc::atexit(end) }
}

/// The process ends: nobody is let in any more, and what is under way may finish. What takes too long, or waits for the
/// caller itself, is not waited for; the process then ends without the destructors that would take its memory away.
fn close(status: c_int) {
    if STATE.compare_exchange(OPEN, ENDING, Ordering::SeqCst, Ordering::SeqCst).is_err() {
        return;
    }
    if LEFT_BEHIND.load(Ordering::Relaxed) == 0 && refuse_reentry().is_ok() && calls_end() && work_ends() {
        return;
    }
    // SAFETY: NULL flushes all streams.
    unsafe { libc::fflush(std::ptr::null_mut()) };
    // SAFETY: ends the process at once.
    unsafe { libc::_exit(status) }
}

fn calls_end() -> bool {
    within_patience(|| INSIDE.load(Ordering::Acquire) == 0)
}

/// Waits for what runs without anybody waiting, on a thread that can be left behind.
fn work_ends() -> bool {
    static DONE: AtomicBool = AtomicBool::new(false);
    if !LEFT_RUNNING.load(Ordering::Relaxed) {
        return true;
    }
    let wait = || {
        // SAFETY: takes nothing. A failure is of no interest any more.
        unsafe { ffi::rlx_mlx_synchronize() };
        DONE.store(true, Ordering::Release);
    };
    std::thread::Builder::new().spawn(wait).is_ok() && within_patience(|| DONE.load(Ordering::Acquire))
}

fn within_patience(done: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while !done() {
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    true
}
