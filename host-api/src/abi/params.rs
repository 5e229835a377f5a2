//! Extension `params/1`: parameters beyond binding them one by one.

use super::{RlxBytes, RlxError, RlxExecutable, RlxStr};
use abi_stable::StableAbi;
use std::ffi::c_void;

/// The table of extension [`params`](RLX_PARAMS_ID) version 1 (frozen).
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxParamsApi {
    /// Size of this struct.
    pub struct_size: u64,
    /// Layout of this table, as [`RlxBackendApi::type_layout`](super::RlxBackendApi).
    pub type_layout: Option<unsafe extern "C" fn() -> *const c_void>,
    /// Overwrites `data.len` bytes at byte `offset` of the bound parameter `name`. Executables that share the parameter
    /// keep the old values.
    pub write: Option<
        unsafe extern "C" fn(
            executable: *mut RlxExecutable,
            name: RlxStr,
            offset: u64,
            data: RlxBytes,
        ) -> *mut RlxError,
    >,
    /// Binds each parameter of `executable` that `source`, of the same plugin, has bound under the same name, dtype and
    /// shape to the same memory on the device. Writes how many there were.
    pub share: Option<
        unsafe extern "C" fn(
            executable: *mut RlxExecutable,
            source: *mut RlxExecutable,
            count: *mut u64,
        ) -> *mut RlxError,
    >,
    /// A second executable of the same program, without compiling again: parameters are shared, resident inputs and
    /// feeds are as in the original and independent of it from then on.
    pub duplicate:
        Option<unsafe extern "C" fn(executable: *mut RlxExecutable, copy: *mut *mut RlxExecutable) -> *mut RlxError>,
}

/// Id of [`RlxParamsApi`].
pub const RLX_PARAMS_ID: &str = "params";
/// Version of [`RlxParamsApi`].
pub const RLX_PARAMS_VERSION: u32 = 1;
