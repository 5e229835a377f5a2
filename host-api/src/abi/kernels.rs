//! Extension `kernels/1`: kernels that the host registers with a backend instance for `Op::Custom`, by the op's name.
//!
//! An executable keeps the kernels that it was compiled with: one that is replaced or unregistered serves those that have
//! it, and the next compilation meets the change. A program whose op has no kernel does not compile.

use super::{RlxBackend, RlxBytes, RlxBytesMut, RlxError, RlxKeyValue, RlxStr, RlxTensor, RlxTensorInfo};
use abi_stable::StableAbi;
use std::ffi::c_void;

// Kinds of kernels.

/// Builds its result lazily from operations of the plugin's engine ([`RlxKernel::compose`]); runs when a program is
/// lowered, not when it is evaluated.
pub const RLX_KERNEL_COMPOSED: u32 = 1;
/// Computes in host memory at evaluation ([`RlxKernel::compute`]).
pub const RLX_KERNEL_HOST: u32 = 2;
/// Source code that the engine compiles for its device at first use ([`RlxKernel::sources`]).
pub const RLX_KERNEL_SOURCE: u32 = 3;

// Languages of kernels from source.

/// Metal Shading Language.
pub const RLX_LANGUAGE_METAL: u32 = 1;
/// CUDA C++.
pub const RLX_LANGUAGE_CUDA: u32 = 2;

/// An array in a graph of the plugin's engine, lazy or evaluated (opaque).
#[repr(C)]
#[derive(StableAbi, Debug)]
pub struct RlxArray {
    _private: [u8; 0],
}

/// A place for a dense row-major tensor in host memory, not initialised (frozen).
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxTensorMut {
    /// One of `RLX_DTYPE_*`.
    pub dtype: u32,
    /// Number of entries of `dims`.
    pub rank: u32,
    /// Extents; NULL when `rank` is 0.
    pub dims: *const i64,
    /// Elements; aligned for the dtype.
    pub data: RlxBytesMut,
}

/// The node that a kernel computes. Names of tensors are empty.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxKernelCall {
    /// Size of this struct.
    pub struct_size: u64,
    /// Name of the op.
    pub op: RlxStr,
    /// Attributes of the node, as the graph has them.
    pub attrs: RlxBytes,
    /// Operands.
    pub inputs: *const RlxTensorInfo,
    /// Number of `inputs`.
    pub input_count: u64,
    /// Results that the kernel must give: the node's own dtype and shape, or what [`RlxKernel::outputs`] told.
    pub outputs: *const RlxTensorInfo,
    /// Number of `outputs`.
    pub output_count: u64,
}

/// Where a kernel tells its results (frozen).
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxTensorInfoSink {
    /// Passed to `emit`.
    pub context: *mut c_void,
    /// Takes one; `info` is copied.
    pub emit: Option<unsafe extern "C" fn(context: *mut c_void, info: *const RlxTensorInfo)>,
}

/// Where a kernel tells how it is launched (frozen).
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxLaunchSink {
    /// Passed to `emit`.
    pub context: *mut c_void,
    /// Takes the launch; it is copied.
    pub emit: Option<unsafe extern "C" fn(context: *mut c_void, launch: *const RlxLaunch)>,
}

/// Where a plugin tells its kernels (frozen).
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxKernelSink {
    /// Passed to `emit`.
    pub context: *mut c_void,
    /// Takes the name and kind of one; `op` is copied.
    pub emit: Option<unsafe extern "C" fn(context: *mut c_void, op: RlxStr, kind: u32)>,
}

/// A kernel to register. The plugin copies texts and lists during the call; it calls the functions from any thread, several
/// at once, until it calls `release`.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxKernel {
    /// Size of this struct.
    pub struct_size: u64,
    /// Name of the op.
    pub op: RlxStr,
    /// One of `RLX_KERNEL_*`; says which of the functions below must be there.
    pub kind: u32,
    /// Zero.
    pub reserved: u32,
    /// Passed to every function.
    pub context: *mut c_void,
    /// Called once, when neither the instance nor an executable needs the kernel any more, and after a failed
    /// registration; may be NULL.
    pub release: Option<unsafe extern "C" fn(context: *mut c_void)>,
    /// For several results: emits dtype and shape of each, all of the node's dtype; their elements, packed one after the
    /// other, are the node's value. NULL for one result, of the node's dtype and shape.
    pub outputs: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            call: *const RlxKernelCall,
            sink: *const RlxTensorInfoSink,
        ) -> *mut RlxError,
    >,
    /// `COMPOSED`: writes a fresh array to each of `outputs`, made with `ops`. `inputs` are borrowed.
    pub compose: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            call: *const RlxKernelCall,
            ops: *const RlxArrayOps,
            inputs: *const *mut RlxArray,
            outputs: *mut *mut RlxArray,
        ) -> *mut RlxError,
    >,
    /// `HOST`: reads `inputs`, fills all of `outputs`; the elements of both are aligned for their dtypes. It may not call
    /// the plugin, save for this table: such a call fails.
    pub compute: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            call: *const RlxKernelCall,
            inputs: *const RlxTensor,
            outputs: *const RlxTensorMut,
        ) -> *mut RlxError,
    >,
    /// `SOURCE`: emits how to launch it for one node.
    pub launch: Option<
        unsafe extern "C" fn(
            context: *mut c_void,
            call: *const RlxKernelCall,
            sink: *const RlxLaunchSink,
        ) -> *mut RlxError,
    >,
    /// `SOURCE`: one for each language that it is written in.
    pub sources: *const RlxKernelSource,
    /// Number of `sources`.
    pub source_count: u64,
    /// `SOURCE`: the kernel, of another kind, for devices that have none of the languages; NULL: programs do not compile
    /// for them. It has a context of its own.
    pub fallback: *const RlxKernel,
}

// Flags of [`RlxKernelSource::flags`].

/// Operands may be strided; else the engine makes them dense and row-major first.
pub const RLX_KERNEL_STRIDED_INPUTS: u32 = 1;
/// Results are atomic variables.
pub const RLX_KERNEL_ATOMIC_OUTPUTS: u32 = 2;

/// A kernel in one language. The engine writes the function's signature around `body` from the names.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxKernelSource {
    /// Size of this struct.
    pub struct_size: u64,
    /// One of `RLX_LANGUAGE_*`.
    pub language: u32,
    /// Any of `RLX_KERNEL_STRIDED_INPUTS`, `RLX_KERNEL_ATOMIC_OUTPUTS`.
    pub flags: u32,
    /// What goes before the function.
    pub header: RlxStr,
    /// Body of the function.
    pub body: RlxStr,
    /// Names of the operands in the body.
    pub input_names: *const RlxStr,
    /// Number of `input_names`.
    pub input_count: u64,
    /// Names of the results in the body.
    pub output_names: *const RlxStr,
    /// Number of `output_names`.
    pub output_count: u64,
    /// Bytes of dynamic shared memory of a block (CUDA).
    pub shared_memory: u64,
}

/// How to launch a kernel from source.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxLaunch {
    /// Size of this struct.
    pub struct_size: u64,
    /// Threads in all along x, y and z.
    pub grid: [u32; 3],
    /// Threads of a group (CUDA: block) along x, y and z.
    pub threadgroup: [u32; 3],
    /// Constants that the source sees: integers, booleans, and texts, which name a dtype as `f32` and are types.
    pub template_args: *const RlxKeyValue,
    /// Number of `template_args`.
    pub template_arg_count: u64,
    /// Nonzero: results start as `init` everywhere.
    pub has_init: u32,
    /// What results start as.
    pub init: f32,
}

/// An operation on arrays: name, C signature, function.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxArrayOp {
    /// Name.
    pub name: RlxStr,
    /// Number of results, `n` for a `uint64_t` behind the first argument; then a letter for each argument: `a` array,
    /// `o` array or NULL, `i` `int32_t`, `b` `int32_t` as a truth value, `u` `uint64_t`, `f` `float`, `d` `double`, `t`
    /// dtype and `e` value of an enum, both `uint32_t`, `s` `RlxStr`; for lists, pointer and `uint64_t` count: `l` of
    /// arrays, `v` of `int32_t`, `x` of `int32_t` or NULL, `w` of `int64_t`. A function is called only as it says.
    pub signature: RlxStr,
    /// Address of the function. Its first argument is where fresh results go; it returns NULL, or an error and no
    /// results.
    pub function: *const c_void,
}

/// What composed kernels build with. Lives as long as the process.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxArrayOps {
    /// Size of this struct.
    pub struct_size: u64,
    /// Operations, sorted by the bytes of their names.
    pub ops: *const RlxArrayOp,
    /// Number of `ops`.
    pub op_count: u64,
    /// Frees an array that an operation made; NULL is allowed.
    pub free: Option<unsafe extern "C" fn(array: *mut RlxArray)>,
    /// Writes dtype, rank and up to `capacity` extents.
    pub describe: Option<
        unsafe extern "C" fn(
            array: *const RlxArray,
            dtype: *mut u32,
            dims: *mut i64,
            capacity: u64,
            rank: *mut u64,
        ) -> *mut RlxError,
    >,
}

/// The table of extension [`kernels`](RLX_KERNELS_ID) version 1 (frozen).
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxKernelsApi {
    /// Size of this struct.
    pub struct_size: u64,
    /// Layout of this table, as [`RlxBackendApi::type_layout`](super::RlxBackendApi).
    pub type_layout: Option<unsafe extern "C" fn() -> *const c_void>,
    /// Registers a kernel; writes 1 to `replaced` when there was one for the op, else 0.
    pub register: Option<
        unsafe extern "C" fn(backend: *mut RlxBackend, kernel: *const RlxKernel, replaced: *mut u32) -> *mut RlxError,
    >,
    /// Unregisters the kernel of an op; writes 1 to `removed` when there was one, else 0.
    pub unregister:
        Option<unsafe extern "C" fn(backend: *mut RlxBackend, op: RlxStr, removed: *mut u32) -> *mut RlxError>,
    /// Writes the kind of the kernel of an op, 0 when there is none.
    pub lookup: Option<unsafe extern "C" fn(backend: *mut RlxBackend, op: RlxStr, kind: *mut u32) -> *mut RlxError>,
    /// Emits every kernel, sorted by op. `emit` may not call the plugin.
    pub list: Option<unsafe extern "C" fn(backend: *mut RlxBackend, sink: *const RlxKernelSink) -> *mut RlxError>,
}

/// Id of [`RlxKernelsApi`].
pub const RLX_KERNELS_ID: &str = "kernels";
/// Version of [`RlxKernelsApi`].
pub const RLX_KERNELS_VERSION: u32 = 1;
