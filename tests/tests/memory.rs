//! Memory of the engine: figures, limits, and that it stays flat. The figures are the process's, so these tests take turns
//! and have a program to themselves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failure here is a failed test")]

use rlx_host_api::{CompileOptions, ErrorKind, Executable, MemoryLimit, MemoryStats, Segment, Source};
use rlx_ir::{DType, Graph, GraphExt, Op, Shape, rlxmodel};
use rlx_mlx_tests::bytes::{bytes, floats, view};
use rlx_mlx_tests::plugin::{MODES, backend, compile_text};
use std::sync::{Mutex, MutexGuard, PoisonError};

fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn stats() -> MemoryStats {
    backend().memory_stats().unwrap()
}

/// Holds a limit on memory in use until it is dropped.
struct Limited(u64);

impl Limited {
    fn to(bytes: u64) -> Self {
        Self(backend().set_memory_limit(MemoryLimit::Active, bytes).unwrap())
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        backend().set_memory_limit(MemoryLimit::Active, self.0).unwrap();
    }
}

/// `y = x · f16(w)`, of 2^20 elements.
const HALVES: &str = "rlxmodel 1
opset 1
graph @halves {
  %x = input : f16[1]
  %w = param : f32[1048576]
  %half = Cast{to: F16} %w : f16[1048576]
  %y = Binary(Mul) %x, %half : f16[1048576]
  %sum = Reduce{op: Max, axes: [0], keep_dim: false} %y : f16[]
  return %sum
}
";

/// What is made of a parameter counts as memory in use, and the parameter no more once nothing reads it.
#[test]
fn a_parameter_in_another_form_takes_its_memory_once() {
    let _turn = turn();
    const BYTES: u64 = 1 << 22;
    for mode in MODES {
        for keep in [false, true] {
            let options = CompileOptions::new().set("mode", mode).set("keep_params", keep);
            let mut executable = backend().compile(HALVES.as_bytes(), &options).unwrap();
            backend().clear_memory_cache().unwrap();
            let before = stats().active;
            executable.set_param("w", view(&[1 << 20], &bytes(&vec![0.5; 1 << 20]))).unwrap();
            assert!(stats().active >= before + BYTES, "{mode}");
            for _ in 0..2 {
                let outputs = executable.run_to_vec(&[&0x4000u16.to_le_bytes()]).unwrap();
                assert_eq!(outputs[0], 0x3c00u16.to_le_bytes(), "{mode}: 2 times 0.5");
            }
            let held = stats().active - before;
            let wanted = if keep || mode != "compiled" { BYTES + BYTES / 2 } else { BYTES / 2 };
            assert!((wanted..wanted + BYTES / 4).contains(&held), "{mode}, {keep}: {held} bytes");
        }
    }
}

/// Where there is no memory for it, the run fails and says so, and the next has it.
#[test]
fn what_cannot_be_prepared_is_prepared_later() {
    let _turn = turn();
    for mode in MODES {
        let options = CompileOptions::new().set("mode", mode);
        let mut executable = backend().compile(HALVES.as_bytes(), &options).unwrap();
        executable.set_param("w", view(&[1 << 20], &bytes(&vec![0.5; 1 << 20]))).unwrap();
        let x = 0x4000u16.to_le_bytes();
        {
            let _limited = Limited::to(1 << 20);
            let error = executable.run_to_vec(&[&x]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{mode}: {error}");
            let error = executable.submit(&[&x]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{mode}: {error}");
        }
        assert_eq!(executable.run_to_vec(&[&x]).unwrap()[0], 0x3c00u16.to_le_bytes(), "{mode}");
    }
}

const ROWS: usize = 1 << 7;
const COLUMNS: usize = 1 << 8;

/// Bytes of the cache below.
const CACHE: u64 = (ROWS * COLUMNS * 4) as u64;

/// A cache, of which `sum` is all that is read, and a row that goes into it.
fn program() -> String {
    format!(
        "rlxmodel 1
opset 1
graph @cache {{
  %cache = input : f32[{ROWS}, {COLUMNS}]
  %x = input : f32[1, {COLUMNS}]
  %sum = Reduce{{op: Sum, axes: [0, 1], keep_dim: false}} %cache : f32[]
  %row = Binary(Add) %x, %x : f32[1, {COLUMNS}]
  return %sum, %row
}}
"
    )
}

fn cached(mode: &str) -> Executable {
    let mut executable = compile_text(&program(), mode).unwrap();
    let zeros = vec![0; CACHE as usize];
    executable.bind_resident(0, Some(view(&[ROWS as i64, COLUMNS as i64], &zeros))).unwrap();
    executable
}

/// Puts a row of `value` into the cache, and gives the sum before.
fn step(executable: &mut Executable, row: usize, value: f32) -> f32 {
    let mut sum = [0; 4];
    let x = bytes(&[value / 2.0; COLUMNS]);
    executable.run(&[&[], &x], &mut [Some(&mut sum), None]).unwrap();
    let piece = Segment { source: 0, target: (row * COLUMNS) as u64, len: COLUMNS as u64 };
    executable.copy_resident(0, None, Source::Output(1), &[piece]).unwrap();
    floats(&sum)[0]
}

#[test]
fn what_is_bound_counts_and_comes_back() {
    let _turn = turn();
    let before = stats().active;
    let executable = cached("compiled");
    let bound = stats().active;
    assert!(bound >= before + CACHE, "{bound} after {before}");
    drop(executable);
    assert!(stats().active < before + CACHE, "{} after {before}", stats().active);
    backend().clear_memory_cache().unwrap();
    assert_eq!(stats().cache, 0);
}

/// Neither a run nor a row copies the cache, not even for a moment.
#[test]
fn rows_are_written_into_the_cache_in_place() {
    let _turn = turn();
    for mode in MODES {
        let mut executable = cached(mode);
        step(&mut executable, 0, 1.0);
        backend().reset_memory_peak().unwrap();
        let before = stats().active;
        for row in 1..ROWS {
            assert_eq!(step(&mut executable, row, 1.0), (row * COLUMNS) as f32, "{mode}");
        }
        let peak = stats().peak;
        assert!(peak < before + CACHE / 2, "{mode}: a peak of {peak} bytes after {before}");
        assert_eq!(executable.counters().unwrap().bytes_on_device, (ROWS * COLUMNS * 4) as u64, "{mode}");
    }
}

#[test]
fn limits_are_set_and_told() {
    let _turn = turn();
    let before = stats();
    for which in [MemoryLimit::Active, MemoryLimit::Cache] {
        let limit = |stats: MemoryStats| match which {
            MemoryLimit::Active => stats.limit,
            MemoryLimit::Cache => stats.cache_limit,
        };
        let wanted = 123 << 20;
        let previous = backend().set_memory_limit(which, wanted).unwrap();
        assert_eq!(previous, limit(before), "{which:?}");
        assert_eq!(limit(stats()), wanted, "{which:?}");
        assert_eq!(backend().set_memory_limit(which, previous).unwrap(), wanted, "{which:?}");
    }
    assert_eq!((stats().limit, stats().cache_limit), (before.limit, before.cache_limit));
}

/// `y = a + b`, a table of sums that is much larger than its operands.
fn table(n: usize) -> String {
    format!(
        "rlxmodel 1
opset 1
graph @table {{
  %a = input : f32[{n}, 1]
  %b = input : f32[1, {n}]
  %y = Binary(Add) %a, %b : f32[{n}, {n}]
  %sum = Reduce{{op: Sum, axes: [0, 1], keep_dim: false}} %y : f32[]
  return %sum
}}
"
    )
}

#[test]
fn a_value_beyond_the_limit_is_out_of_memory_and_the_executable_goes_on() {
    let _turn = turn();
    for mode in MODES {
        let mut executable = compile_text(&table(512), mode).unwrap();
        let ones = bytes(&[1.0; 512]);
        let limited = Limited::to(1 << 18);
        let error = executable.run_to_vec(&[&ones, &ones]).unwrap_err();
        let of_submit = executable.submit(&[&ones, &ones]).unwrap_err();
        drop(limited);
        assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{mode}: {error}");
        assert_eq!(
            error.message(),
            "graph `table` computes a value of 1048576 bytes, more than the memory limit of 262144: raise the limit, \
             or make the graph smaller"
        );
        assert_eq!(of_submit, error);
        let outputs = executable.run_to_vec(&[&ones, &ones]).unwrap();
        assert_eq!(floats(&outputs[0]), [2.0 * 512.0 * 512.0], "{mode}");
    }
}

/// 4 TiB: MLX would be given no memory for it, and would write to address 0.
#[test]
fn an_absurdly_large_value_is_out_of_memory() {
    let _turn = turn();
    let n = 1 << 20;
    let ones = bytes(&vec![1.0; n]);
    for mode in MODES {
        let mut executable = compile_text(&table(n), mode).unwrap();
        let error = executable.run_to_vec(&[&ones, &ones]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{mode}: {error}");
    }
}

#[test]
fn an_input_beyond_the_limit_is_out_of_memory() {
    let _turn = turn();
    let mut executable = cached("compiled");
    let zeros = vec![0; CACHE as usize];
    let limited = Limited::to(CACHE - 1);
    let error = executable.bind_resident(0, Some(view(&[ROWS as i64, COLUMNS as i64], &zeros))).unwrap_err();
    drop(limited);
    assert_eq!(error.kind(), ErrorKind::OutOfMemory, "{error}");
    assert_eq!(step(&mut executable, 0, 1.0), 0.0, "what was bound before is still bound");
}

/// What depends on no input is computed at compile and kept, but not when that takes much more than its operands.
#[test]
fn constants_that_grow_large_are_not_kept() {
    let _turn = turn();
    let n = 1 << 10;
    let mut graph = Graph::new("constants");
    let mut constant = |dims: &[usize]| {
        graph.add_node(Op::Constant { data: bytes(&vec![1.0; n]) }, vec![], Shape::new(dims, DType::F32))
    };
    let (a, b) = (constant(&[n, 1]), constant(&[1, n]));
    let table = graph.add(a, b);
    let sum = graph.sum(table, vec![0, 1], false);
    let x = graph.input("x", Shape::new(&[], DType::F32));
    let y = graph.add(x, sum);
    graph.set_outputs(vec![y]);
    let text = rlxmodel::to_text(&graph).unwrap();
    for mode in MODES {
        let before = stats().active;
        let mut executable = compile_text(&text, mode).unwrap();
        let kept = stats().active - before;
        assert!(kept < 1 << 20, "{mode}: {kept} bytes of constants, of which the table would be 4 MiB");
        let outputs = executable.run_to_vec(&[&0.5f32.to_le_bytes()]).unwrap();
        assert_eq!(floats(&outputs[0]), [0.5 + 2.0 * (n * n) as f32], "{mode}");
    }
}

/// Pages of memory that the process has in use.
#[cfg(target_os = "linux")]
fn resident_pages() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn memory_is_flat_over_20_000_runs_with_changing_resident_inputs() {
    const RUNS: usize = 20_000;
    let _turn = turn();
    let mut executable = cached("compiled");
    let small = "rlxmodel 1
opset 1
graph @small {
  %a = input : f32[64]
  %x = input : f32[64]
  %next = Binary(Add) %a, %x : f32[64]
  return %next
}
";
    let mut other = compile_text(small, "compiled").unwrap();
    let values = [bytes(&[1.0; 64]), bytes(&[2.0; 64])];
    let mut settled = (0, 0);
    for run in 0..RUNS {
        if run == RUNS / 10 {
            settled = (stats().active, resident_pages());
        }
        // Rows into one cache; a second executable whose input is bound, fed, saved, restored and unbound in turn.
        step(&mut executable, run % ROWS, 1.0);
        match run % 5 {
            0 => other.bind_resident(0, Some(view(&[64], &values[run % 2]))).unwrap(),
            1 => other.feed(0, Some(0)).unwrap(),
            2 => other.save_resident(&[0]).unwrap(),
            3 => other.restore_resident().unwrap(),
            _ => other = other.duplicate().unwrap(),
        }
        if run % 2 == 0 {
            other.run(&[&[], &values[0]], &mut [None]).unwrap();
        } else {
            other.submit(&[&[], &values[1]]).unwrap();
        }
    }
    other.wait().unwrap();
    let (active, pages) = (stats().active, resident_pages());
    assert!(active <= settled.0 + 4096, "{active} bytes in use after {}", settled.0);
    // The allocators keep some slack of their own: 1 MiB.
    assert!(pages <= settled.1 + 256, "{pages} pages in use after {}", settled.1);
}
