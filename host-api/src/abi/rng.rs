//! Extension `rng/1`: what random numbers follow from.

use super::{RlxError, RlxExecutable};
use abi_stable::StableAbi;
use std::ffi::c_void;

/// The table of extension [`rng`](RLX_RNG_ID) version 1 (frozen).
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxRngApi {
    /// Size of this struct.
    pub struct_size: u64,
    /// Layout of this table, as [`RlxBackendApi::type_layout`](super::RlxBackendApi).
    pub type_layout: Option<unsafe extern "C" fn() -> *const c_void>,
    /// Says what the random numbers of all later runs follow from: a seed, and one of the generators `RLX_RNG_*`. Nothing is
    /// compiled again. Each run starts anew, so that runs of one seed draw the same numbers. Until it is called the seed is
    /// 42 and the generator Philox. A copy of the executable starts with what is in force.
    pub set: Option<unsafe extern "C" fn(executable: *mut RlxExecutable, seed: u64, generator: u32) -> *mut RlxError>,
}

/// Id of [`RlxRngApi`].
pub const RLX_RNG_ID: &str = "rng";
/// Version of [`RlxRngApi`].
pub const RLX_RNG_VERSION: u32 = 1;

/// Philox4x32-10 (`rlx_ir::RngBackend::Philox`).
pub const RLX_RNG_PHILOX: u32 = 0;
/// The generator of ONNX Runtime's processor backend (`rlx_ir::RngBackend::Ort`).
pub const RLX_RNG_ORT: u32 = 1;
/// AES in counter mode, as Apple's BNNS (`rlx_ir::RngBackend::Bnns`).
pub const RLX_RNG_BNNS: u32 = 2;
/// Zeros (`rlx_ir::RngBackend::Zero`).
pub const RLX_RNG_ZERO: u32 = 3;
