// The wire ABI: everything that crosses the boundary between a host and a backend plugin.
//
// Plain C layout only: `#[repr(C)]` structs, `extern "C"` function slots, opaque handles, fixed-width integers and
// pointer+length views. No Rust type, panic or C++ exception crosses, and what one side allocates that side frees.
//
// * **Negotiation first.** A plugin exports one symbol, `RLX_ENTRY_SYMBOL`, of type `RlxBackendEntry`. It answers
//   with a `RlxBackendApi` of an ABI version that both sides speak, or refuses and names both ranges. No other code
//   of the plugin runs before that.
// * **Frozen tables.** `RlxBackendApi` never changes within a major version. New families of functions come as
//   extension tables, looked up by id and version through `RlxBackendApi.get_extension`; NULL means "unsupported".
// * **`struct_size` first.** In every struct that may grow, the first field is the size
//   in bytes of the struct as its writer knows it. A reader takes any size from that of version 1.0 on, and counts
//   fields beyond it as zero. Growth is trailing fields only, in whole words of 8 bytes: a smaller field would lie in
//   what is padding, of any content, for an older writer. The views `RlxStr`, `RlxBytes`, `RlxBytesMut`,
//   `RlxValue`, `RlxKeyValue`, `RlxTensor` and `RlxVersion` are frozen for ever and carry no size, because
//   arrays of them cross. `RlxError` is frozen for ever too, so that a refusal can be read across major versions.
// * **Errors are objects.** A fallible slot returns NULL for success or an `RlxError` that the receiver releases
//   through the error's own `release`.
// * **Lifetime.** Views passed *into* a call are valid for that call. Views that come *out* of a call live as long as
//   the object they describe: plugin and device information for the process, executable information until the
//   executable is destroyed.
// * **Threads.** The plugin states its mode in `RlxBackendInfo.threading`; the host obeys it. In every mode one
//   executable is used by one call at a time.
//
// Written by `cargo xtask header` from host-api/src/abi.rs: change that file, not this one.

#ifndef RLX_BACKEND_H
#define RLX_BACKEND_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The ABI version that this header describes, as the initialiser of an `RlxVersion`.
#define RLX_ABI_VERSION {RLX_ABI_MAJOR, RLX_ABI_MINOR, RLX_ABI_PATCH}
/// The oldest ABI version that a user of this header can serve or use, likewise.
#define RLX_ABI_OLDEST {1, 0, 0}
/// The one symbol that a plugin exports, of type `RlxBackendEntry`.
#define RLX_ENTRY_SYMBOL "rlx_backend_entry"
/// A string literal as the initialiser of an `RlxStr`.
#define RLX_STR(literal) {(const uint8_t *)("" literal), sizeof(literal) - 1}
/// Ids of extensions.
#define RLX_PARAMS_ID "params"
#define RLX_RESIDENT_ID "resident"
#define RLX_PIPELINE_ID "pipeline"
#define RLX_MEMORY_ID "memory"
#define RLX_PROFILE_ID "profile"
#define RLX_KERNELS_ID "kernels"
#define RLX_EXTENT_ID "extent"
#define RLX_CLAIMS_ID "claims"
#define RLX_RNG_ID "rng"
#define RLX_TIMELINE_ID "timeline"
#define RLX_COLLECTIVES_ID "collectives"

typedef struct RlxVersion RlxVersion;
typedef struct RlxStr RlxStr;
typedef struct RlxBytes RlxBytes;
typedef struct RlxBytesMut RlxBytesMut;
typedef struct RlxValue RlxValue;
typedef struct RlxKeyValue RlxKeyValue;
typedef struct RlxTensor RlxTensor;
typedef struct RlxError RlxError;
typedef struct RlxHostServices RlxHostServices;
typedef struct RlxEntryRequest RlxEntryRequest;
typedef struct RlxEntryResponse RlxEntryResponse;
typedef struct RlxBackendInfo RlxBackendInfo;
typedef struct RlxDeviceInfo RlxDeviceInfo;
typedef struct RlxCreateArgs RlxCreateArgs;
typedef struct RlxParamArgs RlxParamArgs;
typedef struct RlxCompileArgs RlxCompileArgs;
typedef struct RlxTensorInfo RlxTensorInfo;
typedef struct RlxExecutableInfo RlxExecutableInfo;
typedef struct RlxRunArgs RlxRunArgs;
typedef struct RlxBackendApi RlxBackendApi;
typedef struct RlxParamsApi RlxParamsApi;
typedef struct RlxSegment RlxSegment;
typedef struct RlxCopyArgs RlxCopyArgs;
typedef struct RlxResidentApi RlxResidentApi;
typedef struct RlxPipelineApi RlxPipelineApi;
typedef struct RlxMemoryStats RlxMemoryStats;
typedef struct RlxMemoryApi RlxMemoryApi;
typedef struct RlxExecutableCounters RlxExecutableCounters;
typedef struct RlxProfileApi RlxProfileApi;
typedef struct RlxTensorMut RlxTensorMut;
typedef struct RlxKernelCall RlxKernelCall;
typedef struct RlxTensorInfoSink RlxTensorInfoSink;
typedef struct RlxLaunchSink RlxLaunchSink;
typedef struct RlxKernelSink RlxKernelSink;
typedef struct RlxKernel RlxKernel;
typedef struct RlxKernelSource RlxKernelSource;
typedef struct RlxLaunch RlxLaunch;
typedef struct RlxArrayOp RlxArrayOp;
typedef struct RlxArrayOps RlxArrayOps;
typedef struct RlxKernelsApi RlxKernelsApi;
typedef struct RlxExtentApi RlxExtentApi;
typedef struct RlxClaim RlxClaim;
typedef struct RlxClaimSink RlxClaimSink;
typedef struct RlxClaimsApi RlxClaimsApi;
typedef struct RlxRngApi RlxRngApi;
typedef struct RlxSpan RlxSpan;
typedef struct RlxSpanSink RlxSpanSink;
typedef struct RlxTimelineApi RlxTimelineApi;
typedef struct RlxGroupArgs RlxGroupArgs;
typedef struct RlxGroupInfo RlxGroupInfo;
typedef struct RlxNameSink RlxNameSink;
typedef struct RlxBytesSink RlxBytesSink;
typedef struct RlxCollectivesApi RlxCollectivesApi;

/// Major of `RLX_ABI_VERSION`.
#define RLX_ABI_MAJOR 1
/// Minor of `RLX_ABI_VERSION`.
#define RLX_ABI_MINOR 0
/// Patch of `RLX_ABI_VERSION`.
#define RLX_ABI_PATCH 0

/// `int_` holds a signed integer.
#define RLX_VALUE_INT 1
/// `float_` holds a double.
#define RLX_VALUE_FLOAT 2
/// `int_` is 0 or 1.
#define RLX_VALUE_BOOL 3
/// `text` holds UTF-8.
#define RLX_VALUE_STR 4

/// 32-bit float.
#define RLX_DTYPE_F32 0
/// IEEE half.
#define RLX_DTYPE_F16 1
/// bfloat16.
#define RLX_DTYPE_BF16 2
/// 64-bit float.
#define RLX_DTYPE_F64 3
/// Signed 8-bit.
#define RLX_DTYPE_I8 4
/// Signed 16-bit.
#define RLX_DTYPE_I16 5
/// Signed 32-bit.
#define RLX_DTYPE_I32 6
/// Signed 64-bit.
#define RLX_DTYPE_I64 7
/// Unsigned 8-bit.
#define RLX_DTYPE_U8 8
/// Unsigned 32-bit.
#define RLX_DTYPE_U32 9
/// One byte, 0 or 1.
#define RLX_DTYPE_BOOL 10
/// Two interleaved f32: real, imaginary.
#define RLX_DTYPE_C64 11
/// Two interleaved f64: real, imaginary.
#define RLX_DTYPE_C128 12

/// An argument, graph, shape, dtype, option or file is wrong.
#define RLX_ERROR_INVALID_ARGUMENT 1
/// The plugin lacks the op, dtype, option or extension.
#define RLX_ERROR_UNSUPPORTED 2
/// A name, file or device does not exist.
#define RLX_ERROR_NOT_FOUND 3
/// Memory ran out.
#define RLX_ERROR_OUT_OF_MEMORY 4
/// The two sides have no ABI version in common, or a struct differs.
#define RLX_ERROR_VERSION_MISMATCH 5
/// The plugin broke: a panic, an exception, a broken promise.
#define RLX_ERROR_PLUGIN_FAULT 6
/// A deadline passed.
#define RLX_ERROR_TIMED_OUT 7
/// The call is not possible now: parameters are missing, or the object is in use.
#define RLX_ERROR_FAILED_PRECONDITION 8
/// Evaluation failed on the device.
#define RLX_ERROR_EXECUTION_FAILED 9

/// Something failed.
#define RLX_LOG_ERROR 1
/// Something looks wrong.
#define RLX_LOG_WARN 2
/// Worth knowing.
#define RLX_LOG_INFO 3
/// For developers.
#define RLX_LOG_DEBUG 4
/// Everything.
#define RLX_LOG_TRACE 5

/// Any thread may call; calls on different objects may overlap. One executable: one call at a time.
#define RLX_THREADING_CONCURRENT 0
/// Any thread may call; the host makes one call at a time per backend instance.
#define RLX_THREADING_SERIALIZED 1

/// The processor.
#define RLX_DEVICE_CPU 1
/// A GPU.
#define RLX_DEVICE_GPU 2
/// Another accelerator.
#define RLX_DEVICE_ACCELERATOR 3

/// Not taken: a program with this node does not compile.
#define RLX_CLAIM_REFUSED 0
/// An input, a parameter or a constant: nothing to compute.
#define RLX_CLAIM_LEAF 1
/// In the graph of the plugin's engine.
#define RLX_CLAIM_GRAPH 2
/// Code on the processor that works in host memory: the plugin's own, or a kernel of the host's.
#define RLX_CLAIM_HOST 3
/// A kernel from source code that the engine compiles for its device.
#define RLX_CLAIM_SOURCE 4
/// The plugin decides at each run which of the nested graphs are computed, and how often.
#define RLX_CLAIM_CONTROL_FLOW 5
/// Taken, and never computed: a derivative that belongs to a function.
#define RLX_CLAIM_UNUSED 6

/// Version of `RlxClaimsApi`.
#define RLX_CLAIMS_VERSION 1

/// Sum.
#define RLX_REDUCE_SUM 0
/// Maximum.
#define RLX_REDUCE_MAX 1
/// Minimum.
#define RLX_REDUCE_MIN 2

/// Version of `RlxCollectivesApi`.
#define RLX_COLLECTIVES_VERSION 1

/// Version of `RlxExtentApi`.
#define RLX_EXTENT_VERSION 1

/// Builds its result lazily from operations of the plugin's engine (`RlxKernel.compose`); runs when a program is
/// lowered, not when it is evaluated.
#define RLX_KERNEL_COMPOSED 1
/// Computes in host memory at evaluation (`RlxKernel.compute`).
#define RLX_KERNEL_HOST 2
/// Source code that the engine compiles for its device at first use (`RlxKernel.sources`).
#define RLX_KERNEL_SOURCE 3

/// Metal Shading Language.
#define RLX_LANGUAGE_METAL 1
/// CUDA C++.
#define RLX_LANGUAGE_CUDA 2

/// Operands may be strided; else the engine makes them dense and row-major first.
#define RLX_KERNEL_STRIDED_INPUTS 1
/// Results are atomic variables.
#define RLX_KERNEL_ATOMIC_OUTPUTS 2

/// Version of `RlxKernelsApi`.
#define RLX_KERNELS_VERSION 1

/// On memory in use.
#define RLX_MEMORY_LIMIT 0
/// On memory kept for reuse.
#define RLX_MEMORY_CACHE_LIMIT 1
/// Version of `RlxMemoryApi`.
#define RLX_MEMORY_VERSION 1

/// Version of `RlxParamsApi`.
#define RLX_PARAMS_VERSION 1

/// Version of `RlxPipelineApi`.
#define RLX_PIPELINE_VERSION 1

/// Version of `RlxProfileApi`.
#define RLX_PROFILE_VERSION 1

/// `source_index` is an output of the last run.
#define RLX_SOURCE_OUTPUT 0
/// `source_index` is a resident input.
#define RLX_SOURCE_INPUT 1

/// Ends a feed.
#define RLX_NO_OUTPUT UINT64_MAX

/// Version of `RlxResidentApi`.
#define RLX_RESIDENT_VERSION 1

/// Version of `RlxRngApi`.
#define RLX_RNG_VERSION 1
/// Philox4x32-10 (`rlx_ir::RngBackend::Philox`).
#define RLX_RNG_PHILOX 0
/// The generator of ONNX Runtime's processor backend (`rlx_ir::RngBackend::Ort`).
#define RLX_RNG_ORT 1
/// AES in counter mode, as Apple's BNNS (`rlx_ir::RngBackend::Bnns`).
#define RLX_RNG_BNNS 2
/// Zeros (`rlx_ir::RngBackend::Zero`).
#define RLX_RNG_ZERO 3

/// Version of `RlxTimelineApi`.
#define RLX_TIMELINE_VERSION 1

/// A semantic version of the ABI (frozen).
struct RlxVersion {
    /// Another major means another, incompatible ABI.
    uint32_t major;
    /// A higher minor adds extension tables and trailing struct fields.
    uint32_t minor;
    /// No meaning for compatibility.
    uint32_t patch;
};

/// A view of UTF-8 text, not NUL-terminated (frozen). `data` may be NULL when `len` is 0.
struct RlxStr {
    /// First byte.
    const uint8_t *data;
    /// Length in bytes.
    uint64_t len;
};

/// A view of read-only bytes (frozen). `data` may be NULL when `len` is 0.
struct RlxBytes {
    /// First byte; no alignment is promised.
    const uint8_t *data;
    /// Length in bytes.
    uint64_t len;
};

/// A view of writable bytes (frozen).
struct RlxBytesMut {
    /// First byte; no alignment is promised. NULL says "not wanted" where a slot allows it.
    uint8_t *data;
    /// Capacity in bytes.
    uint64_t len;
};

/// A typed value of an option or attribute (frozen); `RLX_VALUE_*` says which field counts.
struct RlxValue {
    /// One of `RLX_VALUE_*`.
    uint32_t kind;
    /// Zero.
    uint32_t reserved;
    /// Payload of `INT` and `BOOL`.
    int64_t int_;
    /// Payload of `FLOAT`.
    double float_;
    /// Payload of `STR`.
    RlxStr text;
};

/// A named value (frozen).
struct RlxKeyValue {
    /// Name.
    RlxStr key;
    /// Value.
    RlxValue value;
};

/// A dense row-major tensor in host memory, little endian (frozen).
struct RlxTensor {
    /// One of `RLX_DTYPE_*`.
    uint32_t dtype;
    /// Number of entries of `dims`.
    uint32_t rank;
    /// Extents; NULL when `rank` is 0.
    const int64_t *dims;
    /// Elements.
    RlxBytes data;
};

/// An error object. The receiver reads it and then calls `release` with it, once.
struct RlxError {
    /// Size of this struct.
    uint64_t struct_size;
    /// One of `RLX_ERROR_*`; an unknown code reads as `PLUGIN_FAULT`.
    uint32_t code;
    /// Zero.
    uint32_t reserved;
    /// One line that names the thing (node, op, parameter, file) and the remedy.
    RlxStr message;
    /// Details by name; may be NULL.
    const RlxKeyValue *details;
    /// Number of `details`.
    uint64_t detail_count;
    /// Frees the object; never NULL.
    void (*release)(RlxError *error);
};

/// What the host offers the plugin, from the first call on. The table lives as long as the process.
struct RlxHostServices {
    /// Size of this struct.
    uint64_t struct_size;
    /// Passed back to every slot.
    void *context;
    /// Name of the host program or library, for messages.
    RlxStr name;
    /// Version of the host program or library.
    RlxStr version;
    /// Nonzero when a record of `level` (`RLX_LOG_*`) for `target` would be written. Asked before formatting.
    uint32_t (*log_enabled)(void *context, uint32_t level, RlxStr target);
    /// Writes one record. May be called from any thread of the plugin.
    void (*log)(void *context, uint32_t level, RlxStr target, RlxStr message);
};

/// First argument of the entry. `struct_size`, `abi_min` and `abi_max` keep their place in every major version.
struct RlxEntryRequest {
    /// Size of this struct.
    uint64_t struct_size;
    /// Oldest ABI that the host speaks.
    RlxVersion abi_min;
    /// Newest ABI that the host speaks.
    RlxVersion abi_max;
    /// The host's services; valid for the life of the process; may be NULL.
    const RlxHostServices *services;
};

/// What the plugin is. Everything it points to lives as long as the process.
struct RlxBackendInfo {
    /// Size of this struct, set by the host.
    uint64_t struct_size;
    /// Backend name as users select it: `mlx`.
    RlxStr name;
    /// Version of the plugin (semver).
    RlxStr version;
    /// Who made it.
    RlxStr vendor;
    /// The engine underneath: `MLX`.
    RlxStr engine;
    /// Version of the engine, as it reports itself.
    RlxStr engine_version;
    /// Newest `.rlxmodel` format it reads.
    uint32_t format_version;
    /// Oldest opset it reads.
    uint32_t opset_min;
    /// Newest opset it reads.
    uint32_t opset_max;
    /// One of `RLX_THREADING_*`.
    uint32_t threading;
    /// Names of the ops (IR `OpKind`) that it compiles.
    const RlxStr *ops;
    /// Number of `ops`.
    uint64_t op_count;
};

/// One device that the plugin can use now.
struct RlxDeviceInfo {
    /// Size of this struct, set by the host.
    uint64_t struct_size;
    /// One of `RLX_DEVICE_*`.
    uint32_t kind;
    /// Index among the devices of its kind.
    uint32_t ordinal;
    /// Name for people.
    RlxStr name;
    /// Stable hardware id (PCI address, UUID); empty when there is none.
    RlxStr hardware_id;
    /// Total memory in bytes; 0 when unknown.
    uint64_t memory_bytes;
    /// More, by name; may be NULL.
    const RlxKeyValue *attributes;
    /// Number of `attributes`.
    uint64_t attribute_count;
};

/// Argument of `RlxBackendApi.create`.
struct RlxCreateArgs {
    /// Size of this struct.
    uint64_t struct_size;
    /// Index into the device list.
    uint64_t device;
    /// Options; an unknown key is an error.
    const RlxKeyValue *options;
    /// Number of `options`.
    uint64_t option_count;
};

/// A backend instance on one device.
typedef struct RlxBackend RlxBackend;

/// Argument of `RlxBackendApi.compile`.
struct RlxCompileArgs {
    /// Size of this struct.
    uint64_t struct_size;
    /// A `.rlxmodel` text: one graph, or a module of several.
    RlxStr program;
    /// Which graph of a module; empty when the program has one.
    RlxStr graph;
    /// Options; an unknown key is an error.
    const RlxKeyValue *options;
    /// Number of `options`.
    uint64_t option_count;
};

/// A compiled graph.
typedef struct RlxExecutable RlxExecutable;

/// One input, parameter or output of an executable. Lives as long as the executable.
struct RlxTensorInfo {
    /// Size of this struct; also the stride of the arrays in `RlxExecutableInfo`.
    uint64_t struct_size;
    /// Name; an unnamed output has an empty one.
    RlxStr name;
    /// One of `RLX_DTYPE_*`.
    uint32_t dtype;
    /// Number of `dims`.
    uint32_t rank;
    /// Extents.
    const int64_t *dims;
};

/// What an executable takes and gives. Lives as long as the executable.
struct RlxExecutableInfo {
    /// Size of this struct, set by the host.
    uint64_t struct_size;
    /// Inputs in the order of `RlxRunArgs.inputs`.
    const RlxTensorInfo *inputs;
    /// Number of `inputs`.
    uint64_t input_count;
    /// Parameters.
    const RlxTensorInfo *params;
    /// Number of `params`.
    uint64_t param_count;
    /// Outputs in the order of `RlxRunArgs.outputs`.
    const RlxTensorInfo *outputs;
    /// Number of `outputs`.
    uint64_t output_count;
};

/// A named tensor.
struct RlxParamArgs {
    /// Size of this struct.
    uint64_t struct_size;
    /// Parameter name.
    RlxStr name;
    /// Value: dtype and dims must be those that the graph declares.
    RlxTensor tensor;
    /// NULL: the plugin copies during the call. Otherwise the memory stays unchanged until the plugin calls
    /// `release(release_context)`, which it does exactly once, from any thread, also when the call fails.
    void (*release)(void *context);
    /// Argument of `release`.
    void *release_context;
};

/// Argument of `RlxBackendApi.run`.
struct RlxRunArgs {
    /// Size of this struct.
    uint64_t struct_size;
    /// One view per input, in the declared order, dtype and size. NULL with length 0 leaves out an input that is bound
    /// as resident (`RlxResidentApi`).
    const RlxBytes *inputs;
    /// Number of `inputs`.
    uint64_t input_count;
    /// One view per output, in the declared order; `data` NULL leaves that output on the device.
    const RlxBytesMut *outputs;
    /// Number of `outputs`.
    uint64_t output_count;
};

/// The core table, frozen within a major version. Every slot must be filled.
struct RlxBackendApi {
    /// Size of this struct.
    uint64_t struct_size;
    /// The ABI version that the plugin is built for; at least `RlxEntryResponse::abi_selected`. The table is the same in
    /// every minor.
    RlxVersion abi_version;
    /// Zero.
    uint32_t reserved;
    /// `abi_stable` type layout of this table (`&'static TypeLayout` of abi_stable 0.11) for the layout check between
    /// Rust plugins and Rust hosts. NULL in plugins of other languages.
    const void *(*type_layout)(void);
    /// Fills `info`. Any thread, any time.
    RlxError *(*info)(RlxBackendInfo *info);
    /// Writes the number of usable devices. Any thread, any time.
    RlxError *(*device_count)(uint64_t *count);
    /// Fills `info` for device `index`.
    RlxError *(*device_info)(uint64_t index, RlxDeviceInfo *info);
    /// Makes a backend instance on one device.
    RlxError *(*create)(const RlxCreateArgs *args, RlxBackend **backend);
    /// Frees an instance; NULL is allowed. Its executables must be gone.
    void (*destroy)(RlxBackend *backend);
    /// Compiles a graph.
    RlxError *(*compile)(RlxBackend *backend, const RlxCompileArgs *args, RlxExecutable **executable);
    /// Frees an executable; NULL is allowed.
    void (*executable_destroy)(RlxExecutable *executable);
    /// Fills `info`.
    RlxError *(*executable_info)(RlxExecutable *executable, RlxExecutableInfo *info);
    /// Binds a parameter; it may be bound again, visible from the next run.
    RlxError *(*set_param)(RlxExecutable *executable, const RlxParamArgs *args);
    /// Runs once; blocks until the outputs are written. After an error the executable can be used again.
    RlxError *(*run)(RlxExecutable *executable, const RlxRunArgs *args);
    /// The extension table `id` of `version` (each starts with its `struct_size`), or NULL when the plugin lacks it.
    const void *(*get_extension)(RlxStr id, uint32_t version);
    /// Stops the plugin's threads and drops its caches. Instances and executables must be gone; none can be made after.
    RlxError *(*shutdown)(void);
};

/// Second argument of the entry, filled by the plugin. `struct_size`, `abi_min` and `abi_max` keep their place in every
/// major version.
struct RlxEntryResponse {
    /// Size of this struct, set by the host.
    uint64_t struct_size;
    /// Oldest ABI that the plugin speaks; filled also on refusal.
    RlxVersion abi_min;
    /// Newest ABI that the plugin speaks; filled also on refusal.
    RlxVersion abi_max;
    /// The newest version inside both ranges, which both sides keep to from here on.
    RlxVersion abi_selected;
    /// Zero.
    uint32_t reserved;
    /// The table, valid for the life of the process; NULL on refusal.
    const RlxBackendApi *api;
};

/// The table of extension `params` version 1 (frozen).
struct RlxParamsApi {
    /// Size of this struct.
    uint64_t struct_size;
    /// Layout of this table, as `RlxBackendApi.type_layout`.
    const void *(*type_layout)(void);
    /// Overwrites `data.len` bytes at byte `offset` of the bound parameter `name`. Executables that share the parameter
    /// keep the old values.
    RlxError *(*write)(RlxExecutable *executable, RlxStr name, uint64_t offset, RlxBytes data);
    /// Binds each parameter of `executable` that `source`, of the same plugin, has bound under the same name, dtype and
    /// shape to the same memory on the device. Writes how many there were.
    RlxError *(*share)(RlxExecutable *executable, RlxExecutable *source, uint64_t *count);
    /// A second executable of the same program, without compiling again: parameters are shared, resident inputs and
    /// feeds are as in the original and independent of it from then on.
    RlxError *(*duplicate)(RlxExecutable *executable, RlxExecutable **copy);
};

/// One contiguous piece of a copy, in elements of the two dense tensors (frozen).
struct RlxSegment {
    /// First element in the source.
    uint64_t source;
    /// First element in the target.
    uint64_t target;
    /// Number of elements.
    uint64_t len;
};

/// Argument of `RlxResidentApi.copy`.
struct RlxCopyArgs {
    /// Size of this struct.
    uint64_t struct_size;
    /// The resident input that is written.
    uint64_t target;
    /// Executable of the same plugin that has the source; NULL for the target's own. No call may be in it.
    RlxExecutable *source;
    /// One of `RLX_SOURCE_*`.
    uint32_t source_kind;
    /// Zero.
    uint32_t reserved;
    /// Which output or input.
    uint64_t source_index;
    /// The pieces.
    const RlxSegment *segments;
    /// Number of `segments`.
    uint64_t segment_count;
};

/// The table of extension `resident` version 1 (frozen). Inputs and outputs are named by their index
/// in `RlxExecutableInfo`.
struct RlxResidentApi {
    /// Size of this struct.
    uint64_t struct_size;
    /// Layout of this table, as `RlxBackendApi.type_layout`.
    const void *(*type_layout)(void);
    /// Uploads `tensor`, of the declared dtype and shape, as the value of `input`; NULL takes the binding away.
    RlxError *(*bind)(RlxExecutable *executable, uint64_t input, const RlxTensor *tensor);
    /// Writes 1 when `input` is bound, else 0.
    RlxError *(*is_bound)(RlxExecutable *executable, uint64_t input, uint32_t *bound);
    /// Downloads `out.len` bytes from byte `offset` of the bound `input`.
    RlxError *(*read)(RlxExecutable *executable, uint64_t input, uint64_t offset, RlxBytesMut out);
    /// From now on `input` becomes output `output` after every run, without a transfer; dtype and shape are alike.
    /// `RLX_NO_OUTPUT` ends it.
    RlxError *(*feed)(RlxExecutable *executable, uint64_t input, uint64_t output);
    /// Copies pieces of an output of the last run, or of a resident input, into a resident input, on the device and in
    /// place: nothing but the pieces is moved.
    RlxError *(*copy)(RlxExecutable *executable, const RlxCopyArgs *args);
    /// Downloads `out.len` bytes from byte `offset` of output `output` of the last run, also one that was not wanted.
    RlxError *(*read_output)(RlxExecutable *executable, uint64_t output, uint64_t offset, RlxBytesMut out);
    /// Keeps the values of these bound inputs, in place of those saved before.
    RlxError *(*save)(RlxExecutable *executable, const uint64_t *inputs, uint64_t count);
    /// Binds what `save` kept; it may be restored again.
    RlxError *(*restore)(RlxExecutable *executable);
};

/// The table of extension `pipeline` version 1 (frozen).
struct RlxPipelineApi {
    /// Size of this struct.
    uint64_t struct_size;
    /// Layout of this table, as `RlxBackendApi.type_layout`.
    const void *(*type_layout)(void);
    /// Starts a run and returns; inputs are taken before it returns, and no output may be wanted. Feeds happen in order.
    RlxError *(*submit)(RlxExecutable *executable, const RlxRunArgs *args);
    /// Waits for every submitted run; gives the first error among them.
    RlxError *(*wait)(RlxExecutable *executable);
    /// Several runs, each with its own inputs and outputs, overlapped as far as the device can; returns when all
    /// outputs are written. `runs` is an array whose stride is the `struct_size` of its first entry.
    RlxError *(*run_batch)(RlxExecutable *executable, const RlxRunArgs *runs, uint64_t count);
};

/// Memory of the engine on the device of an instance, in bytes.
struct RlxMemoryStats {
    /// Size of this struct, set by the host.
    uint64_t struct_size;
    /// In use by arrays.
    uint64_t active;
    /// Highest `active` since the start or the last reset.
    uint64_t peak;
    /// Kept for reuse.
    uint64_t cache;
    /// Limit on `active`, a guideline of the engine's.
    uint64_t limit;
    /// Limit on `cache`.
    uint64_t cache_limit;
};

/// The table of extension `memory` version 1 (frozen).
struct RlxMemoryApi {
    /// Size of this struct.
    uint64_t struct_size;
    /// Layout of this table, as `RlxBackendApi.type_layout`.
    const void *(*type_layout)(void);
    /// Fills `stats`.
    RlxError *(*stats)(RlxBackend *backend, RlxMemoryStats *stats);
    /// Sets a limit (`RLX_MEMORY_LIMIT`, `RLX_MEMORY_CACHE_LIMIT`) and writes the one before.
    RlxError *(*set_limit)(RlxBackend *backend, uint32_t which, uint64_t bytes, uint64_t *previous);
    /// Gives kept memory back to the system.
    RlxError *(*clear_cache)(RlxBackend *backend);
    /// Starts `peak` anew.
    RlxError *(*reset_peak)(RlxBackend *backend);
};

/// Counters of one executable since it was made.
struct RlxExecutableCounters {
    /// Size of this struct, set by the host.
    uint64_t struct_size;
    /// Runs that were started.
    uint64_t runs;
    /// How often the program, or a part of it such as a loop body, was traced; at most once each in compiled mode.
    uint64_t traces;
    /// Evaluations that were waited for or submitted.
    uint64_t evaluations;
    /// Bytes taken from host memory: inputs, resident bindings, parameter writes.
    uint64_t bytes_in;
    /// Bytes copied to host memory.
    uint64_t bytes_out;
    /// Bytes moved between arrays on the device by copies and feeds.
    uint64_t bytes_on_device;
};

/// The table of extension `profile` version 1 (frozen).
struct RlxProfileApi {
    /// Size of this struct.
    uint64_t struct_size;
    /// Layout of this table, as `RlxBackendApi.type_layout`.
    const void *(*type_layout)(void);
    /// Fills `counters`.
    RlxError *(*counters)(RlxExecutable *executable, RlxExecutableCounters *counters);
};

/// A place for a dense row-major tensor in host memory, not initialised (frozen).
struct RlxTensorMut {
    /// One of `RLX_DTYPE_*`.
    uint32_t dtype;
    /// Number of entries of `dims`.
    uint32_t rank;
    /// Extents; NULL when `rank` is 0.
    const int64_t *dims;
    /// Elements; aligned for the dtype.
    RlxBytesMut data;
};

/// The node that a kernel computes. Names of tensors are empty.
struct RlxKernelCall {
    /// Size of this struct.
    uint64_t struct_size;
    /// Name of the op.
    RlxStr op;
    /// Attributes of the node, as the graph has them.
    RlxBytes attrs;
    /// Operands.
    const RlxTensorInfo *inputs;
    /// Number of `inputs`.
    uint64_t input_count;
    /// Results that the kernel must give: the node's own dtype and shape, or what `RlxKernel.outputs` told.
    const RlxTensorInfo *outputs;
    /// Number of `outputs`.
    uint64_t output_count;
};

/// Where a kernel tells its results (frozen).
struct RlxTensorInfoSink {
    /// Passed to `emit`.
    void *context;
    /// Takes one; `info` is copied.
    void (*emit)(void *context, const RlxTensorInfo *info);
};

/// How to launch a kernel from source.
struct RlxLaunch {
    /// Size of this struct.
    uint64_t struct_size;
    /// Threads in all along x, y and z.
    uint32_t grid[3];
    /// Threads of a group (CUDA: block) along x, y and z.
    uint32_t threadgroup[3];
    /// Constants that the source sees: integers, booleans, and texts, which name a dtype as `f32` and are types.
    const RlxKeyValue *template_args;
    /// Number of `template_args`.
    uint64_t template_arg_count;
    /// Nonzero: results start as `init` everywhere.
    uint32_t has_init;
    /// What results start as.
    float init;
};

/// Where a kernel tells how it is launched (frozen).
struct RlxLaunchSink {
    /// Passed to `emit`.
    void *context;
    /// Takes the launch; it is copied.
    void (*emit)(void *context, const RlxLaunch *launch);
};

/// Where a plugin tells its kernels (frozen).
struct RlxKernelSink {
    /// Passed to `emit`.
    void *context;
    /// Takes the name and kind of one; `op` is copied.
    void (*emit)(void *context, RlxStr op, uint32_t kind);
};

/// An operation on arrays: name, C signature, function.
struct RlxArrayOp {
    /// Name.
    RlxStr name;
    /// Number of results, `n` for a `uint64_t` behind the first argument; then a letter for each argument: `a` array,
    /// `o` array or NULL, `i` `int32_t`, `b` `int32_t` as a truth value, `u` `uint64_t`, `f` `float_`, `d` `double`, `t`
    /// dtype and `e` value of an enum, both `uint32_t`, `s` `RlxStr`; for lists, pointer and `uint64_t` count: `l` of
    /// arrays, `v` of `int32_t`, `x` of `int32_t` or NULL, `w` of `int64_t`. A function is called only as it says.
    RlxStr signature;
    /// Address of the function. Its first argument is where fresh results go; it returns NULL, or an error and no
    /// results.
    const void *function;
};

/// An array in a graph of the plugin's engine, lazy or evaluated (opaque).
typedef struct RlxArray RlxArray;

/// What composed kernels build with. Lives as long as the process.
struct RlxArrayOps {
    /// Size of this struct.
    uint64_t struct_size;
    /// Operations, sorted by the bytes of their names.
    const RlxArrayOp *ops;
    /// Number of `ops`.
    uint64_t op_count;
    /// Frees an array that an operation made; NULL is allowed.
    void (*free)(RlxArray *array);
    /// Writes dtype, rank and up to `capacity` extents.
    RlxError *(*describe)(const RlxArray *array, uint32_t *dtype, int64_t *dims, uint64_t capacity, uint64_t *rank);
};

/// A kernel in one language. The engine writes the function's signature around `body` from the names.
struct RlxKernelSource {
    /// Size of this struct.
    uint64_t struct_size;
    /// One of `RLX_LANGUAGE_*`.
    uint32_t language;
    /// Any of `RLX_KERNEL_STRIDED_INPUTS`, `RLX_KERNEL_ATOMIC_OUTPUTS`.
    uint32_t flags;
    /// What goes before the function.
    RlxStr header;
    /// Body of the function.
    RlxStr body;
    /// Names of the operands in the body.
    const RlxStr *input_names;
    /// Number of `input_names`.
    uint64_t input_count;
    /// Names of the results in the body.
    const RlxStr *output_names;
    /// Number of `output_names`.
    uint64_t output_count;
    /// Bytes of dynamic shared memory of a block (CUDA).
    uint64_t shared_memory;
};

/// A kernel to register. The plugin copies texts and lists during the call; it calls the functions from any thread, several
/// at once, until it calls `release`.
struct RlxKernel {
    /// Size of this struct.
    uint64_t struct_size;
    /// Name of the op.
    RlxStr op;
    /// One of `RLX_KERNEL_*`; says which of the functions below must be there.
    uint32_t kind;
    /// Zero.
    uint32_t reserved;
    /// Passed to every function.
    void *context;
    /// Called once, when neither the instance nor an executable needs the kernel any more, and after a failed
    /// registration; may be NULL.
    void (*release)(void *context);
    /// For several results: emits dtype and shape of each, all of the node's dtype; their elements, packed one after the
    /// other, are the node's value. NULL for one result, of the node's dtype and shape.
    RlxError *(*outputs)(void *context, const RlxKernelCall *call, const RlxTensorInfoSink *sink);
    /// `COMPOSED`: writes a fresh array to each of `outputs`, made with `ops`. `inputs` are borrowed.
    RlxError *(*compose)(void *context, const RlxKernelCall *call, const RlxArrayOps *ops, RlxArray *const *inputs, RlxArray **outputs);
    /// `HOST`: reads `inputs`, fills all of `outputs`; the elements of both are aligned for their dtypes. It may not call
    /// the plugin, save for this table: such a call fails.
    RlxError *(*compute)(void *context, const RlxKernelCall *call, const RlxTensor *inputs, const RlxTensorMut *outputs);
    /// `SOURCE`: emits how to launch it for one node.
    RlxError *(*launch)(void *context, const RlxKernelCall *call, const RlxLaunchSink *sink);
    /// `SOURCE`: one for each language that it is written in.
    const RlxKernelSource *sources;
    /// Number of `sources`.
    uint64_t source_count;
    /// `SOURCE`: the kernel, of another kind, for devices that have none of the languages; NULL: programs do not compile
    /// for them. It has a context of its own.
    const RlxKernel *fallback;
};

/// The table of extension `kernels` version 1 (frozen).
struct RlxKernelsApi {
    /// Size of this struct.
    uint64_t struct_size;
    /// Layout of this table, as `RlxBackendApi.type_layout`.
    const void *(*type_layout)(void);
    /// Registers a kernel; writes 1 to `replaced` when there was one for the op, else 0.
    RlxError *(*register_)(RlxBackend *backend, const RlxKernel *kernel, uint32_t *replaced);
    /// Unregisters the kernel of an op; writes 1 to `removed` when there was one, else 0.
    RlxError *(*unregister)(RlxBackend *backend, RlxStr op, uint32_t *removed);
    /// Writes the kind of the kernel of an op, 0 when there is none.
    RlxError *(*lookup)(RlxBackend *backend, RlxStr op, uint32_t *kind);
    /// Emits every kernel, sorted by op. `emit` may not call the plugin.
    RlxError *(*list)(RlxBackend *backend, const RlxKernelSink *sink);
};

/// The table of extension `extent` version 1 (frozen).
struct RlxExtentApi {
    /// Size of this struct.
    uint64_t struct_size;
    /// Layout of this table, as `RlxBackendApi.type_layout`.
    const void *(*type_layout)(void);
    /// A hint for all later runs: of tensors whose first axis has the extent `upper`, the host fills and reads the first
    /// `actual` rows alone. `upper` 0 ends it; `actual` is at most `upper`. Sizes of inputs and outputs stay those that are
    /// declared. What the host finds in rows of outputs beyond `actual` is undefined; the first rows are those of a run of
    /// the whole, as far as the order of additions in a product does not depend on the number of rows.
    ///
    /// `honoured` gets 1 if runs compute less now, 0 if they compute the whole, which is as right. After an error no
    /// extent is in force.
    RlxError *(*set)(RlxExecutable *executable, uint64_t actual, uint64_t upper, uint32_t *honoured);
};

/// What the plugin does with one node.
struct RlxClaim {
    /// Size of this struct.
    uint64_t struct_size;
    /// One of `RLX_CLAIM_*`; one that a host does not know is that of a node which is taken.
    uint32_t how;
    /// How many nodes the node's graph is nested in; 0 for those of the program's graph itself.
    uint32_t depth;
    /// Name of the node's op (IR `OpKind`).
    RlxStr op;
    /// Why it is not taken, on one line that need not name the node. Of one that is taken: what computes it, and for
    /// `RLX_CLAIM_HOST` why the engine does not; or empty.
    RlxStr reason;
};

/// Where a plugin tells what it takes (frozen).
struct RlxClaimSink {
    /// Passed to `emit`.
    void *context;
    /// Takes what is said of one node; `claim` is copied.
    void (*emit)(void *context, const RlxClaim *claim);
};

/// The table of extension `claims` version 1 (frozen).
struct RlxClaimsApi {
    /// Size of this struct.
    uint64_t struct_size;
    /// Layout of this table, as `RlxBackendApi.type_layout`.
    const void *(*type_layout)(void);
    /// Emits what `compile` would do with each node of the program that `args` describe, on the device of `backend` and with
    /// the kernels that it has now: once for every node, those that nothing reads included. They come in the order of the
    /// graph; behind a node come those of the graphs nested in it, `then` before `else`, a condition before its body, and a
    /// function before its derivatives. `emit` may not call the plugin.
    ///
    /// An error says what is wrong with the program as a whole, a text that cannot be read for example; what has been emitted
    /// then means nothing. A node that is taken may still be refused by `compile` for what it is together with others.
    RlxError *(*claim)(RlxBackend *backend, const RlxCompileArgs *args, const RlxClaimSink *sink);
};

/// The table of extension `rng` version 1 (frozen).
struct RlxRngApi {
    /// Size of this struct.
    uint64_t struct_size;
    /// Layout of this table, as `RlxBackendApi.type_layout`.
    const void *(*type_layout)(void);
    /// Says what the random numbers of all later runs follow from: a seed, and one of the generators `RLX_RNG_*`. Nothing is
    /// compiled again. Each run starts anew, so that runs of one seed draw the same numbers. Until it is called the seed is
    /// 42 and the generator Philox. A copy of the executable starts with what is in force.
    RlxError *(*set)(RlxExecutable *executable, uint64_t seed, uint32_t generator);
};

/// One stretch of work on one thread.
struct RlxSpan {
    /// Size of this struct.
    uint64_t struct_size;
    /// The node that it belongs to, as errors of the plugin name it; empty for what belongs to the run as a whole.
    RlxStr node;
    /// What computed: a kernel of the plugin's, or an operation of its engine.
    RlxStr kernel;
    /// Number of the thread, which no other thread of the process has.
    uint64_t thread;
    /// Name of the thread; empty if it has none.
    RlxStr thread_name;
    /// When it began, in nanoseconds since a moment that is the same for all executables of the plugin in this process.
    uint64_t start_ns;
    /// How long it took, in nanoseconds.
    uint64_t duration_ns;
    /// Additions and multiplications; 0 where they are not counted.
    uint64_t operations;
    /// Bytes of operands and results; 0 where they are not counted.
    uint64_t bytes;
};

/// Where a plugin tells its spans (frozen).
struct RlxSpanSink {
    /// Passed to `emit`.
    void *context;
    /// Takes one span; `span` is copied.
    void (*emit)(void *context, const RlxSpan *span);
};

/// The table of extension `timeline` version 1 (frozen).
struct RlxTimelineApi {
    /// Size of this struct.
    uint64_t struct_size;
    /// Layout of this table, as `RlxBackendApi.type_layout`.
    const void *(*type_layout)(void);
    /// Waits for what is under way, emits the spans since the last call in the order in which they ended, and forgets them.
    /// An executable notes spans if it was compiled with the option `profile` true, else this is an
    /// error. `emit` may not call the plugin. `lost` gets how many spans were not kept, since there were too many.
    RlxError *(*take)(RlxExecutable *executable, const RlxSpanSink *sink, uint64_t *lost);
};

/// Argument of `RlxCollectivesApi.init`.
struct RlxGroupArgs {
    /// Size of this struct.
    uint64_t struct_size;
    /// A name that `RlxCollectivesApi.backends` emits; empty for the first of them that finds a group.
    RlxStr backend;
    /// Nonzero: it is an error if there is no group to join. Zero: then the process is a group of one.
    uint32_t strict;
    /// Zero.
    uint32_t reserved;
    /// How long to wait for the others, and how long calls wait that do not say; in nanoseconds. 0 for the seconds in the
    /// environment variable `RLX_COLLECTIVES_DEADLINE`, and for the plugin's default where it is not set.
    uint64_t timeout_ns;
};

/// What a group is.
struct RlxGroupInfo {
    /// Size of this struct, set by the host.
    uint64_t struct_size;
    /// Which of them this process is, from 0.
    uint64_t rank;
    /// Number of processes.
    uint64_t size;
    /// Name of the backend; empty for a group of one that none made. Lives as long as the group.
    RlxStr backend;
};

/// Where a plugin tells its communication backends (frozen).
struct RlxNameSink {
    /// Passed to `emit`.
    void *context;
    /// Takes one; `available` is nonzero where it can be used on this machine. `name` is copied.
    void (*emit)(void *context, RlxStr name, uint32_t available);
};

/// Where a plugin delivers a message (frozen).
struct RlxBytesSink {
    /// Passed to `emit`.
    void *context;
    /// Takes the message; `bytes` is copied.
    void (*emit)(void *context, RlxBytes bytes);
};

/// The processes of a group, as one of them sees it (opaque).
typedef struct RlxGroup RlxGroup;

/// The table of extension `collectives` version 1 (frozen). A `timeout_ns` is in nanoseconds, 0 for
/// that of the group. Elements are dense, of a dtype `RLX_DTYPE_*`; their addresses need no alignment.
struct RlxCollectivesApi {
    /// Size of this struct.
    uint64_t struct_size;
    /// Layout of this table, as `RlxBackendApi.type_layout`.
    const void *(*type_layout)(void);
    /// Emits every communication backend, the one that is preferred first. `emit` may not call the plugin.
    RlxError *(*backends)(RlxBackend *backend, const RlxNameSink *sink);
    /// Joins the group that the environment of the launcher describes, and waits for the others.
    RlxError *(*init)(RlxBackend *backend, const RlxGroupArgs *args, RlxGroup **group);
    /// Leaves; NULL is allowed. Programs that were compiled with the group keep it until they are gone.
    void (*destroy)(RlxGroup *group);
    /// Fills `info`.
    RlxError *(*info)(RlxGroup *group, RlxGroupInfo *info);
    /// NULL while the group can be used, then what broke it.
    RlxError *(*broken)(RlxGroup *group);
    /// Waits until every rank has come here.
    RlxError *(*barrier)(RlxGroup *group, uint64_t timeout_ns);
    /// Reduces `data` elementwise over the ranks, in place; every rank gets the same bits.
    RlxError *(*all_reduce)(RlxGroup *group, uint32_t reduction, uint32_t dtype, RlxBytesMut data, uint64_t timeout_ns);
    /// Concatenates `part` of every rank, all of one size, to `whole` in the order of ranks.
    RlxError *(*all_gather)(RlxGroup *group, uint32_t dtype, RlxBytes part, RlxBytesMut whole, uint64_t timeout_ns);
    /// Reduces `whole` elementwise over the ranks and gives each rank its `part`: the first rank the first, and so on.
    RlxError *(*reduce_scatter)(RlxGroup *group, uint32_t reduction, uint32_t dtype, RlxBytes whole, RlxBytesMut part, uint64_t timeout_ns);
    /// Sends `bytes` to rank `to`. Messages of one tag arrive in the order in which they were sent.
    RlxError *(*send)(RlxGroup *group, uint64_t to, uint64_t tag, RlxBytes bytes, uint64_t timeout_ns);
    /// Emits the next message of `tag` from rank `from`, once. `emit` may not call the plugin. With `came`, that none comes in
    /// time is no error where the backend can give up waiting: it gets 1 with a message, else 0. Without, NULL, it breaks the
    /// group.
    RlxError *(*recv)(RlxGroup *group, uint64_t from, uint64_t tag, const RlxBytesSink *sink, uint64_t timeout_ns, uint32_t *came);
    /// Makes a group of the ranks that give the same `colour`, ranked by `key`, then by their rank here. Every rank calls it.
    RlxError *(*split)(RlxGroup *group, uint32_t colour, uint32_t key, uint64_t timeout_ns, RlxGroup **out);
    /// An error unless every rank gives the same `hash`; `what` says in errors what it is of.
    RlxError *(*agree)(RlxGroup *group, RlxStr what, uint64_t hash, uint64_t timeout_ns);
    /// Programs that are compiled from now on with the instance have this group behind their collective ops, `collective.*`;
    /// NULL: programs with such ops do not compile.
    RlxError *(*install)(RlxBackend *backend, RlxGroup *group);
    /// Reduces a value that stays on the device, in place of it: that of resident input `index` when `is_input` is nonzero,
    /// else output `index` of the last run.
    RlxError *(*reduce_resident)(RlxGroup *group, RlxExecutable *executable, uint32_t is_input, uint64_t index, uint32_t reduction, uint64_t timeout_ns);
};

/// Type of `RLX_ENTRY_SYMBOL`. Returns NULL and fills `response`, or refuses with an error.
///
/// `request` and `response` point to structs of at least the size that their `struct_size` states.
typedef RlxError *(*RlxBackendEntry)(const RlxEntryRequest *request, RlxEntryResponse *response);

/// Exports a function from a plugin whose other symbols are hidden.
#if defined(_WIN32)
#define RLX_EXPORT __declspec(dllexport)
#elif defined(__GNUC__)
#define RLX_EXPORT __attribute__((visibility("default")))
#else
#define RLX_EXPORT
#endif

/// What a plugin defines. A host does not call it by this name: it looks `RLX_ENTRY_SYMBOL` up in the file it opened.
RLX_EXPORT RlxError *rlx_backend_entry(const RlxEntryRequest *request, RlxEntryResponse *response);

// The sizes on 64-bit targets, for compilers that can check them.
#if UINTPTR_MAX == UINT64_MAX
#if defined(__cplusplus) && __cplusplus >= 201103L
#define RLX_ASSERT_SIZE(type, bytes) static_assert(sizeof(type) == (bytes), #type " is laid out differently")
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define RLX_ASSERT_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), #type " is laid out differently")
#endif
#endif
#ifdef RLX_ASSERT_SIZE
RLX_ASSERT_SIZE(RlxVersion, 12);
RLX_ASSERT_SIZE(RlxStr, 16);
RLX_ASSERT_SIZE(RlxBytes, 16);
RLX_ASSERT_SIZE(RlxBytesMut, 16);
RLX_ASSERT_SIZE(RlxValue, 40);
RLX_ASSERT_SIZE(RlxKeyValue, 56);
RLX_ASSERT_SIZE(RlxTensor, 32);
RLX_ASSERT_SIZE(RlxError, 56);
RLX_ASSERT_SIZE(RlxHostServices, 64);
RLX_ASSERT_SIZE(RlxEntryRequest, 40);
RLX_ASSERT_SIZE(RlxEntryResponse, 56);
RLX_ASSERT_SIZE(RlxBackendInfo, 120);
RLX_ASSERT_SIZE(RlxDeviceInfo, 72);
RLX_ASSERT_SIZE(RlxCreateArgs, 32);
RLX_ASSERT_SIZE(RlxParamArgs, 72);
RLX_ASSERT_SIZE(RlxCompileArgs, 56);
RLX_ASSERT_SIZE(RlxTensorInfo, 40);
RLX_ASSERT_SIZE(RlxExecutableInfo, 56);
RLX_ASSERT_SIZE(RlxRunArgs, 40);
RLX_ASSERT_SIZE(RlxBackendApi, 128);
RLX_ASSERT_SIZE(RlxParamsApi, 40);
RLX_ASSERT_SIZE(RlxSegment, 24);
RLX_ASSERT_SIZE(RlxCopyArgs, 56);
RLX_ASSERT_SIZE(RlxResidentApi, 80);
RLX_ASSERT_SIZE(RlxPipelineApi, 40);
RLX_ASSERT_SIZE(RlxMemoryStats, 48);
RLX_ASSERT_SIZE(RlxMemoryApi, 48);
RLX_ASSERT_SIZE(RlxExecutableCounters, 56);
RLX_ASSERT_SIZE(RlxProfileApi, 24);
RLX_ASSERT_SIZE(RlxTensorMut, 32);
RLX_ASSERT_SIZE(RlxKernelCall, 72);
RLX_ASSERT_SIZE(RlxTensorInfoSink, 16);
RLX_ASSERT_SIZE(RlxLaunchSink, 16);
RLX_ASSERT_SIZE(RlxKernelSink, 16);
RLX_ASSERT_SIZE(RlxKernel, 104);
RLX_ASSERT_SIZE(RlxKernelSource, 88);
RLX_ASSERT_SIZE(RlxLaunch, 56);
RLX_ASSERT_SIZE(RlxArrayOp, 40);
RLX_ASSERT_SIZE(RlxArrayOps, 40);
RLX_ASSERT_SIZE(RlxKernelsApi, 48);
RLX_ASSERT_SIZE(RlxExtentApi, 24);
RLX_ASSERT_SIZE(RlxClaim, 48);
RLX_ASSERT_SIZE(RlxClaimSink, 16);
RLX_ASSERT_SIZE(RlxClaimsApi, 24);
RLX_ASSERT_SIZE(RlxRngApi, 24);
RLX_ASSERT_SIZE(RlxSpan, 96);
RLX_ASSERT_SIZE(RlxSpanSink, 16);
RLX_ASSERT_SIZE(RlxTimelineApi, 24);
RLX_ASSERT_SIZE(RlxGroupArgs, 40);
RLX_ASSERT_SIZE(RlxGroupInfo, 40);
RLX_ASSERT_SIZE(RlxNameSink, 16);
RLX_ASSERT_SIZE(RlxBytesSink, 16);
RLX_ASSERT_SIZE(RlxCollectivesApi, 136);
#undef RLX_ASSERT_SIZE
#endif

#ifdef __cplusplus
}
#endif

#endif
