//! A plugin made with the author's macro that does what its arguments say: echo, fail, wait or panic.

use rlx_host_api::author::*;
use rlx_host_api::{DType, Error, TensorInfo, TensorView};
use std::ffi::c_void;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

/// First elements of the input `x` that make a run do something else than copy `x` to `y`.
pub(crate) mod order {
    pub(crate) const PANIC: f32 = 1.0;
    pub(crate) const FAIL: f32 = 2.0;
    /// Meets the test at [`super::GATE`] twice: inside the run, and before it ends.
    pub(crate) const WAIT: f32 = 3.0;
}

pub(crate) static GATE: Barrier = Barrier::new(2);

/// What `extension("probe", 1)` gives: a table with nothing but its size.
pub(crate) static EXTENSION: u64 = size_of::<u64>() as u64;

pub(crate) struct Probe {
    panics_when_dropped: bool,
}

pub(crate) struct ProbeGraph {
    inputs: Vec<TensorInfo>,
    params: Vec<TensorInfo>,
    outputs: Vec<TensorInfo>,
    panics_when_dropped: bool,
    /// Keeps the memory of the parameter that was set last.
    owner: Option<ParamOwner>,
}

fn vector(name: &str) -> TensorInfo {
    TensorInfo { name: name.into(), dtype: DType::F32, dims: vec![2] }
}

/// How often a record of [`log_from_a_thread`] was formatted.
pub(crate) static FORMATTED: AtomicUsize = AtomicUsize::new(0);

/// Counts when it is formatted.
struct Shown;

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "shown {}", FORMATTED.fetch_add(1, Ordering::SeqCst) + 1)
    }
}

/// Logs at two levels, of which the tests' host wants the first.
fn log_from_a_thread() {
    let worker = std::thread::spawn(|| {
        log::warn!(target: "probe::worker", "from a thread: {Shown}");
        log::debug!(target: "probe::worker", "from a thread: {Shown}");
    });
    worker.join().expect("a thread that logs");
}

fn asks_to_panic(options: &[(String, Value)], what: &str) -> bool {
    options.iter().any(|(key, value)| key == "panic" && *value == Value::from(what))
}

impl Plugin for Probe {
    type Backend = Self;

    fn info() -> Result<PluginInfo, Error> {
        Ok(PluginInfo {
            name: "probe".into(),
            version: semver::Version::new(1, 2, 3),
            vendor: "tests".into(),
            engine: "none".into(),
            engine_version: "4".into(),
            format_version: 1,
            opset: 1..=7,
            threading: Threading::Serialized,
            ops: vec!["Input".into(), "MatMul".into()],
        })
    }

    fn devices() -> Result<Vec<DeviceInfo>, Error> {
        Ok(vec![DeviceInfo { attributes: vec![("cores".into(), Value::Int(2))], ..DeviceInfo::cpu("desk") }])
    }

    fn create(request: CreateRequest<'_>) -> Result<Self, Error> {
        assert!(!asks_to_panic(&request.options, "create"), "create as ordered");
        Ok(Self { panics_when_dropped: asks_to_panic(&request.options, "destroy") })
    }

    fn extension(id: &str, version: u32) -> Option<*const c_void> {
        (id == "probe" && version == 1).then_some((&raw const EXTENSION).cast())
    }
}

impl Backend for Probe {
    type Executable = ProbeGraph;

    fn compile(&self, request: CompileRequest<'_>) -> Result<ProbeGraph, Error> {
        assert!(!asks_to_panic(&request.options, "compile"), "compile as ordered");
        if request.program == "unknown op" {
            return Err(Error::unsupported("op `Frob` at node %3").with("op", "Frob"));
        }
        if request.program == "log from a thread" {
            log_from_a_thread();
        }
        log::warn!(target: "probe::compile", "compiling {}", request.graph.unwrap_or("the only graph"));
        Ok(ProbeGraph {
            inputs: vec![vector("x")],
            params: vec![vector("w"), vector("panic")],
            outputs: vec![vector("y"), vector("")],
            panics_when_dropped: asks_to_panic(&request.options, "executable_destroy"),
            owner: None,
        })
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        assert!(!self.panics_when_dropped, "destroy as ordered");
    }
}

impl Drop for ProbeGraph {
    fn drop(&mut self) {
        assert!(!self.panics_when_dropped, "executable_destroy as ordered");
    }
}

impl Executable for ProbeGraph {
    fn inputs(&self) -> &[TensorInfo] {
        &self.inputs
    }

    fn outputs(&self) -> &[TensorInfo] {
        &self.outputs
    }

    fn params(&self) -> &[TensorInfo] {
        &self.params
    }

    fn set_param(&mut self, name: &str, _value: TensorView<'_>, owner: Option<ParamOwner>) -> Result<(), Error> {
        assert!(name != "panic", "set_param as ordered");
        self.owner = owner;
        Ok(())
    }

    fn run(&mut self, inputs: &[&[u8]], outputs: &mut [OutputBuffer<'_>]) -> Result<(), Error> {
        let x = inputs[0];
        match f32::from_le_bytes([x[0], x[1], x[2], x[3]]) {
            order::PANIC => panic!("run as ordered"),
            order::FAIL => return Err(Error::new(rlx_host_api::ErrorKind::ExecutionFailed, "node %4 failed")),
            order::WAIT => {
                GATE.wait();
                GATE.wait();
            }
            _ => {}
        }
        for output in outputs {
            if let Some(bytes) = output.bytes() {
                bytes.copy_from_slice(x);
            }
        }
        Ok(())
    }
}

impl Memory for Probe {
    fn memory_stats(&self) -> Result<MemoryStats, Error> {
        Ok(MemoryStats { active: 1, peak: 2, cache: 3, limit: 4, cache_limit: 5 })
    }

    fn set_memory_limit(&self, _which: MemoryLimit, bytes: u64) -> Result<u64, Error> {
        Ok(bytes)
    }

    fn clear_cache(&self) -> Result<(), Error> {
        Ok(())
    }

    fn reset_peak(&self) -> Result<(), Error> {
        Ok(())
    }
}

impl Profile for ProbeGraph {
    fn counters(&self) -> Counters {
        Counters { runs: 6, ..Counters::default() }
    }
}

/// What a graph has noted.
pub(crate) fn span() -> Span {
    Span {
        node: "node %1".to_owned(),
        kernel: "Linear".to_owned(),
        thread: 2,
        thread_name: "caller".to_owned(),
        start_ns: 5,
        duration_ns: 7,
        operations: 11,
        bytes: 13,
    }
}

impl Timeline for ProbeGraph {
    fn take_spans(&mut self) -> Result<Spans, Error> {
        Ok(Spans { list: vec![span()], lost: 3 })
    }
}

rlx_host_api::export_plugin!(Probe);

/// A plugin that panics before there is a backend; its table is made by hand, because a library exports one plugin.
pub(crate) struct Broken;

static BROKEN: PluginState = PluginState::new();

impl Exported for Broken {
    fn state() -> &'static PluginState {
        &BROKEN
    }
}

impl Plugin for Broken {
    type Backend = Probe;

    fn info() -> Result<PluginInfo, Error> {
        panic!("info as ordered")
    }

    fn devices() -> Result<Vec<DeviceInfo>, Error> {
        panic!("devices as ordered")
    }

    fn create(_request: CreateRequest<'_>) -> Result<Probe, Error> {
        Err(Error::fault("a backend without a device"))
    }

    fn extension(_id: &str, _version: u32) -> Option<*const c_void> {
        panic!("extension as ordered")
    }

    fn shutdown() -> Result<(), Error> {
        panic!("shutdown as ordered")
    }
}
