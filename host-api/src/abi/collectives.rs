//! Extension `collectives/1`: communication between the processes of one group, and the group that the collective ops of
//! programs use.
//!
//! Every rank of a group makes the same calls of it in the same order. Calls from several threads, and the runs of programs
//! with collective ops, take turns in the group, each as a whole; [`send`](RlxCollectivesApi::send) and
//! [`recv`](RlxCollectivesApi::recv) need no turn where the backend can match messages by their tags itself.
//!
//! No call waits for longer than its timeout. One that a peer's death, silence or farewell ends gives an error that names the
//! rank, and the group is broken: all later calls of it fail at once with what broke it, as far as they need a peer. The rest
//! of the process goes on.

use super::{RlxBackend, RlxBytes, RlxBytesMut, RlxError, RlxExecutable, RlxStr};
use abi_stable::StableAbi;
use std::ffi::c_void;

/// The processes of a group, as one of them sees it (opaque).
#[repr(C)]
#[derive(StableAbi)]
pub struct RlxGroup {
    private: [u8; 0],
}

// Reductions.

/// Sum.
pub const RLX_REDUCE_SUM: u32 = 0;
/// Maximum.
pub const RLX_REDUCE_MAX: u32 = 1;
/// Minimum.
pub const RLX_REDUCE_MIN: u32 = 2;

/// Argument of [`RlxCollectivesApi::init`].
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxGroupArgs {
    /// Size of this struct.
    pub struct_size: u64,
    /// A name that [`RlxCollectivesApi::backends`] emits; empty for the first of them that finds a group.
    pub backend: RlxStr,
    /// Nonzero: it is an error if there is no group to join. Zero: then the process is a group of one.
    pub strict: u32,
    /// Zero.
    pub reserved: u32,
    /// How long to wait for the others, and how long calls wait that do not say; in nanoseconds. 0 for the seconds in the
    /// environment variable `RLX_COLLECTIVES_DEADLINE`, and for the plugin's default where it is not set.
    pub timeout_ns: u64,
}

/// What a group is.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxGroupInfo {
    /// Size of this struct, set by the host.
    pub struct_size: u64,
    /// Which of them this process is, from 0.
    pub rank: u64,
    /// Number of processes.
    pub size: u64,
    /// Name of the backend; empty for a group of one that none made. Lives as long as the group.
    pub backend: RlxStr,
}

/// Where a plugin tells its communication backends (frozen).
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxNameSink {
    /// Passed to `emit`.
    pub context: *mut c_void,
    /// Takes one; `available` is nonzero where it can be used on this machine. `name` is copied.
    pub emit: Option<unsafe extern "C" fn(context: *mut c_void, name: RlxStr, available: u32)>,
}

/// Where a plugin delivers a message (frozen).
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxBytesSink {
    /// Passed to `emit`.
    pub context: *mut c_void,
    /// Takes the message; `bytes` is copied.
    pub emit: Option<unsafe extern "C" fn(context: *mut c_void, bytes: RlxBytes)>,
}

/// The table of extension [`collectives`](RLX_COLLECTIVES_ID) version 1 (frozen). A `timeout_ns` is in nanoseconds, 0 for
/// that of the group. Elements are dense, of a dtype `RLX_DTYPE_*`; their addresses need no alignment.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxCollectivesApi {
    /// Size of this struct.
    pub struct_size: u64,
    /// Layout of this table, as [`RlxBackendApi::type_layout`](super::RlxBackendApi).
    pub type_layout: Option<unsafe extern "C" fn() -> *const c_void>,
    /// Emits every communication backend, the one that is preferred first. `emit` may not call the plugin.
    pub backends: Option<unsafe extern "C" fn(backend: *mut RlxBackend, sink: *const RlxNameSink) -> *mut RlxError>,
    /// Joins the group that the environment of the launcher describes, and waits for the others.
    pub init: Option<
        unsafe extern "C" fn(
            backend: *mut RlxBackend,
            args: *const RlxGroupArgs,
            group: *mut *mut RlxGroup,
        ) -> *mut RlxError,
    >,
    /// Leaves; NULL is allowed. Programs that were compiled with the group keep it until they are gone.
    pub destroy: Option<unsafe extern "C" fn(group: *mut RlxGroup)>,
    /// Fills `info`.
    pub info: Option<unsafe extern "C" fn(group: *mut RlxGroup, info: *mut RlxGroupInfo) -> *mut RlxError>,
    /// NULL while the group can be used, then what broke it.
    pub broken: Option<unsafe extern "C" fn(group: *mut RlxGroup) -> *mut RlxError>,
    /// Waits until every rank has come here.
    pub barrier: Option<unsafe extern "C" fn(group: *mut RlxGroup, timeout_ns: u64) -> *mut RlxError>,
    /// Reduces `data` elementwise over the ranks, in place; every rank gets the same bits.
    pub all_reduce: Option<
        unsafe extern "C" fn(
            group: *mut RlxGroup,
            reduction: u32,
            dtype: u32,
            data: RlxBytesMut,
            timeout_ns: u64,
        ) -> *mut RlxError,
    >,
    /// Concatenates `part` of every rank, all of one size, to `whole` in the order of ranks.
    pub all_gather: Option<
        unsafe extern "C" fn(
            group: *mut RlxGroup,
            dtype: u32,
            part: RlxBytes,
            whole: RlxBytesMut,
            timeout_ns: u64,
        ) -> *mut RlxError,
    >,
    /// Reduces `whole` elementwise over the ranks and gives each rank its `part`: the first rank the first, and so on.
    pub reduce_scatter: Option<
        unsafe extern "C" fn(
            group: *mut RlxGroup,
            reduction: u32,
            dtype: u32,
            whole: RlxBytes,
            part: RlxBytesMut,
            timeout_ns: u64,
        ) -> *mut RlxError,
    >,
    /// Sends `bytes` to rank `to`. Messages of one tag arrive in the order in which they were sent.
    pub send: Option<
        unsafe extern "C" fn(
            group: *mut RlxGroup,
            to: u64,
            tag: u64,
            bytes: RlxBytes,
            timeout_ns: u64,
        ) -> *mut RlxError,
    >,
    /// Emits the next message of `tag` from rank `from`, once. `emit` may not call the plugin. With `came`, that none comes in
    /// time is no error where the backend can give up waiting: it gets 1 with a message, else 0. Without, NULL, it breaks the
    /// group.
    pub recv: Option<
        unsafe extern "C" fn(
            group: *mut RlxGroup,
            from: u64,
            tag: u64,
            sink: *const RlxBytesSink,
            timeout_ns: u64,
            came: *mut u32,
        ) -> *mut RlxError,
    >,
    /// Makes a group of the ranks that give the same `colour`, ranked by `key`, then by their rank here. Every rank calls it.
    pub split: Option<
        unsafe extern "C" fn(
            group: *mut RlxGroup,
            colour: u32,
            key: u32,
            timeout_ns: u64,
            out: *mut *mut RlxGroup,
        ) -> *mut RlxError,
    >,
    /// An error unless every rank gives the same `hash`; `what` says in errors what it is of.
    pub agree:
        Option<unsafe extern "C" fn(group: *mut RlxGroup, what: RlxStr, hash: u64, timeout_ns: u64) -> *mut RlxError>,
    /// Programs that are compiled from now on with the instance have this group behind their collective ops, `collective.*`;
    /// NULL: programs with such ops do not compile.
    pub install: Option<unsafe extern "C" fn(backend: *mut RlxBackend, group: *mut RlxGroup) -> *mut RlxError>,
    /// Reduces a value that stays on the device, in place of it: that of resident input `index` when `is_input` is nonzero,
    /// else output `index` of the last run.
    pub reduce_resident: Option<
        unsafe extern "C" fn(
            group: *mut RlxGroup,
            executable: *mut RlxExecutable,
            is_input: u32,
            index: u64,
            reduction: u32,
            timeout_ns: u64,
        ) -> *mut RlxError,
    >,
}

/// Id of [`RlxCollectivesApi`].
pub const RLX_COLLECTIVES_ID: &str = "collectives";
/// Version of [`RlxCollectivesApi`].
pub const RLX_COLLECTIVES_VERSION: u32 = 1;
