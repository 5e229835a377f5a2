//! Extension `timeline/1` through its table: what is emitted, and what is refused.

use crate::assert_error;
use crate::probe::{Probe, span};
use crate::table::create;
use rlx_host_api::abi::*;
use rlx_host_api::author::*;
use rlx_host_api::{Error, ErrorKind};
use std::ffi::c_void;
use std::ptr::{null, null_mut};

unsafe extern "C" fn keep(context: *mut c_void, span: *const RlxSpan) {
    // SAFETY: the context is the list below; the span is whole, and its views are valid during the call.
    unsafe {
        let span = &*span;
        assert_eq!(span.struct_size, size_of::<RlxSpan>() as u64);
        let text = |view: RlxStr| view.as_str().unwrap().to_owned();
        (*context.cast::<Vec<Span>>()).push(Span {
            node: text(span.node),
            kernel: text(span.kernel),
            thread: span.thread,
            thread_name: text(span.thread_name),
            start_ns: span.start_ns,
            duration_ns: span.duration_ns,
            operations: span.operations,
            bytes: span.bytes,
        });
    }
}

#[test]
fn every_field_arrives_and_what_is_missing_is_told() {
    let instance = create(0, None).unwrap();
    let graph = instance.compile("", None).unwrap();
    // SAFETY: the function gives a table of this type, which lives as long as the process.
    let take = unsafe { &*timeline_table::<Probe>().cast::<RlxTimelineApi>() }.take.unwrap();
    let (mut found, mut lost) = (Vec::<Span>::new(), 0);
    let sink = RlxSpanSink { context: (&raw mut found).cast(), emit: Some(keep) };
    // SAFETY: live handles; the sink and the list behind it outlive the calls.
    unsafe {
        Error::check(take(graph.handle, &sink, &mut lost)).unwrap();
        let missing = [
            take(graph.handle, null(), &mut lost),
            take(graph.handle, &RlxSpanSink { emit: None, ..sink }, &mut lost),
            take(graph.handle, &sink, null_mut()),
            take(null_mut(), &sink, &mut lost),
        ];
        for (error, part) in missing.into_iter().zip(["sink", "sink", "lost", "executable"]) {
            assert_error(Error::check(error), ErrorKind::InvalidArgument, &[part]);
        }
    }
    assert_eq!((found, lost), (vec![span()], 3));
}
