//! Extension `timeline/1`.

use crate::abi::*;
use crate::author::thunks::{ExecutableOf, exclusive, guard, type_layout};
use crate::author::{Executable, Exported};
use crate::types::Spans;
use crate::{Error, Growable};
use std::ffi::c_void;

/// Executables that note when the parts of their runs are computed.
pub trait Timeline: Executable {
    /// The spans since the last call, of runs that have ended; those that are under way are waited for.
    ///
    /// # Errors
    /// When the program was not compiled with the option `profile`, and for a run that failed.
    fn take_spans(&mut self) -> Result<Spans, Error>;
}

/// The table of extension `timeline/1` for plugin `P`.
pub fn timeline_table<P: Exported>() -> *const c_void
where
    ExecutableOf<P>: Timeline,
{
    let table: &'static RlxTimelineApi = const {
        &RlxTimelineApi {
            struct_size: size_of::<RlxTimelineApi>() as u64,
            type_layout: Some(type_layout::<RlxTimelineApi>),
            take: Some(take::<P>),
        }
    };
    std::ptr::from_ref(table).cast()
}

unsafe extern "C" fn take<P: Exported>(
    executable: *mut RlxExecutable,
    sink: *const RlxSpanSink,
    lost: *mut u64,
) -> *mut RlxError
where
    ExecutableOf<P>: Timeline,
{
    // SAFETY: the host's promises about the handle, the sink and `lost`.
    guard(|| unsafe {
        let sink = sink.as_ref().and_then(|sink| Some((sink.context, sink.emit?)));
        let (context, emit) = sink.ok_or_else(|| Error::invalid("timeline: sink must not be NULL"))?;
        let lost = lost.as_mut().ok_or_else(|| Error::invalid("timeline: lost must not be NULL"))?;
        exclusive::<P>(executable, "timeline", |executable, _| {
            let spans = executable.take_spans()?;
            for span in &spans.list {
                let raw = RlxSpan {
                    node: RlxStr::new(&span.node),
                    kernel: RlxStr::new(&span.kernel),
                    thread: span.thread,
                    thread_name: RlxStr::new(&span.thread_name),
                    start_ns: span.start_ns,
                    duration_ns: span.duration_ns,
                    operations: span.operations,
                    bytes: span.bytes,
                    ..RlxSpan::sized()
                };
                emit(context, &raw);
            }
            *lost = spans.lost;
            Ok(())
        })
    })
}
