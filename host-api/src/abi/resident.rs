//! Extension `resident/1`: inputs that stay on the device between runs, such as a key-value cache.
//!
//! An input that is bound here is left out of a run by a NULL view in [`RlxRunArgs::inputs`](super::RlxRunArgs); a view
//! with data overrides it for that run.

use super::{RlxBytesMut, RlxError, RlxExecutable, RlxTensor};
use abi_stable::StableAbi;
use std::ffi::c_void;

/// One contiguous piece of a copy, in elements of the two dense tensors (frozen).
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, PartialEq, Eq)]
pub struct RlxSegment {
    /// First element in the source.
    pub source: u64,
    /// First element in the target.
    pub target: u64,
    /// Number of elements.
    pub len: u64,
}

// Values of [`RlxCopyArgs::source_kind`].

/// `source_index` is an output of the last run.
pub const RLX_SOURCE_OUTPUT: u32 = 0;
/// `source_index` is a resident input.
pub const RLX_SOURCE_INPUT: u32 = 1;

/// Argument of [`RlxResidentApi::copy`].
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxCopyArgs {
    /// Size of this struct.
    pub struct_size: u64,
    /// The resident input that is written.
    pub target: u64,
    /// Executable of the same plugin that has the source; NULL for the target's own. No call may be in it.
    pub source: *mut RlxExecutable,
    /// One of `RLX_SOURCE_*`.
    pub source_kind: u32,
    /// Zero.
    pub reserved: u32,
    /// Which output or input.
    pub source_index: u64,
    /// The pieces.
    pub segments: *const RlxSegment,
    /// Number of `segments`.
    pub segment_count: u64,
}

/// The table of extension [`resident`](RLX_RESIDENT_ID) version 1 (frozen). Inputs and outputs are named by their index
/// in [`RlxExecutableInfo`](super::RlxExecutableInfo).
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxResidentApi {
    /// Size of this struct.
    pub struct_size: u64,
    /// Layout of this table, as [`RlxBackendApi::type_layout`](super::RlxBackendApi).
    pub type_layout: Option<unsafe extern "C" fn() -> *const c_void>,
    /// Uploads `tensor`, of the declared dtype and shape, as the value of `input`; NULL takes the binding away.
    pub bind: Option<
        unsafe extern "C" fn(executable: *mut RlxExecutable, input: u64, tensor: *const RlxTensor) -> *mut RlxError,
    >,
    /// Writes 1 when `input` is bound, else 0.
    pub is_bound:
        Option<unsafe extern "C" fn(executable: *mut RlxExecutable, input: u64, bound: *mut u32) -> *mut RlxError>,
    /// Downloads `out.len` bytes from byte `offset` of the bound `input`.
    pub read: Option<
        unsafe extern "C" fn(
            executable: *mut RlxExecutable,
            input: u64,
            offset: u64,
            out: RlxBytesMut,
        ) -> *mut RlxError,
    >,
    /// From now on `input` becomes output `output` after every run, without a transfer; dtype and shape are alike.
    /// [`RLX_NO_OUTPUT`] ends it.
    pub feed: Option<unsafe extern "C" fn(executable: *mut RlxExecutable, input: u64, output: u64) -> *mut RlxError>,
    /// Copies pieces of an output of the last run, or of a resident input, into a resident input, on the device and in
    /// place: nothing but the pieces is moved.
    pub copy: Option<unsafe extern "C" fn(executable: *mut RlxExecutable, args: *const RlxCopyArgs) -> *mut RlxError>,
    /// Downloads `out.len` bytes from byte `offset` of output `output` of the last run, also one that was not wanted.
    pub read_output: Option<
        unsafe extern "C" fn(
            executable: *mut RlxExecutable,
            output: u64,
            offset: u64,
            out: RlxBytesMut,
        ) -> *mut RlxError,
    >,
    /// Keeps the values of these bound inputs, in place of those saved before.
    pub save:
        Option<unsafe extern "C" fn(executable: *mut RlxExecutable, inputs: *const u64, count: u64) -> *mut RlxError>,
    /// Binds what [`save`](Self::save) kept; it may be restored again.
    pub restore: Option<unsafe extern "C" fn(executable: *mut RlxExecutable) -> *mut RlxError>,
}

/// Ends a feed.
pub const RLX_NO_OUTPUT: u64 = u64::MAX;
/// Id of [`RlxResidentApi`].
pub const RLX_RESIDENT_ID: &str = "resident";
/// Version of [`RlxResidentApi`].
pub const RLX_RESIDENT_VERSION: u32 = 1;
