//! Where MLX work runs.
//!
//! MLX's default streams belong to threads, but executables move between threads. So work runs on streams made for any
//! thread, one caller at a time: a [`Lane`] is such a stream with its lock. MLX never frees a stream and gives each
//! CPU stream a thread, hence at most one lane for each core, made as executables come, that they share. Those with
//! kernels that run in the host have lanes to themselves, which others get after them, so that nobody waits for a kernel of
//! another executable.

use super::device::Device;
use super::errors::{check, check_eval};
use crate::process::gate;
use rlx_host_api::{DeviceKind, Error, ErrorKind};
use rlx_mlx_cpu::threads::{self, SignalsBlocked};
use rlx_mlx_shim as ffi;
use std::ffi::{c_int, c_void};
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A stream that any thread may use, with the lock that makes it one at a time.
#[derive(Debug)]
pub(crate) struct Lane {
    stream: Stream,
    device: Device,
    /// Whose work is under way although nobody waits for it.
    turn: Mutex<Option<Arc<Started>>>,
    /// The most threads that what computes on the stream's thread is dealt to, which changes in a turn alone.
    limit: AtomicUsize,
    /// Whether it is left to a communication that does not end.
    is_lost: AtomicBool,
}

/// Whether a lane was lost in this process.
static ANY_LOST: AtomicBool = AtomicBool::new(false);

/// Whether a GPU of this process is inside a communication that was given up.
static GPU_LOST: AtomicBool = AtomicBool::new(false);

/// Gives the GPUs up: one waits for a communication that does not end, and the driver loads no kernel meanwhile.
pub(crate) fn lose_gpus() {
    GPU_LOST.store(true, Ordering::SeqCst);
}

/// With more batches of work under way MLX waits for one to end before it begins another; those of a lost lane do not end.
const MOST_TASKS: c_int = 10;

/// How long other work may take to make room.
const ROOM: Duration = Duration::from_secs(1);

/// The runs that an executable has started without waiting, and the first failure among them.
#[derive(Debug, Default)]
pub(crate) struct Started(Mutex<Option<Error>>);

impl Started {
    fn fail(&self, error: Error) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    fn take_failure(&self) -> Option<Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

#[derive(Debug)]
struct Stream(NonNull<ffi::rlx_mlx_stream_t>);

// SAFETY: made by `rlx_mlx_stream_new`, whose streams any thread may use; `Lane::turn` makes it one at a time.
unsafe impl Send for Stream {}
// SAFETY: as above.
unsafe impl Sync for Stream {}

impl Drop for Stream {
    fn drop(&mut self) {
        if gate::is_closed() {
            return;
        }
        // SAFETY: an owned handle, freed once.
        unsafe { ffi::rlx_mlx_stream_free(self.0.as_ptr()) }
    }
}

/// While it lives, this thread's MLX work goes to a lane's stream.
struct Placed(PhantomData<*const ()>);

impl Placed {
    fn on(stream: &Stream) -> Result<Self, Error> {
        // SAFETY: live handle.
        check(unsafe { ffi::rlx_mlx_stream_enter(stream.0.as_ptr()) })?;
        Ok(Self(PhantomData))
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        // SAFETY: NULL leaves the stream.
        unsafe { ffi::rlx_mlx_stream_enter(std::ptr::null_mut()) };
    }
}

/// A thread on a lane, to build graphs.
pub(crate) struct Building {
    _placed: Placed,
}

/// A thread that has a lane to itself, to evaluate.
pub(crate) struct Turn<'a> {
    lane: &'a Lane,
    started: MutexGuard<'a, Option<Arc<Started>>>,
    _placed: Placed,
}

impl Lane {
    /// MLX starts a thread here, and is seen to have one: it would fail to start it in the middle of an evaluation.
    fn new(device: Device) -> Result<Self, Error> {
        let _blocked = SignalsBlocked::new();
        let mut out = std::ptr::null_mut();
        // SAFETY: `out` is writable.
        check(unsafe { ffi::rlx_mlx_stream_new(device.code(), &mut out) })?;
        let stream = NonNull::new(out).ok_or_else(|| Error::fault("the shim gave no stream and no error"))?;
        let stream = Stream(stream);
        // SAFETY: live handle, used by this thread alone.
        check_eval(unsafe { ffi::rlx_mlx_stream_synchronize(stream.0.as_ptr()) })
            .map_err(|e| e.context("MLX cannot start a stream (are threads and memory left?)"))?;
        gate::watch_process()?;
        let (limit, is_lost) = (AtomicUsize::new(usize::MAX), AtomicBool::new(false));
        Ok(Self { stream, device, turn: Mutex::new(None), limit, is_lost })
    }

    /// Where its work runs.
    pub(crate) fn device(&self) -> Device {
        self.device
    }

    /// Enters without a turn, to build graphs: that uses the stream's name alone, so a compilation does not hold up the
    /// runs of executables.
    ///
    /// # Errors
    /// Where MLX would not come back: on a GPU that was given up.
    pub(crate) fn enter_to_build(&self) -> Result<Building, Error> {
        self.check_gpu()?;
        Ok(Building { _placed: Placed::on(&self.stream)? })
    }

    /// Gives the lane up: MLX is inside a communication on it that nobody waits for any more.
    pub(crate) fn lose(&self) {
        self.is_lost.store(true, Ordering::SeqCst);
        ANY_LOST.store(true, Ordering::SeqCst);
    }

    fn is_lost(&self) -> bool {
        self.is_lost.load(Ordering::SeqCst)
    }

    fn check_gpu(&self) -> Result<(), Error> {
        if self.device == Device::of(DeviceKind::Gpu) && GPU_LOST.load(Ordering::SeqCst) {
            let message = "the GPU is inside a communication that was given up and does not end, and takes on nothing else: \
                           start the process again, or compile for the processor";
            return Err(Error::new(ErrorKind::FailedPrecondition, message));
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Error> {
        self.check_gpu()?;
        if self.is_lost() {
            let message =
                "the executable is inside a communication that was given up and does not end: compile it again";
            return Err(Error::new(ErrorKind::FailedPrecondition, message));
        }
        if ANY_LOST.load(Ordering::SeqCst) { check_room() } else { Ok(()) }
    }

    /// Waits until no other thread uses the lane, and enters, to evaluate for the executable that `own` belongs to. What
    /// another has under way there is waited for first: its failure would be taken for one of this executable's.
    ///
    /// # Errors
    /// Where MLX would not come back: on a lost lane, on a GPU that was given up, and on any other lane once what is lost
    /// takes all the room.
    pub(crate) fn enter(&self, own: &Arc<Started>) -> Result<Turn<'_>, Error> {
        self.check()?;
        // Of the lock's content nothing can be half changed, so a poisoned one is as good as new.
        let started = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut turn = Turn { lane: self, started, _placed: Placed::on(&self.stream)? };
        if turn.started.as_ref().is_some_and(|other| !Arc::ptr_eq(other, own)) {
            turn.finish();
        }
        Ok(turn)
    }

    /// Waits for the work of one executable, and gives its failure.
    pub(crate) fn wait(&self, own: &Arc<Started>) -> Result<(), Error> {
        self.enter(own)?.finish();
        own.take_failure().map_or(Ok(()), Err)
    }
}

impl Turn<'_> {
    /// Notes that work is under way which nobody waits for.
    pub(crate) fn leave_running(&mut self, own: &Arc<Started>) {
        gate::leave_running();
        if self.started.is_none() {
            *self.started = Some(Arc::clone(own));
        }
    }

    /// Has what comes next on the stream's thread dealt to so many threads at most; to all where it is `None`.
    pub(crate) fn limit_threads(&mut self, threads: Option<NonZeroUsize>) -> Result<(), Error> {
        let limit = threads.map_or(usize::MAX, NonZeroUsize::get);
        if self.lane.limit.load(Ordering::Relaxed) == limit {
            return Ok(());
        }
        let ud = std::ptr::without_provenance_mut::<c_void>(limit);
        // SAFETY: live handle; the task takes a number for an address.
        check(unsafe { ffi::rlx_mlx_stream_call(self.lane.stream.0.as_ptr(), Some(limit_thread), ud) })?;
        self.lane.limit.store(limit, Ordering::Relaxed);
        Ok(())
    }

    /// Waits for what is under way, and leaves its failure with its owner.
    fn finish(&mut self) {
        if let Some(started) = self.started.take()
            && let Err(error) = self.synchronize()
        {
            started.fail(error);
        }
    }

    /// Waits for what a failed evaluation left behind, and drops the errors of it: MLX keeps them with the stream, where
    /// they would be taken for those of the next executable.
    pub(crate) fn settle(&mut self) {
        *self.started = None;
        // The failure has been told already.
        let _ = self.synchronize();
    }

    /// Waits for everything on the stream.
    pub(crate) fn synchronize(&mut self) -> Result<(), Error> {
        if self.lane.is_lost() {
            return self.lane.check();
        }
        self.lane.check_gpu()?;
        // SAFETY: live handle, used by this thread alone.
        check_eval(unsafe { ffi::rlx_mlx_stream_synchronize(self.lane.stream.0.as_ptr()) })
    }
}

/// Once a lane is lost: whether MLX still begins other work, or would wait for what does not end.
fn check_room() -> Result<(), Error> {
    let start = Instant::now();
    loop {
        let mut tasks = 0;
        // SAFETY: `tasks` is writable.
        check(unsafe { ffi::rlx_mlx_active_tasks(&mut tasks) })?;
        if tasks <= MOST_TASKS {
            return Ok(());
        }
        if start.elapsed() > ROOM {
            let message = format!(
                "MLX has {tasks} batches of work under way, behind a communication that was given up, and begins no other: \
                 start the process again"
            );
            return Err(Error::new(ErrorKind::FailedPrecondition, message));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// On the stream's thread.
unsafe extern "C" fn limit_thread(limit: *mut c_void) {
    threads::set_limit(limit.addr());
}

/// The lanes of one device.
#[derive(Debug)]
pub(crate) struct Lanes {
    device: Device,
    /// Those that executables share.
    shared: Mutex<Vec<Arc<Lane>>>,
    /// Those that executables have to themselves.
    own: Mutex<Vec<Arc<Lane>>>,
    next: AtomicUsize,
}

/// The most lanes that executables have to themselves; beyond it they share.
const MAX_OWN: usize = 64;

impl Lanes {
    /// The process's lanes of `device`, of which the first is made here.
    pub(crate) fn of(device: Device) -> Result<Arc<Self>, Error> {
        static MADE: Mutex<Vec<(Device, Arc<Lanes>)>> = Mutex::new(Vec::new());
        // A panic cannot leave the list half changed.
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, lanes)) = made.iter().find(|(d, _)| *d == device) {
            return Ok(Arc::clone(lanes));
        }
        let first = Arc::new(Lane::new(device)?);
        let shared = Mutex::new(vec![first]);
        let lanes = Arc::new(Self { device, shared, own: Mutex::default(), next: AtomicUsize::new(0) });
        made.push((device, Arc::clone(&lanes)));
        Ok(lanes)
    }

    /// A lane for a new executable, in turn.
    pub(crate) fn pick(&self) -> Result<Arc<Lane>, Error> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        // Of the list nothing can be half changed.
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = self.turn() % cores;
        if let Some(lane) = shared.get(turn) {
            return Ok(Arc::clone(lane));
        }
        let lane = Arc::new(Lane::new(self.device)?);
        shared.push(Arc::clone(&lane));
        Ok(lane)
    }

    /// A lane for an executable that may take its time on it, in code of the host's: one that no other has, while there
    /// are any.
    pub(crate) fn pick_own(&self) -> Result<Arc<Lane>, Error> {
        // As above.
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(free) = own.iter().find(|lane| Arc::strong_count(lane) == 1 && !lane.is_lost()) {
            return Ok(Arc::clone(free));
        }
        if own.len() == MAX_OWN {
            return Ok(Arc::clone(&own[self.turn() % MAX_OWN]));
        }
        let lane = Arc::new(Lane::new(self.device)?);
        own.push(Arc::clone(&lane));
        Ok(lane)
    }

    fn turn(&self) -> usize {
        self.next.fetch_add(1, Ordering::Relaxed)
    }
}
