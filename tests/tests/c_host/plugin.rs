//! The plugin in C, `tests/c/plugin.c`, loaded by the Rust host: no layout of abi_stable, sizes and slots alone.

use crate::{cplug, repository};
use rlx_host_api::abi::ABI_VERSION;
use rlx_host_api::{
    Backend, BackendOptions, CompileOptions, DType, DeviceKind, Error, ErrorKind, Executable, Plugin, TensorView,
    Threading,
};
use std::sync::Arc;

fn load() -> Plugin {
    Plugin::load(&cplug()).unwrap()
}

fn backend() -> Backend {
    load().create(&BackendOptions::new()).unwrap()
}

fn program() -> Vec<u8> {
    std::fs::read(repository("tests/c/scale_add.rlxmodel")).unwrap()
}

fn compile() -> Executable {
    backend().compile(&program(), &CompileOptions::new()).unwrap()
}

fn bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn tensor(data: &[u8]) -> TensorView<'_> {
    TensorView { dtype: DType::F32, dims: &[4], data }
}

#[track_caller]
fn assert_is(error: &Error, kind: ErrorKind, part: &str) {
    assert!(error.kind() == kind && error.message().contains(part), "not {kind:?} with `{part}`: {error}");
}

#[test]
fn it_describes_itself() {
    let plugin = load();
    let info = plugin.info();
    assert_eq!((&*info.name, info.version.to_string().as_str(), &*info.engine), ("cplug", "1.2.3", "C"));
    assert_eq!(
        (info.opset.clone(), info.threading, &*info.ops),
        (1..=1, Threading::Concurrent, &["Binary".into()][..])
    );
    assert_eq!(plugin.abi_version(), ABI_VERSION);
    let devices = plugin.devices().unwrap();
    assert_eq!((devices.len(), devices[0].kind, &*devices[0].name), (1, DeviceKind::Cpu, "processor"));
    assert_eq!(plugin.extension("kernels", 1), None);
}

#[test]
fn it_computes() {
    let mut executable = compile();
    let names: Vec<String> =
        executable.inputs().iter().chain(executable.params()).map(|info| format!("{} {info}", info.name)).collect();
    assert_eq!(names, ["x f32[4]", "w f32[4]", "b f32[4]"]);
    executable.set_param("w", tensor(&bytes(&[1.0, 2.0, -3.0, 0.5]))).unwrap();
    executable.set_param("b", tensor(&bytes(&[0.25, 0.0, 1.0, -8.0]))).unwrap();
    let x = bytes(&[4.0, 3.0, 2.0, 1.0]);
    assert_eq!(executable.run_to_vec(&[&x]).unwrap(), [bytes(&[4.25, 6.0, -5.0, -7.5])]);
    executable.set_param("w", tensor(&bytes(&[0.0; 4]))).unwrap();
    executable.run(&[&x], &mut [None]).unwrap();
    assert_eq!(executable.run_to_vec(&[&x]).unwrap(), [bytes(&[0.25, 0.0, 1.0, -8.0])]);
}

#[test]
fn it_gives_shared_parameters_back_also_when_it_refuses_them() {
    let mut executable = compile();
    let owner = Arc::new(bytes(&[1.0; 4]));
    executable.set_param_shared("w", Arc::clone(&owner), |data| tensor(data)).unwrap();
    assert_eq!(Arc::strong_count(&owner), 1);
    let error = executable.set_param_shared("q", Arc::clone(&owner), |data| tensor(data)).unwrap_err();
    assert_is(&error, ErrorKind::NotFound, "w and b");
    assert_eq!(Arc::strong_count(&owner), 1);
}

#[test]
fn its_errors_arrive_with_their_kind() {
    let backend = backend();
    let plain = CompileOptions::new();
    assert_is(&backend.compile(b"graph", &plain).unwrap_err(), ErrorKind::Unsupported, "scale_add");
    let fast = CompileOptions::new().set("mode", "fast");
    assert_is(&backend.compile(&program(), &fast).unwrap_err(), ErrorKind::InvalidArgument, "no options");
    let other = CompileOptions::new().graph("other");
    assert_is(&backend.compile(&program(), &other).unwrap_err(), ErrorKind::NotFound, "scale_add");
    let wrong = BackendOptions::new().set("threads", 2i64);
    assert_is(&load().create(&wrong).unwrap_err(), ErrorKind::InvalidArgument, "no options");

    let mut executable = compile();
    let x = bytes(&[1.0; 4]);
    assert_is(&executable.run_to_vec(&[&x]).unwrap_err(), ErrorKind::FailedPrecondition, "`w`");
    executable.set_param("w", tensor(&x)).unwrap();
    assert_is(&executable.run_to_vec(&[&x]).unwrap_err(), ErrorKind::FailedPrecondition, "`b`");
    executable.set_param("b", tensor(&x)).unwrap();
    assert_is(&executable.run_to_vec(&[&x[..12]]).unwrap_err(), ErrorKind::InvalidArgument, "f32[4]");
    let long = TensorView { dtype: DType::F32, dims: &[2, 2], data: &x };
    assert_is(&executable.set_param("w", long).unwrap_err(), ErrorKind::InvalidArgument, "f32[4]");
    // It stays usable.
    assert_eq!(executable.run_to_vec(&[&x]).unwrap(), [bytes(&[2.0; 4])]);
}
