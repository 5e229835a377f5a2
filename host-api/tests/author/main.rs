//! What `export_plugin!` promises for the author: negotiation, checked arguments, and no panic over the boundary. The
//! plugin is part of this program, and its slots are called the way a host in C would.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

mod claims;
mod collectives;
mod kernels;
mod outs;
mod probe;
mod shutdown;
mod table;
mod timeline;

use probe::{Broken, order};
use rlx_host_api::abi::*;
use rlx_host_api::{Error, ErrorKind, Growable};
use std::ptr::{null, null_mut};
use std::sync::atomic::Ordering::SeqCst;
use table::{Count, api, bytes, create, empty_response, negotiate, tensor};

/// Asserts the kind of an error and that its one line says `parts`.
#[track_caller]
pub(crate) fn assert_error<T: std::fmt::Debug>(result: Result<T, Error>, kind: ErrorKind, parts: &[&str]) {
    let error = result.expect_err("a refusal");
    assert_eq!(error.kind(), kind, "{error}");
    for part in parts {
        assert!(error.message().contains(part), "`{part}` is not in `{error}`");
    }
    assert!(!error.message().contains('\n'), "{error}");
}

#[test]
fn another_major_is_refused_and_both_ranges_are_named() {
    let other = |minor| RlxVersion { major: 77, minor, patch: 0 };
    let (result, response) = negotiate(other(0), other(4), null());
    let ours = ABI_VERSION.to_string();
    assert_error(result, ErrorKind::VersionMismatch, &["77.0.0 to 77.4.0", &ours]);
    assert!(response.api.is_null(), "no table with a refusal");
    assert_eq!((response.abi_min, response.abi_max), (ABI_OLDEST, ABI_VERSION), "the range, also on refusal");
}

#[test]
fn a_newer_minor_of_the_host_meets_in_ours() {
    api();
    let newer = RlxVersion { minor: ABI_VERSION.minor + 5, ..ABI_VERSION };
    let (result, response) = negotiate(ABI_OLDEST, newer, null());
    if ABI_VERSION.major == 0 {
        // Before 1.0 every minor is an ABI of its own.
        assert_error(result, ErrorKind::VersionMismatch, &[&newer.to_string()]);
    } else {
        assert_eq!((result, response.abi_selected), (Ok(()), ABI_VERSION));
    }
}

#[test]
fn entry_structs_that_are_too_small_are_refused_before_they_are_read() {
    let size = size_of::<RlxEntryRequest>() as u64;
    let whole = RlxEntryRequest { struct_size: size, abi_min: ABI_OLDEST, abi_max: ABI_VERSION, services: null() };
    let short = RlxEntryRequest { struct_size: size - 8, ..whole };
    let mut response = empty_response();
    // SAFETY: both structs are at least as large as they state.
    let result = unsafe { Error::check(table::rlx_backend_entry(&short, &mut response)) };
    assert_error(result, ErrorKind::VersionMismatch, &["too small"]);
    response.struct_size = 16;
    // SAFETY: as above.
    let result = unsafe { Error::check(table::rlx_backend_entry(&whole, &mut response)) };
    assert_error(result, ErrorKind::VersionMismatch, &["too small"]);
    // SAFETY: NULL is refused before it is read.
    let result = unsafe { Error::check(table::rlx_backend_entry(null(), null_mut())) };
    assert_error(result, ErrorKind::InvalidArgument, &["NULL"]);
}

#[test]
fn descriptions_come_whole_and_only_as_far_as_the_plugin_knows_them() {
    // SAFETY: all zero is a valid `RlxBackendInfo`: numbers and NULL views.
    let mut info: RlxBackendInfo = unsafe { std::mem::zeroed() };
    info.struct_size = size_of::<RlxBackendInfo>() as u64;
    // SAFETY: the struct states its size; the views live as long as the process.
    unsafe {
        Error::check(api().info.unwrap()(&mut info)).unwrap();
        assert_eq!((info.name.as_str().unwrap(), info.version.as_str().unwrap()), ("probe", "1.2.3"));
        assert_eq!((info.opset_min, info.opset_max, info.threading), (1, 7, RLX_THREADING_SERIALIZED));
        let ops = std::slice::from_raw_parts(info.ops, info.op_count as usize);
        assert_eq!(ops.iter().map(|op| op.as_str().unwrap()).collect::<Vec<_>>(), ["Input", "MatMul"]);
    }

    #[repr(C)]
    struct Newer {
        known: RlxBackendInfo,
        more: [u64; 2],
    }
    let mut newer = Newer { known: RlxBackendInfo::sized(), more: [7; 2] };
    newer.known.struct_size = size_of::<Newer>() as u64;
    // SAFETY: the struct states its size.
    unsafe { Error::check(api().info.unwrap()(&raw mut newer.known)) }.unwrap();
    assert_eq!((newer.known.struct_size, newer.known.opset_max), (size_of::<Newer>() as u64, 7));
    assert_eq!(newer.more, [7; 2], "nothing is written behind what the plugin knows");
}

#[test]
fn devices_and_extensions_are_looked_up() {
    let mut count = 0;
    // SAFETY: zero is a valid `RlxDeviceInfo`; pointers are valid or NULL, which is refused.
    unsafe {
        Error::check(api().device_count.unwrap()(&mut count)).unwrap();
        let mut device: RlxDeviceInfo = std::mem::zeroed();
        device.struct_size = size_of::<RlxDeviceInfo>() as u64;
        Error::check(api().device_info.unwrap()(0, &mut device)).unwrap();
        assert_eq!((device.kind, device.name.as_str().unwrap()), (RLX_DEVICE_CPU, "desk"));
        assert_eq!(((*device.attributes).key.as_str().unwrap(), (*device.attributes).value.int), ("cores", 2));
        let beyond = Error::check(api().device_info.unwrap()(1, &mut device));
        assert_error(beyond, ErrorKind::NotFound, &["device 1", "1 devices"]);
        assert_error(Error::check(api().device_info.unwrap()(0, null_mut())), ErrorKind::InvalidArgument, &["NULL"]);

        let find = |id, version| api().get_extension.unwrap()(id, version);
        assert_eq!(find(RlxStr::new("probe"), 1), (&raw const probe::EXTENSION).cast());
        assert!(find(RlxStr::new("probe"), 2).is_null() && find(RlxStr::new("other"), 1).is_null());
        let not_utf8 = [0xFF];
        assert!(find(RlxStr { data: not_utf8.as_ptr(), len: 1 }, 1).is_null());
    }
    assert_eq!(count, 1);
    assert_error(create(1, None), ErrorKind::NotFound, &["device 1"]);
}

#[test]
fn a_panic_in_any_slot_is_a_plugin_fault() {
    let fault = |result: Result<(), Error>, text: &str| assert_error(result, ErrorKind::PluginFault, &[text]);
    fault(create(0, Some("create")).map(drop), "create as ordered");
    let instance = create(0, None).unwrap();
    fault(instance.compile("", Some("compile")).map(drop), "compile as ordered");
    let graph = instance.compile("", None).unwrap();
    fault(graph.set_param("panic", tensor(RLX_DTYPE_F32, &[2], &[0; 8]), None), "set_param as ordered");
    fault(graph.run([order::PANIC, 0.0]).map(drop), "run as ordered");
    assert_eq!(graph.run([5.0, 6.0]), Ok(bytes([5.0, 6.0])), "usable after a panic");

    static BROKEN: RlxBackendApi = rlx_host_api::author::api_table::<Broken>();
    let mut count = 0;
    // SAFETY: zero is a valid `RlxBackendInfo` and `RlxDeviceInfo`; the structs and `count` outlive the calls.
    unsafe {
        let mut info: RlxBackendInfo = std::mem::zeroed();
        info.struct_size = size_of::<RlxBackendInfo>() as u64;
        let mut device: RlxDeviceInfo = std::mem::zeroed();
        device.struct_size = size_of::<RlxDeviceInfo>() as u64;
        fault(Error::check(BROKEN.info.unwrap()(&mut info)), "info as ordered");
        fault(Error::check(BROKEN.device_count.unwrap()(&mut count)), "devices as ordered");
        fault(Error::check(BROKEN.device_info.unwrap()(0, &mut device)), "devices as ordered");
        fault(Error::check(BROKEN.shutdown.unwrap()()), "shutdown as ordered");
        assert!(BROKEN.get_extension.unwrap()(RlxStr::new("x"), 1).is_null());
    }
}

#[test]
fn a_panic_in_a_release_slot_and_every_log_record_reach_the_hosts_log() {
    {
        let instance = create(0, Some("destroy")).unwrap();
        drop(instance.compile("", Some("executable_destroy")).unwrap());
    }
    let logged = table::LOGGED.lock().unwrap().clone();
    let contains = |level, target: &str, text: &str| {
        logged.iter().any(|(l, t, message)| *l == level && t.starts_with(target) && message.contains(text))
    };
    assert!(contains(RLX_LOG_WARN, "probe::compile", "compiling the only graph"), "{logged:?}");
    assert!(contains(RLX_LOG_ERROR, "rlx_host_api", "executable_destroy as ordered"), "{logged:?}");
    assert!(contains(RLX_LOG_ERROR, "rlx_host_api", "destroy: the plugin panicked: destroy as ordered"), "{logged:?}");
}

#[test]
fn records_of_the_plugins_own_threads_arrive_and_those_below_the_hosts_level_are_never_formatted() {
    drop(create(0, None).unwrap().compile("log from a thread", None).unwrap());
    let logged = table::LOGGED.lock().unwrap().clone();
    let own = (RLX_LOG_WARN, "probe::worker".to_owned(), "from a thread: shown 1".to_owned());
    assert_eq!(logged.iter().filter(|record| record.1 == own.1).collect::<Vec<_>>(), [&own]);
    assert_eq!(probe::FORMATTED.load(SeqCst), 1, "only the record that is written is formatted");
}

#[test]
fn arguments_of_an_older_host_are_refused_below_1_0_and_those_of_a_newer_one_are_read() {
    #[repr(C)]
    struct Newer {
        known: RlxCreateArgs,
        more: [u64; 3],
    }
    let mut newer = Newer { known: RlxCreateArgs::sized(), more: [7; 3] };
    newer.known.struct_size = size_of::<Newer>() as u64;
    let mut handle = null_mut();
    // SAFETY: the struct states its size; the handle is destroyed once.
    unsafe {
        Error::check(api().create.unwrap()(&newer.known, &mut handle)).unwrap();
        api().destroy.unwrap()(handle);
    }
    let short = RlxCreateArgs { struct_size: 24, ..RlxCreateArgs::sized() };
    // SAFETY: the struct is larger than it states.
    let result = unsafe { Error::check(api().create.unwrap()(&short, &mut handle)) };
    assert_error(result, ErrorKind::InvalidArgument, &["create arguments", "struct_size 24"]);
}

#[test]
fn an_executable_that_is_in_use_refuses_a_second_call() {
    let instance = create(0, None).unwrap();
    let graph = instance.compile("", None).unwrap();
    let (second_run, param, first_run) = std::thread::scope(|scope| {
        let first = scope.spawn(|| graph.run([order::WAIT, 0.0]));
        probe::GATE.wait();
        let second = graph.run([5.0, 6.0]);
        let param = graph.set_param("w", tensor(RLX_DTYPE_F32, &[2], &[0; 8]), None);
        probe::GATE.wait();
        (second, param, first.join().unwrap())
    });
    assert_error(second_run, ErrorKind::FailedPrecondition, &["run", "in use"]);
    assert_error(param, ErrorKind::FailedPrecondition, &["set_param", "in use"]);
    assert_eq!(first_run, Ok(bytes([order::WAIT, 0.0])));
    assert_eq!(graph.run([5.0, 6.0]), Ok(bytes([5.0, 6.0])), "usable after the first call");
}

#[test]
fn parameters_are_checked_against_the_declared_ones() {
    let instance = create(0, None).unwrap();
    let graph = instance.compile("", None).unwrap();
    let set = |name: &str, dtype, dims, data| graph.set_param(name, tensor(dtype, dims, data), None);
    assert_eq!(set("w", RLX_DTYPE_F32, &[2], &[0; 8]), Ok(()));
    assert_error(set("v", RLX_DTYPE_F32, &[2], &[0; 8]), ErrorKind::NotFound, &["no parameter `v`"]);
    assert_error(set("w", RLX_DTYPE_I32, &[2], &[0; 8]), ErrorKind::InvalidArgument, &["`w` is f32[2]", "i32[2]"]);
    assert_error(set("w", RLX_DTYPE_F32, &[1, 2], &[0; 8]), ErrorKind::InvalidArgument, &["`w` is f32[2]", "[1, 2]"]);
    assert_error(set("w", RLX_DTYPE_F32, &[2], &[0; 7]), ErrorKind::InvalidArgument, &["`w`", "8 bytes", "7 were"]);
    assert_error(set("w", RLX_DTYPE_F32, &[-2], &[]), ErrorKind::InvalidArgument, &["`w`", "[-2]"]);
    assert_error(set("w", RLX_DTYPE_F32, &[i64::MAX, 8], &[]), ErrorKind::InvalidArgument, &["`w`", "overflows"]);
    assert_error(set("w", 99, &[2], &[0; 8]), ErrorKind::InvalidArgument, &["`w`", "dtype code 99"]);
    let no_dims = RlxTensor { rank: 1, ..tensor(RLX_DTYPE_F32, &[], &[0; 8]) };
    assert_error(graph.set_param("w", no_dims, None), ErrorKind::InvalidArgument, &["dims", "NULL"]);
}

#[test]
fn borrowed_parameter_memory_is_released_exactly_once() {
    static FAILED: Count = Count::new(0);
    static PANICKED: Count = Count::new(0);
    static REPLACED: Count = Count::new(0);
    static KEPT: Count = Count::new(0);
    let good = || tensor(RLX_DTYPE_F32, &[2], &[0; 8]);
    let instance = create(0, None).unwrap();
    let graph = instance.compile("", None).unwrap();
    for bad in [tensor(RLX_DTYPE_I32, &[2], &[0; 8]), tensor(99, &[2], &[0; 8]), tensor(RLX_DTYPE_F32, &[2], &[0; 4])] {
        FAILED.store(0, SeqCst);
        assert!(graph.set_param("w", bad, Some(&FAILED)).is_err());
        assert_eq!(FAILED.load(SeqCst), 1, "also when the call fails");
    }
    assert!(graph.set_param("panic", good(), Some(&PANICKED)).is_err());
    assert_eq!(PANICKED.load(SeqCst), 1, "also when the plugin panics");

    graph.set_param("w", good(), Some(&REPLACED)).unwrap();
    assert_eq!(REPLACED.load(SeqCst), 0, "in use");
    graph.set_param("w", good(), Some(&KEPT)).unwrap();
    assert_eq!((REPLACED.load(SeqCst), KEPT.load(SeqCst)), (1, 0));
    drop(graph);
    assert_eq!((REPLACED.load(SeqCst), KEPT.load(SeqCst)), (1, 1));
}

#[test]
fn counts_and_sizes_of_a_run_are_checked() {
    let instance = create(0, None).unwrap();
    let graph = instance.compile("", None).unwrap();
    let x = bytes([5.0, 6.0]);
    let (mut y, mut z) = ([0; 8], [0; 8]);
    let (x, y, z) = (RlxBytes::new(&x), RlxBytesMut::new(&mut y), RlxBytesMut::new(&mut z));
    let invalid = |result, parts: &[&str]| assert_error(result, ErrorKind::InvalidArgument, parts);
    assert_eq!(graph.run_raw(&[x], &[y, z]), Ok(()));
    assert_eq!(graph.run_raw(&[x], &[RlxBytesMut::SKIP; 2]), Ok(()));
    invalid(graph.run_raw(&[], &[y, z]), &["1 inputs", "0 were"]);
    invalid(graph.run_raw(&[x, x], &[y, z]), &["1 inputs", "2 were"]);
    invalid(graph.run_raw(&[x], &[y]), &["2 outputs", "1 were"]);
    invalid(graph.run_raw(&[RlxBytes { len: 7, ..x }], &[y, z]), &["`x` is f32[2], 8 bytes", "7 bytes"]);
    invalid(graph.run_raw(&[x], &[RlxBytesMut { len: 4, ..y }, z]), &["`y` is f32[2], 8 bytes", "4 bytes"]);
    invalid(graph.run_raw(&[RlxBytes { data: null(), len: 8 }], &[y, z]), &["x", "NULL"]);
    assert_error(graph.run([order::FAIL, 0.0]), ErrorKind::ExecutionFailed, &["node %4 failed"]);
}

#[test]
fn null_handles_and_arguments_are_errors() {
    let instance = create(0, None).unwrap();
    let graph = instance.compile("", None).unwrap();
    let invalid = |result, part: &str| assert_error(result, ErrorKind::InvalidArgument, &[part, "NULL"]);
    // SAFETY: NULL is what these slots refuse, and what the two of release allow.
    unsafe {
        invalid(Error::check(api().create.unwrap()(null(), null_mut())), "create");
        invalid(Error::check(api().compile.unwrap()(null_mut(), null(), null_mut())), "compile");
        invalid(Error::check(api().run.unwrap()(graph.handle, null())), "run");
        invalid(Error::check(api().set_param.unwrap()(graph.handle, null())), "set_param");
        invalid(Error::check(api().executable_info.unwrap()(null_mut(), null_mut())), "executable_info");
        api().destroy.unwrap()(null_mut());
        api().executable_destroy.unwrap()(null_mut());
    }
    assert_error(instance.compile("unknown op", None), ErrorKind::Unsupported, &["Frob", "%3"]);
}
