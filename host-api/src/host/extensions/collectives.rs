//! Groups of processes, by backend instance.

use crate::abi::*;
use crate::host::backend::Instance;
use crate::host::load::slot;
use crate::kernel::Element;
use crate::types::{Reduction, Source};
use crate::views::{MAX_TEXT, text};
use crate::{Backend, DType, Error, ErrorKind, Executable, Growable};
use std::ffi::c_void;
use std::sync::Arc;
use std::time::Duration;

/// A way to communicate that a plugin has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommunicationBackend {
    /// Its name: `ring`, `mpi`, `nccl`.
    pub name: String,
    /// Whether it can be used on this machine. That a group is there to join is another matter.
    pub available: bool,
}

/// How to join a group.
#[derive(Debug, Clone, Default)]
pub struct GroupOptions {
    backend: String,
    strict: bool,
    timeout: Option<Duration>,
}

impl GroupOptions {
    /// The first communication backend that finds a group; a group of one where none does.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes this communication backend and no other.
    #[must_use]
    pub fn backend(mut self, name: impl Into<String>) -> Self {
        self.backend = name.into();
        self
    }

    /// Makes it an error if there is no group to join.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// How long to wait for the other ranks, and how long calls of the group wait that do not say. Left out, it is what the
    /// environment variable `RLX_COLLECTIVES_DEADLINE` says, in seconds, which `rlx-run launch --deadline` sets; without
    /// that variable it is the plugin's default.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

/// The processes of a group, as this one of them sees it. Clones share it; it is left with the last of them, and with the
/// last program that was compiled with it. Any thread may call.
///
/// Every rank makes the same calls in the same order. No call waits for longer than its timeout: a rank that does not come in
/// time, dies or leaves makes it fail with an error that names the rank, and breaks the group. Then the calls that follow
/// fail at once; a new group takes new processes.
#[derive(Debug, Clone)]
pub struct Group {
    inner: Arc<Inner>,
    timeout: Option<Duration>,
}

#[derive(Debug)]
struct Inner {
    instance: Arc<Instance>,
    table: &'static RlxCollectivesApi,
    handle: *mut RlxGroup,
    rank: usize,
    size: usize,
    backend: String,
}

// SAFETY: the ABI lets any thread call, and calls overlap.
unsafe impl Send for Inner {}
// SAFETY: as above.
unsafe impl Sync for Inner {}

impl Drop for Inner {
    fn drop(&mut self) {
        let _turn = self.instance.turn();
        if let Some(destroy) = self.table.destroy {
            // SAFETY: the handle came from `init` or `split`, and is destroyed once.
            unsafe { destroy(self.handle) }
        }
    }
}

impl Backend {
    /// The ways to communicate that the plugin has, the one that it prefers first.
    ///
    /// # Errors
    /// Unsupported without extension `collectives/1`.
    pub fn communication(&self) -> Result<Vec<CommunicationBackend>, Error> {
        unsafe extern "C" fn emit(context: *mut c_void, name: RlxStr, available: u32) {
            // SAFETY: the list below; the plugin's promise about the name.
            let (list, name) = unsafe { (&mut *context.cast::<Vec<_>>(), text(name, MAX_TEXT, "a name")) };
            if let Ok(name) = name {
                list.push(CommunicationBackend { name: name.to_owned(), available: available != 0 });
            }
        }
        let table = self.plugin().table::<RlxCollectivesApi>()?;
        let mut found: Vec<CommunicationBackend> = Vec::new();
        let sink = RlxNameSink { context: (&raw mut found).cast(), emit: Some(emit) };
        let _turn = self.instance().turn();
        // SAFETY: live handle; the sink and the list behind it outlive the call.
        unsafe { Error::check(slot!(table, backends(self.instance().handle(), &sink)))? };
        Ok(found)
    }

    /// Joins the group that the environment of the launcher describes (`rlx-run launch`, or MLX's own).
    ///
    /// # Errors
    /// Unsupported without extension `collectives/1`; not found for an unknown communication backend, and without a group
    /// where the options are strict; timed out, with the rank that did not come; invalid argument for an
    /// `RLX_COLLECTIVES_DEADLINE` that is needed and is no number of seconds above zero.
    pub fn init_group(&self, options: &GroupOptions) -> Result<Group, Error> {
        let table = self.plugin().table::<RlxCollectivesApi>()?;
        let args = RlxGroupArgs {
            backend: RlxStr::new(&options.backend),
            strict: options.strict.into(),
            timeout_ns: nanoseconds(options.timeout),
            ..RlxGroupArgs::sized()
        };
        let mut handle = std::ptr::null_mut();
        let turn = self.instance().turn();
        // SAFETY: live handle; the arguments state their size, and they and their views outlive the call.
        unsafe { Error::check(slot!(table, init(self.instance().handle(), &args, &mut handle)))? };
        drop(turn);
        Group::new(Arc::clone(self.instance()), table, handle, None)
    }

    /// Has the collective ops of programs that are compiled from now on go through no group: such programs do not compile.
    ///
    /// # Errors
    /// Unsupported without extension `collectives/1`.
    pub fn uninstall_group(&self) -> Result<(), Error> {
        let table = self.plugin().table::<RlxCollectivesApi>()?;
        let _turn = self.instance().turn();
        // SAFETY: live handle; NULL stands for no group.
        unsafe { Error::check(slot!(table, install(self.instance().handle(), std::ptr::null_mut()))) }
    }
}

impl Group {
    fn new(
        instance: Arc<Instance>,
        table: &'static RlxCollectivesApi,
        handle: *mut RlxGroup,
        timeout: Option<Duration>,
    ) -> Result<Self, Error> {
        if handle.is_null() {
            return Err(Error::fault("the plugin gave no group and no error"));
        }
        // Made first, so that the handle is freed when the description turns out bad.
        let mut inner = Inner { instance, table, handle, rank: 0, size: 1, backend: String::new() };
        let mut raw = RlxGroupInfo::sized();
        let turn = inner.instance.turn();
        // SAFETY: live handle; `raw` states its size; the name that the plugin fills in lives as long as the group.
        let backend = unsafe {
            Error::check(slot!(table, info(handle, &mut raw)))?;
            text(raw.backend, MAX_TEXT, "the group's backend")?.to_owned()
        };
        drop(turn);
        let wrong = || Error::fault(format!("the plugin gave rank {} of {}", raw.rank, raw.size));
        inner.rank = usize::try_from(raw.rank).map_err(|_| wrong())?;
        inner.size = usize::try_from(raw.size).ok().filter(|&size| inner.rank < size).ok_or_else(wrong)?;
        inner.backend = backend;
        Ok(Self { inner: Arc::new(inner), timeout })
    }

    /// The same group, whose calls wait this long.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        Self { inner: Arc::clone(&self.inner), timeout: Some(timeout) }
    }

    /// Which of the ranks this process is, from 0.
    pub fn rank(&self) -> usize {
        self.inner.rank
    }

    /// Number of ranks.
    pub fn size(&self) -> usize {
        self.inner.size
    }

    /// Name of the communication backend; empty for a group of one that none made.
    pub fn backend(&self) -> &str {
        &self.inner.backend
    }

    /// Calls a slot of the table, which waits as long as the group has it wait.
    fn call(
        &self,
        slot: impl FnOnce(&'static RlxCollectivesApi, *mut RlxGroup, u64) -> *mut RlxError,
    ) -> Result<(), Error> {
        let _turn = self.inner.instance.turn();
        // SAFETY: what a slot returns is NULL or a fresh error.
        unsafe { Error::check(slot(self.inner.table, self.inner.handle, nanoseconds(self.timeout))) }
    }

    /// What broke the group; `None` while it can be used.
    pub fn broken(&self) -> Option<Error> {
        // SAFETY: live handle.
        self.call(|table, group, _| unsafe { slot!(table, broken(group)) }).err()
    }

    /// Waits until every rank has come here.
    ///
    /// # Errors
    /// When a rank does not come in time, or is gone; it is named.
    pub fn barrier(&self) -> Result<(), Error> {
        // SAFETY: live handle.
        self.call(|table, group, timeout| unsafe { slot!(table, barrier(group, timeout)) })
    }

    /// Reduces `data` elementwise over the ranks, in place. Every rank gets the same bits.
    ///
    /// # Errors
    /// As [`barrier`](Self::barrier); when ranks have unlike data, where that can be seen.
    pub fn all_reduce<T: Element>(&self, reduction: Reduction, data: &mut [T]) -> Result<(), Error> {
        self.all_reduce_bytes(reduction, T::DTYPE, bytes_mut(data))
    }

    /// [`all_reduce`](Self::all_reduce) for elements of any dtype, as they lie in memory.
    ///
    /// # Errors
    /// As there; unsupported for a dtype that is not reduced.
    pub fn all_reduce_bytes(&self, reduction: Reduction, dtype: DType, data: &mut [u8]) -> Result<(), Error> {
        let view = RlxBytesMut::new(data);
        self.call(|table, group, timeout| {
            // SAFETY: live handle; the elements are this call's alone.
            unsafe { slot!(table, all_reduce(group, reduction.code(), dtype.code(), view, timeout)) }
        })
    }

    /// Reduces an output of the last run, or a resident input, in place of it, without a way through host memory of the
    /// program's. `executable` is of the plugin that the group is of.
    ///
    /// # Errors
    /// As [`all_reduce`](Self::all_reduce); failed precondition where there is no such value.
    pub fn all_reduce_resident(
        &self,
        executable: &mut Executable,
        value: Source,
        reduction: Reduction,
    ) -> Result<(), Error> {
        if !std::ptr::eq(executable.instance().plugin.api(), self.inner.instance.plugin.api()) {
            return Err(Error::invalid("the executable and the group belong to different plugins"));
        }
        let (is_input, index) = match value {
            Source::Input(index) => (1, index as u64),
            Source::Output(index) => (0, index as u64),
        };
        let (handle, code) = (executable.handle(), reduction.code());
        self.call(|table, group, timeout| {
            // SAFETY: live handles, of which the executable's is exclusive by `&mut`.
            unsafe { slot!(table, reduce_resident(group, handle, is_input, index, code, timeout)) }
        })
    }

    /// The parts of all ranks, which are of one length, in the order of ranks.
    ///
    /// # Errors
    /// As [`all_reduce`](Self::all_reduce).
    pub fn all_gather<T: Element + Default>(&self, part: &[T]) -> Result<Vec<T>, Error> {
        let mut whole = zeros::<T>(part.len().checked_mul(self.size()))?;
        self.all_gather_bytes(T::DTYPE, bytes(part), bytes_mut(&mut whole))?;
        Ok(whole)
    }

    /// [`all_gather`](Self::all_gather) for elements of any dtype, into memory for all of them.
    ///
    /// # Errors
    /// As there; invalid argument when `whole` is not as many times larger as there are ranks.
    pub fn all_gather_bytes(&self, dtype: DType, part: &[u8], whole: &mut [u8]) -> Result<(), Error> {
        let (part, whole) = (RlxBytes::new(part), RlxBytesMut::new(whole));
        self.call(|table, group, timeout| {
            // SAFETY: live handle; the elements outlive the call, and the written ones are its alone.
            unsafe { slot!(table, all_gather(group, dtype.code(), part, whole, timeout)) }
        })
    }

    /// Reduces `whole` over the ranks, and gives this rank its part: of as many equal parts as there are ranks, the one of its
    /// number.
    ///
    /// # Errors
    /// As [`all_reduce`](Self::all_reduce); invalid argument when the number of ranks does not divide `whole`.
    pub fn reduce_scatter<T: Element + Default>(&self, reduction: Reduction, whole: &[T]) -> Result<Vec<T>, Error> {
        if !whole.len().is_multiple_of(self.size()) {
            let (elements, ranks) = (whole.len(), self.size());
            return Err(Error::invalid(format!(
                "reduce_scatter: {elements} elements are no equal parts for {ranks} ranks"
            )));
        }
        let mut part = zeros::<T>(Some(whole.len() / self.size()))?;
        self.reduce_scatter_bytes(reduction, T::DTYPE, bytes(whole), bytes_mut(&mut part))?;
        Ok(part)
    }

    /// [`reduce_scatter`](Self::reduce_scatter) for elements of any dtype, into memory for the part.
    ///
    /// # Errors
    /// As there.
    pub fn reduce_scatter_bytes(
        &self,
        reduction: Reduction,
        dtype: DType,
        whole: &[u8],
        part: &mut [u8],
    ) -> Result<(), Error> {
        let (whole, part) = (RlxBytes::new(whole), RlxBytesMut::new(part));
        self.call(|table, group, timeout| {
            // SAFETY: live handle; the elements outlive the call, and the written ones are its alone.
            unsafe { slot!(table, reduce_scatter(group, reduction.code(), dtype.code(), whole, part, timeout)) }
        })
    }

    /// Sends a message of any length to another rank. It may return before the message has arrived.
    ///
    /// # Errors
    /// As [`barrier`](Self::barrier); invalid argument when there is no such rank.
    pub fn send(&self, to: usize, tag: u64, message: &[u8]) -> Result<(), Error> {
        let message = RlxBytes::new(message);
        self.call(|table, group, timeout| {
            // SAFETY: live handle; the message outlives the call.
            unsafe { slot!(table, send(group, to as u64, tag, message, timeout)) }
        })
    }

    /// The next message of a rank with this tag. Those of one tag arrive in the order in which they were sent, those of
    /// others wait until they are asked for.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn recv(&self, from: usize, tag: u64) -> Result<Vec<u8>, Error> {
        let message = self.receive(from, tag, std::ptr::null_mut())?;
        message.ok_or_else(|| Error::fault("the plugin gave no message and no error"))
    }

    /// As [`recv`](Self::recv), but that no message comes within `wait` is `None`, and breaks nothing where the communication
    /// backend can give up waiting: `ring` can.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    pub fn recv_within(&self, from: usize, tag: u64, wait: Duration) -> Result<Option<Vec<u8>>, Error> {
        let mut came = 0;
        self.with_timeout(wait).receive(from, tag, &mut came)
    }

    fn receive(&self, from: usize, tag: u64, came: *mut u32) -> Result<Option<Vec<u8>>, Error> {
        let mut message = Ok(None);
        let sink = RlxBytesSink { context: (&raw mut message).cast(), emit: Some(keep) };
        self.call(|table, group, timeout| {
            // SAFETY: live handle; the sink, the place behind it and `came`, if it is not NULL, outlive the call.
            unsafe { slot!(table, recv(group, from as u64, tag, &sink, timeout, came)) }
        })?;
        message
    }

    /// The group of the ranks that give the same `colour`, ranked by `key`, then by their rank here. Every rank calls it.
    ///
    /// # Errors
    /// As [`barrier`](Self::barrier); unsupported where the communication backend cannot.
    pub fn split(&self, colour: u32, key: u32) -> Result<Self, Error> {
        let mut handle = std::ptr::null_mut();
        self.call(|table, group, timeout| {
            // SAFETY: live handle; `handle` is writable.
            unsafe { slot!(table, split(group, colour, key, timeout, &mut handle)) }
        })?;
        Self::new(Arc::clone(&self.inner.instance), self.inner.table, handle, self.timeout)
    }

    /// Fails unless every rank gives the same `hash`; `what` tells in errors what it is of.
    ///
    /// # Errors
    /// Invalid argument where ranks differ, which leaves the group whole; as [`barrier`](Self::barrier).
    pub fn agree(&self, what: &str, hash: u64) -> Result<(), Error> {
        self.call(|table, group, timeout| {
            // SAFETY: live handle; the text outlives the call.
            unsafe { slot!(table, agree(group, RlxStr::new(what), hash, timeout)) }
        })
    }

    /// Has the collective ops of programs that are compiled from now on, by the backend instance that made the group, go
    /// through it. Hosts that build such programs in the IR call [`register`](Self::register), which does this as well.
    ///
    /// # Errors
    /// When the group cannot serve programs.
    pub fn install(&self) -> Result<(), Error> {
        let backend = self.inner.instance.handle();
        // SAFETY: live handles of one plugin.
        self.call(|table, group, _| unsafe { slot!(table, install(backend, group)) })
    }
}

/// What a call of `recv` has brought.
type Received = Result<Option<Vec<u8>>, Error>;

unsafe extern "C" fn keep(context: *mut c_void, bytes: RlxBytes) {
    // SAFETY: the place in `receive`, which nobody else uses during the call.
    let place = unsafe { &mut *context.cast::<Received>() };
    // SAFETY: the plugin's promise about the message.
    let bytes = unsafe { crate::views::slice::<u8>(bytes.data, bytes.len, "a message") };
    *place = bytes.map_err(|error| Error::fault(error.message())).and_then(copied).map(Some);
}

fn copied(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut copy = Vec::new();
    let found = copy.try_reserve_exact(bytes.len());
    found
        .map_err(|_| Error::new(ErrorKind::OutOfMemory, format!("no memory for a message of {} bytes", bytes.len())))?;
    copy.extend_from_slice(bytes);
    Ok(copy)
}

fn zeros<T: Element + Default>(len: Option<usize>) -> Result<Vec<T>, Error> {
    let mut list = Vec::new();
    let len = len.filter(|&len| list.try_reserve_exact(len).is_ok());
    let len = len.ok_or_else(|| Error::new(ErrorKind::OutOfMemory, "no memory for the result of a collective"))?;
    list.resize(len, T::default());
    Ok(list)
}

fn nanoseconds(timeout: Option<Duration>) -> u64 {
    // 0 stands for the group's own; one that was set may not come out as that.
    timeout.map_or(0, |timeout| u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX).max(1))
}

fn bytes<T: Element>(values: &[T]) -> &[u8] {
    // SAFETY: elements are plain numbers without padding.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}

fn bytes_mut<T: Element>(values: &mut [T]) -> &mut [u8] {
    // SAFETY: as above, and every bit pattern is a value of them.
    unsafe { std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), size_of_val(values)) }
}
