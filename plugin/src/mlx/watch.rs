//! Primitives of MLX's that tell when they are computed.

use super::array::Array;
use super::errors::check;
use super::trace::Trace;
use crate::process::gate;
use rlx_host_api::Error;
use rlx_mlx_shim as ffi;
use std::ffi::{CStr, c_char, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr::NonNull;
use std::sync::{Arc, Mutex, PoisonError};

/// Who is told. Threads of MLX's streams call it, several at once.
pub(crate) trait Observer: Send + Sync {
    /// The time now.
    fn now(&self) -> u64;

    /// A primitive has been computed since `start`.
    fn tell(&self, start: u64, place: usize, primitive: &str, operations: u64, bytes: u64);
}

/// Which primitives are watched.
#[derive(Debug)]
pub(crate) struct Watch(Mutex<Handle>);

#[derive(Debug)]
struct Handle(NonNull<ffi::rlx_mlx_watch_t>);

// SAFETY: the shim's watches are not bound to a thread; the lock lets one at a time use it.
unsafe impl Send for Handle {}

impl Drop for Handle {
    fn drop(&mut self) {
        if gate::is_closed() {
            return;
        }
        // SAFETY: an owned handle, freed once.
        unsafe { ffi::rlx_mlx_watch_free(self.0.as_ptr()) }
    }
}

impl Watch {
    /// A watch that tells `observer`.
    pub(crate) fn new<O: Observer + 'static>(observer: Arc<O>) -> Result<Self, Error> {
        let (ud, mut out) = (Box::into_raw(Box::new(observer)).cast::<c_void>(), std::ptr::null_mut());
        // SAFETY: `out` is writable; the shim releases `ud` once, after a failure too.
        check(unsafe { ffi::rlx_mlx_watch_new(Some(now::<O>), Some(tell::<O>), ud, Some(release::<O>), &mut out) })?;
        let handle = NonNull::new(out).ok_or_else(|| Error::fault("the shim gave no watch and no error"))?;
        Ok(Self(Mutex::new(Handle(handle))))
    }

    /// What `array` is computed by belongs to `place`, as far as it has no place yet.
    pub(crate) fn place(&self, array: &Array, place: usize) -> Result<(), Error> {
        // SAFETY: live handles.
        self.call(|watch| unsafe { ffi::rlx_mlx_watch_place(watch, array.raw(), place) })
    }

    /// Watches what has a place in all later replays of `trace`.
    pub(crate) fn trace(&self, trace: &mut Trace) -> Result<(), Error> {
        // SAFETY: live handles; nobody else uses the trace.
        self.call(|watch| unsafe { ffi::rlx_mlx_watch_trace(watch, trace.raw()) })
    }

    /// Watches what has a place behind lazy arrays, for the evaluation that comes next, and forgets all places.
    pub(crate) fn arrays(&self, arrays: &[Array]) -> Result<(), Error> {
        let raw: Vec<_> = arrays.iter().map(Array::raw).collect();
        // SAFETY: live handles; pointer and length agree.
        self.call(|watch| unsafe { ffi::rlx_mlx_watch_arrays(watch, raw.as_ptr(), raw.len()) })
    }

    fn call(&self, call: impl FnOnce(*mut ffi::rlx_mlx_watch_t) -> i32) -> Result<(), Error> {
        // The shim leaves its side whole whatever fails.
        let handle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        check(call(handle.0.as_ptr()))
    }
}

unsafe extern "C" fn now<O: Observer>(ud: *mut c_void) -> u64 {
    // SAFETY: the observer that `new` gave away, alive until `release`.
    let observer = unsafe { &*ud.cast::<Arc<O>>() };
    catch_unwind(AssertUnwindSafe(|| observer.now())).unwrap_or(0)
}

unsafe extern "C" fn tell<O: Observer>(
    ud: *mut c_void,
    start: u64,
    place: usize,
    primitive: *const c_char,
    operations: u64,
    bytes: u64,
) {
    // SAFETY: as above; the name is NUL-terminated and valid during the call.
    let (observer, name) = unsafe { (&*ud.cast::<Arc<O>>(), CStr::from_ptr(primitive)) };
    // A panic must not unwind through MLX.
    let _ = catch_unwind(AssertUnwindSafe(|| {
        observer.tell(start, place, &name.to_string_lossy(), operations, bytes);
    }));
}

unsafe extern "C" fn release<O: Observer>(ud: *mut c_void) {
    // SAFETY: the box leaked by `new`; the shim calls this once.
    let drop_observer = || drop(unsafe { Box::from_raw(ud.cast::<Arc<O>>()) });
    let _ = catch_unwind(AssertUnwindSafe(drop_observer));
}
