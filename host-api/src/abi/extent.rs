//! Extension `extent/1`: runs that compute the first rows alone.

use super::{RlxError, RlxExecutable};
use abi_stable::StableAbi;
use std::ffi::c_void;

/// The table of extension [`extent`](RLX_EXTENT_ID) version 1 (frozen).
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxExtentApi {
    /// Size of this struct.
    pub struct_size: u64,
    /// Layout of this table, as [`RlxBackendApi::type_layout`](super::RlxBackendApi).
    pub type_layout: Option<unsafe extern "C" fn() -> *const c_void>,
    /// A hint for all later runs: of tensors whose first axis has the extent `upper`, the host fills and reads the first
    /// `actual` rows alone. `upper` 0 ends it; `actual` is at most `upper`. Sizes of inputs and outputs stay those that are
    /// declared. What the host finds in rows of outputs beyond `actual` is undefined; the first rows are those of a run of
    /// the whole, as far as the order of additions in a product does not depend on the number of rows.
    ///
    /// `honoured` gets 1 if runs compute less now, 0 if they compute the whole, which is as right. After an error no
    /// extent is in force.
    pub set: Option<
        unsafe extern "C" fn(
            executable: *mut RlxExecutable,
            actual: u64,
            upper: u64,
            honoured: *mut u32,
        ) -> *mut RlxError,
    >,
}

/// Id of [`RlxExtentApi`].
pub const RLX_EXTENT_ID: &str = "extent";
/// Version of [`RlxExtentApi`].
pub const RLX_EXTENT_VERSION: u32 = 1;
