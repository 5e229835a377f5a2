//! The staged plugin, loaded as a host loads it, and runs of a graph in each of its modes.

use crate::graph::Case;
use crate::tensor::Tensor;
use rlx_host_api::discovery::{Registry, SearchPath};
use rlx_host_api::kernel::Kernel;
use rlx_host_api::{Backend, BackendOptions, CompileOptions, DeviceKind, Error, Executable};
use rlx_ir::rlxmodel;
use std::sync::LazyLock;

/// The plugin's execution modes.
pub const MODES: [&str; 3] = ["eager", "lazy", "compiled"];

/// The folder of plugin folders that `cargo xtask test` staged.
pub fn folder() -> std::path::PathBuf {
    match std::env::var_os("RLX_TEST_PLUGIN_DIR") {
        Some(folder) => folder.into(),
        None => panic!("RLX_TEST_PLUGIN_DIR is not set: run `cargo xtask test`, which builds and stages the plugin"),
    }
}

/// The plugins in that folder and no other.
pub fn registry() -> Registry {
    Registry::new(SearchPath::new([folder()]))
}

/// The plugin's backend, one a process: on the processor, unless `RLX_TEST_DEVICE` is `gpu`, as for ranks over NCCL.
pub fn backend() -> &'static Backend {
    static BACKEND: LazyLock<Backend> = LazyLock::new(|| {
        let plugin = registry().find("mlx").expect("the staged plugin loads");
        let is_gpu = std::env::var_os("RLX_TEST_DEVICE").is_some_and(|device| device == "gpu");
        let device = if is_gpu { DeviceKind::Gpu } else { DeviceKind::Cpu };
        plugin.create(&BackendOptions::new().device(device)).expect("a backend on the device")
    });
    &BACKEND
}

/// A backend on the processor with kernels of its own.
pub fn with_kernels(kernels: impl IntoIterator<Item = Kernel>) -> Backend {
    let options = BackendOptions::new().device(DeviceKind::Cpu);
    let own = backend().plugin().create(&options).expect("a second instance");
    for kernel in kernels {
        assert!(!own.register_kernel(kernel).expect("a complete kernel"), "registered twice");
    }
    own
}

/// Compiles `.rlxmodel` text.
pub fn compile_text(text: &str, mode: &str) -> Result<Executable, Error> {
    backend().compile(text.as_bytes(), &CompileOptions::new().set("mode", mode))
}

/// Compiles the graph of a case.
pub fn compile(case: &Case, mode: &str) -> Result<Executable, Error> {
    compile_on(backend(), case, mode)
}

/// Compiles the graph of a case on an instance.
pub fn compile_on(backend: &Backend, case: &Case, mode: &str) -> Result<Executable, Error> {
    compile_with(backend, case, &CompileOptions::new().set("mode", mode))
}

/// The same with options.
pub fn compile_with(backend: &Backend, case: &Case, options: &CompileOptions) -> Result<Executable, Error> {
    let text = rlxmodel::to_text(&case.graph).expect("a graph that RLX can write");
    backend.compile(text.as_bytes(), options)
}

/// The bytes of the inputs, in the order that the executable asks for.
pub fn input_bytes(case: &Case, executable: &Executable) -> Vec<Vec<u8>> {
    let find = |name: &str| -> usize { name.strip_prefix('x').and_then(|n| n.parse().ok()).expect("an input `xN`") };
    executable.inputs().iter().map(|info| case.inputs[find(&info.name)].bytes()).collect()
}

/// The raw outputs of one run in `mode`.
pub fn run_bytes(case: &Case, mode: &str) -> Result<Vec<Vec<u8>>, Error> {
    run_bytes_on(backend(), case, mode)
}

fn run_bytes_on(backend: &Backend, case: &Case, mode: &str) -> Result<Vec<Vec<u8>>, Error> {
    let mut executable = compile_on(backend, case, mode)?;
    let inputs = input_bytes(case, &executable);
    executable.run_to_vec(&inputs.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// Runs in every mode, which must agree bit for bit, and returns the outputs.
pub fn run(case: &Case) -> Vec<Tensor> {
    run_on(backend(), case)
}

/// The same on an instance.
pub fn run_on(backend: &Backend, case: &Case) -> Vec<Tensor> {
    let runs = MODES.map(|mode| match run_bytes_on(backend, case, mode) {
        Ok(outputs) => outputs,
        Err(e) => panic!("{mode}: {e}\n{}", case.graph),
    });
    for (mode, outputs) in MODES.iter().zip(&runs).skip(1) {
        assert_eq!(outputs, &runs[0], "{mode} differs from {}\n{}", MODES[0], case.graph);
    }
    let shapes = case.graph.outputs.iter().map(|&id| case.graph.shape(id));
    shapes
        .zip(&runs[0])
        .map(|(shape, data)| {
            let dims: Vec<usize> = shape.dims().iter().map(|d| d.unwrap_static()).collect();
            Tensor::from_bytes(shape.dtype(), &dims, data)
        })
        .collect()
}

/// Runs in every mode and returns the only output.
pub fn run_one(case: &Case) -> Tensor {
    let mut outputs = run(case);
    assert_eq!(outputs.len(), 1, "outputs");
    outputs.remove(0)
}

/// The error of a case that every mode refuses: in compiled mode when it compiles, else at the latest when it runs.
pub fn refusal(case: &Case) -> Error {
    let [.., compiled] = MODES.map(|mode| match run_bytes(case, mode) {
        Ok(_) => panic!("{mode} accepted\n{}", case.graph),
        Err(e) => {
            assert!(!e.message().contains('\n'), "{mode}: not one line: {e}");
            e
        }
    });
    compile(case, "compiled").expect_err("compiled mode lowers when it compiles");
    compiled
}
