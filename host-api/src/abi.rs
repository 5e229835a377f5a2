//! The wire ABI: everything that crosses the boundary between a host and a backend plugin.
//!
//! Plain C layout only: `#[repr(C)]` structs, `extern "C"` function slots, opaque handles, fixed-width integers and
//! pointer+length views. No Rust type, panic or C++ exception crosses, and what one side allocates that side frees.
//!
//! # Rules
//! * **Negotiation first.** A plugin exports one symbol, [`ENTRY_SYMBOL`], of type [`RlxBackendEntry`]. It answers
//!   with a [`RlxBackendApi`] of an ABI version that both sides speak, or refuses and names both ranges. No other code
//!   of the plugin runs before that.
//! * **Frozen tables.** [`RlxBackendApi`] never changes within a major version. New families of functions come as
//!   extension tables, looked up by id and version through [`RlxBackendApi::get_extension`]; NULL means "unsupported".
//! * **`struct_size` first.** In every struct that may grow ([`Growable`](crate::Growable)), the first field is the size
//!   in bytes of the struct as its writer knows it. A reader takes any size from that of version 1.0 on, and counts
//!   fields beyond it as zero. Growth is trailing fields only, in whole words of 8 bytes: a smaller field would lie in
//!   what is padding, of any content, for an older writer. The views [`RlxStr`], [`RlxBytes`], [`RlxBytesMut`],
//!   [`RlxValue`], [`RlxKeyValue`], [`RlxTensor`] and [`RlxVersion`] are frozen for ever and carry no size, because
//!   arrays of them cross. [`RlxError`] is frozen for ever too, so that a refusal can be read across major versions.
//! * **Errors are objects.** A fallible slot returns NULL for success or an [`RlxError`] that the receiver releases
//!   through the error's own `release`.
//! * **Lifetime.** Views passed *into* a call are valid for that call. Views that come *out* of a call live as long as
//!   the object they describe: plugin and device information for the process, executable information until the
//!   executable is destroyed.
//! * **Threads.** The plugin states its mode in [`RlxBackendInfo::threading`]; the host obeys it. In every mode one
//!   executable is used by one call at a time.

mod claims;
mod collectives;
mod extent;
mod kernels;
mod memory;
mod params;
mod pipeline;
mod profile;
mod resident;
mod rng;
mod timeline;

pub use claims::*;
pub use collectives::*;
pub use extent::*;
pub use kernels::*;
pub use memory::*;
pub use params::*;
pub use pipeline::*;
pub use profile::*;
pub use resident::*;
pub use rng::*;
pub use timeline::*;

use abi_stable::StableAbi;
use std::ffi::c_void;

/// Major of [`ABI_VERSION`].
pub const RLX_ABI_MAJOR: u32 = 1;
/// Minor of [`ABI_VERSION`].
pub const RLX_ABI_MINOR: u32 = 0;
/// Patch of [`ABI_VERSION`].
pub const RLX_ABI_PATCH: u32 = 0;

/// The ABI version this crate implements.
pub const ABI_VERSION: RlxVersion = RlxVersion { major: RLX_ABI_MAJOR, minor: RLX_ABI_MINOR, patch: RLX_ABI_PATCH };

/// The oldest ABI version whose tables this crate can serve or use.
pub const ABI_OLDEST: RlxVersion = RlxVersion { major: 1, minor: 0, patch: 0 };

/// The one symbol that a plugin exports, of type [`RlxBackendEntry`]; NUL-terminated. Its name and the first fields of
/// its two structs never change, in any major version, so that a refusal can always be told.
pub const ENTRY_SYMBOL: &[u8] = b"rlx_backend_entry\0";

/// A semantic version of the ABI (frozen).
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RlxVersion {
    /// Another major means another, incompatible ABI.
    pub major: u32,
    /// A higher minor adds extension tables and trailing struct fields.
    pub minor: u32,
    /// No meaning for compatibility.
    pub patch: u32,
}

/// A view of UTF-8 text, not NUL-terminated (frozen). `data` may be NULL when `len` is 0.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxStr {
    /// First byte.
    pub data: *const u8,
    /// Length in bytes.
    pub len: u64,
}

/// A view of read-only bytes (frozen). `data` may be NULL when `len` is 0.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxBytes {
    /// First byte; no alignment is promised.
    pub data: *const u8,
    /// Length in bytes.
    pub len: u64,
}

/// A view of writable bytes (frozen).
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxBytesMut {
    /// First byte; no alignment is promised. NULL says "not wanted" where a slot allows it.
    pub data: *mut u8,
    /// Capacity in bytes.
    pub len: u64,
}

// Values of [`RlxValue::kind`].

/// `int` holds a signed integer.
pub const RLX_VALUE_INT: u32 = 1;
/// `float` holds a double.
pub const RLX_VALUE_FLOAT: u32 = 2;
/// `int` is 0 or 1.
pub const RLX_VALUE_BOOL: u32 = 3;
/// `text` holds UTF-8.
pub const RLX_VALUE_STR: u32 = 4;

/// A typed value of an option or attribute (frozen); `RLX_VALUE_*` says which field counts.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxValue {
    /// One of `RLX_VALUE_*`.
    pub kind: u32,
    /// Zero.
    pub reserved: u32,
    /// Payload of `INT` and `BOOL`.
    pub int: i64,
    /// Payload of `FLOAT`.
    pub float: f64,
    /// Payload of `STR`.
    pub text: RlxStr,
}

/// A named value (frozen).
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxKeyValue {
    /// Name.
    pub key: RlxStr,
    /// Value.
    pub value: RlxValue,
}

// Element types, as `u32` on the wire: the `DType` of the RLX IR in its order of definition.

/// 32-bit float.
pub const RLX_DTYPE_F32: u32 = 0;
/// IEEE half.
pub const RLX_DTYPE_F16: u32 = 1;
/// bfloat16.
pub const RLX_DTYPE_BF16: u32 = 2;
/// 64-bit float.
pub const RLX_DTYPE_F64: u32 = 3;
/// Signed 8-bit.
pub const RLX_DTYPE_I8: u32 = 4;
/// Signed 16-bit.
pub const RLX_DTYPE_I16: u32 = 5;
/// Signed 32-bit.
pub const RLX_DTYPE_I32: u32 = 6;
/// Signed 64-bit.
pub const RLX_DTYPE_I64: u32 = 7;
/// Unsigned 8-bit.
pub const RLX_DTYPE_U8: u32 = 8;
/// Unsigned 32-bit.
pub const RLX_DTYPE_U32: u32 = 9;
/// One byte, 0 or 1.
pub const RLX_DTYPE_BOOL: u32 = 10;
/// Two interleaved f32: real, imaginary.
pub const RLX_DTYPE_C64: u32 = 11;
/// Two interleaved f64: real, imaginary.
pub const RLX_DTYPE_C128: u32 = 12;

/// A dense row-major tensor in host memory, little endian (frozen).
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxTensor {
    /// One of `RLX_DTYPE_*`.
    pub dtype: u32,
    /// Number of entries of `dims`.
    pub rank: u32,
    /// Extents; NULL when `rank` is 0.
    pub dims: *const i64,
    /// Elements.
    pub data: RlxBytes,
}

// Values of [`RlxError::code`].

/// An argument, graph, shape, dtype, option or file is wrong.
pub const RLX_ERROR_INVALID_ARGUMENT: u32 = 1;
/// The plugin lacks the op, dtype, option or extension.
pub const RLX_ERROR_UNSUPPORTED: u32 = 2;
/// A name, file or device does not exist.
pub const RLX_ERROR_NOT_FOUND: u32 = 3;
/// Memory ran out.
pub const RLX_ERROR_OUT_OF_MEMORY: u32 = 4;
/// The two sides have no ABI version in common, or a struct differs.
pub const RLX_ERROR_VERSION_MISMATCH: u32 = 5;
/// The plugin broke: a panic, an exception, a broken promise.
pub const RLX_ERROR_PLUGIN_FAULT: u32 = 6;
/// A deadline passed.
pub const RLX_ERROR_TIMED_OUT: u32 = 7;
/// The call is not possible now: parameters are missing, or the object is in use.
pub const RLX_ERROR_FAILED_PRECONDITION: u32 = 8;
/// Evaluation failed on the device.
pub const RLX_ERROR_EXECUTION_FAILED: u32 = 9;

/// An error object. The receiver reads it and then calls `release` with it, once.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxError {
    /// Size of this struct.
    pub struct_size: u64,
    /// One of `RLX_ERROR_*`; an unknown code reads as `PLUGIN_FAULT`.
    pub code: u32,
    /// Zero.
    pub reserved: u32,
    /// One line that names the thing (node, op, parameter, file) and the remedy.
    pub message: RlxStr,
    /// Details by name; may be NULL.
    pub details: *const RlxKeyValue,
    /// Number of `details`.
    pub detail_count: u64,
    /// Frees the object; never NULL.
    pub release: Option<unsafe extern "C" fn(error: *mut RlxError)>,
}

// Log levels, those of the `log` crate.

/// Something failed.
pub const RLX_LOG_ERROR: u32 = 1;
/// Something looks wrong.
pub const RLX_LOG_WARN: u32 = 2;
/// Worth knowing.
pub const RLX_LOG_INFO: u32 = 3;
/// For developers.
pub const RLX_LOG_DEBUG: u32 = 4;
/// Everything.
pub const RLX_LOG_TRACE: u32 = 5;

/// What the host offers the plugin, from the first call on. The table lives as long as the process.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxHostServices {
    /// Size of this struct.
    pub struct_size: u64,
    /// Passed back to every slot.
    pub context: *mut c_void,
    /// Name of the host program or library, for messages.
    pub name: RlxStr,
    /// Version of the host program or library.
    pub version: RlxStr,
    /// Nonzero when a record of `level` (`RLX_LOG_*`) for `target` would be written. Asked before formatting.
    pub log_enabled: Option<unsafe extern "C" fn(context: *mut c_void, level: u32, target: RlxStr) -> u32>,
    /// Writes one record. May be called from any thread of the plugin.
    pub log: Option<unsafe extern "C" fn(context: *mut c_void, level: u32, target: RlxStr, message: RlxStr)>,
}

/// First argument of the entry. `struct_size`, `abi_min` and `abi_max` keep their place in every major version.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxEntryRequest {
    /// Size of this struct.
    pub struct_size: u64,
    /// Oldest ABI that the host speaks.
    pub abi_min: RlxVersion,
    /// Newest ABI that the host speaks.
    pub abi_max: RlxVersion,
    /// The host's services; valid for the life of the process; may be NULL.
    pub services: *const RlxHostServices,
}

/// Second argument of the entry, filled by the plugin. `struct_size`, `abi_min` and `abi_max` keep their place in every
/// major version.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxEntryResponse {
    /// Size of this struct, set by the host.
    pub struct_size: u64,
    /// Oldest ABI that the plugin speaks; filled also on refusal.
    pub abi_min: RlxVersion,
    /// Newest ABI that the plugin speaks; filled also on refusal.
    pub abi_max: RlxVersion,
    /// The newest version inside both ranges, which both sides keep to from here on.
    pub abi_selected: RlxVersion,
    /// Zero.
    pub reserved: u32,
    /// The table, valid for the life of the process; NULL on refusal.
    pub api: *const RlxBackendApi,
}

/// Type of [`ENTRY_SYMBOL`]. Returns NULL and fills `response`, or refuses with an error.
///
/// # Safety
/// `request` and `response` point to structs of at least the size that their `struct_size` states.
pub type RlxBackendEntry =
    unsafe extern "C" fn(request: *const RlxEntryRequest, response: *mut RlxEntryResponse) -> *mut RlxError;

// Values of [`RlxBackendInfo::threading`].

/// Any thread may call; calls on different objects may overlap. One executable: one call at a time.
pub const RLX_THREADING_CONCURRENT: u32 = 0;
/// Any thread may call; the host makes one call at a time per backend instance.
pub const RLX_THREADING_SERIALIZED: u32 = 1;

/// What the plugin is. Everything it points to lives as long as the process.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxBackendInfo {
    /// Size of this struct, set by the host.
    pub struct_size: u64,
    /// Backend name as users select it: `mlx`.
    pub name: RlxStr,
    /// Version of the plugin (semver).
    pub version: RlxStr,
    /// Who made it.
    pub vendor: RlxStr,
    /// The engine underneath: `MLX`.
    pub engine: RlxStr,
    /// Version of the engine, as it reports itself.
    pub engine_version: RlxStr,
    /// Newest `.rlxmodel` format it reads.
    pub format_version: u32,
    /// Oldest opset it reads.
    pub opset_min: u32,
    /// Newest opset it reads.
    pub opset_max: u32,
    /// One of `RLX_THREADING_*`.
    pub threading: u32,
    /// Names of the ops (IR `OpKind`) that it compiles.
    pub ops: *const RlxStr,
    /// Number of `ops`.
    pub op_count: u64,
}

// Values of [`RlxDeviceInfo::kind`].

/// The processor.
pub const RLX_DEVICE_CPU: u32 = 1;
/// A GPU.
pub const RLX_DEVICE_GPU: u32 = 2;
/// Another accelerator.
pub const RLX_DEVICE_ACCELERATOR: u32 = 3;

/// One device that the plugin can use now.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxDeviceInfo {
    /// Size of this struct, set by the host.
    pub struct_size: u64,
    /// One of `RLX_DEVICE_*`.
    pub kind: u32,
    /// Index among the devices of its kind.
    pub ordinal: u32,
    /// Name for people.
    pub name: RlxStr,
    /// Stable hardware id (PCI address, UUID); empty when there is none.
    pub hardware_id: RlxStr,
    /// Total memory in bytes; 0 when unknown.
    pub memory_bytes: u64,
    /// More, by name; may be NULL.
    pub attributes: *const RlxKeyValue,
    /// Number of `attributes`.
    pub attribute_count: u64,
}

/// A backend instance on one device.
#[repr(C)]
#[derive(StableAbi)]
pub struct RlxBackend {
    private: [u8; 0],
}

/// A compiled graph.
#[repr(C)]
#[derive(StableAbi)]
pub struct RlxExecutable {
    private: [u8; 0],
}

/// Argument of [`RlxBackendApi::create`].
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxCreateArgs {
    /// Size of this struct.
    pub struct_size: u64,
    /// Index into the device list.
    pub device: u64,
    /// Options; an unknown key is an error.
    pub options: *const RlxKeyValue,
    /// Number of `options`.
    pub option_count: u64,
}

/// A named tensor.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxParamArgs {
    /// Size of this struct.
    pub struct_size: u64,
    /// Parameter name.
    pub name: RlxStr,
    /// Value: dtype and dims must be those that the graph declares.
    pub tensor: RlxTensor,
    /// NULL: the plugin copies during the call. Otherwise the memory stays unchanged until the plugin calls
    /// `release(release_context)`, which it does exactly once, from any thread, also when the call fails.
    pub release: Option<unsafe extern "C" fn(context: *mut c_void)>,
    /// Argument of `release`.
    pub release_context: *mut c_void,
}

/// Argument of [`RlxBackendApi::compile`].
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxCompileArgs {
    /// Size of this struct.
    pub struct_size: u64,
    /// A `.rlxmodel` text: one graph, or a module of several.
    pub program: RlxStr,
    /// Which graph of a module; empty when the program has one.
    pub graph: RlxStr,
    /// Options; an unknown key is an error.
    pub options: *const RlxKeyValue,
    /// Number of `options`.
    pub option_count: u64,
}

/// One input, parameter or output of an executable. Lives as long as the executable.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxTensorInfo {
    /// Size of this struct; also the stride of the arrays in [`RlxExecutableInfo`].
    pub struct_size: u64,
    /// Name; an unnamed output has an empty one.
    pub name: RlxStr,
    /// One of `RLX_DTYPE_*`.
    pub dtype: u32,
    /// Number of `dims`.
    pub rank: u32,
    /// Extents.
    pub dims: *const i64,
}

/// What an executable takes and gives. Lives as long as the executable.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxExecutableInfo {
    /// Size of this struct, set by the host.
    pub struct_size: u64,
    /// Inputs in the order of [`RlxRunArgs::inputs`].
    pub inputs: *const RlxTensorInfo,
    /// Number of `inputs`.
    pub input_count: u64,
    /// Parameters.
    pub params: *const RlxTensorInfo,
    /// Number of `params`.
    pub param_count: u64,
    /// Outputs in the order of [`RlxRunArgs::outputs`].
    pub outputs: *const RlxTensorInfo,
    /// Number of `outputs`.
    pub output_count: u64,
}

/// Argument of [`RlxBackendApi::run`].
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxRunArgs {
    /// Size of this struct.
    pub struct_size: u64,
    /// One view per input, in the declared order, dtype and size. NULL with length 0 leaves out an input that is bound
    /// as resident ([`RlxResidentApi`]).
    pub inputs: *const RlxBytes,
    /// Number of `inputs`.
    pub input_count: u64,
    /// One view per output, in the declared order; `data` NULL leaves that output on the device.
    pub outputs: *const RlxBytesMut,
    /// Number of `outputs`.
    pub output_count: u64,
}

/// The core table, frozen within a major version. Every slot must be filled.
#[repr(C)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub struct RlxBackendApi {
    /// Size of this struct.
    pub struct_size: u64,
    /// The ABI version that the plugin is built for; at least `RlxEntryResponse::abi_selected`. The table is the same in
    /// every minor.
    pub abi_version: RlxVersion,
    /// Zero.
    pub reserved: u32,
    /// `abi_stable` type layout of this table (`&'static TypeLayout` of abi_stable 0.11) for the layout check between
    /// Rust plugins and Rust hosts. NULL in plugins of other languages.
    pub type_layout: Option<unsafe extern "C" fn() -> *const c_void>,
    /// Fills `info`. Any thread, any time.
    pub info: Option<unsafe extern "C" fn(info: *mut RlxBackendInfo) -> *mut RlxError>,
    /// Writes the number of usable devices. Any thread, any time.
    pub device_count: Option<unsafe extern "C" fn(count: *mut u64) -> *mut RlxError>,
    /// Fills `info` for device `index`.
    pub device_info: Option<unsafe extern "C" fn(index: u64, info: *mut RlxDeviceInfo) -> *mut RlxError>,
    /// Makes a backend instance on one device.
    pub create:
        Option<unsafe extern "C" fn(args: *const RlxCreateArgs, backend: *mut *mut RlxBackend) -> *mut RlxError>,
    /// Frees an instance; NULL is allowed. Its executables must be gone.
    pub destroy: Option<unsafe extern "C" fn(backend: *mut RlxBackend)>,
    /// Compiles a graph.
    pub compile: Option<
        unsafe extern "C" fn(
            backend: *mut RlxBackend,
            args: *const RlxCompileArgs,
            executable: *mut *mut RlxExecutable,
        ) -> *mut RlxError,
    >,
    /// Frees an executable; NULL is allowed.
    pub executable_destroy: Option<unsafe extern "C" fn(executable: *mut RlxExecutable)>,
    /// Fills `info`.
    pub executable_info:
        Option<unsafe extern "C" fn(executable: *mut RlxExecutable, info: *mut RlxExecutableInfo) -> *mut RlxError>,
    /// Binds a parameter; it may be bound again, visible from the next run.
    pub set_param:
        Option<unsafe extern "C" fn(executable: *mut RlxExecutable, args: *const RlxParamArgs) -> *mut RlxError>,
    /// Runs once; blocks until the outputs are written. After an error the executable can be used again.
    pub run: Option<unsafe extern "C" fn(executable: *mut RlxExecutable, args: *const RlxRunArgs) -> *mut RlxError>,
    /// The extension table `id` of `version` (each starts with its `struct_size`), or NULL when the plugin lacks it.
    pub get_extension: Option<unsafe extern "C" fn(id: RlxStr, version: u32) -> *const c_void>,
    /// Stops the plugin's threads and drops its caches. Instances and executables must be gone; none can be made after.
    pub shutdown: Option<unsafe extern "C" fn() -> *mut RlxError>,
}
