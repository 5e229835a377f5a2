//! Extension `profile/1`: what an executable has done so far.

use super::{RlxError, RlxExecutable};
use abi_stable::StableAbi;
use std::ffi::c_void;

/// Counters of one executable since it was made.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxExecutableCounters {
    /// Size of this struct, set by the host.
    pub struct_size: u64,
    /// Runs that were started.
    pub runs: u64,
    /// How often the program, or a part of it such as a loop body, was traced; at most once each in compiled mode.
    pub traces: u64,
    /// Evaluations that were waited for or submitted.
    pub evaluations: u64,
    /// Bytes taken from host memory: inputs, resident bindings, parameter writes.
    pub bytes_in: u64,
    /// Bytes copied to host memory.
    pub bytes_out: u64,
    /// Bytes moved between arrays on the device by copies and feeds.
    pub bytes_on_device: u64,
}

/// The table of extension [`profile`](RLX_PROFILE_ID) version 1 (frozen).
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxProfileApi {
    /// Size of this struct.
    pub struct_size: u64,
    /// Layout of this table, as [`RlxBackendApi::type_layout`](super::RlxBackendApi).
    pub type_layout: Option<unsafe extern "C" fn() -> *const c_void>,
    /// Fills `counters`.
    pub counters: Option<
        unsafe extern "C" fn(executable: *mut RlxExecutable, counters: *mut RlxExecutableCounters) -> *mut RlxError,
    >,
}

/// Id of [`RlxProfileApi`].
pub const RLX_PROFILE_ID: &str = "profile";
/// Version of [`RlxProfileApi`].
pub const RLX_PROFILE_VERSION: u32 = 1;
