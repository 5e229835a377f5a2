//! Extension `pipeline/1`: runs that are started without waiting for them.

use super::{RlxError, RlxExecutable, RlxRunArgs};
use abi_stable::StableAbi;
use std::ffi::c_void;

/// The table of extension [`pipeline`](RLX_PIPELINE_ID) version 1 (frozen).
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxPipelineApi {
    /// Size of this struct.
    pub struct_size: u64,
    /// Layout of this table, as [`RlxBackendApi::type_layout`](super::RlxBackendApi).
    pub type_layout: Option<unsafe extern "C" fn() -> *const c_void>,
    /// Starts a run and returns; inputs are taken before it returns, and no output may be wanted. Feeds happen in order.
    pub submit: Option<unsafe extern "C" fn(executable: *mut RlxExecutable, args: *const RlxRunArgs) -> *mut RlxError>,
    /// Waits for every submitted run; gives the first error among them.
    pub wait: Option<unsafe extern "C" fn(executable: *mut RlxExecutable) -> *mut RlxError>,
    /// Several runs, each with its own inputs and outputs, overlapped as far as the device can; returns when all
    /// outputs are written. `runs` is an array whose stride is the `struct_size` of its first entry.
    pub run_batch: Option<
        unsafe extern "C" fn(executable: *mut RlxExecutable, runs: *const RlxRunArgs, count: u64) -> *mut RlxError,
    >,
}

/// Id of [`RlxPipelineApi`].
pub const RLX_PIPELINE_ID: &str = "pipeline";
/// Version of [`RlxPipelineApi`].
pub const RLX_PIPELINE_VERSION: u32 = 1;
