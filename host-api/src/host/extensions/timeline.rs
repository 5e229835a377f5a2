//! When the parts of an executable's runs were computed.

use crate::abi::*;
use crate::growable::read;
use crate::host::load::slot;
use crate::types::{Span, Spans};
use crate::views::{MAX_TEXT, text};
use crate::{Error, Executable};
use std::ffi::c_void;

impl Executable {
    /// What was computed since the last call, when, and on which threads, of a program that was compiled with the option
    /// `profile` ([`RLX_OPTION_PROFILE`]) true. Runs that are under way are waited for.
    ///
    /// # Errors
    /// Unsupported without extension `timeline/1`; when the option was not set; for a run that failed.
    pub fn take_spans(&mut self) -> Result<Spans, Error> {
        let table = self.instance().plugin.table::<RlxTimelineApi>()?;
        let mut found = Found::default();
        let mut lost = 0;
        let sink = RlxSpanSink { context: (&raw mut found).cast(), emit: Some(emit) };
        let _turn = self.instance().turn();
        // SAFETY: live handle, which is not shared between threads; the sink with the list behind it and `lost` outlive the
        // call.
        unsafe { Error::check(slot!(table, take(self.handle(), &sink, &mut lost)))? };
        match found.wrong {
            Some(error) => Err(Error::fault(format!("the plugin's spans: {}", error.message()))),
            None => Ok(Spans { list: found.list, lost }),
        }
    }
}

/// What has been emitted so far, and what is wrong with the first entry that is.
#[derive(Default)]
struct Found {
    list: Vec<Span>,
    wrong: Option<Error>,
}

unsafe extern "C" fn emit(context: *mut c_void, span: *const RlxSpan) {
    // SAFETY: the list above, which nobody else uses during the call; the plugin's promise about the span.
    let (found, span) = unsafe { (&mut *context.cast::<Found>(), owned(span)) };
    match span {
        Ok(span) => found.list.push(span),
        Err(error) => found.wrong = found.wrong.take().or(Some(error)),
    }
}

/// # Safety
/// `span` is NULL, or of the size that it states and with valid views.
unsafe fn owned(span: *const RlxSpan) -> Result<Span, Error> {
    // SAFETY: promised by the caller.
    let (raw, node, kernel, thread_name) = unsafe {
        let raw = read(span, "a span")?;
        let text = |view, what| text(view, MAX_TEXT, what);
        (raw, text(raw.node, "a node")?, text(raw.kernel, "a kernel")?, text(raw.thread_name, "a thread's name")?)
    };
    Ok(Span {
        node: node.to_owned(),
        kernel: kernel.to_owned(),
        thread: raw.thread,
        thread_name: thread_name.to_owned(),
        start_ns: raw.start_ns,
        duration_ns: raw.duration_ns,
        operations: raw.operations,
        bytes: raw.bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Growable;

    fn emitted(span: *const RlxSpan) -> Result<Span, Error> {
        let mut found = Found::default();
        // SAFETY: the list outlives the call; the span is NULL, or larger than it states and with views of static text.
        unsafe { emit((&raw mut found).cast(), span) };
        match found.wrong {
            Some(wrong) => Err(wrong),
            None => Ok(found.list.remove(0)),
        }
    }

    #[test]
    fn spans_are_copied_and_wrong_ones_told() {
        let whole = RlxSpan {
            node: RlxStr::new("node %1"),
            kernel: RlxStr::new("Linear"),
            thread: 3,
            start_ns: 5,
            duration_ns: 7,
            operations: 11,
            bytes: 13,
            ..RlxSpan::sized()
        };
        let span = emitted(&whole).unwrap();
        assert_eq!((&*span.node, &*span.kernel, &*span.thread_name), ("node %1", "Linear", ""));
        assert_eq!((span.thread, span.start_ns, span.duration_ns), (3, 5, 7));
        assert_eq!((span.operations, span.bytes), (11, 13));
        let not_utf8 = [0xFFu8];
        let wrong = [
            (RlxSpan { struct_size: 24, ..whole }, "struct_size 24"),
            (RlxSpan { node: RlxStr { data: not_utf8.as_ptr(), len: 1 }, ..whole }, "a node"),
            (RlxSpan { kernel: RlxStr { data: std::ptr::null(), len: 5 }, ..whole }, "a kernel"),
            (RlxSpan { thread_name: RlxStr { len: 1 << 40, ..whole.node }, ..whole }, "a thread's name"),
        ];
        for (span, part) in wrong {
            let error = emitted(&span).unwrap_err();
            assert!(error.message().contains(part), "{error}");
        }
        assert!(emitted(std::ptr::null()).unwrap_err().message().contains("NULL"));
    }
}
