//! Kernels stay inside the graph: one trace, one evaluation a run, and no call more than needed.

use crate::sample::{Calls, Fallback, case, kernels};
use crate::{Count, custom};
use rlx_host_api::kernel::Kernel;
use rlx_host_api::{Executable, TensorView};
use rlx_mlx_tests::bytes::{bytes, floats};
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::{compile_on, input_bytes, with_kernels};
use rlx_mlx_tests::tensor::Tensor;

const RUNS: usize = 100;

fn run(executable: &mut Executable, case: &Case) -> Vec<Vec<u8>> {
    let inputs = input_bytes(case, executable);
    executable.run_to_vec(&inputs.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap()
}

#[test]
fn a_graph_with_all_kinds_is_traced_once_and_evaluated_once_a_run() {
    let case = case();
    for fallback in [Fallback::Host, Fallback::Composed] {
        let calls = Calls::default();
        let backend = with_kernels(kernels(fallback, &calls));
        let mut executable = compile_on(&backend, &case, "compiled").unwrap();
        let at_compile = calls.composed.get();
        assert_eq!((at_compile, calls.host.get()), (1, 0), "{fallback:?}: a host kernel waits for values");
        for _ in 0..RUNS {
            run(&mut executable, &case);
        }
        let counters = executable.counters().unwrap();
        let runs = RUNS as u64;
        assert_eq!((counters.runs, counters.traces, counters.evaluations), (runs, 1, runs), "{fallback:?}");
        assert_eq!((calls.composed.get(), calls.host.get()), (1, RUNS), "{fallback:?}");
    }
}

#[test]
fn lazy_mode_builds_the_graph_anew_and_evaluates_once() {
    let case = case();
    let calls = Calls::default();
    let backend = with_kernels(kernels(Fallback::Host, &calls));
    let mut executable = compile_on(&backend, &case, "lazy").unwrap();
    for _ in 0..3 {
        run(&mut executable, &case);
    }
    let counters = executable.counters().unwrap();
    assert_eq!((counters.runs, counters.evaluations), (3, 3));
    assert_eq!((calls.composed.get(), calls.host.get()), (4, 3), "composed once more by compile");
}

/// Adds `by` to each element, on the host.
fn adder(op: &str, by: f32, calls: &Count) -> Kernel {
    let calls = calls.clone();
    Kernel::host_fn(op, move |_, inputs: &[TensorView<'_>], outputs| {
        calls.add();
        for (y, x) in outputs[0].values::<f32>()?.iter_mut().zip(inputs[0].values::<f32>()?) {
            *y = x + by;
        }
        Ok(())
    })
}

#[test]
fn a_chain_of_host_kernels_is_one_evaluation() {
    let (ones, tens) = (Count::default(), Count::default());
    let backend = with_kernels([adder("one", 1.0, &ones), adder("ten", 10.0, &tens)]);
    let mut case = Case::new();
    let x = case.input(&Tensor::f32(&[2], [0.5, -0.5]));
    let mut y = x;
    for i in 0..6 {
        y = custom(&mut case, if i % 2 == 0 { "one" } else { "ten" }, &[y], &[2]);
    }
    let case = case.outputs(&[y]);
    for mode in ["lazy", "compiled"] {
        let mut executable = compile_on(&backend, &case, mode).unwrap();
        let before = (ones.get(), tens.get());
        for _ in 0..RUNS {
            assert_eq!(floats(&run(&mut executable, &case)[0]), [33.5, 32.5]);
        }
        assert_eq!(executable.counters().unwrap().evaluations, RUNS as u64, "{mode}");
        assert_eq!((ones.get() - before.0, tens.get() - before.1), (3 * RUNS, 3 * RUNS), "{mode}");
    }
}

/// Compile folds what depends on no input; a host kernel, which may not be a function of its operands, is run each time.
#[test]
fn a_host_kernel_without_inputs_runs_at_every_run() {
    let calls = Count::default();
    let counter = calls.clone();
    let backend = with_kernels([Kernel::host_fn("tick", move |_, _, outputs| {
        counter.add();
        outputs[0].values::<f32>()?.fill(counter.get() as f32);
        Ok(())
    })]);
    let mut case = Case::new();
    let x = case.input(&Tensor::f32(&[1], [0.0]));
    let tick = custom(&mut case, "tick", &[], &[1]);
    let y = case.add(rlx_ir::Op::Binary(rlx_ir::op::BinaryOp::Add), &[x, tick], &[1], rlx_ir::DType::F32);
    let case = case.outputs(&[y]);
    let mut executable = compile_on(&backend, &case, "compiled").unwrap();
    let values: Vec<f32> = (0..3).flat_map(|_| floats(&executable.run_to_vec(&[&bytes(&[0.0])]).unwrap()[0])).collect();
    assert!(values[0] < values[1] && values[1] < values[2], "{values:?}");
}
