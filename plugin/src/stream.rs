//! Where MLX work runs.
//!
//! MLX's default streams belong to threads, but executables move between threads. So work runs on streams made for any
//! thread, one caller at a time: a [`Lane`] is such a stream with its lock. MLX never frees a stream and gives each
//! CPU stream a thread, hence a fixed set of lanes per device, one for each core, that executables share.

use crate::shim::check;
use rlx_host_api::Error;
use rlx_mlx_shim as ffi;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A stream that any thread may use, with the lock that makes it one at a time.
#[derive(Debug)]
pub(crate) struct Lane {
    stream: Stream,
    turn: Mutex<()>,
}

#[derive(Debug)]
struct Stream(NonNull<ffi::rlx_mlx_stream_t>);

// SAFETY: made by `rlx_mlx_stream_new`, whose streams any thread may use; `Lane::turn` makes it one at a time.
unsafe impl Send for Stream {}
// SAFETY: as above.
unsafe impl Sync for Stream {}

impl Drop for Stream {
    fn drop(&mut self) {
        // SAFETY: an owned handle, freed once.
        unsafe { ffi::rlx_mlx_stream_free(self.0.as_ptr()) }
    }
}

/// While it lives, this thread's MLX work goes to the lane's stream.
pub(crate) struct Entered<'a> {
    _turn: Option<MutexGuard<'a, ()>>,
    /// The entry belongs to the thread.
    _thread: PhantomData<*const ()>,
}

impl Lane {
    fn new(device: ffi::rlx_mlx_device_t) -> Result<Self, Error> {
        let mut out = std::ptr::null_mut();
        // SAFETY: `out` is writable.
        check(unsafe { ffi::rlx_mlx_stream_new(device, &mut out) })?;
        let stream = NonNull::new(out).ok_or_else(|| Error::fault("the shim gave no stream and no error"))?;
        Ok(Self { stream: Stream(stream), turn: Mutex::new(()) })
    }

    /// Waits until no other thread uses the lane, and enters its stream, to evaluate.
    pub(crate) fn enter(&self) -> Result<Entered<'_>, Error> {
        // The lock guards no data, so a poisoned one is as good as new.
        let turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.place(Some(turn))
    }

    /// Enters the stream without a turn, to build graphs on it: that uses the stream's name alone, so a compilation does
    /// not hold up the runs of other executables.
    pub(crate) fn enter_to_build(&self) -> Result<Entered<'_>, Error> {
        self.place(None)
    }

    fn place<'a>(&'a self, turn: Option<MutexGuard<'a, ()>>) -> Result<Entered<'a>, Error> {
        // SAFETY: live handle.
        check(unsafe { ffi::rlx_mlx_stream_enter(self.stream.0.as_ptr()) })?;
        Ok(Entered { _turn: turn, _thread: PhantomData })
    }

    /// Waits for what a failed evaluation left behind, and drops the errors of it: MLX keeps them with the stream, where
    /// they would be taken for those of the next executable.
    pub(crate) fn settle(&self, _entered: &Entered<'_>) {
        // SAFETY: live handle, used by this thread alone.
        unsafe { ffi::rlx_mlx_stream_synchronize(self.stream.0.as_ptr()) };
    }
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        // SAFETY: NULL leaves the stream.
        unsafe { ffi::rlx_mlx_stream_enter(std::ptr::null_mut()) };
    }
}

/// The lanes of one device.
#[derive(Debug)]
pub(crate) struct Lanes {
    lanes: Vec<Arc<Lane>>,
    next: AtomicUsize,
}

impl Lanes {
    /// The process's lanes of `device`, made at first use.
    pub(crate) fn of(device: ffi::rlx_mlx_device_t) -> Result<Arc<Self>, Error> {
        static MADE: Mutex<Vec<(ffi::rlx_mlx_device_t, Arc<Lanes>)>> = Mutex::new(Vec::new());
        // A panic cannot leave the list half changed.
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, lanes)) = made.iter().find(|(d, _)| *d == device) {
            return Ok(Arc::clone(lanes));
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let lanes = (0..cores).map(|_| Lane::new(device).map(Arc::new)).collect::<Result<_, _>>()?;
        let lanes = Arc::new(Self { lanes, next: AtomicUsize::new(0) });
        made.push((device, Arc::clone(&lanes)));
        Ok(lanes)
    }

    /// A lane for a new executable, in turn.
    pub(crate) fn pick(&self) -> Arc<Lane> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        Arc::clone(&self.lanes[turn % self.lanes.len()])
    }
}
