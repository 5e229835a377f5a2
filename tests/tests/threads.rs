//! Executables on many threads: results are those of one thread.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

use rlx_host_api::Executable;
use rlx_mlx_tests::bytes::{bytes, floats, view};
use rlx_mlx_tests::plugin::{MODES, compile_text};
use std::sync::{Barrier, Mutex};
use std::thread;

const THREADS: usize = 8;
const RUNS: usize = 2_000;

/// A small network with a parameter, and with constants that are folded at compile.
const NETWORK: &str = "rlxmodel 1
opset 1
graph @network {
  %x = input : f32[2, 3]
  %w = param : f32[3, 3]
  %h = MatMul %x, %w : f32[2, 3]
  %a = Activation(Tanh) %h : f32[2, 3]
  %turned = Transpose{perm: [1, 0]} %a : f32[3, 2]
  %sum = Reduce{op: Sum, axes: [0], keep_dim: false} %a : f32[3]
  return %turned, %sum
}
";

fn network(seed: usize) -> Executable {
    let mut executable = compile_text(NETWORK, "compiled").unwrap();
    let weights: Vec<f32> = (0..9).map(|i| ((seed * 9 + i) as f32 * 0.37).sin()).collect();
    executable.set_param("w", view(&[3, 3], &bytes(&weights))).unwrap();
    executable
}

fn input(run: usize) -> Vec<u8> {
    bytes(&std::array::from_fn::<f32, 6, _>(|i| ((run * 6 + i) as f32 * 0.11).cos()))
}

fn run(executable: &mut Executable, run: usize) -> Vec<Vec<u8>> {
    executable.run_to_vec(&[&input(run)]).unwrap()
}

/// What one thread gets from the network of `seed`, run after run.
fn serial(seed: usize) -> Vec<Vec<Vec<u8>>> {
    let mut executable = network(seed);
    (0..RUNS).map(|i| run(&mut executable, i)).collect()
}

/// Runs `body` on every thread at once, with the thread's number.
fn at_once(body: impl Fn(usize) + Sync) {
    let barrier = Barrier::new(THREADS);
    thread::scope(|scope| {
        for number in 0..THREADS {
            let (body, barrier) = (&body, &barrier);
            scope.spawn(move || {
                barrier.wait();
                body(number);
            });
        }
    });
}

#[test]
fn eight_threads_with_eight_executables() {
    let expected: Vec<_> = (0..THREADS).map(serial).collect();
    at_once(|number| {
        let mut executable = network(number);
        for (i, expected) in expected[number].iter().enumerate() {
            assert_eq!(run(&mut executable, i), *expected, "thread {number}, run {i}");
        }
    });
}

#[test]
fn eight_threads_that_share_two_executables() {
    let expected: Vec<_> = serial(0).into_iter().zip(serial(1)).map(|(zero, one)| [zero, one]).collect();
    let shared = [Mutex::new(network(0)), Mutex::new(network(1))];
    at_once(|number| {
        for (i, expected) in expected.iter().enumerate() {
            let which = (number + i) % 2;
            let found = run(&mut shared[which].lock().unwrap(), i);
            assert_eq!(found, expected[which], "thread {number}, run {i}");
        }
    });
}

/// One trace and one set of parameters behind all of them.
#[test]
fn eight_threads_with_duplicates_of_one_executable() {
    let expected = serial(0);
    let original = network(0);
    let copies: Vec<Mutex<Executable>> = (0..THREADS).map(|_| Mutex::new(original.duplicate().unwrap())).collect();
    at_once(|number| {
        let mut copy = copies[number].lock().unwrap();
        for (i, expected) in expected.iter().enumerate() {
            assert_eq!(run(&mut copy, i), *expected, "thread {number}, run {i}");
        }
        assert_eq!(copy.counters().unwrap().traces, 0);
    });
}

#[test]
fn eight_threads_that_compile_run_share_and_drop() {
    let source = Mutex::new(network(0));
    let expected = run(&mut network(0), 7);
    at_once(|number| {
        for round in 0..25 {
            let mut executable = compile_text(NETWORK, "compiled").unwrap();
            executable.share_params(&source.lock().unwrap()).unwrap();
            assert_eq!(run(&mut executable, 7), expected, "thread {number}, round {round}");
            executable.write_param("w", 0, &bytes(&[0.0; 9])).unwrap();
            assert_eq!(floats(&run(&mut executable, 7)[1]), [0.0; 3], "thread {number}, round {round}");
        }
    });
}

/// Runs that are under way when the executable goes to the next thread.
#[test]
fn submitted_runs_move_between_threads() {
    let mut executable = network(3);
    let expected = serial(3);
    for (i, expected) in expected.iter().enumerate().take(200) {
        executable.submit(&[&input(i)]).unwrap();
        executable = thread::spawn(move || {
            executable.wait().unwrap();
            executable
        })
        .join()
        .unwrap();
        let mut sum = vec![0; 12];
        executable.read_output(1, 0, &mut sum).unwrap();
        assert_eq!(sum, expected[1], "run {i}");
    }
}

/// MLX's product of a matrix without rows writes a copy of the other one to memory that it has given back.
#[test]
fn products_without_rows_write_to_nobodys_memory() {
    const EMPTY: &str = "rlxmodel 1
opset 1
graph @empty {
  %x = input : f32[0, 64]
  %wide = input : f32[64, 192]
  %w = Narrow{axis: 1, start: 32, len: 128} %wide : f32[64, 128]
  %y = MatMul %x, %w : f32[0, 128]
  return %y
}
";
    const SUMS: &str = "rlxmodel 1
opset 1
graph @sums {
  %x = input : f32[64, 128]
  %two = Binary(Add) %x, %x : f32[64, 128]
  %three = Binary(Add) %two, %x : f32[64, 128]
  %y = Binary(Add) %three, %two : f32[64, 128]
  return %y
}
";
    let (ones, minus) = (bytes(&[1.0; 64 * 128]), bytes(&[-1.0; 64 * 192]));
    for mode in MODES {
        at_once(|number| {
            if number % 2 == 0 {
                let mut empty = compile_text(EMPTY, mode).unwrap();
                for _ in 0..RUNS {
                    assert_eq!(empty.run_to_vec(&[&[], &minus]).unwrap(), [Vec::<u8>::new()]);
                }
            } else {
                let mut sums = compile_text(SUMS, mode).unwrap();
                for i in 0..RUNS {
                    let found = floats(&sums.run_to_vec(&[&ones]).unwrap()[0]);
                    assert!(found.iter().all(|&y| y == 5.0), "{mode}, thread {number}, run {i}");
                }
            }
        });
    }
}

/// Two transposed operands, for which OpenBLAS has a kernel that keeps the width of the result in static memory.
#[test]
fn eight_threads_that_multiply_transposed_matrices() {
    const COUNT: usize = 5000;
    let numbers = |count: usize| (0..count).map(|i| (i % 9) as f32 - 4.0).collect::<Vec<_>>();
    at_once(|number| {
        let n = 2 + number % 2 * 3;
        let text = format!(
            "rlxmodel 1
opset 1
graph @products {{
  %a = input : f32[{COUNT}, 7, 3]
  %b = input : f32[{COUNT}, {n}, 7]
  %x = Transpose{{perm: [0, 2, 1]}} %a : f32[{COUNT}, 3, 7]
  %y = Transpose{{perm: [0, 2, 1]}} %b : f32[{COUNT}, 7, {n}]
  %z = MatMul %x, %y : f32[{COUNT}, 3, {n}]
  return %z
}}
"
        );
        let (a, b) = (numbers(COUNT * 7 * 3), numbers(COUNT * n * 7));
        // Small integers: every sum is exact.
        let sum = |i: usize| -> f32 {
            let (of, row, column) = (i / n / 3, i / n % 3, i % n);
            (0..7).map(|k| a[(of * 7 + k) * 3 + row] * b[(of * n + column) * 7 + k]).sum()
        };
        let expected: Vec<f32> = (0..COUNT * 3 * n).map(sum).collect();
        let (a, b) = (bytes(&a), bytes(&b));
        let mut products = compile_text(&text, "compiled").unwrap();
        for i in 0..100 {
            assert!(floats(&products.run_to_vec(&[&a, &b]).unwrap()[0]) == expected, "thread {number}, run {i}");
        }
    });
}
