//! Extension `timeline/1`: when the parts of an executable's runs were computed, by which code, on which threads.

use super::{RlxError, RlxExecutable, RlxStr};
use abi_stable::StableAbi;
use std::ffi::c_void;

/// One stretch of work on one thread.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxSpan {
    /// Size of this struct.
    pub struct_size: u64,
    /// The node that it belongs to, as errors of the plugin name it; empty for what belongs to the run as a whole.
    pub node: RlxStr,
    /// What computed: a kernel of the plugin's, or an operation of its engine.
    pub kernel: RlxStr,
    /// Number of the thread, which no other thread of the process has.
    pub thread: u64,
    /// Name of the thread; empty if it has none.
    pub thread_name: RlxStr,
    /// When it began, in nanoseconds since a moment that is the same for all executables of the plugin in this process.
    pub start_ns: u64,
    /// How long it took, in nanoseconds.
    pub duration_ns: u64,
    /// Additions and multiplications; 0 where they are not counted.
    pub operations: u64,
    /// Bytes of operands and results; 0 where they are not counted.
    pub bytes: u64,
}

/// Where a plugin tells its spans (frozen).
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxSpanSink {
    /// Passed to `emit`.
    pub context: *mut c_void,
    /// Takes one span; `span` is copied.
    pub emit: Option<unsafe extern "C" fn(context: *mut c_void, span: *const RlxSpan)>,
}

/// The table of extension [`timeline`](RLX_TIMELINE_ID) version 1 (frozen).
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxTimelineApi {
    /// Size of this struct.
    pub struct_size: u64,
    /// Layout of this table, as [`RlxBackendApi::type_layout`](super::RlxBackendApi).
    pub type_layout: Option<unsafe extern "C" fn() -> *const c_void>,
    /// Waits for what is under way, emits the spans since the last call in the order in which they ended, and forgets them.
    /// An executable notes spans if it was compiled with the option [`profile`](RLX_OPTION_PROFILE) true, else this is an
    /// error. `emit` may not call the plugin. `lost` gets how many spans were not kept, since there were too many.
    pub take: Option<
        unsafe extern "C" fn(executable: *mut RlxExecutable, sink: *const RlxSpanSink, lost: *mut u64) -> *mut RlxError,
    >,
}

/// The compile option that asks for spans: true or false.
pub const RLX_OPTION_PROFILE: &str = "profile";

/// Id of [`RlxTimelineApi`].
pub const RLX_TIMELINE_ID: &str = "timeline";
/// Version of [`RlxTimelineApi`].
pub const RLX_TIMELINE_VERSION: u32 = 1;
