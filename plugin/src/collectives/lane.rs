//! MLX's own communication backends: MPI and NCCL.
//!
//! MLX cannot give up a communication that has begun, and tells no rank that is gone. So all of it happens on one thread of the
//! process, which callers wait for as long as their timeout says. When a call does not come back, the group is broken and its
//! thread is left behind, inside MLX, until the process ends; the end of the process does not wait for it.

use super::engine::{Engine, Evaluation};
use super::lazy::{Ranks, kind};
use crate::mlx::array::Array;
use crate::mlx::device::Device;
use crate::mlx::dtypes::dtype_code;
use crate::mlx::errors::{check, check_eval};
use crate::mlx::lanes::{self, Lanes};
use crate::process::gate;
use rlx_host_api::author::Reduction;
use rlx_host_api::{DType, DeviceKind, Error, ErrorKind};
use rlx_mlx_cpu::threads::SignalsBlocked;
use rlx_mlx_shim as ffi;
use std::collections::{HashMap, VecDeque};
use std::ffi::{CString, c_int};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Whether MLX has the backend and finds its library.
pub(super) fn is_available(name: &str) -> Result<bool, Error> {
    let name = CString::new(name).map_err(|_| Error::invalid("a backend's name has a NUL character"))?;
    let mut available = 0;
    // SAFETY: NUL-terminated; `available` is writable.
    check(unsafe { ffi::rlx_mlx_dist_has_backend(name.as_ptr(), &mut available) })?;
    Ok(available != 0)
}

pub(super) type Job = Box<dyn FnOnce() + Send>;

/// The backend that works on GPUs; the others do on the processor.
const NCCL: &str = "nccl";

/// Messages that have arrived before they were asked for, by sender and tag.
type Waiting = HashMap<(usize, u64), VecDeque<Vec<u8>>>;

/// MLX's group of the process, or a part of it. MLX joins once.
#[derive(Clone)]
pub(super) struct Lane(Arc<Content>);

struct Content {
    name: String,
    /// The shim's number of the group; 0 is all ranks.
    number: c_int,
    rank: usize,
    size: usize,
    jobs: Sender<Job>,
    /// Of all groups of the process, as they share the thread.
    broken: Arc<Mutex<Option<Error>>>,
    waiting: Arc<Mutex<Waiting>>,
}

impl Lane {
    pub(super) fn new(name: String, rank: usize, size: usize, jobs: Sender<Job>) -> Self {
        let (broken, waiting) = Default::default();
        Self(Arc::new(Content { name, number: 0, rank, size, jobs, broken, waiting }))
    }

    /// The same where this is its backend.
    pub(super) fn of_backend(&self, name: &str) -> Result<Self, Error> {
        if self.0.name == name { Ok(self.clone()) } else { Err(other_backend(&self.0.name)) }
    }

    fn broken_by(&self) -> MutexGuard<'_, Option<Error>> {
        // An error is set as a whole.
        self.0.broken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has MLX do something. What it needs goes along: the thread may be at it when the caller has given up.
    fn call<T: Send + 'static>(
        &self,
        operation: &str,
        peer: Option<usize>,
        timeout: Duration,
        job: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let Content { name, rank, jobs, number, .. } = &*self.0;
        Engine::check(self, operation)?;
        let number = *number;
        let job = move || {
            // SAFETY: takes a number.
            check(unsafe { ffi::rlx_mlx_dist_enter(number) })?;
            job()
        };
        if let Some(done) = wait(jobs, job, timeout)? {
            return done;
        }
        gate::leave_behind();
        if name == NCCL {
            lanes::lose_gpus();
        }
        let who = peer.map_or("another rank".to_owned(), |peer| format!("rank {peer}"));
        let error = Error::new(
            ErrorKind::TimedOut,
            format!(
                "{operation} on rank {rank} over {name}: {who} did not do its part within {timeout:?}; MLX cannot tell why, \
                 see whether all ranks still run, or give it longer"
            ),
        );
        *self.broken_by() = Some(error.clone());
        Err(error)
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Queues are changed by one message at a time.
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_rank(&self, rank: usize) -> Result<c_int, Error> {
        let known = c_int::try_from(rank).ok().filter(|_| rank < self.0.size);
        known.ok_or_else(|| Error::invalid(format!("there is no rank {rank} in a group of {}", self.0.size)))
    }
}

pub(super) fn other_backend(there: &str) -> Error {
    let message = format!("this process has joined a group over {there}, and MLX joins once: ask for {there}");
    Error::new(ErrorKind::FailedPrecondition, message)
}

/// Starts the thread, on a stream of its own.
pub(super) fn start(name: &str, lanes: &Arc<Lanes>) -> Result<Sender<Job>, Error> {
    let lane = lanes.pick_own()?;
    let (sender, receiver) = mpsc::channel::<Job>();
    let work = move || {
        while let Ok(job) = receiver.recv() {
            // Evaluations of programs have been elsewhere.
            let Ok(_placed) = lane.enter_to_build() else { return };
            // The process is ending, or is a fork of the one that has MLX's threads.
            let Ok(_pass) = gate::pass() else { return };
            job();
        }
    };
    let _blocked = SignalsBlocked::new();
    let started = thread::Builder::new().name(format!("rlx {name}")).spawn(work);
    started.map_err(|e| Error::new(ErrorKind::OutOfMemory, format!("no thread for communication over {name}: {e}")))?;
    Ok(sender)
}

/// What a job gives; none when it does not end in time.
fn wait<T: Send + 'static>(
    jobs: &Sender<Job>,
    job: impl FnOnce() -> T + Send + 'static,
    timeout: Duration,
) -> Result<Option<T>, Error> {
    let (done, result) = mpsc::sync_channel(1);
    let job = Box::new(move || {
        // Nobody may be waiting any more.
        let _ = done.send(job());
    });
    let gone = || Error::new(ErrorKind::ExecutionFailed, "the thread that communicates has ended");
    jobs.send(job).map_err(|_| gone())?;
    match result.recv_timeout(timeout) {
        Ok(result) => Ok(Some(result)),
        Err(RecvTimeoutError::Timeout) => Ok(None),
        Err(RecvTimeoutError::Disconnected) => Err(gone()),
    }
}

fn zeros(len: usize) -> Result<Vec<u8>, Error> {
    let mut list = Vec::new();
    let found = list.try_reserve_exact(len);
    found.map_err(|_| Error::new(ErrorKind::OutOfMemory, format!("no memory for {len} bytes to communicate")))?;
    list.resize(len, 0);
    Ok(list)
}

fn copied(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut copy = zeros(bytes.len())?;
    copy.copy_from_slice(bytes);
    Ok(copy)
}

/// On the thread that communicates.
fn reduce(reduction: Reduction, dtype: DType, data: &[u8]) -> Result<Vec<u8>, Error> {
    let mut out = zeros(data.len())?;
    let (kind, count, dtype) = (kind(reduction)?, data.len() / dtype.size(), dtype_code(dtype)?);
    let (from, to) = (data.as_ptr().cast(), out.as_mut_ptr().cast());
    // SAFETY: both buffers have `count` elements.
    check_eval(unsafe { ffi::rlx_mlx_dist_all_reduce(kind, from, to, count, dtype) })?;
    Ok(out)
}

/// The same of one part's length for each of `ranks`.
fn gather(ranks: usize, dtype: DType, part: &[u8]) -> Result<Vec<u8>, Error> {
    let mut whole = zeros(part.len() * ranks)?;
    let (count, dtype) = (part.len() / dtype.size(), dtype_code(dtype)?);
    let (from, to) = (part.as_ptr().cast(), whole.as_mut_ptr().cast());
    // SAFETY: the buffers have `count` elements, and as many for each rank.
    check_eval(unsafe { ffi::rlx_mlx_dist_all_gather(from, count, to, count * ranks, dtype) })?;
    Ok(whole)
}

/// What goes before a message: its tag and its length.
const HEAD: usize = 16;

/// Longer messages go in pieces: MLX's arrays have fewer than 2^31 elements.
const PIECE: usize = 1 << 30;

fn send_piece(bytes: &[u8], to: c_int) -> Result<(), Error> {
    // SAFETY: pointer and length of a live slice.
    check_eval(unsafe { ffi::rlx_mlx_dist_send(bytes.as_ptr().cast(), bytes.len(), ffi::RLX_MLX_DTYPE_U8, to) })
}

fn recv_piece(bytes: &mut [u8], from: c_int) -> Result<(), Error> {
    // SAFETY: pointer and length of a live slice.
    check_eval(unsafe { ffi::rlx_mlx_dist_recv(bytes.as_mut_ptr().cast(), bytes.len(), ffi::RLX_MLX_DTYPE_U8, from) })
}

/// The next message from a rank, with its tag.
fn recv_message(from: c_int) -> Result<(u64, Vec<u8>), Error> {
    let mut head = [0; HEAD];
    recv_piece(&mut head, from)?;
    let (tag, length) = head.split_at(HEAD / 2);
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |all, &byte| all << 8 | u64::from(byte));
    let (tag, length) = (number(tag), number(length));
    let mut message = zeros(usize::try_from(length).unwrap_or(usize::MAX))?;
    message.chunks_mut(PIECE).try_for_each(|piece| recv_piece(piece, from))?;
    Ok((tag, message))
}

impl Engine for Lane {
    fn name(&self) -> &str {
        &self.0.name
    }

    fn rank(&self) -> usize {
        self.0.rank
    }

    fn size(&self) -> usize {
        self.0.size
    }

    fn broken(&self) -> Option<Error> {
        self.broken_by().clone()
    }

    fn ranks_on(&self, device: Device) -> Option<Ranks> {
        let Content { name, number, rank, size, .. } = &*self.0;
        let works_on = if name == NCCL { DeviceKind::Gpu } else { DeviceKind::Cpu };
        // Ops of programs are traced on other threads, which are in the group of all ranks.
        (device == Device::of(works_on) && *number == 0).then_some(Ranks {
            rank: *rank,
            size: *size,
            scatters: name == NCCL,
        })
    }

    fn evaluate(
        &self,
        operation: &str,
        timeout: Duration,
        stream: &Arc<lanes::Lane>,
        job: Evaluation,
    ) -> Result<(Vec<Array>, u64), Error> {
        let on_stream = Arc::clone(stream);
        let result = self.call(operation, None, timeout, move || {
            let _placed = on_stream.enter_to_build()?;
            job()
        });
        result.inspect_err(|error| {
            if error.kind() == ErrorKind::TimedOut {
                stream.lose();
            }
        })
    }

    /// One thread receives and sends.
    fn has_tags(&self) -> bool {
        false
    }

    fn barrier(&self, timeout: Duration) -> Result<(), Error> {
        // SAFETY: takes nothing.
        self.call("barrier", None, timeout, || check_eval(unsafe { ffi::rlx_mlx_dist_barrier() }))
    }

    fn all_reduce(&self, reduction: Reduction, dtype: DType, data: &mut [u8], timeout: Duration) -> Result<(), Error> {
        let own = copied(data)?;
        let reduced = self.call("all_reduce", None, timeout, move || reduce(reduction, dtype, &own))?;
        data.copy_from_slice(&reduced);
        Ok(())
    }

    fn all_gather(&self, dtype: DType, part: &[u8], whole: &mut [u8], timeout: Duration) -> Result<(), Error> {
        let (own, ranks) = (copied(part)?, self.0.size);
        let gathered = self.call("all_gather", None, timeout, move || gather(ranks, dtype, &own))?;
        whole.copy_from_slice(&gathered);
        Ok(())
    }

    /// Reduced as a whole: MLX's MPI has no operation for it, and NCCL's has the sum alone.
    fn reduce_scatter(
        &self,
        reduction: Reduction,
        dtype: DType,
        whole: &[u8],
        part: &mut [u8],
        timeout: Duration,
    ) -> Result<(), Error> {
        let own = copied(whole)?;
        let reduced = self.call("reduce_scatter", None, timeout, move || reduce(reduction, dtype, &own))?;
        let start = part.len() * self.0.rank;
        if let Some(own) = reduced.get(start..start + part.len()) {
            part.copy_from_slice(own);
        }
        Ok(())
    }

    fn send(&self, to: usize, tag: u64, bytes: &[u8], timeout: Duration) -> Result<(), Error> {
        let peer = self.check_rank(to)?;
        let own = copied(bytes)?;
        if to == self.0.rank {
            self.waiting().entry((to, tag)).or_default().push_back(own);
            return Ok(());
        }
        self.call("send", Some(to), timeout, move || {
            let mut head = [0; HEAD];
            head[..8].copy_from_slice(&tag.to_le_bytes());
            head[8..].copy_from_slice(&(own.len() as u64).to_le_bytes());
            send_piece(&head, peer)?;
            own.chunks(PIECE).try_for_each(|piece| send_piece(piece, peer))
        })
    }

    fn recv(&self, from: usize, tag: u64, timeout: Duration) -> Result<Vec<u8>, Error> {
        let peer = self.check_rank(from)?;
        let (start, mut left) = (Instant::now(), timeout);
        loop {
            if let Some(message) = self.waiting().get_mut(&(from, tag)).and_then(VecDeque::pop_front) {
                return Ok(message);
            }
            if from == self.0.rank {
                return Err(Error::invalid(format!("rank {from} has sent itself nothing with tag {tag}")));
            }
            let (found, message) = self.call("recv", Some(from), left, move || recv_message(peer))?;
            if found == tag {
                return Ok(message);
            }
            self.waiting().entry((from, found)).or_default().push_back(message);
            left = timeout.saturating_sub(start.elapsed());
        }
    }

    fn recv_within(&self, from: usize, tag: u64, wait: Duration) -> Result<Option<Vec<u8>>, Error> {
        self.recv(from, tag, wait).map(Some)
    }

    fn split(&self, colour: u32, key: u32, timeout: Duration) -> Result<Box<dyn Engine>, Error> {
        let of_mlx = |number: u32, what: &str| {
            let message = format!("{what} {number} is more than {}, which MLX counts to", c_int::MAX);
            c_int::try_from(number).map_err(|_| Error::invalid(message))
        };
        let (colour, key) = (of_mlx(colour, "colour")?, of_mlx(key, "key")?);
        let (number, rank, size) = self.call("split", None, timeout, move || {
            let (mut number, mut rank, mut size): (c_int, c_int, c_int) = (0, 0, 0);
            // SAFETY: the three numbers are writable.
            check_eval(unsafe { ffi::rlx_mlx_dist_split(colour, key, &mut number, &mut rank, &mut size) })?;
            Ok((number, rank, size))
        })?;
        let (Ok(rank), Ok(size)) = (usize::try_from(rank), usize::try_from(size)) else {
            return Err(Error::fault(format!("MLX gave rank {rank} of {size}")));
        };
        let Content { name, jobs, broken, .. } = &*self.0;
        let (name, jobs, broken) = (name.clone(), jobs.clone(), Arc::clone(broken));
        Ok(Box::new(Self(Arc::new(Content { name, number, rank, size, jobs, broken, waiting: Arc::default() }))))
    }

    fn agree(&self, what: &str, hash: u64, timeout: Duration) -> Result<(), Error> {
        let (ranks, own) = (self.0.size, hash.to_le_bytes());
        let all = self.call("agree", None, timeout, move || gather(ranks, DType::U8, &own))?;
        let unlike = all.chunks_exact(own.len()).position(|other| other != own);
        let Some(rank) = unlike else { return Ok(()) };
        let message = format!(
            "agree on rank {}: rank {rank} has another {what}; all ranks have to run the same program on the same shapes and \
             dtypes",
            self.0.rank
        );
        Err(Error::invalid(message).with("rank", rank as i64))
    }
}
