//! The wire ABI does not move unseen: size, alignment and field offsets of every struct, every constant, and what composed
//! kernels are promised of array operations, are those of `abi.golden`.
#![cfg(target_pointer_width = "64")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]

mod array_ops;

use rlx_host_api::abi::*;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::mem::offset_of;
use std::path::Path;

const ACCEPT: &str = "RLX_BLESS=1 cargo test -p rlx-host-api --test abi_golden";

/// Appends structs with their fields. The pattern does not compile when a field is left out.
macro_rules! structs {
    ($out:ident: $($name:ident { $($field:ident),* $(,)? })*) => {$(
        let _ = |$name { $($field: _),* }: $name| ();
        let (size, align) = (size_of::<$name>(), align_of::<$name>());
        writeln!($out, "\nstruct {} size {size} align {align}", stringify!($name)).unwrap();
        $(
            let (offset, size) = (offset_of!($name, $field), field_size(|value: &$name| &raw const value.$field));
            writeln!($out, "{}.{} offset {offset} size {size}", stringify!($name), stringify!($field)).unwrap();
        )*
    )*};
}

/// Appends structs that only ever cross as pointers.
macro_rules! handles {
    ($out:ident: $($name:ident)*) => {$(
        let (size, align) = (size_of::<$name>(), align_of::<$name>());
        writeln!($out, "\nstruct {} size {size} align {align} (opaque)", stringify!($name)).unwrap();
    )*};
}

/// Appends constants, one group a line of the list.
macro_rules! constants {
    ($out:ident: $($($name:ident)+),* $(,)?) => {$(
        writeln!($out).unwrap();
        $(writeln!($out, "const {} {}", stringify!($name), $name).unwrap();)+
    )*};
}

fn field_size<T, F>(_: fn(&T) -> *const F) -> usize {
    size_of::<F>()
}

fn table() -> String {
    let mut out = format!("# The wire ABI on 64-bit targets, in bytes. Made by: {ACCEPT}\n");
    writeln!(out, "\nconst ABI_VERSION {ABI_VERSION}\nconst ABI_OLDEST {ABI_OLDEST}").unwrap();
    writeln!(out, "const ENTRY_SYMBOL {}", ENTRY_SYMBOL.escape_ascii()).unwrap();
    constants! { out:
        RLX_ABI_MAJOR RLX_ABI_MINOR RLX_ABI_PATCH,
        RLX_VALUE_INT RLX_VALUE_FLOAT RLX_VALUE_BOOL RLX_VALUE_STR,
        RLX_DTYPE_F32 RLX_DTYPE_F16 RLX_DTYPE_BF16 RLX_DTYPE_F64 RLX_DTYPE_I8 RLX_DTYPE_I16 RLX_DTYPE_I32
            RLX_DTYPE_I64 RLX_DTYPE_U8 RLX_DTYPE_U32 RLX_DTYPE_BOOL RLX_DTYPE_C64 RLX_DTYPE_C128,
        RLX_ERROR_INVALID_ARGUMENT RLX_ERROR_UNSUPPORTED RLX_ERROR_NOT_FOUND RLX_ERROR_OUT_OF_MEMORY
            RLX_ERROR_VERSION_MISMATCH RLX_ERROR_PLUGIN_FAULT RLX_ERROR_TIMED_OUT RLX_ERROR_FAILED_PRECONDITION
            RLX_ERROR_EXECUTION_FAILED,
        RLX_LOG_ERROR RLX_LOG_WARN RLX_LOG_INFO RLX_LOG_DEBUG RLX_LOG_TRACE,
        RLX_THREADING_CONCURRENT RLX_THREADING_SERIALIZED,
        RLX_DEVICE_CPU RLX_DEVICE_GPU RLX_DEVICE_ACCELERATOR,
        RLX_PARAMS_ID RLX_PARAMS_VERSION RLX_RESIDENT_ID RLX_RESIDENT_VERSION RLX_PIPELINE_ID RLX_PIPELINE_VERSION
            RLX_MEMORY_ID RLX_MEMORY_VERSION RLX_PROFILE_ID RLX_PROFILE_VERSION RLX_KERNELS_ID RLX_KERNELS_VERSION
            RLX_EXTENT_ID RLX_EXTENT_VERSION RLX_CLAIMS_ID RLX_CLAIMS_VERSION RLX_RNG_ID RLX_RNG_VERSION
            RLX_TIMELINE_ID RLX_TIMELINE_VERSION RLX_OPTION_PROFILE RLX_COLLECTIVES_ID RLX_COLLECTIVES_VERSION,
        RLX_KERNEL_COMPOSED RLX_KERNEL_HOST RLX_KERNEL_SOURCE RLX_LANGUAGE_METAL RLX_LANGUAGE_CUDA
            RLX_KERNEL_STRIDED_INPUTS RLX_KERNEL_ATOMIC_OUTPUTS,
        RLX_CLAIM_REFUSED RLX_CLAIM_LEAF RLX_CLAIM_GRAPH RLX_CLAIM_HOST RLX_CLAIM_SOURCE RLX_CLAIM_CONTROL_FLOW
            RLX_CLAIM_UNUSED,
        RLX_RNG_PHILOX RLX_RNG_ORT RLX_RNG_BNNS RLX_RNG_ZERO,
        RLX_REDUCE_SUM RLX_REDUCE_MAX RLX_REDUCE_MIN,
        RLX_SOURCE_OUTPUT RLX_SOURCE_INPUT RLX_NO_OUTPUT RLX_MEMORY_LIMIT RLX_MEMORY_CACHE_LIMIT,
    }
    structs! { out:
        RlxVersion { major, minor, patch }
        RlxStr { data, len }
        RlxBytes { data, len }
        RlxBytesMut { data, len }
        RlxValue { kind, reserved, int, float, text }
        RlxKeyValue { key, value }
        RlxTensor { dtype, rank, dims, data }
        RlxError { struct_size, code, reserved, message, details, detail_count, release }
        RlxHostServices { struct_size, context, name, version, log_enabled, log }
        RlxEntryRequest { struct_size, abi_min, abi_max, services }
        RlxEntryResponse { struct_size, abi_min, abi_max, abi_selected, reserved, api }
        RlxBackendInfo {
            struct_size, name, version, vendor, engine, engine_version, format_version, opset_min, opset_max, threading,
            ops, op_count,
        }
        RlxDeviceInfo { struct_size, kind, ordinal, name, hardware_id, memory_bytes, attributes, attribute_count }
        RlxCreateArgs { struct_size, device, options, option_count }
        RlxParamArgs { struct_size, name, tensor, release, release_context }
        RlxCompileArgs { struct_size, program, graph, options, option_count }
        RlxTensorInfo { struct_size, name, dtype, rank, dims }
        RlxExecutableInfo { struct_size, inputs, input_count, params, param_count, outputs, output_count }
        RlxRunArgs { struct_size, inputs, input_count, outputs, output_count }
        RlxBackendApi {
            struct_size, abi_version, reserved, type_layout, info, device_count, device_info, create, destroy, compile,
            executable_destroy, executable_info, set_param, run, get_extension, shutdown,
        }
    }
    structs! { out:
        RlxParamsApi { struct_size, type_layout, write, share, duplicate }
        RlxSegment { source, target, len }
        RlxCopyArgs {
            struct_size, target, source, source_kind, reserved, source_index, segments, segment_count,
        }
        RlxResidentApi { struct_size, type_layout, bind, is_bound, read, feed, copy, read_output, save, restore }
        RlxPipelineApi { struct_size, type_layout, submit, wait, run_batch }
        RlxMemoryStats { struct_size, active, peak, cache, limit, cache_limit }
        RlxMemoryApi { struct_size, type_layout, stats, set_limit, clear_cache, reset_peak }
        RlxExecutableCounters { struct_size, runs, traces, evaluations, bytes_in, bytes_out, bytes_on_device }
        RlxProfileApi { struct_size, type_layout, counters }
        RlxTensorMut { dtype, rank, dims, data }
        RlxKernelCall { struct_size, op, attrs, inputs, input_count, outputs, output_count }
        RlxTensorInfoSink { context, emit }
        RlxLaunchSink { context, emit }
        RlxKernelSink { context, emit }
        RlxKernel {
            struct_size, op, kind, reserved, context, release, outputs, compose, compute, launch, sources, source_count,
            fallback,
        }
        RlxKernelSource {
            struct_size, language, flags, header, body, input_names, input_count, output_names, output_count,
            shared_memory,
        }
        RlxLaunch { struct_size, grid, threadgroup, template_args, template_arg_count, has_init, init }
        RlxArrayOp { name, signature, function }
        RlxArrayOps { struct_size, ops, op_count, free, describe }
        RlxKernelsApi { struct_size, type_layout, register, unregister, lookup, list }
        RlxExtentApi { struct_size, type_layout, set }
        RlxClaim { struct_size, how, depth, op, reason }
        RlxClaimSink { context, emit }
        RlxClaimsApi { struct_size, type_layout, claim }
        RlxRngApi { struct_size, type_layout, set }
        RlxSpan {
            struct_size, node, kernel, thread, thread_name, start_ns, duration_ns, operations, bytes,
        }
        RlxSpanSink { context, emit }
        RlxTimelineApi { struct_size, type_layout, take }
        RlxGroupArgs { struct_size, backend, strict, reserved, timeout_ns }
        RlxGroupInfo { struct_size, rank, size, backend }
        RlxNameSink { context, emit }
        RlxBytesSink { context, emit }
        RlxCollectivesApi {
            struct_size, type_layout, backends, init, destroy, info, broken, barrier, all_reduce, all_gather, reduce_scatter,
            send, recv, split, agree, install, reduce_resident,
        }
    }
    handles! { out: RlxBackend RlxExecutable RlxArray RlxGroup }
    writeln!(out, "\ntype RlxBackendEntry size {}", size_of::<RlxBackendEntry>()).unwrap();
    out + &array_ops::table()
}

/// The lines of `a` that `b` lacks.
fn missing<'a>(a: &'a str, b: &str) -> Vec<&'a str> {
    let b: BTreeSet<&str> = b.lines().collect();
    a.lines().filter(|line| !b.contains(line)).collect()
}

#[test]
fn the_abi_is_that_of_the_golden_file() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("abi.golden");
    let now = table();
    if std::env::var_os("RLX_BLESS").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    if now != golden {
        panic!(
            "the wire ABI has moved; hosts and plugins in the field would break.\nwas:\n{}\nis:\n{}\n\
             If docs/abi-stability.md allows it (trailing fields and new items with a new minor), accept it: {ACCEPT}",
            missing(&golden, &now).join("\n"),
            missing(&now, &golden).join("\n")
        );
    }
}

#[test]
fn nothing_of_the_abi_is_left_out() {
    let table = table();
    let listed: BTreeSet<&str> = table.lines().filter_map(|line| line.split_whitespace().nth(1)).collect();
    let mut declared = Vec::new();
    let sources = [
        include_str!("../../src/abi.rs"),
        include_str!("../../src/abi/claims.rs"),
        include_str!("../../src/abi/collectives.rs"),
        include_str!("../../src/abi/extent.rs"),
        include_str!("../../src/abi/kernels.rs"),
        include_str!("../../src/abi/memory.rs"),
        include_str!("../../src/abi/params.rs"),
        include_str!("../../src/abi/pipeline.rs"),
        include_str!("../../src/abi/profile.rs"),
        include_str!("../../src/abi/resident.rs"),
        include_str!("../../src/abi/timeline.rs"),
    ];
    for line in sources.iter().flat_map(|source| source.lines()) {
        let words: Vec<&str> =
            line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty()).collect();
        if let ["pub", "const" | "struct" | "type", name, ..] = words.as_slice() {
            declared.push((*name).to_owned());
        }
    }
    assert!(declared.len() > 60, "only {} declarations found", declared.len());
    let left_out: Vec<&String> = declared.iter().filter(|name| !listed.contains(name.as_str())).collect();
    assert!(left_out.is_empty(), "add to the table of this test: {left_out:?}");
}
