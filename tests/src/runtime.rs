//! The plugin as `Device::Mlx` of the unmodified rlx-runtime.

use crate::plugin::backend;
use crate::tensor::Tensor;
use rlx_host_api::runtime::register;
use rlx_host_api::{BackendOptions, CompileOptions, DeviceKind};
use rlx_ir::Graph;
use rlx_runtime::{Device, ExecutableGraph, Session, is_available};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

/// A session on the plugin, which the first call registers.
pub fn mlx() -> Session {
    static REGISTER: Once = Once::new();
    REGISTER.call_once(|| {
        assert!(!is_available(Device::Mlx), "nothing but the plugin may bring the device");
        let options = BackendOptions::new().device(DeviceKind::Cpu);
        register(backend().plugin(), &options, &CompileOptions::new()).expect("the plugin takes the device");
        assert!(is_available(Device::Mlx));
    });
    Session::new(Device::Mlx)
}

/// The executable below `CompiledGraph`, which checks less and has all methods.
pub fn bare(graph: Graph) -> Box<dyn ExecutableGraph> {
    drop(mlx());
    let backend = rlx_runtime::backend_for(Device::Mlx).expect("the plugin is registered");
    backend.compile(graph, &rlx_runtime::CompileOptions::baseline())
}

/// What `call` panics with.
pub fn panic_text<T>(call: impl FnOnce() -> T) -> String {
    let payload = catch_unwind(AssertUnwindSafe(call)).err().expect("a panic");
    match payload.downcast::<String>() {
        Ok(text) => *text,
        Err(payload) => (*payload.downcast::<&str>().expect("a text")).to_owned(),
    }
}

/// f32 values that look random.
pub fn values(dims: &[usize], seed: u64) -> Vec<f32> {
    Tensor::random(dims, seed).values.iter().map(|&v| v as f32).collect()
}

/// Compares all outputs of a run.
#[track_caller]
pub fn assert_close(got: &[Vec<f32>], want: &[Vec<f32>], tolerance: f32) {
    assert_eq!(got.len(), want.len(), "outputs");
    for (got, want) in got.iter().zip(want) {
        assert_eq!(got.len(), want.len(), "elements");
        for (i, (g, w)) in got.iter().zip(want).enumerate() {
            assert!((g - w).abs() <= tolerance * (1.0 + w.abs()), "element {i} is {g}, expected {w}");
        }
    }
}
