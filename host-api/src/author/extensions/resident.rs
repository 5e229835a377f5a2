//! Extension `resident/1`.

use crate::abi::*;
use crate::author::thunks::{ExecutableOf, exclusive, guard, type_layout};
use crate::author::{Executable, Exported};
use crate::growable::read as read_args;
use crate::types::{Segment, Source};
use crate::views::slice;
use crate::{Error, ErrorKind, TensorInfo, TensorView};
use std::ffi::c_void;

/// Executables that keep inputs on the device between runs. Indices, dtypes, shapes and ranges have been checked against
/// the declared ones.
pub trait Resident: Executable {
    /// Uploads a value, or takes the binding away.
    ///
    /// # Errors
    /// When the value cannot be taken.
    fn bind_resident(&mut self, input: usize, value: Option<TensorView<'_>>) -> Result<(), Error>;

    /// Downloads bytes of a bound input.
    ///
    /// # Errors
    /// When the transfer fails.
    fn read_resident(&mut self, input: usize, offset: usize, out: &mut [u8]) -> Result<(), Error>;

    /// After every run, `input` becomes that output; `None` ends it.
    ///
    /// # Errors
    /// When feeds are not possible.
    fn feed(&mut self, input: usize, output: Option<usize>) -> Result<(), Error>;

    /// Copies pieces into a bound input, in place and one after the other. `source` belongs to `other`, or to `self` for
    /// `None`. An output that was fed to the target may be gone afterwards, since it is the memory that is written to.
    ///
    /// # Errors
    /// Failed precondition when there was no run, or the source is not bound.
    fn copy(
        &mut self,
        target: usize,
        other: Option<&mut Self>,
        source: Source,
        segments: &[Segment],
    ) -> Result<(), Error>;

    /// Downloads bytes of an output of the last run.
    ///
    /// # Errors
    /// Failed precondition when there was no run, or the output was fed to an input that was written to since.
    fn read_output(&mut self, output: usize, offset: usize, out: &mut [u8]) -> Result<(), Error>;

    /// Keeps the values of bound inputs.
    ///
    /// # Errors
    /// When memory runs out.
    fn save(&mut self, inputs: &[usize]) -> Result<(), Error>;

    /// Binds what was kept.
    ///
    /// # Errors
    /// Failed precondition when nothing was.
    fn restore(&mut self) -> Result<(), Error>;
}

/// The table of extension `resident/1` for plugin `P`.
pub fn resident_table<P: Exported>() -> *const c_void
where
    ExecutableOf<P>: Resident,
{
    let table: &'static RlxResidentApi = const {
        &RlxResidentApi {
            struct_size: size_of::<RlxResidentApi>() as u64,
            type_layout: Some(type_layout::<RlxResidentApi>),
            bind: Some(bind::<P>),
            is_bound: Some(is_bound::<P>),
            read: Some(read::<P>),
            feed: Some(feed::<P>),
            copy: Some(copy::<P>),
            read_output: Some(read_output::<P>),
            save: Some(save::<P>),
            restore: Some(restore::<P>),
        }
    };
    std::ptr::from_ref(table).cast()
}

/// The declared tensor of an index from the host.
fn declared<'a>(list: &'a [TensorInfo], index: u64, what: &str) -> Result<(usize, &'a TensorInfo), Error> {
    let at = usize::try_from(index).ok().filter(|i| *i < list.len());
    let at = at.ok_or_else(|| Error::not_found(format!("{what} {index}: the graph has {}", list.len())))?;
    Ok((at, &list[at]))
}

fn bound<E: Executable>(executable: &E, index: usize, info: &TensorInfo) -> Result<(), Error> {
    if executable.is_resident(index) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::FailedPrecondition, format!("input `{}` is not bound as resident", info.name)))
}

/// A range of bytes that lies inside a tensor.
fn range(info: &TensorInfo, offset: u64, len: u64) -> Result<usize, Error> {
    match offset.checked_add(len) {
        Some(end) if end <= info.byte_len() as u64 => Ok(offset as usize),
        _ => {
            let (name, size) = (&info.name, info.byte_len());
            Err(Error::invalid(format!("`{name}` has {size} bytes; {len} at {offset} do not fit")))
        }
    }
}

/// # Safety
/// `out` is valid and writable for `'a`.
unsafe fn buffer<'a>(out: RlxBytesMut) -> Result<&'a mut [u8], Error> {
    if out.len == 0 {
        return Ok(&mut []);
    }
    if out.data.is_null() || out.len > isize::MAX as u64 {
        return Err(Error::invalid(format!("out: {} bytes at a NULL or impossible address", out.len)));
    }
    // SAFETY: not NULL, of possible size; promised by the caller.
    Ok(unsafe { std::slice::from_raw_parts_mut(out.data, out.len as usize) })
}

unsafe extern "C" fn bind<P: Exported>(
    executable: *mut RlxExecutable,
    input: u64,
    tensor: *const RlxTensor,
) -> *mut RlxError
where
    ExecutableOf<P>: Resident,
{
    // SAFETY: the host's promises about the handle and the tensor.
    guard(|| unsafe {
        let value = tensor.as_ref().map(|tensor| TensorView::from_raw(tensor)).transpose()?;
        exclusive::<P>(executable, "resident bind", |executable, tensors| {
            let (index, info) = declared(&tensors.inputs, input, "input")?;
            if let Some(value) = value.filter(|v| v.dtype != info.dtype || v.dims != info.dims) {
                let (name, dtype, dims) = (&info.name, value.dtype, value.dims);
                return Err(Error::invalid(format!(
                    "input `{name}` is {info} in the graph, but {dtype}{dims:?} was given"
                )));
            }
            executable.bind_resident(index, value)
        })
    })
}

unsafe extern "C" fn is_bound<P: Exported>(executable: *mut RlxExecutable, input: u64, out: *mut u32) -> *mut RlxError
where
    ExecutableOf<P>: Resident,
{
    // SAFETY: the host's promises about the handle and `out`.
    guard(|| unsafe {
        let out = out.as_mut().ok_or_else(|| Error::invalid("resident is_bound: bound must not be NULL"))?;
        exclusive::<P>(executable, "resident is_bound", |executable, tensors| {
            *out = u32::from(executable.is_resident(declared(&tensors.inputs, input, "input")?.0));
            Ok(())
        })
    })
}

unsafe extern "C" fn read<P: Exported>(
    executable: *mut RlxExecutable,
    input: u64,
    offset: u64,
    out: RlxBytesMut,
) -> *mut RlxError
where
    ExecutableOf<P>: Resident,
{
    // SAFETY: the host's promises about the handle and `out`.
    guard(|| unsafe {
        exclusive::<P>(executable, "resident read", |executable, tensors| {
            let (index, info) = declared(&tensors.inputs, input, "input")?;
            bound(executable, index, info)?;
            executable.read_resident(index, range(info, offset, out.len)?, buffer(out)?)
        })
    })
}

unsafe extern "C" fn feed<P: Exported>(executable: *mut RlxExecutable, input: u64, output: u64) -> *mut RlxError
where
    ExecutableOf<P>: Resident,
{
    // SAFETY: the host's promise about the handle.
    guard(|| unsafe {
        exclusive::<P>(executable, "resident feed", |executable, tensors| {
            let (target, info) = declared(&tensors.inputs, input, "input")?;
            if output == RLX_NO_OUTPUT {
                return executable.feed(target, None);
            }
            let (index, source) = declared(&tensors.outputs, output, "output")?;
            if source.dtype != info.dtype || source.dims != info.dims {
                return Err(Error::invalid(format!("output {index} is {source}, input `{}` is {info}", info.name)));
            }
            executable.feed(target, Some(index))
        })
    })
}

unsafe extern "C" fn copy<P: Exported>(executable: *mut RlxExecutable, args: *const RlxCopyArgs) -> *mut RlxError
where
    ExecutableOf<P>: Resident,
{
    // SAFETY: the host's promises about the handles, the arguments and their views.
    guard(|| unsafe {
        let args = read_args(args, "copy arguments")?;
        let segments = slice(args.segments, args.segment_count, "segments")?;
        let own = executable;
        exclusive::<P>(executable, "resident copy", |executable, tensors| {
            let (target, info) = declared(&tensors.inputs, args.target, "input")?;
            bound(executable, target, info)?;
            let check = |list: &[TensorInfo], what| {
                let (index, source) = declared(list, args.source_index, what)?;
                check_segments(source, info, segments)?;
                Ok(index)
            };
            let find = |inputs: &[TensorInfo], outputs: &[TensorInfo]| match args.source_kind {
                RLX_SOURCE_OUTPUT => check(outputs, "output").map(Source::Output),
                RLX_SOURCE_INPUT => check(inputs, "input").map(Source::Input),
                other => Err(Error::invalid(format!("copy: unknown source kind {other}"))),
            };
            if args.source.is_null() || args.source == own {
                let source = find(&tensors.inputs, &tensors.outputs)?;
                return executable.copy(target, None, source, segments);
            }
            exclusive::<P>(args.source, "resident copy, source", |other, tensors| {
                let source = find(&tensors.inputs, &tensors.outputs)?;
                executable.copy(target, Some(other), source, segments)
            })
        })
    })
}

fn check_segments(source: &TensorInfo, target: &TensorInfo, segments: &[Segment]) -> Result<(), Error> {
    if source.dtype != target.dtype {
        return Err(Error::invalid(format!(
            "`{}` is {}, `{}` is {}",
            source.name, source.dtype, target.name, target.dtype
        )));
    }
    let inside = |start: u64, len: u64, info: &TensorInfo| {
        start.checked_add(len).is_some_and(|end| end <= info.elements() as u64)
    };
    match segments.iter().find(|s| !inside(s.source, s.len, source) || !inside(s.target, s.len, target)) {
        None => Ok(()),
        Some(s) => Err(Error::invalid(format!(
            "{} elements from {} of `{}` ({source}) to {} of `{}` ({target}) do not fit",
            s.len, s.source, source.name, s.target, target.name
        ))),
    }
}

unsafe extern "C" fn read_output<P: Exported>(
    executable: *mut RlxExecutable,
    output: u64,
    offset: u64,
    out: RlxBytesMut,
) -> *mut RlxError
where
    ExecutableOf<P>: Resident,
{
    // SAFETY: the host's promises about the handle and `out`.
    guard(|| unsafe {
        exclusive::<P>(executable, "resident read_output", |executable, tensors| {
            let (index, info) = declared(&tensors.outputs, output, "output")?;
            executable.read_output(index, range(info, offset, out.len)?, buffer(out)?)
        })
    })
}

unsafe extern "C" fn save<P: Exported>(executable: *mut RlxExecutable, inputs: *const u64, count: u64) -> *mut RlxError
where
    ExecutableOf<P>: Resident,
{
    // SAFETY: the host's promises about the handle and the list.
    guard(|| unsafe {
        let inputs = slice(inputs, count, "inputs")?;
        exclusive::<P>(executable, "resident save", |executable, tensors| {
            let indices = inputs.iter().map(|&input| {
                let (index, info) = declared(&tensors.inputs, input, "input")?;
                bound(executable, index, info).map(|()| index)
            });
            let indices = indices.collect::<Result<Vec<_>, Error>>()?;
            executable.save(&indices)
        })
    })
}

unsafe extern "C" fn restore<P: Exported>(executable: *mut RlxExecutable) -> *mut RlxError
where
    ExecutableOf<P>: Resident,
{
    // SAFETY: the host's promise about the handle.
    guard(|| unsafe { exclusive::<P>(executable, "resident restore", |executable, _| executable.restore()) })
}
