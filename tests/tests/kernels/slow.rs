//! A kernel that takes 3 s.

use crate::custom;
use rlx_host_api::kernel::Kernel;
use rlx_host_api::{Error, TensorView};
use rlx_ir::op::Activation;
use rlx_ir::{DType, Op};
use rlx_mlx_tests::bytes::{bytes, floats};
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::{MODES, compile_on, with_kernels};
use rlx_mlx_tests::tensor::Tensor;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

const TAKES: Duration = Duration::from_secs(3);

/// Long enough to be sure that what is waited for will never come.
const NEVER: Duration = Duration::from_secs(120);

const RUNS: usize = 100;

/// It is released only when all others have done their runs, and takes 3 s at least.
#[test]
fn other_executables_go_on_while_a_kernel_takes_long() {
    let (begun, begins) = mpsc::channel();
    let (release, released) = mpsc::channel();
    let released = Mutex::new(released);
    let backend = with_kernels([
        Kernel::host_fn("slow", move |_, inputs: &[TensorView<'_>], outputs| {
            let start = Instant::now();
            begun.send(()).map_err(|e| Error::fault(e.to_string()))?;
            let waited = released.lock().unwrap().recv_timeout(NEVER);
            waited.map_err(|_| Error::invalid("no other executable went on"))?;
            thread::sleep(TAKES.saturating_sub(start.elapsed()));
            outputs[0].data.copy_from_slice(inputs[0].data);
            Ok(())
        }),
        Kernel::host_fn("quick", |_, inputs: &[TensorView<'_>], outputs| {
            outputs[0].data.copy_from_slice(inputs[0].data);
            Ok(())
        }),
    ]);
    let case = |op: &str| {
        let mut case = Case::new();
        let x = case.input(&Tensor::f32(&[2], [1.0, 2.0]));
        let y = match op {
            "plain" => case.add(Op::Activation(Activation::Relu), &[x], &[2], DType::F32),
            op => custom(&mut case, op, &[x], &[2]),
        };
        case.outputs(&[y])
    };
    let mut slow = compile_on(&backend, &case("slow"), "compiled").unwrap();
    let x = bytes(&[1.0, 2.0]);
    thread::scope(|scope| {
        let running = scope.spawn(|| slow.run_to_vec(&[&x]).map(|outputs| floats(&outputs[0])));
        begins.recv_timeout(NEVER).expect("the kernel runs");
        let (done, finished) = mpsc::channel();
        // A program without kernels, too.
        let others: Vec<(&str, &str)> =
            ["quick", "plain"].iter().flat_map(|op| MODES.map(|mode| (*op, mode))).collect();
        for (op, mode) in &others {
            let mut quick = compile_on(&backend, &case(op), mode).unwrap();
            let (done, x) = (done.clone(), &x);
            scope.spawn(move || {
                for _ in 0..RUNS {
                    assert_eq!(quick.run_to_vec(&[x]).unwrap()[0], *x);
                }
                done.send(quick.counters().unwrap().runs).unwrap();
            });
        }
        for (op, mode) in &others {
            assert_eq!(finished.recv_timeout(NEVER), Ok(RUNS as u64), "while the slow kernel runs: {op} {mode}");
        }
        release.send(()).unwrap();
        assert_eq!(running.join().unwrap(), Ok(vec![1.0, 2.0]));
    });
    release.send(()).unwrap();
    assert_eq!(slow.run_to_vec(&[&x]), Ok(vec![x]), "again");
}

/// The kernel runs on a stream of MLX's in these modes, and ends only when the statistics have been told.
#[test]
fn statistics_wait_for_no_stream() {
    for mode in ["eager", "lazy"] {
        let (begun, begins) = mpsc::channel();
        let (release, released) = mpsc::channel();
        let released = Mutex::new(released);
        let backend = with_kernels([Kernel::host_fn("slow", move |_, inputs: &[TensorView<'_>], outputs| {
            begun.send(()).map_err(|e| Error::fault(e.to_string()))?;
            released.lock().unwrap().recv_timeout(NEVER).map_err(|_| Error::invalid("nobody told the statistics"))?;
            outputs[0].data.copy_from_slice(inputs[0].data);
            Ok(())
        })]);
        let mut case = Case::new();
        let x = case.input(&Tensor::f32(&[2], [1.0, 2.0]));
        let y = custom(&mut case, "slow", &[x], &[2]);
        let mut slow = compile_on(&backend, &case.outputs(&[y]), mode).unwrap();
        let x = bytes(&[1.0, 2.0]);
        thread::scope(|scope| {
            let running = scope.spawn(|| slow.run_to_vec(&[&x]));
            begins.recv_timeout(NEVER).expect("the kernel runs");
            backend.memory_stats().unwrap();
            release.send(()).unwrap();
            assert_eq!(running.join().unwrap(), Ok(vec![x.clone()]), "{mode}: the kernel ended after the statistics");
        });
    }
}
