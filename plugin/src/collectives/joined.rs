//! How this process joins MLX's group, of which there is one.
//!
//! MLX cannot give up joining. It joins on a thread that callers wait for as long as they want to; one that gave up may call
//! again.

use super::lane::{Lane, other_backend, start};
use crate::mlx::errors::check_eval;
use crate::mlx::lanes::Lanes;
use crate::process::gate;
use rlx_host_api::{Error, ErrorKind};
use rlx_mlx_shim as ffi;
use std::ffi::{CString, c_int};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How far it is.
enum Stage {
    /// Nobody has asked.
    Apart,
    /// MLX is at it, over this backend, and whether a caller has given up.
    UnderWay(String, bool),
    /// It is done; none where no other process was found.
    Done(Result<Option<Lane>, Error>),
}

static STAGE: Mutex<Stage> = Mutex::new(Stage::Apart);
static MOVED: Condvar = Condvar::new();

fn stage() -> MutexGuard<'static, Stage> {
    // It is set as a whole.
    STAGE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Joins MLX's group of this backend; none where it finds no other process.
pub(super) fn join(name: &str, lanes: &Arc<Lanes>, timeout: Duration) -> Result<Option<Lane>, Error> {
    let begin = Instant::now();
    let mut stage = stage();
    match &*stage {
        Stage::Done(Ok(Some(lane))) => return lane.of_backend(name).map(Some),
        Stage::UnderWay(other, _) if other != name => return Err(other_backend(other)),
        Stage::UnderWay(..) => {}
        // Without a group, or after a failure, another attempt may find one.
        Stage::Apart | Stage::Done(_) => {
            attempt(name, lanes)?;
            *stage = Stage::UnderWay(name.to_owned(), false);
        }
    }
    loop {
        let given_up = match &mut *stage {
            Stage::Done(Ok(Some(lane))) => return lane.of_backend(name).map(Some),
            Stage::Done(other) => return other.clone(),
            Stage::Apart => return Err(Error::fault("joining has no beginning")),
            Stage::UnderWay(_, given_up) => given_up,
        };
        let left = timeout.saturating_sub(begin.elapsed());
        if left.is_zero() {
            if !std::mem::replace(given_up, true) {
                gate::leave_behind();
            }
            let message = format!("init: {name} did not find all ranks within {timeout:?}; see whether they all run");
            return Err(Error::new(ErrorKind::TimedOut, message));
        }
        stage = MOVED.wait_timeout(stage, left).unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// Has MLX join, on the thread that will communicate.
fn attempt(name: &str, lanes: &Arc<Lanes>) -> Result<(), Error> {
    let backend = CString::new(name).map_err(|_| Error::invalid("a backend's name has a NUL character"))?;
    let jobs = start(name, lanes)?;
    let (name, own) = (name.to_owned(), jobs.clone());
    let join = move || {
        let (mut rank, mut size): (c_int, c_int) = (0, 0);
        // SAFETY: NUL-terminated; both numbers are writable.
        let done = check_eval(unsafe { ffi::rlx_mlx_dist_init(0, backend.as_ptr(), &mut rank, &mut size) });
        let found = done.and_then(|()| match (usize::try_from(rank), usize::try_from(size)) {
            (Ok(_), Ok(0 | 1)) => Ok(None),
            (Ok(rank), Ok(size)) => Ok(Some(Lane::new(name, rank, size, own))),
            _ => Err(Error::fault(format!("MLX gave rank {rank} of {size}"))),
        });
        if let Stage::UnderWay(_, true) = std::mem::replace(&mut *stage(), Stage::Done(found)) {
            gate::come_back();
        }
        MOVED.notify_all();
    };
    jobs.send(Box::new(join)).map_err(|_| Error::new(ErrorKind::ExecutionFailed, "the thread that joins has ended"))
}
