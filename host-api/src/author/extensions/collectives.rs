//! Extension `collectives/1`.

use crate::abi::*;
use crate::author::thunks::{counted, exclusive, guard, guard_release, type_layout};
use crate::author::{Backend, Exported};
use crate::growable::{fill, read};
use crate::types::{Reduction, Source};
use crate::views::{MAX_TEXT, slice, text};
use crate::{DType, Error, Growable};
use std::ffi::c_void;
use std::time::Duration;

/// Backends whose processes can form groups.
pub trait Collectives: Backend {
    /// A group.
    type Group: Group;

    /// Names of the communication backends, the one that is preferred first, and whether each can be used here.
    ///
    /// # Errors
    /// When the engine cannot tell.
    fn communication(&self) -> Result<Vec<(String, bool)>, Error>;

    /// Joins the group that the launcher's environment describes.
    ///
    /// # Errors
    /// When there is none and the request is strict; when a rank does not come in time, which is named.
    fn init_group(&self, request: GroupRequest<'_>) -> Result<Self::Group, Error>;

    /// Has the collective ops of programs that are compiled from now on go through `group`, or through none.
    ///
    /// # Errors
    /// When the group cannot serve programs.
    fn install_group(&self, group: Option<&Self::Group>) -> Result<(), Error>;

    /// Reduces a value of `executable` that stays on the device, in place of it.
    ///
    /// # Errors
    /// As [`Group::all_reduce`]; failed precondition where there is no such value.
    fn reduce_resident(
        group: &Self::Group,
        executable: &mut Self::Executable,
        value: Source,
        reduction: Reduction,
        timeout: Option<Duration>,
    ) -> Result<(), Error>;
}

/// What [`Collectives::init_group`] is asked for.
#[derive(Debug, Clone, Copy)]
pub struct GroupRequest<'a> {
    /// Name of the communication backend; `None` for the first that finds a group.
    pub backend: Option<&'a str>,
    /// Whether it is an error if there is no group to join; else the process is a group of one.
    pub strict: bool,
    /// How long to wait for the others, and how long calls wait that do not say; `None` for the plugin's default.
    pub timeout: Option<Duration>,
}

/// The processes of a group, as one of them sees it; the last reference leaves. Calls may overlap; those that need all ranks
/// take turns. A `timeout` of `None` is that of the group. Each call fails with an error that names the rank when one does not
/// answer in time or is gone, and from then on all calls that need it do.
pub trait Group: Send + Sync + 'static {
    /// Which of the ranks this process is.
    fn rank(&self) -> usize;

    /// Number of ranks.
    fn size(&self) -> usize;

    /// Name of the communication backend; empty for a group of one that none made.
    fn backend(&self) -> &str;

    /// What broke the group.
    fn broken(&self) -> Option<Error>;

    /// Waits until every rank has come here.
    ///
    /// # Errors
    /// As for all calls.
    fn barrier(&self, timeout: Option<Duration>) -> Result<(), Error>;

    /// Reduces `data` elementwise over the ranks, in place. It is a whole number of elements.
    ///
    /// # Errors
    /// As for all calls; unsupported for a dtype that is not reduced.
    fn all_reduce(
        &self,
        reduction: Reduction,
        dtype: DType,
        data: &mut [u8],
        timeout: Option<Duration>,
    ) -> Result<(), Error>;

    /// Concatenates the parts of all ranks. `whole` is as many times larger as there are ranks.
    ///
    /// # Errors
    /// As for all calls.
    fn all_gather(&self, dtype: DType, part: &[u8], whole: &mut [u8], timeout: Option<Duration>) -> Result<(), Error>;

    /// Reduces `whole` and gives this rank its `part` of it. `whole` is as many times larger as there are ranks.
    ///
    /// # Errors
    /// As [`all_reduce`](Self::all_reduce).
    fn reduce_scatter(
        &self,
        reduction: Reduction,
        dtype: DType,
        whole: &[u8],
        part: &mut [u8],
        timeout: Option<Duration>,
    ) -> Result<(), Error>;

    /// Sends a message to another rank.
    ///
    /// # Errors
    /// As for all calls; invalid argument when there is no such rank.
    fn send(&self, to: usize, tag: u64, bytes: &[u8], timeout: Option<Duration>) -> Result<(), Error>;

    /// The next message of a rank with this tag.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    fn recv(&self, from: usize, tag: u64, timeout: Option<Duration>) -> Result<Vec<u8>, Error>;

    /// As [`recv`](Self::recv), but that no message comes within `wait` breaks nothing, where the backend can give up waiting:
    /// it is `None`.
    ///
    /// # Errors
    /// As [`recv`](Self::recv).
    fn recv_within(&self, from: usize, tag: u64, wait: Option<Duration>) -> Result<Option<Vec<u8>>, Error>;

    /// The group of the ranks that give the same `colour`, ranked by `key`.
    ///
    /// # Errors
    /// As for all calls; unsupported where the backend cannot.
    fn split(&self, colour: u32, key: u32, timeout: Option<Duration>) -> Result<Self, Error>
    where
        Self: Sized;

    /// Fails unless every rank gives the same `hash`.
    ///
    /// # Errors
    /// Invalid argument that says of `what` the ranks differ, which breaks nothing; as for all calls.
    fn agree(&self, what: &str, hash: u64, timeout: Option<Duration>) -> Result<(), Error>;
}

type GroupOf<P> = <<P as crate::author::Plugin>::Backend as Collectives>::Group;

/// The table of extension `collectives/1` for plugin `P`.
pub fn collectives_table<P: Exported>() -> *const c_void
where
    P::Backend: Collectives,
{
    let table: &'static RlxCollectivesApi = const {
        &RlxCollectivesApi {
            struct_size: size_of::<RlxCollectivesApi>() as u64,
            type_layout: Some(type_layout::<RlxCollectivesApi>),
            backends: Some(backends::<P>),
            init: Some(init::<P>),
            destroy: Some(destroy::<P>),
            info: Some(info::<P>),
            broken: Some(broken::<P>),
            barrier: Some(barrier::<P>),
            all_reduce: Some(all_reduce::<P>),
            all_gather: Some(all_gather::<P>),
            reduce_scatter: Some(reduce_scatter::<P>),
            send: Some(send::<P>),
            recv: Some(recv::<P>),
            split: Some(split::<P>),
            agree: Some(agree::<P>),
            install: Some(install::<P>),
            reduce_resident: Some(reduce_resident::<P>),
        }
    };
    std::ptr::from_ref(table).cast()
}

/// # Safety
/// `backend` is NULL or a live instance of plugin `P`.
unsafe fn instance<'a, P: Exported>(backend: *mut RlxBackend) -> Result<&'a P::Backend, Error> {
    // SAFETY: promised by the caller.
    let backend = unsafe { backend.cast::<P::Backend>().as_ref() };
    backend.ok_or_else(|| Error::invalid("collectives: backend must not be NULL"))
}

/// # Safety
/// `group` is NULL or a live group of plugin `P`.
unsafe fn group_of<'a, P: Exported>(group: *mut RlxGroup) -> Result<&'a GroupOf<P>, Error>
where
    P::Backend: Collectives,
{
    // SAFETY: promised by the caller.
    let group = unsafe { group.cast::<GroupOf<P>>().as_ref() };
    group.ok_or_else(|| Error::invalid("collectives: group must not be NULL"))
}

fn timeout(nanoseconds: u64) -> Option<Duration> {
    (nanoseconds != 0).then(|| Duration::from_nanos(nanoseconds))
}

/// # Safety
/// A non-NULL `view.data` points to `view.len` bytes that only this call uses.
unsafe fn writable<'a>(view: RlxBytesMut, what: &str) -> Result<&'a mut [u8], Error> {
    let whole = usize::try_from(view.len).ok().filter(|&len| isize::try_from(len).is_ok());
    match whole {
        Some(0) => Ok(&mut []),
        Some(_) if view.data.is_null() => Err(Error::invalid(format!("{what} must not be NULL"))),
        // SAFETY: not NULL, of possible size; promised by the caller.
        Some(len) => Ok(unsafe { std::slice::from_raw_parts_mut(view.data, len) }),
        None => Err(Error::invalid(format!("{what}: {} bytes exceed the address space", view.len))),
    }
}

/// The dtype of `len` bytes that are whole elements.
fn elements(dtype: u32, len: usize) -> Result<DType, Error> {
    let dtype = DType::from_code(dtype)?;
    if len.is_multiple_of(dtype.size()) {
        return Ok(dtype);
    }
    Err(Error::invalid(format!("{len} bytes are no whole number of {dtype}, which takes {}", dtype.size())))
}

/// Whether the whole has a part for each rank.
fn parts(ranks: usize, part: usize, whole: usize) -> Result<(), Error> {
    if part.checked_mul(ranks) == Some(whole) {
        return Ok(());
    }
    Err(Error::invalid(format!("{ranks} ranks with parts of {part} bytes do not make a whole of {whole}")))
}

unsafe extern "C" fn backends<P: Exported>(backend: *mut RlxBackend, sink: *const RlxNameSink) -> *mut RlxError
where
    P::Backend: Collectives,
{
    // SAFETY: the host's promises about the handle and the sink.
    guard(|| unsafe {
        let sink = sink.as_ref().and_then(|sink| Some((sink.context, sink.emit?)));
        let (context, emit) = sink.ok_or_else(|| Error::invalid("collectives: sink must not be NULL"))?;
        for (name, available) in instance::<P>(backend)?.communication()? {
            emit(context, RlxStr::new(&name), available.into());
        }
        Ok(())
    })
}

unsafe extern "C" fn init<P: Exported>(
    backend: *mut RlxBackend,
    args: *const RlxGroupArgs,
    group: *mut *mut RlxGroup,
) -> *mut RlxError
where
    P::Backend: Collectives,
{
    // SAFETY: the host's promises about the handle, the arguments with their views, and `group`.
    guard(|| unsafe {
        let out = group.as_mut().ok_or_else(|| Error::invalid("collectives init: group must not be NULL"))?;
        *out = std::ptr::null_mut();
        let args = read(args, "group arguments")?;
        let name = text(args.backend, MAX_TEXT, "backend")?;
        let request = GroupRequest {
            backend: (!name.is_empty()).then_some(name),
            strict: args.strict != 0,
            timeout: timeout(args.timeout_ns),
        };
        let backend = instance::<P>(backend)?;
        *out = Box::into_raw(Box::new(counted::<P, _>(|| backend.init_group(request))?)).cast();
        Ok(())
    })
}

unsafe extern "C" fn destroy<P: Exported>(group: *mut RlxGroup)
where
    P::Backend: Collectives,
{
    if !group.is_null() {
        // SAFETY: handles come from `init` and `split` of `P` alone, and the host destroys each once.
        guard_release("collectives destroy", || drop(unsafe { Box::from_raw(group.cast::<GroupOf<P>>()) }));
        P::state().live.leave();
    }
}

unsafe extern "C" fn info<P: Exported>(group: *mut RlxGroup, info: *mut RlxGroupInfo) -> *mut RlxError
where
    P::Backend: Collectives,
{
    // SAFETY: the host's promises about the handle and `info`.
    guard(|| unsafe {
        let group = group_of::<P>(group)?;
        let value = RlxGroupInfo {
            rank: group.rank() as u64,
            size: group.size() as u64,
            backend: RlxStr::new(group.backend()),
            ..RlxGroupInfo::sized()
        };
        fill(info, value, "group info")
    })
}

unsafe extern "C" fn broken<P: Exported>(group: *mut RlxGroup) -> *mut RlxError
where
    P::Backend: Collectives,
{
    // SAFETY: the host's promise about the handle.
    guard(|| unsafe { group_of::<P>(group)?.broken().map_or(Ok(()), Err) })
}

unsafe extern "C" fn barrier<P: Exported>(group: *mut RlxGroup, timeout_ns: u64) -> *mut RlxError
where
    P::Backend: Collectives,
{
    // SAFETY: the host's promise about the handle.
    guard(|| unsafe { group_of::<P>(group)?.barrier(timeout(timeout_ns)) })
}

unsafe extern "C" fn all_reduce<P: Exported>(
    group: *mut RlxGroup,
    reduction: u32,
    dtype: u32,
    data: RlxBytesMut,
    timeout_ns: u64,
) -> *mut RlxError
where
    P::Backend: Collectives,
{
    // SAFETY: the host's promises about the handle and the elements.
    guard(|| unsafe {
        let (group, data) = (group_of::<P>(group)?, writable(data, "all_reduce: data")?);
        group.all_reduce(Reduction::from_code(reduction)?, elements(dtype, data.len())?, data, timeout(timeout_ns))
    })
}

unsafe extern "C" fn all_gather<P: Exported>(
    group: *mut RlxGroup,
    dtype: u32,
    part: RlxBytes,
    whole: RlxBytesMut,
    timeout_ns: u64,
) -> *mut RlxError
where
    P::Backend: Collectives,
{
    // SAFETY: the host's promises about the handle and the elements.
    guard(|| unsafe {
        let group = group_of::<P>(group)?;
        let part = slice(part.data, part.len, "all_gather: part")?;
        let whole = writable(whole, "all_gather: whole")?;
        parts(group.size(), part.len(), whole.len())?;
        group.all_gather(elements(dtype, part.len())?, part, whole, timeout(timeout_ns))
    })
}

unsafe extern "C" fn reduce_scatter<P: Exported>(
    group: *mut RlxGroup,
    reduction: u32,
    dtype: u32,
    whole: RlxBytes,
    part: RlxBytesMut,
    timeout_ns: u64,
) -> *mut RlxError
where
    P::Backend: Collectives,
{
    // SAFETY: the host's promises about the handle and the elements.
    guard(|| unsafe {
        let group = group_of::<P>(group)?;
        let whole = slice(whole.data, whole.len, "reduce_scatter: whole")?;
        let part = writable(part, "reduce_scatter: part")?;
        parts(group.size(), part.len(), whole.len())?;
        let (reduction, dtype) = (Reduction::from_code(reduction)?, elements(dtype, part.len())?);
        group.reduce_scatter(reduction, dtype, whole, part, timeout(timeout_ns))
    })
}

/// A rank as the plugin counts them; one that no group has for what does not fit.
fn rank(rank: u64) -> usize {
    usize::try_from(rank).unwrap_or(usize::MAX)
}

unsafe extern "C" fn send<P: Exported>(
    group: *mut RlxGroup,
    to: u64,
    tag: u64,
    bytes: RlxBytes,
    timeout_ns: u64,
) -> *mut RlxError
where
    P::Backend: Collectives,
{
    // SAFETY: the host's promises about the handle and the message.
    guard(|| unsafe {
        let bytes = slice(bytes.data, bytes.len, "send: bytes")?;
        group_of::<P>(group)?.send(rank(to), tag, bytes, timeout(timeout_ns))
    })
}

unsafe extern "C" fn recv<P: Exported>(
    group: *mut RlxGroup,
    from: u64,
    tag: u64,
    sink: *const RlxBytesSink,
    timeout_ns: u64,
    came: *mut u32,
) -> *mut RlxError
where
    P::Backend: Collectives,
{
    // SAFETY: the host's promises about the handle, the sink and `came`.
    guard(|| unsafe {
        let sink = sink.as_ref().and_then(|sink| Some((sink.context, sink.emit?)));
        let (context, emit) = sink.ok_or_else(|| Error::invalid("recv: sink must not be NULL"))?;
        let (group, from, timeout) = (group_of::<P>(group)?, rank(from), timeout(timeout_ns));
        let message = match came.as_mut() {
            None => Some(group.recv(from, tag, timeout)?),
            Some(came) => {
                let message = group.recv_within(from, tag, timeout)?;
                *came = message.is_some().into();
                message
            }
        };
        if let Some(message) = message {
            emit(context, RlxBytes::new(&message));
        }
        Ok(())
    })
}

unsafe extern "C" fn split<P: Exported>(
    group: *mut RlxGroup,
    colour: u32,
    key: u32,
    timeout_ns: u64,
    out: *mut *mut RlxGroup,
) -> *mut RlxError
where
    P::Backend: Collectives,
{
    // SAFETY: the host's promises about the handle and `out`.
    guard(|| unsafe {
        let out = out.as_mut().ok_or_else(|| Error::invalid("split: out must not be NULL"))?;
        *out = std::ptr::null_mut();
        let group = group_of::<P>(group)?;
        let made = counted::<P, _>(|| group.split(colour, key, timeout(timeout_ns)))?;
        *out = Box::into_raw(Box::new(made)).cast();
        Ok(())
    })
}

unsafe extern "C" fn agree<P: Exported>(group: *mut RlxGroup, what: RlxStr, hash: u64, timeout_ns: u64) -> *mut RlxError
where
    P::Backend: Collectives,
{
    // SAFETY: the host's promises about the handle and the text.
    guard(|| unsafe { group_of::<P>(group)?.agree(text(what, MAX_TEXT, "what")?, hash, timeout(timeout_ns)) })
}

unsafe extern "C" fn install<P: Exported>(backend: *mut RlxBackend, group: *mut RlxGroup) -> *mut RlxError
where
    P::Backend: Collectives,
{
    // SAFETY: the host's promises about both handles.
    guard(|| unsafe {
        let group = if group.is_null() { None } else { Some(group_of::<P>(group)?) };
        instance::<P>(backend)?.install_group(group)
    })
}

unsafe extern "C" fn reduce_resident<P: Exported>(
    group: *mut RlxGroup,
    executable: *mut RlxExecutable,
    is_input: u32,
    index: u64,
    reduction: u32,
    timeout_ns: u64,
) -> *mut RlxError
where
    P::Backend: Collectives,
{
    // SAFETY: the host's promises about both handles.
    guard(|| unsafe {
        let (group, reduction) = (group_of::<P>(group)?, Reduction::from_code(reduction)?);
        exclusive::<P>(executable, "reduce_resident", |executable, tensors| {
            let (list, what) = if is_input != 0 { (&tensors.inputs, "input") } else { (&tensors.outputs, "output") };
            let index = usize::try_from(index).ok().filter(|&index| index < list.len());
            let index = index
                .ok_or_else(|| Error::not_found(format!("reduce_resident: the graph has {} {what}s", list.len())))?;
            let value = if is_input != 0 { Source::Input(index) } else { Source::Output(index) };
            P::Backend::reduce_resident(group, executable, value, reduction, timeout(timeout_ns))
        })
    })
}
