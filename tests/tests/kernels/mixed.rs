//! One graph with a kernel of each kind between ordinary ops, against rlx-cpu with the same ops registered there.

use crate::sample::{AFFINE, Calls, Fallback, SQUARE_LESS, SUMS, case, kernels};
use rlx_host_api::kernel::KernelKind;
use rlx_host_api::{BackendOptions, CompileOptions, DeviceKind, ErrorKind, runtime};
use rlx_mlx_tests::compare::assert_within;
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::oracle;
use rlx_mlx_tests::plugin::{MODES, backend, run_on, with_kernels};
use rlx_mlx_tests::runtime::panic_text;
use rlx_mlx_tests::tensor::Tensor;
use rlx_runtime::{Device, Session};

#[track_caller]
fn assert_like_cpu(what: &str, case: &Case, got: &[Tensor]) {
    let want = oracle::run(case);
    assert_eq!(got.len(), want.len(), "{what}");
    for (got, want) in got.iter().zip(&want) {
        assert_within(what, got, want, |_, w| 1e-5 * (1.0 + w.abs()));
    }
}

#[test]
fn all_kinds_in_one_graph_are_like_rlx_cpu_in_every_mode() {
    let case = case();
    for fallback in [Fallback::Host, Fallback::Composed] {
        let backend = with_kernels(kernels(fallback, &Calls::default()));
        assert_like_cpu(&format!("{fallback:?}"), &case, &run_on(&backend, &case));
    }
}

/// The only test of this program that uses `Device::Mlx`, which is one for the process.
#[test]
fn so_are_they_through_the_unmodified_rlx_runtime() {
    let failed = runtime::register_kernel(kernels(Fallback::Host, &Calls::default()).remove(0));
    crate::assert_says("no device yet", failed, ErrorKind::FailedPrecondition, &["register_mlx"]);

    let case = case();
    let inputs: Vec<Vec<f32>> = case.inputs.iter().map(|t| t.values.iter().map(|&v| v as f32).collect()).collect();
    for (mode, fallback) in MODES.into_iter().zip([Fallback::Host, Fallback::Composed, Fallback::Host]) {
        let options = BackendOptions::new().device(DeviceKind::Cpu);
        runtime::register(backend().plugin(), &options, &CompileOptions::new().set("mode", mode)).unwrap();
        let missing = panic_text(|| Session::new(Device::Mlx).compile(case.graph.clone()));
        for op in [AFFINE, SUMS, SQUARE_LESS] {
            assert!(missing.contains(op), "{mode}: a new instance has no kernel for `{op}`: {missing}");
        }

        for kernel in kernels(fallback, &Calls::default()) {
            assert!(!runtime::register_kernel(kernel).unwrap());
        }
        let [affine, square_less, sums] = [KernelKind::Composed, KernelKind::Source, KernelKind::Host];
        let listed = [(AFFINE, affine), (SQUARE_LESS, square_less), (SUMS, sums)].map(|(op, k)| (op.to_owned(), k));
        assert_eq!(runtime::kernels().unwrap(), listed);

        let mut compiled = Session::new(Device::Mlx).compile(case.graph.clone());
        for _ in 0..2 {
            let outputs = compiled.run(&[("x0", &inputs[0]), ("x1", &inputs[1])]);
            let dims = [[4, 3], [3, 4]];
            let outputs = outputs
                .into_iter()
                .zip(dims)
                .map(|(values, dims)| Tensor::f32(&dims, values.into_iter().map(f64::from).collect::<Vec<_>>()));
            assert_like_cpu(mode, &case, &outputs.collect::<Vec<_>>());
        }
        assert_eq!((runtime::unregister_kernel(SUMS), runtime::unregister_kernel(SUMS)), (Ok(true), Ok(false)));
    }
}
