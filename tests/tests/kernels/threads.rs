//! Registration while others compile and run.

use crate::{Count, assert_says, custom};
use rlx_host_api::kernel::Kernel;
use rlx_host_api::{Backend, ErrorKind, TensorView};
use rlx_mlx_tests::bytes::{bytes, floats};
use rlx_mlx_tests::graph::Case;
use rlx_mlx_tests::plugin::{MODES, compile_on, with_kernels};
use rlx_mlx_tests::tensor::Tensor;
use std::sync::Barrier;
use std::thread;

const THREADS: usize = 8;
const ROUNDS: usize = 60;
const RUNS: usize = 10;

struct Dropped(Count);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.add();
    }
}

/// `x + version`, host and composed by turns.
fn version(op: &str, version: usize, dropped: &Count) -> Kernel {
    let held = Dropped(dropped.clone());
    let by = version as f32;
    if version.is_multiple_of(2) {
        return Kernel::composed_fn(op, move |_, ops, x| {
            let _ = &held;
            ops.add(x[0], &ops.arange(by.into(), f64::from(by) + 1.0, 1.0, rlx_host_api::DType::F32)?)
        });
    }
    Kernel::host_fn(op, move |_, inputs: &[TensorView<'_>], outputs| {
        let _ = &held;
        let x = inputs[0].values::<f32>()?;
        outputs[0].values::<f32>()?.iter_mut().zip(x).for_each(|(y, x)| *y = x + by);
        Ok(())
    })
}

/// `(own(x), shared(x), fixed(x))`.
fn case(own: &str) -> Case {
    let mut case = Case::new();
    let x = case.input(&Tensor::f32(&[2], [0.0; 2]));
    let outputs = [own, "shared", "fixed"].map(|op| custom(&mut case, op, &[x], &[2]));
    case.outputs(&outputs)
}

/// Replaces the shared kernel, and registers and removes one of its own; gives how many kernels it made.
fn register(backend: &Backend, thread: usize, dropped: &Count) -> usize {
    let own = format!("own.{thread}");
    for round in 0..ROUNDS {
        let number = thread * ROUNDS + round;
        assert!(backend.register_kernel(version("shared", number, dropped)).unwrap(), "there always is one");
        assert!(!backend.register_kernel(version(&own, number, dropped)).unwrap());
        assert!(backend.kernel(&own).unwrap().is_some() && backend.kernels().unwrap().len() >= 3);
        assert!(backend.unregister_kernel(&own).unwrap());
    }
    2 * ROUNDS
}

/// Compiles and runs; gives how many programs compiled.
fn compile_and_run(backend: &Backend, thread: usize) -> usize {
    let own = format!("own.{thread}");
    let mut compiled = 0;
    for round in 0..ROUNDS {
        // By turns one that always compiles.
        let (op, mode) = (if round % 2 == 0 { &own } else { "shared" }, MODES[round % 3]);
        let mut executable = match compile_on(backend, &case(op), mode) {
            Ok(executable) => executable,
            Err(error) => {
                assert_eq!(op, own, "{error}");
                assert_says::<()>(mode, Err(error), ErrorKind::Unsupported, &[&format!("custom op `{own}`:")]);
                continue;
            }
        };
        compiled += 1;
        let mut versions = None;
        for run in 0..RUNS {
            let x = [run as f32, -(run as f32)];
            let outputs = executable.run_to_vec(&[&bytes(&x)]).unwrap();
            let by = [0, 1, 2].map(|i| {
                let y = floats(&outputs[i]);
                assert_eq!(y[0] - x[0], y[1] - x[1], "{op} {mode}");
                (y[0] - x[0]) as usize
            });
            assert!(by[0] < THREADS * ROUNDS && by[1] < THREADS * ROUNDS, "{by:?}");
            assert_eq!(by[2], 1000, "the kernel that nobody replaces");
            if op == own {
                assert_eq!(by[0] / ROUNDS, thread, "a version of another thread's op");
            }
            assert_eq!(*versions.get_or_insert(by), by, "{op} {mode}: an executable keeps its kernels");
        }
    }
    compiled
}

#[test]
fn kernels_come_and_go_while_programs_compile_and_run() {
    let dropped = Count::default();
    let backend = with_kernels([version("shared", 0, &dropped), version("fixed", 1000, &dropped)]);
    let barrier = Barrier::new(2 * THREADS);
    let (made, compiled) = thread::scope(|scope| {
        let (backend, barrier, dropped) = (&backend, &barrier, &dropped);
        let registering: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn(move || {
                    barrier.wait();
                    register(backend, thread, dropped)
                })
            })
            .collect();
        let running: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn(move || {
                    barrier.wait();
                    compile_and_run(backend, thread)
                })
            })
            .collect();
        let sum = |threads: Vec<thread::ScopedJoinHandle<'_, usize>>| -> usize {
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        };
        (sum(registering), sum(running))
    });
    assert!(compiled >= THREADS * ROUNDS / 2, "{compiled}");
    assert_eq!(dropped.get(), made, "all but the last shared one and the fixed one");
    drop(backend);
    assert_eq!(dropped.get(), made + 2);
}
