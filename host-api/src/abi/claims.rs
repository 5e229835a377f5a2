//! Extension `claims/1`: which nodes of a program the plugin takes, and how each would run.
//!
//! [`RlxBackendInfo::ops`](super::RlxBackendInfo) claims an op for all that it may be; whether a node is taken may depend on
//! its attributes, dtypes and operands, on the device, and on the kernels that are registered.

use super::{RlxBackend, RlxCompileArgs, RlxError, RlxStr};
use abi_stable::StableAbi;
use std::ffi::c_void;

// Values of [`RlxClaim::how`].

/// Not taken: a program with this node does not compile.
pub const RLX_CLAIM_REFUSED: u32 = 0;
/// An input, a parameter or a constant: nothing to compute.
pub const RLX_CLAIM_LEAF: u32 = 1;
/// In the graph of the plugin's engine.
pub const RLX_CLAIM_GRAPH: u32 = 2;
/// Code on the processor that works in host memory: the plugin's own, or a kernel of the host's.
pub const RLX_CLAIM_HOST: u32 = 3;
/// A kernel from source code that the engine compiles for its device.
pub const RLX_CLAIM_SOURCE: u32 = 4;
/// The plugin decides at each run which of the nested graphs are computed, and how often.
pub const RLX_CLAIM_CONTROL_FLOW: u32 = 5;
/// Taken, and never computed: a derivative that belongs to a function.
pub const RLX_CLAIM_UNUSED: u32 = 6;

/// What the plugin does with one node.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxClaim {
    /// Size of this struct.
    pub struct_size: u64,
    /// One of `RLX_CLAIM_*`; one that a host does not know is that of a node which is taken.
    pub how: u32,
    /// How many nodes the node's graph is nested in; 0 for those of the program's graph itself.
    pub depth: u32,
    /// Name of the node's op (IR `OpKind`).
    pub op: RlxStr,
    /// Why it is not taken, on one line that need not name the node. Of one that is taken: what computes it, and for
    /// `RLX_CLAIM_HOST` why the engine does not; or empty.
    pub reason: RlxStr,
}

/// Where a plugin tells what it takes (frozen).
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxClaimSink {
    /// Passed to `emit`.
    pub context: *mut c_void,
    /// Takes what is said of one node; `claim` is copied.
    pub emit: Option<unsafe extern "C" fn(context: *mut c_void, claim: *const RlxClaim)>,
}

/// The table of extension [`claims`](RLX_CLAIMS_ID) version 1 (frozen).
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxClaimsApi {
    /// Size of this struct.
    pub struct_size: u64,
    /// Layout of this table, as [`RlxBackendApi::type_layout`](super::RlxBackendApi).
    pub type_layout: Option<unsafe extern "C" fn() -> *const c_void>,
    /// Emits what `compile` would do with each node of the program that `args` describe, on the device of `backend` and with
    /// the kernels that it has now: once for every node, those that nothing reads included. They come in the order of the
    /// graph; behind a node come those of the graphs nested in it, `then` before `else`, a condition before its body, and a
    /// function before its derivatives. `emit` may not call the plugin.
    ///
    /// An error says what is wrong with the program as a whole, a text that cannot be read for example; what has been emitted
    /// then means nothing. A node that is taken may still be refused by `compile` for what it is together with others.
    pub claim: Option<
        unsafe extern "C" fn(
            backend: *mut RlxBackend,
            args: *const RlxCompileArgs,
            sink: *const RlxClaimSink,
        ) -> *mut RlxError,
    >,
}

/// Id of [`RlxClaimsApi`].
pub const RLX_CLAIMS_ID: &str = "claims";
/// Version of [`RlxClaimsApi`].
pub const RLX_CLAIMS_VERSION: u32 = 1;
